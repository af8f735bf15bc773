"""A tree of digests (RFC 9162, section 2.1): one signature for many records, and for each a short path up to it."""

from __future__ import annotations

from collections.abc import Sequence

from sync.protocol.canonical import hash_of


def _leaf(entry: bytes, algorithm: str) -> bytes:
    return hash_of(b"\x00" + entry, algorithm)


def _node(left: bytes, right: bytes, algorithm: str) -> bytes:
    return hash_of(b"\x01" + left + right, algorithm)


def tree(entries: Sequence[bytes], algorithm: str) -> tuple[bytes, list[list[bytes]]]:
    """The root over ``entries``, and for each entry its path: the neighbours' digests from below upwards.

    Raises ValueError without entries.
    """
    if not entries:
        raise ValueError("a tree needs an entry")
    row = [_leaf(e, algorithm) for e in entries]
    paths: list[list[bytes]] = [[] for _ in row]
    level = 0
    while len(row) > 1:
        for index, path in enumerate(paths):
            neighbour = (index >> level) ^ 1
            if neighbour < len(row):
                path.append(row[neighbour])
        # Who has no neighbour goes up as it is: this is the RFC's split at the largest power of two.
        pairs = [_node(row[i], row[i + 1], algorithm) for i in range(0, len(row) - 1, 2)]
        row = pairs + row[len(row) & ~1 :]
        level += 1
    return row[0], paths


def root_over(entry: bytes, index: int, count: int, path: Sequence[bytes], algorithm: str) -> bytes:
    """The root that ``entry`` at ``index`` of ``count`` leads to by ``path`` (RFC 9162, section 2.1.3.2).

    Raises ValueError where the path cannot belong to that place.
    """
    if not 0 <= index < count:
        raise ValueError("no such place in the tree")
    place, last = index, count - 1
    digest = _leaf(entry, algorithm)
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
