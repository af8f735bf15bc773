"""People at the console: passwords (Argon2id), sessions, roles, and how long to wait after wrong passwords."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import ColumnElement, Connection, Engine, and_, case, delete, func, insert, select, update

from kiosk.model.clock import Clock
from sync.hub.audit import Entry, Refusals, record
from sync.hub.database import insert_new, transaction
from sync.hub.roles import RIGHTS, Right, Role
from sync.hub.schema import login_failures, sessions, users
from sync.protocol.canonical import digest

SESSION_SECONDS = 8 * 3600.0
LONGEST_NAME, SHORTEST_PASSWORD, LONGEST_PASSWORD = 64, 10, 200
FREE_TRIES = 5
"""So many wrong passwords for a name from one address cost nothing; each one after that doubles the time to wait."""
FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0
"""Seconds."""
NAME_TRIES, NAME_WAIT = 50, 60.0
"""So many for a name from all addresses together; each one after that has all wait so many seconds, but for those
addresses where the name's owner has logged in: nobody keeps others out by typing their names."""
KNOWN = 90 * 86400.0
"""Seconds that such an address is remembered."""
ANYWHERE, INSIDE = "*", "inside"
"""In the place of an address: all of them; where a password is changed."""
AT_ONCE, PATIENCE = 4, 5.0
"""So many passwords are checked at the same time (each takes 64 MB); who has no turn in so many seconds comes again."""
FORGOTTEN = 86400.0
"""Seconds after which wrong passwords of a name are forgotten."""


