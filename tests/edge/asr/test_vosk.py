"""Vosk's adapter against a stand-in for its recogniser that answers in Vosk's own JSON.

Vosk's wheel brings no model and one cannot be had here: this adapter has not yet run on a real one.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.asr import open_asr
from edge.asr.base import PARTIAL_CONFIDENCE, SpeechToText
from edge.errors import AsrError
from edge.types import NS_PER_S, Chunk

RATE_HZ = 16_000


class StandInRecognizer:
    """Hears "hello" from 0.1 s, "hello word" from 0.3 s, and ends with "hello world" at 0.5 s."""

    def __init__(self, model: Any, rate_hz: float) -> None:
        assert rate_hz == RATE_HZ
        self.samples = 0
        self.start = 0.0
        self.words = self.partial_words = False

    def SetWords(self, on: bool) -> None:
        self.words = on

    def SetPartialWords(self, on: bool) -> None:
        self.partial_words = on

    def Reset(self) -> None:
        self.start = self.samples / RATE_HZ

    def AcceptWaveform(self, data: bytes) -> bool:
        self.samples += len(data) // 2
        return self._second() >= 0.5

    def PartialResult(self) -> str:
        assert self.partial_words
        texts = ["hello", "word"][: int(self._second() >= 0.1) + int(self._second() >= 0.3)]
        if not texts:
            return json.dumps({"partial": ""})
        return json.dumps({"partial": " ".join(texts), "partial_result": self._result(texts)})

    def Result(self) -> str:
        assert self.words
        answer = {"result": self._result(["hello", "world"]), "text": "hello world"}
        self.start = self.samples / RATE_HZ
        return json.dumps(answer)

    def FinalResult(self) -> str:
        if self._second() < 0.1:
            return json.dumps({"text": ""})
        return json.dumps({"result": self._result(["hello"]), "text": "hello"})

    def _second(self) -> float:
        return self.samples / RATE_HZ - self.start

    def _result(self, texts: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "conf": 1.0,
                "start": self.start + i * 0.2,
                "end": self.start + i * 0.2 + 0.15,
                "word": t,
            }
            for i, t in enumerate(texts)
        ]


@pytest.fixture
def vosk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[types.ModuleType]:
    module = types.ModuleType("vosk")

    def model(model_path: str | None = None, model_name: str | None = None) -> object:
        if model_name is not None:
            sys.exit(1)  # as Vosk does with a name that it does not know
        if not (Path(str(model_path)) / "am").is_dir():
            raise Exception("Failed to create a model")
        return object()

    module.SetLogLevel = lambda level: None  # type: ignore[attr-defined]
    module.Model = model  # type: ignore[attr-defined]
    module.KaldiRecognizer = StandInRecognizer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vosk", module)
    monkeypatch.setenv("VOSK_MODEL_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("HOME", str(tmp_path))
    yield module


def a_model(folder: Path) -> Path:
    (folder / "am").mkdir(parents=True)
    return folder


def chunk(first: int, count: int = 1600, t0_ns: int = 0) -> Chunk:
    t_ns = t0_ns + first * NS_PER_S // RATE_HZ
    return Chunk(t_ns, np.zeros(count, np.float32), RATE_HZ, first)


def recogniser(tmp_path: Path) -> SpeechToText:
    asr = open_asr("auto", str(a_model(tmp_path / "vosk-model-small-en-us")))
    assert asr is not None
    return asr


def test_partials_are_revised_and_then_final(vosk: object, tmp_path: Path) -> None:
    asr = recogniser(tmp_path)
    heard = [u for i in range(5) for u in asr.accept(chunk(i * 1600))]
    assert [[w.text for w in u.words] for u in heard] == [
        ["hello"],
        ["hello", "word"],
        ["hello", "world"],
    ]
    assert [u.final for u in heard] == [False, False, True]
    assert {u.index for u in heard} == {0}
    assert asr.name == "vosk vosk-model-small-en-us"


def test_the_confidence_of_a_partial_word_is_not_used(vosk: object, tmp_path: Path) -> None:
    asr = recogniser(tmp_path)
    heard = [u for i in range(5) for u in asr.accept(chunk(i * 1600))]
    assert heard[0].words[0].confidence == PARTIAL_CONFIDENCE
    assert heard[-1].words[0].confidence == 1.0


def test_word_times_are_capture_times_also_after_a_gap(vosk: object, tmp_path: Path) -> None:
    asr = recogniser(tmp_path)
    asr.accept(chunk(0, t0_ns=NS_PER_S))
    # Nine seconds and more are missing: the old utterance is final, and a new one begins.
    ended, later = asr.accept(chunk(160_000, t0_ns=NS_PER_S))
    assert ended.final and ended.index == 0
    assert not later.final and later.index == 1
    assert later.words[0].start_ns == pytest.approx(11 * NS_PER_S, abs=0.01 * NS_PER_S)


def test_a_model_in_vosks_own_folder_is_found(vosk: object, tmp_path: Path) -> None:
    a_model(tmp_path / "models" / "vosk-model-en-us-0.22")
    asr = open_asr("auto", None)
    assert asr is not None and asr.name == "vosk vosk-model-en-us-0.22"


def test_without_a_model_pocketsphinx_is_used(vosk: object) -> None:
    asr = open_asr("auto", None)
    assert asr is not None and asr.name.startswith("pocketsphinx")


@pytest.mark.parametrize(
    ("engine", "model", "part"),
    [
        ("vosk", None, "asr.model"),
        ("auto", "/no/such/model", "/no/such/model"),
        ("auto", "vosk-model-of-nobody", "vosk-model-of-nobody"),
    ],
)
def test_a_missing_model_is_an_error_of_one_sentence(
    vosk: object, engine: str, model: str | None, part: str
) -> None:
    with pytest.raises(AsrError, match=part):
        open_asr(engine, model)


def test_a_folder_without_a_model_is_an_error_of_one_sentence(vosk: object, tmp_path: Path) -> None:
    with pytest.raises(AsrError, match="not a Vosk model"):
        open_asr("auto", str(tmp_path))


def test_messages_of_vosk_are_not_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("vosk")
    with pytest.raises(AsrError, match="not a Vosk model"):
        open_asr("vosk", str(tmp_path))
    assert capfd.readouterr().err == ""


def test_no_engine_gives_none() -> None:
    assert open_asr("none", None) is None
