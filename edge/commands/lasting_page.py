"""The dashboard's page after the end of a run: it stays until its visitors have left."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console

from edge.commands.dashboard_page import open_dashboard
from edge.commands.encryption import Encryption
from edge.commands.hangup import hangup
from edge.commands.outputs import Said
from edge.commands.stop_signals import signals_stop
from edge.config import DashboardConfig
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
    """A context manager around a run with a dashboard. Main thread; `stop` from any.

    The page stays if the run ended by itself, that is without Ctrl-C, a signal or an error, and
    `dashboard.stay` is true, or `auto` with a terminal as standard output: a script goes on. A
    visitor who stops the run is no signal.
    """

    def __init__(self, config: DashboardConfig) -> None:
        self._config = config
        self._stopped = threading.Event()
        self._run: Run | None = None
        self._dashboard: Dashboard | None = None
        self.ended_by_itself = False
        """Set it when the last verdict has been written."""
        self.stopped_from_page = False

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
        self._dashboard = open_dashboard(
            self._config, current, encryption, say, marks, self._stop_from_page
        )
        try:
            yield self._dashboard
        finally:
            if self._stays():
                self._dashboard.finish()
            else:
                self._dashboard.close()

    def stops(self, current: Run) -> LastingPage:
        """`stop` shall end this run as well."""
        self._run = current
        return self

    def stop(self) -> None:
        """End the run or the waiting after it."""
        self._stopped.set()
        if self._run is not None:
            self._run.stop()

    def _stop_from_page(self) -> None:
        """The run ends, and the page stays where it would have stayed."""
        self.stopped_from_page = True
        if self._run is not None:
            self._run.stop()

    def wait(self, console: Console) -> None:
        """Return when the last page is closed, on Ctrl-C or SIGTERM, or when nobody comes."""
        if self._dashboard is None or not self._stays() or not self._dashboard.lives:
            return
        self._run = None
        hang_up = hangup(lambda: None, self.stop)
        with hang_up, signals_stop(self, console.file), closing(Said(console)) as say:
            say(
                f"The page stays until you close it or press Ctrl-C: {reached(self._dashboard.url)}"
            )
            self._until_left(self._dashboard)

    def _stays(self) -> bool:
        stay = self._config.stay
        wanted = sys.stdout.isatty() if stay == "auto" else stay
        return wanted and self.ended_by_itself and not self._stopped.is_set()

    def _until_left(self, dashboard: Dashboard) -> None:
        seen, since_s = False, time.monotonic()
        while dashboard.lives and not self._stopped.wait(TICK_S):
            now_s = time.monotonic()
            if dashboard.watched:
                seen, since_s = True, now_s
            elif now_s - since_s > (LEFT_S if seen else NO_VISITOR_S):
                return
