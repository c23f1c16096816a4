"""When the page stays after the end of a run, and for how long."""

from __future__ import annotations

import io
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fixtures.waiting import eventually
from rich.console import Console

from edge.commands import lasting_page
from edge.commands.encryption import Encryption
from edge.commands.lasting_page import LastingPage
from edge.config import Config, DashboardConfig, TlsConfig
from edge.dashboard.sink import Dashboard
from edge.demo.script import demo_run
from edge.errors import ConfigError
from edge.runtime.marks import Marks
from edge.runtime.run import Run

ABOUT = {"bundle": "test", "device": "CPU", "sources": "none"}
SAID = "The page stays until you close it or press Ctrl-C"


@pytest.fixture(scope="module")
def current() -> Iterator[Run]:
    """A run that is never iterated."""
    with demo_run(Config(), 6) as one:
        yield one


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[LastingPage]:
    def serve(config: DashboardConfig, current: Any, encryption: Any, *rest: Any) -> Dashboard:
        return Dashboard(config, ABOUT, lambda: None, Counter, print)

    monkeypatch.setattr(lasting_page, "open_dashboard", serve)
    shown = {"address": "127.0.0.1:0", "stay": True}
    config = Config.model_validate({"dashboard": shown})
    with LastingPage(config) as one:
        yield one


def run(page: LastingPage, current: Run, by_itself: bool = True) -> str:
    """What the terminal shows after a run with this page."""
    console = Console(file=io.StringIO(), width=200)
    with page.opened(current, Encryption(TlsConfig()), print, Marks(current)):  # type: ignore[arg-type]
        page.ended_by_itself = by_itself
    page.wait(console, lambda status: None)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_page_that_nobody_opens_waits_only_so_long(
    page: LastingPage, current: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lasting_page, "NO_VISITOR_S", 0.0)
    assert SAID in run(page, current)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_waiting(page: LastingPage, current: Run, number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def press() -> None:
        eventually(lambda: signal.getsignal(number) is not before)
        signal.raise_signal(signal.SIGHUP)  # a rotation of logs: the page stays
        signal.raise_signal(number)

    thread = threading.Thread(target=press)
    thread.start()
    assert SAID in run(page, current)
    thread.join()
    assert signal.getsignal(number) is before


def test_after_a_failure_or_ctrl_c_nothing_stays(page: LastingPage, current: Run) -> None:
    page.ended_by_itself = False
    assert not page._stays()
    page.ended_by_itself = True
    assert page._stays()
    page.stops(current).stop()
    assert not page._stays()
    assert run(page, current) == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_by_default_it_stays_only_for_a_terminal(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = LastingPage(Config())
    page.ended_by_itself = True
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert page._stays() is terminal


def test_a_further_run_without_a_verdict_is_not_waited_for(
    page: LastingPage, current: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lasting_page, "NO_VISITOR_S", 0.0)
    told: dict[str, Any] = {}
    run(page, current)
    assert page._dashboard is not None
    monkeypatch.setattr(page._dashboard, "tell", told.update)
    page._requests.act({"act": "start", "choice": {}})
    eventually(lambda: page._requests.wants_another)
    assert told["busy"]
    wanted = page._requests.take()
    assert wanted is not None
    page.begins(wanted)
    run(page, current)
    assert not told["busy"]


def test_a_run_that_cannot_take_the_place_of_another_gives_it_back(
    page: LastingPage, current: Run
) -> None:
    former, wanted = page._requests.config, Config()
    for running in (True, False):
        with page.opened(current, Encryption(TlsConfig()), print, Marks(current)):  # type: ignore[arg-type]
            page.ended_by_itself = True
            if running:
                page._requests.act({"act": "start", "choice": {}})
                eventually(lambda: page._requests.wants_another)
        assert (page._requests.take() is not None) is running
        page.begins(wanted)
        assert page.failed(ConfigError("No."), former)
        assert page._requests.take() is (former if running else None)
    page.begun = True  # it failed later: an error of the program
    assert not page.failed(ConfigError("No."), former)
