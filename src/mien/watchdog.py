"""The end of a process that does not come to its end."""

import os
import threading


class Watchdog:
    """Ends the process after a while, whatever still hangs: a store that does not answer may."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def allow(self, seconds: float) -> None:
        """Let it take so long from now, in place of what it was allowed before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(seconds, os._exit, (1,))
        self._timer.daemon = True
        self._timer.start()
