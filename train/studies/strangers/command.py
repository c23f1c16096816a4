"""`cdat-train strangers`: every corpus of a stream through a bundle, known or strange to it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.errors import ConfigError
from edge.frontends import FrontEndParams
from train import checkpoint
from train.cache import Arrays, cache_folder, cached, digest
from train.corpora.folder import data_folder
from train.corpora.items import Corpora
from train.corpora.labels import LABELS
from train.studies.strangers.answers import Answers, answers
from train.studies.strangers.left_out_lines import left_out_lines
from train.studies.strangers.left_out_voices import left_out_voices
from train.studies.strangers.measure import classified, figures
from train.studies.strangers.page import headline, left_out_page, page
from train.studies.strangers.probe import probe, words
from train.studies.strangers.sources import (
    SOURCES,
    Source,
    checked_streams,
    in_training,
    open_source,
)

__all__ = ["headline", "leave_out", "measure_strangers"]

log = logging.getLogger("train")

MORE_ITEMS = 3000
"""Most items of other parts on which the probe of a stranger is also fitted."""


def leave_out(stream: str, data: Path | None, out: Path, part: str) -> str:
    """Encoders of a stream with one corpus left out, as a Markdown table; also `out`/left_out.md.

    Raises:
        ConfigError: The part is unknown, or the stream is neither text nor audio.
        DataError: A corpus is missing or damaged.
    """
    checked_part(part)
    run = {"text": left_out_lines, "audio": left_out_voices}.get(stream)
    if run is None:
        raise ConfigError(f"--left-out {stream} is neither text nor audio.")
    corpora = Corpora(data_folder(data), cache_folder(), FrontEndParams())
    shown = left_out_page(run(corpora, out, part))
    (out / "left_out.md").write_text(shown, encoding="utf-8")
    return shown


def checked_part(part: str) -> None:
    """Raises: ConfigError, if nothing is to be measured on this part."""
    if part not in ("test", "val"):
        raise ConfigError(f"--part {part} is neither test nor val.")


def measure_strangers(
    bundle: Bundle, data: Path | None, out: Path, streams: str, part: str
) -> dict[str, Any]:
    """Measure, and write `out`/strangers.json and strangers.md. What was computed is cached, so the
    same command continues after an interruption.

    Args:
        streams: By comma.
        part: "test", or "val" while something is being chosen.

    Raises:
        ConfigError: A stream or part is unknown, the bundle lacks the stream, or has other labels.
        DataError: A corpus is missing or damaged.
    """
    checked_part(part)
    asked = checked_streams(streams)
    if missing := [one for one in asked if one not in bundle.manifest.names]:
        raise ConfigError(f"{bundle.folder} has no stream {missing[0]}: give another --stream.")
    if set(bundle.manifest.labels) != set(LABELS):
        raise ConfigError(
            f"{bundle.folder} has the labels {', '.join(bundle.manifest.labels)}, but the corpora"
            f" have {', '.join(LABELS)}."
        )
    corpora = Corpora(data_folder(data), cache_folder(), FrontEndParams())
    report: dict[str, Any] = {"bundle": bundle.manifest.name, "part": part, "streams": {}}
    with closing(Networks(bundle)) as networks:
        for stream in asked:
            sources = {name: open_source(name, corpora) for name in SOURCES[stream]}
            report["streams"][stream] = {
                name: _measured(bundle, networks, source, sources, part, corpora.cache)
                for name, source in sources.items()
            }
            checkpoint.write_json(out / "strangers.json", report)
    (out / "strangers.md").write_text(page(report), encoding="utf-8")
    return report


def _measured(
    bundle: Bundle,
    networks: Networks,
    source: Source,
    sources: Mapping[str, Source],
    part: str,
    cache: Path,
) -> dict[str, Any]:
    trained = in_training(bundle.manifest, source.name)
    rows = source.rows(part)
    if not trained:
        # On persons that the encoder was trained on, a probe would measure memory.
        others = np.random.default_rng(0).permutation(np.flatnonzero(source.splits != part))
        rows = np.sort(np.concatenate([rows, others[:MORE_ITEMS]]))
    scored = source.splits[rows] == part
    found = answers(bundle, networks, source, rows, cache)
    labels, persons = source.labels[rows], source.persons[rows]
    key = digest(
        "probe", 1, hashlib.sha256(found.embeddings.tobytes()).hexdigest(), labels.tolist()
    )
    probed = cached(cache, f"probe-{source.name}", key, lambda: _probed(found, labels, persons))
    predicted = probed.get("predicted")
    out = {
        "trained": trained,
        **figures(
            labels[scored],
            found.probabilities[scored],
            found.confidence[scored],
            persons[scored],
            bundle.manifest.gate.abstain_below,
        ),
        "probe": None
        if predicted is None
        else classified(labels[scored], predicted[scored], persons[scored]),
        "left_out": source.left_out,
    }
    if source.stream == "text":
        out |= _by_words(source, sources, rows[scored], cache)
    log.info("%s: accuracy %.3f, UAR %.3f", source.name, out["accuracy"], out["uar"])
    return out


def _probed(found: Answers, labels: NDArray[np.int64], persons: NDArray[np.str_]) -> Arrays:
    predicted = probe(found.embeddings, labels, persons)
    return {} if predicted is None else {"predicted": predicted}


def _by_words(
    source: Source, sources: Mapping[str, Source], rows: NDArray[np.int64], cache: Path
) -> dict[str, Any]:
    """TF-IDF fitted on the other corpora, and on the corpus' own training part."""
    others = {k: (s, s.rows("train")) for k, s in sources.items() if k != source.name}
    own = {source.name: (source, source.rows("train"))}
    out = {}
    for name, known in (("words_of_others", others), ("words_of_its_own", own)):
        facts = [[s.facts, len(r)] for s, r in known.values()]
        key = digest("words", 1, facts, source.facts, rows.tolist())
        predicted = cached(
            cache,
            f"words-{source.name}",
            key,
            lambda known=known: {"predicted": words(known, source, rows)},  # type: ignore[misc]
        )["predicted"]
        out[name] = classified(source.labels[rows], predicted, source.persons[rows])
    return out
