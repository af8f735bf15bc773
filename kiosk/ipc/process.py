"""What every child process does first: die with its parent, leave no core file, and say its name."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15


def become_child(name: str, parent: int) -> None:
    """Tie this process to ``parent`` (a process id): it is killed when the parent dies.

    A parent that died before the call is noticed by its id; the process then exits at once. Core files
    are switched off: they would hold a citizen's data.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if os.getppid() != parent:
        sys.exit(0)
    # Ctrl-C goes to the whole foreground group; only the process that was started by hand acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
