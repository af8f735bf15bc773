"""``kiosk devices``: what a technician does with the hardware, with the terminal itself stopped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from kiosk.config import ConfigError, Settings, load_settings
from kiosk.ipc.device_messages import CardRead, PrintDocument, ReaderMode, SetReaderMode
from kiosk.model.clock import SystemClock
from kiosk.model.identity import masked_name, masked_number
from kiosk.model.paper import PaperDocument, QrCode, Rule, Words

devices_app = typer.Typer(no_args_is_help=True, help="Attached devices.")
Config = Annotated[Path | None, typer.Option(help="Settings file (TOML).")]
CONFIG_EXIT = 2
SERIAL = ("id_reader", "mrz_reader", "code_reader", "printer")
TEST_RECEIPT = PaperDocument(
    parts=[Words(text="试打 Test", size=2), Rule(), Words(text="中文，标点：（）￥——"), QrCode(data="BM-TEST")]
)


def settings_of(config: Path | None) -> Settings:
    """The settings; a wrong one is told in one line, and ends with code 2."""
    try:
        return load_settings(config)
    except ConfigError as bad:
        typer.echo(str(bad), err=True)
        raise typer.Exit(CONFIG_EXIT) from None


@devices_app.command("list")
def devices_list(config: Config = None) -> None:
    """Serial ports and cameras of this machine, and which device the settings give each to."""
    from devices.ports import cameras, serial_ports

    devices = settings_of(config).devices
    used = {getattr(devices, name).port: name for name in SERIAL}
    table = Table("kind", "path", "name", "settings")
    for path, name in serial_ports():
        table.add_row("serial", path, name, used.get(path, ""))
    for path, name in cameras():
        table.add_row("camera", path, name, "camera" if devices.camera.address == path else "")
    Console().print(table)


@devices_app.command("probe")
def devices_probe(
    ports: Annotated[list[str] | None, typer.Argument(help="Ports to ask; without any, all serial ports.")] = None,
) -> None:
    """Ask each port who is there: ID reader, printer, or nobody. Stop the terminal first; it holds its ports."""
    from devices.other_links import open_link
    from devices.ports import serial_ports
    from devices.probe import probe

    clock = SystemClock()
    asked = ports or [port for port, _text in serial_ports()]
    if not asked:
        typer.echo("no serial ports")
    for port in asked:
        found = probe(port, lambda baud, port=port: open_link(port, baud, clock), clock)  # type: ignore[misc]
        typer.echo(f"{port}  {found.kind}  {found.baud or ''}  {found.detail}".rstrip())


@devices_app.command("calibrate")
def devices_calibrate(
    shape: Annotated[str, typer.Option(help="What lies under the camera: a4 or card.")] = "a4",
    config: Config = None,
) -> None:
    """Measure how much of the bed the document camera sees, by a paper of known size. Stop the terminal first."""
    from devices.camera.calibrate import NotCalibrated, frame_rate, measured
    from devices.camera.sources import SourceLost, open_source
    from devices.scanner.proportions import A4, CARD

    papers = {"a4": A4, "card": CARD}
    if shape not in papers:
        raise typer.BadParameter("a4 or card", param_hint="--shape")
    camera = settings_of(config).devices.camera
    try:
        source = open_source(camera.driver, camera.address)
        try:
            bed = measured(source, papers[shape])
            rate, said = frame_rate(source, time.monotonic), source.said_rate
        finally:
            source.close()
    except (SourceLost, NotCalibrated) as bad:
        typer.echo(f"not calibrated: {bad}", err=True)
        raise typer.Exit(1) from None
    says = f"the camera says {said:.0f}" if said else "the camera says nothing of it"
    typer.echo(f"{rate:.1f} pictures a second ({says})")
    typer.echo(f"stills of {bed.width} x {bed.height} pixels, {bed.dpi:.0f} dots an inch on the bed; in the settings:")
    typer.echo(f"[devices.camera]\nbed_mm = {bed.bed_mm:.1f}")


@devices_app.command("record")
def devices_record(
    device: Annotated[str, typer.Argument(help=", ".join(SERIAL))],
    file: Annotated[Path, typer.Argument(help="A new file; only you may read it.")],
    seconds: Annotated[float, typer.Option(help="How long.")] = 30.0,
    config: Config = None,
) -> None:
    """Run one driver and record every byte on its line. Use a test card: the file holds what is on it.

    Readers are told to read, the printer prints a test receipt.
    """
    from devices.drivers import make_driver
    from devices.other_links import open_link
    from devices.recording import Recorder, run
    from kiosk.driver_settings import driver_settings

    if device not in SERIAL:
        typer.echo(f"{device}: there is {', '.join(SERIAL)}", err=True)
        raise typer.Exit(CONFIG_EXIT)
    clock = SystemClock()
    try:
        recorder = Recorder(file, device, clock)
    except OSError as bad:
        typer.echo(str(bad), err=True)
        raise typer.Exit(1) from None

    def emit(message: BaseModel, fds: Sequence[int] = ()) -> None:
        recorder.event(message)
        typer.echo(_shown(message))

    driver = make_driver(
        device,
        driver_settings(settings_of(config), device),
        lambda address, flow: recorder.opener(lambda baud: open_link(address, baud, clock, flow=flow)),
        clock,
        emit,
    )
    order = PrintDocument(job="test", document=TEST_RECEIPT) if device == "printer" else None
    run(driver, recorder, order or SetReaderMode(mode=ReaderMode.READ), seconds, time.sleep)
    typer.echo(f"{driver.state.availability}  {', '.join(sorted(driver.state.faults))}")


@devices_app.command("replay")
def devices_replay(file: Path, config: Config = None) -> None:
    """Run a driver over a recording, and print what it tells. Ends with 1 where it acts otherwise than then."""
    from devices.drivers import make_driver
    from devices.recording import Replay, ReplayDiffers, play
    from kiosk.driver_settings import driver_settings

    try:
        replay = Replay(file)
        own = driver_settings(settings_of(config), replay.device)

        def emit(message: BaseModel, fds: Sequence[int] = ()) -> None:
            typer.echo(_shown(message))

        driver = make_driver(replay.device, own, lambda _address, _flow: replay.open, replay.clock, emit)
        play(replay, driver)
    except (OSError, ValueError, AttributeError, ReplayDiffers) as bad:
        typer.echo(str(bad), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{driver.state.availability}  {', '.join(sorted(driver.state.faults))}")


def _shown(message: BaseModel) -> str:
    """One line for a terminal window: who looks over the shoulder learns no name."""
    fields: dict[str, Any] = message.model_dump(mode="json")
    if isinstance(message, CardRead):
        document = message.document
        fields["document"] = f"{document.kind} {masked_name(document.name)} {masked_number(document.number)}"
    return " ".join(str(v) for v in fields.values())
