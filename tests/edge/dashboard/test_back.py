"""The way back from the page's process is bounded, and takes no nonsense."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import IO

import pytest

from edge.dashboard.back import BUFFER_LIMIT, REQUESTS_A_SECOND, Back, Reports

Ends = tuple[IO[bytes], IO[bytes]]


@pytest.fixture
def pipe() -> Iterator[Ends]:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", 0) as one, os.fdopen(writer, "wb", 0) as other:
        yield one, other


def test_pages_are_counted_and_marks_arrive_dated(pipe: Ends) -> None:
    reports, back = Reports(pipe[0]), Back(pipe[1], allowed=True)
    assert reports.read() == [] and not reports.watched
    back.opened("a")
    back.opened("b")
    back.closed("a")
    before_ns = time.monotonic_ns()
    assert back.mark("one\n" + "\U0001f600" * 500)
    (request,) = reports.read()
    assert reports.watched and request["text"] == "one " + "\U0001f600" * 196
    assert before_ns <= request["at_ns"] <= time.monotonic_ns()
    back.closed("b")
    assert reports.read() == [] and not reports.watched


def test_without_permission_nothing_is_asked(pipe: Ends) -> None:
    reports, back = Reports(pipe[0]), Back(pipe[1], allowed=False)
    assert not back.mark("") and reports.read() == []


def test_a_page_that_asks_all_the_time_is_slowed(pipe: Ends) -> None:
    reports, back = Reports(pipe[0]), Back(pipe[1], allowed=True)
    asks = (lambda: back.mark(""), back.look, lambda: back.start({}), back.stop)
    begun_s = time.monotonic()
    taken = sum(asks[number % 4]() for number in range(100))
    most = REQUESTS_A_SECOND * (1 + time.monotonic() - begun_s)
    assert 4 <= taken <= most and len(reports.read()) == taken


def test_a_run_that_does_not_read_makes_no_page_wait(pipe: Ends) -> None:
    back = Back(pipe[1], allowed=True)
    begun_s = time.monotonic()
    for _ in range(10_000):
        back.opened("a")
    assert not back.mark("")
    assert time.monotonic() - begun_s < 2


def test_what_is_no_report_is_passed_over(pipe: Ends) -> None:
    reports = Reports(pipe[0])
    for nonsense in (b"1\n", b"[]\n", b"\xff{\n", b'{"act": 3}\n', b'{"act": "ma', b'rk"}\n'):
        pipe[1].write(nonsense)
    assert reports.read() == [{"act": "mark"}]
    for _ in range(3):
        pipe[1].write(b"x" * BUFFER_LIMIT)
        reports.read()
    assert len(reports._rest) <= BUFFER_LIMIT
