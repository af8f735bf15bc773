"""A minute of the soak over real processes: kills and network faults, and every case arrives once."""

from __future__ import annotations

import pytest

from tests.soak.platform import run


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_killed_processes_and_a_bad_network_lose_nothing() -> None:
    counts, problems = run(submissions=60, minutes=0.4, seed=3)
    print(counts)
    assert counts["submissions"] == 60
    assert counts["network faults"] > 5
    assert problems == []
