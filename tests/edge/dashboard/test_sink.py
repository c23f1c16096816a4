"""The recogniser continues whatever happens to the page's process."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from fixtures.verdicts import verdict
from fixtures.waiting import Stopwatch, eventually

from edge.config import DashboardConfig
from edge.dashboard import sink
from edge.dashboard.happened import Happened
from edge.dashboard.sink import Dashboard
from edge.errors import SinkError
from edge.web import restarts
from edge.web.address import listen, parse_address

ABOUT = {"bundle": "test", "device": "CPU", "sources": "none"}
Open = Callable[..., Dashboard]


@pytest.fixture
def open_dashboard() -> Iterator[Open]:
    opened: list[Dashboard] = []

    def call(**config: object) -> Dashboard:
        given = DashboardConfig.model_validate({"address": "127.0.0.1:0", **config})
        opened.append(Dashboard(given, ABOUT, lambda: None, Counter, notes.append))
        return opened[-1]

    notes: list[str] = []
    call.notes = notes  # type: ignore[attr-defined]
    yield call
    for dashboard in opened:
        dashboard.close()


def fetch(dashboard: Dashboard, path: str = "/") -> tuple[int, str]:
    """What a visitor gets; one who comes early waits."""
    place = urlsplit(dashboard.url)
    assert place.hostname is not None
    with closing(http.client.HTTPConnection(place.hostname, place.port, timeout=30)) as visitor:
        visitor.request("GET", path)
        answer = visitor.getresponse()
        return answer.status, answer.read().decode()


def test_the_page_is_served_with_all_its_files(open_dashboard: Open) -> None:
    status, text = fetch(open_dashboard())
    assert status == 200 and "cdat-edge" in text
    assert "https://" not in text.replace("https://nicegui.io", "")


def test_it_ends_within_two_seconds_and_leaves_no_process(open_dashboard: Open) -> None:
    before = threading.active_count()
    dashboard = open_dashboard()
    fetch(dashboard)
    begun_s = time.monotonic()
    dashboard.close()
    assert time.monotonic() - begun_s < 2
    assert threading.active_count() == before
    with pytest.raises(OSError):
        fetch(dashboard)


def test_a_failure_of_the_sending_thread_is_a_note(open_dashboard: Open) -> None:
    dashboard = open_dashboard()
    notes: list[str] = open_dashboard.notes  # type: ignore[attr-defined]

    def torn() -> Counter[str]:
        raise ValueError("torn picture")

    dashboard.again(ABOUT, lambda: None, torn, notes.append)
    dashboard.write(verdict(0))
    eventually(lambda: notes)
    assert notes == ["The dashboard failed, and the run continues: torn picture"]
    dashboard.write(verdict(1))


def test_a_request_that_fails_is_a_note_and_the_next_one_is_answered(
    open_dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = open_dashboard()
    notes: list[str] = open_dashboard.notes  # type: ignore[attr-defined]
    asked, answered = [[{"act": "bad"}, {"act": "good"}]], []

    def act(request: Mapping[str, Any]) -> None:
        if request["act"] == "bad":
            raise OverflowError("too large")
        answered.append(request["act"])

    monkeypatch.setattr(dashboard, "_act", act)
    monkeypatch.setattr(dashboard._process, "requests", lambda: asked.pop() if asked else [])
    eventually(lambda: answered == ["good"])
    assert notes == ["What a page asked for has failed: too large"]


def test_a_hanging_page_delays_neither_steps_nor_the_end(open_dashboard: Open) -> None:
    dashboard = open_dashboard()
    fetch(dashboard)
    os.kill(dashboard._process.pid, signal.SIGSTOP)
    slowest_s, one = 0.0, verdict(0)
    with Stopwatch() as watch:
        for _ in range(200):
            begun_s = watch.seconds
            for _ in range(100):  # more than pipe and inbox hold
                dashboard.write(one)
            slowest_s = max(slowest_s, watch.seconds - begun_s)
    time.sleep(0.3)
    assert len(dashboard._inbox) <= sink.INBOX
    assert slowest_s < 0.2  # a full pipe would block for ever
    begun_s = time.monotonic()
    dashboard.close()
    assert time.monotonic() - begun_s < 2.5


def kill_page(dashboard: Dashboard) -> int:
    pid = dashboard._process.pid
    os.kill(pid, signal.SIGKILL)
    return pid


def test_a_page_that_dies_is_started_again_with_the_last_minute(open_dashboard: Open) -> None:
    dashboard = open_dashboard()
    dashboard.write(verdict(0, "dark"))
    dashboard.write(verdict(1))
    dashboard.happened(Happened(verdict(1).span_ns[1], "engine", "The next engine takes over."))
    fetch(dashboard)
    first, url = kill_page(dashboard), dashboard.url
    notes: list[str] = open_dashboard.notes  # type: ignore[attr-defined]
    eventually(lambda: notes)
    assert notes == ["The dashboard's process has ended and was started again."]
    status, text = fetch(dashboard)
    assert status == 200 and dashboard.url == url and dashboard._process.pid != first
    # The page's first content is of verdicts that only the dead process had been sent.
    assert "vision is used again" in text
    assert "The next engine takes over." in text
    assert not is_alive(first)


@pytest.mark.slow
def test_visitors_wait_while_the_page_is_started_again(open_dashboard: Open) -> None:
    dashboard = open_dashboard()
    fetch(dashboard)
    kill_page(dashboard)
    assert fetch(dashboard)[0] == 200


def test_a_page_that_dies_again_and_again_is_given_up(
    open_dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarts, "FIRST_PAUSE_S", 0.001)
    dashboard = open_dashboard()
    notes: list[str] = open_dashboard.notes  # type: ignore[attr-defined]

    def told(times: int) -> bool:
        return len(notes) >= times

    for death in range(1, 2 + restarts.IN_A_ROW):
        kill_page(dashboard)
        eventually(partial(told, death))
    assert notes[-1] == (
        "The dashboard's process has ended 6 times in a row: the run continues without its page."
    )
    assert len(notes) == 1 + restarts.IN_A_ROW
    with pytest.raises(OSError):
        fetch(dashboard)
    dashboard.write(verdict(1))
    dashboard.close()


@pytest.mark.slow
def test_a_run_that_ends_during_a_restart_leaves_no_process(
    open_dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarts, "FIRST_PAUSE_S", 60.0)
    dashboard = open_dashboard()
    fetch(dashboard)
    first = kill_page(dashboard)
    eventually(lambda: not is_alive(first))
    with Stopwatch() as watch:
        dashboard.close()
    assert watch.seconds < 2 and dashboard._process.pid == first


def test_a_killed_run_leaves_no_page_process() -> None:
    code = """
