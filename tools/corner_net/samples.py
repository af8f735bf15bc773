"""Loads shards and changes every picture anew each time: mirrored, turned, cropped, recoloured, partly covered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from tools.corner_net.noise import Image, Rng, chance
from tools.corner_net.scene import ordered

Batch = tuple[Tensor, Tensor, Tensor]
"""Pictures (N, 3, s, s) uint8 RGB; corners (N, 4, 2) in 0..1; presence (N,)."""


class Shards:
    """Every picture of the shards whose names begin with ``prefix``, kept in memory as JPEG."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self.files: list[NDArray[np.uint8]] = []
        corners: list[NDArray[np.float32]] = []
        taken: list[NDArray[np.float32]] = []
        for path in sorted(folder.glob(f"{prefix}_????.npz")):
            with np.load(path) as shard:
                self.files += np.split(shard["jpeg"], shard["ends"][:-1])
                corners.append(shard["corners"])
                taken.append(shard["taken"] if "taken" in shard else np.full_like(corners[-1], np.nan))
        nothing = np.zeros((0, 4, 2), np.float32)
        self.corners = np.concatenate([nothing, *corners])
        self.aims = np.where(np.isnan(self.corners), np.concatenate([nothing, *taken]), self.corners)
        """What a second look is at: the page, or what was taken for one; NaN where there is neither."""

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Image, NDArray[np.float32]]:
        return np.asarray(cv2.imdecode(self.files[index], cv2.IMREAD_COLOR), np.uint8), self.corners[index]


def vary(
    rng: Rng, image: Image, corners: NDArray[np.float32], aim: NDArray[np.float32], size: int
) -> tuple[Image, NDArray[np.float32]]:
    """A changed copy at ``size`` x ``size``; corners in 0..1, NaN where there is no page. ``aim``: see Shards."""
    present = not np.isnan(corners).any()
    matrix = _placement(rng, None if np.isnan(aim).any() else aim, present)
    moved = np.column_stack([corners, np.ones(4)]) @ matrix[:2].T if present else corners
    pixels = np.diag([size, size, 1.0]) @ matrix @ np.diag([1 / image.shape[1], 1 / image.shape[0], 1.0])
    pixels[:2, 2] += pixels[:2, :2] @ (0.5, 0.5) - 0.5
    if max(abs(matrix[0, 0]), abs(matrix[0, 1])) * size / image.shape[1] < 0.75:
        image = np.asarray(cv2.blur(image, (2, 2), anchor=(0, 0)), np.uint8)
        pixels[:2, 2] -= pixels[:2, :2] @ (0.5, 0.5)
    border = cv2.BORDER_REFLECT if chance(rng, 0.5) else cv2.BORDER_REPLICATE
    out = cv2.warpAffine(image, pixels[:2], (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    if present:
        moved = ordered(np.asarray(moved, np.float64))
    return _coloured(rng, np.asarray(out, np.uint8)), np.asarray(moved, np.float32)


def _placement(rng: Rng, aim: NDArray[np.float32] | None, present: bool) -> NDArray[np.float64]:
    """Affine map of 0..1 coordinates: a quarter turn or mirror, then turn, scale and shift; or a crop on ``aim``, all
    of which stays in sight if it is the page."""
    half = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
    flip = np.diag([rng.choice([-1, 1]), rng.choice([-1, 1]), 1.0])
    if chance(rng, 0.5):
        flip = flip[[1, 0, 2]]
    for _ in range(4):
        if aim is not None and chance(rng, 0.3):
            turned = np.column_stack([aim, np.ones(4)]) @ (flip @ half).T
            low, high = turned[:, :2].min(0), turned[:, :2].max(0)
            sides = np.maximum(rng.normal(0.12, 0.06, 4), -0.04)
            first, last = low - sides[:2] * (high - low), high + sides[2:] * (high - low)
            fit = 1 / (last - first)
            if fit.max() > 2.6:
                continue
            move = np.array([[fit[0], 0, -first[0] * fit[0]], [0, fit[1], -first[1] * fit[1]], [0, 0, 1]])
            return np.asarray(move @ flip @ half)
        angle, scale = rng.normal(0, np.radians(7)), np.exp(rng.normal(0, 0.13, 2))
        c, s = np.cos(angle), np.sin(angle)
        shift = 0.5 + rng.normal(0, 0.06, 2)
        move = np.array([[c * scale[0], -s * scale[0], shift[0]], [s * scale[1], c * scale[1], shift[1]], [0, 0, 1]])
        total = np.asarray(move @ flip @ half)
        if aim is None or not present:
            return total
        moved = np.column_stack([aim, np.ones(4)]) @ total[:2].T
        if moved.min() > -0.03 and moved.max() < 1.03:
            return total
    return np.asarray(np.linalg.inv(half) @ flip @ half)


def _coloured(rng: Rng, image: Image) -> Image:
    """Another cast, brightness and tone; covered here and there; blurred or noisy now and then."""
    table = np.arange(256, dtype=np.float32)[:, None] / 255
    gain = np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.05, 3))
    tones = 255 * (table ** np.exp(rng.normal(0, 0.15)) * gain)
    image = np.asarray(cv2.LUT(image, tones.clip(0, 255).astype(np.uint8)[None]), np.uint8)
    if chance(rng, 0.06):
        image = np.ascontiguousarray(image[..., rng.permutation(3)])
    if chance(rng, 0.1):
        size = image.shape[0]
        for _ in range(int(rng.integers(1, 4))):
            x, y, w, h = (int(v) for v in (*rng.integers(0, size, 2), *rng.integers(3, size // 7, 2)))
            cv2.rectangle(image, (x, y), (x + w, y + h), tuple(int(v) for v in rng.integers(0, 256, 3)), -1)
    if chance(rng, 0.1):
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.0)), np.uint8)
    if chance(rng, 0.1):
        noise = rng.integers(-12, 13, image.shape, dtype=np.int16)
        image = (image + noise).clip(0, 255).astype(np.uint8)
    return image


class Varied(IterableDataset[Batch]):
    """An endless stream of batches, each worker with a random source of its own; a share ``mistaken`` of the pictures
    are scenes without a page that a network took for one."""

    def __init__(self, shards: Shards, size: int, batch: int, seed: tuple[int, ...], mistaken: float = 0.0) -> None:
        super().__init__()
        self.shards, self.size, self.batch, self.seed = shards, size, batch, seed
        missing = np.isnan(shards.corners).any((1, 2))
        self.hard = np.flatnonzero(missing & ~np.isnan(shards.aims).any((1, 2)))
        self.mistaken = mistaken if len(self.hard) else 0.0

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        cv2.setNumThreads(1)
        rng = np.random.default_rng([*self.seed, worker.id if worker else 0])
        while True:
            pictures = np.empty((self.batch, self.size, self.size, 3), np.uint8)
            corners = np.empty((self.batch, 4, 2), np.float32)
            for i in range(self.batch):
                index = int(rng.choice(self.hard) if chance(rng, self.mistaken) else rng.integers(len(self.shards)))
                pictures[i], corners[i] = vary(rng, *self.shards[index], self.shards.aims[index], self.size)
            rgb = torch.from_numpy(np.ascontiguousarray(pictures[..., ::-1])).permute(0, 3, 1, 2)
            presence = torch.from_numpy(~np.isnan(corners).any((1, 2))).float()
            yield rgb, torch.from_numpy(np.nan_to_num(corners, nan=0.5)), presence
