"""sherpa-onnx itself, on a tiny transducer that is made here and hears tones; and what it lacks."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import closing
from itertools import groupby
from pathlib import Path

import av
import numpy as np
import onnx
import pytest
from fixtures.command import Cli, complaint
from fixtures.sherpa_model import HIGH_HZ, LOW_HZ, METADATA, write_model
from fixtures.speech import RATE_HZ, START_NS, chunks, listen

from edge.asr import open_asr, open_here
from edge.asr.process import AsrProcess
from edge.asr.sherpa import SILENCE_END_S, Sherpa
from edge.asr.sherpa_files import sherpa_files
from edge.asr.stability import confidence_of
from edge.errors import AsrError
from edge.types import NS_PER_S, Float, Utterance

pytest.importorskip("sherpa_onnx")


def tone(rate_hz: float, seconds: float) -> Float:
    times_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * rate_hz * times_s)).astype(np.float32)


def quiet(seconds: float) -> Float:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tones")


@pytest.fixture(scope="module")
def sound() -> Float:
    """low 0.5 s, high 1.2 s; low again 3.1 s."""
    first = [quiet(0.5), tone(LOW_HZ, 0.4), quiet(0.3), tone(HIGH_HZ, 0.4), quiet(1.5)]
    return np.concatenate([*first, tone(LOW_HZ, 0.4), quiet(1.5)])


@pytest.fixture
def asr(model: Path) -> Sherpa:
    opened = open_here("sherpa", str(model))
    assert isinstance(opened, Sherpa)
    return opened


def finals(heard: list[Utterance]) -> list[list[str]]:
    return [[word.text for word in one.words] for one in heard if one.final]


def test_two_utterances_end_in_silence(asr: Sherpa, sound: Float) -> None:
    heard = listen(asr, chunks(sound))
    assert finals(heard) == [["lower", "high"], ["lower"]]
    assert asr.name == "sherpa-onnx tones"
    first, second = (one for one in heard if one.final)
    assert (first.index, second.index) == (0, 1)
    late_s = (first.heard_ns - first.words[-1].start_ns) / NS_PER_S
    assert SILENCE_END_S <= late_s < SILENCE_END_S + 0.3


def test_words_have_capture_times_and_confidences(asr: Sherpa, sound: Float) -> None:
    words = [word for one in listen(asr, chunks(sound)) if one.final for word in one.words]
    for word, begin_s in zip(words, (0.5, 1.2, 3.1), strict=True):
        assert word.start_ns == pytest.approx(START_NS + begin_s * NS_PER_S, abs=0.12 * NS_PER_S)
        assert word.start_ns < word.end_ns <= word.start_ns + 0.4 * NS_PER_S
        assert 0.3 < word.confidence < 1


def test_partial_words_come_at_once_and_grow(asr: Sherpa, sound: Float) -> None:
    partials = [one for one in listen(asr, chunks(sound)) if not one.final]
    said = [[word.text for word in one.words] for one in partials if one.index == 0]
    # A word that has become surer is told again.
    assert [texts for texts, _ in groupby(said)] == [["low"], ["lower"], ["lower", "high"]]
    assert partials[0].heard_ns < START_NS + 0.9 * NS_PER_S
    first = [one.words[0] for one in partials if one.index == 0]
    lower = [word.confidence for word in first if word.text == "lower"]
    assert lower == sorted(lower) and lower[0] == confidence_of(0, 0) < lower[-1]


def test_a_gap_ends_the_utterance_and_times_go_on(asr: Sherpa, sound: Float) -> None:
    [asr.accept(one) for one in chunks(sound[: round(0.9 * RATE_HZ)])]
    after = listen(asr, chunks(sound[: 2 * RATE_HZ], first=60 * RATE_HZ))
    assert after[0].final and finals(after) == [["lower"], ["lower", "high"]]
    word = after[-1].words[0]
    assert word.start_ns == pytest.approx(START_NS + 60.5 * NS_PER_S, abs=0.12 * NS_PER_S)


def test_after_a_restart_it_hears_the_same(asr: Sherpa, sound: Float) -> None:
    heard = listen(asr, chunks(sound))
    asr.restart()
    assert listen(asr, chunks(sound)) == heard


def test_samples_that_are_no_numbers_are_silence(asr: Sherpa, sound: Float) -> None:
    bad = sound.copy()
    bad[: RATE_HZ // 4] = np.nan
    assert finals(listen(asr, chunks(bad))) == [["lower", "high"], ["lower"]]


def test_another_process_hears_the_same(model: Path, asr: Sherpa, sound: Float) -> None:
    apart = open_asr("auto", str(model), apart=True)
    assert isinstance(apart, AsrProcess)
    with closing(apart):
        assert apart.name == asr.name
        assert listen(apart, chunks(sound)) == listen(asr, chunks(sound))


def test_a_clip_is_run_with_its_words(model: Path, sound: Float, tmp_path: Path, cli: Cli) -> None:
    with av.open(str(tmp_path / "tones.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            (sound * 32767).astype(np.int16)[None], format="s16", layout="mono"
        )
        frame.sample_rate = RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    given = ("--file", str(tmp_path / "tones.wav"), "--asr", "sherpa", "--jsonl", "-")
    code, told, error = cli("run", *given, "--asr-model", str(model))
    assert code == 0, error
    said = [json.loads(line)["transcript"] for line in told.splitlines()]
    assert any("lower high" in (one or "") for one in said)
    complaint(cli("run", *given), "sherpa-onnx needs a model", "--asr-model")


@pytest.mark.parametrize("name", ["tokens.txt", "encoder.onnx", "decoder.onnx", "joiner.onnx"])
def test_a_missing_file_is_named(model: Path, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    (folder / name).unlink()
    with pytest.raises(AsrError, match=f"has no {name.split('.')[0]}"):
        open_here("sherpa", str(folder))


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "joiner.onnx"])
def test_a_damaged_graph_is_named(model: Path, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    (folder / name).write_bytes(b"damaged")
    with pytest.raises(AsrError, match=rf"{name} cannot be loaded .* download it again"):
        open_here("sherpa", str(folder))


@pytest.mark.parametrize(
    ("part", "key", "says"),
    [
        ("encoder", "model_type", "not the encoder of a streaming transducer"),
        ("encoder", "decode_chunk_len", "no number decode_chunk_len"),
        ("decoder", "vocab_size", "no number vocab_size"),
    ],
)
def test_a_graph_that_would_end_the_process_is_refused(
    model: Path, tmp_path: Path, part: str, key: str, says: str
) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    graph = onnx.load(str(folder / f"{part}.onnx"))
    left = {name: value for name, value in METADATA[part].items() if name != key}
    onnx.helper.set_model_props(graph, left)
    onnx.save(graph, str(folder / f"{part}.onnx"))
    with pytest.raises(AsrError, match=says):
        open_here("sherpa", str(folder))


@pytest.mark.parametrize("text", ["", "<blk> 0\n", "one two three", "\xff"])
def test_tokens_of_another_model_are_refused(model: Path, tmp_path: Path, text: str) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    (folder / "tokens.txt").write_bytes(text.encode("latin-1"))
    with pytest.raises(AsrError, match=r"tokens\.txt"):
        open_here("sherpa", str(folder))


def test_a_folder_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(AsrError, match="no sherpa-onnx model at /no/such"):
        open_asr("sherpa", "/no/such", apart=True)


def test_without_the_package_its_extra_is_told(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sherpa_onnx", None)
    with pytest.raises(AsrError, match=r"pip install 'cdat-edge\[sherpa\]'"):
        open_here("sherpa", str(model))


def test_the_smaller_encoder_and_the_exact_decoder_are_taken(model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    for part in ("encoder", "decoder", "joiner"):
        shutil.copy(folder / f"{part}.onnx", folder / f"{part}-99.int8.onnx")
    files = sherpa_files(folder)
    assert Path(files.encoder).name == "encoder-99.int8.onnx"
    assert Path(files.decoder).name == "decoder.onnx"
    assert Path(files.joiner).name == "joiner-99.int8.onnx"
