"""``kiosk update``: versions of the program on this terminal, and how one is made ready to be published."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.devices_cli import Config, settings_of
from kiosk.logs import log_as_json

if TYPE_CHECKING:
    from kiosk.config import Settings
    from kiosk.versions import Versions
    from sync.updates import Updates

update_app = typer.Typer(no_args_is_help=True, help="Versions of this program.")
WAIT = 180.0
"""Seconds that a technician is kept waiting for a version to be taken over; a visit may last longer."""
LOOK, PATIENCE = 0.5, 30.0
Parent = Annotated[int, typer.Option(hidden=True)]


def _failed(why: str, code: int = 1) -> typer.Exit:
    typer.echo(why, err=True)
    return typer.Exit(code)


def _opened(settings: Settings) -> tuple[Updates, datetime]:
    """What is published for this terminal, and the time that decides whether it has ended. The database, where this
    version can read it, knows the platform's time; it is not needed for more."""
    from kiosk.model.clock import Clock, SystemClock, TrustedClock
    from kiosk.security.credentials import CredentialError, load_credentials
    from kiosk.security.trust import expiry_time, load_trust, time_floor
    from kiosk.store.database import Store, StoreError
    from kiosk.versions import Versions
    from sync.updates import Updates

    trust = load_trust(settings.paths.state / "platform.json")
    if trust is None:
        raise _failed("this terminal is not enrolled: kiosk enrol CODE")
    clock: Clock = SystemClock()
    now = max(clock.now(), datetime.fromisoformat(trust.platform_time))
    with suppress(CredentialError, StoreError):
        store = Store(settings.database, load_credentials(settings.credentials).store_key)
        now = expiry_time(store, trust, TrustedClock(clock, time_floor(store, trust)))
        store.close()
    versions = Versions(settings.paths.state)
    return Updates(versions, settings.content, trust.root.encode(), settings.terminal.code), now


@update_app.command("list")
def show(config: Config = None) -> None:
    """Which version runs, which one it can go back to, what is ready, what is on its way, what was not well."""
    from kiosk.versions import name_of

    updates, now = _opened(settings_of(config))
    versions, own = updates.versions, version_of("bianmin")
    current = name_of(versions.current) or own
    typer.echo(f"{current}: runs" + ("" if versions.watched else " (kiosk start is not running)"))
    if versions.previous:
        typer.echo(f"{name_of(versions.previous)}: kiosk update go-back")
    if versions.wanted:
        typer.echo(f"{name_of(versions.wanted)}: is taken over when nobody uses the terminal")
    for offer in updates.offers(now):
        release = offer.release
        if release.version == current:
            continue
        if why := versions.failures.get(release.version):
            typer.echo(f"{release.version}: not by itself any more: {why}")
            continue
        missing, whole = updates.missing(offer), sum(offer.files.size(path) for path in offer.wheels)
        state = "ready: kiosk update apply" if not missing else f"{(whole - missing) * 100 // whole} % of it is here"
        since = f", from {release.since} on by itself" if release.since else ""
        typer.echo(f"{release.version}: {state}{since}")


@update_app.command()
def apply(
    wanted: Annotated[str, typer.Argument(metavar="[VERSION]", help="Without it, the newest that is ready.")] = "",
    config: Config = None,
    parent: Parent = 0,
) -> None:
    """Put a version in place that has been fetched: built beside the present one, examined, and taken over when nobody
    uses the terminal. Where it does not come up, the present one is back by itself."""
    from packaging.version import Version

    from kiosk.installing import NotNow, NotWell, install
    from kiosk.versions import name_of

    settings = settings_of(config)
    if parent:
        log_as_json("update", parent)
    updates, now = _opened(settings)
    versions = updates.versions
    present = Version(name_of(versions.current) or version_of("bianmin"))
    ready = [
        o
        for o in updates.offers(now)
        if not updates.missing(o)
        and (o.release.version == wanted or (not wanted and o.release.number > present))
        and (wanted or o.release.version not in versions.failures)
    ]
    if not ready:
        raise _failed(f"{wanted or 'a newer version'} is not ready; see kiosk update list")
    if ready[0].release.number == present:
        raise _failed(f"{present} runs already")
    version = ready[0].release.version
    with versions.alone("build", PATIENCE) as alone:
        if not alone:
            raise _failed("another version is just being put in place")
        os.nice(10)  # a visit goes first
        try:
            folder = install(updates, ready[0], config, settings.storage.low_mb)
        except NotNow as no:
            raise _failed(f"{version} is not put in place: {no}") from None
        except NotWell as no:
            versions.fail(version, str(no))
            raise _failed(f"{version} is not put in place, it is not well here: {no}") from None
        versions.want(folder)
    _wait(versions, folder, patient=not parent)


