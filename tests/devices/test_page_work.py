"""A page's proportions, light, lines, and the file it is kept in."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from pikepdf import pdfa
from PIL import Image

from devices.scanner.finish import finished
from devices.scanner.flatten import flattened
from devices.scanner.geometry import Picture, Quad
from devices.scanner.judge import judge, wrong_kind
from devices.scanner.keep import BUDGET, MOST_PIXELS, Kept, as_jpeg
from devices.scanner.light import Mode, even_light, in_mode
from devices.scanner.proportions import A4, A5, CARD, PASSPORT, PHOTO, paper_of, rectified, true_ratio
from devices.scanner.straighten import straightened
from devices.scanner.text_lines import ink, skew, turned
from kiosk.cases.pdf import FLAVOUR, as_pdf, on_one_sheet, one_sheet_holds
from kiosk.config import ASSETS
from kiosk.ipc.device_messages import PreviewHint

FONT = ASSETS / "fonts" / "NotoSansSC-Regular.ttf"
RED, BLUE = (40, 30, 210), (180, 90, 30)


def lease(height: int = 1800) -> Picture:
    page = np.asarray(cv2.imread(str(ASSETS / "papers" / "lease.png")), np.uint8)
    size = (round(page.shape[1] * height / page.shape[0]), height)
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)


def seen_at_an_angle(chance: np.random.Generator, width: float, height: float, side: int = 1920) -> np.ndarray:
    """Corners of a ``width`` by ``height`` page before a camera of some focal length, turned by up to 30 degrees."""
    focal = chance.uniform(0.9, 1.6) * side
    turn, _ = cv2.Rodrigues(np.array([chance.uniform(-0.5, 0.5), chance.uniform(-0.5, 0.5), chance.uniform(-0.4, 0.4)]))
    flat = np.array([[-width, -height, 0], [width, -height, 0], [width, height, 0], [-width, height, 0]]) / 2
    placed = flat @ turn.T + np.array([chance.uniform(-40, 40), chance.uniform(-40, 40), 520])
    return (placed[:, :2] / placed[:, 2:] * focal + side / 2).astype(np.float32)


@pytest.mark.parametrize(("width", "height"), [(210, 297), (297, 210), (85.6, 53.98), (80, 240)])
def test_true_proportions_come_out_of_an_angle(width: float, height: float) -> None:
    chance = np.random.default_rng(3)
    errors = [
        abs(true_ratio(seen_at_an_angle(chance, width, height), 1920, 1920) * height / width - 1) for _ in range(100)
    ]
    assert np.median(errors) < 0.005
    assert max(errors) < 0.05


@pytest.mark.parametrize(
    ("ratio", "shape", "paper"),
    [
        (0.71, "free", A4),
        (1.42, "a4", A4),
        (1.59, "free", CARD),
        (1.50, "card", CARD),
        (2.4, "a4", None),
        (1.0, "free", None),
    ],
)
def test_a_paper_is_known_by_its_proportions(ratio: float, shape: str, paper: object) -> None:
    assert paper_of(ratio, shape) == paper


@pytest.mark.parametrize("ratio", [1.39, 1.414, 1.42, 1.44])
def test_papers_of_the_proportions_of_a4_are_told_by_their_size_alone(ratio: float) -> None:
    assert paper_of(ratio, "free") == paper_of(ratio, "a4") == A4
    for paper in (A4, A5, PASSPORT):
        assert paper_of(ratio, "free", paper.long * 1.03) == paper
    assert paper_of(ratio, "a4", A5.long) == A5
    assert paper_of(ratio, "free", 160.0) is None


def test_a_receipt_is_as_long_as_it_is_and_as_wide_as_a_roll() -> None:
    for long, width in ((240, 80), (97, 58)):
        found = paper_of(width / long, "receipt", long * 1.04)
        assert found is not None
        assert (found.name, found.short, round(found.long)) == ("receipt", width, long)
    unknown = paper_of(3.0, "receipt")
    assert unknown is not None
    assert (unknown.short, unknown.long) == (80, 240)
    assert paper_of(1.1, "receipt") is None  # no strip
    assert paper_of(1.414, "receipt", 297.0) is None  # of no roll's width
    sheet = np.full((1200, 400, 3), 255, np.uint8)
    assert not wrong_kind(sheet, "receipt", 0.0)
    assert not wrong_kind(sheet, "receipt", 5.0)
    assert wrong_kind(sheet, "receipt", 2.0)
    assert wrong_kind(sheet[:400], "receipt", 0.0)


def test_a_receipt_at_an_angle_keeps_its_length() -> None:
    picture = np.full((1920, 1920, 3), 60, np.uint8)
    corners = seen_at_an_angle(np.random.default_rng(5), 80, 240)
    page, found = rectified(picture, corners, "receipt")
    assert found is not None
    assert page.shape[0] / page.shape[1] == pytest.approx(3.0, rel=0.03)
    assert found.long == pytest.approx(240, rel=0.03)


def test_a_lamp_that_shines_back_is_seen_and_white_paper_is_none() -> None:
    plain = cv2.GaussianBlur((lease() * 0.82).astype(np.uint8), (0, 0), 0.6)
    height, width = plain.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    spot = np.exp(-(((x - width * 0.45) / (width * 0.16)) ** 2 + ((y - height * 0.4) / (width * 0.12)) ** 2) * 1.5)
    lamp = np.clip(plain + 420 * spot[:, :, None], 0, 255).astype(np.uint8)
    assert judge(lamp, A4, "a4").fault == PreviewHint.GLARE
    assert judge(plain, A4, "a4").fault is None


def test_a_page_on_a_bed_of_known_scale_has_its_true_size() -> None:
    picture, quad, _sheet = bowed(0.0)
    for paper in (A4, A5):
        assert straightened(picture, quad, "a4", px_per_mm=1500 / paper.long)[1] == paper
    # A paper of no known size has the dots of the bed, however short it is.
    assert judge(lease(), None, "free", bed_px_per_mm=6.0).dpi == pytest.approx(152.4)


def test_a_shadow_and_a_colour_cast_go_and_a_stamp_stays() -> None:
    page = lease()
    height, width = page.shape[:2]
    cv2.circle(page, (width * 2 // 3, height * 4 // 5), 130, RED, 10)
    cv2.rectangle(page, (60, 60), (400, 180), BLUE, -1)
    y, x = np.mgrid[0:height, 0:width]
    light = 0.6 + 0.4 * x / width
    light *= 1 - 0.35 * cv2.GaussianBlur(((0.7 * x + y) > height * 0.8).astype(np.float32), (0, 0), 14)
    seen = (page * light[:, :, None] * np.array([0.78, 0.92, 1.0])).astype(np.uint8)
    done = even_light(seen)
    paper = page.min(2) > 240
    inner = cv2.erode(paper.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    white = done[inner].astype(int)
    assert np.abs(white.mean(0) - white.mean()).max() < 4, "a cast stays"
    assert np.percentile(white.min(1), 5) > 215, "a shadow stays"
    stamp = np.median(done[np.all(page == RED, axis=2)], 0)
    assert stamp[2] > stamp[0] + 80
    assert stamp[2] > stamp[1] + 80
    block = np.median(done[100:140, 100:360].reshape(-1, 3), 0)
    assert block[0] > block[2] + 60, "a blue block is bleached"


def test_a_page_at_the_limit_of_the_camera_is_left_alone() -> None:
    white = np.full((400, 300, 3), 255, np.uint8)
    assert (finished(white, "a4") >= 240).all()


def test_a_photograph_is_not_taken_for_a_shadow() -> None:
    portrait = np.asarray(cv2.imread(str(ASSETS / "papers" / "photo.png")), np.uint8)
    assert (finished(portrait, "photo") == portrait).all()


@pytest.mark.parametrize("degrees", [-3.0, -1.0, 0.0, 1.5, 4.0])
def test_crooked_lines_are_levelled(degrees: float) -> None:
    crooked = turned(lease(), degrees)
    assert skew(ink(crooked)) == pytest.approx(-degrees, abs=0.3)
    assert abs(skew(ink(turned(crooked, skew(ink(crooked)))))) <= 0.3


def bowed(bow: float) -> tuple[Picture, Quad, Picture]:
    """A page whose top and bottom bow by ``bow`` of its height, its corners, and the page as it is."""
    sheet = lease(1500)
    high, wide = sheet.shape[:2]
    mat = np.full((1900, 1700, 3), (60, 70, 58), np.float32)
    mat += np.random.default_rng(0).normal(0, 3, (1900, 1700, 1))
    x, y = np.meshgrid(np.arange(1700, dtype=np.float32) - 300, np.arange(1900, dtype=np.float32) - 200)
    y = (y + bow * high * np.sin(np.pi * np.clip(x / wide, 0, 1))).astype(np.float32)
    on_it = (x >= 0) & (x < wide) & (y >= 0) & (y < high)
    seen = np.where(on_it[:, :, None], cv2.remap(sheet, x, y, cv2.INTER_LINEAR) * 0.95, mat)
    quad = np.array([[300, 200], [300 + wide, 200], [300 + wide, 200 + high], [300, 200 + high]], np.float32)
    return np.clip(seen, 0, 255).astype(np.uint8), quad, sheet


def alike(a: Picture, b: Picture) -> float:
    """Correlation letter by letter: lines that are off by their own height have none."""
    one, two = (cv2.resize(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), (500, 700)).astype(float) for p in (a, b))
    return float(np.corrcoef(one.ravel(), two.ravel())[0, 1])


@pytest.mark.parametrize("bow", [-0.03, -0.015, 0.015, 0.03])
def test_a_curled_page_is_laid_flat(bow: float) -> None:
    picture, quad, sheet = bowed(bow)
    assert alike(rectified(picture, quad, "a4")[0], sheet) < 0.2
    assert alike(straightened(picture, quad, "a4")[0], sheet) > 0.6


@pytest.mark.parametrize("bow", [0.0, 0.003])
def test_a_flat_page_is_left_as_it_is(bow: float) -> None:
    picture, quad, _sheet = bowed(bow)
    assert flattened(picture, quad, rectified(picture, quad, "a4")[0]) is None


def test_a_card_is_never_bent() -> None:
    picture, quad, _sheet = bowed(0.03)
    assert np.array_equal(straightened(picture, quad, "card")[0], rectified(picture, quad, "card")[0])


def test_black_and_white_has_two_values_and_grey_no_colour() -> None:
    page = lease()
    assert set(np.unique(in_mode(page, Mode.BLACK_AND_WHITE))) == {0, 255}
    grey = in_mode(page, Mode.GREY).astype(int)
    assert (grey.max(2) == grey.min(2)).all()


@pytest.mark.parametrize(
    ("spoil", "hint"),
    [
        (lambda p: p, None),
        (lambda p: cv2.GaussianBlur(p, (0, 0), 6), PreviewHint.BLURRED),
        (lambda p: (p * 0.2).astype(np.uint8), PreviewHint.TOO_DARK),
        (lambda p: np.full_like(p, 236), PreviewHint.BLANK),
        (lambda p: cv2.resize(p, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA), PreviewHint.SMALL),
    ],
)
def test_one_thing_to_change_is_named(spoil: object, hint: PreviewHint | None) -> None:
    page = np.asarray(spoil(lease()), np.uint8)  # type: ignore[operator]
    assert judge(page, A4, "a4", least_dpi=100).fault == hint


def test_a_card_in_place_of_a_page_is_another_kind() -> None:
    card = np.asarray(cv2.imread(str(ASSETS / "papers" / "bank_card.png")), np.uint8)
    assert judge(card, CARD, "a4").fault == PreviewHint.WRONG_KIND
    assert judge(card, CARD, "card").fault is None
    # On a bed of known scale an A5 in place of an A4 is noticed too.
    assert judge(lease(), A4, "a4", bed_px_per_mm=1800 / 297).fault is None
    assert judge(lease(), A4, "a4", bed_px_per_mm=1800 / 150).fault == PreviewHint.WRONG_KIND


@pytest.mark.parametrize("name", ["authorisation", "lease", "referral", "statement"])
def test_a_page_of_print_is_no_photograph_where_the_scale_of_the_bed_is_not_known(name: str) -> None:
    page = np.asarray(cv2.imread(str(ASSETS / "papers" / f"{name}.png")), np.uint8)
    portrait = np.asarray(cv2.imread(str(ASSETS / "papers" / "photo.png")), np.uint8)
    assert judge(page, PHOTO, "photo").fault == PreviewHint.WRONG_KIND
    assert judge(portrait, PHOTO, "photo").fault is None


def test_a_finger_on_the_page_is_noticed_and_a_face_on_it_is_not() -> None:
    page = lease()
    assert judge(page, A4, "a4").fault is None
    cv2.ellipse(page, (page.shape[1] - 40, 900), (170, 45), 8, 0, 360, (140, 170, 222), -1)
    assert judge(page, A4, "a4").fault == PreviewHint.FINGER
    portrait = np.asarray(cv2.imread(str(ASSETS / "papers" / "photo.png")), np.uint8)
    assert judge(portrait, None, "photo").fault is None


@pytest.mark.parametrize("light", [(215, 190, 220), (255, 255, 255), (190, 225, 250)])
def test_a_finger_is_noticed_on_tinted_paper_and_under_a_warm_lamp(light: tuple[int, int, int]) -> None:
    page = (lease() * (np.array(light) / 255)).astype(np.uint8)
    assert judge(page, A4, "a4").fault is None
    cv2.ellipse(page, (page.shape[1] - 40, 900), (170, 45), 8, 0, 360, (110, 160, 205), -1)
    assert judge(page, A4, "a4").fault == PreviewHint.FINGER


def test_a_page_with_too_few_dots_is_called_small_and_not_soft() -> None:
    few = cv2.resize(lease(), None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    soft = np.asarray(cv2.GaussianBlur(few, (0, 0), 2.5), np.uint8)
    assert judge(soft, A4, "a4", least_dpi=140).fault == PreviewHint.SMALL
    assert judge(soft, A4, "a4").fault == PreviewHint.BLURRED


def test_a_page_of_unknown_size_keeps_no_more_pixels_than_an_a4() -> None:
    fine = np.asarray(cv2.resize(lease(), (2700, 3300)), np.uint8)
    kept = as_jpeg(fine, None)
    assert kept.dpi == 0
    assert len(kept.jpeg) <= BUDGET
    assert kept.width * kept.height <= MOST_PIXELS
    assert kept.width / kept.height == pytest.approx(2700 / 3300, abs=0.001)


def test_a_page_is_kept_within_its_budget_without_metadata() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (3508, 2480, 3)).astype(np.uint8)
    for page in (lease(3508), noise):
        kept = as_jpeg(page, A4, "仅用于：居住证申领 2026-03-02", FONT)
        assert len(kept.jpeg) <= BUDGET
        picture = Image.open(io.BytesIO(kept.jpeg))
        assert picture.size == (kept.width, kept.height)
        assert not picture.getexif()
        assert "exif" not in picture.info
    text = as_jpeg(lease(3508), A4)
    assert text.dpi == pytest.approx(200, rel=0.01)


def test_the_watermark_is_everywhere_and_covers_no_letter() -> None:
    page = lease(2339)
    marked = cv2.imdecode(np.frombuffer(as_jpeg(page, A4, "仅用于：居住证申领 2026-03-02", FONT).jpeg, np.uint8), 1)
    assert marked.shape == page.shape
    darker = (page.astype(int) - marked).mean(2) > 12
    rows, columns = darker.shape[0] // 4, darker.shape[1] // 3
    parts = [
        darker[y : y + rows, x : x + columns].mean()
        for y in range(0, 4 * rows, rows)
        for x in range(0, 3 * columns, columns)
    ]
    assert min(parts) > 0.01
    letters = page.max(2) < 60
    assert marked.max(2)[letters].mean() < 90


def test_several_pages_become_one_archivable_file_at_true_size() -> None:
    pages = [
        as_jpeg(lease(), A4),
        as_jpeg(np.asarray(cv2.imread(str(ASSETS / "papers" / "bank_card.png")), np.uint8), CARD),
    ]
    data = as_pdf(pages, "租房合同")
    assert pdfa.validate_written(io.BytesIO(data), FLAVOUR).passed
    with pikepdf.open(io.BytesIO(data)) as whole:
        sizes = [[float(v) / 72 * 25.4 for v in page.MediaBox[2:]] for page in whole.pages]
    assert sizes[0] == pytest.approx([210, 297], abs=1.5)
    assert sizes[1] == pytest.approx([85.6, 53.98], abs=1.5)


def test_nothing_touches_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a file is written")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert as_pdf([as_jpeg(lease(), A4)], "x").startswith(b"%PDF")


def test_without_pages_there_is_no_file() -> None:
    with pytest.raises(ValueError, match="page"):
        as_pdf([], "x")
    with pytest.raises(Exception, match=r".+"):
        as_pdf([Kept(b"no jpeg", 1, 1, 200)], "x")


def test_both_sides_of_a_card_lie_on_one_sheet_at_their_true_size() -> None:
    side = np.full((540, 856, 3), 200, np.uint8)
    kept = as_jpeg(side, CARD)
    document = on_one_sheet([kept, kept], "card")
    with pikepdf.open(io.BytesIO(document)) as pdf:
        assert len(pdf.pages) == 1
        assert [round(float(v) / 72 * 25.4) for v in pdf.pages[0].mediabox[2:]] == [210, 297]
        places = [list(i.operands) for i in pikepdf.parse_content_stream(pdf.pages[0]) if str(i.operator) == "cm"]
    # Each is drawn as large as the card is: 85.6 mm wide at 0 degrees.
    inches = kept.width / kept.dpi
    assert inches * 25.4 == pytest.approx(85.6, abs=0.3)
    assert len(places) >= 2
    assert pdfa.validate_written(io.BytesIO(document), FLAVOUR).passed
    with pytest.raises(ValueError, match="fit"):
        on_one_sheet([kept] * 5, "card")
    with pytest.raises(ValueError, match="side"):
        on_one_sheet([], "card")


def test_a_side_of_unknown_size_keeps_a_page_of_its_own() -> None:
    card, whole = (
        as_jpeg(np.full((540, 856, 3), 200, np.uint8), CARD),
        as_jpeg(np.full((1080, 1920, 3), 90, np.uint8), None),
    )
    assert one_sheet_holds([card, card])
    assert not one_sheet_holds([card, whole])
    with pikepdf.open(io.BytesIO(as_pdf([card, whole], "card"))) as pdf:
        assert len(pdf.pages) == 2
