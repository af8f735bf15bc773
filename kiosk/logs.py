"""Structured logs: one JSON line an event on standard error. Never a person's data."""

from __future__ import annotations

import sys

import structlog

from kiosk.ipc.process import become_child


def log_as_json(name: str, parent: int) -> None:
    """Set the format; where ``parent`` is a process, end with it under the name ``name``."""
    if parent:
        become_child(name, parent)
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.add_log_level,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
