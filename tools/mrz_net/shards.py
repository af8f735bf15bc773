"""Draws shards of strips: ``python -m tools.mrz_net.shards [--set train]``; run again, it goes on where it was."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from tools.mrz_net.config import WORK, Config, load
from tools.mrz_net.strips import sample

LONGEST = 48
"""Characters kept of a strip, more than fit."""


def shard(config: Config, seed: tuple[int, int], path: Path) -> None:
    """Writes ``per_shard`` samples: strips, classes (-1 beyond the last), centres, cap, pitch."""
    rng = np.random.default_rng(seed)
    count, shape = config.render.per_shard, config.strip
    strips = np.zeros((count, shape.stored_height, shape.stored_width), np.uint8)
    classes = np.full((count, LONGEST), -1, np.int8)
    centres = np.zeros((count, LONGEST, 2), np.float32)
    sizes = np.zeros((count, 2), np.float32)
    for i in range(count):
        made = sample(rng, shape)
        number = min(LONGEST, len(made.classes))
        strips[i] = made.strip
        classes[i, :number], centres[i, :number] = made.classes[:number], made.centres[:number]
        sizes[i] = made.cap, made.pitch
    part = path.with_suffix(".part.npz")
    np.savez(part, strips=strips, classes=classes, centres=centres, sizes=sizes)
    part.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=("train", "valid"), default="train")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    config = load()
    folder = WORK / "shards"
    folder.mkdir(parents=True, exist_ok=True)
    train = arguments.set == "train"
    seed = config.render.seed if train else config.render.valid_seed
    for number in range(arguments.first, config.render.shards if train else config.render.valid_shards, arguments.step):
        path = folder / f"{arguments.set}_{number:04d}.npz"
        if not path.exists():
            shard(config, (seed, number), path)
            print(path, flush=True)


if __name__ == "__main__":
    main()
