"""``kiosk hub``: the reference platform and what its operators do with it."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.config import ASSETS
from kiosk.hub_checks import check_place, failed, told
from kiosk.logs import log_as_json
from kiosk.model.clock import SystemClock

if TYPE_CHECKING:
    from sync.hub.repository import OfflineKeys
    from sync.hub.services import Platform, Storage

hub_app = typer.Typer(add_completion=False, invoke_without_command=True, help="The reference platform.")

Keys = Annotated[Path | None, typer.Option(help="Folder of the keys of root and targets; else FOLDER/offline.")]
Folder = Annotated[Path, typer.Option(envvar="BIANMIN_HUB_FOLDER", help="Where the platform keeps its things.")]


@dataclass(frozen=True)
class _Where:
    """What all commands share."""

    folder: Path
    storage: Storage
    packages: Path
    suite: str
    leftover_days: int
    part_days: int

    def platform(self, *, begins: bool = True) -> Platform:
        """Opened; a new one publishes its packages, unless it is not to begin."""
        from sync.hub.leftovers import Times
        from sync.hub.services import open_platform

        times = Times(timedelta(days=self.leftover_days), timedelta(days=self.part_days))
        with told():
            packages = self.packages if begins else None
            return open_platform(self.folder, packages, SystemClock(), self.suite, self.storage, times)

    def offline(self, keys: Path | None) -> OfflineKeys:
        from sync.hub.repository import OfflineKeys

        return OfflineKeys(keys or self.folder / "offline")


def _where(context: typer.Context) -> _Where:
    found = context.obj
    assert isinstance(found, _Where)
    return found


@hub_app.callback()
def hub(
    context: typer.Context,
    folder: Folder = Path("/var/lib/bianmin-hub"),
    database: Annotated[
        str, typer.Option(envvar="BIANMIN_HUB_DATABASE", help="postgresql://…; without it SQLite in the folder.")
    ] = "",
    blobs: Annotated[
        str, typer.Option(envvar="BIANMIN_HUB_BLOBS", help="s3://BUCKET/PREFIX; without it files in the folder.")
    ] = "",
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8300,
    packages: Annotated[Path, typer.Option(help="Service packages that a new platform publishes.")] = ASSETS
    / "catalogue",
    tls: Annotated[Path | None, typer.Option(help="Folder of server.pem and server.key, see certificate.")] = None,
    suite: Annotated[
        str, typer.Option(help="Algorithms of a new platform's keys: intl or gm (SM2, SM3, SM4).")
    ] = "intl",
    leftover_days: Annotated[
        int, typer.Option(min=1, envvar="BIANMIN_HUB_LEFTOVER_DAYS", help="Sealed files that no case names go then.")
    ] = 30,
    part_days: Annotated[
        int, typer.Option(min=1, envvar="BIANMIN_HUB_PART_DAYS", help="Parts of files that do not grow go then.")
    ] = 7,
    processes: Annotated[
        int, typer.Option(min=1, max=64, envvar="BIANMIN_HUB_PROCESSES", help="On the same port; one a core.")
    ] = 1,
    parent: Annotated[int, typer.Option(hidden=True)] = 0,
    beside: Annotated[bool, typer.Option("--beside", hidden=True)] = False,
) -> None:
    """Run the platform; or, with a command, do something to it. Options stand before the command."""
    from sync.hub.main import serve
    from sync.hub.processes import Processes
    from sync.hub.services import Storage

    where = _Where(folder, Storage(database, blobs), packages, suite, leftover_days, part_days)
    context.obj = where
    if context.invoked_subcommand is not None:
        return
    if not beside:
        check_place(host, port, tls)
    log_as_json("hub", parent)
    if processes > 1 and not beside:
        where.platform().engine.dispose()  # what is new about it is made once, and what is wrong is told once
        again = ["--parent", str(os.getpid()), "--beside"]
        Processes([sys.executable, "-m", "kiosk.cli", *sys.argv[1:], *again], processes).run()
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN if parent else signal.default_int_handler)
    files = (tls / "server.pem", tls / "server.key") if tls else None
    serve(where.platform(), host, port, files, alone=not beside)


@hub_app.command()
def certificate(
    folder: Annotated[Path, typer.Argument(help="A new folder: ca.pem for the terminals, server.pem and server.key.")],
    hosts: Annotated[list[str], typer.Argument(help="Names and addresses under which the platform is reached.")],
    years: Annotated[int, typer.Option(min=1, max=20)] = 5,
) -> None:
    """Make a private certificate authority and the platform's certificate."""
    from sync.protocol.private_ca import make_server_files

    now = SystemClock().now()
    try:
        files = make_server_files(folder, hosts, now, now + timedelta(days=365 * years))
    except (OSError, ValueError) as bad:
        raise failed(str(bad)) from None
    typer.echo(f"for the terminals: {files.authority}\nfor the platform: kiosk hub --tls {folder}")


