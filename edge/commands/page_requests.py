"""Does what the pages of a dashboard ask for: a mark, the end of the run, another run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Protocol

from edge.bundle.manifest import WindowSpec
from edge.clock import MonotonicClock
from edge.commands.choices import Choices, camera_of, mic_of
from edge.config import Config
from edge.errors import ConfigError, EdgeError, first_line
from edge.runtime.adjusting import Adjusting
from edge.runtime.feeds import device_feeds, streams_from_sources
from edge.runtime.loaded import window_of
from edge.runtime.marks import Marks
from edge.runtime.run import Run
from edge.types import NS_PER_S

News = dict[str, Any]
"""What is told to the pages (`edge.dashboard.board.Board.news`)."""


class Page(Protocol):
    """What is told to the pages (`edge.dashboard.sink.Dashboard`)."""

    def tell(self, **news: Any) -> None:
        """Tell them plain JSON."""

    def show_picture(self, shown: bool) -> None:
        """Show the picture or not."""


class PageRequests:
    """`act` is called on the dashboard's thread, all else on the main thread.

    What takes long, as to look for devices or to try one, is done on a thread of its own, one thing
    at a time; the same request again is meanwhile passed over.
    """

    def __init__(self, choices: Choices, config: Config) -> None:
        self._choices = choices
        self.config = config
        """Of the present run, or of the last one, as it was asked for."""
        self.stopped_run = False
        """Whether a page has ended the present run."""
        self.replaces = False
        """Whether the run that was asked for last takes the place of one that was running."""
        self._page: Page | None = None
        self._run: Run | None = None
        self._marks: Marks | None = None
        self._adjusting: Adjusting | None = None
        self._changes = 0
        """How often the settings in use were told."""
        self._changing = threading.Lock()
        """Held while they are changed and told: what is told last is what is in use."""
        self._trained: WindowSpec | None = None
        self._step_s, self._streams = 0.0, frozenset[str]()
        self._wanted: Config | None = None
        self._closed = False
        """No run is open, being made or being closed: none of its devices is in use."""
        self._busy = threading.Lock()
        self._waiting: set[str] = set()
        """What is being done, or about to be."""

    def run_begins(self, page: Page, run: Run, marks: Marks) -> None:
        """Requests are about this run from now on."""
        self._page, self._run, self._marks = page, run, marks
        self._trained = run.bundle.manifest.window
        self._streams = streams_from_sources(run.bundle)
        self._step_s = run.recognizer.step_ns / NS_PER_S
        self.stopped_run = False
        with self._changing:
            self._adjusting = Adjusting(run)
            self._tell_present(self._adjusting)

    def run_is_connected(self) -> None:
        """The run has given a verdict: it is known which streams it has."""
        with self._changing:
            if self._adjusting is not None:
                self._tell_present(self._adjusting)

    def run_ended(self, said: str = "") -> None:
        """There is nothing to mark or to stop any more, and no run that goes on.

        Args:
            said: A sentence for the pages. The run may not have given a verdict: what they wait
                for is only another run.
        """
        self._run = self._marks = None
        with self._changing:
            self._adjusting = None
        self.tell(busy=self.wants_another, said=said)

    def run_closed(self) -> None:
        """Its devices are closed as well, and no other run is made until `take` gives one."""
        self._closed = True

    @property
    def wants_another(self) -> bool:
        """Whether another run was asked for."""
        return self._wanted is not None

    def take(self) -> Config | None:
        """The configuration of the run that was asked for, once."""
        if self._wanted is None:
            return None
        self._closed = False  # first: devices may be looked for on another thread
        wanted, self._wanted = self._wanted, None
        return wanted

    def want(self, config: Config) -> None:
        """Ask for a run that takes no other's place."""
        self.replaces = False
        self._wanted = config

    def tell(self, **news: Any) -> None:
        """Tell the pages, if there are any."""
        if self._page is not None:
            self._page.tell(**news)

    def act(self, request: Mapping[str, Any]) -> None:
        """Do what a page has asked. The page's process has the same monotonic clock."""
        text, at_ns, marks = request.get("text"), request.get("at_ns"), self._marks
        choice = request.get("choice")
        match request["act"]:
            case "mark" if marks and isinstance(text, str) and isinstance(at_ns, int):
                marks.set(text, time.monotonic_ns() - at_ns)
            case "stop":
                self._stop()
            case "picture" if self._page is not None:
                self._page.show_picture(request.get("shown") is True)
            case "change" if isinstance(request.get("key"), str):
                self._change(request["key"], request.get("value"))
            case "look":
                self._apart("look", self._look, lambda said: {"listing": False, "listed": said})
            case "start" if isinstance(choice, dict):
                self._apart("start", lambda: self._start(choice), _refused)

    def _change(self, key: str, value: object) -> None:
        """A setting of the present run, from its next step on."""
        with self._changing:
            if (adjusting := self._adjusting) is None:
                return
            said = ""
            try:
                adjusting.change(key, value)
            except ConfigError as error:
                said = str(error)
            self._tell_present(adjusting, said)

    def _tell_present(self, adjusting: Adjusting, said: str = "") -> None:
        """Tell the settings in use. The lock is held."""
        # Numbered: what was refused must be put back on the page that asked.
        self._changes += 1
        self.tell(present=adjusting.present, changes=self._changes, change_said=said)

    def _stop(self) -> None:
        """The run ends, and the page stays where it would have stayed."""
        if (run := self._run) is not None:
            self.stopped_run = True
            run.stop()

    def _apart(self, what: str, work: Callable[[], News], failed: Callable[[str], News]) -> None:
        """Do `work` and tell the pages what it returns, or what `failed` makes of an error."""
        if what in self._waiting:
            return
        self._waiting.add(what)

        def do() -> None:
            try:
                with self._busy:
                    news = work()
            except Exception as error:  # of anybody's device: the run goes on
                news = failed(first_line(error))
            # Before it is told: who asks later than that is not passed over.
            self._waiting.discard(what)
            self.tell(**news)

        threading.Thread(target=do, name="page request", daemon=True).start()

    def _look(self) -> News:
        self.tell(listing=True)
        again = self._closed and self._wanted is None
        offer = self._choices.offer(self.config, self._step_s, self._streams, again)
        return {"offer": offer, "listing": False, "listed": " ".join(offer["notes"])}

    def _start(self, choice: Mapping[str, Any]) -> News:
        if self._wanted is not None:
            return {}
        self.tell(busy=True, said="")
        try:
            wanted = self._choices.chosen(self.config, choice)
            if self._trained is not None:
                window_of(wanted, self._trained)
            if self._run is not None:
                _try_changed(self.config, wanted)
        except EdgeError as error:
            goes_on = " The present run goes on." if self._run is not None else ""
            return _refused(f"{error}{goes_on}")
        self.replaces = self._run is not None
        self.tell(busy=True, said="")  # the run may have ended by itself while a device was tried
        self._wanted = wanted
        self._stop()
        return {}


def _refused(said: str) -> News:
    return {"busy": False, "said": said}


def _try_changed(before: Config, wanted: Config) -> None:
    """Open the devices that change, while the present ones go on.

    Raises:
        EdgeError: One cannot be opened.
    """
    same = {}
    if wanted.source.file is not None:
        return
    if camera_of(before) == camera_of(wanted):
        same["camera"] = "none"
    if mic_of(before) == mic_of(wanted):
        same["mic"] = "none"
    source = wanted.source.model_copy(update=same)
    changed = wanted.model_copy(update={"source": source})
    for feed in device_feeds(changed, MonotonicClock(), None, None):
        with closing(feed.source):
            feed.source.open()
