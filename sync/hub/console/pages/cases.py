"""Cases: the list, one from the outside, one opened, its papers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException, NotFoundException
from litestar.response import Redirect, Template

from sync.hub.console.drawing import drawing_of
from sync.hub.console.labels import Labels
from sync.hub.console.queries import cases as query
from sync.hub.console.visitor import Form, Guest, Visitor, back, href
from sync.hub.opening import CaseStage
from sync.hub.roles import Right
from sync.hub.services import Platform
from sync.hub.vault import NoSuchCase, Reader
from sync.protocol.envelope import Envelope
from sync.protocol.suites import SealError

Hub = NamedDependency[Platform]
REASONS = ("handling", "citizen_asks", "check")
OPEN_FOR = timedelta(hours=1)
"""So long a reason that was given counts for the papers of the case as well."""
_CASES = {"right": Right.CASES}


@get("/cases", sync_to_thread=True, opt=_CASES)
def cases_page(visitor: Guest, platform: Hub) -> Template:
    search = query.Search.of(visitor.query)
    with platform.engine.connect() as connection:
        found = query.find(connection, search.condition(), visitor.query.get("after", ""))
    services = sorted((visitor.say.service(s), s) for s in platform.forms.titles)
    return visitor.page("cases.html", found=found, search=search, services=services, stages=list(CaseStage))


@get("/cases.json", sync_to_thread=True, opt=_CASES)
def cases_json(visitor: Guest, platform: Hub) -> list[dict[str, Any]]:
    """The list as data: numbers, services, states; nothing of a person."""
    with platform.engine.connect() as connection:
        rows = query.listed_json(connection)
    return [{**row, "title": visitor.say.service(row["service"])} for row in rows]


@get("/case", sync_to_thread=True, opt=_CASES)
def case_page(visitor: Guest, platform: Hub) -> Template:
    """What is known from the outside; nothing is opened."""
    case, envelope = _one(visitor, platform)
    with platform.engine.connect() as connection:
        way, openings = query.way(connection, case), query.opened_by(connection, case)
    return visitor.page("case.html", case=case, envelope=envelope, way=way, openings=openings, reasons=REASONS)


@post("/case", sync_to_thread=True, status_code=200, opt=_CASES)
def open_case(visitor: Guest, data: Form, platform: Hub) -> Template:
    """Open one case. Who opens it and why is written down first."""
    reason = data.get("reason", "")
    if reason not in REASONS:
        raise HTTPException(status_code=400, detail="a case is opened for a reason", extra={"word": "reason_needed"})
    case, _envelope = _one(visitor, platform)
    try:
        body = platform.vault.body(case.terminal, case.case_id, Reader(visitor.name, reason))
    except (SealError, FileNotFoundError) as bad:
        raise HTTPException(status_code=409, detail=str(bad), extra={"word": "does_not_open"}) from None
    labels = Labels(platform.forms.get(body.service, body.form_version), visitor.say)
    drawing = drawing_of(body.signature)
    return visitor.page("opened.html", case=case, body=body, labels=labels, drawing=drawing, reason=reason)


@get("/case/document", sync_to_thread=True, opt=_CASES)
def document(visitor: Guest, platform: Hub) -> Response[bytes] | Redirect:
    """One paper as PDF, for the reason that the case was opened for; without one, that is asked first."""
    case, _envelope = _one(visitor, platform)
    name = visitor.query.get("document", "")[:64]
    since = (platform.clock.now() - OPEN_FOR).isoformat()
    with platform.engine.connect() as connection:
        reason = query.reason_given(connection, case.terminal, case.case_id, visitor.name, since)
    if not reason:
        return Redirect(href("/console/case", terminal=case.terminal, id=case.case_id), status_code=303)
    try:
        reader = Reader(visitor.name, f"{reason}: {name}")
        pdf = platform.vault.document(case.terminal, case.case_id, name, reader)
    except (SealError, NoSuchCase, FileNotFoundError) as bad:
        raise NotFoundException(str(bad)) from None
    # The browser's own viewer draws the file: nothing in it is run, and it may be put into no page.
    policy = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "Content-Disposition": "inline"}
    return Response(pdf, media_type="application/pdf", headers=headers)


@post("/case/close", sync_to_thread=True, opt=_CASES)
def close_case(visitor: Guest, data: Form, platform: Hub) -> Redirect:
    terminal, case_id = data.get("terminal", ""), data.get("id", "")
    done = platform.worker.close(terminal, case_id, visitor.name)
    return back("/console/case", "case_closed" if done else "not_done", terminal=terminal, id=case_id)


def _one(visitor: Visitor, platform: Platform) -> tuple[query.Case, Envelope]:
    with platform.engine.connect() as connection:
        found = query.one(connection, visitor.query.get("terminal", ""), visitor.query.get("id", ""))
    if found is None:
        raise NotFoundException("no such case")
    return found


ROUTES = (cases_page, cases_json, case_page, open_case, document, close_case)
