"""A file that is read ahead gives the verdicts of one that is worked on packet by packet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures.engines import Sick, sick
from fixtures.people import FPS, write_people

from edge.bench.load import _write_clip
from edge.config import load_config
from edge.demo.script import Phase, Script
from edge.errors import SourceError
from edge.recognition.verdict import Verdict
from edge.runtime import offline
from edge.runtime.run import Run
from edge.sources.base import SAMPLE_RATE_HZ

__all__ = ["sick"]

SECONDS = 3
STEPS = 4 * SECONDS


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """By the number of people: each is the portrait that speaks."""
    script = Script(SECONDS, phases=(Phase("all well", 1.0),))
    pictures = [script.frame(index) for index in range(SECONDS * FPS)]
    said = script.samples(0, SECONDS * SAMPLE_RATE_HZ)
    folder = tmp_path_factory.mktemp("films")
    turned = [np.ascontiguousarray(picture[:, ::-1]) for picture in pictures]
    return {
        1: _write_clip(folder / "one.mkv", SECONDS, pictures.__getitem__, script),
        2: write_people(folder / "two.mkv", [pictures, turned], said),
    }


def both_ways(
    film: Path, monkeypatch: pytest.MonkeyPatch, **told: object
) -> list[tuple[list[Verdict], str]]:
    """The verdicts without what differs from run to run, and the error: ahead, then by packet."""
    settings = {"source.file": str(film), "asr.engine": "none"}
    settings |= {key.replace("__", "."): value for key, value in told.items()}  # type: ignore[misc]
    found = []
    for ahead_ns in (offline.AHEAD_NS, 0):
        monkeypatch.setattr(offline, "AHEAD_NS", ahead_ns)
        verdicts, error = [], ""
        with Run(load_config(None, [], settings)) as run:
            try:
                for verdict in run:
                    verdicts.append(replace(verdict, latency_ms={}, wall_ns=0))
            except SourceError as problem:
                error = str(problem)
        found.append((verdicts, error))
    return found


def test_of_one_person(films: dict[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    ahead, by_packet = both_ways(films[1], monkeypatch)
    assert len(ahead[0]) == STEPS and any("vision" in one.mask for one in ahead[0])
    assert ahead == by_packet


def test_of_several_people(films: dict[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    ahead, by_packet = both_ways(films[2], monkeypatch, people="all")
    assert {verdict.person for verdict in ahead[0]} >= {1, 2}
    assert ahead == by_packet


@pytest.mark.slow
def test_with_words(films: dict[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    ahead, by_packet = both_ways(films[1], monkeypatch, asr__engine="pocketsphinx")
    assert len(ahead[0]) == STEPS and ahead[0][-1].words
    assert ahead == by_packet


@pytest.mark.parametrize("fails", ["vision", "audio"])
def test_where_an_engine_fails_within_what_is_read_ahead(
    fails: str, films: dict[int, Path], sick: type[Sick], monkeypatch: pytest.MonkeyPatch
) -> None:
    sick.fails, sick.how, sick.well = fails, "raise", 12
    ahead, by_packet = both_ways(films[1], monkeypatch, engine__name="sick")
    reasons = [verdict.streams[fails].reason for verdict in ahead[0]]
    assert reasons.count("engine_failed") == 1
    assert ahead == by_packet


def test_of_a_file_that_is_cut_off(
    films: dict[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, whole = tmp_path / "cut.mkv", films[1].read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    ahead, by_packet = both_ways(cut, monkeypatch)
    assert 0 < len(ahead[0]) < STEPS and "cut.mkv is truncated" in ahead[1]
    assert ahead == by_packet
