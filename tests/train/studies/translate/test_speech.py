"""The live speech encoder distilled from faces, up to a bundle of sound alone that the runtime
runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnxscript")

from fixtures.media import write_clip
from fixtures.performances import write_performances

from edge import cli as edge_cli
from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.errors import BundleError, DataError
from edge.recognition.verdict import verdict_schema
from export.bundle.build import build
from train import cli
from train.corpora.corpus import part
from train.corpora.ravdess import decode
from train.studies.translate.speech import run as run_module
from train.studies.translate.speech.faces import face_of_each, open_faces
from train.studies.translate.speech.train import train_speech

CONFIG = """\
name: small speech
seed: 3
precision: float32
audio: {epochs: 1, samples: 24, batch: 12, views: 1, segments: 2, learning_rate: 0.01}
confidence: {epochs: 1, samples: 128, batch: 64}
window_counts: {train: 1, held_out: 1, val: 1, test: 1}
distillation: {align: [cosine], fit: {epochs: 2, batch: 8}}
seeds: 2
"""


def _translate(folder: Path, data: Path, *more: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDAT_CACHE", str(data / "cache"))
        patch.setenv("CDAT_DATA", str(data))
        patch.chdir(folder)
        (folder / "small.yaml").write_text(CONFIG)
        cli.app(["translate", "small.yaml", *more], standalone_mode=False)


@pytest.fixture(scope="module")
def performances(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_performances(tmp_path_factory.mktemp("performances"))


@pytest.fixture(scope="module")
def distilled(performances: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("distilled")
    _translate(folder, performances)
    return folder / "runs" / "small"


@pytest.fixture(scope="module")
def bundle(distilled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(distilled, tmp_path_factory.mktemp("out") / "bundle")


@pytest.mark.slow
def test_the_report_has_variants_with_and_without_teacher_and_with_shuffled_faces(distilled: Path):
    results = json.loads((distilled / "results.json").read_text())
    assert set(results["variants"]) == {"alone", "distilled", "distilled, pairs shuffled"}
    assert results["paired_clips"] == 16  # of two actors, the first statement
    assert results["training_clips"] == 32
    for one in results["variants"].values():
        assert [run["seed"] for run in one["runs"]] == [3, 4]
    assert results["search_seed"] not in results["seeds"]
    assert "| distilled, pairs shuffled |" in (distilled / "table.md").read_text()


@pytest.mark.slow
def test_the_bundle_has_the_students_head(distilled: Path, bundle: Path):
    """The networks at run time are exactly E_w and its head."""
    from train.studies.translate.speech.config import DistilledConfig

    config = DistilledConfig.model_validate(json.loads((distilled / "config.json").read_text()))
    student = run_module.load_student(config, distilled)
    networks = Networks(Bundle.load(bundle))
    embeddings = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    fused = networks.fuse(embeddings, np.zeros(6, np.float32))
    import torch

    wanted = torch.softmax(student.head(torch.from_numpy(embeddings[1:2])), dim=1).detach().numpy()
    assert fused.outputs[1:2] == pytest.approx(wanted, abs=1e-5)
    assert not fused.outputs[[0, 2, 3, 4, 5, 6]].any()
    assert not fused.reliability[[0, 2]].any()


@pytest.mark.slow
def test_the_runtime_runs_the_bundle_of_sound_alone(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert sorted(p.name for p in bundle.iterdir()) == [
        "MODEL_CARD.md",
        "audio.onnx",
        "fusion.onnx",
        "golden.npz",
        "manifest.json",
    ]
    clip = write_clip(tmp_path / "clip.wav", 3.0, fps=None, codecs=("", "pcm_s16le"))
    out = tmp_path / "out.jsonl"
    arguments = ["run", "--file", str(clip), "--bundle", str(bundle), "--jsonl", str(out)]
    monkeypatch.setattr(sys, "argv", ["cdat-edge", *arguments])
    with pytest.raises(SystemExit, match=r"^0$"):
        edge_cli.main()
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) >= 10
    for line in lines:
        jsonschema.validate(line, verdict_schema())
        assert line["streams"]["vision"] == {
            **{"state": "absent", "reason": None, "reliability": None},
            **{"age_ms": None, "coverage": 0},
        }
    assert any(line["streams"]["audio"]["reliability"] is not None for line in lines)


@pytest.mark.slow
def test_golden_outputs_match(bundle: Path):
    loaded = Bundle.load(bundle)
    networks = Networks(loaded)
    golden = np.load(bundle / "golden.npz", allow_pickle=False)
    for k in range(4):
        embedding, logit = networks.encode("audio", golden[f"audio/{k}/in/segment"][0])
        assert embedding == pytest.approx(golden[f"audio/{k}/out/embedding"][0], abs=1e-4)
        assert logit == pytest.approx(float(golden[f"audio/{k}/out/logit"][0]), abs=1e-4)


@pytest.mark.slow
def test_the_card_states_the_teacher_and_the_terms(bundle: Path):
    card = (bundle / "MODEL_CARD.md").read_text()
    for phrase in ("With and without the teacher", "CC BY-NC-SA 4.0", "Not for decisions about"):
        assert phrase in card
    assert "FER+" not in card


@pytest.mark.slow
def test_a_killed_run_resumes_with_the_same_result(
    distilled: Path, performances: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Killed(Exception):
        """Simulates a kill: no code runs after it."""

    calls = 0

    def dies(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise Killed
        return train_speech(*arguments)

    monkeypatch.setattr(run_module, "train_speech", dies)
    with pytest.raises(Killed):
        _translate(tmp_path, performances)
    monkeypatch.undo()
    _translate(tmp_path, performances)
    again = tmp_path / "runs" / "small"
    for name in ("results.json", "report.json"):
        assert (again / name).read_text() == (distilled / name).read_text(), name


def test_the_names_of_a_pair_differ_only_in_the_modality():
    ids = np.array(["01-01-03-01-01-01-05", "01-01-04-01-01-01-05"])
    faces = part({"vision": np.zeros((2, 1, 3), np.float32)}, np.zeros(2, np.int64), ids, ids)
    clips = ["03-01-04-01-01-01-05.opus", "03-01-04-01-02-01-05.opus", "03-01-03-01-01-01-05.opus"]
    assert face_of_each(clips, faces).tolist() == [1, -1, 0]


def _pitch_hz(sound: np.ndarray) -> float:
    """Median over the loud frames of the strongest period between 75 and 500 Hz."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 640)[::320]
    frames = frames[frames.std(axis=1) > 0.3 * np.quantile(frames.std(axis=1), 0.95)]
    spectrum = np.fft.rfft(frames - frames.mean(axis=1, keepdims=True), 2048)
    alike = np.fft.irfft(np.abs(spectrum) ** 2)[:, :640]
    return float(np.median(16_000 / (alike[:, 32:213].argmax(axis=1) + 32)))


