"""Settings that people change while a run goes on: used, told, recorded and replayed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fixtures.film import Film

from edge.config import Config, load_config
from edge.demo.script import Script, demo_run
from edge.errors import ConfigError
from edge.recognition.adjustment import ABSTAIN_BELOW, SMOOTHING
from edge.recognition.verdict import Verdict, verdict_schema
from edge.recording.replay import Replay
from edge.runtime.adjusting import Adjusting
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.base import CHUNK_SAMPLES
from edge.types import NS_PER_S, Chunk, Frame, Packet

CHANGES: dict[int, tuple[str, Any]] = {
    8: ("streams.vision", False),
    12: ("streams.vision", True),
    16: (ABSTAIN_BELOW, 1.0),
    20: (ABSTAIN_BELOW, 0.0),
    21: (SMOOTHING, 0.1),
}
"""What is changed after the verdict of this number."""


def packets(seconds: int) -> list[Packet]:
    script = Script(60)
    made: list[Packet] = [
        Frame(i * NS_PER_S // 15, script.frame(round(i * 25 / 15)), i) for i in range(15 * seconds)
    ]
    for first in range(0, 16_000 * seconds, CHUNK_SAMPLES):
        samples = script.samples(first, CHUNK_SAMPLES)
        made.append(Chunk(first * NS_PER_S // 16_000, samples, 16_000, first))
    return sorted(made, key=lambda packet: packet.t_ns)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Verdict], list[Any], Path]:
    """The verdicts of a run with all changes, its events, and its recording."""
    folder = tmp_path_factory.mktemp("changed") / "talk"
    film = Film(packets(7))
    config = load_config(None, ["asr.engine=none"], {"record.folder": str(folder)})
    run = Run(config, lambda clock: [Feed(film, film.streams, lossless=True)])
    told: list[Any] = []
    run.telemetry.listen(lambda event, facts: told.append((event, dict(facts))))
    adjusting = Adjusting(run)
    found = []
    for verdict in run.verdicts():
        found.append(verdict)
        if verdict.seq in CHANGES:
            adjusting.change(*CHANGES[verdict.seq])
    return found, told, folder


def test_a_stream_that_is_switched_off_says_so_and_is_used_again(
    changed: tuple[list[Verdict], list[Any], Path],
) -> None:
    found, _, _ = changed
    for verdict in found[9:13]:
        vision = verdict.streams["vision"]
        assert (vision.state, vision.reason, vision.reliability) == ("absent", "off", None)
        assert "vision" not in verdict.mask
        assert verdict.to_dict()["adjusted"] == {"streams.vision": False}
    for verdict in (found[8], found[13]):
        assert verdict.streams["vision"].state == "used" and "adjusted" not in verdict.to_dict()


def test_the_limit_of_unsure_and_the_smoothing_take_effect_with_the_next_step(
    changed: tuple[list[Verdict], list[Any], Path],
) -> None:
    found, _, _ = changed
    assert found[16].label is not None
    assert all(v.label is None and v.scores for v in found[17:21])
    assert all(v.label is not None for v in found[21:])
    assert found[-1].to_dict()["adjusted"] == {ABSTAIN_BELOW: 0.0, SMOOTHING: 0.1}
    for verdict in found:
        jsonschema.validate(json.loads(verdict.to_json()), verdict_schema())


def test_each_change_is_told_in_a_sentence(
    changed: tuple[list[Verdict], list[Any], Path],
) -> None:
    told = [facts["sentence"] for event, facts in changed[1] if event == "setting"]
    assert told == [
        "The camera was switched off by hand.",
        "The camera was switched on by hand.",
        "The confidence below which it is unsure was set to 1 by hand.",
        "The confidence below which it is unsure was set to 0 by hand.",
        "The smoothing was set to 0.1 by hand.",
    ]


def test_a_replay_gives_the_same_verdicts(
    changed: tuple[list[Verdict], list[Any], Path],
) -> None:
    found, _, folder = changed
    replay = Replay(folder)
    again = list(replay.verdicts())
    assert (replay.compared, replay.differing) == (len(found), 0), replay.first_difference
    assert again[10].streams["vision"].reason == "off"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (ABSTAIN_BELOW, 1.5),
        (ABSTAIN_BELOW, None),
        (ABSTAIN_BELOW, True),
        (ABSTAIN_BELOW, float("nan")),
        (SMOOTHING, 0.0),
        (SMOOTHING, "1"),
        ("streams.vision", 1),
        ("streams.smell", False),
        ("window.step_s", 0.5),
    ],
)
def test_a_bad_change_is_one_sentence_and_changes_nothing(key: str, value: Any) -> None:
    with demo_run(Config(), 6) as run:
        adjusting = Adjusting(run)
        before = adjusting.present
        with pytest.raises(ConfigError, match=re.escape(key)):
            adjusting.change(key, value)
        assert adjusting.present == before and not run.recognizer.adjustment.to_dict()
