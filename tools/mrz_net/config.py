"""Reads ``config.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
WORK = Path("var") / "mrz_net"
"""Shards and checkpoints, relative to the repo; not kept in git."""
MODEL = Path("assets") / "models" / "mrz_lines.onnx"


@dataclass(frozen=True)
class Strip:
    stored_height: int
    stored_width: int
    height: int
    width: int
    cap: float
    stride: int


@dataclass(frozen=True)
class Render:
    seed: int
    valid_seed: int
    per_shard: int
    shards: int
    valid_shards: int


@dataclass(frozen=True)
class Train:
    seed: int
    batch: int
    steps: int
    rate: float
    warm_up: int
    decay: float
    average: float
    geometry_weight: float


@dataclass(frozen=True)
class Config:
    strip: Strip
    render: Render
    train: Train


def load(path: Path = HERE / "config.toml") -> Config:
    """The settings in ``path``; a missing or unknown key is an error."""
    raw = tomllib.loads(path.read_text())
    return Config(strip=Strip(**raw["strip"]), render=Render(**raw["render"]), train=Train(**raw["train"]))