@hub_app.command()
def user(
    context: typer.Context,
    name: str,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    role: Annotated[
        str, typer.Option(help="clerk, technician, auditor or admin; a new user without it is a clerk.")
    ] = "",
) -> None:
    """Create a user of the console, or change the password, or the role too."""
    from sync.hub.roles import Role
    from sync.hub.users import Unfit
    from sync.hub.words import load_words

    try:
        _where(context).platform().users.set_password(name, password, Role(role) if role else None)
    except Unfit as bad:
        raise failed(load_words()["en"][bad.word]) from None
    except ValueError:
        raise failed(f"there is no role {role}") from None


@hub_app.command()
def code(
    context: typer.Context,
    replaces: Annotated[str, typer.Option(help="The terminal whose place a new machine takes.")] = "",
) -> None:
    """Print a one-time code for the enrolment of a terminal; it is valid for a week."""
    from sync.hub.terminals import NoSuchTerminal

    try:
        typer.echo(_where(context).platform().desk.new_code(replaces))
    except NoSuchTerminal:
        raise failed(f"no terminal {replaces} whose place could be taken") from None


@hub_app.command()
def revoke(context: typer.Context, terminal: str) -> None:
    """Hear a terminal no more: it was stolen, say. What it holds stays sealed to the platform."""
    if not _where(context).platform().desk.revoke(terminal, "operator"):
        raise failed(f"no terminal {terminal} that may speak")
    typer.echo(f"{terminal} is revoked")


@hub_app.command("rotate-key")
def rotate_key(
    context: typer.Context,
    acknowledging: Annotated[
        bool, typer.Option("--acknowledging", help="The key that signs acknowledgements, not the one to seal to.")
    ] = False,
    stolen: Annotated[
        list[str] | None, typer.Option(help="Id of an acknowledging key whose word counts no more from now on.")
    ] = None,
) -> None:
    """Draw a new key; terminals learn it, signed, with their next sign of life. Restart the platform.

    Older keys to seal to are kept; the private half of an older acknowledging key is gone at once.
    """
    from sync.hub.keys import save

    if stolen and not acknowledging:
        raise failed("--stolen names acknowledging keys: give --acknowledging with it")
    platform = _where(context).platform()
    now = platform.clock.now()
    try:
        keys = platform.keys.succeeded(now, stolen or []) if acknowledging else platform.keys.rotated(now)
    except ValueError as bad:
        raise failed(f"{bad}; there are {', '.join(_acknowledging(platform))}") from None
    save(platform.folder / "keys.json", keys)
    if acknowledging:
        typer.echo(f"new key {keys.acknowledging.key_id}; terminals believe {len(keys.earlier)} older ones")
    else:
        typer.echo(f"new key {keys.sealing[0].key_id}; {len(keys.sealing) - 1} older ones are kept")


def _acknowledging(platform: Platform) -> list[str]:
    """Ids of all acknowledging keys that there were, the present one last."""
    return [*(s.by.key_id for s in platform.keys.successions), platform.keys.acknowledging.key_id]


@hub_app.command("retire-keys")
def retire_keys(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=30, help="Keys that were replaced longer ago are destroyed.")] = 180,
) -> None:
    """Destroy old sealing keys. Cases that were opened stay readable; what was sealed to them and still comes does not
    open any more."""
    from sync.hub.keys import save

    platform = _where(context).platform()
    keys = platform.keys.retired(platform.clock.now() - timedelta(days=days))
    save(platform.folder / "keys.json", keys)
    typer.echo(f"{len(platform.keys.sealing) - len(keys.sealing)} keys destroyed, {len(keys.sealing)} kept")


@hub_app.command()
def publish(
    context: typer.Context,
    packages: Annotated[
        Path, typer.Argument(help="Folder of service packages, with notices in notices/ and versions in updates/.")
    ],
    keys: Keys = None,
) -> None:
    """Publish a folder of packages, notices and versions of the program, and nothing else: terminals offer them for 90
    days. Needs the key of targets."""
    where = _where(context)
    platform = where.platform()
    try:
        names = platform.repository.publish(packages, where.offline(keys))
    except (ValueError, OSError) as bad:
        raise failed(str(bad)) from None
    typer.echo(f"published: {', '.join(names)}; good until {platform.repository.packages_end():%Y-%m-%d}")


@hub_app.command("re-sign")
def re_sign(context: typer.Context) -> None:
    """Say again that what is published is the latest; a platform that runs does so by itself."""
    try:
        _where(context).platform().repository.re_sign()
    except ValueError as bad:
        raise failed(str(bad)) from None


