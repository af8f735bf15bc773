"""``kiosk scan``: a photograph of a paper to a straight, clean page, by the code of the terminal's own scanner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from devices.scanner.geometry import Picture
from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock, hall_date

FONT = ASSETS / "fonts" / "NotoSansSC-Regular.ttf"
REFUSED = 3


def scan(
    pictures: Annotated[list[Path], typer.Argument(help="Photographs, one page each: JPEG, PNG, TIFF, WebP, BMP.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A .pdf (PDF/A-2b) or, for one page, a .jpg.")],
    shape: Annotated[str, typer.Option(help="What it should be: a4, card, photo, free.")] = "free",
    mode: Annotated[str, typer.Option(help="colour, grey, black_and_white.")] = "colour",
    purpose: Annotated[str, typer.Option(help="Watermark: what the copy is for; the date is added.")] = "",
    mrz: Annotated[
        bool, typer.Option("--mrz", help="Read the machine-readable zone of a passport or card, too.")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="Print what was measured, as JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Keep pages that should be taken again, too.")] = False,
) -> None:
    """Straighten, clean and keep photographed pages. Ends with 3 where one should be taken again."""
    from devices.scanner.detect import PageFinder
    from devices.scanner.keep import as_jpeg
    from devices.scanner.light import Mode
    from devices.scanner.load import BadPicture, load_picture
    from devices.scanner.scan import scan as scan_picture
    from devices.scanner.way_up import WayUp
    from kiosk.cases.pdf import as_pdf

    try:
        kind = Mode(mode)
    except ValueError:
        raise typer.BadParameter(f"{mode}: there is {', '.join(Mode)}", param_hint="--mode") from None
    if out.suffix.lower() not in (".pdf", ".jpg", ".jpeg") or (out.suffix.lower() != ".pdf" and len(pictures) > 1):
        raise typer.BadParameter("a .pdf, or for one page a .jpg", param_hint="--out")
    finder, way_up, kept, lines, bad = PageFinder(), WayUp(), [], [], 0
    mark = f"{purpose} {hall_date(SystemClock().now())}" if purpose else ""
    for path in pictures:
        try:
            picture = load_picture(path.read_bytes())
            found = scan_picture(picture, finder, shape, kind, way_up)
        except (OSError, BadPicture) as wrong:
            typer.echo(f"{path}: {wrong}", err=True)
            raise typer.Exit(1) from None
        line: dict[str, Any] = {
            "file": str(path),
            "fault": found.fault.value if found.fault else None,
            "presence": round(found.presence, 3),
            "corners": [] if found.quad is None else [[round(float(v), 1) for v in p] for p in found.quad],
            "paper": found.paper.name if found.paper else None,
            "turned": found.turned,
            "codes": [{"kind": c.kind, "text": c.text} for c in found.codes],
        }
        if found.judged is not None:
            measured = {k: round(float(v), 4) for k, v in vars(found.judged).items() if k != "fault"}
            line["measured"] = measured
        if mrz:
            line["mrz"] = _zone(picture)
        lines.append(line)
        bad += found.fault is not None
        if found.page is not None and (found.fault is None or force):
            kept.append(as_jpeg(found.page, found.paper, mark, FONT))
        elif not report:
            typer.echo(f"{path}: {found.fault}: take it again, or use --force", err=True)
    if report:
        typer.echo(json.dumps(lines, ensure_ascii=False, indent=1))
    if kept:
        out.write_bytes(as_pdf(kept, purpose or out.stem) if out.suffix.lower() == ".pdf" else kept[0].jpeg)
    raise typer.Exit(REFUSED if bad and not force else 0)


def _zone(picture: Picture) -> dict[str, Any] | None:
    """The zone's lines, the characters that somebody has to confirm, and which check digits fit."""
    from devices.scanner.mrz import read_mrz

    reading = read_mrz(picture)
    if reading is None:
        return None
    doubtful = [sorted(places) for places in reading.doubtful]
    return {"format": reading.format, "lines": reading.lines, "doubtful": doubtful, "checks": reading.checks}
