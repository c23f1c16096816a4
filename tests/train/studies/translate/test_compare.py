"""Translation and alignment, from a corpus to the table, on small synthetic corpora."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

import torch
from fixtures.paired import paired

from edge.errors import ConfigError, DataError
from edge.types import STREAMS
from train.statistics import holm
from train.statistics import paired as paired_test
from train.studies.translate import sweep as sweep_module
from train.studies.translate.compare import compare
from train.studies.translate.config import Budget, Network, Search, TranslateConfig
from train.studies.translate.data import class_weights, sequences, split_corpus
from train.studies.translate.distillation import ALONE, Distillation
from train.studies.translate.rank import rank
from train.studies.translate.student import Problem, predict, train_student
from train.studies.translate.sweep import Sweep
from train.studies.translate.teacher import freeze_teacher, train_teacher
from train.studies.translate.translator import Encoder

SEEDS = 2
SMALL = TranslateConfig(
    name="small",
    corpus="paired",
    options={},
    network=Network(hidden=8, embedding=4, heads=2, dropout=0.1),
    fit=Budget(epochs=3, batch=64, learning_rate=0.02),
    search=Search(
        seeds=1,
        gamma=(0.3,),
        beta=(1.0,),
        align=("dcca", "pkt"),
        distance=("l1",),
        to=("embedding",),
    ),
)


def _problem(config: TranslateConfig = SMALL, seed: int = 1, **made: object) -> Problem:
    corpus = paired(**made)
    return Problem(config, corpus, split_corpus(corpus, 0.25, seed), seed)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    folder = tmp_path_factory.mktemp("run")
    return compare(SMALL, paired(), folder, seeds=SEEDS), folder


@pytest.mark.slow
def test_the_clear_stream_becomes_the_teacher_of_the_noisy_one(compared):
    results, _ = compared
    assert [one["stream"] for one in results["ranking"]] == ["text", "audio"]
    assert results["strong"] == "text"
    assert list(results["weak"]) == ["audio"]


def test_every_variant_is_reported_with_its_raw_runs(compared):
    results, folder = compared
    variants = results["weak"]["audio"]["variants"]
    assert set(variants) == {
        "alone",
        "translation",
        "alignment, dcca",
        "alignment, pkt",
        "both",
        "both, pairs shuffled",
        "both, pairs within class",
    }
    for one in variants.values():
        predicted = [run["test"]["balanced_accuracy"] for run in one["runs"]]
        assert len(predicted) == SEEDS
        assert one["test"]["balanced_accuracy"]["mean"] == pytest.approx(np.mean(predicted))
        assert one["test"]["balanced_accuracy"]["sd"] == pytest.approx(np.std(predicted, ddof=1))
    assert json.loads((folder / "results.json").read_text()) == json.loads(json.dumps(results))
    table = (folder / "table.md").read_text()
    for name in variants:
        assert f"| {name} |" in table


@pytest.mark.slow
def test_a_regression_is_trained_and_measured_by_concordance(tmp_path: Path):
    search = SMALL.search.model_copy(update={"align": ("pkt",)})
    fit = Budget(epochs=8, batch=128, learning_rate=0.02)
    config = SMALL.model_copy(update={"fit": fit, "search": search})
    results = compare(config, paired("regression"), tmp_path, seeds=2)
    variants = results["weak"]["audio"]["variants"]
    assert "both, pairs within class" not in variants
    assert set(variants["alone"]["test"]) == {"ccc", "negative_mae"}
    assert results["teacher"]["test"]["ccc"]["mean"] > 0.2
    assert "CCC" in (tmp_path / "table.md").read_text()


@pytest.mark.slow
def test_a_killed_comparison_resumes_with_the_same_result(
    compared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    results, _ = compared
    calls = 0

    def dies(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt
        return train_student(*arguments)

    monkeypatch.setattr(sweep_module, "train_student", dies)
    with pytest.raises(KeyboardInterrupt):
        compare(SMALL, paired(), tmp_path, seeds=SEEDS)
    finished = set((tmp_path / "raw").iterdir())
    assert len(finished) == 5
    before = {path: path.stat().st_mtime_ns for path in finished}
    monkeypatch.undo()
    assert compare(SMALL, paired(), tmp_path, seeds=SEEDS) == results
    assert {path: path.stat().st_mtime_ns for path in finished} == before


def test_results_of_another_corpus_in_the_same_folder_are_not_reused(tmp_path: Path):
    one = Sweep(SMALL, paired(seed=0), tmp_path).alone("audio", 1, test=True)
    two = Sweep(SMALL, paired(seed=1), tmp_path).alone("audio", 1, test=True)
    assert one.predictions != two.predictions
    assert len(list((tmp_path / "raw").iterdir())) == 2


def test_the_initial_student_does_not_depend_on_the_distillation(tmp_path: Path):
    """Equal budget: distillation with weight 0 gives bit-identical students."""
    problem = _problem()
    teacher = freeze_teacher(
        problem, "text", train_teacher(problem, "text", tmp_path / "t", "k")[0]
    )
    alone, _ = train_student(problem, "audio", ALONE, None, tmp_path / "a", "k")
    bored, _ = train_student(problem, "audio", Distillation(), teacher, tmp_path / "b", "k")
    distilled, _ = train_student(
        problem, "audio", Distillation(gamma=1.0), teacher, tmp_path / "c", "k"
    )
    same, other = alone.state_dict(), distilled.state_dict()
    assert all(torch.equal(v, same[k]) for k, v in bored.state_dict().items())
    assert not all(torch.equal(v, same[k]) for k, v in other.items())


def test_alignment_moves_the_embedding_towards_the_teacher(tmp_path: Path):
    from train.studies.translate.alignment import mse

    config = SMALL.model_copy(update={"fit": Budget(epochs=20, batch=64, learning_rate=0.01)})
    problem = _problem(config)
    teacher = freeze_teacher(
        problem, "text", train_teacher(problem, "text", tmp_path / "t", "k")[0]
    )
    own = sequences(problem.parts.train, "audio")
    apart = {}
    for name, distillation in (("alone", ALONE), ("aligned", Distillation(gamma=3.0, align="mse"))):
        student, _ = train_student(problem, "audio", distillation, teacher, tmp_path / name, "k")
        with torch.no_grad():
            apart[name] = float(mse(student(own)[1], teacher.embedding))
    assert apart["aligned"] < 0.9 * apart["alone"]


def test_samples_without_the_strong_stream_contribute_to_the_task_loss(tmp_path: Path):
    corpus = paired()
    train = corpus.parts["train"]
    train.present[::2, STREAMS.index("text")] = False
    problem = Problem(SMALL, corpus, split_corpus(corpus, 0.25, 1), 1)
    teacher = freeze_teacher(
        problem, "text", train_teacher(problem, "text", tmp_path / "t", "k")[0]
    )
    assert 0 < int(teacher.present.sum()) < len(teacher.present)
    distillation = Distillation(beta=1.0, gamma=0.3, pairs="shuffled")
    student, metrics = train_student(problem, "audio", distillation, teacher, tmp_path / "s", "k")
    assert np.isfinite(list(metrics.values())).all()
    assert torch.isfinite(predict(student, problem.parts.test, "audio")).all()


def test_no_group_is_in_two_splits_and_classes_are_balanced():
    corpus = paired(groups=30)
    parts = split_corpus(corpus, 0.2, 7)
    assert not set(parts.train.groups) & set(parts.val.groups)
    assert len(parts.train) + len(parts.val) == len(corpus.parts["train"])
    shares = [np.bincount(p.targets) / len(p) for p in (parts.train, parts.val)]
    assert shares[0] == pytest.approx(shares[1], abs=0.1)


def test_too_few_groups_for_a_validation_split_are_refused():
    with pytest.raises(DataError, match=r"train has 3 groups; to cut 0.10 of them off needs 10"):
        split_corpus(paired(groups=3), 0.1, 1)


def test_padding_changes_no_prediction():
    """A sequence gives the same embedding alone as beside a longer one, whatever the padding
    holds."""
    torch.manual_seed(0)
    encoder = Encoder(5, SMALL.network).eval()
    rng = np.random.default_rng(0)
    part = paired(steps=4).parts["test"].take(np.arange(6))
    own = sequences(part, "audio")._replace(x=torch.from_numpy(rng.normal(size=(6, 4, 5))).float())
    for focus in (-1, 1):
        short = own._replace(lengths=torch.full((6,), 2), focus=torch.full((6,), focus))
        cut = short._replace(x=own.x[:, :2])
        noise = short._replace(x=torch.cat([own.x[:, :2], 50 + own.x[:, 2:]], dim=1))
        with torch.no_grad():
            assert torch.allclose(encoder(cut)[1], encoder(noise)[1], atol=1e-5)


def test_class_weights_balance_rare_classes():
    targets = np.array([0] * 9 + [1])
    assert class_weights(targets, 2, 0.0).tolist() == pytest.approx([1.0, 1.0])
    weights = class_weights(targets, 2, 1.0).numpy()
    assert weights[1] / weights[0] == pytest.approx(9.0)
    assert weights[targets].mean() == pytest.approx(1.0)


def test_rank_is_by_mean_score():
    ranked = rank({"text": [0.2, 0.4], "audio": [0.5, 0.3], "vision": [0.1, 0.1]})
    assert [one.stream for one in ranked] == ["audio", "text", "vision"]


def test_paired_test_by_hand():
    gain = np.array([0.01, 0.03, 0.02, 0.04])
    found = paired_test(gain)
    error = gain.std(ddof=1) / 2
    assert found["interval"] == pytest.approx([0.025 - 3.182446 * error, 0.025 + 3.182446 * error])
    assert found["wilcoxon_p"] == pytest.approx(0.125)
    assert paired_test(np.zeros(4))["t_p"] is None


def test_several_comparisons_are_corrected_by_holm():
    assert holm([0.01, 0.04, None, 0.03]) == [pytest.approx(0.03), 0.06, None, 0.06]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("change", "predicted"),
    [
        ({"strong": "vision"}, "strong: paired has no stream 'vision', only text, audio"),
        ({"weak": ("vision",)}, "weak: paired has no stream 'vision'"),
        ({"strong": "text", "weak": ("text",)}, "'text' cannot be its own teacher"),
    ],
)
def test_a_missing_stream_is_named(change: dict, predicted: str, tmp_path: Path):
    with pytest.raises(ConfigError, match=predicted):
        compare(SMALL.model_copy(update=change), paired(), tmp_path, seeds=1)


def test_several_labels_for_a_sample_are_refused(tmp_path: Path):
    corpus = replace(paired(), task="labels")
    with pytest.raises(ConfigError, match="give a corpus with classes or a regression"):
        compare(SMALL, corpus, tmp_path, seeds=1)


def test_different_numbers_of_steps_cannot_be_translated_step_by_step(tmp_path: Path):
    corpus = paired()
    for part in corpus.parts.values():
        part.streams["text"] = part.streams["text"][:, -1:]
        part.lengths["text"][:] = 1
        part.focus[:] = -1
    problem = Problem(SMALL, corpus, split_corpus(corpus, 0.25, 1), 1)
    teacher = freeze_teacher(
        problem, "text", train_teacher(problem, "text", tmp_path / "t", "k")[0]
    )
    with pytest.raises(DataError, match=r"audio has 3 steps .* 1: set search.to to \[embedding\]"):
        train_student(problem, "audio", Distillation(beta=1.0), teacher, tmp_path / "s", "k")
    distillation = Distillation(beta=1.0, to="embedding")
    train_student(problem, "audio", distillation, teacher, tmp_path / "s", "k")