class Unfit(ValueError):
    """What a person asked for cannot be: ``word`` is the key of the sentence that says why."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True)
class User:
    """Somebody who is logged in."""

    name: str
    role: Role
    must_change: bool = False

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]


@dataclass(frozen=True)
class Login:
    """A session token, or none; ``wait``: seconds until the next try counts."""

    token: str = ""
    wait: float = 0.0


class UserDesk:
    """Log in, log out, who am I; and who else there is."""

    def __init__(self, engine: Engine, refusals: Refusals, clock: Clock) -> None:
        self._engine, self._refusals, self._clock = engine, refusals, clock
        self._hasher = PasswordHasher()
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    # what operators and administrators do

    def set_password(self, name: str, password: str, role: Role | None = None, by: str = "operator") -> None:
        """Create a user (a clerk, without ``role``) or change the password, and the role where it is given.

        Raises Unfit.
        """
        _check_name(name)
        hashed = self._hashed(name, password)

        def write(connection: Connection) -> None:
            changed: dict[str, object] = {"password": hashed, "locked": False, "must_change": False}
            if role is not None:
                changed["role"] = role.value
            if connection.execute(update(users).where(users.c.name == name).values(**changed)).rowcount:
                _forget(connection, name)
                self._note(connection, name, "password_set", by=by)
                return
            connection.execute(insert(users).values(**{"role": Role.CLERK.value, **changed, "name": name}))
            self._note(connection, name, "user_created", by=by, role=role or Role.CLERK)

        transaction(self._engine, write)

    def create(self, name: str, role: Role, by: str) -> str:
        """A new user with a password that holds until its owner chooses another; returns it. Raises Unfit."""
        _check_name(name)
        password = _drawn()
        row = {"name": name, "password": self._hasher.hash(password), "role": role.value, "must_change": True}

        def write(connection: Connection) -> bool:
            query = insert_new(connection, users).values(**row).on_conflict_do_nothing().returning(users.c.name)
            if connection.execute(query).first() is None:
                return False
            self._note(connection, name, "user_created", by=by, role=role)
            return True

        if not transaction(self._engine, write):
            raise Unfit("user_taken")
        return password

    def reset(self, name: str, by: str) -> str:
        """Another password, valid until its owner chooses one; returns it. Raises Unfit."""
        password = _drawn()
        values = {"password": self._hasher.hash(password), "must_change": True}

        def write(connection: Connection) -> None:
            if connection.execute(update(users).where(users.c.name == name).values(**values)).rowcount != 1:
                raise Unfit("user_unknown")
            _forget(connection, name)
            self._note(connection, name, "password_reset", by=by)

        transaction(self._engine, write)
        return password

    def set_role(self, name: str, role: Role, by: str) -> None:
        """Raises Unfit; the last administrator stays one."""

        def write(connection: Connection) -> None:
            was = self._row(connection, name)
            if role != Role.ADMIN:
                self._spare_last_admin(connection, was)
            connection.execute(update(users).where(users.c.name == name).values(role=role.value))
            self._note(connection, name, "role_changed", by=by, was=was.role, role=role)

        transaction(self._engine, write)

    def set_locked(self, name: str, *, locked: bool, by: str) -> None:
        """Lock somebody out at once, or let them in again. Raises Unfit; the last administrator is not locked out."""

        def write(connection: Connection) -> None:
            was = self._row(connection, name)
            if locked:
                self._spare_last_admin(connection, was)
            connection.execute(update(users).where(users.c.name == name).values(locked=locked))
            _forget(connection, name)
            self._note(connection, name, "user_locked" if locked else "user_unlocked", by=by)

        transaction(self._engine, write)

    def _row(self, connection: Connection, name: str) -> Any:
        # Written to first, so that two administrators cannot demote each other at the same moment.
        connection.execute(update(users).where(users.c.role == Role.ADMIN.value).values(role=users.c.role))
        found = connection.execute(select(users).where(users.c.name == name)).first()
        if found is None:
            raise Unfit("user_unknown")
        return found

    def _spare_last_admin(self, connection: Connection, was: Any) -> None:
        others = select(func.count()).where(
            users.c.role == Role.ADMIN.value, users.c.locked.is_(False), users.c.name != was.name
        )
        if was.role == Role.ADMIN and not connection.scalar(others):
            raise Unfit("user_last_admin")

    # what everybody does

    def change_own(self, name: str, old: str, new: str) -> None:
        """Other sessions of this user end. Raises Unfit; who sits down at an open page has no more tries than at the
        login."""
        with self._engine.connect() as connection:
            stored = connection.scalar(select(users.c.password).where(users.c.name == name))
            wait = self._wait(connection, name, INSIDE, self._clock.now().timestamp())
        if wait > 0 or not self._turns.acquire(timeout=PATIENCE):
            raise Unfit("password_later")
        try:
            fits = self._fits(stored, old)
        finally:
            self._turns.release()
        if not fits:
            transaction(self._engine, lambda connection: self._failed(connection, name, INSIDE))
            self._refusals.note((name, Entry(name, "login_failed")))
            raise Unfit("password_wrong")
        if old == new:
            raise Unfit("password_same")
        values = {"password": self._hashed(name, new), "must_change": False}

        def write(connection: Connection) -> None:
            connection.execute(update(users).where(users.c.name == name).values(**values))
            _forget(connection, name)
            self._note(connection, name, "password_changed", by=name)

        transaction(self._engine, write)

    def log_in(self, name: str, password: str, address: str = "") -> Login:
        """A session, or how long to wait. An unknown name takes as long, and waits as long, as a wrong password.

        ``address``: where the visitor is; of a network that one person may own as a whole, its first part.
        """
        # PostgreSQL takes no NUL in a text.
        name, now = name.replace("\0", "")[:LONGEST_NAME], self._clock.now().timestamp()
        with self._engine.connect() as connection:
            wait = self._wait(connection, name, address, now)
            row = connection.execute(select(users).where(users.c.name == name)).first()
        if wait > 0:
            return Login(wait=wait)
        if not self._turns.acquire(timeout=PATIENCE):
            return Login(wait=PATIENCE)
        try:
            fits = self._fits(row.password if row else None, password)
        finally:
            self._turns.release()
        if not fits or row is None or row.locked:
            wait = transaction(self._engine, lambda connection: self._failed(connection, name, address))
            self._refusals.note((name if row else "", Entry(name, "login_failed")))
            return Login(wait=wait)
        token = secrets.token_urlsafe(32)
        session = {"token_digest": digest(token.encode()), "user": name, "expires": now + SESSION_SECONDS}

        def write(connection: Connection) -> None:
            connection.execute(delete(sessions).where(sessions.c.expires < now))
            connection.execute(delete(login_failures).where(_typed(name, ANYWHERE)))
            values = {"failures": 0, "until": now, "known": now}
            f = login_failures.c
            here = insert_new(connection, login_failures).values(name=name, address=address, **values)
            connection.execute(here.on_conflict_do_update(index_elements=[f.name, f.address], set_=values))
            connection.execute(insert(sessions).values(**session))
            self._note(connection, name, "logged_in")

        transaction(self._engine, write)
        return Login(token)

    def who(self, token: str) -> User | None:
        """The user of a session that is still valid. Role and lock count as they are now."""
        query = (
            select(users.c.name, users.c.role, users.c.must_change)
            .join(sessions, sessions.c.user == users.c.name)
            .where(
                sessions.c.token_digest == digest(token.encode()),
                sessions.c.expires > self._clock.now().timestamp(),
                users.c.locked.is_(False),
            )
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return User(row.name, Role(row.role), row.must_change) if row else None

    def log_out(self, token: str) -> None:
        mine = sessions.c.token_digest == digest(token.encode())

        def write(connection: Connection) -> None:
            name = connection.scalar(select(sessions.c.user).where(mine))
            if name is not None:
                connection.execute(delete(sessions).where(mine))
                self._note(connection, name, "logged_out")

        transaction(self._engine, write)

    # inside

    @cached_property
    def _nobody(self) -> str:
        """What the password of a name that nobody has is compared with, so that it takes as long as any other."""
        return self._hasher.hash(secrets.token_hex(8))

    def _fits(self, stored: str | None, password: str) -> bool:
        nobody = self._nobody  # made at the first login, whoever it is of
        try:
            self._hasher.verify(stored or nobody, password[:LONGEST_PASSWORD])
        except VerificationError:
            return False
        return stored is not None

    def _hashed(self, name: str, password: str) -> str:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise Unfit("password_length")
        if name.lower() in password.lower():
            raise Unfit("password_has_name")
        return self._hasher.hash(password)

    def _wait(self, connection: Connection, name: str, address: str, now: float) -> float:
        """Seconds that ``name`` has to wait at ``address``."""
        f = login_failures.c
        query = select(f.address, f.until, f.known).where(f.name == name, f.address.in_((address, ANYWHERE)))
        rows = {row.address: row for row in connection.execute(query)}
        mine = rows.pop(address, None)
        known = mine is not None and mine.known > now - KNOWN
        counted = [mine, *([] if known else rows.values())]
        return max((row.until - now for row in counted if row is not None), default=0.0)

    def _failed(self, connection: Connection, name: str, address: str) -> float:
        """Count a wrong password; seconds to wait."""
        now, f = self._clock.now().timestamp(), login_failures.c
        # Names that nobody has used for a day go, so that typed nonsense does not fill the table.
        connection.execute(delete(login_failures).where(f.until < now - FORGOTTEN, f.known < now - KNOWN))
        # ``until`` is also when it was counted: a free try is over at once.
        for where in sorted((address, ANYWHERE)):
            fresh = case((f.until < now - FORGOTTEN, 1), else_=f.failures + 1)
            count = (
                insert_new(connection, login_failures)
                .values(name=name, address=where, failures=1, until=now)
                .on_conflict_do_update(index_elements=[f.name, f.address], set_={"failures": fresh, "until": now})
                .returning(f.failures)
            )
            failures = int(connection.execute(count).scalar_one())
            wait = (NAME_WAIT if failures > NAME_TRIES else 0.0) if where == ANYWHERE else wait_after(failures)
            if wait:
                connection.execute(update(login_failures).where(_typed(name, where)).values(until=now + wait))
        return max(0.0, self._wait(connection, name, address, now))

    def _note(self, connection: Connection, subject: str, kind: str, **detail: str) -> None:
        record(connection, self._clock.now().isoformat(), Entry(subject, kind, detail))


def wait_after(failures: int) -> float:
    """Seconds to wait after so many wrong passwords in a row."""
    over = failures - FREE_TRIES - 1
    return 0.0 if over < 0 else min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(over, 20))


def _typed(name: str, address: str) -> ColumnElement[bool]:
    return and_(login_failures.c.name == name, login_failures.c.address == address)


def _check_name(name: str) -> None:
    if not name or len(name) > LONGEST_NAME or name != name.strip() or not name.isprintable():
        raise Unfit("user_name_unfit")


def _drawn() -> str:
    """A password that can be read out: 12 characters without look-alikes, about 60 bits."""
    drawn = "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(12))
    return f"{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"


def _forget(connection: Connection, name: str) -> None:
    """End sessions and forget wrong passwords."""
    connection.execute(delete(sessions).where(sessions.c.user == name))
    connection.execute(delete(login_failures).where(login_failures.c.name == name))
