"""The recogniser's side of the dashboard: a sink that keeps references, and a thread that sends."""

from __future__ import annotations

import socket
import threading
from collections import Counter, deque
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from edge.config import DashboardConfig
from edge.dashboard import wire
from edge.dashboard.back import Act
from edge.dashboard.happened import Happened
from edge.dashboard.pictures import Pictures
from edge.dashboard.process import PageProcess
from edge.dashboard.telling import Telling
from edge.dashboard.told_run import Newest, ToldRun
from edge.errors import DOCTOR, SinkError, first_line
from edge.recognition.verdict import Verdict
from edge.scheduling import lower_priority_of_worker
from edge.web.address import Address, listen, parse_address, token_for
from edge.web.restarts import Restarts
from edge.web.tls import Tls

TICK_S = 0.1
"""The minimum time between two messages, for any step."""
INBOX = 4096
"""Queue size while the other process does not read: minutes, or one of sixteen people. Then the
oldest are dropped."""
LEAVE_S = 1.0
"""The other process has this time to show its pages the end of the run."""


class Dashboard:
    """Serves the page from a separate process. `write` on the step thread is a single append.

    It outlives a run: `again` hands it the next one, at the same address.

    Args:
        config: The address, and whether to show the picture.
        about: Plain JSON about the run, for the head of the page.
        newest_picture: The recogniser's newest frame; read only while a page is open, or
            once a second if pictures are kept.
        drops: Lost packets so far, by kind and cause.
        note: Called with a sentence each time the page's process ends before the run.
        tls: What encrypts the page; None: plain HTTP.
        load: Called on the publishing thread while a page is open: a reading, as plain JSON.
        act: Called with each request of a page, on the publishing thread, after the end of the run
            as well; None: it takes none.

    Raises:
        ConfigError: The address is not valid.
        SinkError: NiceGUI is not installed, or the address cannot be listened on.
    """

    def __init__(
        self,
        config: DashboardConfig,
        about: dict[str, Any],
        newest_picture: Newest,
        drops: Callable[[], Counter[str]],
        note: Callable[[str], None],
        tls: Tls | None = None,
        act: Act | None = None,
        load: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        if find_spec("nicegui") is None:
            raise SinkError(
                "The dashboard needs NiceGUI: run `pip install 'cdat-edge[dashboard]'`, or leave"
                f" out --dashboard; {DOCTOR}."
            )
        self._with_picture = config.picture
        self._keeps_pictures = config.picture and config.keep_pictures_mb > 0
        self._act = act if config.control else None
        self._inbox: deque[tuple[ToldRun, Verdict]] = deque(maxlen=INBOX)
        self._news: deque[dict[str, Any]] = deque()
        self._run = self._told_run(about, newest_picture, drops, note, load)
        self._telling = Telling(self._run)
        self._closing = threading.Event()
        self._ended = False
        # Kept open for the next process: pages that ask meanwhile wait instead of being refused.
        self._listener = _listen(config)
        host, port = self._listener.getsockname()[:2]
        address = Address(host, port)
        self.token = token = token_for(address, config.token)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{address}/" + (f"?token={token}" if token else "")
        self._hello = {"host": host, "port": port, "token": token, "picture": self._with_picture}
        self._hello |= {"tls": tls.message() if tls else None, "control": self._act is not None}
        self._hello["keep_pictures_mb"] = config.keep_pictures_mb if config.picture else 0.0
        self._starting = threading.Lock()
        self._restarts = Restarts()
        self._process = PageProcess(self._listener)
        self._thread = threading.Thread(target=self._send, name="dashboard", daemon=True)
        self._thread.start()

    def _told_run(
        self,
        about: dict[str, Any],
        newest_picture: Newest,
        drops: Callable[[], Counter[str]],
        note: Callable[[str], None],
        load: Callable[[], dict[str, Any]] | None,
    ) -> ToldRun:
        pictures = Pictures(newest_picture, keep=self._keeps_pictures)
        return ToldRun(about, pictures, drops, note, load)

    def write(self, verdict: Verdict) -> None:
        """Keep a reference. Never waits, never fails."""
        self._inbox.append((self._run, verdict))

    @property
    def happened(self) -> Callable[[Happened], None]:
        """Shows an event of the present run. Whoever keeps it past `again` still tells of that run,
        not of the next one. Any thread; never waits."""
        return self._run.happened.append

    def finish(self) -> None:
        """Tell the pages that the run has ended. They stay until `close`. Never waits."""
        self._run.ended.set()

    def again(
        self,
        about: dict[str, Any],
        newest_picture: Newest,
        drops: Callable[[], Counter[str]],
        note: Callable[[str], None],
        load: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        """Another run writes from now on; the pages show it from its first verdict, or its end.

        The arguments are those of the constructor. The thread that writes; never waits.
        """
        self._run = self._told_run(about, newest_picture, drops, note, load)

    def tell(self, **news: Any) -> None:
        """Tell the pages plain JSON that is no verdict (`edge.dashboard.board`). Any thread."""
        self._news.append(news)

    def show_picture(self, shown: bool) -> None:
        """Show the picture or not, if the configuration permits it at all. Any thread."""
        self.tell(picture=shown and self._hello["picture"])
        self._with_picture = shown and self._hello["picture"]

    @property
    def lives(self) -> bool:
        """Whether the page is served, or will be again."""
        return self._thread.is_alive()

    @property
    def watched(self) -> bool:
        """Whether a page is open."""
        return self._process.watched

    def close(self) -> None:
        """Notify the pages and end the process in under two seconds. Idempotent."""
        if self._ended:
            return
        self._ended = True
        self._closing.set()
        self._thread.join(LEAVE_S / 2)
        with self._starting:
            self._process.end(LEAVE_S)
        self._thread.join(LEAVE_S / 2)
        self._process.close_pipes()
        self._listener.close()

    def _send(self) -> None:
        """The publishing thread: it does all the expensive work."""
        lower_priority_of_worker()
        try:
            while not self._told_to_the_end():
                if not self._started_again():
                    break
        except Exception as error:  # a picture that cannot be sent: recognition does not suffer
            self._run.note(f"The dashboard failed, and the run continues: {first_line(error)}")

    def _told_to_the_end(self) -> bool:
        """Whether the process lived until it was closed."""
        process, telling = self._process, self._telling
        try:
            telling.greet(process, self._hello)
            while not self._closing.wait(TICK_S):
                if process.has_ended():
                    return False
                newest = self._run
                ended = newest.ended.is_set()  # asked first: the last steps have arrived
                telling.steps(process, self._arrived())
                telling.events(process)
                if ended:
                    telling.end(process, newest)
                while self._news:
                    telling.news(process, self._news.popleft())
                self._answer(process.requests())
                telling.now(process, self._with_picture)
            telling.steps(process, self._arrived())
            telling.events(process)
            process.put(wire.message(wire.END, b""))
            process.end_input()
        except OSError:
            return self._closing.is_set()
        return True

    def _started_again(self) -> bool:
        """Whether another process has taken over, on the same socket; False when it is given up."""
        pause_s = self._restarts.end()
        self._process.end()
        self._process.close_pipes()
        if pause_s is None:
            self._listener.close()  # a page is refused rather than left waiting
            ended = self._run.ended.is_set()
            after = "its page is gone" if ended else "the run continues without its page"
            self._run.note(
                f"The dashboard's process has ended {self._restarts.ends} times in a row: {after}."
            )
            return False
        if self._closing.wait(pause_s):
            return False
        with self._starting:
            if self._closing.is_set():
                return False
            self._restarts.begin()
            self._process = PageProcess(self._listener)
        self._run.note("The dashboard's process has ended and was started again.")
        return True

    def _arrived(self) -> list[tuple[ToldRun, Verdict]]:
        return [self._inbox.popleft() for _ in range(len(self._inbox))]

    def _answer(self, requests: list[dict[str, Any]]) -> None:
        if self._act is not None:
            for request in requests:
                try:
                    self._act(request)
                except Exception as error:  # of one request: the page goes on
                    self._run.note(f"What a page asked for has failed: {first_line(error)}")


def _listen(config: DashboardConfig) -> socket.socket:
    """Listen on the configured address; by default on any free port if the usual one is in use."""
    address = parse_address(config.address, "dashboard.address")
    try:
        return listen(address, "dashboard.address")
    except SinkError:
        if "address" in config.model_fields_set:
            raise
        return listen(Address(address.host, 0), "dashboard.address")
