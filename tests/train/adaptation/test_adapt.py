"""`cdat-train adapt` keeps what helps, leaves out what harms, and its bundle runs live."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fixtures.media import write_clip
from fixtures.own_room import NAMES, PERSONS, base, corpus_of, only

from edge import cli as edge_cli
from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.recording.session import bundle_digest
from train import cli
from train.adaptation.adapt import adapt


@pytest.fixture(scope="module")
def mostly_neutral(recordings: Path) -> Path:
    def label(person: int, name: str) -> str:
        return "happy" if name == "excited" and person < PERSONS // 2 else "neutral"

    return corpus_of(recordings, recordings.parents[1] / "neutral", label)


@pytest.fixture(scope="module")
def replays() -> list[tuple[int, int]]:
    """What was told while `adapted` was made."""
    return []


@pytest.fixture(scope="module")
def adapted(mostly_neutral: Path, replays: list[tuple[int, int]]) -> tuple[Path, dict[str, Any]]:
    out = mostly_neutral.parent / "adapted"

    def progress(done: int, most: int) -> None:
        replays.append((done, most))

    report = adapt(base(), mostly_neutral, out, only("prior", "typical"), progress=progress)
    return out, report


@pytest.mark.usefixtures("adapted")
def test_progress_counts_the_replays_and_ends_at_the_whole(
    replays: list[tuple[int, int]],
) -> None:
    done, most = zip(*replays, strict=True)
    recordings = len(NAMES) * PERSONS
    # Each is replayed once, once in a check, and for two steps at most once checked, twice fitted
    # on in other folds, and once more with what was kept.
    assert most[0] == recordings * (2 + 2 * 4) and list(most) == sorted(most, reverse=True)
    assert list(done) == sorted(done) and max(done) == done[-1] == most[-1] > 3 * recordings


def test_a_prior_of_mostly_one_label_raises_the_accuracy(
    adapted: tuple[Path, dict[str, Any]],
) -> None:
    row = adapted[1]["steps"]["prior"]
    assert row["kept"] and row["because"] == "fewer errors"
    assert row["accuracy_before"] == pytest.approx(0.5, abs=0.01)
    # All 12 that should be "neutral" and were not.
    assert row["accuracy_after"] == pytest.approx(30 / 36, abs=0.01)
    assert adapted[1]["all"]["accuracy"] == [row["accuracy_before"], row["accuracy_after"]]
    assert adapted[1]["check"] == "3 folds by person"
    for name in ("ece", "auroc"):
        before, after = adapted[1]["all"][name]
        assert 0.0 <= before <= 1.0 and 0.0 <= after <= 1.0 and before != after
    assert adapted[1]["labels_changed"] == pytest.approx(0.333, abs=0.01)


def test_the_adapted_bundle_says_what_was_changed_and_from_which_bundle(
    adapted: tuple[Path, dict[str, Any]],
) -> None:
    manifest = Bundle.load(adapted[0]).manifest
    assert manifest.name == f"{base().manifest.name}, adapted"
    told = manifest.provenance["adapted"][0]
    assert told["from"]["digest"] == bundle_digest(base())
    weights = told["changes"]["label_weights"]
    assert max(weights, key=lambda label: weights[label]) == "neutral"
    # The rest is as it was.
    files, before = manifest.files, base().manifest.files
    changed = {name for name in files if files[name] != before[name]}
    assert changed == {"fusion.onnx", "golden.npz", "MODEL_CARD.md"}


def test_the_adapted_bundle_passes_its_golden_check_and_runs_live(
    adapted: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Networks(Bundle.load(adapted[0])).close()
    clip, out = write_clip(tmp_path / "clip.mp4", 1.5), tmp_path / "out.jsonl"
    arguments = ["run", "--file", str(clip), "--bundle", str(adapted[0]), "--jsonl", str(out)]
    monkeypatch.setattr(sys, "argv", ["cdat-edge", *arguments, "--set", "asr.engine=none"])
    with pytest.raises(SystemExit, match=r"^0$"):
        edge_cli.main()
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(lines) >= 5 and any(line["scores"] for line in lines)


def test_golden_outputs_of_the_old_graph_are_refused(
    adapted: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(adapted[0], tmp_path / "bundle"))
    shutil.copyfile(base().path("golden.npz"), folder / "golden.npz")
    told = json.loads((folder / "manifest.json").read_text("utf-8"))
    told["files"]["golden.npz"] = base().manifest.files["golden.npz"]
    (folder / "manifest.json").write_text(json.dumps(told), "utf-8")
    with pytest.raises(Exception, match="golden outputs"):
        Networks(Bundle.load(folder))


@pytest.mark.slow
def test_a_step_that_harms_is_not_kept(recordings: Path, tmp_path: Path) -> None:
    # The bundle is right about both; but few of the rarer label have one, and a prior from the
    # labels would make "neutral" of it.
    def label(person: int, name: str) -> str:
        return {"calm": "neutral", "worried": "fear" if person < 2 else ""}.get(name, "")

    corpus, out = corpus_of(recordings, tmp_path / "right", label), tmp_path / "out"
    report = adapt(base(), corpus, out, only("prior"))
    row = report["steps"]["prior"]
    assert not row["kept"] and row["because"] == "more errors"
    assert row["accuracy_before"] == 1.0 and row["accuracy_after"] <= 0.9
    assert not report["written"] and not out.exists()


def test_without_labels_only_the_use_of_streams_is_adapted(
    recordings: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noisy, out = tmp_path / "noisy", tmp_path / "out"
    noisy.mkdir()
    for one in recordings.glob("*.1"):
        (noisy / one.name).symlink_to(one)
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, for rich
    cli.app(["adapt", "default", str(noisy), "--out", str(out), "--json"], standalone_mode=False)
    shown = capsys.readouterr()
    assert "recordings, time left" in shown.err and "step gate" in shown.err
    report = json.loads(shown.out)
    assert report["check"] == "nothing could be checked on labels: no sample has a label"
    assert [name for name, row in report["steps"].items() if row["kept"]] == ["gate", "typical"]
    assert report["steps"]["prior"]["because"] == "not checked: no sample has a label"
    manifest, old = Bundle.load(out).manifest, base().manifest
    assert manifest.files["fusion.onnx"] == old.files["fusion.onnx"]
    assert report["verdicts"]["with_a_stream"] == [1.0, 1.0]
    before, after = report["verdicts"]["confidence"]
    assert 0.0 < before != after > 0.0  # other streams are used
    limits = manifest.gate.reliability["audio"]
    assert old.gate.reliability["audio"].drop / 2 <= limits.drop
    assert limits.drop < old.gate.reliability["audio"].drop
