"""Who gets in, and what is refused; over real HTTP."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import select

from sync.hub.app import create_app
from sync.hub.console.drawing import drawing_of
from sync.hub.console.visitor import address_of
from sync.hub.roles import RIGHTS, Right, Role
from sync.hub.schema import audit, openings
from sync.hub.services import Platform
from sync.hub.users import FREE_TRIES
from tests.console.conftest import PASSWORD, Visitor, add_apart, add_case, add_terminal

OPEN = {"/console/login", "/console/static/{file_path:path}"}


def addresses(platform: Platform) -> list[tuple[str, str, Right]]:
    """Method, path and right of every route of the console that is not open to everybody."""
    routes = create_app(platform, opens=False).routes
    mine = [r for r in routes if isinstance(r, HTTPRoute) and r.path.startswith("/console") and r.path not in OPEN]
    return [
        (str(method), route.path.replace("{name:str}", "T1"), Right(handler.opt["right"]))
        for route in mine
        for handler in route.route_handlers
        for method in handler.http_methods & {"GET", "POST"}
    ]


def test_every_page_asks_who_is_there(here: Platform, visitor: Visitor) -> None:
    routes = addresses(here)
    assert len(routes) >= 30
    for method, path, _right in routes:
        answer = visitor.get(path) if method == "GET" else visitor.post(path)
        data = path.endswith((".json", "/events"))
        wanted = 401 if data and method == "GET" else 303 if method == "GET" else 403
        assert answer.status == wanted, path
        if wanted == 303:
            assert answer.headers["Location"].startswith("/console/login"), path
    assert visitor.get("/console/terminals", **{"HX-Request": "true"}).headers["HX-Redirect"] == "/console/login"


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_its_own_doors_only(here: Platform, visitor: Visitor, role: Role) -> None:
    add_terminal(here, "T1")
    visitor.log_in(f"{role}-1")
    for method, path, right in addresses(here):
        if path == "/console/logout" or path.endswith("/events"):
            continue
        answer = visitor.get(path) if method == "GET" else visitor.act(path)
        if right in RIGHTS[role]:
            assert answer.status != 403, path
            assert answer.status < 500, path
        else:
            assert answer.status == 403, path
            # The same with a form's token wrong would be refused as well: it is the role that counts here.
            assert "role" in answer.data.decode() or "角色" in answer.data.decode()
    menu = re.findall(r'<li><a href="(/console[^"]*)"', visitor.get("/console").data.decode())
    assert all(visitor.get(path).status == 200 for path in menu), "nobody is shown a door that is closed"


def test_a_form_of_another_site_is_refused(here: Platform, visitor: Visitor) -> None:
    add_terminal(here, "T1")
    visitor.log_in("admin-1")
    other = Visitor(visitor.address)
    other.log_in("admin-1")
    path, form = "/console/terminals/T1/revoke", {"name": "T1"}
    assert visitor.post(path, **form).status == 403, "no token"
    assert visitor.post(path, csrf=other.csrf, **form).status == 403, "the token of another session"
    assert visitor.post(path, {"Sec-Fetch-Site": "cross-site"}, csrf=visitor.csrf, **form).status == 403
    assert visitor.post("/console/login", {"Sec-Fetch-Site": "cross-site"}, name="x", password="y").status == 403
    assert here.desk.revoke("T1", "test"), "nothing was done until now"
    add_terminal(here, "T2")
    answer = visitor.post("/console/terminals/T2/revoke", {"X-CSRF-Token": visitor.csrf}, name="T2")
    assert answer.status == 303
    assert not here.desk.revoke("T2", "test"), "done"


def test_the_cookie_is_for_this_site_and_this_way_alone(visitor: Visitor) -> None:
    cookie = visitor.log_in("clerk-1").headers["Set-Cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/console"} <= {part.strip() for part in cookie.split(";")}
    assert "secure" not in cookie
    form = {"name": "clerk-1", "password": PASSWORD}
    assert (
        "secure" in visitor.post("/console/login", {"X-Forwarded-Proto": "https"}, **form).headers["Set-Cookie"].lower()
    )


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/console/cases?state=flagged", "/console/cases?state=flagged"),
        ("//elsewhere.example/console/", "/console"),
        ("https://elsewhere.example", "/console"),
        ("/console/\\elsewhere", "/console"),
        ("", "/console"),
    ],
)
def test_after_the_login_comes_the_page_that_was_asked_for(visitor: Visitor, wanted: str, goes: str) -> None:
    answer = visitor.post("/console/login", name="clerk-1", password=PASSWORD, next=wanted)
    assert answer.headers["Location"] == goes


def test_after_many_wrong_passwords_even_the_right_one_waits(here: Platform, visitor: Visitor) -> None:
    for _ in range(FREE_TRIES):
        assert visitor.log_in("clerk-1", "wrong").status == 200
    assert visitor.log_in("clerk-1", "wrong").status == 429
    assert visitor.log_in("clerk-1").status == 429
    assert visitor.log_in("auditor-1").status == 303, "others go in and out"
    with here.engine.connect() as connection:
        assert list(connection.scalars(select(audit.c.kind))).count("login_failed") == FREE_TRIES + 1


@pytest.mark.parametrize(
    ("peer", "said", "found"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        ("192.0.2.7", "203.0.113.5", "192.0.2.7"),  # anybody can say so
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", ""),
        ("::ffff:192.0.2.7", "", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
    ],
)
def test_where_a_visitor_is(peer: str, said: str, found: str) -> None:
    app = SimpleNamespace(state={"proxies": frozenset({"10.0.0.1"})})
    headers = {"X-Forwarded-For": said} if said else {}
    request: Any = SimpleNamespace(client=SimpleNamespace(host=peer), headers=headers, app=app)
    assert address_of(request) == found


def test_logged_out_is_out(visitor: Visitor) -> None:
    visitor.log_in("clerk-1")
    assert visitor.get("/console/cases").status == 200
    visitor.act("/console/logout")
    assert visitor.get("/console/cases").status == 303


def test_a_given_password_opens_one_page(here: Platform, visitor: Visitor) -> None:
    first = here.users.create("li", Role.CLERK, "admin-1")
    visitor.log_in("li", first)
    assert visitor.get("/console/cases").headers["Location"] == "/console/password"
    assert visitor.act("/console/password", old=first, new="another one", again="different").status == 422
    assert visitor.act("/console/password", old=first, new="another one", again="another one").status == 303
    visitor.log_in("li", "another one")
    assert visitor.get("/console/cases").status == 200


@pytest.mark.parametrize("path", ["/console/cases?number=a%00b", "/console/terminals/T%001", "/console/case?id=%00"])
def test_what_no_database_keeps_is_no_question(visitor: Visitor, path: str) -> None:
    visitor.log_in("admin-1")
    assert visitor.get(path).status == 400
    assert visitor.act("/console/case/close", terminal="T1", id="\0").status == 400
    assert visitor.post("/console/login", name="\0", password="x").status == 400


@pytest.mark.parametrize(
    ("sealed", "drawn"),
    [
        ({"strokes": [[[1, 2], [3, 4]]], "aspect_thousandths": 2000}, 500),
        ({"strokes": [], "aspect_thousandths": 0}, None),
        ({"strokes": [[["a", 2]]], "aspect_thousandths": 2000}, None),
        ({"drawn": "by another program"}, None),
        (None, None),
    ],
)
def test_a_signature_of_another_shape_is_not_drawn(sealed: dict[str, object] | None, drawn: int | None) -> None:
    drawing = drawing_of(sealed)
    assert (drawing and drawing.height) == drawn


def test_a_case_and_its_papers_are_opened_for_a_reason_that_is_recorded(here: Platform, visitor: Visitor) -> None:
    case_id = add_case(here, "T1", 1)
    path = f"/console/case?terminal=T1&id={case_id}"
    visitor.log_in("admin-1")

    def recorded() -> list[str]:
        with here.engine.connect() as connection:
            return list(connection.scalars(select(openings.c.reason).order_by(openings.c.at)))

    document = path.replace("/case?", "/case/document?") + "&document=doc-photo"
    assert visitor.get(path).status == 200
    assert visitor.get(document).headers["Location"].startswith("/console/case?"), "the reason comes first"
    assert visitor.act(path, reason="because").status == 400
    assert recorded() == []
    assert visitor.act(path, reason="handling").status == 409, "its files are not here"
    assert recorded() == ["handling"], "before anything is opened"
    assert visitor.get(document).status == 404
    assert recorded() == ["handling", "handling: doc-photo"]


def test_what_people_do_is_in_the_record(here: Platform, visitor: Visitor) -> None:
    add_terminal(here, "T1", chain="forked")
    case_id = add_case(here, "T1", 1)
    digest = add_apart(here, "T1", "a", "{}")
    visitor.log_in("admin-1")
    done = [
        ("/console/terminals/T1/chain", {"note": "looked at"}, "chain_settled"),
        ("/console/case/close", {"terminal": "T1", "id": case_id}, "case_closed"),
        ("/console/quarantine/record", {"terminal": "T1", "digest": digest, "note": "a test"}, "quarantine_settled"),
        ("/console/enrolment", {"replaces": "t1"}, "code_made"),
        ("/console/users", {"name": "li", "role": "clerk"}, "user_created"),
        ("/console/users/role", {"name": "li", "role": "technician"}, "role_changed"),
        ("/console/users/lock", {"name": "li", "locked": "yes"}, "user_locked"),
        ("/console/users/reset", {"name": "li"}, "password_reset"),
        ("/console/terminals/T1/revoke", {"name": "T1"}, "revoked"),
    ]
    for path, form, kind in done:
        assert visitor.act(path, **form).status in (200, 303), path
        with here.engine.connect() as connection:
            row = connection.execute(select(audit).where(audit.c.kind == kind).order_by(audit.c.id.desc())).first()
        assert row is not None, kind
        assert "admin-1" in row.subject + row.detail, kind
    page = visitor.get("/console/audit?lang=en").data.decode()
    assert "Chain finding settled" in page
    assert visitor.act("/console/users/role", name="admin-1", role="clerk").status == 422


def test_a_code_is_shown_once_and_never_kept(visitor: Visitor) -> None:
    visitor.log_in("technician-1")
    answer = visitor.act("/console/enrolment").data.decode()
    code = re.search(r"kiosk enrol ([0-9a-f]{16})", answer)
    assert code
    assert code[1] not in visitor.get("/console/enrolment").data.decode()
    assert visitor.act("/console/enrolment", replaces="NONE").status == 404


def test_answers_carry_what_browsers_need_to_be_strict(visitor: Visitor) -> None:
    page = visitor.get("/console/login")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    for address in re.findall(r'(?:src|href)="(/console/static/[^"]+)"', page.data.decode()):
        file = visitor.get(address)
        assert file.status == 200
        assert "immutable" in file.headers["Cache-Control"], address
        assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert visitor.get("/console/static/../app.py").status == 404
    assert visitor.get("/console/static/%2e%2e/app.py").status == 404


@pytest.mark.parametrize(
    "path",
    ["/", "/console", "/console/users", "/console/nowhere", "/console/static/none", "/console/static/console.css",
     "/v1/nothing", "/v1/blobs/x", "/metrics"],
)  # fmt: skip
def test_errors_and_redirections_are_as_strict(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if path.startswith("/console") and "console.css" not in path:
        assert answer.headers["Cache-Control"] == "no-store"


def test_what_a_terminal_writes_stays_text(here: Platform, visitor: Visitor) -> None:
    evil = "<script>alert(1)</script>"
    add_terminal(here, "T1", version=evil, faults=f'["{evil}"]', oldest=evil, backlog=1)
    add_apart(here, "T1", "a", f'{{"x": "{evil}"}}')
    visitor.log_in("admin-1")
    for path in ("/console", "/console/terminals", "/console/terminals/T1", "/console/quarantine",
                 "/console/quarantine/record?terminal=T1&digest=sha256:" + "a" * 64):  # fmt: skip
        answer = visitor.get(path)
        assert answer.status == 200, path
        assert evil not in answer.data.decode(), path
