"""What a run counts and notes, and who listens to it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge.runtime.telemetry import REPEATED, Telemetry

Told = list[tuple[str, dict[str, Any]]]


def listener(told: Told) -> Any:
    def listen(event: str, facts: Mapping[str, Any]) -> None:
        told.append((event, dict(facts)))

    return listen


def test_who_listens_later_is_told_the_notes_with_their_own_events() -> None:
    telemetry, told = Telemetry(), Told()
    telemetry.note("It runs on a toaster.", "engine")
    telemetry.note("The camera is away.", "device_missing", device="camera 0")
    telemetry.listen(listener(told))
    telemetry.note("It rains.")
    assert told == [
        ("engine", {"sentence": "It runs on a toaster."}),
        ("device_missing", {"sentence": "The camera is away.", "device": "camera 0"}),
        ("note", {"sentence": "It rains."}),
    ]
    assert telemetry.notes == ["It runs on a toaster.", "The camera is away.", "It rains."]


def test_a_note_at_the_moment_in_which_listening_begins_is_told_once() -> None:
    telemetry, told = Telemetry(), Told()

    class Interrupted:
        """A lock after whose first use another thread begins to listen."""

        def __init__(self) -> None:
            self._lock, self._done = threading.Lock(), False

        def __enter__(self) -> None:
            self._lock.acquire()

        def __exit__(self, *error: object) -> None:
            self._lock.release()
            if not self._done:
                self._done = True
                thread = threading.Thread(target=telemetry.listen, args=(listener(told),))
                thread.start()
                thread.join()

    telemetry._lock = Interrupted()  # type: ignore[assignment]
    telemetry.note("It rains.")
    assert told == [("note", {"sentence": "It rains."})]


def test_log_and_page_both_listen() -> None:
    telemetry, log, page = Telemetry(), Told(), Told()
    telemetry.listen(listener(log))
    telemetry.note("It rains.")
    telemetry.listen(listener(page))
    telemetry.event("run_failed", sentence="It pours.")
    assert (
        log
        == page
        == [("note", {"sentence": "It rains."}), ("run_failed", {"sentence": "It pours."})]
    )


@pytest.mark.parametrize("event", sorted(REPEATED))
def test_an_outage_is_told_each_time_and_stands_in_the_document(event: str) -> None:
    telemetry, told = Telemetry(), Told()
    telemetry.listen(listener(told))
    for _ in range(2):
        telemetry.note("It is away.", event)
    assert len(told) == 2 and telemetry.notes == ["It is away."]
    document = Path(__file__).parents[3] / "docs" / "events.md"
    assert f"`{event}`" in document.read_text("utf-8")
