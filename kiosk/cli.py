"""The ``kiosk`` command."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Literal

import typer

from kiosk.carry_cli import carry_app
from kiosk.config import ASSETS
from kiosk.conformance_cli import conformance
from kiosk.devices_cli import Config, devices_app, settings_of
from kiosk.hub_cli import hub_app
from kiosk.logs import log_as_json
from kiosk.model.clock import SystemClock
from kiosk.scan_cli import scan
from kiosk.update_cli import update_app

app = typer.Typer(no_args_is_help=True, add_completion=False, help="便民 Bianmin: self-service terminal and platform.")
catalogue_app = typer.Typer(no_args_is_help=True, help="Service packages.")
app.add_typer(devices_app, name="devices")
app.add_typer(catalogue_app, name="catalogue")
app.add_typer(hub_app, name="hub")
app.add_typer(carry_app, name="carry")
app.add_typer(update_app, name="update")
app.command()(scan)
app.command()(conformance)

Parent = Annotated[int, typer.Option(hidden=True)]
_NOT_ENROLLED = {
    "unknown_code": "the platform knows no such code: it has been used, is older than a week, or was typed wrongly",
    "taken_name": "the platform knows another terminal {terminal}; kiosk hub code --replaces {terminal} makes a code "
    "for a machine in its place",
    "wrong_suite": "the platform uses the other suite: [platform] suite",
}
"""What a technician reads, by the platform's reason."""


