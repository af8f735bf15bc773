"""Secrets of the terminal: read from systemd's credentials where there are, else from files with tight rights."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kiosk.durable import sync_folder

NAMES = ("store-key", "signing-key", "tag-key", "staff-pin")


class CredentialError(Exception):
    """A secret is missing or readable by others."""


@dataclass(frozen=True)
class Credentials:
    """Raw secrets. ``staff_pin`` is the Argon2id hash of the PIN, or empty where none is set."""

    store_key: bytes
    signing_key: bytes
    tag_key: bytes
    staff_pin: str


def load_credentials(fallback: Path) -> Credentials:
    """From ``$CREDENTIALS_DIRECTORY`` (systemd, bound to the TPM where there is one) or the folder ``fallback``.

    Raises CredentialError, naming the secret, where one is missing or the folder is open to others.
    """
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    folder = Path(given) if given else fallback
    if not given and folder.exists() and folder.stat().st_mode & 0o077:
        raise CredentialError(f"{folder} is open to other users; chmod 700 it")
    values = {}
    for name in NAMES:
        try:
            values[name] = (folder / name).read_bytes()
        except FileNotFoundError:
            if name != "staff-pin":
                raise CredentialError(f"secret {name} is missing in {folder}; enrol this terminal first") from None
            values[name] = b""
    return Credentials(
        store_key=values["store-key"],
        signing_key=values["signing-key"],
        tag_key=values["tag-key"],
        staff_pin=values["staff-pin"].decode(),
    )


def create_credentials(folder: Path, signing_key: bytes, staff_pin_hash: str) -> Credentials:
    """Draw the secrets of a new terminal. Existing ones are never replaced: that would lose the store."""
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    values = {
        "store-key": os.urandom(32),
        "signing-key": signing_key,
        "tag-key": os.urandom(32),
        "staff-pin": staff_pin_hash.encode(),
    }
    for name, value in values.items():
        path = folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(value)
            out.flush()
            os.fsync(out.fileno())
    # Without the names the keys are gone with the power, and with them all that is handed in until then.
    sync_folder(folder)
    if new:
        sync_folder(folder.parent)
    return load_credentials(folder)
