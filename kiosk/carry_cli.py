"""``kiosk carry``: bring cases to the platform on a disk where no network reaches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel

from kiosk.config import Settings
from kiosk.devices_cli import Config, settings_of

if TYPE_CHECKING:
    from kiosk.security.credentials import Credentials
    from kiosk.store.database import Store

carry_app = typer.Typer(no_args_is_help=True, help="Carry cases to the platform on a disk.")


@carry_app.command()
def out(folder: Path, config: Config = None) -> None:
    """Write all that waits to be sent to FOLDER on a disk. The terminal keeps it until the platform has it."""
    from kiosk.model.clock import SystemClock
    from kiosk.store.cases import CaseRepository
    from kiosk.store.pages import SealedFiles
    from sync.carry import CarryError, write
    from sync.protocol.wire import Purpose, SignedRequest

    settings = settings_of(config)
    store, credentials = _opened(settings)
    files = SealedFiles(settings.paths.state / "sealed")
    clock, terminal = SystemClock(), settings.terminal.code

    def sign(purpose: Purpose, body: BaseModel) -> SignedRequest:
        at = clock.now().isoformat()
        return SignedRequest.make(settings.platform.suite, terminal, credentials.signing_key, purpose, at, body)

    try:
        written = write(CaseRepository(store, files), files, sign, terminal, folder, clock)
    except CarryError as bad:
        typer.echo(str(bad), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{written.cases} cases, {written.size // 1_000_000 + 1} MB: {written.file}")
    typer.echo("At the platform: kiosk hub take-in FILE; bring the file .receipts back: kiosk carry back FILE")


@carry_app.command()
def back(file: Path, config: Config = None) -> None:
    """Take the platform's receipts from a disk, and wipe the cases that it holds now."""
    from kiosk.model.clock import SystemClock
    from kiosk.security.trust import load_trust
    from kiosk.store.cases import CaseRepository
    from kiosk.store.pages import SealedFiles
    from sync.carry import CarryError, take_receipts

    settings = settings_of(config)
    store, _credentials = _opened(settings)
    trust = load_trust(settings.paths.state / "platform.json")
    if trust is None:
        typer.echo("this terminal is not enrolled", err=True)
        raise typer.Exit(1)
    cases = CaseRepository(store, SealedFiles(settings.paths.state / "sealed"))
    try:
        taken = take_receipts(cases, trust.believes, file, SystemClock().now().isoformat())
    except CarryError as bad:
        typer.echo(str(bad), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{taken} cases are at the platform and wiped here; {cases.backlog()} still wait")


def _opened(settings: Settings) -> tuple[Store, Credentials]:
    from kiosk.security.credentials import CredentialError, load_credentials
    from kiosk.store.database import Store, StoreError

    try:
        credentials = load_credentials(settings.credentials)
        return Store(settings.database, credentials.store_key), credentials
    except (CredentialError, StoreError) as bad:
        typer.echo(str(bad), err=True)
        raise typer.Exit(1) from None
