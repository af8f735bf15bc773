"""Papers under the camera as citizens lay them: several at once, one after another, turned over; and finer stills."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import segno

from devices.camera.capture import REFUSED_FRAMES, STEADY_FRAMES, AutoCapture
from devices.camera.reading import CodeWatcher
from devices.camera.still import mapped
from devices.scanner.bed import BedReference
from devices.scanner.detect import Found, PageFinder, in_reading_order
from devices.scanner.geometry import Picture
from devices.simulators.bed import HEIGHT, WIDTH, empty_bed, on_bed, several_on_bed
from kiosk.ipc.device_messages import CodeRead, PreviewHint
from tests.devices.laid import WAY_UP, capturing, pages, paper, same


@pytest.mark.parametrize("seed", range(3))
def test_papers_side_by_side_become_pages_from_the_left(seed: int) -> None:
    frame, capture = several_on_bed([paper("lease"), paper("bank_card")], seed), capturing()
    looks = [capture.look(frame) for _ in range(12)]
    taken = pages(looks)
    assert [same(p, n) for p, n in zip(taken, ("lease", "bank_card"), strict=True)] == [True, True]
    assert len(looks[-1].quads) == 2
    assert looks[-1].hint == PreviewHint.TAKE_AWAY


def test_a_paper_laid_beside_the_one_that_was_taken_is_taken_alone() -> None:
    capture = capturing()
    both = several_on_bed([paper("lease"), paper("bank_card")])
    alone = empty_bed()
    alone[:, : WIDTH // 2] = both[:, : WIDTH // 2]
    first, second = [capture.look(alone) for _ in range(10)], [capture.look(both) for _ in range(10)]
    assert [same(p, "lease") for p in pages(first)] == [True]
    assert [same(p, "bank_card") for p in pages(second)] == [True]


class Blind(PageFinder):
    """Sees nothing at a glance, as a small card on a large bed is not seen."""

    def glance(self, picture: Picture) -> Found | None:
        return None


def test_a_card_that_a_glance_misses_is_taken_where_the_bed_shows_it() -> None:
    capture = AutoCapture(Blind(), WAY_UP, BedReference(), "card")
    looks = [capture.look(empty_bed(seed)) for seed in range(4)]
    looks += [capture.look(on_bed(paper("bank_card"))) for _ in range(10)]
    assert [same(page, "bank_card") for page in pages(looks)] == [True]
    assert looks[-1].hint == PreviewHint.TAKE_AWAY


def test_what_is_no_paper_is_not_taken_because_it_lies_on_the_bed() -> None:
    thing = empty_bed()
    cv2.circle(thing, (WIDTH // 2, HEIGHT // 2), 200, (40, 140, 60), -1)
    capture = capturing()
    looks = [capture.look(thing) for _ in range(10)]
    assert pages(looks) == []


def test_a_page_turned_over_in_its_place_is_a_new_page() -> None:
    capture = capturing()
    front, back = paper("lease"), paper("statement")
    back = np.asarray(cv2.resize(back, front.shape[1::-1]), np.uint8)
    first, second = [capture.look(on_bed(front)) for _ in range(10)], [capture.look(on_bed(back)) for _ in range(20)]
    assert len(pages(first)) == 1
    assert len(pages(second)) == 1
    assert second[0].hint == PreviewHint.TAKE_AWAY, "a hand that passes over is no other side"


def test_a_page_turned_about_in_its_place_is_the_same_page() -> None:
    capture = capturing()
    front = paper("lease")
    frames = [on_bed(front)] * 10 + [on_bed(np.asarray(front[::-1, ::-1], np.uint8))] * 20
    assert len(pages([capture.look(f) for f in frames])) == 1


def test_a_hand_beside_the_page_holds_the_picture_back() -> None:
    frame = on_bed(paper("lease"))
    reaching = frame.copy()
    cv2.line(reaching, (0, 560), (520, 560), (150, 180, 220), 130)
    capture = capturing()
    looks = [capture.look(reaching) for _ in range(8)]
    assert looks[-1].hint == PreviewHint.HAND
    assert pages(looks) == []
    assert len(pages([capture.look(frame) for _ in range(8)])) == 1


def test_a_page_that_somebody_leans_over_is_not_taken_again() -> None:
    capture, page = capturing(), on_bed(paper("lease"))
    leaning = []
    for moved in range(6):  # whom nobody could take for the bed
        leaning.append(page.copy())
        leaning[-1][:, WIDTH // 10 + 20 * moved : -WIDTH // 10] = (190, 180, 170)
    looks = [capture.look(frame) for frame in [page] * 10 + leaning + [page] * 10]
    assert len(pages(looks)) == 1
    assert looks[-1].hint == PreviewHint.TAKE_AWAY
    for _ in range(4):
        capture.look(empty_bed())
    assert len(pages([capture.look(page) for _ in range(10)])) == 1, "taken away and laid again, it is taken again"


STILL = (3264, 2448)


def seen_by_8_mp(sheet: Picture | None) -> tuple[Picture, Picture]:
    """The still of a camera of 8 MP, and its live picture: the still's middle, in 1080p."""
    chance = np.random.default_rng(2)
    whole = np.full((STILL[1], STILL[0], 3), 60, np.uint8)
    if sheet is not None:
        high = 1700
        wide = round(high * sheet.shape[1] / sheet.shape[0])
        left, top = (STILL[0] - wide) // 2, (STILL[1] - high) // 2
        whole[top : top + high, left : left + wide] = cv2.resize(sheet, (wide, high), interpolation=cv2.INTER_AREA)
    still = np.clip(whole + chance.normal(0, 2, whole.shape), 0, 246).astype(np.uint8)
    high = round(STILL[0] * HEIGHT / WIDTH)
    top = (STILL[1] - high) // 2
    live = cv2.resize(still[top : top + high], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return still, np.asarray(live, np.uint8)


def test_the_page_is_cut_from_the_finer_still() -> None:
    still, frame = seen_by_8_mp(paper("lease"))
    capture, plain = capturing(), capturing()
    (taken,) = pages([capture.look(frame, lambda: still) for _ in range(10)])
    (coarse,) = pages([plain.look(frame) for _ in range(10)])
    assert max(taken.shape) > 1.6 * max(coarse.shape)
    assert same(taken, "lease")


def test_a_still_of_another_scene_is_not_used() -> None:
    frame, capture = on_bed(paper("lease")), capturing()
    moved = np.asarray(np.roll(frame, 260, 1), np.uint8)
    looks = [capture.look(frame, lambda: moved) for _ in range(14)]
    assert pages(looks) == []
    assert looks[-1].hint == PreviewHint.HOLD_STILL


def test_a_refused_page_is_not_taken_again_at_every_frame() -> None:
    frame, capture, taken = on_bed(paper("lease")), capturing("card"), []

    def still() -> Picture:
        taken.append(frame)
        return frame

    looks = [capture.look(frame, still) for _ in range(STEADY_FRAMES + REFUSED_FRAMES - 2)]
    assert len(taken) == 1
    first = next(i for i, look in enumerate(looks) if look.hint == PreviewHint.WRONG_KIND)
    assert {look.hint for look in looks[first:]} == {PreviewHint.WRONG_KIND}, "what is wrong stays to be read"
    for _ in range(4):
        capture.look(frame, still)
    assert len(taken) == 2, "the light may have changed, though the paper has not moved"


def test_a_refused_page_that_is_moved_is_taken_again_as_soon_as_it_lies_still() -> None:
    frame, capture, taken = on_bed(paper("lease")), capturing("card"), []
    moved = np.asarray(np.roll(frame, 60, 1), np.uint8)

    def still() -> Picture:
        taken.append(moved)
        return moved

    for _ in range(STEADY_FRAMES + 2):
        capture.look(frame, lambda: frame)
    hints = [capture.look(moved, still).hint for _ in range(STEADY_FRAMES + 3)]
    assert (hints[0], hints[-1], len(taken)) == (PreviewHint.HOLD_STILL, PreviewHint.WRONG_KIND, 1)


def test_corners_are_carried_to_a_still_of_another_shape() -> None:
    still, frame = seen_by_8_mp(paper("lease"))
    quad = np.array([[100, 50], [900, 60], [880, 1000], [120, 980]], np.float32)
    (there,) = mapped(frame, still, [quad]) or []
    scale = STILL[0] / WIDTH
    assert np.allclose(there, quad * scale + (0, (STILL[1] - HEIGHT * scale) / 2), atol=2)
    assert mapped(frame, empty_bed(), [quad]) is None


def test_reading_order_goes_by_rows() -> None:
    def at(x: float, y: float) -> Found:
        return Found(np.array([[x, y], [x + 80, y], [x + 80, y + 50], [x, y + 50]], np.float32), 1.0)

    a, b, c, d = at(0, 10), at(100, 0), at(0, 100), at(100, 110)
    assert in_reading_order([d, c, b, a]) == [a, b, c, d]


def test_a_code_under_the_camera_is_told_once_as_long_as_it_lies_there() -> None:
    code = io.BytesIO()
    segno.make("BM1:T01-ABCD-000001-0").save(code, kind="png", scale=8, border=4)
    label = np.asarray(cv2.imdecode(np.frombuffer(code.getvalue(), np.uint8), cv2.IMREAD_COLOR), np.uint8)
    shown, watcher = empty_bed(), CodeWatcher()
    shown[300 : 300 + label.shape[0], 700 : 700 + label.shape[1]] = label
    said = [watcher.look(f).said for f in (empty_bed(), shown, shown, empty_bed(), shown)]
    told = CodeRead(text="BM1:T01-ABCD-000001-0")
    assert said == [None, told, None, None, told]
