"""A file is read ahead, and worked on in groups; the verdicts are those of packet by packet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bench.load import standard_load
from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.clock import HandClock
from edge.config import load_config
from edge.demo.script import Script
from edge.errors import SourceError
from edge.frontends.face import FaceFrontEnd
from edge.recognition.verdict import Verdict
from edge.runtime import offline
from edge.runtime.loaded import Loaded
from edge.runtime.run import Run
from edge.types import NS_PER_MS, Chunk, Frame, Packet


def frame(index: int, bgr: NDArray[np.uint8]) -> Frame:
    return Frame(index * 40 * NS_PER_MS, bgr, index)


def sizes(packets: Iterator[Packet]) -> list[int]:
    return [len(group) for group in offline._ahead(packets)]


def test_sound_and_small_pictures_are_read_two_seconds_ahead() -> None:
    small = np.zeros((48, 64, 3), np.uint8)
    assert sizes(frame(index, small) for index in range(120)) == [51, 51, 18]
    sound = np.zeros(320, np.float32)
    chunks = (Chunk(i * 20 * NS_PER_MS, sound, 16_000, i * 320) for i in range(150))
    assert sizes(chunks) == [101, 49]


def test_large_pictures_are_not_all_kept() -> None:
    large = np.zeros((2160, 3840, 3), np.uint8)  # 24 MiB
    assert sizes(frame(index, large) for index in range(3)) == [1, 1, 1]


def test_what_was_read_before_a_damage_counts() -> None:
    def damaged() -> Iterator[Packet]:
        for index in range(3):
            yield frame(index, np.zeros((48, 64, 3), np.uint8))
        raise SourceError("clip.mp4 is damaged.")

    groups = offline._ahead(damaged())
    assert len(next(groups)) == 3
    with pytest.raises(SourceError, match="is damaged"):
        next(groups)


def test_all_pictures_are_searched_before_the_first_face_is_encoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = Loaded(Bundle.load(default_bundle()), load_config(None, [], {}), HandClock())
    done: list[str] = []

    def noted(what: str, function: Any) -> Any:
        def called(*given: Any) -> Any:
            done.append(what)
            return function(*given)

        return called

    monkeypatch.setattr(FaceFrontEnd, "find", noted("find", FaceFrontEnd.find))
    monkeypatch.setattr(Networks, "encode", noted("encode", Networks.encode))
    portrait = Script(1.0).frame(0)
    ahead = loaded.recognizer.perception.look_ahead([frame(index, portrait) for index in range(5)])
    assert done == ["find"] * 3 + ["encode"] * 3
    assert loaded.recognizer.newest_picture is None
    readings = [loaded.recognizer.accept_ahead(one) for one in ahead]
    assert [len(found) for found in readings] == [1, 0, 1, 0, 1]
    loaded.close()


@pytest.mark.slow
def test_the_verdicts_are_those_of_packet_by_packet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = standard_load(3.0).clip(tmp_path)
    ahead = verdicts(clip)
    monkeypatch.setattr(offline, "AHEAD_NS", 0)
    assert len(ahead) == 12 and ahead == verdicts(clip)


def verdicts(clip: Path) -> list[Verdict]:
    """Without what differs from run to run."""
    config = load_config(None, ["asr.engine=none"], {"source.file": str(clip)})
    with Run(config) as run:
        return [replace(verdict, latency_ms={}, wall_ns=0) for verdict in run]
