"""Ctrl-C, and the signals by which a terminal or a CI ends a run: heeded once, and never halfway through a creation.

The first signal interrupts whatever is going on, but for what is `held`: making a session and putting sessions back.
Later ones change nothing, for the run is ending and gives back what it has borrowed.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

#: Seconds between two looks at whether a wait was interrupted.
_LOOK = 0.1


class Interruption:
    """What is known of the interruption of this process."""

    def __init__(self) -> None:
        #: Whether a signal has come.
        self.came = False
        self._held = 0
        self._owed = False

    def heed(self) -> Callable[[], None]:
        """Take the signals over, in the main thread; what undoes it is returned.

        A signal that whoever started the process had ignored (as nohup does) stays ignored, and one that is handled
        outside of Python stays so, for that could not be put back.
        """
        if threading.current_thread() is not threading.main_thread():
            return lambda: None
        self.came = self._owed = False
        handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        before = {number: handler for number, handler in handlers.items() if handler not in (None, signal.SIG_IGN)}
        for number in before:
            signal.signal(number, self._note)

        def undo() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)
            self.came = self._owed = False

        return undo

    def _note(self, *_: object) -> None:
        if self.came:
            return
        self.came = True
        if self._held:
            self._owed = True
        else:
            raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the block come to its end before an interruption takes effect."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if self._owed and not self._held:
                self._owed = False
                raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt when the run was interrupted, in whichever thread."""
        if self.came:
            raise KeyboardInterrupt

    def pause(self, seconds: float, *, heed: bool = True) -> None:
        """Wait; an interruption ends that in every thread, and where it is held as well, unless it is not to be heeded.

        Raises:
            KeyboardInterrupt: the run was interrupted.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if heed:
                self.check()
            time.sleep(min(left, _LOOK))


#: The one of this process: signals are the process's.
INTERRUPTION = Interruption()
