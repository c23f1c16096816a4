"""The table in a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from edge.recognition.verdict import StreamVerdict, Verdict
from edge.sinks.table import LiveTable, draw, draw_people

VERDICT = Verdict(
    seq=57,
    span_ns=(0, 1),
    label="happy",
    scores={"happy": 0.75, "sad": 0.25},
    confidence=0.8,
    mask=("text", "vision"),
    streams={
        "text": StreamVerdict("used", None, 0.5, 120.0, 0.3),
        "audio": StreamVerdict("dropped", "noisy", 0.1, 20.0, 1.0),
        "vision": StreamVerdict("absent", "disconnected", None, None, 0.0),
    },
    transcript="so happy to see you",
    latency_ms={"total": 1.5},
    faces=1,
)


def text(verdict: Verdict) -> str:
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(draw(verdict))
    return console.export_text()


def test_the_table_shows_label_states_reasons_and_words() -> None:
    shown = text(VERDICT)
    for part in ("happy", "#57", "1.5 ms", "dropped", "noisy", "absent", "disconnected", "0.75"):
        assert part in shown
    assert "so happy to see you" in shown
    assert "faces" not in shown


def test_several_faces_are_shown() -> None:
    assert "3 faces" in text(replace(VERDICT, faces=3))


def test_an_abstention_and_a_phase_are_shown() -> None:
    phase = {"name": "it falls silent", "stream": "audio", "fault": "silence"}
    shown = text(replace(VERDICT, label=None, scores={}, confidence=None, phase=phase))
    assert "abstains" in shown and "it falls silent" in shown


def test_the_live_table_shows_the_newest_verdict_when_it_closes() -> None:
    screen = io.StringIO()
    table = LiveTable(Console(file=screen, force_terminal=True, width=100))
    for seq in range(50):
        table.write(replace(VERDICT, seq=seq))
    table.close()
    table.close()
    assert "#49" in screen.getvalue()


def test_several_people_have_a_row_each() -> None:
    console = Console(file=io.StringIO(), width=120, record=True)
    step = [replace(VERDICT, person=1), replace(VERDICT, person=4, label="sad")]
    console.print(draw_people(step))
    shown = console.export_text().splitlines()
    assert "2 people" in shown[0] and "#57" in shown[0]
    for row, parts in zip(shown[2:], (("1", "happy", "noisy"), ("4", "sad", "used")), strict=False):
        assert all(part in row for part in parts)


def test_the_table_says_which_stream_is_corrected_for_the_person() -> None:
    shown = text(replace(VERDICT, corrected=("vision",), mask=("vision",)))
    assert shown.count("corrected") == 1 and "corrected" not in text(VERDICT)
