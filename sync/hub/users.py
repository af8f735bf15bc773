"""People at the console: passwords (Argon2id) and sessions."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection, Engine, delete, insert, select

from kiosk.model.clock import Clock
from sync.hub.database import transaction
from sync.hub.schema import sessions, users
from sync.protocol.canonical import digest

SESSION_SECONDS = 8 * 3600.0


class UserDesk:
    """Log in, log out, who am I."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(8))

    def set_password(self, name: str, password: str) -> None:
        """Create a user or change the password."""
        hashed = self._hasher.hash(password)

        def write(connection: Connection) -> None:
            connection.execute(delete(users).where(users.c.name == name))
            connection.execute(insert(users).values(name=name, password=hashed))

        transaction(self._engine, write)

    def log_in(self, name: str, password: str) -> str | None:
        """A session token, or None. An unknown name takes as long as a wrong password."""
        with self._engine.connect() as connection:
            stored = connection.scalar(select(users.c.password).where(users.c.name == name))
        try:
            self._hasher.verify(stored or self._nobody, password)
        except VerificationError:
            return None
        if stored is None:
            return None
        token = secrets.token_urlsafe(32)
        expires = self._clock.now().timestamp() + SESSION_SECONDS
        row = {"token_digest": digest(token.encode()), "user": name, "expires": expires}
        transaction(self._engine, lambda connection: connection.execute(insert(sessions).values(**row)))
        return token

    def who(self, token: str) -> str | None:
        """The user of a session that is still valid."""
        query = select(sessions.c.user).where(
            sessions.c.token_digest == digest(token.encode()), sessions.c.expires > self._clock.now().timestamp()
        )
        with self._engine.connect() as connection:
            return connection.scalar(query)

    def log_out(self, token: str) -> None:
        query = delete(sessions).where(sessions.c.token_digest == digest(token.encode()))
        transaction(self._engine, lambda connection: connection.execute(query))
