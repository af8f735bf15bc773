"""Users: who they are and what they may; for administrators."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from sync.hub.console.queries.people import everybody
from sync.hub.console.visitor import Form, Guest, Visitor, back
from sync.hub.roles import Right, Role
from sync.hub.services import Platform
from sync.hub.users import Unfit

Hub = NamedDependency[Platform]
_ADMIN = {"right": Right.USERS}


@get("/users", sync_to_thread=True, opt=_ADMIN)
def users_page(visitor: Guest, platform: Hub) -> Template:
    return _page(visitor, platform)


@post("/users", sync_to_thread=True, status_code=200, opt=_ADMIN)
def create_user(visitor: Guest, data: Form, platform: Hub) -> Template:
    """The first password stands on this one answer."""
    name = data.get("name", "").strip()
    try:
        password = platform.users.create(name, _role(data), visitor.name)
    except Unfit as bad:
        return _page(visitor, platform, problem=visitor.say(bad.word))
    return _page(visitor, platform, name=name, password=password)


@post("/users/reset", sync_to_thread=True, status_code=200, opt=_ADMIN)
def reset_password(visitor: Guest, data: Form, platform: Hub) -> Template:
    name = data.get("name", "")
    try:
        return _page(visitor, platform, name=name, password=platform.users.reset(name, visitor.name))
    except Unfit as bad:
        return _page(visitor, platform, problem=visitor.say(bad.word))


@post("/users/role", sync_to_thread=True, opt=_ADMIN)
def change_role(visitor: Guest, data: Form, platform: Hub) -> Redirect | Template:
    try:
        platform.users.set_role(data.get("name", ""), _role(data), visitor.name)
    except Unfit as bad:
        return _page(visitor, platform, problem=visitor.say(bad.word))
    return back("/console/users", "role_changed")


@post("/users/lock", sync_to_thread=True, opt=_ADMIN)
def lock(visitor: Guest, data: Form, platform: Hub) -> Redirect | Template:
    locked = data.get("locked") == "yes"
    try:
        platform.users.set_locked(data.get("name", ""), locked=locked, by=visitor.name)
    except Unfit as bad:
        return _page(visitor, platform, problem=visitor.say(bad.word))
    return back("/console/users", "user_locked" if locked else "user_unlocked")


def _role(data: dict[str, str]) -> Role:
    """Raises Unfit."""
    try:
        return Role(data.get("role", ""))
    except ValueError:
        raise Unfit("role_unknown") from None


def _page(visitor: Visitor, platform: Platform, name: str = "", password: str = "", problem: str = "") -> Template:
    with platform.engine.connect() as connection:
        rows = everybody(connection, platform.clock.now().timestamp())
    status = 422 if problem else 200
    return visitor.page(
        "users.html", status, rows=rows, roles=list(Role), name=name, password=password, problem=problem
    )


ROUTES = (users_page, create_user, reset_password, change_role, lock)