@pytest.mark.slow
def test_real_faces_and_voices_are_of_the_same_performances(data_dir: Path):
    """The pitch written beside the faces is that of the very clip, not of its repetition: the same
    actor, words and emotion, spoken once more."""
    raw = np.load(data_dir / "ravdess_av" / "features.npz", allow_pickle=False)
    clips = data_dir / "ravdess_audio" / "opus16k"
    rows = np.arange(0, 360, 6)
    known = raw["audio"][rows, raw["audio_names"].tolist().index("f0_mean")]
    heard: dict[bool, list[float]] = {True: [], False: []}
    for name in raw["id"][rows]:
        fields = name.split("-")
        again = "02" if fields[5] == "01" else "01"
        for same, repetition in ((True, fields[5]), (False, again)):
            clip = "-".join(["03", *fields[1:5], repetition, fields[6]])
            heard[same].append(_pitch_hz(decode(clips / f"{clip}.opus")))
    alike = {same: np.corrcoef(np.log(hz), np.log(known))[0, 1] for same, hz in heard.items()}
    assert alike[True] > 0.95
    assert alike[True] > alike[False] + 0.03


def test_faces_with_other_names_are_refused(performances: Path, tmp_path: Path):
    path = performances / "ravdess_av" / "features.npz"
    arrays = dict(np.load(path))
    arrays["id"] = np.array([f"clip{k}" for k in range(len(arrays["id"]))])
    (tmp_path / "ravdess_av").mkdir()
    np.savez(tmp_path / "ravdess_av" / "features.npz", **arrays)
    with pytest.raises(DataError, match="the sample 'clip0' does not have the name of a RAVDESS"):
        open_faces("ravdess_av", tmp_path)


def test_a_comparison_on_features_cannot_be_exported(tmp_path: Path):
    (tmp_path / "config.json").write_text('{"name": "x", "corpus": "mosi_utterance"}')
    with pytest.raises(BundleError, match="features of mosi_utterance, which the runtime does not"):
        build(tmp_path, tmp_path / "bundle")


@pytest.mark.slow
def test_an_unfinished_run_is_refused(distilled: Path, tmp_path: Path):
    (tmp_path / "config.json").write_text((distilled / "config.json").read_text())
    with pytest.raises(DataError, match="is missing"):
        build(tmp_path, tmp_path / "bundle")
