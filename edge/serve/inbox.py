"""What a session has received and not processed yet: sound in order, and the newest picture."""

from __future__ import annotations

import threading
from collections import Counter, deque

from edge.serve.messages import Piece
from edge.web.pieces import PICTURE, SOUND

SOUND_LIMIT_BYTES = 2 * 48_000 * 10
"""Ten seconds of sound at 48 kHz: a session that is so late has lost touch with its person."""
WAITING_MAX = 16
"""Pieces of a file that wait; then the server reads no more of it."""


class Inbox:
    """Pieces on their way from the event loop to a session's thread, in the order of their arrival.

    Live, a picture replaces one that still waits, and sound is dropped only beyond
    `SOUND_LIMIT_BYTES`, the oldest first; both are counted. Any thread.
    """

    def __init__(self, live: bool) -> None:
        self._live = live
        self._pieces: deque[Piece] = deque()
        self._sound_bytes = 0
        self._closed = self.stopped = False
        """`stopped`: what waited when it was closed is not processed."""
        self._changed = threading.Condition()
        self._dropped: Counter[str] = Counter()

    @property
    def is_full(self) -> bool:
        """Whether a file must wait."""
        return len(self._pieces) >= WAITING_MAX

    @property
    def dropped(self) -> dict[str, int]:
        """Pieces that were lost here so far, by stream."""
        with self._changed:
            return {stream: self._dropped[stream] for stream in ("vision", "audio")}

    def put(self, piece: Piece) -> int:
        """Returns how many pieces were dropped for it."""
        with self._changed:
            before = self._dropped.total()
            if self._live and piece.kind == PICTURE:
                self._drop_first(PICTURE)
            self._pieces.append(piece)
            self._sound_bytes += len(piece.data) if piece.kind == SOUND else 0
            while self._live and self._sound_bytes > SOUND_LIMIT_BYTES:
                self._drop_first(SOUND)
            self._changed.notify()
            return self._dropped.total() - before

    def get(self) -> Piece | None:
        """The oldest piece, as soon as there is one; None after the last one."""
        with self._changed:
            while not self._pieces:
                if self._closed:
                    return None
                self._changed.wait()
            piece = self._pieces.popleft()
            self._sound_bytes -= len(piece.data) if piece.kind == SOUND else 0
            return piece

    def finish(self) -> None:
        """Nothing more comes; what waits is still given."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def stop(self) -> None:
        """Give nothing more."""
        with self._changed:
            self._closed = self.stopped = True
            self._pieces.clear()
            self._sound_bytes = 0
            self._changed.notify()

    def _drop_first(self, kind: int) -> None:
        for place, piece in enumerate(self._pieces):
            if piece.kind == kind:
                del self._pieces[place]
                self._sound_bytes -= len(piece.data) if kind == SOUND else 0
                self._dropped[piece.stream] += 1
                return
