"""Set before Qt is loaded anywhere: without the software backend the first offscreen frame hangs."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_QUICK_BACKEND", "software")
