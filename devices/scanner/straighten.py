"""From corners in a picture to a straight, flat page with its true proportions."""

from __future__ import annotations

from devices.scanner.finish import AS_IT_IS
from devices.scanner.flatten import flattened
from devices.scanner.geometry import Picture, Quad
from devices.scanner.proportions import Paper, rectified


def straightened(
    picture: Picture, quad: Quad, shape: str, longest: int = 0, px_per_mm: float = 0.0
) -> tuple[Picture, Paper | None]:
    """``rectified``, and its curl taken out where that helps; cards and photographs have none."""
    page, paper = rectified(picture, quad, shape, longest, px_per_mm)
    if shape in AS_IT_IS:
        return page, paper
    flat = flattened(picture, quad, page)
    return (page if flat is None else flat), paper
