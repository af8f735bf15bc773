"""A small run of every target in CI, without coverage guidance: random bytes, and the corpus of the long runs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("target", TARGETS)
def test_random_bytes(target: str) -> None:
    chance = random.Random(7)
    for _ in range(20_000):
        TARGETS[target](chance.randbytes(chance.randrange(90)))


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_long_runs_found_worth_keeping(target: str) -> None:
    inputs = [bytes.fromhex(line) for line in (CORPUS / f"{target}.hex").read_text().split()]
    assert inputs
    for data in inputs:
        TARGETS[target](data)
