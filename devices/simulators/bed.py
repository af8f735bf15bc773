"""The bed under the simulated camera: a dark mat, and on it a paper, lying a little crooked."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture

WIDTH, HEIGHT = 1920, 1080


def empty_bed(seed: int = 3) -> Picture:
    """A dark green-grey mat with a weave and uneven light, 1920 x 1080 BGR."""
    noise = np.random.default_rng(seed)
    mat = np.full((HEIGHT, WIDTH, 3), (62, 70, 58), np.float32)
    mat += noise.normal(0, 3, (HEIGHT, WIDTH, 1))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    light = 1.08 - 0.25 * np.hypot((x - WIDTH * 0.45) / WIDTH, (y - HEIGHT * 0.4) / HEIGHT)
    return np.asarray(np.clip(mat * light[:, :, None], 0, 255), np.uint8)


def on_bed(paper: Picture, seed: int = 1) -> Picture:
    """``paper`` (BGR) laid on the bed by hand: at most 6 degrees crooked, in perspective, with a shadow."""
    chance = np.random.default_rng(seed)
    height, width = paper.shape[:2]
    scale = 0.93 * min(0.86 * HEIGHT / height, 0.86 * WIDTH / width)
    bed = _laid(empty_bed().astype(np.float32), paper, (WIDTH / 2, HEIGHT / 2), scale, chance)
    return np.asarray(np.clip(bed + chance.normal(0, 1.2, (HEIGHT, WIDTH, 1)), 0, 255), np.uint8)


def several_on_bed(papers: Sequence[Picture], seed: int = 1) -> Picture:
    """``papers`` side by side on the bed, from the left, each a little crooked and apart from the next."""
    chance = np.random.default_rng(seed)
    bed = empty_bed().astype(np.float32)
    room = 0.94 * WIDTH / len(papers)
    for n, paper in enumerate(papers):
        height, width = paper.shape[:2]
        scale = min(0.8 * HEIGHT / height, 0.8 * room / width)
        bed = _laid(bed, paper, (0.03 * WIDTH + room * (n + 0.5), HEIGHT / 2), scale, chance)
    return np.asarray(np.clip(bed + chance.normal(0, 1.2, (HEIGHT, WIDTH, 1)), 0, 255), np.uint8)


def _laid(
    bed: NDArray[np.float32], paper: Picture, middle: tuple[float, float], scale: float, chance: np.random.Generator
) -> NDArray[np.float32]:
    """``bed`` with ``paper`` on it, its shadow beside it."""
    height, width = paper.shape[:2]
    w, h = width * scale / 2, height * scale / 2
    angle = np.deg2rad(chance.uniform(-6, 6))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) @ turn.T
    corners += np.array(middle) + chance.uniform(-12, 12, (4, 2))
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    sheet = cv2.warpPerspective(paper, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA).astype(np.float32)
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, (WIDTH, HEIGHT)) / 255.0
    shadow = cv2.GaussianBlur(np.roll(mask, (10, 8), (0, 1)).astype(np.float32), (0, 0), 9)[:, :, None]
    bed = bed * (1 - 0.45 * shadow)
    whole = bed * (1 - mask[:, :, None]) + np.minimum(sheet, 246) * 0.97 * mask[:, :, None]
    return np.asarray(whole, np.float32)


def filling(photograph: Picture) -> Picture:
    """A photograph that has its own background, scaled to fill the camera's view without distortion."""
    height, width = photograph.shape[:2]
    if height > width and height / width > 1.2:
        photograph = np.asarray(cv2.rotate(photograph, cv2.ROTATE_90_COUNTERCLOCKWISE), np.uint8)
        height, width = photograph.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    large = cv2.resize(photograph, (round(width * scale) + 1, round(height * scale) + 1), interpolation=cv2.INTER_AREA)
    y, x = (large.shape[0] - HEIGHT) // 2, (large.shape[1] - WIDTH) // 2
    return np.ascontiguousarray(large[y : y + HEIGHT, x : x + WIDTH], np.uint8)


class CameraSimulator:
    """Serves the picture of the bed to the camera process over a Unix socket; unplugged, it hangs up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener: socket.socket | None = None
        self._peers: set[socket.socket] = set()
        self._sequence = 0
        self._empty = empty_bed()
        self._picture = self._empty
        self.paper: str | None = None
        self.frozen = self.wrong_format = False
        self.refuse = ""
        self.light: int | None = None
        self.small = False
        self.late = 0.0

    def set_fault(self, **faults: bool | int | float | str | None) -> None:
        """``frozen``, ``refuse`` (busy, no_permission), ``wrong_format``, ``light`` (0-255 for the whole picture),
        ``small`` (640 pixels wide), ``late`` (seconds until each picture)."""
        for name, value in faults.items():
            if not hasattr(self, name):
                raise ValueError(f"no such fault: {name}")
            setattr(self, name, value)
        self._sequence += 1

    def _seen(self) -> Picture:
        picture = self._picture if self.light is None else np.full_like(self._picture, self.light)
        return np.ascontiguousarray(picture[::3, ::3]) if self.small else picture

    @property
    def plugged(self) -> bool:
        return self._listener is not None

    def plug(self) -> None:
        if self._listener is not None:
            return
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self._path))
        self._path.chmod(0o600)
        self._listener.listen(4)
        self._listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def unplug(self) -> None:
        if self._listener is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        self._listener.close()
        self._path.unlink(missing_ok=True)
        self._listener = None
        for peer in list(self._peers):
            self._drop(peer)

    def show(self, name: str | None, picture: Picture | None) -> None:
        """Put a picture under the camera; None clears the bed."""
        self.paper = name
        self._picture = self._empty if picture is None else picture
        self._sequence += 1

    def _accept(self) -> None:
        assert self._listener is not None
        peer, _address = self._listener.accept()
        peer.setblocking(False)
        self._peers.add(peer)
        asyncio.get_running_loop().add_reader(peer, self._serve, peer)

    def _serve(self, peer: socket.socket) -> None:
        try:
            known = peer.recv(64)
        except OSError:
            self._drop(peer)
            return
        if not known:
            self._drop(peer)
        elif self.late:
            asyncio.get_running_loop().call_later(self.late, self._answer, peer, known)
        elif not self.frozen:
            self._answer(peer, known)

    def _answer(self, peer: socket.socket, known: bytes) -> None:
        picture = self._seen()
        facts = {"sequence": self._sequence, "height": picture.shape[0], "width": picture.shape[1]}
        answer = json.dumps({**facts, "refuse": self.refuse, "wrong_format": self.wrong_format}).encode()
        try:
            if self.refuse or int(known) == self._sequence:
                peer.send(answer)
                return
            fd = os.memfd_create("bed", os.MFD_CLOEXEC)
            try:
                os.write(fd, picture.tobytes())
                socket.send_fds(peer, [answer], [fd])
            finally:
                os.close(fd)
        except (OSError, ValueError):
            if peer in self._peers:
                self._drop(peer)

    def _drop(self, peer: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(peer)
        self._peers.discard(peer)
        peer.close()