import sys, time
from collections import Counter
from edge.config import DashboardConfig
from edge.dashboard.happened import Happened
from edge.dashboard.sink import Dashboard
about = {"bundle": "b", "device": "d", "sources": "s"}
one = Dashboard(DashboardConfig(address="127.0.0.1:0"), about, lambda: None, Counter, print)
print(one._process.pid, flush=True)
time.sleep(60)
"""
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    page = int(run.stdout.readline())
    run.kill()
    run.wait()
    run.stdout.close()
    eventually(lambda: not is_alive(page))


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_second_run_takes_another_port_unless_it_was_named(open_dashboard: Open) -> None:
    default = DashboardConfig()
    taken = None
    with suppress(SinkError):  # somebody else's server has it: all the better
        taken = listen(parse_address(default.address, "key"), "key")
    second = Dashboard(default, ABOUT, lambda: None, Counter, print)
    assert urlsplit(second.url).port not in (None, 8766)
    second.close()
    with pytest.raises(SinkError, match="in use"):
        open_dashboard(address=default.address)
    if taken is not None:
        taken.close()


def test_an_address_off_loopback_has_a_token(open_dashboard: Open) -> None:
    dashboard = open_dashboard(address="0.0.0.0:0")
    query = urlsplit(dashboard.url).query
    assert query.startswith("token=") and len(query) > 30
    place = urlsplit(dashboard.url)
    with closing(http.client.HTTPConnection("127.0.0.1", place.port, timeout=30)) as visitor:
        visitor.request("GET", "/")
        assert visitor.getresponse().status == 403


def test_without_nicegui_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch, open_dashboard: Open
) -> None:
    monkeypatch.setattr(sink, "find_spec", lambda name: None)
    with pytest.raises(SinkError, match=r"pip install 'cdat-edge\[dashboard\]'"):
        open_dashboard()
