"""The platform's keys: one file with tight rights, apart from the database."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel

from sync.protocol.canonical import b64, digest, unb64
from sync.protocol.suites import suite
from sync.protocol.wire import PublicKey


class KeyPair(BaseModel):
    """A key with its id; the id is a part of the public key's digest."""

    key_id: str
    suite: str
    private: str
    public: str

    def published(self) -> PublicKey:
        return PublicKey(key_id=self.key_id, suite=self.suite, public=self.public)

    @property
    def secret(self) -> bytes:
        return unb64(self.private)


class PlatformKeys(BaseModel):
    """Sealing keys (the first is the current one, older ones stay for terminals that come weeks late),
    the key that signs acknowledgements, and the key that signs published packages."""

    sealing: list[KeyPair]
    acknowledging: KeyPair
    publishing: KeyPair

    def sealing_key(self, key_id: str) -> KeyPair | None:
        return next((k for k in self.sealing if k.key_id == key_id), None)


def _pair(private: bytes, public: bytes, suite_name: str) -> KeyPair:
    return KeyPair(key_id=digest(public)[7:23], suite=suite_name, private=b64(private), public=b64(public))


def load_or_create(path: Path, suite_name: str = "intl") -> PlatformKeys:
    """The keys in ``path``; drawn and written (mode 600, durable) where the file does not exist."""
    if path.exists():
        return PlatformKeys.model_validate_json(path.read_bytes())
    crypto = suite(suite_name)
    keys = PlatformKeys(
        sealing=[_pair(*crypto.new_sealing_key(), suite_name)],
        acknowledging=_pair(*crypto.new_signing_key(), suite_name),
        publishing=_pair(*crypto.new_signing_key(), suite_name),
    )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(keys.model_dump_json())
        out.flush()
        os.fsync(out.fileno())
    return keys
