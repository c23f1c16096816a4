"""Items of several corpora: how they are drawn, and how frequent a label is in each of them."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

pytest.importorskip("sklearn")

from fixtures.strangers import write_portraits, write_rows

from edge.errors import DataError
from train.corpora.face_teacher import FILE, taught
from train.corpora.items import Corpora
from train.corpora.known import FILES, TERMS, TITLES
from train.corpora.labels import LABELS
from train.corpora.sampling import ABSENT, CorpusDraw, balanced_draw
from train.live_config import CorpusChoice
from train.stages.soft_targets import among, one_hot

CORPUS = np.repeat(["large", "small"], [900, 100])
LABEL = np.concatenate([np.repeat([0, 1], [600, 300]), np.repeat([1, 2], [50, 50])])


@pytest.mark.parametrize(("balance", "small"), [(0.0, 0.1), (0.5, 0.25), (1.0, 0.5)])
def test_corpora_are_drawn_by_size_or_equally(balance: float, small: float) -> None:
    draw = CorpusDraw(LABEL, CORPUS, 3, 1.0, balance)
    drawn = draw(20_000, np.random.default_rng(1))
    assert np.mean(CORPUS[drawn] == "small") == pytest.approx(small, abs=0.02)
    inside = LABEL[drawn][CORPUS[drawn] == "large"]
    assert np.mean(inside == 1) == pytest.approx(0.5, abs=0.02)


def test_one_corpus_is_drawn_as_ever() -> None:
    alone = CorpusDraw(LABEL, np.full(len(LABEL), "one"), 3, 0.3, 0.5)
    ours = alone(500, np.random.default_rng(3))
    np.testing.assert_array_equal(ours, balanced_draw(LABEL, 500, 0.3, np.random.default_rng(3)))


def test_a_label_that_a_corpus_lacks_is_neither_likely_nor_taught() -> None:
    draw = CorpusDraw(LABEL, CORPUS, 3, 0.0, 0.5)
    prior = draw.log_prior(np.array([0, 999]))
    np.testing.assert_allclose(np.exp(prior[0, :2]), [2 / 3, 1 / 3], rtol=1e-5)
    assert prior[0, 2] == ABSENT and prior[1, 0] == ABSENT
    target = among(one_hot(np.array([0, 2]), 3), prior)
    assert target[0, 2] == 0 and target[1, 0] == 0
    np.testing.assert_allclose(target.sum(axis=1), 1, rtol=1e-6)


def test_every_corpus_of_a_configuration_has_a_reader_a_title_and_terms() -> None:
    for stream, files in FILES.items():
        (inner, _) = get_args(CorpusChoice.model_fields[stream].annotation)
        assert set(get_args(inner)) == set(files)
        assert set(files) <= set(TITLES) & set(TERMS)


def test_a_teacher_is_mixed_into_the_votes(tmp_path: Path) -> None:
    write_portraits(tmp_path, np.random.default_rng(2))
    corpora = Corpora(tmp_path, tmp_path / "cache", None, {"vision": ("muxspace",)})  # type: ignore[arg-type]
    faces, _ = corpora.faces
    rows: list[dict[str, object]] = [
        {"corpus": "faces_muxspace", "id": name, **dict.fromkeys(LABELS, 1 / 7)}
        for name in faces.names
    ]
    (tmp_path / FILE).parent.mkdir()
    write_rows(tmp_path / FILE, rows)
    mixed = taught(tmp_path, faces, 0.35)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(mixed.max(axis=1), 0.65 + 0.05, rtol=1e-5)
    assert taught(tmp_path / "nowhere", faces, 0.0) is faces.votes
    write_rows(tmp_path / FILE, rows[1:])
    with pytest.raises(DataError, match=f"no row for the face {faces.names[0]} of muxspace"):
        taught(tmp_path, faces, 0.35)
