"""Who asks for a page: session, rights, language; and what every answer of the console carries."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from litestar import Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException, NotAuthorizedException, PermissionDeniedException
from litestar.params import Body
from litestar.response import Redirect, Template

from sync.hub.console.speech import Speech
from sync.hub.roles import Right
from sync.hub.users import User
from sync.hub.words import LANGUAGES
from sync.protocol.canonical import digest

COOKIE, LANGUAGE = "bianmin_session", "bianmin_language"
CONSOLE = "/console"
LOGIN, PASSWORD = "/console/login", "/console/password"
YEAR = 365 * 86400

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
AnyRequest = Request[Any, Any, Any]


class MustChange(HTTPException):
    """The user has to choose a password before anything else."""

    status_code = 403


@dataclass(frozen=True)
class Visitor:
    """One request of somebody who is logged in; or, without ``user``, of somebody at the login page."""

    user: User | None
    say: Speech
    csrf: str
    path: str
    query: Mapping[str, str]
    done: str
    """What the act before this page came to, as the end of a word's key."""
    part: bool
    """Whether only a part of a page is asked for, by a page that is open."""

    @property
    def name(self) -> str:
        assert self.user is not None
        return self.user.name

    def may(self, right: str) -> bool:
        return self.user is not None and self.user.may(Right(right))

    def page(self, template: str, status_code: int = 200, /, **more: Any) -> Template:
        """A page, in the visitor's language."""
        context = {"v": self, "w": self.say.words, "say": self.say, "href": href, "other": self.other_language()}
        cookies = []
        if self.query.get("lang") in LANGUAGES:
            cookies.append(Cookie(key=LANGUAGE, value=self.say.lang, path=CONSOLE, max_age=YEAR, samesite="strict"))
        return Template(template, context={**context, **more}, status_code=status_code, cookies=cookies)

    def other_language(self) -> tuple[str, str]:
        """The other language, and the address of this page in it."""
        lang = next(one for one in LANGUAGES if one != self.say.lang)
        return lang, href(self.path, **{**self.query, "lang": lang})


Guest = NamedDependency[Visitor]


def href(path: str, **query: str) -> str:
    """An address with those of the parameters that are not empty."""
    kept = {k: v for k, v in query.items() if v}
    return f"{path}?{urlencode(kept, quote_via=quote)}" if kept else path


def back(path: str, done: str = "", **query: str) -> Redirect:
    """After an act: to the page that shows what came of it. ``done``: the word that says so."""
    return Redirect(href(path, **query, done=done), status_code=303)


def csrf_of(session: str) -> str:
    """The token that forms of a session carry; who cannot read the session's cookie cannot tell it."""
    return digest(b"bianmin console form\n" + session.encode())


async def look_at_request(request: AnyRequest) -> None:
    """Before anything else. Raises HTTPException."""
    await _refuse_no_text(request)
    await _refuse_forgeries(request)


async def _refuse_no_text(request: AnyRequest) -> None:
    """No database keeps a character 0 in a text, and nobody types one."""
    said = [request.scope["path"], *(text for pair in request.query_params.multi_items() for text in pair)]
    if request.method == "POST":
        said += [str(text) for pair in (await request.form()).multi_items() for text in pair]
    if any("\0" in text for text in said):
        raise HTTPException(status_code=400, detail="no text")


async def _refuse_forgeries(request: AnyRequest) -> None:
    """Only pages of the console itself may make it do something."""
    if request.method != "POST":
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise PermissionDeniedException("from another site")
    if request.url.path == LOGIN:
        return  # there is no session yet; the check above is what protects it
    given = request.headers.get("X-CSRF-Token") or (await request.form()).get("csrf", "")
    if not hmac.compare_digest(str(given).encode(), csrf_of(request.cookies.get(COOKIE, "")).encode()):
        raise PermissionDeniedException("csrf")


def language(request: AnyRequest) -> str:
    """What is asked for, was chosen before, or is the first one."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE)
    return asked if asked in LANGUAGES else LANGUAGES[0]


def visitor_of(request: AnyRequest, user: User | None, say: Speech) -> Visitor:
    """Raises HTTPException where the route needs more than this user may do."""
    right = Right(request.route_handler.opt["right"])
    if user is None:
        raise NotAuthorizedException("log in first")
    if not user.may(right):
        raise PermissionDeniedException("not for this role")
    if user.must_change and request.url.path not in (PASSWORD, "/console/logout"):
        raise MustChange("choose a password first")
    return stranger(request, say, user)


def stranger(request: AnyRequest, say: Speech, user: User | None = None) -> Visitor:
    """Without a check of rights: for the login page, and for pages that say what is wrong."""
    # PostgreSQL takes no NUL in a text.
    query = {k: v.replace("\0", "") for k, v in request.query_params.items() if isinstance(v, str)}
    done = query.pop("done", "")
    return Visitor(
        user=user,
        say=say,
        csrf=csrf_of(request.cookies.get(COOKIE, "")),
        path=request.url.path,
        query=query,
        done=done,
        part="HX-Request" in request.headers,
    )


def is_secure(request: AnyRequest) -> bool:
    """Whether the browser speaks HTTPS; to the platform or to what stands before it."""
    return request.url.scheme == "https" or request.headers.get("X-Forwarded-Proto") == "https"


def address_of(request: AnyRequest) -> str:
    """Where the visitor is, as far as one person may own it: an IPv4 address, the first half of an IPv6 address.

    Of what stands before the platform (``app.state.proxies``) it is what that says last: the rest of the header was
    written by whoever came to it.
    """
    found = request.client.host if request.client else ""
    if found in request.app.state.get("proxies", ()):
        found = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or found
    try:
        address = ip_address(found)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((address, 64), strict=False))
    return str(address)
