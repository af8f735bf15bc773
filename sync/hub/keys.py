"""The platform's keys: one file with tight rights, apart from the database and its backups."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from kiosk.durable import whole_or_not
from kiosk.model.clock import Clock
from sync.protocol.canonical import b64, digest, unb64
from sync.protocol.suites import suite
from sync.protocol.wire import EnrolAnswer, KeyNotice, KeySuccession, PublicKey

MOST_AT_ONCE = 50
"""Successions told in one answer; a terminal that is further behind asks again."""


class KeyPair(BaseModel):
    """A key with its id (a part of the public key's digest), and the time it was drawn."""

    key_id: str
    suite: str
    private: str
    public: str
    drawn: str = ""

    def published(self) -> PublicKey:
        return PublicKey(key_id=self.key_id, suite=self.suite, public=self.public)

    @property
    def secret(self) -> bytes:
        return unb64(self.private)

    @property
    def public_bytes(self) -> bytes:
        return unb64(self.public)


class PlatformKeys(BaseModel):
    """Of each list the first key is the present one.

    ``sealing``: what terminals seal to; older ones stay for terminals that come weeks late. ``keeping``: what the data
    keys of opened cases are kept under, so that an old sealing key can be destroyed and the cases still be read.
    ``acknowledging`` signs acknowledgements and notices of new sealing keys, ``publishing`` tells terminals which
    published files are the latest; what these are is signed with keys that are not here, see ``sync.hub.repository``.
    ``successions``: how ``acknowledging`` came after each of the keys before it, oldest first, each signed by the key
    before. Of those the public halves in there are all that is left.
    """

    sealing: list[KeyPair]
    keeping: list[KeyPair]
    acknowledging: KeyPair
    publishing: KeyPair
    successions: list[KeySuccession] = []

    def sealing_key(self, key_id: str) -> KeyPair | None:
        return next((k for k in self.sealing if k.key_id == key_id), None)

    def keeping_key(self, key_id: str) -> KeyPair | None:
        return next((k for k in self.keeping if k.key_id == key_id), None)

    @property
    def withdrawn(self) -> set[str]:
        """Ids of acknowledging keys that were stolen."""
        return {key_id for s in self.successions for key_id in s.withdrawn}

    @property
    def earlier(self) -> list[PublicKey]:
        """Acknowledging keys of before, whose word still counts; the newest first."""
        return [s.by for s in reversed(self.successions) if s.by.key_id not in self.withdrawn]

    def told(self, now: datetime, root: bytes) -> EnrolAnswer:
        """What a terminal learns at its enrolment; ``root`` is that of the published files."""
        return EnrolAnswer(
            platform="bianmin",
            sealing=self.sealing[0].published(),
            acknowledging=self.acknowledging.published(),
            root=root.decode(),
            platform_time=now.isoformat(),
            earlier=self.earlier,
        )

    def successions_after(self, key_id: str) -> list[KeySuccession]:
        """What leads from the acknowledging key ``key_id`` to the present one; nothing from a key that was none."""
        places = [place for place, s in enumerate(self.successions) if s.by.key_id == key_id]
        return self.successions[places[0] :][:MOST_AT_ONCE] if places else []

    def notice(self) -> KeyNotice:
        """The signed word on what to seal to."""
        signer = self.acknowledging
        return KeyNotice(sealing=self.sealing[0].published()).signed(signer.suite, signer.secret)

    def rotated(self, now: datetime) -> PlatformKeys:
        """With a new sealing key in front; the older ones stay."""
        drawn = _sealing(self.sealing[0].suite, now)
        return self.model_copy(update={"sealing": [drawn, *self.sealing]})

    def succeeded(self, now: datetime, stolen: Collection[str] = ()) -> PlatformKeys:
        """With a new acknowledging key, announced by the present one, whose private half is gone then.

        ``stolen``: ids of keys, the present one among them or not, whose word counts no more. Raises ValueError for
        one that is no acknowledging key of this platform.
        """
        old = self.acknowledging
        unknown = set(stolen) - {old.key_id, *(s.by.key_id for s in self.successions)}
        if unknown:
            raise ValueError(f"no acknowledging key {', '.join(sorted(unknown))}")
        drawn = _pair(*suite(old.suite).new_signing_key(), old.suite, now)
        word = KeySuccession(by=old.published(), acknowledging=drawn.published(), withdrawn=sorted(stolen))
        told = [*self.successions, word.signed(old.secret)]
        return self.model_copy(update={"acknowledging": drawn, "successions": told})

    def retired(self, before: datetime) -> PlatformKeys:
        """Without sealing keys whose successor was drawn before ``before``: what was sealed to them and has not come
        by now can never be opened."""
        kept = [self.sealing[0]]
        for newer, key in zip(self.sealing, self.sealing[1:], strict=False):
            if datetime.fromisoformat(newer.drawn) >= before:
                kept.append(key)
        return self.model_copy(update={"sealing": kept})


def _pair(private: bytes, public: bytes, suite_name: str, now: datetime) -> KeyPair:
    key_id = digest(public)[7:23]
    return KeyPair(key_id=key_id, suite=suite_name, private=b64(private), public=b64(public), drawn=now.isoformat())


def signing_pair(suite_name: str, now: datetime) -> KeyPair:
    """A new key for signatures."""
    return _pair(*suite(suite_name).new_signing_key(), suite_name, now)


def _sealing(suite_name: str, now: datetime) -> KeyPair:
    return _pair(*suite(suite_name).new_sealing_key(), suite_name, now)


def load_or_create(path: Path, clock: Clock, suite_name: str = "intl") -> PlatformKeys:
    """The keys in ``path``; drawn and written where the file does not exist. Raises ValueError for a damaged file."""
    if path.exists():
        try:
            return PlatformKeys.model_validate_json(path.read_bytes())
        except ValidationError as bad:
            # Its own text would show what is in the file.
            raise ValueError(f"{path} is damaged ({bad.error_count()} faults): bring its copy back") from None
    now = clock.now()
    keys = PlatformKeys(
        sealing=[_sealing(suite_name, now)],
        keeping=[_sealing(suite_name, now)],
        acknowledging=signing_pair(suite_name, now),
        publishing=signing_pair(suite_name, now),
    )
    save(path, keys)
    return keys


def save(path: Path, keys: PlatformKeys) -> None:
    """Write the keys (mode 600): whole and durable, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with whole_or_not(path, mode=0o600) as part:
        part.write_text(keys.model_dump_json())
