"""`cdat-train calibration-study`: a person's neutral items as a correction, on strangers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.errors import BundleError, DataError
from edge.frontends import FrontEndParams
from edge.types import Float
from train import checkpoint
from train.cache import cache_folder
from train.corpora.folder import data_folder
from train.corpora.items import Corpora
from train.corpora.labels import LABELS
from train.studies.calibration.draws import NEUTRAL, Fuse, Items, Tally, tally, who_can
from train.studies.calibration.gains import (
    accuracy_at,
    by_person,
    gain_of,
    gain_of_persons,
    uar_at,
)
from train.studies.calibration.page import page
from train.studies.strangers.answers import answers, fused_alone
from train.studies.strangers.sources import Source, open_source

log = logging.getLogger("train")

CORPORA = {"audio": ("ravdess", "emovo", "nemo", "ased"), "vision": ("muxspace",)}
"""Corpora with neutral items of a person beside others."""
COUNTS = {"audio": 3, "vision": 1}
"""Neutral items drawn of a person: three clips are about ten seconds; of faces no corpus has more
than two of a person."""
OTHER_COUNTS = {"audio": (1, 6), "vision": ()}
STRENGTHS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
REFERENCE_ITEMS = 1500
"""Most neutral items of a corpus' training persons from which its mean comes."""


def study(bundle: Bundle, data: Path | None, out: Path, draws: int) -> dict[str, Any]:
    """Measure, and write `out`/calibration.json and calibration.md.

    The validation persons choose the strength of each stream, that with the highest gain, and the
    test persons are measured once, at that strength. It is kept only if the intervals of both gains
    are above zero; otherwise the stream has strength 0, no correction.

    Raises:
        BundleError: The bundle lacks the streams or has other labels.
        DataError: A corpus is missing or damaged.
    """
    streams = [one for one in CORPORA if one in bundle.manifest.names]
    if not streams or set(bundle.manifest.labels) != set(LABELS):
        raise BundleError(
            f"{bundle.folder} must have audio or vision and the labels {', '.join(LABELS)}:"
            " give another --bundle."
        )
    corpora = Corpora(data_folder(data), cache_folder(), FrontEndParams())
    graphs = {name: bundle.manifest.files[path.name] for name, path in bundle.graphs.items()}
    report: dict[str, Any] = {
        "bundle": bundle.manifest.name,
        "graphs": graphs,
        "draws": draws,
        "streams": {},
    }
    with closing(Networks(bundle)) as networks:
        for stream in streams:
            sources = {name: open_source(name, corpora) for name in CORPORA[stream]}
            found = _measured(bundle, networks, stream, sources, corpora.cache, draws)
            report["streams"][stream] = found
            checkpoint.write_json(out / "calibration.json", report)
    (out / "calibration.md").write_text(page(report), encoding="utf-8")
    return report


def _measured(
    bundle: Bundle,
    networks: Networks,
    stream: str,
    sources: Mapping[str, Source],
    cache: Path,
    draws: int,
) -> dict[str, Any]:
    def fuse(embeddings: Float) -> Float:
        return fused_alone(bundle, networks, stream, embeddings)[0]

    read = partial(_items, bundle, networks, cache)
    own = {name: _neutral(bundle, networks, one, cache) for name, one in sources.items()}
    # Who sits before a camera belongs to no corpus: one reference, each corpus with equal weight.
    reference: Float = np.stack(list(own.values())).mean(axis=0)
    count = COUNTS[stream]
    val = {name: read(one, "val") for name, one in sources.items()}
    tallies = _tallies(val, dict.fromkeys(val, reference), count, draws, fuse)
    gains = [gain_of(tallies, k) for k in range(len(STRENGTHS))]
    best = 1 + int(np.argmax([one["gain"] for one in gains[1:]]))
    test = {name: read(one, "test") for name, one in sources.items()}
    tested = _tallies(test, dict.fromkeys(test, reference), count, draws, fuse)
    confirmed = gain_of(tested, best)
    kept = min(gains[best]["interval"][0], confirmed["interval"][0]) > 0
    of_their_own = _tallies(val, own, count, draws, fuse)
    return {
        "count": count,
        "strength": STRENGTHS[best] if kept else 0.0,
        "tested_strength": STRENGTHS[best],
        "reference": [round(float(one), 5) for one in reference],
        "val": {
            "persons": {name: len(one.total) for name, one in tallies.items()},
            "by_strength": _by_strength(gains),
            "of_persons": gain_of_persons(tallies, best),
            "own_corpus_as_reference": _by_strength(
                [gain_of(of_their_own, k) for k in range(len(STRENGTHS))]
            ),
            "by_count": _by_count(stream, val, reference, draws, fuse, STRENGTHS[best]),
        },
        "test": {
            **confirmed,
            "of_persons": gain_of_persons(tested, best),
            "corpora": {name: _of_corpus(name, one, best) for name, one in tested.items()},
        },
    }


