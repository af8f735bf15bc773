"""``kiosk conformance``: whether a platform keeps to the protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def conformance(
    url: Annotated[str, typer.Argument(help="Address of the platform, https://… or http://127.0.0.1:8300.")],
    code: Annotated[str, typer.Option(help="A one-time code for the enrolment of a terminal.")],
    ca: Annotated[Path | None, typer.Option(help="The platform's private authority (PEM).")] = None,
    suite: Annotated[str, typer.Option(help="intl or gm.")] = "intl",
    terminal: Annotated[str, typer.Option(help="The name to enrol under: 2 to 6 of 0-9 and A-Z.")] = "ZY01",
    patience: Annotated[float, typer.Option(help="Seconds that the platform is given to open a case.")] = 10.0,
    json: Annotated[Path | None, typer.Option(help="Write the findings to this file as well.")] = None,
) -> None:
    """Run the whole protocol against any platform; 1 where a clause is not held.

    It enrols a terminal and hands in cases of an invented person: do not run it against a platform in service.
    """
    from rich.console import Console

    from kiosk.model.clock import SystemClock
    from sync.client import NoAuthority
    from sync.conformance.report import Verdict, as_json, as_table
    from sync.conformance.run import conform
    from sync.conformance.session import Session
    from sync.conformance.wire import Wire
    from sync.protocol.suites import SUITES

    if suite not in SUITES:
        typer.echo(f"the suite is one of {', '.join(SUITES)}", err=True)
        raise typer.Exit(2)
    try:
        wire = Wire(url, ca)
    except NoAuthority as bad:
        typer.echo(str(bad), err=True)
        raise typer.Exit(2) from None
    findings = conform(Session(wire, SystemClock(), code, terminal, suite, patience))
    Console().print(as_table(findings))
    if json is not None:
        json.write_text(as_json(findings, url))
    raise typer.Exit(1 if any(f.verdict == Verdict.NOT_HELD for f in findings) else 0)
