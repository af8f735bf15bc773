"""The empty bed: how it is learned, and that nothing is taken by itself without it."""

from __future__ import annotations

import cv2
import numpy as np

from devices.scanner.bed import CALM, PATIENCE, BedReference
from devices.simulators.bed import HEIGHT, WIDTH, empty_bed, on_bed
from kiosk.ipc.device_messages import PreviewHint
from tests.devices.laid import on_an_unknown_bed, pages, paper, same


def test_nothing_is_taken_by_itself_before_the_bed_was_seen_empty() -> None:
    frame, capture = on_bed(paper("lease")), on_an_unknown_bed()
    early = [capture.look(frame) for _ in range(40)]
    assert pages(early) == []
    assert early[-1].hint == PreviewHint.BED
    lifted = [empty_bed(seed) for seed in range(4)]
    assert len(pages([capture.look(f) for f in [*lifted, *[frame] * 10]])) == 1


def test_before_the_bed_was_seen_empty_a_page_can_be_taken_by_hand() -> None:
    frame, capture = on_bed(paper("lease")), on_an_unknown_bed()
    capture.look(frame)
    assert [same(p, "lease") for p in pages([capture.take_now(frame)])] == [True]


def test_a_bed_that_says_otherwise_is_learned_anew() -> None:
    """It was learned with another mat, so that all of the picture differs."""
    capture = on_an_unknown_bed()
    mat = np.asarray(empty_bed() // 2 + np.array([70, 20, 0], np.uint8), np.uint8)
    capture.bed.learn(mat)
    frame = on_bed(paper("lease"))
    doubtful = [capture.look(frame) for _ in range(PATIENCE + 20)]
    assert pages(doubtful) == []
    assert doubtful[-1].hint == PreviewHint.BED
    again = [*[empty_bed(seed) for seed in range(4)], *[frame] * 10]
    assert len(pages([capture.look(f) for f in again])) == 1


def test_a_hand_over_the_bed_is_not_learned_as_the_bed() -> None:
    bed = BedReference()
    for n in range(12):
        reaching = empty_bed(n)
        cv2.line(reaching, (0, 300 + 40 * n), (500 + 20 * n, 300 + 40 * n), (150, 180, 220), 130)
        bed.offer(reaching)
    assert not bed.known
    for n in range(CALM):
        bed.offer(empty_bed(n))
    assert bed.known


def test_what_lies_there_is_learned_only_where_it_stays() -> None:
    bed, thing = BedReference(), empty_bed()
    bed.learn(empty_bed())
    cv2.circle(thing, (WIDTH // 2, HEIGHT // 2), 150, (40, 140, 60), -1)
    for _ in range(PATIENCE - 1):
        bed.offer(thing)
    lying = bed.look(thing)
    assert lying is not None
    assert lying.mask.any()
    bed.offer(thing)
    gone = bed.look(thing)
    assert gone is not None
    assert not gone.mask.any()
