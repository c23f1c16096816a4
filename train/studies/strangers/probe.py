"""Bounds beside the product's answer: a linear probe of the encoder's embedding, fitted on other
persons, and TF-IDF of words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from edge.types import Float
from train.studies.strangers.sources import Source

FOLDS = 10
"""With ten persons or fewer, each is left out once."""


def probe(
    embeddings: Float, labels: NDArray[np.int64], persons: NDArray[np.str_]
) -> NDArray[np.int64] | None:
    """Predictions (n,) of class-balanced logistic regressions on embeddings (n, D), each item by
    one that was fitted without its person.

    It knows the corpus, its room and its labels' meaning, and the product does not: it bounds what
    a better head on the same embedding could say. None with one person or one label, for which
    nothing can be fitted.
    """
    if len(np.unique(persons)) < 2 or len(np.unique(labels)) < 2:
        return None
    folds = min(FOLDS, len(np.unique(persons)))
    predicted = np.full(len(labels), -1)
    for known, unknown in GroupKFold(folds).split(embeddings, labels, persons):
        if len(np.unique(labels[known])) < 2:
            predicted[unknown] = labels[known][0]
            continue
        head = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=300)
        )
        head.fit(embeddings[known], labels[known])
        predicted[unknown] = head.predict(embeddings[unknown])
    return predicted


def words(
    known: Mapping[str, tuple[Source, NDArray[np.int64]]], source: Source, rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Predictions for `rows` of `source` by TF-IDF of words and pairs with logistic regression,
    fitted on the given rows of `known`, each corpus and each label in it with equal weight."""
    texts: list[str] = []
    labels: list[NDArray[np.int64]] = []
    weights: list[NDArray[np.float64]] = []
    for one, chosen in known.values():
        texts += [one.texts[row] for row in chosen]
        own = one.labels[chosen]
        sizes = np.bincount(own)
        labels.append(own)
        weights.append(1 / sizes[own] / (sizes > 0).sum())
    weight = np.concatenate(weights)
    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, max_features=60_000)
    head = LogisticRegression(C=5.0, max_iter=100, tol=1e-3)
    table = vectors.fit_transform(texts)
    head.fit(table, np.concatenate(labels), sample_weight=weight / weight.mean())
    found = head.predict(vectors.transform([source.texts[row] for row in rows]))
    return np.asarray(found, np.int64)
