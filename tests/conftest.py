"""Set before Qt is loaded anywhere: without the software backend the first offscreen frame hangs."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_QUICK_BACKEND", "software")

settings.register_profile("fuzz", max_examples=100_000, deadline=None)
settings.register_profile("default", deadline=None)
settings.load_profile("default")
