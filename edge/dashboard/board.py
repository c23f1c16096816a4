"""The data of the dashboard's pages. The thread that reads the pipe is the only writer."""

from __future__ import annotations

import json
import threading
from typing import Any

from edge.dashboard import wire
from edge.dashboard.album import Album
from edge.dashboard.happened import Happened
from edge.dashboard.histories import Histories
from edge.dashboard.history import History
from edge.dashboard.kept import Kept
from edge.dashboard.present import Present


class Board:
    """The newest data. `version` and `picture_number` increase with each change."""

    def __init__(self, hello: dict[str, Any]) -> None:
        self.about: dict[str, Any] = hello["about"]
        self.may_have_picture = bool(hello["picture"])
        """Whether the configuration permits it."""
        self.news: dict[str, Any] = {"picture": self.may_have_picture}
        """`picture`: whether it is shown. `busy`: a run is about to begin. `said`: a sentence about
        that. `offer`: what one may choose from (`edge.commands.choices`). `listing`: devices are
        looked for. `listed`: a sentence about what was found, or why nothing was. `present`: the
        settings in use (`edge.runtime.adjusting`), `changes`: how often they were told,
        `change_said`: why a change was refused."""
        self.news_number = 0
        self._album_bytes = round(hello["keep_pictures_mb"] * 1e6)
        self.former = Kept()
        """The verdicts of the run before this one."""
        self.run_number = 1
        self._clear()
        self.picture_number = 0
        self.load_number = 0
        self.version = 0
        self.leaves = False
        """The process is about to end."""
        self.lock = threading.Lock()
        """Held while the history is changed or read."""

    def _clear(self) -> None:
        self.album = Album(self._album_bytes)
        self.histories = Histories()
        self.present = Present()
        self.kept = Kept()
        self.drops: dict[str, int] = {}
        self.load: dict[str, Any] | None = None
        """The newest reading of `edge.commands.load`."""
        self.picture = b""
        self.frame_size: tuple[int, int] | None = None
        """Width and height of the frames, in whose pixels faces are; None: no picture has come."""
        self.ended = False

    @property
    def history(self) -> History:
        """Of the first person of each step."""
        return self.histories.first

    @property
    def with_picture(self) -> bool:
        """Whether the picture is shown."""
        return self.may_have_picture and self.news["picture"] is True

    def take(self, kind: bytes, body: bytes) -> None:
        """Process one message of `edge.dashboard.wire`."""
        if kind == wire.STEPS:
            steps = json.loads(body)
            with self.lock:
                for line in steps["verdicts"]:
                    is_first = self.present.add(line)
                    self.histories.add(line, is_first)
                    if is_first:
                        self.kept.add(line)
                    else:
                        self.kept.join(line)
                self.drops = steps["drops"]
                self.version += 1
        elif kind == wire.HAPPENED:
            with self.lock:
                self.histories.tell(Happened(**json.loads(body)))
                self.version += 1
        elif kind == wire.PICTURE:
            t_ns, self.frame_size, self.picture = wire.opened_picture(body)
            with self.lock:
                self.album.add(t_ns, self.picture)
            self.picture_number += 1
        elif kind == wire.NEWS:
            self.news |= json.loads(body)
            self.news_number += 1
        elif kind == wire.BEGIN:
            with self.lock:
                self.about, self.former = json.loads(body), self.kept
                self._clear()
                self.run_number += 1
                self.version += 1
        elif kind == wire.LOAD:
            self.load = json.loads(body)
            self.load_number += 1
        elif kind in (wire.RUN_ENDED, wire.END):
            self.ended = True
            self.load = None  # of what does not run any more
            self.load_number += 1
            self.leaves = kind == wire.END
            self.version += 1
