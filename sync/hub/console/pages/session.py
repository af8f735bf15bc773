"""Log in, log out, own password."""

from __future__ import annotations

from litestar import get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from sync.hub.console.visitor import CONSOLE, COOKIE, AnyRequest, Form, Guest, Visitor, address_of, back, is_secure
from sync.hub.roles import Right
from sync.hub.services import Platform
from sync.hub.users import SHORTEST_PASSWORD, Unfit

Hub = NamedDependency[Platform]
_SELF = {"right": Right.SELF}


@get("/login", sync_to_thread=False)
def login_page(stranger: NamedDependency[Visitor]) -> Template:
    return stranger.page("login.html", problem="", wanted=_own(stranger.query.get("next", "")))


@post("/login", sync_to_thread=True)
def log_in(request: AnyRequest, stranger: NamedDependency[Visitor], data: Form, platform: Hub) -> Template | Redirect:
    """What was wrong is not told, and not told apart; only how long to wait."""
    login = platform.users.log_in(data.get("name", ""), data.get("password", ""), address_of(request))
    wanted = _own(data.get("next", ""))
    if not login.token:
        problem = (
            stranger.say("login_wait", span=stranger.say.span(login.wait)) if login.wait else stranger.say("failed")
        )
        return stranger.page("login.html", 429 if login.wait else 200, problem=problem, wanted=wanted)
    answer = Redirect(wanted or CONSOLE, status_code=303)
    answer.set_cookie(
        Cookie(key=COOKIE, value=login.token, path=CONSOLE, httponly=True, samesite="strict", secure=is_secure(request))
    )
    return answer


@post("/logout", sync_to_thread=True, opt=_SELF)
def log_out(request: AnyRequest, visitor: Guest, platform: Hub) -> Redirect:
    platform.users.log_out(request.cookies.get(COOKIE, ""))
    answer = Redirect("/console/login", status_code=303)
    answer.delete_cookie(COOKIE, path=CONSOLE)
    return answer


@get("/password", sync_to_thread=True, opt=_SELF)
def password_page(visitor: Guest) -> Template:
    return visitor.page("password.html", problem="", least=SHORTEST_PASSWORD)


@post("/password", sync_to_thread=True, opt=_SELF)
def change_password(visitor: Guest, data: Form, platform: Hub) -> Template | Redirect:
    """All sessions of this user end, this one too: whoever else knew the password is out."""
    try:
        if data.get("new") != data.get("again"):
            raise Unfit("password_differs")
        platform.users.change_own(visitor.name, data.get("old", ""), data.get("new", ""))
    except Unfit as bad:
        return visitor.page(
            "password.html", 422, problem=visitor.say(bad.word, least=SHORTEST_PASSWORD), least=SHORTEST_PASSWORD
        )
    return back("/console/login", "password_changed")


def _own(address: str) -> str:
    """An address of the console, or nothing: nobody is sent elsewhere from here."""
    return address if address.startswith((f"{CONSOLE}/", f"{CONSOLE}?")) and "\\" not in address else ""


ROUTES = (login_page, log_in, log_out, password_page, change_password)
