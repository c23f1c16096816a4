"""Events of a run are told with that run, also while the next one begins."""

from __future__ import annotations

import http.client
import io
import json
from collections import Counter
from contextlib import closing
from typing import cast
from urllib.parse import urlsplit

from fixtures.verdicts import verdict
from fixtures.waiting import LIMIT_S, eventually
from rich.console import Console

from edge.commands.dashboard_page import open_dashboard, show_next
from edge.commands.encryption import Encryption
from edge.commands.outputs import Said
from edge.config import Config, DashboardConfig, TlsConfig
from edge.dashboard import wire
from edge.dashboard.happened import Happened
from edge.dashboard.pictures import Pictures
from edge.dashboard.process import PageProcess
from edge.dashboard.sink import Dashboard
from edge.dashboard.telling import Telling
from edge.dashboard.told_run import ToldRun
from edge.demo.script import demo_run


def run(name: str) -> ToldRun:
    pictures = Pictures(lambda: None, keep=False)
    return ToldRun({"bundle": name}, pictures, Counter, print, None)


def happened(sentence: str) -> Happened:
    return Happened(verdict(0).span_ns[1], "engine", sentence)


def test_events_that_were_not_sent_yet_are_told_before_the_next_run_begins() -> None:
    first, second, pipe = run("first"), run("second"), Pipe()
    telling, process = Telling(first), cast(PageProcess, pipe)
    first.happened.append(happened("The camera is lost."))
    second.happened.append(happened("The microphone is lost."))
    telling.steps(process, [(first, verdict(0)), (second, verdict(0))])
    telling.events(process)
    assert pipe.kinds() == [wire.STEPS, wire.HAPPENED, wire.BEGIN, wire.STEPS, wire.HAPPENED]
    assert pipe.sentences() == ["The camera is lost.", "The microphone is lost."]
    again = Pipe()
    telling.greet(cast(PageProcess, again), {})
    assert again.sentences() == ["The microphone is lost."]  # of the run that is shown


class Pipe:
    """What a page's process would read."""

    def __init__(self) -> None:
        self._sent = b""

    def put(self, message: bytes) -> None:
        self._sent += message

    def kinds(self) -> list[bytes]:
        return [kind for kind, _ in wire.messages(io.BytesIO(self._sent))]

    def sentences(self) -> list[str]:
        told = wire.messages(io.BytesIO(self._sent))
        return [json.loads(body)["sentence"] for kind, body in told if kind == wire.HAPPENED]


def test_a_late_event_of_a_run_is_not_shown_in_the_next_one() -> None:
    shown = DashboardConfig(address="127.0.0.1:0", browser=False)
    plain, said = Encryption(TlsConfig()), Said(Console(file=io.StringIO()))
    with demo_run(Config(), 6) as first, demo_run(Config(), 6) as second:
        dashboard = open_dashboard(shown, first, plain, said, print)
        try:
            show_next(dashboard, second)
            dashboard.write(verdict(0))
            first.telemetry.note("The old camera is lost.")
            second.telemetry.note("The new camera is lost.")
            eventually(lambda: "The new camera is lost." in page(dashboard))
            assert "The old camera is lost." not in page(dashboard)
        finally:
            dashboard.close()
            said.close()


def page(dashboard: Dashboard) -> str:
    place = urlsplit(dashboard.url)
    assert place.hostname is not None
    with closing(http.client.HTTPConnection(place.hostname, place.port, timeout=LIMIT_S)) as one:
        one.request("GET", "/")
        return one.getresponse().read().decode()
