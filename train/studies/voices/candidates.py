"""The measures of a voice that are compared: of a window's hops a vector, and what is learned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.mixture import GaussianMixture

from train.studies.voices.hops import Hops

Array = NDArray[np.float64]
Sums = Callable[[Hops], Array]
Vectors = Callable[[Array], Array]

MELS = 64
CEPSTRA = 20
PARTS = 32
_RELEVANCE = 8.0
"""Frames for which a part of the mixture believes the window half."""


@dataclass(frozen=True)
class Measure:
    """What can be added up hop by hop, so that any window costs one subtraction.

    Attributes:
        sums: Hops to (n, S), added up over the hops of a window.
        vectors: Windows' sums (m, S) to vectors (m, D).
    """

    sums: Sums
    vectors: Vectors


@dataclass(frozen=True)
class Candidate:
    """`fit` makes the measure from the hops of other corpora. `learned`: "spread" divides each
    dimension by its deviation within a speaker, "lda" projects on what tells speakers apart."""

    name: str
    fit: Callable[[Sequence[Hops]], Measure]
    learned: str


def _spectrum(hops: Hops) -> Array:
    """Count, sum and sum of squares by mel band of the frames with a pitch, without their level."""
    mel = hops.mel.astype(np.float64)
    mel -= mel.mean(axis=2, keepdims=True)
    used = np.isfinite(hops.pitch)[..., None]
    mel *= used
    return np.concatenate([used.sum(axis=1), mel.sum(axis=1), np.square(mel).sum(axis=1)], axis=1)


def _of_spectrum(sums: Array) -> Array:
    mean, deviation = _moments(sums, MELS)
    return np.concatenate([mean, deviation], axis=1)


def _moments(sums: Array, size: int) -> tuple[Array, Array]:
    count = np.maximum(sums[:, :1], 1.0)
    mean = sums[:, 1 : 1 + size] / count
    square = sums[:, 1 + size : 1 + 2 * size] / count
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _pitch(hops: Hops) -> Array:
    """Count, sum and sum of squares of the pitch's logarithm."""
    log = np.log(hops.pitch.astype(np.float64))
    used = np.isfinite(log)
    log = np.where(used, log, 0.0)
    return np.stack([used.sum(axis=1), log.sum(axis=1), np.square(log).sum(axis=1)], axis=1)


def _of_pitch(sums: Array) -> Array:
    return np.concatenate(_moments(sums, 1), axis=1)


def _embedding(hops: Hops) -> Array:
    return np.concatenate([np.ones((len(hops.clip), 1)), hops.embedding.astype(np.float64)], axis=1)


def _of_embedding(sums: Array) -> Array:
    return np.asarray(sums[:, 1:] / np.maximum(sums[:, :1], 1.0))


def both(first: Measure, second: Measure, at: int) -> Measure:
    """Two measures side by side; `at`: the number of the first one's sums."""
    return Measure(
        lambda hops: np.concatenate([first.sums(hops), second.sums(hops)], axis=1),
        lambda sums: np.concatenate(
            [first.vectors(sums[:, :at]), second.vectors(sums[:, at:])], axis=1
        ),
    )


def mixture(others: Sequence[Hops], seed: int = 1) -> Measure:
    """A universal background model of cepstra (Reynolds 2000): how a window moves its means."""
    rng = np.random.default_rng(seed)
    frames = []
    for hops in others:
        cepstra = _cepstra(hops)[np.isfinite(hops.pitch)]
        frames.append(cepstra[rng.choice(len(cepstra), min(len(cepstra), 10_000), replace=False)])
    model = GaussianMixture(PARTS, covariance_type="diag", tol=0.01, random_state=seed)
    model.fit(np.concatenate(frames))
    means = np.asarray(model.means_)
    deviations = np.sqrt(np.asarray(model.covariances_))

    def sums(hops: Hops) -> Array:
        cepstra = _cepstra(hops)
        count, each, size = cepstra.shape
        belongs = model.predict_proba(cepstra.reshape(-1, size)).reshape(count, each, PARTS)
        belongs *= np.isfinite(hops.pitch)[..., None]
        first = np.einsum("nfp,nfc->npc", belongs, cepstra).reshape(count, -1)
        return np.concatenate([belongs.sum(axis=1), first], axis=1)

    def vectors(summed: Array) -> Array:
        count = summed[:, :PARTS, None]
        first = summed[:, PARTS:].reshape(len(summed), PARTS, CEPSTRA)
        moved = (first - count * means) / (count + _RELEVANCE) / deviations
        return np.asarray(moved.reshape(len(summed), -1))

    return Measure(sums, vectors)


def _cepstra(hops: Hops) -> Array:
    """Cepstral coefficients 1 to 20 of each frame, (n, 10, 20): the level is coefficient 0."""
    found = dct(hops.mel.astype(np.float64), type=2, norm="ortho", axis=2)
    return np.asarray(found[..., 1 : CEPSTRA + 1])


_SPECTRUM = Measure(_spectrum, _of_spectrum)
_PITCH = Measure(_pitch, _of_pitch)
_BOTH = both(_SPECTRUM, _PITCH, 1 + 2 * MELS)
_EMBEDDING = Measure(_embedding, _of_embedding)

CANDIDATES = (
    Candidate("pitch", lambda others: _PITCH, "spread"),
    Candidate("spectrum", lambda others: _SPECTRUM, "spread"),
    Candidate("spectrum and pitch", lambda others: _BOTH, "spread"),
    Candidate("spectrum, projected", lambda others: _SPECTRUM, "lda"),
    Candidate("spectrum and pitch, projected", lambda others: _BOTH, "lda"),
    Candidate("speech encoder", lambda others: _EMBEDDING, "spread"),
    Candidate("speech encoder, projected", lambda others: _EMBEDDING, "lda"),
    Candidate(
        "mixture and pitch, projected",
        lambda others: both(mixture(others), _PITCH, PARTS * (1 + CEPSTRA)),
        "lda",
    ),
)


@dataclass(frozen=True)
class Space:
    """Vectors (m, D) to points `(x - middle) @ axes` and their distance: squared, or by angle."""

    middle: Array
    axes: Array
    by_angle: bool

    def points(self, vectors: Array) -> Array:
        """(m, K)."""
        return np.asarray((vectors - self.middle) @ self.axes)

    def distance(self, a: Array, b: Array) -> Array:
        """(m,), of rows."""
        one, two = self.points(a), self.points(b)
        if not self.by_angle:
            return np.asarray(np.square(one - two).mean(axis=1))
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
        return np.asarray(1 - (one * two).sum(axis=1) / np.maximum(lengths, 1e-9))


def learn(learned: str, vectors: Array, persons: NDArray[np.str_]) -> Space:
    """From windows of other corpora's speakers: (m, D) vectors and whose they are, (m,).

    Each corpus's own mean is taken away first: a room's sound tells corpora apart, not people.
    """
    corpora = np.array([person.split("/")[0] for person in persons])
    centred = _without_mean(vectors, corpora)
    middle = vectors.mean(axis=0)
    if learned == "spread":
        within = _without_mean(vectors, persons).std(axis=0)
        return Space(middle, np.diag(1 / np.maximum(within, 1e-6)), by_angle=False)
    model = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    model.fit(centred, persons)
    kept = min(40, len(np.unique(persons)) - 1)
    return Space(middle, np.asarray(model.scalings_[:, :kept]), by_angle=True)


def _without_mean(vectors: Array, groups: NDArray[np.str_]) -> Array:
    found = vectors.copy()
    for group in np.unique(groups):
        found[groups == group] -= vectors[groups == group].mean(axis=0)
    return found
