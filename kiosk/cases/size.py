"""How many bytes of the disk a case may need, before anybody has begun it."""

from __future__ import annotations

from kiosk.catalogue.package import ServicePackage

PAGE = 500_000
"""A page has a budget of 400 kB (``devices.scanner.keep``); the rest is for its PDF, its seal and whole blocks."""
BESIDE = 4_000_000
"""Answers, signature, envelope and wrapped keys, and the database: its pages, once more in the write-ahead log."""


def largest(package: ServicePackage) -> int:
    """Bytes of the largest case of a service: every paper with all the pages that it may have."""
    return BESIDE + PAGE * sum(m.max_pages for m in package.form.materials)
