"""``kiosk scan``: a photograph of a paper to a straight, clean page, by the code of the terminal's own scanner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from kiosk.config import ASSETS
from kiosk.durable import whole_or_not
from kiosk.ipc.device_messages import PreviewHint
from kiosk.model.clock import SystemClock, hall_date

if TYPE_CHECKING:
    from devices.scanner.geometry import Picture
    from devices.scanner.scan import Scan

FONT = ASSETS / "fonts" / "NotoSansSC-Regular.ttf"
REFUSED = 3
SHAPES = ("a4", "card", "photo", "receipt", "free")
WRONG = {
    PreviewHint.NO_PAGE: "no page is seen; lay it on a ground of another colour, whole in the picture",
    PreviewHint.CUT_OFF: "a part of the page is outside of the picture",
    PreviewHint.TOO_DARK: "too dark",
    PreviewHint.BLURRED: "blurred",
    PreviewHint.GLARE: "a lamp shines back from the page",
    PreviewHint.FINGER: "a finger covers a part of the page",
    PreviewHint.BLANK: "nothing is on this side of the page",
    PreviewHint.WRONG_KIND: "not the kind of paper that was asked for",
    PreviewHint.SMALL: "the page is too small in the picture to be read; go nearer",
}


def scan(
    pictures: Annotated[
        list[Path],
        typer.Argument(help="Photographs, one page each (of a TIFF, each page): JPEG, PNG, TIFF, WebP, BMP."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="A .pdf (PDF/A-2b) or, for one page, a .jpg.")],
    shape: Annotated[str, typer.Option(help=f"What it should be: {', '.join(SHAPES)}.")] = "free",
    mode: Annotated[str, typer.Option(help="colour, grey, black_and_white.")] = "colour",
    purpose: Annotated[str, typer.Option(help="Watermark: what the copy is for; the date is added.")] = "",
    bed: Annotated[
        Path | None, typer.Option(help="A picture of the empty bed: each paper that lies apart on it becomes a page.")
    ] = None,
    mrz: Annotated[
        bool, typer.Option("--mrz", help="Read the machine-readable zone of a passport or card, too.")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="Print what was measured, as JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Keep pages that should be taken again, too.")] = False,
) -> None:
    """Straighten, clean and keep photographed pages. Ends with 3 where one should be taken again."""
    from devices.scanner.bed import BedReference
    from devices.scanner.detect import PageFinder
    from devices.scanner.keep import as_jpeg
    from devices.scanner.light import Mode
    from devices.scanner.scan import scan as scan_largest
    from devices.scanner.scan import scan_all
    from devices.scanner.way_up import WayUp
    from kiosk.cases.pdf import as_pdf

    try:
        kind = Mode(mode)
    except ValueError:
        raise typer.BadParameter(f"{mode}: there is {', '.join(Mode)}", param_hint="--mode") from None
    if shape not in SHAPES:
        raise typer.BadParameter(f"{shape}: there is {', '.join(SHAPES)}", param_hint="--shape")
    if out.suffix.lower() not in (".pdf", ".jpg", ".jpeg") or (out.suffix.lower() != ".pdf" and len(pictures) > 1):
        raise typer.BadParameter("a .pdf, or for one page a .jpg", param_hint="--out")
    finder, way_up, kept, lines, left = PageFinder(), WayUp(), [], [], 0
    reference = BedReference()
    if bed is not None:
        reference.learn(next(_pictures(bed)))
    purpose = " ".join(purpose.split())  # a watermark is one line
    mark = _mark(purpose, hall_date(SystemClock().now()))
    for path in pictures:
        number = 0
        for picture in _pictures(path):
            lying = reference.look(picture)
            if bed is not None and lying is None:
                _end(f"{path}: not the bed, or not the light, of {bed}")
            pages = (
                [scan_largest(picture, finder, shape, kind, way_up)]
                if lying is None
                else scan_all(picture, finder, lying, shape, kind, way_up)
            )
            for found in pages:
                number += 1
                lines.append(_measured(path, found) | ({"mrz": _zone(picture)} if mrz else {}))
                keep = found.fault is None or force
                then = ""
                if found.page is not None and keep:
                    kept.append(as_jpeg(found.page, found.paper, mark, FONT))
                else:
                    left += 1
                    way = ", or use --force" if found.page is not None else ""
                    then = f" (not kept: take it again{way})"
                if found.fault is not None:
                    which = f"{path}, page {number}" if max(number, len(pages)) > 1 else f"{path}"
                    typer.echo(f"{which}: {WRONG[found.fault]}{then}", err=True)
    if report:
        typer.echo(json.dumps(lines, ensure_ascii=False, indent=1))
    if out.suffix.lower() != ".pdf" and len(kept) > 1:
        _end(f"{len(kept)} pages do not fit into one .jpg: name a .pdf")
    if kept:
        _write(out, as_pdf(kept, purpose or _text(out.stem)) if out.suffix.lower() == ".pdf" else kept[0].jpeg)
    raise typer.Exit(REFUSED if left else 0)


def _mark(purpose: str, day: str) -> str:
    """The watermark, in the language of ``purpose``; none without one."""
    if not purpose:
        return ""
    return f"For {purpose} only, {day}" if purpose.isascii() else f"仅用于{purpose} {day}"


def _text(name: Path | str) -> str:
    """``name`` as text, whatever bytes it has: names from old archives are in another code."""
    return str(name).encode(errors="replace").decode()


def _pictures(path: Path) -> Iterator[Picture]:
    """The pictures in ``path``, one by one; ends the command with one line where there is none."""
    from devices.scanner.load import BadPicture, load_pages

    try:
        yield from load_pages(path.read_bytes())
    except BadPicture as wrong:
        _end(f"{path}: {wrong}")
    except OSError as wrong:
        _end(f"{path}: {wrong.strerror}")


def _write(out: Path, data: bytes) -> None:
    try:
        with whole_or_not(out) as part:
            part.write_bytes(data)
    except OSError as wrong:
        _end(f"{out} cannot be written: {wrong.strerror}")


def _end(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1) from None


def _measured(path: Path, found: Scan) -> dict[str, Any]:
    line: dict[str, Any] = {
        "file": _text(path),
        "fault": found.fault.value if found.fault else None,
        "presence": round(found.presence, 3),
        "corners": [] if found.quad is None else [[round(float(v), 1) for v in p] for p in found.quad],
        "paper": found.paper.name if found.paper else None,
        "turned": found.turned,
        "codes": [{"kind": c.kind, "text": c.text} for c in found.codes],
    }
    if found.judged is not None:
        line["measured"] = {k: round(float(v), 4) for k, v in vars(found.judged).items() if k != "fault"}
    return line


def _zone(picture: Picture) -> dict[str, Any] | None:
    """The zone's lines, the characters that somebody has to confirm, and which check digits fit."""
    from devices.scanner.mrz import read_mrz

    reading = read_mrz(picture)
    if reading is None:
        return None
    doubtful = [sorted(places) for places in reading.doubtful]
    return {"format": reading.format, "lines": reading.lines, "doubtful": doubtful, "checks": reading.checks}
