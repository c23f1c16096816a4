"""Devices are pulled, workers die: labels go on, the reason is named, and all comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from fixtures.mjpeg import MjpegCamera
from fixtures.pulse import SoundCable
from fixtures.waiting import eventually

from edge.asr import SpeechToText
from edge.config import load_config
from edge.demo.script import Script
from edge.errors import AsrError, SourceError
from edge.recognition.verdict import Verdict
from edge.runtime.run import Run
from edge.types import Chunk, Frame, Utterance

pytestmark = pytest.mark.alone

BACK_S = 2.0


class Watched:
    """A run that goes on in a thread of its own while the test does things to its devices."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.verdicts: list[Verdict] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        try:
            for verdict in self.run.verdicts():
                self.verdicts.append(verdict)
        except BaseException as error:
            self._error = error

    def until(self, wanted: Callable[[Verdict], bool], within_s: float) -> Verdict:
        """The first new verdict that is as wanted; fails when none comes in time."""
        seen = len(self.verdicts)
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            for verdict in self.verdicts[seen:]:
                if wanted(verdict):
                    return verdict
            if self._error is not None:
                raise self._error
            time.sleep(0.02)
        last = self.verdicts[-1] if self.verdicts else None
        raise AssertionError(f"not within {within_s} s; last: {last}; {self.run.telemetry.notes}")

    def stop(self) -> None:
        self.run.stop()
        self._thread.join(5)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error
        seqs = [verdict.seq for verdict in self.verdicts]
        assert seqs == list(range(len(seqs)))


@contextmanager
def watched(**options: Any) -> Iterator[Watched]:
    settings = [f"{key.replace('__', '.')}={value}" for key, value in options.items()]
    run = Watched(Run(load_config(None, settings, {})))
    try:
        yield run
    finally:
        run.stop()


def uses(stream: str) -> Callable[[Verdict], bool]:
    return lambda verdict: verdict.streams[stream].coverage > 0 and stream_open(verdict, stream)


def stream_open(verdict: Verdict, stream: str) -> bool:
    """It delivers and is judged by its reliability: the link is up and its evidence fresh."""
    return verdict.streams[stream].reliability is not None


def gone(stream: str, *reasons: str) -> Callable[[Verdict], bool]:
    return lambda v: v.streams[stream].state == "absent" and v.streams[stream].reason in reasons


