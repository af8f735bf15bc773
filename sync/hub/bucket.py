"""Sealed files in a bucket of an S3 server: any number of platform processes share it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store

from sync.hub.blobs import BlobError, check_place, digest_in, name_of
from sync.protocol.canonical import hasher

HIDDEN = "hidden/"
PARALLEL = 16
"""Questions to the server at a time."""


class BucketBlobs:
    """Objects ``PREFIX/NAME``; pieces of one that is not complete are ``PREFIX/parts/NAME/OFFSET``.

    A piece is created only where none is (If-None-Match), so two processes that write the same place at the same
    moment cannot both succeed; and the pieces themselves say how far a blob has come. What the server has answered
    for is durable.
    """

    def __init__(self, url: str) -> None:
        """``url``: ``s3://BUCKET/PREFIX``; credentials, region and endpoint from the usual AWS variables."""
        self._store = S3Store.from_url(url, client_options={"allow_http": True})
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="blobs")

    def offset(self, digest: str) -> tuple[int, bool]:
        name = name_of(digest)
        whole = self._size(name)
        if whole is not None:
            return whole, True
        return self._end_of(self._pieces(name)), False

    def append(self, digest: str, offset: int, data: bytes, total: int) -> bool:
        name = name_of(digest)
        if self._size(name) is not None:
            return True
        pieces = self._pieces(name)
        check_place(self._end_of(pieces), offset, len(data), total)
        piece = _piece(name, offset)
        try:
            if data:
                obstore.put(self._store, piece, data, mode="create")
        except AlreadyExistsError:
            raise BlobError(f"offset {self._end_of(self._pieces(name))}") from None
        if offset + len(data) < total:
            return False
        places = [*(place for place, _size in pieces), *([offset] if data else [])]
        try:
            self._join(digest, name, places)
        except FileNotFoundError:
            # Another request has joined the same pieces meanwhile, or has thrown them away.
            if self._size(name) is None:
                raise BlobError(f"offset {self._end_of(self._pieces(name))}") from None
        return True

    def _join(self, digest: str, name: str, places: list[int]) -> None:
        """Make one object of the pieces; it is there whole or not at all."""
        pieces = [_piece(name, place) for place in places]
        algorithm = digest.partition(":")[0]
        hashing = hasher(algorithm)
        for data in self._read(pieces):
            hashing.update(data)
        fits = f"{algorithm}:{hashing.finalize().hex()}" == digest
        if fits:
            with obstore.open_writer(self._store, name) as whole:
                for data in self._read(pieces):
                    whole.write(data)
        obstore.delete(self._store, pieces)
        if not fits:
            raise BlobError("the content does not have this digest")

    def _read(self, pieces: list[str]) -> Iterator[bytes]:
        return (bytes(obstore.get(self._store, piece).bytes()) for piece in pieces)

    def _size(self, name: str) -> int | None:
        try:
            return int(obstore.head(self._store, name)["size"])
        except (FileNotFoundError, NotFoundError):
            return None

    def _pieces(self, name: str) -> list[tuple[int, int]]:
        """``(place, size)`` of the pieces that are there, in their order."""
        found = [o for chunk in obstore.list(self._store, prefix=f"parts/{name}/") for o in chunk]
        return sorted((int(o["path"].rpartition("/")[2]), int(o["size"])) for o in found)

    @staticmethod
    def _end_of(pieces: list[tuple[int, int]]) -> int:
        """How far the pieces reach without a hole."""
        end = 0
        for place, size in pieces:
            if place != end:
                break
            end += size
        return end

    def sizes(self, digests: Collection[str]) -> dict[str, int]:
        wanted = list(digests)
        sizes = self._pool.map(self._size, [name_of(digest) for digest in wanted])
        return {digest: size for digest, size in zip(wanted, sizes, strict=True) if size is not None}

    def settle(self) -> None:
        """Nothing to do: an object that the server has answered for is durable."""

    def read(self, digest: str) -> bytes:
        name = name_of(digest)
        try:
            for place in (name, _hidden(name)):
                with contextlib.suppress(FileNotFoundError, NotFoundError):
                    return bytes(obstore.get(self._store, place).bytes())
            # Between the two looks it may have been shown again.
            return bytes(obstore.get(self._store, name).bytes())
        except NotFoundError as missing:
            raise FileNotFoundError(digest) from missing
        except BaseError as bad:
            raise OSError(f"the bucket: {type(bad).__name__}") from bad

    def read_part(self, digest: str, start: int, size: int) -> bytes:
        try:
            return bytes(obstore.get_range(self._store, name_of(digest), start=start, length=size))
        except NotFoundError as missing:
            raise FileNotFoundError(digest) from missing

    def complete(self, after: str, most: int) -> list[tuple[str, float]]:
        found: list[tuple[str, float]] = []
        for chunk in obstore.list(self._store, offset=after or None, chunk_size=1000):
            found += [(digest_in(o["path"]), o["last_modified"].timestamp()) for o in chunk if digest_in(o["path"])]
            if len(found) >= most:
                break
        return found[:most]

    def hide(self, digest: str, now: float) -> bool:
        """``now`` is the server's time: it notes by itself when the hidden copy was made."""
        name = name_of(digest)
        return self._move(name, _hidden(name))

    def hidden(self) -> list[tuple[str, float]]:
        found = [o for chunk in obstore.list(self._store, prefix=HIDDEN) for o in chunk]
        return [(digest_in(o["path"].rpartition("/")[2]), o["last_modified"].timestamp()) for o in found]

    def show(self, digest: str) -> None:
        name = name_of(digest)
        self._move(_hidden(name), name)

    def remove(self, digest: str) -> None:
        obstore.delete(self._store, _hidden(name_of(digest)))

    def drop_parts(self, before: float) -> int:
        newest: dict[str, float] = {}
        pieces: dict[str, list[str]] = {}
        for o in (o for chunk in obstore.list(self._store, prefix="parts/", chunk_size=1000) for o in chunk):
            name = o["path"].split("/")[1]
            newest[name] = max(newest.get(name, 0.0), o["last_modified"].timestamp())
            pieces.setdefault(name, []).append(o["path"])
        old = [name for name, at in newest.items() if at < before]
        for name in old:
            # A piece that comes now is in no place where a blob could go on, or at the beginning of a new one.
            obstore.delete(self._store, pieces[name])
        return len(old)

    def _move(self, source: str, target: str) -> bool:
        """False where there is nothing to move."""
        try:
            obstore.copy(self._store, source, target)
        except (FileNotFoundError, NotFoundError):
            return False
        obstore.delete(self._store, source)
        return True


def _hidden(name: str) -> str:
    return f"{HIDDEN}{name}"


def _piece(name: str, place: int) -> str:
    return f"parts/{name}/{place:012d}"
