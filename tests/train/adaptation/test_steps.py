"""What the steps of an adaptation are fitted on, checked on, and do to the fusion graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fixtures.own_room import base

from edge.bundle.networks import Networks
from edge.types import MASK_BITS
from export.graphs.operators import refused
from train.adaptation.changes import Changes, Transfer
from train.adaptation.check import folds
from train.adaptation.evidence import Evidence, Known, gather
from train.adaptation.step import Given
from train.adaptation.steps import STEPS, expectation_maximisation
from train.adaptation.write import write_changed
from train.corpora.recorded.samples import Sample
from train.evaluation.takes import Take, open_material


def test_a_shift_moves_the_mean_embedding_towards_the_reference(recordings: Path) -> None:
    known: Known = {}

    def seen(pattern: str) -> Evidence:
        folders = sorted(recordings.glob(pattern))
        return gather([open_material(f, base(), "all").takes[0] for f in folders], base(), known)

    here, there = seen("*_calm"), seen("*_worried")
    changes = STEPS["shift"].fit(Given(here, there, base().manifest), Changes())
    assert changes is not None and changes.shift is not None
    mean, wanted = (one.embeddings.mean(axis=0) for one in (here, there))
    assert (np.abs(mean + changes.shift - wanted).sum()) < 0.7 * np.abs(mean - wanted).sum()


@pytest.mark.parametrize(
    ("labels", "count"), [("abcdefg", 3), ("aabcdef", 2), ("aaabbbc", 3), ("abcdef ", 3)]
)
def test_a_handful_of_labels_is_enough_for_a_check(labels: str, count: int) -> None:
    def take(number: int, label: str) -> Take:
        told = None if label == " " else label
        sample = Sample(f"s{number}", f"r{number}", 0.0, None, told, "p", None, None)
        return Take(Path(f"r{number}"), (sample,))

    takes = tuple(take(number, label) for number, label in enumerate(labels))
    made, how = folds(takes)
    assert len(made) == count and how == f"{count} folds by recording"
    labelled = [one for one in takes if one.samples[0].label is not None]
    checked = [one for fold in made for one in fold.checked]
    assert sorted(checked, key=lambda one: one.folder) == labelled
    assert all(fold.checked and not set(fold.checked) & set(fold.fitted) for fold in made)


@pytest.mark.parametrize("share", [0.8, 0.25])
def test_the_prior_is_found_from_scores_alone(share: float) -> None:
    rng = np.random.default_rng(1)
    shares = np.array([share, *[(1 - share) / 3] * 3])
    true = rng.choice(4, 4000, p=shares)
    seen = 1.2 * np.eye(4)[true] + rng.normal(size=(4000, 4))
    scores = np.exp(1.2 * seen)  # the posterior under equal shares, not normalised
    scores /= scores.sum(axis=1, keepdims=True)
    found = expectation_maximisation(scores)
    assert np.abs(found - shares).max() < 0.04
    before, after = ((one.argmax(axis=1) == true).mean() for one in (scores, scores * found))
    assert after >= before + (0.05 if share == 0.8 else -0.01)


def test_changes_may_be_made_again_and_suit_tensorrt(tmp_path: Path) -> None:
    first = base()
    size, labels = first.manifest.fusion.embedding_size, len(first.manifest.labels)
    shift = np.full((3, size), 0.1, np.float32)
    weights = np.linspace(-1, 1, labels).astype(np.float32)
    learned = np.random.default_rng(3).normal(0, 0.05, (3, size, labels)).astype(np.float32)
    changes = Changes(
        shift, Transfer(learned, MASK_BITS.astype(np.float32)), weights, 1.5, 0.7, 0.2
    )
    once = write_changed(first, changes, tmp_path / "once", {})
    twice = write_changed(once, changes, tmp_path / "twice", {})
    model = onnx.load(str(twice.graphs["fusion"]))
    assert not refused(model, "8.5") and not refused(model, "10")
    rng = np.random.default_rng(2)
    embeddings = rng.normal(size=(3, size)).astype(np.float32)
    quality = np.concatenate(
        [
            np.array(first.manifest.streams[s].typical_quality, np.float32)
            for s in first.manifest.names
        ]
    )
    plain = Networks(first).fuse(embeddings + 2 * shift, quality)
    found = Networks(twice).fuse(embeddings, quality)
    wanted = changes.scores(changes.scores(plain.outputs, embeddings + shift), embeddings)
    assert np.abs(found.outputs - wanted).max() < 1e-4
    sure = changes.confidence(changes.confidence(plain.confidence))
    assert np.abs(found.confidence - sure).max() < 1e-4
    assert len(twice.manifest.provenance["adapted"]) == 2


def test_the_front_ends_are_not_needed_for_features(recordings: Path) -> None:
    takes = open_material(recordings / "p0_calm", base(), "all").takes
    assert len(gather(takes, base(), {}).judged) == 5
