"""Batches out of the shards: crops at random places, with cheap changes that cost no new drawing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.mrz_net.config import Strip

BLANK, IGNORED = 37, 255
NEAR, FAR = 0.30, 0.38
"""Shares of the pitch around a centre: up to NEAR a step names the character, beyond FAR it is blank."""


class Shards:
    """All samples of a set that are on disk, in memory."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder, self._kind = folder, kind
        self._seen: set[Path] = set()
        self._rows: list[dict[str, NDArray[np.generic]]] = []
        self.grow()

    def grow(self) -> None:
        """Takes up shards drawn since."""
        for path in sorted(self._folder.glob(f"{self._kind}_????.npz")):
            if path not in self._seen:
                self._seen.add(path)
                with np.load(path) as file:
                    self._rows.append({k: file[k] for k in file.files})

    def __len__(self) -> int:
        return sum(len(r["strips"]) for r in self._rows)

    def pick(self, rng: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
        """Strip, classes, centres, (cap, pitch) of one sample."""
        rows = self._rows[int(rng.integers(len(self._rows)))]
        i = int(rng.integers(len(rows["strips"])))
        return rows["strips"][i], rows["classes"][i], rows["centres"][i], rows["sizes"][i]


def normalised(strip: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean 0, deviation 1; a flat strip stays flat."""
    return np.asarray((strip - strip.mean()) / max(4.0, float(strip.std())), np.float32)


def batch(
    shards: Shards, rng: np.random.Generator, count: int, shape: Strip, *, vary: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Strips (n, 1, height, width), labels (n, steps), geometry (n, 2, steps)."""
    strips = np.zeros((count, 1, shape.height, shape.width), np.float32)
    steps = shape.width // shape.stride
    labels = np.zeros((count, steps), np.int64)
    geometry = np.zeros((count, 2, steps), np.float32)
    for n in range(count):
        strip, classes, centres, sizes = shards.pick(rng)
        left = int(rng.integers(0, shape.stored_width - shape.width + 1))
        top = int(rng.integers(1, shape.stored_height - shape.height)) if vary else 4
        cut = strip[top : top + shape.height, left : left + shape.width].astype(np.float32)
        strips[n, 0] = normalised(_varied(rng, cut) if vary else cut)
        labels[n], geometry[n] = _targets(classes, centres, sizes, left, top, shape)
    return (
        torch.from_numpy(strips).contiguous(memory_format=torch.channels_last),
        torch.from_numpy(labels),
        torch.from_numpy(geometry),
    )


def _varied(rng: np.random.Generator, cut: NDArray[np.float32]) -> NDArray[np.float32]:
    if rng.random() < 0.2:
        cut = cut + rng.standard_normal(cut.shape, dtype=np.float32) * rng.uniform(1, 10)
    if rng.random() < 0.2:
        cut = cut * np.linspace(rng.uniform(0.6, 1.2), rng.uniform(0.6, 1.2), cut.shape[1], dtype=np.float32)
    if rng.random() < 0.03:  # pale print on dark
        cut = 255 - cut
    return np.asarray(cut, np.float32)


def _targets(
    classes: NDArray[np.generic],
    centres: NDArray[np.generic],
    sizes: NDArray[np.generic],
    left: int,
    top: int,
    shape: Strip,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Classes a step, and (2, steps): the line's middle below the crop's in capital heights of ``shape.cap``, and
    the logarithm of the capital's height over ``shape.cap``."""
    steps = shape.width // shape.stride
    labels = np.full(steps, BLANK, np.int64)
    geometry = np.zeros((2, steps), np.float32)
    kept = np.asarray(classes) >= 0
    if not kept.any():
        return labels, geometry
    named, place = np.asarray(classes)[kept].astype(np.int64), np.asarray(centres, np.float32)[kept]
    cap, pitch = (float(v) for v in np.asarray(sizes, np.float32))
    x = (np.arange(steps) + 0.5) * shape.stride + left
    nearest = np.abs(x[:, None] - place[None, :, 0]).argmin(1)
    distance = np.abs(x - place[nearest, 0]) / pitch
    labels[distance < FAR] = IGNORED
    labels[distance < NEAR] = named[nearest[distance < NEAR]]
    geometry[0] = (place[nearest, 1] - top - shape.height / 2) / shape.cap
    geometry[1] = np.log(cap / shape.cap)
    return labels, geometry
