"""The dashboard's page around runs: it stays until its visitors have left, or begin another run."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console

from edge.commands.choices import Choices
from edge.commands.dashboard_page import open_dashboard, show_next
from edge.commands.encryption import Encryption
from edge.commands.hangup import hangup
from edge.commands.outputs import Said
from edge.commands.page_requests import PageRequests
from edge.commands.stop_signals import signals_stop
from edge.config import Config
from edge.errors import EdgeError
from edge.recognition.verdict import Verdict
from edge.runtime.marks import Marks
from edge.runtime.run import Run
from edge.web.reached import reached

if TYPE_CHECKING:  # loaded only by a run with a dashboard
    from edge.dashboard.sink import Dashboard

NO_VISITOR_S = 30.0
"""So long a page that nobody has open waits for a visitor: a browser needs seconds to start."""
LEFT_S = 5.0
"""So long after the last page was closed: a page that is reloaded is away for about a second."""
TICK_S = 0.1


class LastingPage:
    """A context manager around runs with a dashboard. Main thread; `stop` from any.

    The page stays if the run ended by itself, that is without Ctrl-C, a signal or an error, and
    `dashboard.stay` is true, or `auto` with a terminal as standard output: a script goes on. A
    visitor who stops the run is no signal. It also stays for a run that a visitor has asked for.

    Args:
        config: Of the first run.
        devices: Whether the run takes its devices from the configuration.
    """

    def __init__(self, config: Config, devices: bool = False) -> None:
        self._config = config.dashboard
        self._stopped = threading.Event()
        self._run: Run | None = None
        self._dashboard: Dashboard | None = None
        self._requests = PageRequests(Choices(config, devices), config)
        self._sentence = ""
        """For the pages, when the next run has begun."""
        self.ended_by_itself = False
        """Set it when the last verdict has been written."""
        self.begun = False
        """Whether the present run has given a verdict."""

    @property
    def stopped_from_page(self) -> bool:
        """Whether a visitor has ended the present run."""
        return self._requests.stopped_run

    def __enter__(self) -> LastingPage:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._dashboard is not None:
            self._dashboard.close()

    @contextmanager
    def opened(
        self, current: Run, encryption: Encryption, say: Said, marks: Marks
    ) -> Iterator[Dashboard]:
        """Serve the page of `current`; at the end of the run tell the page, or close it.

        Raises:
            ConfigError, SinkError: It cannot be served.
        """
        first = self._dashboard is None
        if self._dashboard is None:
            self._dashboard = open_dashboard(
                self._config, current, encryption, say, self._requests.act
            )
        else:
            show_next(self._dashboard, current)
        self._requests.run_begins(self._dashboard, current, marks)
        try:
            yield self._dashboard
        finally:
            self._requests.run_ended(self._sentence)
            self._sentence = ""
            if self._stays() or (self._requests.wants_another and not self._stopped.is_set()):
                self._dashboard.finish()
            elif first or self.begun or self._stopped.is_set():
                self._dashboard.close()
            # Otherwise another run could not begin: the page shows the former one and hears why.

    def write(self, verdict: Verdict) -> None:
        """Show a verdict of the present run. Never waits, never fails."""
        if self._dashboard is not None:
            self._dashboard.write(verdict)
        if not self.begun:
            self.begun = True
            self._requests.run_is_connected()
            self._requests.tell(busy=False, said=self._sentence)
            self._sentence = ""

    def stops(self, current: Run) -> LastingPage:
        """`stop` shall end this run as well."""
        self._run = current
        return self

    def stop(self) -> None:
        """End the run or the waiting after it."""
        self._stopped.set()
        if self._run is not None:
            self._run.stop()

    def begins(self, config: Config) -> None:
        """A run with this configuration is about to be made."""
        self._requests.config = config
        self.ended_by_itself = self.begun = False

    def failed(self, error: EdgeError, former: Config) -> bool:
        """Tell the pages that another run has failed, and whether there will be one again.

        Before its first verdict: the former run begins again if this one was to take its place;
        else the page waits, if it stays. False: the error is one of the program.
        """
        lives = self._dashboard is not None and self._dashboard.lives
        if self.begun or self._stopped.is_set() or not lives:
            return False
        requests = self._requests
        requests.config = former
        self.ended_by_itself = True
        if requests.replaces:
            requests.tell(busy=True, said="")
            requests.want(former)
            self._sentence = f"{error} The former run begins again."
            return True
        requests.tell(busy=False, said=str(error))
        return self._stays()

    def wait(self, console: Console, alive: Callable[[str], None]) -> Config | None:
        """Wait for visitors to leave, or to ask for another run: its configuration.

        None when the last page is closed, on Ctrl-C or SIGTERM, or when nobody comes.

        Args:
            alive: Called with a status, some times a second.
        """
        if self._dashboard is None or self._stopped.is_set() or not self._dashboard.lives:
            return None
        if (wanted := self._requests.take()) is not None:
            return wanted
        if not self._stays():
            return None
        self._run = None
        self._requests.run_closed()
        hang_up = hangup(lambda: None, self.stop)
        with hang_up, signals_stop(self, console.file), closing(Said(console)) as say:
            say(
                f"The page stays until you close it or press Ctrl-C: {reached(self._dashboard.url)}"
            )
            return self._until_left(self._dashboard, alive)

    def _stays(self) -> bool:
        stay = self._config.stay
        wanted = sys.stdout.isatty() if stay == "auto" else stay
        return wanted and self.ended_by_itself and not self._stopped.is_set()

    def _until_left(self, dashboard: Dashboard, alive: Callable[[str], None]) -> Config | None:
        seen, since_s = False, time.monotonic()
        while dashboard.lives and not self._stopped.wait(TICK_S):
            if (wanted := self._requests.take()) is not None:
                return wanted
            alive("the run has ended, its page stays")
            now_s = time.monotonic()
            if dashboard.watched:
                seen, since_s = True, now_s
            elif now_s - since_s > (LEFT_S if seen else NO_VISITOR_S):
                return None
        return None
