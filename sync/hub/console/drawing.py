"""A citizen's signature, as the page of an opened case draws it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, ValidationError


class Drawing(BaseModel):
    """Strokes of points in thousandths of the pad's width; the pad is ``aspect_thousandths`` / 1000 as wide as high."""

    strokes: list[list[tuple[int, int]]]
    aspect_thousandths: int = Field(gt=0)

    @property
    def height(self) -> int:
        """In thousandths of the width."""
        return round(1_000_000 / self.aspect_thousandths)


def drawing_of(signature: dict[str, Any] | None) -> Drawing | None:
    """None where there is none, or where a terminal has sealed something else in its place."""
    try:
        return Drawing.model_validate(signature)
    except ValidationError:
        return None
