"""Adapts a bundle to recordings: each step is fitted, checked where labels allow it, and kept only
if it makes nothing worse. The bundle itself is never changed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle import Bundle
from edge.errors import BundleError, ConfigError, DataError
from edge.recording.session import bundle_digest
from train.adaptation.changes import Changes
from train.adaptation.check import MEASURES, Fold, errors, folds, pooled, scored
from train.adaptation.evidence import Evidence, Known, gather
from train.adaptation.steps import STEPS, Given, Step
from train.adaptation.write import write_changed
from train.evaluation.judged import Judged
from train.evaluation.takes import Material, Take, open_material

SHORTEST_S = 20.0
"""Of all recordings together."""
EQUAL = 1e-9

Say = Callable[[str], None]


@dataclass
class Track:
    """One fold: the changes kept so far as fitted on its takes, and the checked answers.

    `fitted` is what the bundle answers on the takes to fit on; None before a step needs it.
    """

    fold: Fold
    bundle: Bundle
    changes: Changes
    answers: Judged
    fitted: Evidence | None = None


def adapt(
    base: Bundle,
    folder: Path,
    out: Path,
    off: Collection[str] = (),
    reference: Path | None = None,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Write the adapted bundle to `out`, if a step is kept, and return the report.

    Args:
        folder: A recorded corpus, with or without labels, or recordings. Views with faults are not
            used: the recordings count as healthy.
        off: Steps of `STEPS` to leave out.
        reference: Recordings on which the bundle is good, such as those of its training; without
            them the step "shift" has nothing to move to.
        say: Is told what is being done.

    Raises:
        ConfigError: `out` exists, or a step in `off` does not.
        DataError, RecordingError, BundleError: The recordings or the bundle. One sentence.
    """
    _check(base, out, off)
    material = open_material(folder, base, "all")
    takes = healthy(material)
    known: Known = {}
    say(f"replaying {len(takes)} recordings")
    first = evidence = gather(takes, base, known)
    seconds = len(evidence.judged) * base.manifest.window.step_s
    if seconds < SHORTEST_S:
        raise DataError(
            f"{folder} has {seconds:.0f} s that the bundle can judge: record {SHORTEST_S:.0f} s or"
            " more, in recordings longer than a second."
        )
    there = None
    if reference is not None:
        there = gather(healthy(open_material(reference, base, "all")), base, known)
    cut, how = folds(takes)
    kept, rows = Changes(), {}
    with tempfile.TemporaryDirectory() as place:
        work = _Work(base, Path(place), known)
        tracks = [Track(fold, base, kept, gather(fold.checked, base, known).judged) for fold in cut]
        begun = [track.answers for track in tracks]
        if tracks and not any(len(scored(one)) for one in begun):
            tracks, begun, how = [], [], "no verdict is about a labelled sample"
        for name, step in STEPS.items():
            if name in off:
                rows[name] = _row(step, "switched off")
                continue
            say(f"step {name}")
            changes = step.fit(Given(evidence, there, base.manifest), kept)
            if changes is None:
                rows[name] = _row(step, _nothing(name, step, reference))
                continue
            rows[name] = work.tried(step, tracks, there) if tracks else _unchecked(step, how)
            if rows[name]["kept"]:
                # The result is fitted on all recordings; the check was of the same step on some.
                kept = changes
                evidence = gather(takes, work.bundle(kept), known)
    report = {
        "from": {"name": base.manifest.name, "digest": bundle_digest(base)},
        "recordings": len(takes),
        "seconds": round(seconds, 1),
        "labelled_samples": _labelled(takes),
        "check": how if tracks else f"nothing could be checked on labels: {how}",
        "steps": rows,
        "all": _whole(begun, [track.answers for track in tracks]),
        "labels_changed": _changed(first, evidence),
        "written": any(row["kept"] for row in rows.values()),
    }
    if report["written"]:
        told = {key: report[key] for key in ("recordings", "seconds", "check", "steps", "all")}
        write_changed(base, kept, out, told | {"changes": _told(kept, base)})
    return report


def healthy(material: Material) -> tuple[Take, ...]:
    """The takes without a fault made on purpose."""
    return tuple(take for take in material.takes if not take.faults)


