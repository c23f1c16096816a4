"""A run as its page is told of it."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edge.dashboard.happened import Happened
from edge.dashboard.pictures import Pictures
from edge.dashboard.run_time import EVENTS_LIMIT
from edge.types import Box, Frame

Newest = Callable[[], tuple[Frame, Box | None] | None]


@dataclass(frozen=True, eq=False)
class ToldRun:
    """Attributes:
    about: Plain JSON, for the head of the page.
    pictures: What is sent of its pictures.
    drops: Lost packets so far, by kind and cause.
    note: Called with a sentence when the page's process ends.
    load: A reading, as plain JSON; None: there is none.
    happened: Events that no page was told of yet; any thread appends.
    ended: Set at the end of the run.
    """

    about: dict[str, Any]
    pictures: Pictures
    drops: Callable[[], Counter[str]]
    note: Callable[[str], None]
    load: Callable[[], dict[str, Any]] | None
    happened: deque[Happened] = field(default_factory=lambda: deque(maxlen=EVENTS_LIMIT))
    ended: threading.Event = field(default_factory=threading.Event)
