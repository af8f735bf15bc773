"""Renders shards of pictures to disk: ``python -m tools.corner_net.dataset [--valid] [--workers 1]``.

A shard is one .npz: ``jpeg`` (all files one after another), ``ends`` (n,), ``corners`` (n, 4, 2) in 0..1, NaN where
there is no page, and ``taken`` (n, 4, 2), what the installed network takes for one there, NaN if it was not asked. It
depends on nothing but its seed and that network, so a stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from devices.scanner.corner_net import CornerNet
from tools.corner_net.backgrounds import surface
from tools.corner_net.config import HERE, MODEL, WORK, Config, load
from tools.corner_net.documents import document
from tools.corner_net.noise import Rng
from tools.corner_net.plane import Points
from tools.corner_net.scene import Bank, Scene, compose


def render(config: Config, index: int, valid: bool, folder: Path) -> None:
    """Draws shard ``index`` unless it is there already."""
    path = folder / f"{'valid' if valid else 'train'}_{index:04d}.npz"
    if path.exists():
        return
    cv2.setNumThreads(1)
    started = time.perf_counter()
    r = config.render
    rng = np.random.default_rng([r.valid_seed if valid else r.seed, index])
    bank = Bank(
        [surface(rng, valid) for _ in range(r.surfaces)],
        [surface(rng, valid, everyday=True) for _ in range(r.surfaces)],
        [document(rng, valid) for _ in range(r.documents)],
    )
    files: list[bytes] = []
    corners = np.full((r.per_shard, 4, 2), np.nan, np.float32)
    taken = np.full((r.per_shard, 4, 2), np.nan, np.float32)
    for i, (scene, mistake) in enumerate(islice(_scenes(rng, bank, config), r.per_shard)):
        quality = int(rng.integers(*r.quality))
        files.append(cv2.imencode(".jpg", scene.image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
        if scene.corners is not None:
            corners[i] = scene.corners
        if mistake is not None:
            taken[i] = mistake
    ends = np.cumsum([len(f) for f in files])
    partial_path = path.with_suffix(".part.npz")
    np.savez(partial_path, jpeg=np.frombuffer(b"".join(files), np.uint8), ends=ends, corners=corners, taken=taken)
    partial_path.rename(path)
    print(f"{path.name}: {r.per_shard / (time.perf_counter() - started):.0f} pictures/s", flush=True)


def _scenes(rng: Rng, bank: Bank, config: Config) -> Iterator[tuple[Scene, Points | None]]:
    """Scenes without end. With ``mistaken``, of those without a page only the ones that the installed network is so
    sure of, with the corners that it sees there in 0..1."""
    net, least = CornerNet(MODEL, config.size), config.render.mistaken
    while True:
        scene = compose(rng, bank, config.stored, config.render.negatives)
        if scene.corners is not None or least == 0:
            yield scene, None
            continue
        quad, presence = net(scene.image)
        if presence >= least:
            yield scene, np.asarray(quad / config.stored, np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--valid", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--config", type=Path, default=HERE / "config.toml")
    parser.add_argument("--out", type=Path, default=WORK / "shards")
    arguments = parser.parse_args()
    config = load(arguments.config)
    arguments.out.mkdir(parents=True, exist_ok=True)
    count = config.render.valid_shards if arguments.valid else config.render.shards
    task = partial(_task, config, arguments.valid, arguments.out)
    first = 0 if arguments.valid else config.render.first
    with multiprocessing.get_context("fork").Pool(arguments.workers) as pool:
        pool.map(task, range(first, first + count), chunksize=1)


def _task(config: Config, valid: bool, folder: Path, index: int) -> None:
    render(config, index, valid, folder)


if __name__ == "__main__":
    main()
