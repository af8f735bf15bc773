"""What runs first in a device's process: says that it lives, then loads the rest.

Loading libraries takes half a second here and several on a weak machine on which five processes start at once; a
process that says nothing for so long would be taken for a hung one. So this module imports nothing that is slow.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

BEAT = 0.5
MOST = 40
"""After so many signs of life without a driver, silence: the supervisor then tries another process."""
MESSAGE = b'{"kind":"beat"}'
"""``kiosk.ipc.device_messages.Beat``; a test holds that it is one."""


def main() -> None:
    """``python -m devices.start NAME --control FD …``; started by the supervisor only."""
    control = int(sys.argv[sys.argv.index("--control") + 1])
    line = socket.socket(fileno=os.dup(control))
    loaded = threading.Event()

    def beat() -> None:
        for _ in range(MOST):
            try:
                line.send(MESSAGE)
            except OSError:
                return
            if loaded.wait(BEAT):
                return

    thread = threading.Thread(target=beat, name="beat", daemon=True)
    thread.start()

    def done() -> None:
        loaded.set()
        thread.join()
        line.close()

    from devices.host import main as run

    run(done)


if __name__ == "__main__":
    main()
