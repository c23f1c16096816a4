"""Recordings without a label take part in CDaT's transfer, and in nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnxscript")

import torch
from fixtures.recorded import change_rows, write_recorded
from fixtures.recorded_run import train_recorded
from fixtures.unlabelled import WITHOUT_LABEL, opened, unlabel
from safetensors.torch import load_file

from edge.bundle import Bundle
from edge.errors import DataError
from export.bundle.build import build
from train import checkpoint
from train.corpora.recorded.corpus import RecordedCorpus
from train.corpora.recorded.samples import Sample
from train.run_report import RecordedReport, UnlabelledPart, read_run_report
from train.stages.fusion import MaskedWindows
from train.stages.recorded.unlabelled import (
    NOT_FOR_TRAINING,
    NOTHING_TO_SEE,
    unlabelled_samples,
)
from train.stages.transfer_batches import TransferBatches

FEW = ("fusion.epochs=2", "confidence.epochs=1")


def drop(row: dict[str, str]) -> dict[str, str] | None:
    return None if row["person"] in WITHOUT_LABEL else row


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same recordings: three of twelve persons without a label, or without a sample."""
    folder = tmp_path_factory.mktemp("corpora")
    given = change_rows(write_recorded(folder / "given"), unlabel)
    dropped = Path(shutil.copytree(given, folder / "dropped"))
    return {"given": given, "dropped": change_rows(dropped, drop)}


@pytest.fixture(scope="module")
def runs(
    corpora: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Path]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDAT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield {
            name: train_recorded(tmp_path_factory.mktemp(name), corpus)
            for name, corpus in corpora.items()
        }


def weights(run: Path, stage: str) -> dict[str, torch.Tensor]:
    return load_file(run / stage / checkpoint.BEST)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.slow
def test_they_change_the_transfer_and_no_other_stage(runs: dict[str, Path]) -> None:
    given, dropped = runs["given"], runs["dropped"]
    for stage in ("fusion", "confidence_base"):
        assert same(weights(given, stage), weights(dropped, stage))
    assert not same(weights(given, "transfer"), weights(dropped, "transfer"))


@pytest.mark.slow
def test_the_report_counts_them_and_tests_on_the_same_samples(runs: dict[str, Path]) -> None:
    with_, without = (read_run_report(RecordedReport, runs[one]) for one in ("given", "dropped"))
    # Three labels each, and of 2 s a window at 1, 1.5 and 2 s.
    assert with_.unlabelled == UnlabelledPart(samples=9, persons=3, windows=27)
    assert with_.left_out == {"samples": {}}
    assert without.unlabelled is None
    assert with_.test_samples == without.test_samples
    assert (with_.items, with_.persons) == (without.items, without.persons)


@pytest.mark.slow
def test_the_bundle_says_that_they_took_part(runs: dict[str, Path], tmp_path: Path) -> None:
    bundle = Bundle.load(build(runs["given"], tmp_path / "bundle"))
    assert bundle.manifest.provenance["cdat"]["unlabelled_windows"] == 27
    card = (bundle.folder / "MODEL_CARD.md").read_text()
    assert "transfer between the streams as the third stage (lambda 1)" in card
    assert "27 windows without a label (9 samples of 3 persons) took part in the transfer" in card


@pytest.mark.slow
def test_recordings_that_come_later_do_not_train_the_base_again(
    runs: dict[str, Path], corpora: dict[str, Path], tmp_path: Path
) -> None:
    run = Path(shutil.copytree(runs["dropped"], tmp_path / "runs" / "own"))
    before = {
        stage: (run / stage / checkpoint.LAST).stat().st_mtime_ns
        for stage in ("fusion", "confidence_base", "transfer")
    }
    assert train_recorded(tmp_path, corpora["given"]) == run
    after = {stage: (run / stage / checkpoint.LAST).stat().st_mtime_ns for stage in before}
    assert [one for one in before if after[one] != before[one]] == ["transfer"]
    assert same(weights(run, "transfer"), weights(runs["given"], "transfer"))


