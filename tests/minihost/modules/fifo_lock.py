"""A lock that serves in the order of asking; mirrors modules/fifo_lock.py."""

import threading
from collections import deque


class FIFOLock:
    def __init__(self):
        self._inner = threading.Lock()
        self._waiting = deque()
        self._held = False

    def acquire(self, blocking=True):
        with self._inner:
            if not self._held:
                self._held = True
                return True
            if not blocking:
                return False
            turn = threading.Event()
            self._waiting.append(turn)
        turn.wait()
        return True

    def release(self):
        with self._inner:
            if self._waiting:
                self._waiting.popleft().set()  # the lock stays held: it passes to the one that waited longest
            else:
                self._held = False

    def __enter__(self):
        self.acquire()

    def __exit__(self, t, v, tb):
        self.release()
