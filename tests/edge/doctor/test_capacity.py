"""Whether this processor keeps up, measured on the packaged load."""

from __future__ import annotations

import json
import time

import pytest
from fixtures.command import Cli

from edge.config import load_config
from edge.doctor.capacity import MEASURED_S, Work, check_capacity, judged, measured


def work(pictures: float = 0, sound: float = 0, steps: float = 0, words: float = 0) -> Work:
    """What took these milliseconds in each second."""
    given = {"pictures": pictures, "sound": sound, "steps": steps, "speech-to-text": words}
    spent_s = {kind: MEASURED_S * ms / 1e3 for kind, ms in given.items()}
    return Work(MEASURED_S, spent_s, {"pictures": 26, "steps": 8})


def test_a_quick_machine_carries_as_many_sessions_as_it_has_cores_for() -> None:
    one = work(85, 34, 8, 240)
    found = judged(one, cores=2)
    assert found.state == "ok" and found.facts["sessions"] == 4
    assert "keeps up with 25 pictures a second, 4 sessions at once" in found.told
    assert judged(one, cores=16).facts["sessions"] == 34
    assert found.facts["picture_ms"] == pytest.approx(6.54, abs=0.01)
    assert found.facts["step_ms"] == 2.0


@pytest.mark.parametrize(
    ("slow", "advice"),
    [
        (work(pictures=700), "vision.min_gap_ms"),
        (work(steps=700), "window.step_s"),
        (work(words=950), "a smaller model"),
        (work(pictures=300, sound=150, words=400), "vision.min_gap_ms"),
    ],
)
def test_a_slow_machine_is_told_what_to_lower(slow: Work, advice: str) -> None:
    found = judged(slow, cores=1)
    assert found.state == "note" and not found.facts["keeps_up"] and found.facts["sessions"] == 0
    assert "does not keep up with 25 pictures a second" in found.told
    assert advice in found.advice


def test_the_packaged_load_is_measured_by_kind() -> None:
    begun_s = time.perf_counter()
    found = measured(load_config(None, ["asr.engine=pocketsphinx"], {}))
    took_s = time.perf_counter() - begun_s
    assert all(spent_s > 0 for spent_s in found.spent_s.values())
    assert set(found.spent_s) == {"pictures", "sound", "steps", "speech-to-text"}
    assert found.items["pictures"] in range(20, 30)  # every other of 25 a second
    assert found.items["steps"] in range(7, 10)
    assert sum(found.spent_s.values()) < took_s


def test_without_words_and_with_every_picture_the_work_is_another() -> None:
    found = measured(load_config(None, ["asr.engine=none", "vision.min_gap_ms=0"], {}))
    assert "speech-to-text" not in found.spent_s
    assert found.items["pictures"] in range(45, 52)


def test_the_report_has_it(cli: Cli) -> None:
    _, told, _ = cli("doctor", "--no-capture", "--json", "--asr", "none")
    facts = json.loads(told)["findings"]["capacity"]
    assert facts["state"] in ("ok", "note") and facts["cores_needed"] > 0
    assert facts["picture_ms"] > 0 and facts["ms_per_second"]["speech-to-text"] == 0
    assert check_capacity(load_config(None, ["asr.engine=none"], {})).facts.keys() == (
        facts.keys() - {"state"}
    )
