"""Trains the network: ``python -m tools.mrz_net.train [--name main]``; run it again and it goes on.

Writes ``var/mrz_net/<name>.pt`` (weights, averaged weights, optimiser, step) every few minutes, and takes up the
shards that ``tools.mrz_net.shards`` has drawn by then.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.mrz_net.batches import Shards, batch
from tools.mrz_net.config import WORK, Config, load
from tools.mrz_net.model import CLASSES, LineNet

SAVE_EVERY = 500
"""Steps; new shards are noticed then, too."""
BLANK, IGNORED = 37, 255


def rate(config: Config, step: int) -> float:
    """Linear warm-up, then cosine to 1 %."""
    t = config.train
    if step < t.warm_up:
        return t.rate * (step + 1) / t.warm_up
    return t.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / t.steps))))


def losses(out: Tensor, labels: Tensor, geometry: Tensor) -> tuple[Tensor, Tensor]:
    """Cross entropy of the named steps, and the error of middle and height where there are characters."""
    cross = functional.cross_entropy(out[:, :CLASSES], labels, ignore_index=IGNORED, label_smoothing=0.01)
    named = (labels < BLANK).unsqueeze(1).float()
    place = functional.smooth_l1_loss(out[:, CLASSES:], geometry, reduction="none", beta=0.1) * named
    return cross, place.sum() / named.sum().clamp(min=1) / 2


@torch.no_grad()
def check(model: nn.Module, shards: Shards, config: Config, count: int = 1500) -> str:
    """Share of named steps with the right class, of blank steps, and the error of the middle in capital heights."""
    model.eval()
    rng = np.random.default_rng(5)
    named, blank, right, quiet, places = 0, 0, 0, 0, []
    for _ in range(count // 100):
        strips, labels, geometry = batch(shards, rng, 100, config.strip, vary=False)
        out = model(strips)
        best = out[:, :CLASSES].argmax(1)
        chars, none = labels < BLANK, labels == BLANK
        named, blank = named + int(chars.sum()), blank + int(none.sum())
        right, quiet = right + int((best == labels)[chars].sum()), quiet + int((best == labels)[none].sum())
        places.append((out[:, CLASSES] - geometry[:, 0]).abs()[chars].mean().item())
    return f"named {right / named:.4f} blank {quiet / blank:.4f} middle {np.mean(places):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="main")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    run(load(), WORK / f"{arguments.name}.pt")


def run(config: Config, path: Path) -> None:
    torch.manual_seed(config.train.seed)
    model, average = LineNet(), LineNet()
    average.load_state_dict(model.state_dict())
    for net in (model, average):
        net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.train.rate, weight_decay=config.train.decay)
    step = 0
    if path.exists():
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    train, valid = Shards(WORK / "shards", "train"), Shards(WORK / "shards", "valid")
    while step < config.train.steps:
        train.grow()
        last = min(config.train.steps, step - step % SAVE_EVERY + SAVE_EVERY)
        _stretch(config, model, average, optimiser, train, step, last)
        step = last
        state = {"model": model.state_dict(), "average": average.state_dict()}
        part = path.with_suffix(".part")
        torch.save(state | {"optimiser": optimiser.state_dict(), "step": step}, part)
        part.rename(path)
        print(f"step {step} {time.strftime('%H:%M')} {check(average, valid, config)} of {len(train)}", flush=True)


def _stretch(
    config: Config,
    model: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
    train: Shards,
    first: int,
    last: int,
) -> None:
    """Trains from step ``first`` up to ``last``."""
    t = config.train
    model.train()
    sums = np.zeros(2)
    started = time.monotonic()
    rng = np.random.default_rng((t.seed, first))
    for step in range(first, last):
        strips, labels, geometry = batch(train, rng, t.batch, config.strip, vary=True)
        for group in optimiser.param_groups:
            group["lr"] = rate(config, step)
        cross, place = losses(model(strips), labels, geometry)
        optimiser.zero_grad()
        (cross + t.geometry_weight * place).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        _follow(average, model, min(t.average, (step + 1) / (step + 10)))
        sums += [cross.item(), place.item()]
        if (step + 1) % 100 == 0:
            speed = (step + 1 - first) * t.batch / (time.monotonic() - started)
            print(f"{step + 1} loss {sums[0] / 100:.3f} {sums[1] / 100:.4f} {speed:.0f}/s", flush=True)
            sums[:] = 0


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Moves the averaged weights a little towards the present ones."""
    for a, b in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - keep)
        else:
            a.copy_(b)


if __name__ == "__main__":
    main()
