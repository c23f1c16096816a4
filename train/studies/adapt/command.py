"""`cdat-train adapt-study`: what an adaptation gives persons whom no network has met."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path
from typing import Any

from edge.bundle import Bundle
from edge.frontends import FrontEndParams
from edge.recording.session import bundle_digest
from train import checkpoint
from train.adaptation.adapt import adapt_to
from train.adaptation.evidence import Known, gather
from train.cache import cache_folder, digest, fingerprint
from train.corpora.folder import data_folder
from train.corpora.items import Corpora
from train.corpora.known import FILES
from train.evaluation.takes import Take
from train.studies.adapt.halves import halve
from train.studies.adapt.measure import figures, over_persons
from train.studies.adapt.options import check_answers, checked_corpora, checked_labels
from train.studies.adapt.page import PAGE_NAME, page
from train.studies.adapt.people import recorded_people
from train.studies.adapt.transfer import transfer_study

log = logging.getLogger("train")

VERSION = 2
"""Increase it when adaptations or figures change, so that earlier rows are not taken."""
RESULTS_NAME = "adapt_study.json"


def study(
    bundle: Bundle,
    data: Path | None,
    out: Path,
    corpora: str,
    labels: str,
    persons: int,
    clips: int,
    seeds: int,
) -> dict[str, Any]:
    """Measure, and write `out`/adapt_study.json and adapt_study.md. Every adaptation is written
    when it is done, so the same command continues after an interruption.

    Args:
        corpora: Names of speech corpora, by comma.
        labels: Numbers of labelled clips, by comma; 0 is an adaptation without labels.
        persons: Most test persons of a corpus.
        clips: Of each person; half of them are adapted to, the others measure.
        seeds: Of the halves, from 1 on.

    Raises:
        ConfigError: A corpus or a number is unknown, or the bundle cannot be measured on them.
        DataError: A corpus is missing or damaged, or nobody in it has enough clips.
    """
    names, shown = checked_corpora(corpora), checked_labels(labels, clips)
    check_answers(bundle, ("audio",))
    read = Corpora(data_folder(data), cache_folder(), FrontEndParams())
    people = {name: recorded_people(name, read, bundle, persons, clips) for name in names}
    files = {name: read.data / FILES["audio"][name] for name in names}
    keys = {
        name: digest("adapt-study", VERSION, bundle_digest(bundle), fingerprint(file), clips)
        for name, file in files.items()
    }
    rows = _earlier(out, keys)
    todo = [
        (name, person, seed, count)
        for seed in range(1, seeds + 1)
        for name in names
        for person in people[name]
        for count in shown
    ]
    started_s, made = time.monotonic(), 0
    # The encoders do not change, so each recording of a person is encoded once.
    known: dict[tuple[str, str], Known] = {}
    done = {(row["corpus"], row["person"], row["seed"], row["labels"]) for row in rows}
    for number, (name, person, seed, count) in enumerate(todo, 1):
        if (name, person, seed, count) in done:
            continue
        takes, encoded = people[name][person], known.setdefault((name, person), {})
        measured = adapted(bundle, takes, seed, count, encoded)
        told = {"corpus": name, "person": person, "seed": seed, "labels": count}
        rows.append({"key": keys[name], **told, **measured})
        made += 1
        left_s = (time.monotonic() - started_s) / made * (len(todo) - number)
        log.info(
            "%d of %d: %s, seed %d, %d labels: accuracy %.3f to %.3f; about %.0f min left",
            *(number, len(todo), person, seed, count),
            *(measured["before"]["accuracy"], measured["after"]["accuracy"], left_s / 60),
        )
        checkpoint.write_json(out / RESULTS_NAME, {"rows": rows})
    asked = [r for r in rows if (r["corpus"], r["person"], r["seed"], r["labels"]) in set(todo)]
    report = {
        "bundle": bundle.manifest.name,
        "settings": {"clips": clips, "persons": persons, "seeds": seeds},
        "summary": {
            name: {
                str(count): over_persons(
                    [r for r in asked if r["corpus"] == name and r["labels"] == count]
                )
                for count in shown
            }
            for name in names
        },
        "rows": rows,
    }
    checkpoint.write_json(out / RESULTS_NAME, report)
    (out / PAGE_NAME).write_text(page(report), encoding="utf-8")
    return report


def study_transfer(
    bundle: Bundle,
    data: Path | None,
    out: Path,
    corpora: str,
    labels: str,
    persons: int,
    clips: int,
    seeds: int,
) -> dict[str, Any]:
    """`study`, of the step `transfer` alone: see `train.studies.adapt.transfer`."""
    names, shown = checked_corpora(corpora), checked_labels(labels, clips)
    check_answers(bundle, ("text", "audio"))
    read = Corpora(data_folder(data), cache_folder(), FrontEndParams())
    return transfer_study(bundle, read, out, names, shown, persons, clips, seeds)


def adapted(
    bundle: Bundle, takes: tuple[Take, ...], seed: int, count: int, known: Known
) -> dict[str, Any]:
    """One person, one cut into halves, one number of labels: the figures of the half that measures,
    with the bundle and with the adapted one; and which steps were kept, and why not."""
    halves = halve(takes, seed)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "adapted"
        given = halves.with_labels(count)
        told = adapt_to(given, takes[0].samples[0].person, bundle, out, known=known)
        before = gather(halves.measured, bundle, known).judged
        after = before
        if told["written"]:
            after = gather(halves.measured, Bundle.load(out), known).judged
    return {
        "verdicts": len(before),
        "before": figures(before),
        "after": figures(after),
        "kept": {name: step["kept"] for name, step in told["steps"].items()},
        "because": {name: step["because"] for name, step in told["steps"].items()},
        "check": told["check"],
    }


def _earlier(out: Path, keys: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of earlier runs of the study, finished or not, with the same bundle, files and
    number of clips. More corpora, persons, seeds or numbers of labels add rows to them."""
    path = out / RESULTS_NAME
    if not path.is_file():
        return []
    rows = list(checkpoint.read_json(path)["rows"])
    return [row for row in rows if row["key"] == keys.get(row["corpus"], row["key"])]
