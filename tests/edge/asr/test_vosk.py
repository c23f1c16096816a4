"""Vosk's adapter against a stand-in for its recogniser that answers in Vosk's own JSON.

Vosk's wheel brings no model. `test_vosk_model.py` runs the adapter on a real one.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from fixtures import vosk_stand_in
from fixtures.vosk_stand_in import RATE_HZ, a_model, install

from edge.asr import open_asr, open_here
from edge.asr.base import SpeechToText
from edge.asr.process import AsrProcess
from edge.asr.stability import confidence_of
from edge.asr.vosk_models import is_here, model_folders
from edge.errors import AsrError
from edge.types import NS_PER_S, Chunk


@pytest.fixture
def vosk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[types.ModuleType]:
    monkeypatch.setitem(sys.modules, "vosk", vosk_stand_in)
    monkeypatch.setenv("VOSK_MODEL_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("edge.asr.vosk_download.LIST_URL", "http://127.0.0.1:9/list")  # no network
    yield vosk_stand_in


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
    said = [([w.text for w in u.words], u.final) for u in heard]
    # A word that has become surer is told again.
    assert [one for one, _ in groupby(said)] == [
        (["hello"], False),
        (["hello", "word"], False),
        (["hello", "world"], True),
    ]
    assert {u.index for u in heard} == {0}
    assert asr.name == "vosk vosk-model-small-en-us"


def test_stability_is_used_where_each_partial_word_claims_to_be_sure(
    vosk: object, tmp_path: Path
) -> None:
    asr = recogniser(tmp_path)
    heard = [u for i in range(5) for u in asr.accept(chunk(i * 1600))]
    assert heard[0].words[0].confidence == confidence_of(0, 0) < 1
    assert heard[-1].words[0].confidence == 1.0


def test_word_times_are_capture_times_also_after_a_gap(vosk: object, tmp_path: Path) -> None:
    asr = recogniser(tmp_path)
    asr.accept(chunk(0, t0_ns=NS_PER_S))
    # Nine seconds and more are missing: the old utterance is final, and a new one begins.
    ended, later = asr.accept(chunk(160_000, t0_ns=NS_PER_S))
    assert ended.final and ended.index == 0
    assert not later.final and later.index == 1
    assert later.words[0].start_ns == pytest.approx(11 * NS_PER_S, abs=0.01 * NS_PER_S)


def test_after_a_restart_it_hears_as_a_new_one(
    vosk: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asr = open_here("auto", str(a_model(tmp_path / "vosk-model-small-en-us")))
    assert asr is not None
    monkeypatch.setattr(vosk, "Model", None)  # it is not loaded again
    heard = asr.accept(chunk(0)) + asr.accept(chunk(1600))
    asr.restart()
    assert asr.accept(chunk(0)) + asr.accept(chunk(1600)) == heard


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


def test_the_same_words_come_from_another_process(
    vosk: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "package", monkeypatch)
    model = str(a_model(tmp_path / "vosk-model-small-en-us"))
    here, there = open_asr("auto", model), open_asr("auto", model, apart=True)
    assert here is not None and isinstance(there, AsrProcess)
    with closing(there):
        assert there.name == here.name
        sound = [chunk(i * 1600) for i in range(5)]
        heard = [u for one in sound for u in here.accept(one)]
        assert heard and heard == [u for one in sound for u in there.accept(one)]
        assert there.finish() == here.finish()


def test_errors_of_another_process_are_the_same_sentence(tmp_path: Path) -> None:
    pytest.importorskip("vosk")
    with pytest.raises(AsrError, match="not a Vosk model"):
        open_asr("vosk", str(tmp_path), apart=True)


def test_a_model_is_here_by_its_folder_or_its_name(vosk: object, tmp_path: Path) -> None:
    a_model(tmp_path / "models" / "vosk-model-en-us-0.22")
    assert is_here(str(tmp_path)) and is_here("vosk-model-en-us-0.22")
    assert not is_here("vosk-model-of-nobody")


def test_no_engine_gives_none() -> None:
    assert open_asr("none", None) is None


def test_a_user_without_a_home_has_one_folder_less(
    vosk: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless() -> NoReturn:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert model_folders() == [tmp_path / "models", Path("/usr/share/vosk")]
    assert not is_here("vosk-model-of-nobody")
