"""A tree of digests (RFC 9162, section 2.1): one signature for many records, and for each a short path up to it."""

from __future__ import annotations

from collections.abc import Sequence

from sync.protocol.canonical import hasher


def _hash(kind: bytes, *parts: bytes, algorithm: str) -> bytes:
    hashing = hasher(algorithm)
    hashing.update(kind)
    for part in parts:
        hashing.update(part)
    return hashing.finalize()


def _node(left: bytes, right: bytes, algorithm: str) -> bytes:
    return _hash(b"\x01", left, right, algorithm=algorithm)


def _split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def tree(entries: Sequence[bytes], algorithm: str) -> tuple[bytes, list[list[bytes]]]:
    """The root over ``entries``, and for each entry its path: the neighbours' digests from below upwards.

    Raises ValueError without entries.
    """
    if not entries:
        raise ValueError("a tree needs an entry")
    return _grown([_hash(b"\x00", e, algorithm=algorithm) for e in entries], algorithm)


def _grown(leaves: list[bytes], algorithm: str) -> tuple[bytes, list[list[bytes]]]:
    if len(leaves) == 1:
        return leaves[0], [[]]
    middle = _split(len(leaves))
    left, left_paths = _grown(leaves[:middle], algorithm)
    right, right_paths = _grown(leaves[middle:], algorithm)
    paths = [[*p, right] for p in left_paths] + [[*p, left] for p in right_paths]
    return _node(left, right, algorithm), paths


def root_over(entry: bytes, index: int, count: int, path: Sequence[bytes], algorithm: str) -> bytes:
    """The root that ``entry`` at ``index`` of ``count`` leads to by ``path`` (RFC 9162, section 2.1.3.2).

    Raises ValueError where the path cannot belong to that place.
    """
    if not 0 <= index < count:
        raise ValueError("no such place in the tree")
    place, last = index, count - 1
    digest = _hash(b"\x00", entry, algorithm=algorithm)
    for neighbour in path:
        if last == 0:
            raise ValueError("the path is too long")
        if place & 1 or place == last:
            digest = _node(neighbour, digest, algorithm)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            digest = _node(digest, neighbour, algorithm)
        place, last = place >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return digest
