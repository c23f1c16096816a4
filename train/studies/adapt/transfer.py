"""`cdat-train adapt-study --transfer`: what the step `transfer` alone gives a voice and its words,
and what it would give if each clip had another's words."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path
from typing import Any

from edge.bundle import Bundle
from edge.recording.session import bundle_digest
from train import checkpoint
from train.adaptation.adapt import adapt_to
from train.adaptation.changes import Changes
from train.adaptation.evidence import Known, gather
from train.adaptation.shipped import Shipped
from train.adaptation.step import Given
from train.adaptation.steps import STEPS
from train.adaptation.transfer import fit_transfer
from train.adaptation.write import write_changed
from train.cache import digest, fingerprint
from train.corpora.items import Corpora
from train.corpora.known import FILES, read_lines
from train.evaluation.takes import Take
from train.studies.adapt.halves import halve
from train.studies.adapt.measure import figures
from train.studies.adapt.people import recorded_people
from train.studies.adapt.transfer_page import PAGE_NAME, page, summary
from train.studies.adapt.words import shuffled, speechless, with_words

log = logging.getLogger("train")

VERSION = 2
"""Increase it when the step or the figures change, so that earlier rows are not taken."""
RESULTS_NAME = "transfer_study.json"
LINES = "goemotions"
OFF = [name for name in STEPS if name != "transfer"]
PAIRS = ("own", "shuffled")
"""Whose words a clip has that is adapted to; in the half that measures they are its own."""


def transfer_study(
    bundle: Bundle,
    read: Corpora,
    out: Path,
    corpora: list[str],
    shown: list[int],
    persons: int,
    clips: int,
    seeds: int,
) -> dict[str, Any]:
    """Measure, and write `out`/transfer_study.json and .md. Every adaptation is written when it is
    done, so the same command continues after an interruption.

    Args:
        shown: Numbers of labelled clips.

    Raises:
        DataError: A corpus is missing or damaged, or nobody in it has enough clips.
    """
    lines = read_lines(read.data, (LINES,))
    people = {name: recorded_people(name, read, bundle, persons, clips) for name in corpora}
    files = {name: fingerprint(read.data / FILES["audio"][name]) for name in corpora}
    keys = {
        name: digest("transfer-study", VERSION, bundle_digest(bundle), files[name], clips, shown)
        for name in corpora
    }
    path = out / RESULTS_NAME
    rows = list(checkpoint.read_json(path)["rows"]) if path.is_file() else []
    rows = [row for row in rows if row["key"] == keys.get(row["corpus"], row["key"])]
    done = {_cell(row) for row in rows}
    todo = [
        (name, person, seed, pairs)
        for seed in range(1, seeds + 1)
        for name in corpora
        for person in people[name]
        for pairs in PAIRS
    ]
    left = [cell for cell in todo if cell not in done]
    known: dict[tuple[str, str], Known] = {}
    started_s = time.monotonic()
    for number, (name, person, seed, pairs) in enumerate(left, 1):
        takes = with_words(people[name][person], lines)
        encoded = known.setdefault((name, person), {})
        told = {"corpus": name, "person": person, "seed": seed, "pairs": pairs}
        measured = transferred(bundle, takes, seed, shown, pairs, encoded)
        rows.append({"key": keys[name], **told, **measured})
        checkpoint.write_json(path, {"rows": rows})
        left_s = (time.monotonic() - started_s) / number * (len(left) - number)
        log.info(
            "%d of %d: %s, seed %d, %s words: %s; about %.0f min left",
            *(number, len(left), person, seed, pairs, measured["because"], left_s / 60),
        )
    asked = [row for row in rows if _cell(row) in set(todo)]
    report = {
        "bundle": bundle.manifest.name,
        "settings": {"clips": clips, "persons": persons, "seeds": seeds, "lines": LINES},
        "summary": summary(asked),
        "rows": rows,
    }
    checkpoint.write_json(path, report)
    (out / PAGE_NAME).write_text(page(report), encoding="utf-8")
    return report


def transferred(
    bundle: Bundle,
    takes: tuple[Take, ...],
    seed: int,
    shown: list[int],
    pairs: str,
    known: Known,
) -> dict[str, Any]:
    """One person, one cut into halves: the figures of the half that measures, with its words and
    of the voices alone, with the bundle and with the step, kept or not. The step reads no label;
    `because` says for each number of labels whether and why `adapt` keeps it."""
    halves = halve(takes, seed)
    parts = {"fused": halves.measured, "voice": speechless(halves.measured)}
    given = halves.with_labels(0)
    if pairs == "shuffled":
        given = shuffled(given, seed)
    shipped = Shipped.of(bundle)
    before = {name: figures(gather(some, bundle, known).judged) for name, some in parts.items()}
    after = before
    here = gather(given, bundle, known)
    changes = fit_transfer(Given(here, None, bundle.manifest, shipped), Changes())
    rows = {}
    with tempfile.TemporaryDirectory() as place:
        if changes is not None:
            new = write_changed(bundle, changes, Path(place) / "fitted", {})
            after = {name: figures(gather(some, new, known).judged) for name, some in parts.items()}
        for count in shown:
            labelled = halves.with_labels(count)
            if pairs == "shuffled":
                labelled = shuffled(labelled, seed)
            out, person = Path(place) / str(count), takes[0].samples[0].person
            told = adapt_to(labelled, person, bundle, out, OFF, known=known, also=("transfer",))
            rows[str(count)] = told["steps"]["transfer"]
    return {
        "before": before,
        "after": after,
        "kept": {count: row["kept"] for count, row in rows.items()},
        "because": {count: row["because"] for count, row in rows.items()},
    }


def _cell(row: dict[str, Any]) -> tuple[str, str, int, str]:
    return row["corpus"], row["person"], row["seed"], row["pairs"]
