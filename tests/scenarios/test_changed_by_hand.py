"""Settings that people change while a run goes on: used, told, recorded and replayed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fixtures.engines import Sick, sick
from fixtures.film import Film

from edge.clock import Clock
from edge.config import Config, load_config
from edge.demo.script import Phase, Script, demo_run
from edge.errors import ConfigError
from edge.recognition.adjustment import ABSTAIN_BELOW, SMOOTHING
from edge.recognition.verdict import Verdict, verdict_schema
from edge.recording.replay import Replay
from edge.runtime.adjusting import Adjusting
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.base import CHUNK_SAMPLES
from edge.sources.script import ScriptedSource
from edge.types import NS_PER_S, Chunk, Frame, Packet

__all__ = ["sick"]

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


def test_a_fusion_that_fails_while_a_stream_is_off_is_replayed(
    sick: type[Sick], tmp_path: Path
) -> None:
    """The microphone is dropped when it is switched off, so the gate still holds it."""
    noisy = Script(6, phases=(Phase("all well", 0.5), Phase("it is loud", 0.5, "audio", "noise")))
    sick.fails, sick.well = "fusion", 10**9
    told = {"engine.name": "sick", "asr.engine": "none", "record.folder": str(tmp_path / "rec")}

    def feeds(clock: Clock) -> list[Feed]:
        source = ScriptedSource(noisy.frame, noisy.samples, 25, 6.0, clock)
        return [Feed(source, frozenset({"audio", "vision"}), lossless=True)]

    run = Run(load_config(None, [], told), feeds)
    adjusting, off_at, found = Adjusting(run), 10**9, []
    for verdict in run.verdicts():
        found.append(verdict)
        if verdict.seq > off_at + 1:
            continue
        if verdict.seq == off_at:
            (fusion,) = [one for one in sick.opened if one.name == "fusion"]
            sick.well = fusion.passes
        elif off_at == 10**9 and verdict.streams["audio"].reason in ("noisy", "unreliable"):
            adjusting.change("streams.audio", False)
            off_at = verdict.seq + 1
    failed = found[off_at + 1]
    reasons = {name: (one.state, one.reason) for name, one in failed.streams.items()}
    assert reasons["vision"] == ("dropped", "engine_failed")
    assert reasons["audio"] == ("absent", "off")
    sick.well = 10**9
    replay = Replay(tmp_path / "rec")
    assert len(list(replay.verdicts())) == len(found) == replay.compared
    assert not replay.differing, replay.first_difference


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (ABSTAIN_BELOW, 1.5),
        pytest.param(ABSTAIN_BELOW, 10**400, id="no float"),
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
        run.recognizer.set_link("vision", "up")
        adjusting = Adjusting(run)
        before = adjusting.present
        with pytest.raises(ConfigError, match=re.escape(key)):
            adjusting.change(key, value)
        assert adjusting.present == before and not run.recognizer.adjustment.to_dict()


def test_a_number_that_is_put_back_is_not_changed_any_more() -> None:
    with demo_run(Config(), 6) as run:
        adjusting, begun = Adjusting(run), run.bundle.manifest.gate
        adjusting.change(ABSTAIN_BELOW, 1.0)
        adjusting.change(SMOOTHING, 0.1)
        adjusting.change(ABSTAIN_BELOW, begun.abstain_below)
        assert run.recognizer.adjustment.to_dict() == {SMOOTHING: 0.1}
        adjusting.change(SMOOTHING, begun.smoothing)
        assert run.recognizer.adjustment.to_dict() == {}


def test_only_streams_that_the_run_has_can_be_switched() -> None:
    film = Film(packets(1), frozenset({"vision"}))
    config = load_config(None, ["asr.engine=none"], {})
    run = Run(config, lambda clock: [Feed(film, film.streams, lossless=True)])
    adjusting, verdicts = Adjusting(run), run.verdicts()
    next(verdicts)
    assert [key for key in adjusting.present if key.startswith("streams.")] == ["streams.vision"]
    with pytest.raises(ConfigError, match=r"streams\.audio cannot be changed in this run"):
        adjusting.change("streams.audio", False)
    run.close()
