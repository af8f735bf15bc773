"""What a worker needs of this terminal: catalogue, store, intake. Or the reason why it can take in nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from kiosk.cases.size import largest
from kiosk.cases.submit import Intake, TerminalIdentity
from kiosk.catalogue.loader import Catalogue, load_catalogue
from kiosk.config import Settings
from kiosk.model.clock import Clock, SystemClock, TrustedClock
from kiosk.model.fault import Fault, load_faults
from kiosk.model.room import MB
from kiosk.security.credentials import CredentialError, load_credentials
from kiosk.security.trust import expiry_time, load_trust, sealing_key, time_floor
from kiosk.store.database import Store, StoreError
from kiosk.store.pages import SealedFiles
from kiosk.store.print_ledger import PrintLedger
from kiosk.store.receipt_counter import ReceiptCounter, boot_id
from kiosk.store.room import CASE_RESERVE, Reserve

FAULTS = Path(__file__).parents[1] / "devices" / "faults.toml"


@dataclass(frozen=True)
class Opened:
    """The parts that exist only when the store is open."""

    store: Store
    room: Reserve
    intake: Intake
    ledger: PrintLedger
    staff_pin: str


@dataclass(frozen=True)
class Terminal:
    """``opened`` is None where intake must stop; ``trouble`` then says why, for the technician. ``published`` names the
    set of published files that ``catalogue`` was loaded from."""

    settings: Settings
    clock: Clock
    faults: dict[str, Fault]
    catalogue: Catalogue = field(default_factory=Catalogue)
    opened: Opened | None = None
    trouble: str = ""
    published: str = ""

    def renewed(self) -> Terminal:
        """With the packages and notices that are published now; itself where it has them."""
        present = _published(self.settings)
        if present == self.published or self.opened is None:
            return self
        trust = load_trust(self.settings.paths.state / "platform.json")
        if trust is None:
            return self
        now = expiry_time(self.opened.store, trust, self.clock)
        catalogue = load_catalogue(self.settings.content / "current", trust.root.encode(), now)
        return replace(self, catalogue=catalogue, published=present)


def _published(settings: Settings) -> str:
    """The name of the present set; each set has another one."""
    try:
        return (settings.content / "current").readlink().name
    except OSError:
        return ""


def open_terminal(settings: Settings) -> Terminal:
    """Open what there is. Never raises for a broken store or a missing enrolment: the screen says so instead."""
    faults = load_faults(FAULTS)
    raw = SystemClock()
    trust = load_trust(settings.paths.state / "platform.json")
    if trust is None:
        return Terminal(settings, raw, faults, trouble="not enrolled")
    try:
        secrets = load_credentials(settings.credentials)
        store = Store(settings.database, secrets.store_key)
    except (CredentialError, StoreError) as bad:
        return Terminal(settings, raw, faults, trouble=str(bad))
    clock = TrustedClock(raw, time_floor(store, trust))
    code = settings.terminal.code
    files = SealedFiles(settings.paths.state / "sealed")
    counter = ReceiptCounter(store, code, settings.paths.runtime / "receipt-mark", boot_id())
    published = _published(settings)
    identity = TerminalIdentity(code, secrets.signing_key, secrets.tag_key, sealing_key(trust))
    catalogue = load_catalogue(settings.content / "current", trust.root.encode(), expiry_time(store, trust, clock))
    size = max(settings.storage.case_mb * MB, *(largest(s) for s in catalogue.services.values()), 0)
    return Terminal(
        settings=settings,
        clock=clock,
        faults=faults,
        catalogue=catalogue,
        published=published,
        opened=Opened(
            store,
            Reserve(settings.paths.state / CASE_RESERVE, size),
            Intake(store, files, counter, identity, raw, clock),
            PrintLedger(store),
            secrets.staff_pin,
        ),
    )