@pytest.fixture
def portrait() -> Callable[[int], np.ndarray]:
    script = Script(1000)
    begun_ns = time.monotonic_ns()
    return lambda t_ns: script.frame((t_ns - begun_ns) // 40_000_000 % 5000)


def test_a_camera_is_pulled_and_plugged_back(
    mjpeg_server: Callable[..., MjpegCamera], portrait: Callable[[int], np.ndarray]
) -> None:
    camera = mjpeg_server(portrait)
    with watched(source__camera=camera.url, source__mic="none") as run:
        run.until(uses("vision"), 20)
        camera.close()
        lost = run.until(gone("vision", "disconnected"), 4)
        assert lost.label is None and lost.mask == ()
        time.sleep(1.5)
        port = int(camera.url.split(":")[2].split("/")[0])
        plugged = time.monotonic()
        mjpeg_server(portrait, port=port)
        run.until(uses("vision"), BACK_S)
        assert time.monotonic() - plugged < BACK_S
    notes = " ".join(run.run.telemetry.notes)
    assert camera.url in notes and "is back" in notes


def test_a_camera_that_was_missing_is_used_once_it_is_there(
    mjpeg_server: Callable[..., MjpegCamera], portrait: Callable[[int], np.ndarray]
) -> None:
    camera = mjpeg_server(portrait)
    port = int(camera.url.split(":")[2].split("/")[0])
    camera.close()
    with watched(
        source__camera=camera.url, source__mic="none", source__start_without="true"
    ) as run:
        run.until(gone("vision", "disconnected"), 20)
        plugged = time.monotonic()
        mjpeg_server(portrait, port=port)
        run.until(lambda v: v.streams["vision"].state == "used", 5)
        assert time.monotonic() - plugged < 5
    notes = " ".join(run.run.telemetry.notes)
    assert f"The run begins without camera {camera.url}" in notes
    assert "is there and is used from now on" in notes


def test_without_the_flag_a_missing_camera_is_refused_and_the_flag_is_named() -> None:
    with (
        pytest.raises(SourceError, match=r"; `--start-without` .* begins without it\.$"),
        Run(load_config(None, [], {"source.camera": 99, "source.mic": "none"})) as run,
    ):
        next(iter(run))


def test_a_microphone_that_was_missing_brings_sound_and_words(
    pulse_mic: SoundCable,
    mjpeg_server: Callable[..., MjpegCamera],
    portrait: Callable[[int], np.ndarray],
) -> None:
    pulse_mic.kill()
    url = mjpeg_server(portrait).url
    with watched(source__camera=url, source__start_without="true") as run:
        first = run.until(uses("vision"), 20)
        assert gone("audio", "disconnected")(first) and gone("text", "disconnected")(first)
        pulse_mic.restart()
        pulse_mic.play(Script(100).samples(0, 16_000 * 20))
        run.until(uses("audio"), 5)
        run.until(lambda v: v.streams["text"].state == "used", 10)
    notes = " ".join(run.run.telemetry.notes)
    assert "The run begins without" in notes and "is there and is used from now on" in notes


def test_a_camera_that_hangs_is_stale_and_the_sound_goes_on(
    mjpeg_server: Callable[..., MjpegCamera],
    portrait: Callable[[int], np.ndarray],
    pulse_mic: SoundCable,
) -> None:
    camera = mjpeg_server(portrait)
    speech = Script(100).samples(0, 16_000 * 20)
    with watched(source__camera=camera.url, source__mic="default") as run:
        pulse_mic.play(speech)
        run.until(lambda v: uses("vision")(v) and uses("audio")(v), 20)
        camera.frozen.set()
        hung = run.until(lambda v: v.streams["vision"].reason == "stale", 3)
        assert hung.streams["vision"].state == "dropped"
        assert stream_open(hung, "audio")
        camera.frozen.clear()
        run.until(uses("vision"), BACK_S)


def test_the_sound_server_is_killed_and_started_again(
    pulse_mic: SoundCable,
    mjpeg_server: Callable[..., MjpegCamera],
    portrait: Callable[[int], np.ndarray],
) -> None:
    speech = Script(100).samples(0, 16_000 * 20)
    with watched(source__camera=mjpeg_server(portrait).url, source__mic="default") as run:
        pulse_mic.play(speech)
        run.until(lambda v: uses("vision")(v) and uses("audio")(v), 20)
        pulse_mic.kill()
        lost = run.until(gone("audio", "disconnected"), 5)
        assert stream_open(lost, "vision") and lost.streams["text"].reason == "disconnected"
        time.sleep(1.0)
        pulse_mic.restart()
        pulse_mic.play(speech)
        plugged = time.monotonic()
        run.until(uses("audio"), BACK_S)
        assert time.monotonic() - plugged < BACK_S


class Dying:
    """A recogniser that dies on its first second of sound, the first time."""

    name = "dying"
    deaths = 0

    def accept(self, chunk: Chunk) -> list[Utterance]:
        if Dying.deaths == 0 and chunk.first_sample > 16_000:
            Dying.deaths += 1
            raise RuntimeError("out of memory")
        return []

    def finish(self) -> list[Utterance]:
        return []


def test_speech_to_text_dies_and_is_started_again(
    pulse_mic: SoundCable, monkeypatch: pytest.MonkeyPatch
) -> None:
    died_s: list[float] = []

    def opened(engine: str, model: str | None, apart: bool, *limits: float) -> SpeechToText:
        if Dying.deaths:
            died_s.append(time.monotonic())
            if died_s[-1] - died_s[0] < 0.5:
                raise AsrError("still out of memory")
        return Dying()

    monkeypatch.setattr("edge.runtime.asr_opening.open_asr", opened)
    monkeypatch.setattr(Dying, "deaths", 0)
    with watched(source__camera="none", source__mic="default") as run:
        lost = run.until(gone("text", "disconnected"), 10)
        assert lost.streams["audio"].state != "absent"
        run.until(lambda v: v.streams["text"].reason == "no_words", BACK_S)
    notes = " ".join(run.run.telemetry.notes)
    assert "out of memory" in notes and "Speech-to-text is back" in notes


def test_a_stop_does_not_wait_for_a_model_that_loads(
    pulse_mic: SoundCable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(engine: str, model: str | None, apart: bool, *limits: float) -> SpeechToText:
        time.sleep(8)
        return Dying()

    monkeypatch.setattr("edge.runtime.asr_opening.open_asr", slowly)
    with watched(source__camera="none", source__mic="default") as run:
        time.sleep(1)
        told = time.monotonic()
        run.stop()
        assert time.monotonic() - told < 2


def test_a_picture_that_breaks_the_front_end_costs_that_picture_only(
    mjpeg_server: Callable[..., MjpegCamera],
    portrait: Callable[[int], np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with watched(source__camera=mjpeg_server(portrait).url, source__mic="none") as run:
        run.until(uses("vision"), 20)
        face = run.run.recognizer.perception.face
        assert face is not None
        see = face.process

        def breaks(frame: Frame, *found: Any) -> object:
            if frame.index % 3 == 0:
                raise ValueError("torn picture")
            return see(frame, *found)

        monkeypatch.setattr(face, "process", breaks)
        seen = len(run.verdicts)
        run.until(lambda v: v.seq >= seen + 6, 5)
        # A busy machine processes fewer pictures a second.
        eventually(lambda: run.run.telemetry.drops["frames: processing failed"] > 5)
        assert all(stream_open(v, "vision") for v in run.verdicts[seen:])
    assert "torn picture" in " ".join(run.run.telemetry.notes)
