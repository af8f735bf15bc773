"""Even light, white paper, true colours: shadows and casts are taken off a page, stamps keep their colour."""

from __future__ import annotations

from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.scanner.geometry import Picture, level_of

COARSE = 8
"""The light is estimated on a picture so many times smaller: shadows are smooth, print is not."""
PRINT = 7
"""Pixels of the small picture that print and lines span at most: what is darker over less is print, not shadow."""
COLOURED = 60
"""Saturation (0-255) from which a pixel is a colour of its own, a stamp or a picture, and says nothing of the light."""
PAPER_WHITE = 247.0
MOST_GAIN = 3.0
"""A shadow of less than a third of the light is not lifted further: there is only noise in it."""
DARKEST = 40.0
"""Nine tenths of the page darker than this (0-255): not a matter of shadows."""
PAPER_SHARE = 0.4
"""So much of a page must be plain paper for its light to be known from it."""


class Mode(StrEnum):
    """What a page is kept as."""

    COLOUR = "colour"
    GREY = "grey"
    BLACK_AND_WHITE = "black_and_white"


def even_light(page: Picture) -> Picture:
    """``page`` (BGR) as if it lay in even, white light; unchanged where too little of it is plain paper."""
    height, width = page.shape[:2]
    small = cv2.resize(
        page[: height // COARSE * COARSE, : width // COARSE * COARSE],
        (max(8, width // COARSE), max(8, height // COARSE)),
        interpolation=cv2.INTER_AREA,
    )
    hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
    value = np.asarray(hsv[:, :, 2], np.uint8)
    # Closing leaves slopes of light as they are and fills what is dark and narrow: print.
    without_print = cv2.morphologyEx(value, cv2.MORPH_CLOSE, np.ones((PRINT, PRINT), np.uint8))
    level = level_of(value, 0.9)
    colourless = hsv[:, :, 1] < _cast_saturation(np.asarray(hsv, np.uint8)) + COLOURED
    plain = colourless & (value > without_print * 0.94) & (value > level / 5)
    if plain.mean() < PAPER_SHARE or level < DARKEST:
        return page
    light = _spread(np.asarray(small, np.uint8), plain)
    # What is too dark to be lifted whole is lifted less, in all channels alike: grey stays grey.
    lack = PAPER_WHITE / MOST_GAIN / np.maximum(light.min(2), 1.0)
    light *= np.maximum(lack, 1.0)[:, :, None]
    ground = np.clip(light, 1, 255).astype(np.uint8)
    large = cv2.resize(ground, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(page, large, scale=PAPER_WHITE), np.uint8)


def _cast_saturation(hsv: Picture) -> float:
    """Saturation of the paper itself under coloured light: what most of the bright pixels have."""
    bright = hsv[:, :, 2] >= level_of(np.asarray(hsv[:, :, 2], np.uint8), 0.6)
    return float(np.median(hsv[:, :, 1][bright]))


def _spread(small: Picture, plain: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The light on the paper, per channel, also where print, stamps and pictures hide it.

    Weighted averages over growing neighbourhoods: where paper is near, it counts; where none is, what is further off.
    """
    height, width = plain.shape
    weighted = np.dstack([small.astype(np.float32) * plain[:, :, None], plain.astype(np.float32)])
    light, done = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    for shrunk, sigma in ((1, 2.0), (4, 2.0), (16, 2.0), (64, 2.0)):
        size = (max(1, width // shrunk), max(1, height // shrunk))
        near = cv2.GaussianBlur(cv2.resize(weighted, size, interpolation=cv2.INTER_AREA), (0, 0), sigma)
        near = np.asarray(cv2.resize(near, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        share = np.clip((near[:, :, 3] - 0.05) / 0.25, 0, 1) * (1 - done)
        light += near[:, :, :3] * (share / np.maximum(near[:, :, 3], 1e-4))[:, :, None]
        done += share
    rest = weighted.reshape(-1, 4).sum(0)
    mean = rest[:3] / max(float(rest[3]), 1.0)
    return np.asarray(light + mean * (1 - done)[:, :, None], np.float32)


def in_mode(page: Picture, mode: Mode) -> Picture:
    """``page`` (BGR) in colour, grey, or black and white; always three channels."""
    if mode == Mode.COLOUR:
        return page
    grey = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    if mode == Mode.BLACK_AND_WHITE:
        # The window spans about two lines of print, so that neither letters nor solid blocks hollow out.
        window = max(15, round(max(page.shape[:2]) / 60)) | 1
        grey = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, window, 12)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