def test_a_batch_has_as_many_of_them_beside_the_same_labelled_windows(
    corpora: dict[str, Path], tmp_path: Path
) -> None:
    run = opened(tmp_path, corpora["given"])
    windows, section = run.windows(), run.config.transfer
    assert section is not None
    source = MaskedWindows(run.config, windows)
    fusions = source.batches(section, np.random.default_rng(3))
    found = list(TransferBatches(source, windows)(section, np.random.default_rng(3)))
    for (drawn, mask), batch in zip(fusions, found, strict=True):
        count = len(drawn)
        np.testing.assert_array_equal(batch.embeddings[:count], drawn.embeddings)
        np.testing.assert_array_equal(batch.label, drawn.label)
        assert torch.equal(batch.mask[:count], mask)
        assert len(batch.embeddings) == len(batch.mask) == 2 * count
        assert (batch.mask.sum(dim=1) > 0).all()
    assert sum(len(batch.label) for batch in found) == section.samples


def sample(person: str, label: str | None, split: str | None) -> Sample:
    return Sample(f"{person} {label} {split}", "clip", 0.0, None, label, person, split, None)


def test_of_a_person_who_is_to_be_unseen_no_sample_takes_part(tmp_path: Path) -> None:
    labelled = {
        "train": [sample("ann", "joy", None)],
        "test": [sample("bob", "joy", None)],
        "val": [],
        "held_out": [],
    }
    own, others = sample("ann", None, None), sample("bob", None, None)
    new, told, apart = (
        sample("cy", None, None),
        sample("di", None, "train"),
        sample("ed", None, "val"),
    )
    every = (*labelled["train"], *labelled["test"], own, others, new, told, apart)
    found = unlabelled_samples(RecordedCorpus(tmp_path, "", "classes", ("joy",), every), labelled)
    assert found.taken == [own, new, told]
    assert found.left_out == {NOT_FOR_TRAINING: 2}


@pytest.mark.parametrize("changes", [("transfer=null",), ("streams=[audio]",)])
def test_without_a_transfer_they_are_left_out_in_a_sentence(
    changes: tuple[str, ...],
    corpora: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = train_recorded(tmp_path, corpora["given"], *FEW, *changes)
    told = "9 samples are left out: without a label, and there is no transfer"
    assert capsys.readouterr().err.count(told) == 1
    report = read_run_report(RecordedReport, run)
    assert report.unlabelled is None
    assert report.left_out["samples"] == {"without a label, and there is no transfer": 9}


def test_empty_recordings_without_a_label_are_left_out(tmp_path: Path) -> None:
    corpus = change_rows(write_recorded(tmp_path / "corpus"), unlabel)
    for person in WITHOUT_LABEL:
        for log in (corpus / "recordings").glob(f"{person}_*/events.jsonl"):
            kept = [one for one in log.read_text().splitlines(True) if '"stream":' not in one]
            log.write_text("".join(one for one in kept if '"kind":"words"' not in one))
    run = opened(tmp_path, corpus)
    assert run.windows().unlabelled is None
    assert (run.unlabelled.taken, run.unlabelled.left_out) == ([], {NOTHING_TO_SEE: 9})


@pytest.mark.parametrize("task", ["classes", "regression"])
def test_a_corpus_without_any_label_is_refused(task: str, tmp_path: Path) -> None:
    corpus = change_rows(
        write_recorded(tmp_path / "corpus", persons=2, task=task), lambda row: row | {"label": ""}
    )
    with pytest.raises(DataError, match="no sample has a label, and without any nothing can be"):
        opened(tmp_path, corpus)


@pytest.mark.slow
def test_a_transfer_from_the_start_is_another_model(
    runs: dict[str, Path], corpora: dict[str, Path], tmp_path: Path
) -> None:
    run = Path(shutil.copytree(runs["given"], tmp_path / "runs" / "own"))
    train_recorded(tmp_path, corpora["given"], "transfer.when=start")
    assert same(weights(run, "fusion"), weights(runs["given"], "fusion"))
    assert not same(weights(run, "transfer"), weights(runs["given"], "transfer"))
    assert read_run_report(RecordedReport, run).unlabelled is not None