def _items(bundle: Bundle, networks: Networks, cache: Path, source: Source, part: str) -> Items:
    rows = source.rows(part)
    found = answers(bundle, networks, source, rows, cache)
    return Items(found.embeddings, source.labels[rows], source.persons[rows])


def _neutral(bundle: Bundle, networks: Networks, source: Source, cache: Path) -> Float:
    """Mean neutral embedding (D,) of the training persons, each with equal weight."""
    rows = source.rows("train")
    rows = rows[source.labels[rows] == NEUTRAL]
    if not len(rows):
        raise DataError(f"{source.name} has no neutral item of a training person: copy all of it.")
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:REFERENCE_ITEMS])
    embeddings = answers(bundle, networks, source, rows, cache).embeddings
    persons = source.persons[rows]
    means = [embeddings[persons == one].mean(axis=0) for one in np.unique(persons)]
    return np.asarray(np.mean(means, axis=0), np.float32)


def _tallies(
    parts: Mapping[str, Items],
    references: Mapping[str, Float],
    count: int,
    draws: int,
    fuse: Fuse,
    strengths: tuple[float, ...] = STRENGTHS,
) -> dict[str, Tally]:
    able = {name: one for name, one in parts.items() if who_can(one, count)}
    if not able:
        raise DataError(
            f"No person of {', '.join(parts)} has {count} neutral items and others: copy all of"
            " the corpora."
        )
    log.info("%s: %d neutral items a person", ", ".join(able), count)
    return {
        name: tally(one, references[name], count, strengths, draws, fuse)
        for name, one in able.items()
    }


def _by_strength(gains: list[dict[str, Any]]) -> dict[str, Any]:
    return {f"{strength:g}": one for strength, one in zip(STRENGTHS, gains, strict=True)}


def _by_count(
    stream: str,
    parts: Mapping[str, Items],
    reference: Float,
    draws: int,
    fuse: Fuse,
    strength: float,
) -> dict[str, Any]:
    """Other numbers of neutral items, at the same strength, and shrunk by n / (n + k): k is such
    that both agree at the number that was chosen with."""
    chosen = COUNTS[stream]
    k = chosen * (1 - strength) / strength
    found = {}
    for count in OTHER_COUNTS[stream]:
        shrunk = count / (count + k) if k else 1.0
        references = dict.fromkeys(parts, reference)
        tallies = _tallies(parts, references, count, draws, fuse, (0.0, strength, shrunk))
        found[str(count)] = {
            "fixed": gain_of(tallies, 1),
            "shrunk": gain_of(tallies, 2) | {"strength": shrunk},
        }
    return {"k": k, "counts": found}


def _of_corpus(name: str, tally: Tally, k: int) -> dict[str, Any]:
    uar, right = uar_at(tally), accuracy_at(tally)
    return {
        "persons": len(tally.total),
        "uar": [float(uar[0]), float(uar[k])],
        "accuracy": [float(right[0]), float(right[k])],
        **gain_of({name: tally}, k),
        "by_person": by_person(tally, k),
    }
