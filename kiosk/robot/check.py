"""Compares what arrived at the platform with what the robot entered, field by field and picture by picture."""

from __future__ import annotations

import io
import time
from pathlib import Path

import cv2
import numpy as np
import pikepdf
from sqlalchemy import func, select

from devices.scanner.geometry import Picture
from devices.simulators.people import PEOPLE
from kiosk.config import ASSETS
from kiosk.model.clock import SystemClock
from kiosk.robot.plans import Plan
from sync.hub.schema import cases, ratings, terminals
from sync.hub.services import Platform, open_platform
from sync.hub.vault import NoSuchCase, Reader
from sync.protocol.case_file import document_id

ARRIVAL = 30.0
READER = Reader("robot", "check")
ALIKE = 0.85
"""Correlation; different sample papers stay below 0.75, the same one reaches 0.94."""
MARGIN = 6


class PlatformCheck:
    """Looks into the platform's own store, with the platform's own keys."""

    def __init__(self, folder: Path) -> None:
        self._platform: Platform = open_platform(folder, ASSETS / "catalogue", SystemClock())

    def count(self, receipt: str) -> int:
        """How many cases have this number."""
        query = select(func.count()).select_from(cases).where(cases.c.receipt == receipt)
        with self._platform.engine.connect() as connection:
            return int(connection.scalar(query) or 0)

    def ratings(self) -> list[tuple[str, int]]:
        """Service and level of every rating."""
        with self._platform.engine.connect() as connection:
            return [(r.service, r.level) for r in connection.execute(select(ratings)).all()]

    def calls(self) -> int:
        """How many people wait for help, as far as the platform knows."""
        with self._platform.engine.connect() as connection:
            return int(connection.scalar(select(func.sum(terminals.c.calls))) or 0)

    def differences(self, receipt: str, plan: Plan) -> list[str]:
        """Wait for the case with this number; what differs from the plan. Empty: nothing does."""
        deadline = time.monotonic() + ARRIVAL
        while not self._opened(receipt):
            if time.monotonic() > deadline:
                return [f"{receipt} has not arrived, or was not opened"]
            time.sleep(0.05)
        with self._platform.engine.connect() as connection:
            rows = connection.execute(select(cases).where(cases.c.receipt == receipt)).mappings().all()
        if len(rows) != 1:
            return [f"{receipt} arrived {len(rows)} times"]
        row = rows[0]
        body = self._platform.vault.body(row["terminal"], row["case_id"], READER)
        found = [] if row["state"] == "accepted" else [f"platform: {row['state']} {row['reason']} {row['findings']}"]
        person = PEOPLE[plan.card]
        address = person.newest_address or person.address
        expected = {"name": person.name, "number": person.number, "address": address}
        found += [f"{k}: {body.identity[k]!r}" for k, v in expected.items() if body.identity[k] != v]
        answers = {k: v or address for k, v in plan.answers.items() if v or k == "post_address"}
        for key in sorted(answers.keys() | body.answers.keys()):
            if answers.get(key) != body.answers.get(key):
                found.append(f"{key}: entered {answers.get(key)!r}, arrived {body.answers.get(key)!r}")
        if sorted(body.promises) != sorted(plan.promised):
            found.append(f"promises: {body.promises}")
        if body.signature is None or len(body.signature["strokes"]) != 2:
            found.append("the signature is not the one written")
        return found + self._pictures(row["terminal"], row["case_id"], plan)

    def _opened(self, receipt: str) -> bool:
        query = select(cases.c.state).where(cases.c.receipt == receipt, cases.c.state != "stored")
        with self._platform.engine.connect() as connection:
            return connection.scalar(query) is not None

    def _pictures(self, terminal: str, case_id: str, plan: Plan) -> list[str]:
        found = []
        for material, papers in plan.papers.items():
            pages = self._pages(terminal, case_id, material)
            if len(pages) != len(papers):
                found.append(f"{material}: {len(pages)} pages")
                continue
            for page, paper in zip(pages, papers, strict=True):
                alike = likeness(page, (ASSETS / "papers" / f"{paper}.png").read_bytes())
                if alike < ALIKE:
                    found.append(f"{material}: likeness to {paper} is {alike:.2f}")
        return found

    def _pages(self, terminal: str, case_id: str, material: str) -> list[bytes]:
        """The JPEG of every page in the material's document."""
        try:
            document = self._platform.vault.document(terminal, case_id, document_id(material), READER)
        except NoSuchCase:
            return []
        with pikepdf.open(io.BytesIO(document)) as pdf:
            return [bytes(i.read_raw_bytes()) for p in pdf.pages for i in p.get_images().values()]


def likeness(first: bytes, second: bytes) -> float:
    """Best correlation of two pictures over small shifts, 1 for the same, about 0 for unrelated ones."""
    a, b = (_coarse(d) for d in (first, second))
    inner = b[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return float(cv2.matchTemplate(a, inner, cv2.TM_CCOEFF_NORMED).max())


def _coarse(data: bytes) -> Picture:
    """Grey, small and soft: print counts as grey lines, so that half a millimetre does not matter."""
    picture = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    small = cv2.resize(picture, (160, 160), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.2), np.uint8)
