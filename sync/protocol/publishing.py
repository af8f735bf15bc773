"""Makes the metadata of published files, see ``sync.protocol.published``. Bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from sync.protocol.published import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleKey

HASHES = ["sha256"]
Content = bytes | TargetFile
"""A file, or what is said of one that is kept elsewhere."""


def first_root(root: RoleKey, targets: RoleKey, online: RoleKey, expires: datetime) -> bytes:
    """The first root; ``online`` speaks for snapshot and timestamp."""
    made = Root(expires=expires, consistent_snapshot=True)
    for role, key in {ROOT: root, TARGETS: targets, SNAPSHOT: online, TIMESTAMP: online}.items():
        made.add_key(key.public_key, role)
    return _signed(made, [root])


def next_root(present: bytes, signers: Iterable[RoleKey], expires: datetime, new: Mapping[str, RoleKey]) -> bytes:
    """The root after ``present``, with the keys in ``new`` in the place of those that their roles had.

    ``signers``: whoever ``present`` names for root, and whoever the new one names.
    """
    root = Metadata[Root].from_bytes(present).signed
    root.version += 1
    root.expires = expires
    for role, key in new.items():
        for key_id in list(root.roles[role].keyids):
            root.revoke_key(key_id, role)
        root.add_key(key.public_key, role)
    return _signed(root, signers)


def described(path: str, file: Path) -> TargetFile:
    """Length and digest of a file that is too large to be held in memory."""
    return TargetFile.from_file(path, str(file), HASHES)


def list_files(version: int, files: Mapping[str, Content], expires: datetime, signer: RoleKey) -> bytes:
    """The metadata ``targets``: all files by their path."""
    found = {path: _target(path, content) for path, content in files.items()}
    return _signed(Targets(version=version, expires=expires, targets=found), [signer])


def files_in(targets: bytes) -> dict[str, TargetFile]:
    """What the metadata ``targets`` lists, by path."""
    return dict(Metadata[Targets].from_bytes(targets).signed.targets)


def snapshot(version: int, targets: bytes, expires: datetime, signer: RoleKey) -> bytes:
    """Which ``targets`` is the present one."""
    meta = {"targets.json": _meta(targets)}
    return _signed(Snapshot(version=version, expires=expires, meta=meta), [signer])


def timestamp(version: int, snapshot: bytes, expires: datetime, signer: RoleKey) -> bytes:
    """Which ``snapshot`` is the present one; short-lived, so that a terminal notices when it is told nothing new."""
    return _signed(Timestamp(version=version, expires=expires, snapshot_meta=_meta(snapshot)), [signer])


def consistent_name(path: str, content: Content) -> str:
    """The name under which the file ``path`` is served: its digest stands before its own name."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{_target(path, content).hashes['sha256']}.{name}"


def consistent_names(targets: bytes) -> set[str]:
    """The names under which the files of the metadata ``targets`` are served."""
    return {name for file in files_in(targets).values() for name in file.get_prefixed_paths()}


def key_ids(root: bytes, role: str) -> set[str]:
    """The keys that ``root`` names for ``role``."""
    return set(Metadata[Root].from_bytes(root).signed.roles[role].keyids)


def expires(metadata: bytes) -> datetime:
    """When ``metadata`` of any role ends."""
    found: datetime = Metadata.from_bytes(metadata).signed.expires
    return found


def _target(path: str, content: Content) -> TargetFile:
    return TargetFile.from_data(path, content, HASHES) if isinstance(content, bytes) else content


def _meta(metadata: bytes) -> MetaFile:
    return MetaFile.from_data(Metadata.from_bytes(metadata).signed.version, metadata, HASHES)


def _signed(made: Root | Targets | Snapshot | Timestamp, signers: Iterable[RoleKey]) -> bytes:
    metadata: Metadata[Any] = Metadata(made)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes()
