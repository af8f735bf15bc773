"""Files that a platform publishes to terminals: a repository of The Update Framework (TUF), and how it is checked.

Root says whose word counts in which role, targets which files there are, snapshot and timestamp that this is the latest
word. Ed25519 in the suite ``intl``; ``gm`` has a key type of its own, ``sm2``. Digests of files are SHA-256 in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import IO, Any

from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer import KEY_FOR_TYPE_AND_SCHEME, Key, Signature, Signer, SSlibKey
from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, TargetFile, Targets
from tuf.api.serialization import DeserializationError

from kiosk.model.result import Err, Ok, Result
from sync.protocol.canonical import canonical, digest
from sync.protocol.envelope import MAX_BLOB
from sync.protocol.suites import SealError, suite

ROOT, TARGETS, SNAPSHOT, TIMESTAMP = "root", "targets", "snapshot", "timestamp"
MAX_TARGETS, MAX_SNAPSHOT, MAX_TIMESTAMP = 1_000_000, 32_000, 16_000
MAX_PACKAGE = 1_000_000
"""Bytes of a file of metadata (of root: ``MAX_ROOT``), and of a service package; nobody reads further."""
PACKAGE = re.compile(r"^catalogue/[a-z0-9-]{1,80}\.yaml$")
NOTICE = re.compile(r"^notices/[a-z0-9-]{1,80}\.yaml$")
FOLDERS = ("catalogue", "notices")
"""Paths of service packages and of notices. Files under other paths are for later versions of this program."""
RELEASE = re.compile(r"^updates/[a-z0-9][a-z0-9._-]{0,79}\.yaml$")
WHEEL = re.compile(r"^wheels/[A-Za-z0-9][A-Za-z0-9._+-]{0,199}\.whl$")
MAX_WHEEL = MAX_BLOB
"""Paths of what a version of the program is made of, and of the files in it; bytes of one of these."""


def is_known(path: str) -> bool:
    """Whether the published file ``path`` is one of those that are taken over together: a package or a notice."""
    return bool(PACKAGE.match(path) or NOTICE.match(path))


_SM2 = ("sm2", "sm2-sm3")


class DocumentFault(StrEnum):
    """Why a published file is not used."""

    UNSIGNED = "unsigned"
    DAMAGED = "damaged"
    WRONG_SIGNATURE = "wrong_signature"
    EXPIRED = "expired"
    INVALID = "invalid"


class Sm2Key(Key):
    """A public key of the suite ``gm`` in metadata: ``{"public": 64 bytes in hex}``; signatures as in the suite."""

    @classmethod
    def from_dict(cls, keyid: str, key_dict: dict[str, Any]) -> Sm2Key:
        keytype, scheme, keyval = cls._from_dict(key_dict)
        return cls(keyid, keytype, scheme, keyval, key_dict)

    def to_dict(self) -> dict[str, Any]:
        return self._to_dict()

    def verify_signature(self, signature: Signature, data: bytes) -> None:
        try:
            public, signed = bytes.fromhex(self.keyval["public"]), bytes.fromhex(signature.signature)
            genuine = suite("gm").verify(public, signed, data)
        except (KeyError, TypeError, ValueError, SealError) as bad:
            raise VerificationError(f"no signature of the key {self.keyid}") from bad
        if not genuine:
            raise UnverifiedSignatureError(f"not signed by the key {self.keyid}")


KEY_FOR_TYPE_AND_SCHEME[_SM2] = Sm2Key


@dataclass(frozen=True)
class RoleKey(Signer):
    """A key that speaks for a role, by its raw halves."""

    suite: str
    private: bytes = field(repr=False)
    public: bytes

    @property
    def public_key(self) -> Key:
        """As it stands in root; its id is the digest of its canonical form."""
        keytype, scheme = _SM2 if self.suite == "gm" else ("ed25519", "ed25519")
        plain = {"keytype": keytype, "scheme": scheme, "keyval": {"public": self.public.hex()}}
        key_id = digest(canonical(plain)).partition(":")[2]
        return (Sm2Key if self.suite == "gm" else SSlibKey)(key_id, keytype, scheme, {"public": self.public.hex()})

    def sign(self, payload: bytes) -> Signature:
        signed = suite(self.suite).sign(self.private, payload)
        return Signature(self.public_key.keyid, signed.hex())

    @classmethod
    def from_priv_key_uri(cls, *_: Any, **__: Any) -> Signer:
        raise ValueError("keys of this protocol have no address")


@dataclass(frozen=True)
class Listed:
    """The files that a publisher names, and until when they may be used."""

    version: int
    expires: datetime
    _files: dict[str, TargetFile]

    @property
    def paths(self) -> list[str]:
        return sorted(self._files)

    def size(self, path: str) -> int:
        """Bytes of the file at ``path``; raises KeyError for one that is not listed."""
        return self._files[path].length

    def digest(self, path: str) -> str:
        """SHA-256 of the file at ``path``, in hex; raises KeyError for one that is not listed, or without it."""
        return str(self._files[path].hashes["sha256"])

    def fits(self, path: str, content: bytes | IO[bytes]) -> bool:
        """Whether ``content`` is the file that is listed as ``path``."""
        try:
            self._files[path].verify_length_and_hashes(content)
        except (KeyError, LengthOrHashMismatchError):
            return False
        return True


def listed(pinned: bytes, later: Iterable[bytes], targets: bytes) -> Result[Listed, DocumentFault]:
    """What ``targets`` lists, where it is the word of those whom root names.

    ``pinned``: the root that is trusted beforehand; ``later``: the roots that follow it, in their order, as far as each
    is signed by the one before and by itself. Dates are left to the caller.
    """
    try:
        metadata = Metadata[Targets].from_bytes(targets)
        _trusted(pinned, later).verify_delegate(TARGETS, metadata.signed_bytes, metadata.signatures)
    except DeserializationError:
        return Err(DocumentFault.DAMAGED)
    except UnsignedMetadataError:
        return Err(DocumentFault.WRONG_SIGNATURE)
    signed = metadata.signed
    if signed.type != TARGETS:
        return Err(DocumentFault.DAMAGED)
    return Ok(Listed(signed.version, signed.expires, dict(signed.targets)))


def _trusted(pinned: bytes, later: Iterable[bytes]) -> Root:
    """The last root up to which the chain holds. Raises DeserializationError where even ``pinned`` is none."""
    root = _root(pinned).signed
    for data in later:
        try:
            following = _root(data)
            for judge in (root, following.signed):
                judge.verify_delegate(ROOT, following.signed_bytes, following.signatures)
        except RepositoryError:
            break
        if following.signed.version != root.version + 1:
            break
        root = following.signed
    return root


def _root(data: bytes) -> Metadata[Root]:
    found = Metadata[Root].from_bytes(data)
    if not isinstance(found.signed, Root):
        raise DeserializationError("another role's metadata")
    return found


def root_version(root: bytes) -> int:
    """The version of ``root``. Raises ValueError where it is none, or not signed by itself."""
    try:
        found = _root(root)
        found.signed.verify_delegate(ROOT, found.signed_bytes, found.signatures)
    except RepositoryError as bad:
        raise ValueError(str(bad)) from None
    return int(found.signed.version)


def version_of(metadata: bytes) -> int:
    """The version that ``metadata`` of any role gives itself. Raises ValueError for anything else."""
    try:
        return int(Metadata.from_bytes(metadata).signed.version)
    except DeserializationError as bad:
        raise ValueError(str(bad)) from None
