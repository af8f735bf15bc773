"""``python -m tools.upright_net.train``: renders, trains, tests on fonts it has not seen, writes the ONNX file.

Goes on from ``var/upright_net/state.pt`` if that exists. Needs the extra ``train``.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import time
import tomllib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from tools.upright_net.model import UprightNet
from tools.upright_net.pages import Pages

HERE = Path(__file__).parent
STATE = Path("var") / "upright_net" / "state.pt"
MODEL = Path("assets") / "models" / "page_way_up.onnx"
SAVE_EVERY = 200
Batch = tuple[NDArray[np.float32], NDArray[np.int64]]
_sources: dict[bool, Pages] = {}


def batch(config: dict[str, Any], held_out: bool, seed: int) -> Batch:
    """One batch of pieces and their turns; follows from ``seed`` alone."""
    cv2.setNumThreads(1)
    pages = _sources.get(held_out) or Pages(0, config["picture"]["page"], held_out=held_out)
    _sources[held_out] = pages
    pages.chance = np.random.default_rng([config["train"]["seed"], int(held_out), seed])
    parts, turns = [], []
    count = 0
    while count < config["train"]["batch"]:
        one, turn = pages.pieces(config["train"]["per_page"], config["picture"]["size"])
        parts.append(one)
        turns.append(turn)
        count += len(one)
    return np.concatenate(parts)[: config["train"]["batch"]], np.concatenate(turns)[: config["train"]["batch"]]


@torch.no_grad()
def judged_right(net: nn.Module, config: dict[str, Any], batches: int = 8) -> float:
    """Share of single pieces in unseen fonts that are judged right."""
    net.eval()
    right = []
    for n in range(batches):
        pieces, turns = batch(config, True, n)
        right.append(float((net(torch.from_numpy(pieces)).argmax(1).numpy() == turns).mean()))
    return float(np.mean(right))


def train(config: dict[str, Any], workers: int) -> nn.Module:
    t = config["train"]
    torch.manual_seed(t["seed"])
    torch.set_num_threads(1)
    net, average = UprightNet(), UprightNet()
    average.load_state_dict(net.state_dict())
    optimiser = torch.optim.AdamW(net.parameters(), t["rate"], weight_decay=t["decay"])
    start = 0
    if STATE.exists():
        saved = torch.load(STATE, weights_only=True)
        net.load_state_dict(saved["net"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        start = saved["step"]
    STATE.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        drawn = pool.imap(partial(batch, config, False), range(start // t["turns"], t["steps"] // t["turns"]))
        for step, (pieces, turns) in enumerate(_turned(drawn, t["turns"]), start):
            for group in optimiser.param_groups:
                group["lr"] = t["rate"] * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / t["steps"])))
            net.train()
            loss = functional.cross_entropy(net(torch.from_numpy(pieces)), torch.from_numpy(turns))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            _follow(average, net, min(t["average"], (step + 1) / (step + 10)))
            if (step + 1) % SAVE_EVERY == 0 or step + 1 == t["steps"]:
                state = {"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
                torch.save(state | {"step": step + 1}, STATE.with_suffix(".part"))
                STATE.with_suffix(".part").rename(STATE)
                speed = (step + 1 - start) / (time.monotonic() - began)
                right = judged_right(average, config)
                print(f"step {step + 1} loss {loss.item():.3f} unseen fonts {right:.4f} {speed:.1f}/s", flush=True)
    return average


def _turned(batches: Iterable[Batch], times: int) -> Iterator[Batch]:
    """Every batch ``times`` times, its pieces turned by different quarters each time."""
    for pieces, turns in batches:
        for more in range(times):
            yield np.ascontiguousarray(np.rot90(pieces, more, (2, 3))), (turns + more) % 4


@torch.no_grad()
def _follow(average: nn.Module, net: nn.Module, keep: float) -> None:
    for a, b in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - keep)
        else:
            a.copy_(b)


def export(net: nn.Module, size: int) -> float:
    """Writes the ONNX file; returns how far OpenCV's result is from PyTorch's."""
    net.eval()
    example = torch.rand(4, 1, size, size)
    torch.onnx.export(
        net,
        (example,),
        str(MODEL),
        input_names=["pieces"],
        output_names=["turn"],
        dynamic_axes={"pieces": {0: "n"}, "turn": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    seen = cv2.dnn.readNetFromONNX(str(MODEL))
    seen.setInput(example.numpy())
    with torch.no_grad():
        return float(np.abs(seen.forward() - net(example).numpy()).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1)
    workers = parser.parse_args().workers
    config = tomllib.loads((HERE / "config.toml").read_text())
    net = train(config, workers)
    difference = export(net, config["picture"]["size"])
    print(f"OpenCV differs by {difference:.1e}; unseen fonts {judged_right(net, config, 40):.4f}")


if __name__ == "__main__":
    main()
