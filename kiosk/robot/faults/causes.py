"""What raises each fault on simulated hardware, and what takes it back."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from kiosk.robot.faults.scene import Scene, State
from kiosk.security.credentials import load_credentials
from kiosk.store.database import Store
from kiosk.supervisor import GIVE_UP
from kiosk.versions import Versions
from sync.hub.repository import OfflineKeys
from sync.hub.services import open_platform
from sync.protocol.private_ca import make_server_files

SAM_ID = "05.01-20175207-0000174330-2019867893"
"""Of the simulated reader; the installation is set up with it."""
OTHER_SAM = "0500010067d93301faa80200f5bc6479"
KNOWN_SAM = "0500010067d93301faa80200f5bc6478"
GOOD_CARD, GARBLED = "wei", b"\xff\xf0\xff"
MB = 1_000_000
Act = Callable[[Scene], object]


@dataclass(frozen=True)
class Cause:
    """``begin`` raises the fault, ``end`` takes its cause away. ``states``: where it can arise at all, else why not.

    ``installation``: ``plain``, ``tls`` (HTTPS) or ``pcsc`` (a PC/SC reader). ``before``: what must be so when the
    visit begins.
    """

    begin: Act
    end: Act
    states: frozenset[State] = frozenset(State)
    why_not: str = ""
    installation: str = "plain"
    before: Act | None = None


def _fault(device: str, well: Mapping[str, object], **wrong: object) -> Cause:
    return Cause(
        lambda s: s.rig.order("fault", device=device, set=wrong),
        lambda s: s.rig.order("fault", device=device, set={k: well[k] for k in wrong}),
    )


def _port(device: str, **wrong: object) -> Cause:
    return _fault(device, {"refuse": "", "speaks_at": 115200}, **wrong)


def _reader(**wrong: object) -> Cause:
    return _fault("id_reader", {"mute": False, "status": None, "noise": "", "foreign": False}, **wrong)


def _printer(**wrong: object) -> Cause:
    well = {"errors": 0, "slot_bits": 0, "fed": False, "offline": False, "noise": False, "silent": False, "paper": 400}
    return _fault("printer", well, **wrong)


def _camera(**wrong: object) -> Cause:
    well = {"frozen": False, "refuse": "", "light": None, "small": False, "wrong_format": False, "late": 0.0}
    return _fault("camera", well, **wrong)


def _host(**wrong: object) -> Cause:
    well = dict.fromkeys(("disk_read_only", "temperature", "load_per_core", "undervoltage", "open_swap"))
    numbers = {"disk_free": 50_000 * MB, "memory_available": 4_000 * MB, "mains": True, "battery": 100, "cable": True}
    return _fault("host", {**well, **numbers, "clock_shift": 0.0}, **wrong)


def _plug(device: str) -> Cause:
    return Cause(lambda s: s.rig.order("unplug", device=device), lambda s: s.rig.order("plug", device=device))


def _hold(device: str) -> Cause:
    return Cause(
        lambda s: s.rig.order("hold", device=device, on=True), lambda s: s.rig.order("hold", device=device, on=False)
    )


def _cards_fail(status: int) -> Cause:
    def begin(scene: Scene) -> None:
        scene.rig.order("fault", device="id_reader", set={"bad_card": status})
        for _ in range(3):
            scene.rig.order("lay", card=GOOD_CARD)
            scene.until(lambda: scene.screen.items().get("notice"), "the words about the card")
            time.sleep(1.5)  # people lift a card that did not work after a moment
            scene.rig.order("lift")
            time.sleep(1.0)

    def end(scene: Scene) -> None:
        scene.rig.order("fault", device="id_reader", set={"bad_card": None})
        scene.rig.order("lay", card=GOOD_CARD)

    return Cause(begin, end, frozenset({State.READING}), "cards are read on the card screen only")


def _sam(identity: str) -> Act:
    def change(scene: Scene) -> None:
        scene.rig.order("unplug", device="id_reader")
        scene.rig.order("fault", device="id_reader", set={"sam_id": identity})
        scene.rig.order("plug", device="id_reader")

    return change


def _left_card() -> Cause:
    here = frozenset(State) - {State.READING}
    why = "on the card screen the card is asked for"
    return Cause(lambda s: s.rig.order("lay", card=GOOD_CARD), lambda s: s.rig.order("lift"), here, why)


def _swipes(scene: Scene) -> None:
    for _ in range(3):
        scene.rig.order("swipe", lines=["P<UTO" + "A" * 39, "0" * 44])


def _show(scene: Scene, times: int, garbled: bool) -> None:
    for n in range(times):
        data = (GARBLED + bytes((0xF0 + n,)) if garbled else b"BM1:NOT-A-RECEIPT").hex()
        scene.rig.order("show", hex=data)


def _given_up(scene: Scene) -> None:
    for _ in range(GIVE_UP):
        scene.kill("printer")


def _store_away(scene: Scene) -> None:
    """The database cannot be opened any more, and the worker that had it open has crashed."""
    folder = scene.stack.terminal_folder
    kept = folder / "kept"
    kept.mkdir()
    scene.stack.kill("agent")
    for name in ("terminal.db", "terminal.db-wal", "terminal.db-shm"):
        if (folder / name).exists():
            shutil.copy2(folder / name, kept / name)
    (folder / "terminal.db").write_bytes(b"no database" * 1000)
    _next_worker(scene)


def _store_back(scene: Scene) -> None:
    folder = scene.stack.terminal_folder
    for path in (folder / "kept").iterdir():
        shutil.copy2(path, folder / path.name)
    shutil.rmtree(folder / "kept")
    scene.stack.start_part("agent")
    _next_worker(scene)


def _next_worker(scene: Scene) -> None:
    """The one that serves and the one that waits both read the store when they start: the one that waits goes first."""
    pid = scene.screen.where()["pid"]
    for process in sorted(scene.processes("ui.app"), key=lambda p: p.pid == pid):
        process.kill()
    scene.screen.wait(lambda now: now["pid"] != pid, "the next worker", 20)


def _old_backlog(scene: Scene) -> None:
    """The only case that waits is made four days old."""
    store = Store(
        scene.stack.terminal_folder / "terminal.db",
        load_credentials(scene.stack.terminal_folder / "credentials").store_key,
    )
    old = (datetime.now(UTC) - timedelta(days=4)).isoformat()
    with store.transaction():
        store.db.conn.execute("UPDATE case_line SET created = ? WHERE case_id IN (SELECT case_id FROM outbox)", (old,))
    store.close()


def _other_authority(scene: Scene) -> None:
    folder, kept = scene.stack.tls_folder, scene.stack.tls_folder.with_name("tls-kept")
    folder.rename(kept)
    now = datetime.now(UTC)
    made = make_server_files(folder, ["127.0.0.1"], now, now + timedelta(days=1))
    shutil.copy2(kept / "ca.pem", made.authority)  # the terminal still trusts the old one
    scene.restart("hub")


def _own_authority(scene: Scene) -> None:
    folder, kept = scene.stack.tls_folder, scene.stack.tls_folder.with_name("tls-kept")
    shutil.rmtree(folder)
    kept.rename(folder)
    scene.restart("hub")


def _bad_version(scene: Scene) -> None:
    """A version is published that was not well at this terminal."""
    version = "999.0"
    Versions(scene.stack.terminal_folder).fail(version, "it did not come up")
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "catalogue"
        shutil.copytree(ASSETS / "catalogue", sources)
        name = f"bianmin-{version}-py3-none-any.whl"
        (sources / "updates" / "wheels").mkdir(parents=True)
        (sources / "updates" / "wheels" / name).write_bytes(b"nothing")
        (sources / "updates" / f"{version}.yaml").write_text(f'version: "{version}"\nwheels: [{name}]\n')
        _publish(scene, sources)


def _no_version(scene: Scene) -> None:
    _publish(scene, ASSETS / "catalogue")


def _publish(scene: Scene, sources: Path) -> None:
    folder = scene.stack.hub_folder
    platform = open_platform(folder, None, SystemClock())
    platform.repository.publish(sources, OfflineKeys(folder / "offline"))
    platform.engine.dispose()


def _instead(who: str) -> Cause:
    return _fault("network", {"instead": ""}, instead=who)


CAUSES: dict[str, Cause] = {
    "reader_missing": _plug("id_reader"),
    "reader_port_busy": _port("id_reader", refuse="busy"),
    "reader_no_permission": _port("id_reader", refuse="no_permission"),
    "reader_stuck": _hold("id_reader"),
    "reader_silent": _reader(mute=True),
    "reader_garbled": _reader(noise="checksum"),
    "reader_wrong_device": _reader(foreign=True),
    "reader_pcsc": Cause(
        lambda s: s.rig.order("fault", device="pcsc", set={"broken": True}),
        lambda s: s.rig.order("fault", device="pcsc", set={"broken": False}),
        installation="pcsc",
    ),
    "reader_swapped": Cause(_sam(OTHER_SAM), _sam(KNOWN_SAM)),
    "reader_slow_line": _port("id_reader", speaks_at=9600),
    "reader_self_test": _reader(status=0x60),
    "reader_not_authorised": _reader(status=0x66),
    "reader_refuses": _reader(status=0x23),
    "reader_dirty": _cards_fail(0x41),
    "reader_rejects_cards": _cards_fail(0x31),
    "card_left": _left_card(),
    "mrz_reader_missing": _plug("mrz_reader"),
    "mrz_reader_port_busy": _port("mrz_reader", refuse="busy"),
    "mrz_reader_no_permission": _port("mrz_reader", refuse="no_permission"),
    "mrz_reader_garbled": Cause(
        _swipes,
        lambda s: s.rig.order("swipe"),
        frozenset({State.READING}),
        "passports are read on the card screen only",
    ),
    "code_reader_missing": _plug("code_reader"),
    "code_reader_port_busy": _port("code_reader", refuse="busy"),
    "code_reader_no_permission": _port("code_reader", refuse="no_permission"),
    "code_reader_garbled": Cause(
        lambda s: _show(s, 3, True),
        lambda s: _show(s, 1, False),
        frozenset({State.IDLE}),
        "codes are asked for at the welcome and the look-up screen only",
    ),
    "code_left": Cause(lambda s: _show(s, 9, False), lambda _s: None),
    "printer_missing": _plug("printer"),
    "printer_port_busy": _port("printer", refuse="busy"),
    "printer_no_permission": _port("printer", refuse="no_permission"),
    "printer_stuck": _hold("printer"),
    "printer_silent": _printer(silent=True),
    "printer_garbled": _printer(noise=True),
    "paper_out": _printer(paper=0),
    "paper_low": _printer(paper=45),
    "printer_cover_open": Cause(lambda s: s.rig.order("cover", open=True), lambda s: s.rig.order("cover", open=False)),
    "printer_cutter": _printer(errors=0x08),
    "printer_error": _printer(errors=0x20),
    "printer_mechanical": _printer(errors=0x04),
    "printer_hot": _printer(errors=0x40),
    "printer_feeding": _printer(fed=True),
    "printer_offline": _printer(offline=True),
    "printer_presenter": _printer(slot_bits=0x40),
    "printer_jam": _printer(slot_bits=0x80),
    "receipt_left": Cause(
        lambda _s: None,
        lambda s: s.rig.order("tear"),
        frozenset({State.PRINTING}),
        "a receipt comes after the submission only",
    ),
    "camera_missing": _plug("camera"),
    "camera_busy": _camera(refuse="busy"),
    "camera_no_permission": _camera(refuse="no_permission"),
    "camera_frozen": _camera(frozen=True),
    "camera_black": _camera(light=2),
    "camera_white": _camera(light=254),
    "camera_small": _camera(small=True),
    "camera_format": _camera(wrong_format=True),
    "camera_slow": Cause(
        lambda s: s.rig.order("fault", device="camera", set={"late": 0.25}),
        lambda s: s.rig.order("fault", device="camera", set={"late": 0.0}),
        frozenset({State.SCANNING}),
        "frames are counted while somebody looks at them only",
    ),
    "disk_low": _host(disk_free=1_500 * MB),
    "disk_scarce": _host(disk_free=400 * MB),
    "disk_full": _host(disk_free=100 * MB),
    "disk_read_only": _host(disk_read_only=True),
    "memory_low": _host(memory_available=100 * MB),
    "host_hot": _host(temperature=85.0),
    "host_too_hot": _host(temperature=97.0),
    "host_busy": _host(load_per_core=6.0),
    "on_battery": _host(mains=False),
    "battery_low": _host(mains=False, battery=12),
    "undervoltage": _host(undervoltage=True),
    "clock_jumped": _host(clock_shift=7200.0),
    "clock_behind": _host(clock_shift=-3600.0 * 24 * 3000),
    "swap_open": _host(open_swap=True),
    "device_process": Cause(lambda s: s.kill("code_reader"), lambda _s: None),
    "device_given_up": Cause(_given_up, lambda _s: None),
    "store_unavailable": Cause(_store_away, _store_back),
    "network_cable": _host(cable=False),
    "platform_unreachable": _plug("network"),
    "platform_portal": _instead("portal"),
    "platform_certificate": Cause(_other_authority, _own_authority, installation="tls"),
    "platform_refuses": _instead("refuse"),
    "backlog_old": Cause(
        _old_backlog,
        lambda s: s.rig.order("plug", device="network"),
        frozenset({State.PRINTING}),
        "it takes a case that waits",
        before=lambda s: s.rig.order("unplug", device="network"),
    ),
    "update_failed": Cause(_bad_version, _no_version),
}
