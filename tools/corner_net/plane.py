"""Where the page lies in the picture: a pinhole camera over a plane, and pasting on that plane."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.corner_net.noise import Image, Rng, chance

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]


def view(rng: Rng, strong: float) -> Matrix:
    """Homography from the plane (unit: the page's long side) to pictures of unknown scale; (3, 3).

    Tilt is within 12 degrees mostly, and up to ``strong`` degrees in a third of the pictures; the distance is 1.2 to
    6 page lengths.
    """
    tilt = np.radians(abs(rng.normal(0, 7)) if chance(rng, 0.65) else rng.uniform(0, strong))
    turn, roll = rng.uniform(0, 2 * np.pi), rng.normal(0, np.radians(5))
    roll = roll + np.pi / 2 * rng.integers(4) if chance(rng, 0.6) else rng.uniform(0, 2 * np.pi)
    distance = rng.uniform(1.3, 5)

    def spin(angle: float) -> Matrix:
        c, s = np.cos(angle), np.sin(angle)
        return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])

    c, s = np.cos(tilt), np.sin(tilt)
    lean = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    rotation = spin(turn) @ lean @ spin(roll - turn)
    pose = np.column_stack([rotation[:, 0], rotation[:, 1], (0, 0, distance)])
    return np.asarray(pose / distance, np.float64)


def project(matrix: Matrix, points: Points) -> Points:
    """``points`` (n, 2) through the homography."""
    p = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(p[:, :2] / p[:, 2:], np.float64)


def area(quad: Points) -> float:
    """Area of the polygon in square pixels."""
    x, y = quad.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def rectangle(width: float, height: float, centre: tuple[float, float] = (0, 0), angle: float = 0) -> Points:
    """Corners on the plane, clockwise from the left top; (4, 2)."""
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(half @ np.array([[c, s], [-s, c]]) + centre, np.float64)


def from_quad(size: tuple[int, int], quad: Points) -> Matrix:
    """Homography from an image of (width, height) onto ``quad``."""
    w, h = size
    source = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(source, quad.astype(np.float32)), np.float64)


def shrunk(image: Image, quad: Points) -> Image:
    """``image`` reduced to a little above the size it will have in the picture, so that warping does not alias."""
    longest = max(float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[2] - quad[3])))
    tallest = max(float(np.linalg.norm(quad[3] - quad[0])), float(np.linalg.norm(quad[2] - quad[1])))
    scale = min(1.0, 1.15 * max(longest / image.shape[1], tallest / image.shape[0]))
    size = (max(4, round(image.shape[1] * scale)), max(4, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def paste(frame: Image, image: Image, cover: Image, quad: Points) -> None:
    """Lays ``image`` on ``quad`` of ``frame`` where ``cover`` allows."""
    height, width = frame.shape[:2]
    x0, y0 = (int(v) for v in np.maximum(np.floor(quad.min(0)) - 2, 0))
    x1, y1 = int(min(width, quad[:, 0].max() + 3)), int(min(height, quad[:, 1].max() + 3))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    four = np.dstack([image, cover])
    four = np.asarray(shrunk(four, quad), np.uint8)
    # OpenCV puts pixel centres at whole numbers; the quad runs along pixel borders.
    centre = np.array([[1, 0, -0.5 - x0], [0, 1, -0.5 - y0], [0, 0, 1]])
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    matrix = centre @ from_quad((four.shape[1], four.shape[0]), quad) @ half
    four = np.asarray(cv2.copyMakeBorder(four, 1, 1, 1, 1, cv2.BORDER_REPLICATE), np.uint8)
    four[0, :, 3] = four[-1, :, 3] = four[:, 0, 3] = four[:, -1, 3] = 0
    matrix = matrix @ np.array([[1, 0, -1], [0, 1, -1], [0, 0, 1.0]])
    warped = cv2.warpPerspective(four, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    part = frame[y0:y1, x0:x1]
    alpha = warped[..., 3:].astype(np.uint16)
    part[:] = ((warped[..., :3] * alpha + part * (255 - alpha)) // 255).astype(np.uint8)
