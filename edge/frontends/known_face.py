"""Tells whether the tracked face is the one that was followed before, or somebody else's.

No network: a face's look is its aligned crop, small and without its light. Whoever turns or smiles
changes from picture to picture by a little, and is followed; another person is there at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.frontends.face_tracks import LEAVE_NS
from edge.types import NS_PER_MS, NS_PER_S, Float

CLEAR_SCORE = 0.85
"""Of the detector. A covered or blurred face has less and does not look like its person: it teaches
nothing. The clean faces of the GRID clips have 0.88 or more; half covered, 0.71 in the median."""
FOLLOW = 0.75
"""Likeness (-1 to 1) to the known look. In the GRID clips one person has 0.88 at least, two people
0.44 in the median (95 %: 0.70)."""
STEADY = 0.9
"""Likeness to the last picture of the known face. In the GRID clips two pictures of one person,
80 ms apart, have 0.93 at least, any two of two people 0.85 at most."""
MAX_GAP_NS = 300 * NS_PER_MS
ADOPT_NS = 10 * NS_PER_S
"""Another face that stays for so long becomes the known one."""
_MEMORY_NS = 2 * NS_PER_S
"""The known look is a mean over about so much of the past."""

_CELLS = 32
_CHANGED = 24
"""Grey levels."""
CUT_SHARE = 0.6
"""Of the picture. From a picture of the GRID clips to one of another place 77 % or more changes;
while one person speaks, 2 % at most; when another sits down in the same studio, 32 % (90 %: 56)."""


class KnownFace:
    """Remembers the look of one face. One thread."""

    def __init__(self) -> None:
        self._known: Float | None = None
        self._last: tuple[Float, int] | None = None
        """Look and time of the last clear picture of the known face."""
        self._seen_ns = 0
        """When any face was seen last."""
        self._other_ns: int | None = None
        """Since when another face has been clearly seen, and the known one not."""
        self._grid: NDArray[np.int16] | None = None

    def forget(self) -> None:
        """Whoever comes next is known from then on."""
        self._known = self._last = self._other_ns = None

    def look_at(self, image: NDArray[np.uint8], t_ns: int) -> None:
        """Take a whole frame, grey (h, w) or BGR (h, w, 3), uint8, with or without a face. After
        a cut to another scene, as in a film, whoever is there is known."""
        step = max(1, max(image.shape[:2]) // _CELLS)
        cells = image[::step, ::step]
        grid = (cells if cells.ndim == 2 else cells.mean(axis=2)).astype(np.int16)
        last, self._grid = self._grid, grid
        if last is None or _is_cut(last, grid) or t_ns - self._seen_ns > LEAVE_NS:
            self.forget()

    def is_known(self, look: Float, score: float, t_ns: int) -> bool:
        """Whether the tracked face is the one that is known. Call `look_at` before.

        Args:
            look: Of `edge.frontends.face_tracks.look_of`.
            score: The detector's, 0..1.
            t_ns: Capture time.

        Returns:
            True also while no face is known yet.
        """
        self._seen_ns = t_ns
        clear = score >= CLEAR_SCORE
        if self._known is None:
            if clear:
                self._take(look, t_ns)
            return True
        known = self._is_like(look, t_ns)
        if known:
            self._other_ns = None
        elif clear and self._other_ns is None:
            self._other_ns = t_ns
        elif clear and self._other_ns is not None and t_ns - self._other_ns >= ADOPT_NS:
            self.forget()
            known = True
        if known and clear:
            self._take(look, t_ns)
        return known

    def _is_like(self, look: Float, t_ns: int) -> bool:
        if self._known is None or float(self._known @ look) >= FOLLOW:
            return True
        if self._last is None or not 0 < t_ns - self._last[1] <= MAX_GAP_NS:
            return False
        return float(self._last[0] @ look) >= STEADY

    def _take(self, look: Float, t_ns: int) -> None:
        if self._known is None or self._last is None:
            self._known = look
        else:
            share = min(max(t_ns - self._last[1], 0), MAX_GAP_NS) / _MEMORY_NS
            mixed = self._known + share * (look - self._known)
            self._known = np.asarray(mixed / max(float(np.linalg.norm(mixed)), 1e-6), np.float32)
        self._last = look, t_ns


def _is_cut(before: NDArray[np.int16], after: NDArray[np.int16]) -> bool:
    if before.shape != after.shape:
        return True
    return float(np.mean(np.abs(after - before) > _CHANGED)) > CUT_SHARE
