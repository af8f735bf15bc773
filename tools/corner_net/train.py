"""Trains the network: ``python -m tools.corner_net.train [--name main] [--ranks 2]``; run it again and it goes on.

``--start MODEL.onnx`` begins with the weights of an exported file, to train them further on other pictures.

Writes ``var/corner_net/<name>.pt`` (weights, averaged weights, optimiser, place in the schedule) every few minutes.
Each rank is a process with one thread that takes its share of the batch; gradients are averaged once a step. Threads
inside one process would wait for each other at every layer, which is slow when other programs use the machine.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.multiprocessing.spawn import spawn
from torch.utils.data import DataLoader

from devices.scanner.corner_net import decoded
from tools.corner_net.config import WORK, Config, Stage, load
from tools.corner_net.losses import corner_losses
from tools.corner_net.model import CornerNet
from tools.corner_net.quads import iou
from tools.corner_net.restore import restored
from tools.corner_net.samples import Batch, Shards, Varied

SAVE_EVERY = 400
"""Steps; new shards are noticed then, too."""


def picture_tensor(pictures: Tensor) -> Tensor:
    """uint8 RGB to 0..1 floats in channels-last memory, which halves the time of depthwise layers on a CPU."""
    return (pictures.float() / 255).contiguous(memory_format=torch.channels_last)


def stream(config: Config, shards: Shards, stage: Stage, start: int, rank: int, ranks: int) -> Iterator[Batch]:
    seed = (config.train.seed, stage.size, start, rank)
    dataset = Varied(shards, stage.size, stage.batch // ranks, seed, config.train.mistaken)
    return iter(DataLoader(dataset, batch_size=None, num_workers=1, prefetch_factor=6))


def plan(config: Config) -> list[tuple[Stage, int]]:
    """Every stage with its number of steps."""
    return [(s, s.samples // s.batch) for s in config.train.stages]


def rate(config: Config, step: int, total: int) -> float:
    """Linear warm-up, then cosine to 1 %."""
    t = config.train
    if step < t.warm_up:
        return t.rate * (step + 1) / t.warm_up
    return t.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total))))


@torch.no_grad()
def check(model: nn.Module, shards: Shards, size: int, count: int = 500) -> str:
    """Mean IoU and shares on the first ``count`` validation pictures, and how presence separates."""
    model.eval()
    scores: list[float] = []
    presence: list[tuple[bool, float]] = []
    for begin in range(0, min(count, len(shards)), 50):
        rows = [shards[i] for i in range(begin, min(begin + 50, len(shards)))]
        small = np.stack([cv2.resize(p, (size, size), interpolation=cv2.INTER_AREA)[..., ::-1] for p, _ in rows])
        heat, logit = model(picture_tensor(torch.from_numpy(small).permute(0, 3, 1, 2)))
        for (_, truth), h, p in zip(rows, heat.numpy(), logit.numpy(), strict=True):
            there = not np.isnan(truth).any()
            presence.append((there, float(p[0])))
            if there:
                scores.append(iou(decoded(h), truth))
    s = np.array(scores)
    wrong = sum(there != (p > 0) for there, p in presence)
    shares = " ".join(f">{limit} {(s > limit).mean():.3f}" for limit in (0.9, 0.95, 0.98))
    return f"IoU {s.mean():.4f} {shares} presence wrong {wrong}/{len(presence)}"


def run(rank: int, ranks: int, config: Config, name: str, rendezvous: str, start: Path | None = None) -> None:
    """One process of the training; ``rank`` 0 writes and prints."""
    torch.manual_seed(config.train.seed)
    torch.set_num_threads(1)
    if ranks > 1:
        distributed.init_process_group("gloo", init_method=rendezvous, rank=rank, world_size=ranks)
    path = WORK / f"{name}.pt"
    valid = Shards(WORK / "shards", "valid")
    model = CornerNet() if start is None or path.exists() else _begun(start, config)
    average = CornerNet()
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
    stages = plan(config)
    total = sum(n for _, n in stages)
    while step < total:
        stage, last = _stage(stages, step)
        train = Shards(WORK / "shards", "train")
        if rank == 0:
            print(f"step {step}/{total}: {stage.size} px, {len(train)} pictures", flush=True)
        batches = stream(config, train, stage, step, rank, ranks)
        last = min(last, step - step % SAVE_EVERY + SAVE_EVERY)
        _stretch(config, model, average, optimiser, batches, step, last, total, rank == 0)
        step = last
        if rank == 0:
            _save(path, model, average, optimiser, step)
            print(f"step {step} {time.strftime('%H:%M')} {check(average, valid, stage.size)}", flush=True)


def _begun(start: Path, config: Config) -> CornerNet:
    """The exported weights, their norms measured on pictures of the training set."""
    shards = Shards(WORK / "shards", "train")
    small = [cv2.resize(shards[i][0], (config.size, config.size), interpolation=cv2.INTER_AREA) for i in range(64)]
    pictures = torch.from_numpy(np.stack(small)[..., ::-1].copy()).permute(0, 3, 1, 2)
    return restored(start, picture_tensor(pictures))


def _save(path: Path, model: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer, step: int) -> None:
    state = {"model": model.state_dict(), "average": average.state_dict()}
    part = path.with_suffix(".part")
    torch.save(state | {"optimiser": optimiser.state_dict(), "step": step}, part)
    part.rename(path)


def _stage(stages: list[tuple[Stage, int]], step: int) -> tuple[Stage, int]:
    """The stage that ``step`` falls in, and the step at which it ends."""
    end = 0
    for stage, count in stages:
        end += count
        if step < end:
            return stage, end
    return stages[-1][0], end


def _stretch(
    config: Config,
    model: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
    batches: Iterator[Batch],
    first: int,
    last: int,
    total: int,
    speaks: bool,
) -> None:
    """Trains from step ``first`` up to ``last``."""
    t = config.train
    model.train()
    sums = np.zeros(3)
    started, done = time.monotonic(), 0
    for step in range(first, last):
        pictures, corners, presence = next(batches)
        for group in optimiser.param_groups:
            group["lr"] = rate(config, step, total)
        heat, logit = model(picture_tensor(pictures))
        cross, place, present = corner_losses(heat, logit, corners, presence, t.sigma)
        loss = cross + t.place_weight * place + t.presence_weight * present
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if distributed.is_initialized():
            _share(model)
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        _follow(average, model, min(t.average, (step + 1) / (step + 10)))
        done += len(pictures)
        sums += [float(cross.detach()), float(place.detach()), float(present.detach())]
        if speaks and (step + 1) % 50 == 0:
            means = " ".join(f"{v:.3f}" for v in sums / 50)
            print(f"{step + 1} loss {means} {done / (time.monotonic() - started):.0f}/s a rank", flush=True)
            sums[:] = 0


def _share(model: nn.Module) -> None:
    """Averages the gradients of all ranks."""
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for g, part in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
        g.copy_(part.view_as(g))


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Moves the averaged weights a little towards the present ones."""
    for a, b in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - keep)
        else:
            a.copy_(b)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="main")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--start", type=Path, help="an exported model to begin with")
    arguments = parser.parse_args()
    config = load(arguments.config) if arguments.config else load()
    if arguments.ranks == 1:
        run(0, 1, config, arguments.name, "", arguments.start)
        return
    meeting = WORK / f"{arguments.name}.ranks"
    meeting.unlink(missing_ok=True)
    task = (arguments.ranks, config, arguments.name, f"file://{meeting.resolve()}", arguments.start)
    spawn(run, task, nprocs=arguments.ranks)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
