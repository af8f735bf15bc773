"""Settings: one typed model, from a TOML file and the environment (``BIANMIN_…``)."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from kiosk.model.room import Marks

ASSETS = Path(__file__).parents[1] / "assets"
DEVICES = ("id_reader", "mrz_reader", "code_reader", "printer", "camera", "host")
OPTIONAL = frozenset({"mrz_reader", "code_reader"})
"""Devices that a terminal has only where its settings name a port for them."""


class ConfigError(Exception):
    """A setting is wrong. The text is one line: file, key, what is allowed."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TerminalSettings(_Section):
    """Which terminal this is. ``code`` starts every receipt number. ``sounds``: a short one when a page is taken."""

    code: str = Field(default="T01", pattern=r"^[0-9A-HJKMNP-TV-Z]{2,6}$")
    hall: str = "政务服务中心"
    hall_en: str = "Government Service Hall"
    number: str = "01"
    phone: str = "12345"
    sounds: bool = True


class PathSettings(_Section):
    """``state`` survives, ``runtime`` lies in memory and is forgotten with the power."""

    state: Path = Path("/var/lib/bianmin")
    runtime: Path = Path("/run/bianmin")


class DisplaySettings(_Section):
    """``px_per_mm`` from the calibration; 21.5 inch full HD has 4.03."""

    px_per_mm: float = Field(default=4.03, gt=1, lt=20)
    width: int = Field(default=1080, ge=600, le=8000)
    height: int = Field(default=1920, ge=600, le=8000)
    fullscreen: bool = True


class ReaderSettings(_Section):
    """SAM_V reader on a serial port; the path is one of /dev/serial/by-path or a native port.

    ``pcsc:NAME`` is a PC/SC reader whose name has NAME in it (``pcsc:`` alone: the first one); it needs pyscard.
    ``photo_decoder``: a vendor's program (and its arguments) that turns the card's photograph into a picture.
    ``sam_id`` is the number of the security module; where it is set, another reader is noticed. ``fingerprint``
    reads the fingerprints of the card too (they are not kept yet).
    """

    port: str = "/dev/ttyUSB0"
    sam_id: str = ""
    fingerprint: bool = False
    photo_decoder: list[str] = []


class MrzReaderSettings(_Section):
    """Reader for passports on a serial port; without a port there is none."""

    port: str = ""
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 9600


class CodeReaderSettings(_Section):
    """Reader for barcodes and QR codes on a serial port (or USB in COM mode); without a port there is none.

    ``suffix`` ends each code: ``cr`` (also CR LF), ``lf``, or ``none``. ``trigger``: how it is told to look, where it
    does not look by itself.
    """

    port: str = ""
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 9600
    suffix: Literal["cr", "lf", "none"] = "cr"
    trigger: Literal["none", "honeywell"] = "none"


class PrinterSettings(_Section):
    """``port``: a serial port, ``/dev/usb/lpN``, or ``tcp://HOST:9100``. ``profile``: how the printer reports
    (``realtime`` asked, ``automatic`` by itself, ``plain`` without QR commands, ``mute`` never)."""

    port: str = "/dev/ttyUSB1"
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    columns: Literal[32, 42, 48] = 48
    flow: Literal["none", "xonxoff", "rtscts"] = "none"
    profile: Literal["realtime", "automatic", "plain", "mute"] = "realtime"
    presenter: Literal["none", "custom", "custom-full", "citizen"] = "none"


class CameraSettings(_Section):
    """``address``: a device, a folder of pictures or a video file. ``bed_mm``: so many millimetres of the bed lie in
    the width of the picture; ``kiosk devices calibrate`` measures it. 0: unknown, sizes go by proportions alone. A
    folder or a video must show the empty bed first, or nothing is taken by itself."""

    driver: Literal["v4l2", "folder", "video", "simulated"] = "v4l2"
    address: str = "/dev/video0"
    bed_mm: float = Field(default=0.0, ge=0, le=2000)


class HostSettings(_Section):
    """Where the machine's own health is read: from the kernel, or from a file of a simulation.

    ``jump_shown``: so many seconds after a jump of the clock it is still told.
    """

    driver: Literal["kernel", "simulated"] = "kernel"
    address: str = ""
    jump_shown: float = Field(default=600, ge=1, le=86400)