@hub_app.command("rotate-publisher")
def rotate_publisher(
    context: typer.Context,
    role: Annotated[str, typer.Argument(help="root, targets, or timestamp, which is snapshot's, too.")],
    keys: Keys = None,
) -> None:
    """Draw a new key for a role of the published files; terminals follow by themselves. Needs the key of root."""
    from sync.hub.keys import KeyPair, save

    where = _where(context)
    platform = where.platform()

    def keep(drawn: KeyPair) -> None:
        save(where.folder / "keys.json", platform.keys.model_copy(update={"publishing": drawn}))

    if role not in ("root", "targets", "timestamp"):
        raise failed("roles: root, targets, timestamp")
    try:
        platform.repository.rotate(role, where.offline(keys), keep)
    except ValueError as bad:
        raise failed(str(bad)) from None
    typer.echo(f"terminals believe another key of {role} now")
    if role == "timestamp":
        typer.echo("restart the platform")


@hub_app.command("take-in")
def take_in(context: typer.Context, files: list[Path]) -> None:
    """Take in cases that were carried here on a disk, and write the platform's word beside them."""
    from sync.carry import save_receipts
    from sync.hub.carried import NoCarried
    from sync.hub.carried import take_in as take

    platform = _where(context).platform()
    failed = False
    for file in files:
        try:
            taken = take(file, platform.door, platform.blobs)
        except NoCarried as bad:
            typer.echo(str(bad), err=True)
            failed = True
            continue
        platform.worker.work_off()
        beside = save_receipts(file, taken.acknowledgements)
        typer.echo(f"{file.name}: {len(taken.acknowledgements)} cases are here; their receipts: {beside}")
        for line in taken.refused:
            typer.echo(f"  not taken: {line}", err=True)
        failed = failed or bool(taken.refused)
    raise typer.Exit(1 if failed else 0)


@hub_app.command("back-up")
def back_up(
    context: typer.Context, target: Annotated[Path, typer.Argument(help="A folder; may hold an older backup.")]
) -> None:
    """Write all rows and sealed files to a folder while the platform runs on. The keys are no part of it."""
    from sync.hub.backup import BackupError
    from sync.hub.backup import back_up as write

    platform = _where(context).platform()
    try:
        counted = write(platform.engine, platform.blobs, target)
    except (BackupError, OSError) as bad:
        raise failed(str(bad)) from None
    typer.echo(f"{counted.rows} rows, {counted.blobs} sealed files; keep {platform.folder / 'keys.json'} elsewhere")


@hub_app.command()
def restore(context: typer.Context, source: Path) -> None:
    """Fill an empty platform from a backup. Put its keys.json into the folder first."""
    from sync.hub.backup import BackupError
    from sync.hub.backup import restore as load

    where = _where(context)
    if not (where.folder / "keys.json").exists():
        raise failed(f"put the platform's keys to {where.folder / 'keys.json'} first: without them no case opens")
    platform = where.platform(begins=False)
    try:
        counted = load(source, platform.engine, platform.blobs)
    except BackupError as bad:
        raise failed(str(bad)) from None
    typer.echo(f"{counted.rows} rows and {counted.blobs} sealed files are back")
    typer.echo("run kiosk hub publish PACKAGES: terminals take no files that are older than those they have")


@hub_app.command()
def migrate(
    context: typer.Context,
    citus: Annotated[bool, typer.Option(help="Spread the tables over the servers of a Citus cluster.")] = False,
    show: Annotated[bool, typer.Option(help="Print the statements and do nothing.")] = False,
) -> None:
    """Make the tables of this version; with --citus, distribute them."""
    from sync.hub.distribution import statements

    if show:
        typer.echo("\n".join(f"{s};" for s in statements()))
        return
    where = _where(context)
    if citus and not where.storage.database:
        raise failed("--citus needs --database postgresql://…")
    platform = where.platform()
    if citus:
        try:
            with told(), platform.engine.begin() as connection:
                for statement in statements():
                    connection.exec_driver_sql(statement)
        finally:
            platform.engine.dispose()
    typer.echo("the tables are there" + (" and distributed" if citus else ""))


@hub_app.command("mock-department")
def mock_department(
    port: int = 8400,
    mood: Annotated[str, typer.Option(help="well, slow, down, wrong, page, other, returned or moody.")] = "well",
) -> None:
    """A department to try the platform with: it can be slow, down or wrong. Nothing that it gets is kept."""
    from sync.hub.departments.mock import Mood, serving

    try:
        chosen = Mood(mood)
    except ValueError:
        raise failed(f"moods: {', '.join(Mood)}") from None
    with told(), serving(chosen, port) as department:
        typer.echo(f"{department.url} ({chosen}); Ctrl-C ends it")
        signal.pause()
