"""The console: a login, the list of received cases, and one case with its scans."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template
from sqlalchemy import desc, select

from sync.hub.schema import cases, terminals
from sync.hub.services import Platform
from sync.hub.vault import NoSuchCase, Reader
from sync.hub.words import WORDS
from sync.protocol.case_file import CaseBody
from sync.protocol.suites import SealError

COOKIE = "bianmin_session"
REASONS = ("handling", "citizen_asks", "check")
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@dataclass(frozen=True)
class _Page:
    """What every page needs: the language, the words, the user."""

    lang: str
    user: str

    def template(self, name: str, **more: Any) -> Template:
        return Template(name, context={"lang": self.lang, "w": WORDS[self.lang], "user": self.user, **more})


def _lang(request: Request[Any, Any, Any]) -> str:
    asked = request.query_params.get("lang") or request.cookies.get("lang")
    return asked if asked in WORDS else "zh"


def _page(request: Request[Any, Any, Any], platform: Platform) -> _Page:
    user = platform.users.who(request.cookies.get(COOKIE, ""))
    if user is None:
        raise HTTPException(status_code=401, detail="log in first")
    return _Page(_lang(request), user)


Hub = NamedDependency[Platform]


class Console(Controller):
    path = "/console"

    @get("/login", sync_to_thread=False)
    def login_page(self, request: Request[Any, Any, Any]) -> Template:
        return _Page(_lang(request), "").template("login.html", failed=False)

    @post("/login", sync_to_thread=True)
    def log_in(self, request: Request[Any, Any, Any], data: Form, platform: Hub) -> Template | Redirect:
        token = platform.users.log_in(data.get("name", ""), data.get("password", ""))
        if token is None:
            return _Page(_lang(request), "").template("login.html", failed=True)
        answer = Redirect("/console/cases", status_code=303)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", path="/console")
        return answer

    @post("/logout", sync_to_thread=True)
    def log_out(self, request: Request[Any, Any, Any], platform: Hub) -> Redirect:
        platform.users.log_out(request.cookies.get(COOKIE, ""))
        return Redirect("/console/login", status_code=303)

    @get("/cases", sync_to_thread=True)
    def list_cases(self, request: Request[Any, Any, Any], platform: Hub) -> Template:
        page = _page(request, platform)
        return page.template("cases.html", rows=_rows(platform, page.lang), terminals=_terminals(platform))

    @get("/cases.json", sync_to_thread=True)
    def cases_json(self, request: Request[Any, Any, Any], platform: Hub) -> list[dict[str, Any]]:
        """The list as data: numbers, services, states; nothing of a person."""
        return _rows(platform, _page(request, platform).lang)

    @get("/cases/{case_id:str}", sync_to_thread=True)
    def ask_reason(self, request: Request[Any, Any, Any], case_id: FromPath[str], platform: Hub) -> Template:
        page = _page(request, platform)
        return page.template("reason.html", row=_one(platform, page.lang, case_id), reasons=REASONS)

    @post("/cases/{case_id:str}", sync_to_thread=True, status_code=200)
    def show_case(self, request: Request[Any, Any, Any], case_id: FromPath[str], data: Form, platform: Hub) -> Template:
        """Open one case. Who opens it and why is written down first."""
        page = _page(request, platform)
        if data.get("reason") not in REASONS:
            raise HTTPException(status_code=400, detail="a case is opened for a reason")
        row = _one(platform, page.lang, case_id)
        try:
            body = platform.vault.body(row["terminal"], case_id, Reader(page.user, data["reason"]))
        except SealError as bad:
            raise HTTPException(status_code=409, detail=str(bad)) from None
        return page.template("case.html", row=row, body=body, materials=_materials(platform, body, page.lang))

    @get("/cases/{case_id:str}/documents/{document_id:str}", sync_to_thread=True)
    def show_document(
        self, request: Request[Any, Any, Any], case_id: FromPath[str], document_id: FromPath[str], platform: Hub
    ) -> Response[bytes]:
        page = _page(request, platform)
        row = _one(platform, page.lang, case_id)
        try:
            reader = Reader(page.user, f"document {document_id}")
            document = platform.vault.document(row["terminal"], case_id, document_id, reader)
        except (SealError, NoSuchCase) as bad:
            raise HTTPException(status_code=404, detail=str(bad)) from None
        return Response(document, media_type="application/pdf", headers={"Cache-Control": "no-store"})

    @post("/cases/{case_id:str}/close", sync_to_thread=True)
    def close_case(self, request: Request[Any, Any, Any], case_id: FromPath[str], platform: Hub) -> Redirect:
        page = _page(request, platform)
        row = _one(platform, page.lang, case_id)
        platform.worker.close(row["terminal"], case_id, page.user)
        return Redirect("/console/cases", status_code=303)


def _materials(platform: Platform, body: CaseBody, lang: str) -> dict[str, str]:
    """The papers' names by their ids, in the version of the form that the case was made with."""
    package = platform.services.get((body.service, body.form_version))
    return {m.id: m.label(lang) for m in package.form.materials} if package else {}


def _rows(platform: Platform, lang: str) -> list[dict[str, Any]]:
    query = select(cases).order_by(desc(cases.c.received)).limit(200)
    with platform.engine.connect() as connection:
        found = connection.execute(query).mappings().all()
    return [_row(platform, lang, dict(r)) for r in found]


def _row(platform: Platform, lang: str, record: dict[str, Any]) -> dict[str, Any]:
    keep = ("case_id", "receipt", "terminal", "received", "state", "reason", "service")
    return {
        **{k: record[k] for k in keep},
        "title": platform.titles.get(record["service"], {}).get(lang, record["service"]),
        "findings": json.loads(record["findings"]),
        "documents": sum(1 for b in json.loads(record["envelope"])["blobs"] if b["role"] == "document"),
    }


def _one(platform: Platform, lang: str, case_id: str) -> dict[str, Any]:
    with platform.engine.connect() as connection:
        record = connection.execute(select(cases).where(cases.c.case_id == case_id)).mappings().first()
    if record is None:
        raise HTTPException(status_code=404, detail="no such case")
    return _row(platform, lang, dict(record))


def _terminals(platform: Platform) -> list[dict[str, Any]]:
    with platform.engine.connect() as connection:
        found = connection.execute(select(terminals)).mappings().all()
    return [{**r, "faults": json.loads(r["faults"])} for r in found]
