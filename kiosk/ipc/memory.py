"""Pictures between processes: memory files without a name, which no crash can leave behind.

``multiprocessing.shared_memory`` is unfit here: a reader that exits unlinks the segment of the others,
and a killed owner leaves the picture in ``/dev/shm``.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from contextlib import suppress

_HEADER = struct.Struct("<QdII")  # sequence number, time (monotonic seconds), width, height
SLOT_HEADER = 64


def blob_to_fd(data: bytes) -> int:
    """A sealed memory file that holds ``data``; the caller closes the descriptor after sending it."""
    fd = os.memfd_create("blob", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(fd), "wb") as out:
        out.write(data)
    return fd


def blob_from_fd(fd: int) -> bytes:
    """The bytes of a memory file; closes the descriptor."""
    with os.fdopen(fd, "rb") as source:
        source.seek(0)
        return source.read()


def give_back() -> None:
    """Give what was freed back to the system, wherever in the heap it lies.

    glibc keeps large freed blocks for later: after a page, 40 MB of old pictures that nothing needs any more.
    A C library without ``malloc_trim`` has ways of its own.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class FrameRing:
    """A ring of raw BGRA pictures in one memory file, written by one process and read by another.

    Each slot starts with the sequence number of its picture. The writer sets it to 0 before it touches
    the pixels and to the true number after, so that a reader can tell a picture that changed under it.
    """

    def __init__(self, fd: int, slots: int, capacity: int) -> None:
        self.fd = fd
        self.slots = slots
        self.capacity = capacity
        self._map = mmap.mmap(fd, slots * (SLOT_HEADER + capacity))

    @classmethod
    def create(cls, slots: int, capacity: int) -> FrameRing:
        """A new ring of ``slots`` pictures of at most ``capacity`` bytes each."""
        fd = os.memfd_create("frames", os.MFD_CLOEXEC)
        os.ftruncate(fd, slots * (SLOT_HEADER + capacity))
        return cls(fd, slots, capacity)

    def write(self, sequence: int, at: float, width: int, height: int, pixels: memoryview | bytes) -> int:
        """Put a picture of ``width * height * 4`` bytes into the next slot; returns the slot."""
        slot = sequence % self.slots
        base = slot * (SLOT_HEADER + self.capacity)
        self._map[base : base + _HEADER.size] = _HEADER.pack(0, at, width, height)
        start = base + SLOT_HEADER
        self._map[start : start + width * height * 4] = bytes(pixels)
        self._map[base : base + _HEADER.size] = _HEADER.pack(sequence, at, width, height)
        return slot

    def read(self, slot: int) -> tuple[int, int, int, bytes] | None:
        """``(sequence, width, height, pixels)`` of a slot, or None when it was being written."""
        base = slot * (SLOT_HEADER + self.capacity)
        before, _at, width, height = _HEADER.unpack_from(self._map, base)
        if not before or width * height * 4 > self.capacity:
            return None
        start = base + SLOT_HEADER
        pixels = self._map[start : start + width * height * 4]
        after = _HEADER.unpack_from(self._map, base)[0]
        return (before, width, height, pixels) if before == after else None

    def wipe(self) -> None:
        """Overwrite every picture with zeros."""
        self._map[:] = bytes(len(self._map))

    def close(self) -> None:
        self._map.close()
        os.close(self.fd)