@app.command()
def run(
    config: Config = None,
    parent: Parent = 0,
    remote: Annotated[bool, typer.Option(hidden=True)] = False,
    trial: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the terminal: supervisor, devices and screens."""
    from kiosk.supervisor import Supervisor

    settings = settings_of(config)
    log_as_json("supervisor", parent)
    Supervisor(settings, config, SystemClock(), remote=remote, trial=trial).run()


@app.command()
def start(config: Config = None) -> None:
    """Run the terminal and its agent, in the version of the program that is the present one: what a service starts."""
    from kiosk.launcher import Launcher, NotStarted, state_of
    from kiosk.versions import Versions

    log_as_json("launcher", 0)
    try:
        versions = Versions(state_of(config))
        launcher = Launcher(versions, config, SystemClock())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: launcher.stopping.set())
        with versions.alone("start", patience=2) as alone:
            if not alone:
                raise NotStarted("it runs already")
            launcher.run()
    except NotStarted as bad:
        typer.echo(str(bad), err=True)
        raise typer.Exit(1) from None


@app.command()
def agent(config: Config = None, parent: Parent = 0) -> None:
    """Run the agent: sends cases, fetches packages; runs on when the terminal app is closed."""
    from kiosk.security.credentials import CredentialError
    from kiosk.store.database import StoreError
    from sync.agent import stop_on_signals
    from sync.assemble import NotEnrolled, make_agent
    from sync.client import NoAuthority

    settings = settings_of(config)
    log_as_json("agent", parent)
    try:
        worker = make_agent(settings, config)
    except (NotEnrolled, CredentialError, StoreError, NoAuthority) as bad:
        typer.echo(str(bad), err=True)
        raise typer.Exit(1) from None
    stop_on_signals(worker)
    worker.run()


@app.command()
def enrol(
    code: Annotated[str, typer.Argument(help="One-time code from the platform.")],
    config: Config = None,
    staff_pin: Annotated[
        str, typer.Option(prompt=True, hide_input=True, help="Opens the staff's page; empty: nobody opens it.")
    ] = "",
) -> None:
    """Enrol this terminal with its platform."""
    from sync import enrolment
    from sync.client import NoAuthority, NoNetwork, NotAuthorised, PlatformClient, Rejected

    settings = settings_of(config)
    state = settings.paths.state
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        client = PlatformClient(settings.platform.url, settings.platform.ca)
        enrolment.enrol(
            client,
            code,
            settings.terminal.code,
            settings.credentials,
            state / "platform.json",
            staff_pin,
            settings.platform.suite,
        )
    except NotAuthorised as bad:
        why = _NOT_ENROLLED.get(bad.reason, bad.reason).format(terminal=settings.terminal.code)
    except ValueError:
        why = f"{code} is no code"
    except enrolment.AlreadyEnrolled as bad:
        why = f"this terminal has an identity already: {bad}"
    except NoNetwork as bad:
        why = f"{settings.platform.url} cannot be reached: {bad}"
    except (NoAuthority, Rejected, OSError) as bad:
        why = str(bad)
    else:
        typer.echo(f"enrolled as {settings.terminal.code}")
        return
    typer.echo(f"not enrolled: {why}", err=True)
    raise typer.Exit(1)


@app.command()
def demo(
    state: Annotated[Path, typer.Option(help="Folder of the demo.")] = Path("var/demo"),
    fresh: Annotated[bool, typer.Option(help="Start with an empty folder.")] = False,
    landscape: Annotated[bool, typer.Option(help="1920 x 1080 instead of 1080 x 1920.")] = False,
) -> None:
    """Everything on this machine with simulated hardware, and the bench page to play with it."""
    from kiosk.demo import run_demo

    raise typer.Exit(run_demo(state, fresh=fresh, landscape=landscape))


@app.command()
def robot(
    out: Annotated[Path, typer.Option(help="Where the pictures and the table go.")],
    service: Annotated[str, typer.Option(help="A service id, or all.")] = "all",
    language: Annotated[Literal["zh", "en"], typer.Option(help="Of the screens.")] = "zh",
    elder: Annotated[bool, typer.Option()] = False,
    landscape: Annotated[bool, typer.Option()] = False,
) -> None:
    """The robot citizen: real touches on the real app; compares what arrived with what was entered."""
    from kiosk.robot.run import run_robot

    raise typer.Exit(run_robot(service, out, language, elder=elder, landscape=landscape))


@app.command()
def faults(
    out: Annotated[Path, typer.Option(help="Where cells, pictures and the table go; cells that are there are kept.")],
    only: Annotated[list[str] | None, typer.Option(help="Codes of the fault catalogue; without any, all.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="idle, reading, filling, scanning, printing.")] = None,
) -> None:
    """Every fault in every state of a visit: what the citizen saw, what was lost, seconds to recover."""
    from kiosk.robot.faults.causes import CAUSES
    from kiosk.robot.faults.scene import State
    from kiosk.robot.faults.table import run_faults

    if unknown := set(state or ()) - set(State):
        typer.echo(f"no such state: {', '.join(unknown)}; there are {', '.join(State)}", err=True)
        raise typer.Exit(2)
    raise typer.Exit(run_faults(out, only or list(CAUSES), [State(s) for s in state] if state else list(State)))


@catalogue_app.command("check")
def catalogue_check(folder: Path = ASSETS / "catalogue") -> None:
    """Check every package of a folder: schema, rules, translations, its own examples; and its notices."""
    from kiosk.catalogue.loader import parse_package
    from kiosk.catalogue.publish import sound_notices

    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        typer.echo(f"there are no packages in {folder}", err=True)
    failed = not paths
    for path in paths:
        try:
            package = parse_package(path.read_bytes())
            typer.echo(f"{path.name}: {package.id} {package.version}, {len(package.tests)} examples passed")
        except ValueError as bad:
            typer.echo(f"{path.name}: {bad}", err=True)
            failed = True
    try:
        for name in sound_notices(folder):
            typer.echo(f"{name}: sound")
    except ValueError as bad:
        typer.echo(str(bad), err=True)
        failed = True
    raise typer.Exit(1 if failed else 0)


@catalogue_app.command("go-back")
def catalogue_go_back(config: Config = None) -> None:
    """Offer the packages that this terminal had before the present ones, until something newer is published."""
    from sync.content import go_back

    if not go_back(settings_of(config).content):
        typer.echo("there are no packages before the present ones", err=True)
        raise typer.Exit(1)
    typer.echo("the packages before the present ones are offered from the next visit on")


@catalogue_app.command("schema")
def catalogue_schema() -> None:
    """Print the JSON Schema of a service package."""
    import json

    from kiosk.catalogue.package import ServicePackage

    typer.echo(json.dumps(ServicePackage.model_json_schema(), ensure_ascii=False, indent=1))


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