@update_app.command("go-back")
def go_back(config: Config = None) -> None:
    """Take the version before the present one again, if it knows the database as it is now."""
    from kiosk.installing import NotNow, NotWell, examine
    from kiosk.versions import Versions, name_of

    settings = settings_of(config)
    versions = Versions(settings.paths.state)
    previous, present = versions.previous, name_of(versions.current)
    if not previous:
        raise _failed("there is no version to go back to")
    with versions.alone("build", PATIENCE) as alone:
        if not alone:
            raise _failed("a version is just being put in place")
        try:
            examine(versions, previous, config)
        except (NotNow, NotWell) as no:
            raise _failed(f"{name_of(previous)} does not do here any more: {no}") from None
        versions.fail(present, "a technician went back from it")
        versions.want(previous)
    _wait(versions, previous, patient=True)


def _wait(versions: Versions, folder: str, *, patient: bool) -> None:
    """Until ``folder`` was taken over, and tell how that went."""
    from kiosk.versions import name_of

    version = name_of(folder)
    if not versions.watched:
        typer.echo(f"{version} is ready; it is taken over with the next kiosk start")
        return
    until = time.monotonic() + (WAIT if patient else 0)
    while time.monotonic() < until and (versions.wanted == folder or versions.trial is not None):
        time.sleep(LOOK)
    if versions.wanted == folder or versions.trial is not None:
        typer.echo(f"{version} is ready; it is taken over when nobody uses the terminal")
    elif versions.current != folder:
        why = versions.failures.get(version, "another one was wanted meanwhile")
        raise _failed(f"{version} was taken back, {name_of(versions.current)} runs again: {why}")
    else:
        typer.echo(f"{version} runs")


@update_app.command()
def check(config: Config = None) -> None:
    """Whether this version would be well on this terminal: settings, database (a copy of it), packages, screens."""
    from kiosk.health import Unwell, examine

    try:
        examine(config)
    except Unwell as no:
        sys.stdout.flush()
        sys.stderr.write(f"{no}\n")
        sys.stderr.flush()
        os._exit(1)
    sys.stdout.write(f"{version_of('bianmin')} is well here\n")
    sys.stdout.flush()
    os._exit(0)  # Qt has been loaded, and has nothing to do at an end


@update_app.command()
def pack(
    folder: Annotated[Path, typer.Argument(help="Folder of service packages; what is made goes to updates/ in it.")],
    wheels: Annotated[
        list[Path], typer.Option(help="Folder of wheels, fetched before: pip download -r LOCK -d FOLDER.")
    ],
    lock: Annotated[Path, typer.Option(help="Locked requirements with hashes.")] = Path("requirements/terminal.txt"),
    project: Annotated[Path, typer.Option(help="The checkout to pack.")] = Path(),
) -> None:
    """Make the version of a checkout ready to be published, for machines like this one and without a network."""
    import tempfile

    from packaging.utils import parse_wheel_filename

    target = folder / "updates"
    with tempfile.TemporaryDirectory() as made:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
        quiet = ["--quiet", "--no-index", "--no-cache-dir"]
        found = [f"--find-links={path}" for path in wheels]
        locked = ["--only-binary=:all:", "--require-hashes", "-r", str(lock)]
        own = ["--no-deps", "--no-build-isolation", "-w", made, str(project)]
        for command in ([*pip, "download", *quiet, *found, "-d", made, *locked], [*pip, "wheel", *quiet, *own]):
            if subprocess.run(command, check=False).returncode != 0:
                raise typer.Exit(1)
        names = sorted(path.name for path in Path(made).glob("*.whl"))
        version = next(str(v) for p, v, *_ in map(parse_wheel_filename, names) if p == "bianmin")
        _store(Path(made), target, names, version)
    typer.echo(f"{target / version}.yaml: {len(names)} wheels; publish it with kiosk hub publish {folder}")


def _store(made: Path, target: Path, names: list[str], version: str) -> None:
    import yaml

    from kiosk.catalogue.release import Release
    from kiosk.durable import whole_or_not

    (target / "wheels").mkdir(parents=True, exist_ok=True)
    release = Release(version=version, wheels=names)
    for name in names:
        with whole_or_not(target / "wheels" / name) as part:
            part.write_bytes((made / name).read_bytes())
    with whole_or_not(target / f"{version}.yaml") as part:
        part.write_text(yaml.safe_dump(release.model_dump(mode="json", exclude_none=True), sort_keys=False))
