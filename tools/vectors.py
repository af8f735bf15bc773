"""Draws the test vectors of the protocol, ``sync/protocol/vectors/SUITE.json``: ``python tools/vectors.py``.

Sealing, wrapping and SM2 signatures draw randomness, so what is there is kept, and a run adds what is new in the
protocol; ``--force`` draws all of it anew. ``docs/protocol.md`` tells what each part is.
The keys in them are for tests alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sync.protocol import publishing
from sync.protocol.canonical import b64, canonical, digest, unb64
from sync.protocol.case_file import CaseBody, DocumentInfo, PageInfo, PlatformKey, seal_case
from sync.protocol.envelope import Envelope, Stamp, acknowledgements, blob_context, wrap_info
from sync.protocol.merkle import tree
from sync.protocol.published import ROOT, RoleKey
from sync.protocol.suites import CHUNK, SUITES, Suite
from sync.protocol.vectors import FOLDER, pattern
from sync.protocol.wire import Heartbeat, KeyNotice, KeySuccession, PublicKey, Purpose, RecordBatch, SignedRequest

TIME = "2026-03-02T01:30:00+00:00"
CANONICAL: list[Any] = [
    {"b": 1, "a": ["王𠮷", None, True], "": {}},
    {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7},
    {"numbers": [0, -1, 9007199254740991, 1.5, 1e21, 1e-7]},
    {"escapes": 'quote " backslash \\ newline \n tab \t bell \u0007 delete \u007f'},
]


DRAWN: dict[str, Callable[[Suite], tuple[bytes, bytes]]] = {
    "terminal_signing": lambda crypto: crypto.new_signing_key(),
    "platform_signing": lambda crypto: crypto.new_signing_key(),
    "platform_signing_next": lambda crypto: crypto.new_signing_key(),
    "platform_sealing": lambda crypto: crypto.new_sealing_key(),
}


def vectors(crypto: Suite, before: dict[str, Any]) -> dict[str, Any]:
    """All parts; those that are in ``before`` as they are there, the others drawn with its keys."""
    keys = dict(before.get("keys", {}))
    for name, draw in DRAWN.items():
        if name not in keys:
            private, public = draw(crypto)
            keys[name] = {"private": b64(private), "public": b64(public)}
    return {**_drawn(crypto, keys), **before, "keys": keys}


def _drawn(crypto: Suite, keys: dict[str, dict[str, str]]) -> dict[str, Any]:
    terminal, platform = (unb64(keys[name]["private"]) for name in ("terminal_signing", "platform_signing"))
    platform_public, next_public, sealing_public = (
        unb64(keys[name]["public"]) for name in ("platform_signing", "platform_signing_next", "platform_sealing")
    )
    return {
        "suite": crypto.name,
        "keys": keys,
        "canonical": [{"value": value, "canonical": canonical(value).decode()} for value in CANONICAL],
        "digests": [
            {"data": b64(data), "digest": digest(data, crypto.digest_name)}
            for data in (b"", b"abc", pattern(CHUNK + 1))
        ],
        "trees": [_tree(crypto, count) for count in (1, 2, 3, 7)],
        "sealed": _sealed(crypto),
        "wrapped": _wrapped(crypto, sealing_public),
        "signatures": _signatures(crypto, terminal),
        "case": _case(crypto, sealing_public, terminal, platform),
        "request": SignedRequest.make(
            crypto.name, "T01", terminal, Purpose.HEARTBEAT, TIME, Heartbeat(backlog=3, faults=["paper_low"])
        ).model_dump(mode="json"),
        "published": _published_files(crypto),
        "key_notice": KeyNotice(sealing=_published(crypto, sealing_public))
        .signed(crypto.name, platform)
        .model_dump(mode="json"),
        "key_succession": KeySuccession(
            by=_published(crypto, platform_public),
            acknowledging=_published(crypto, next_public),
            withdrawn=["an-older-key"],
        )
        .signed(platform)
        .model_dump(mode="json"),
    }


def _published(crypto: Suite, public: bytes) -> PublicKey:
    return PublicKey(key_id=digest(public)[7:23], suite=crypto.name, public=b64(public))


def _tree(crypto: Suite, count: int) -> dict[str, Any]:
    entries = [f"entry {i}".encode() for i in range(count)]
    root, paths = tree(entries, crypto.digest_name)
    return {
        "entries": [b64(e) for e in entries],
        "root": b64(root),
        "paths": [[b64(step) for step in path] for path in paths],
    }


def _sealed(crypto: Suite) -> list[dict[str, Any]]:
    """Plaintexts are ``pattern(size)``. With ``opens`` false: something was changed, and it must not open."""
    context = blob_context("019c0000-0000-7000-8000-000000000001", "body", "body")
    found = []
    for size in (0, 5, CHUNK, CHUNK + 1):
        key = crypto.new_data_key()
        sealed = crypto.seal(key, pattern(size), context)
        good = {"size": size, "key": b64(key), "context": context.decode(), "sealed": b64(sealed), "opens": True}
        found.append(good)
        if size == 5:
            bad = {**good, "opens": False}
            found.append({**bad, "context": context.decode().replace('"role":"body"', '"role":"document"')})
            found.append({**bad, "sealed": b64(sealed[:-1] + bytes([sealed[-1] ^ 1]))})
            found.append({**bad, "sealed": b64(sealed[:-1])})
        if size > CHUNK:
            # The last chunk is left out: the first is whole, but does not say that it is the last.
            found.append({**good, "opens": False, "sealed": b64(sealed[: 4 + 7 + CHUNK + 16])})
    return found


def _wrapped(crypto: Suite, public: bytes) -> dict[str, Any]:
    info = wrap_info("T01", "case-1", "residence-permit", "2026.3", digest(b"body", crypto.digest_name))
    data_key = crypto.new_data_key()
    return {"info": info.decode(), "data_key": b64(data_key), "wrapped": b64(crypto.wrap(data_key, public, info))}


def _signatures(crypto: Suite, private: bytes) -> list[dict[str, Any]]:
    """By the key ``terminal_signing``."""
    signature = crypto.sign(private, "便民".encode())
    return [
        {"message": b64("便民".encode()), "signature": b64(signature), "valid": True},
        {"message": b64("便民!".encode()), "signature": b64(signature), "valid": False},
        {"message": b64(b""), "signature": b64(crypto.sign(private, b"")), "valid": True},
        {"message": b64("便民".encode()), "signature": b64(signature[:-1]), "valid": False},
    ]


def _case(crypto: Suite, sealing_public: bytes, terminal: bytes, platform: bytes) -> dict[str, Any]:
    """A whole case of an invented person, sealed to ``platform_sealing`` and signed by ``terminal_signing``."""
    paper = b"%PDF-1.7\n% an invented paper\n"
    body = CaseBody(
        case_id="019c0000-0000-7000-8000-000000000001",
        receipt="T01-ABCD-000001-0",
        service="residence-permit",
        form_version="2026.3",
        language="zh",
        captured="2026-03-02T09:30:00+08:00",
        identity={"kind": "resident", "name": "测试甲", "number": "990000199003070013"},
        answers={"address": "柳荫路18号", "𠮷": "王𠮷"},
        pages=[PageInfo(id="p1", material="lease", width=1240, height=1754, digest=digest(paper, crypto.digest_name))],
        documents=[DocumentInfo(id="doc-lease", material="lease", digest=digest(paper, crypto.digest_name))],
    )
    key = _published(crypto, sealing_public)
    sealed = seal_case(body, {"lease": paper}, "T01", PlatformKey(key.key_id, crypto.name, sealing_public))
    envelope = Envelope(
        suite=crypto.name,
        key_id=key.key_id,
        terminal="T01",
        case_id=body.case_id,
        receipt=body.receipt,
        service=body.service,
        form_version=body.form_version,
        stamp=Stamp(raw="2026-03-02T01:29:12+00:00", trusted=TIME, epoch="ABCD", sequence=1),
        previous="",
        wrapped_key=b64(sealed.wrapped_key),
        blobs=sealed.blobs,
    )
    # A field of a later version: it is signed, digested and kept like the others.
    envelope = Envelope.model_validate(envelope.model_dump() | {"later": {"kept": True}}).signed(terminal)
    records = [("another-case", digest(b"another", crypto.digest_name)), (body.case_id, envelope.digest())]
    words = acknowledgements(records, crypto.name, "platform-key", platform, TIME)
    return {
        "envelope": envelope.model_dump(mode="json"),
        "signed_text": envelope.signed_part().decode(),
        "envelope_digest": envelope.digest(),
        "files": {name: b64(data) for name, data in sealed.files.items()},
        "body": body.model_dump(mode="json"),
        "documents": {"doc-lease": b64(paper)},
        "acknowledgement": words[1].model_dump(mode="json"),
        "batch_request": SignedRequest.make(
            crypto.name, "T01", terminal, Purpose.RECORDS, TIME, RecordBatch(records=[envelope])
        ).model_dump(mode="json"),
    }


def _published_files(crypto: Suite) -> dict[str, Any]:
    """One file, under a root whose key has changed once. ``wrong`` is signed by the key of the role timestamp."""
    root, newer, targets, online = (RoleKey(crypto.name, *crypto.new_signing_key()) for _ in range(4))
    until, path, content = datetime(2030, 1, 1, tzinfo=UTC), "catalogue/example.yaml", b"id: example\nversion: '1'\n"
    first = publishing.first_root(root, targets, online, until)
    files = {path: content}
    listing = publishing.list_files(1, files, until, targets)
    snapshot = publishing.snapshot(1, listing, until, online)
    made = {
        "1.root.json": first,
        "2.root.json": publishing.next_root(first, [root, newer], until, {ROOT: newer}),
        "1.targets.json": listing,
        "1.snapshot.json": snapshot,
        "timestamp.json": publishing.timestamp(1, snapshot, until, online),
        "wrong": publishing.list_files(1, files, until, online),
    }
    return {
        "path": path,
        "name": publishing.consistent_name(path, content),
        "content": b64(content),
        "metadata": {name: b64(data) for name, data in made.items()},
    }


def main() -> int:
    for name, crypto in SUITES.items():
        path: Path = FOLDER / f"{name}.json"
        before = json.loads(path.read_text()) if path.exists() and "--force" not in sys.argv else {}
        path.write_text(json.dumps(vectors(crypto, before), ensure_ascii=False, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
