"""Which pictures are sent to the page's process, encoded: each new one that somebody will see."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from edge.annotation.tags import Tag
from edge.dashboard import wire
from edge.dashboard.picture import jpeg
from edge.recognition.verdict import Verdict
from edge.types import Box, Frame

KEPT_EVERY_S = 1.0
"""A picture that is kept for looking back is sent this often while no page is open."""


class Pictures:
    """One thread.

    Args:
        newest: The recogniser's newest frame.
        keep: Pictures are kept for looking back: they are sent though no page is open.
    """

    def __init__(self, newest: Callable[[], tuple[Frame, Box | None] | None], keep: bool) -> None:
        self._newest, self._keep = newest, keep
        self._shown: Frame | None = None
        self._sent_s = 0.0
        self._step: list[Verdict] = []
        self._several = False

    def tell(self, verdicts: Sequence[Verdict]) -> None:
        """New verdicts: of several people the pictures show where they are, and what is said."""
        for verdict in verdicts:
            same = bool(self._step) and self._step[0].seq == verdict.seq
            self._step = [*self._step, verdict] if same else [verdict]
            self._several = self._several or (verdict.person or 1) > 1

    def message(self, watched: bool) -> bytes | None:
        """The message with the newest picture; None: it was sent, or nobody will see it."""
        now_s = time.monotonic()
        kept = self._keep and now_s - self._sent_s >= KEPT_EVERY_S
        newest = self._newest() if watched or kept else None
        if newest is None or newest[0] is self._shown:
            return None
        self._shown, self._sent_s = newest[0], now_s
        frame, box = newest
        height, width = frame.bgr.shape[:2]
        return wire.picture(frame.t_ns, (width, height), jpeg(frame.bgr, box, self._tags()))

    def _tags(self) -> list[Tag] | None:
        """None: a run that has had one person is shown without a number."""
        if not self._several:
            return None
        return [
            Tag(one.face_box, one.person, _said(one))
            for one in self._step
            if one.face_box is not None and one.person is not None
        ]


def _said(verdict: Verdict) -> str:
    if verdict.abstains:
        return "unsure"
    sure = "" if verdict.confidence is None else f" {verdict.confidence:.2f}"
    return f"{verdict.answer}{sure}"
