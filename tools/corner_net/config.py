"""Reads ``config.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
WORK = Path("var") / "corner_net"
"""Shards and checkpoints, relative to the repo; not kept in git."""
MODEL = Path("assets") / "models" / "page_corners.onnx"


@dataclass(frozen=True)
class Render:
    seed: int
    first: int
    shards: int
    valid_seed: int
    valid_shards: int
    per_shard: int
    surfaces: int
    documents: int
    negatives: float
    mistaken: float
    quality: tuple[int, int]


@dataclass(frozen=True)
class Stage:
    size: int
    batch: int
    samples: int


@dataclass(frozen=True)
class Train:
    seed: int
    stages: tuple[Stage, ...]
    rate: float
    warm_up: int
    decay: float
    average: float
    sigma: float
    presence_weight: float
    place_weight: float
    mistaken: float


@dataclass(frozen=True)
class Config:
    stored: int
    size: int
    margin: float
    render: Render
    train: Train


def load(path: Path = HERE / "config.toml") -> Config:
    """The settings in ``path``; a missing or unknown key is an error."""
    raw = tomllib.loads(path.read_text())
    low, high = raw["render"].pop("quality")
    stages = tuple(Stage(**s) for s in raw["train"].pop("stages"))
    return Config(
        **raw["picture"],
        render=Render(**raw["render"], quality=(low, high)),
        train=Train(**raw["train"], stages=stages),
    )
