"""One signature over many records, and the path from each up to it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol.canonical import b64, unb64
from sync.protocol.envelope import Acknowledgement, acknowledgements
from sync.protocol.merkle import root_over, tree
from sync.protocol.suites import SUITES, suite


def test_the_tree_is_that_of_rfc_9162() -> None:
    """The first test entries that Certificate Transparency's implementations share."""
    entries = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"]
    assert tree(entries[:1], "sha256")[0].hex() == hashlib.sha256(b"\x00").hexdigest()
    assert tree(entries[:2], "sha256")[0].hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert tree(entries[:3], "sha256")[0].hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    with pytest.raises(ValueError, match="needs an entry"):
        tree([], "sha256")


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40), st.sampled_from(["sha256", "sm3"]), st.data())
def test_property_every_path_leads_to_the_root_and_no_other_does(
    entries: list[bytes], algorithm: str, data: st.DataObject
) -> None:
    root, paths = tree(entries, algorithm)
    for index, (entry, path) in enumerate(zip(entries, paths, strict=True)):
        assert root_over(entry, index, len(entries), path, algorithm) == root
    index = data.draw(st.integers(0, len(entries) - 1))
    entry, path = entries[index], paths[index]
    assert root_over(entry + b"x", index, len(entries), path, algorithm) != root
    for wrong in ([*path, root], path[:-1]):
        if wrong != path:
            with pytest.raises(ValueError, match="too"):
                root_over(entry, index, len(entries), wrong, algorithm)
    with pytest.raises(ValueError, match="no such place"):
        root_over(entry, len(entries), len(entries), path, algorithm)


def _turned(signature: str, place: int) -> str:
    """The signature with one bit of the byte at ``place`` turned over, which can never be the same again."""
    octets = bytearray(unb64(signature))
    octets[place] ^= 1
    return b64(bytes(octets))


@pytest.mark.parametrize("name", SUITES)
def test_what_was_acknowledged_cannot_be_said_of_anything_else(name: str) -> None:
    private, public = suite(name).new_signing_key()
    said = [(f"case-{n}", f"sha256:{n:064x}") for n in range(5)]
    words = acknowledgements(said, name, "key", private, "2026-03-02T01:00:00+00:00")
    assert all(w.verified(public) for w in words)
    again = [Acknowledgement.model_validate_json(w.model_dump_json()) for w in words]
    assert again == words
    changes: list[dict[str, object]] = [
        {"case_id": "case-9"},
        {"envelope": f"sha256:{9:064x}"},
        {"received": "2026-03-03"},
        {"index": 1},
        {"count": 6},
        {"path": words[1].path},
        {"path": ["!"]},
        {"signature": words[1].signature[:-4]},
        *({"signature": _turned(words[0].signature, place)} for place in (0, 31, 63)),
        {"suite": "none"},
        {"key_id": "another"},
    ]
    for change in changes:
        assert not words[0].model_copy(update=change).verified(public), change
    assert not words[0].verified(suite(name).new_signing_key()[1])