class DeviceSettings(_Section):
    id_reader: ReaderSettings = ReaderSettings()
    mrz_reader: MrzReaderSettings = MrzReaderSettings()
    code_reader: CodeReaderSettings = CodeReaderSettings()
    printer: PrinterSettings = PrinterSettings()
    camera: CameraSettings = CameraSettings()
    host: HostSettings = HostSettings()


_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class PlatformSettings(_Section):
    """Where the platform is. ``http`` is for loopback only; ``ca`` is the private authority's certificate.

    ``suite``: the platform's algorithms, international or Chinese national (SM2, SM3, SM4); it is chosen before
    enrolment, and the platform takes no terminal of another suite.
    """

    url: str = Field(default="http://127.0.0.1:8300", pattern=r"^https?://")
    ca: Path | None = None
    suite: Literal["intl", "gm"] = "intl"
    heartbeat_seconds: float = Field(default=60, ge=1, le=3600)
    ratings_at_least: int = Field(default=10, ge=1, le=500)

    @model_validator(mode="after")
    def _on_a_trusted_way(self) -> PlatformSettings:
        address = urlsplit(self.url)
        if address.scheme == "http" and address.hostname not in _LOOPBACK:
            raise ValueError("http is for this machine's own addresses: use https and ca")
        if address.scheme == "https" and self.ca is None:
            raise ValueError("https needs ca, the certificate of the platform's private authority")
        return self


class RetentionSettings(_Section):
    """Days that records stay at the terminal. Cases that wait or are open stay whatever their age; what is sealed goes
    with the platform's word. ``low_days``: lines and print jobs stay no longer while the disk is below its first mark.
    """

    closed_lines_days: int = Field(default=365, ge=1, le=3650)
    print_jobs_days: int = Field(default=30, ge=1, le=3650)
    audit_days: int = Field(default=1095, ge=30, le=3650)
    low_days: int = Field(default=7, ge=1, le=3650)


class StorageSettings(Marks):
    """Room on the disk of the state folder: the marks of ``kiosk.model.room``, which are of what is free beside two
    files that are set aside. ``case_mb`` is for the visit that has begun (more, where a service may need more),
    ``drain_mb`` for the agent: with it, it sends and wipes what waits even on a disk that somebody else has filled.
    """

    case_mb: int = Field(default=32, ge=8, le=4000)
    drain_mb: int = Field(default=16, ge=4, le=1000)


class UpdateSettings(_Section):
    """A new version of the program that has come is put in place by itself from ``begins`` to ``ends``, by the hall's
    clock, when nobody uses the terminal; with ``automatic = false`` a technician does it (``kiosk update apply``)."""

    automatic: bool = True
    begins: time = time(2)
    ends: time = time(5)

    def holds(self, at: time) -> bool:
        """Whether it is between the two, which may have midnight between them."""
        if self.begins <= self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends


class IdleSettings(_Section):
    """Seconds without a touch until the warning (doubled in elder mode), and of the warning itself."""

    quiet: float = Field(default=60, ge=3, le=600)
    warning: float = Field(default=30, ge=2, le=120)


class Settings(BaseSettings):
    """All settings of a terminal."""

    model_config = SettingsConfigDict(env_prefix="BIANMIN_", env_nested_delimiter="__", extra="forbid", frozen=True)

    terminal: TerminalSettings = TerminalSettings()
    paths: PathSettings = PathSettings()
    display: DisplaySettings = DisplaySettings()
    devices: DeviceSettings = DeviceSettings()
    platform: PlatformSettings = PlatformSettings()
    idle: IdleSettings = IdleSettings()
    retention: RetentionSettings = RetentionSettings()
    storage: StorageSettings = StorageSettings()
    updates: UpdateSettings = UpdateSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def credentials(self) -> Path:
        return self.paths.state / "credentials"

    @property
    def database(self) -> Path:
        return self.paths.state / "terminal.db"

    @property
    def content(self) -> Path:
        return self.paths.state / "content"


def load_settings(path: Path | None) -> Settings:
    """Settings of a file (optional) and the environment, which goes before it.

    Raises ConfigError with one line.
    """
    where = str(path) if path else "environment"
    if path is not None and not path.exists():
        raise ConfigError(f"{path}: there is no such file")

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return FromFile()
    except ValidationError as bad:
        first = bad.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        allowed = "no such key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{where}: {key}: {allowed}") from None
    except (ValueError, OSError) as bad:
        raise ConfigError(f"{where}: {str(bad).splitlines()[0]}") from None