class _Work:
    """Candidates, written as bundles to a folder for a while."""

    def __init__(self, base: Bundle, place: Path, known: Known) -> None:
        self._base, self._place, self._known, self._count = base, place, known, 0

    def bundle(self, changes: Changes) -> Bundle:
        self._count += 1
        return write_changed(self._base, changes, self._place / str(self._count), {})

    def tried(self, step: Step, tracks: list[Track], there: Evidence | None) -> dict[str, Any]:
        """Fit the step in each fold and check it on the rest; the tracks follow if it is kept."""
        candidates = []
        for track in tracks:
            if track.fitted is None:
                track.fitted = gather(track.fold.fitted, track.bundle, self._known)
            changes = step.fit(Given(track.fitted, there, self._base.manifest), track.changes)
            if changes is None:
                candidates.append(track)
                continue
            bundle = self.bundle(changes)
            answers = gather(track.fold.checked, bundle, self._known).judged
            candidates.append(Track(track.fold, bundle, changes, answers))
        row = _compared(step, tracks, candidates)
        if row["kept"]:
            tracks[:] = candidates
        return row


def _compared(step: Step, before: list[Track], after: list[Track]) -> dict[str, Any]:
    old, new = ([track.answers for track in some] for some in (before, after))
    measure = MEASURES[step.measure]
    more = pooled(new, errors) - pooled(old, errors)
    worse = "more errors" if more > EQUAL else ""
    if not worse and pooled(new, measure) > pooled(old, measure) + EQUAL:
        worse = "" if step.corrects and more < -EQUAL else f"more {step.measure}"
    return {
        "does": step.does,
        "kept": not worse,
        "because": worse or ("fewer errors" if more < -EQUAL else "no worse"),
        "measure": step.measure,
        "before": round(pooled(old, measure), 4),
        "after": round(pooled(new, measure), 4),
        "accuracy_before": round(1 - pooled(old, errors), 4),
        "accuracy_after": round(1 - pooled(new, errors), 4),
    }


def _row(step: Step, because: str, kept: bool = False) -> dict[str, Any]:
    return {"does": step.does, "kept": kept, "because": because}


def _unchecked(step: Step, how: str) -> dict[str, Any]:
    if step.relabels:
        return _row(step, f"not checked: {how}")
    return _row(step, "kept unchecked: it only changes which streams are used", True)


def _nothing(name: str, step: Step, reference: Path | None) -> str:
    if name == "shift" and reference is None:
        return "needs --reference"
    if step.needs_labels:
        return "too few labels, or only right answers"
    return "nothing to change"


def _whole(begun: list[Judged], ended: list[Judged]) -> dict[str, Any] | None:
    """The measures before the first and after the last step."""
    if not begun:
        return None
    found = {
        name: [round(pooled(one, measure), 4) for one in (begun, ended)]
        for name, measure in MEASURES.items()
    }
    accuracy = [round(1 - value, 4) for value in found.pop("errors")]
    return {"accuracy": accuracy, **found}


def _changed(first: Evidence, last: Evidence) -> float:
    """Share of the verdicts that have another likeliest label."""
    return round(float(np.mean(first.judged.guess != last.judged.guess)), 4)


def _labelled(takes: tuple[Take, ...]) -> int:
    return sum(sample.label is not None for take in takes for sample in take.samples)


def _told(kept: Changes, base: Bundle) -> dict[str, Any]:
    """The changes as JSON data; of a shift, its length by stream."""
    told: dict[str, Any] = {}
    if kept.shift is not None:
        lengths = np.linalg.norm(kept.shift, axis=1)
        told["shift_length"] = {
            name: round(float(length), 4)
            for name, length in zip(base.manifest.names, lengths, strict=True)
        }
    if kept.log_weights is not None:
        told["label_weights"] = {
            label: round(float(weight), 4)
            for label, weight in zip(base.manifest.labels, np.exp(kept.log_weights), strict=True)
        }
    told |= {"temperature": kept.temperature, "confidence": [kept.slope, kept.offset]}
    if kept.reliability is not None:
        told["reliability"] = {s: one.model_dump() for s, one in kept.reliability.items()}
    if kept.typical_quality is not None:
        told["typical_quality"] = {s: list(one) for s, one in kept.typical_quality.items()}
    return told


def _check(base: Bundle, out: Path, off: Collection[str]) -> None:
    base.one_label("cdat-train adapt")
    if unknown := sorted(set(off) - set(STEPS)):
        raise ConfigError(f"--off {unknown[0]} is not a step: the steps are {', '.join(STEPS)}.")
    if out.exists():
        raise ConfigError(f"--out {out} exists: name a new folder, no bundle is overwritten.")
    if out.resolve().is_relative_to(base.folder.resolve()):
        raise BundleError(f"--out {out} is inside the bundle {base.folder}: name a folder outside.")
