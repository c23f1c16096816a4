"""Adapts a bundle to recordings: each step is fitted, checked where labels allow it, and kept only
if it makes nothing worse. The bundle itself is never changed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from edge.bundle import Bundle
from edge.errors import ConfigError, DataError
from edge.recording.session import bundle_digest
from train.adaptation.changes import Changes
from train.adaptation.check import folds, scored
from train.adaptation.copied import check_outside
from train.adaptation.evidence import Evidence, Known, gather
from train.adaptation.measures import MEASURE
from train.adaptation.replays import Progress, Replays
from train.adaptation.shipped import Shipped, too_much_lost, unseen
from train.adaptation.step import Given
from train.adaptation.steps import ASKED_FOR, STEPS
from train.adaptation.told import (
    as_data,
    before_and_after,
    how_sure,
    labelled_samples,
    share_changed,
    step_row,
    unchecked_row,
    why_nothing,
)
from train.adaptation.trials import Track, Trials
from train.adaptation.write import write_changed
from train.evaluation.takes import Material, Take, open_material

SHORTEST_S = 20.0
"""Of all recordings together."""
OFF_BY_DEFAULT = "off by default: ask for it with --step"

Say = Callable[[str], None]


def adapt(
    base: Bundle,
    folder: Path,
    out: Path,
    off: Collection[str] = (),
    reference: Path | None = None,
    say: Say = lambda line: None,
    progress: Progress = lambda done, most: None,
    also: Collection[str] = (),
) -> dict[str, Any]:
    """Write the adapted bundle to `out`, if a step is kept, and return the report.

    Args:
        folder: A recorded corpus, with or without labels, or recordings. Views with faults are not
            used: the recordings count as healthy.
        off: Steps of `STEPS` to leave out.
        reference: Recordings on which the bundle is good, such as those of its training; without
            them the step "shift" has nothing to move to.
        say: Is told what is being done.
        progress: Is told how many recordings were replayed.
        also: Steps of `ASKED_FOR` to try, too.

    Raises:
        ConfigError: `out` exists, or a step in `off` or `also` does not.
        DataError, RecordingError, BundleError: The recordings or the bundle. One sentence.
    """
    check_request(base, out, off, also)
    takes = healthy(open_material(folder, base, "all"))
    there = None
    known: Known = {}
    replays = Replays(progress)
    if reference is not None:
        others = healthy(open_material(reference, base, "all"))
        replays.expect(len(others) + len(takes))
        there = gather(others, base, known, replays.one)
    return adapt_to(takes, str(folder), base, out, off, there, known, say, replays, also)


def adapt_to(
    takes: tuple[Take, ...],
    where: str,
    base: Bundle,
    out: Path,
    off: Collection[str] = (),
    there: Evidence | None = None,
    known: Known | None = None,
    say: Say = lambda line: None,
    replays: Replays | None = None,
    also: Collection[str] = (),
) -> dict[str, Any]:
    """`adapt`, with takes that were opened.

    Args:
        where: Names the takes in an error.
        there: What `base` answers on the reference.
        known: Encodings of earlier replays, which are added to.
        replays: Counts them.
    """
    check_request(base, out, off, also)
    known = {} if known is None else known
    replays = Replays() if replays is None else replays
    say(f"replaying {len(takes)} recordings")
    cut, how = folds(takes)
    checked = sum(len(fold.checked) for fold in cut)
    most = len(takes) + checked + sum(len(fold.fitted) for fold in cut)  # of a step
    passed = {name: OFF_BY_DEFAULT for name in ASKED_FOR if name not in also}
    passed |= dict.fromkeys(off, "switched off")
    task = MEASURE[base.manifest.task]
    passed |= {
        name: f"has no meaning for {task.kind}"
        for name, step in STEPS.items()
        if base.manifest.task not in step.fits
    }
    left = [name for name in STEPS if name not in passed]
    replays.expect(len(takes) + checked + most * len(left))
    first = evidence = gather(takes, base, known, replays.one)
    seconds = len(evidence.judged) * base.manifest.window.step_s
    if seconds < SHORTEST_S:
        raise DataError(
            f"{where} has {seconds:.0f} s that the bundle can judge: record {SHORTEST_S:.0f} s or"
            " more, in recordings longer than a second."
        )
    shipped = Shipped.of(base)
    kept, rows = Changes(), {}
    with tempfile.TemporaryDirectory() as place:
        work = Trials(base, Path(place), known, replays, shipped)
        tracks = [
            Track(fold, base, kept, gather(fold.checked, base, known, replays.one).judged)
            for fold in cut
        ]
        begun = [track.answers for track in tracks]
        if tracks and not any(len(scored(one)) for one in begun):
            tracks, begun, how = [], [], "no verdict is about a labelled sample"
        for name, step in STEPS.items():
            if name in passed:
                rows[name] = step_row(step, passed[name])
                continue
            replays.expect(most * len(left[left.index(name) :]))
            say(f"step {name}")
            given = Given(evidence, there, base.manifest, shipped)
            changes = step.fit(given, kept)
            if changes is None:
                rows[name] = step_row(step, why_nothing(name, step, given))
                continue
            seen = shipped.seen(work.bundle(changes), changes) if shipped else None
            veto = too_much_lost(seen)
            if tracks:
                rows[name] = work.tried(step, tracks, there, veto)
            else:
                rows[name] = unchecked_row(step, how, veto, unseen(changes, base, shipped))
            rows[name]["shipped_slice"] = seen
            if rows[name]["kept"]:
                # The result is fitted on all recordings; the check was of the same step on some.
                kept = changes
                evidence = gather(takes, work.bundle(kept), known, replays.one)
    replays.expect(0)
    report = {
        "from": {"name": base.manifest.name, "digest": bundle_digest(base)},
        "recordings": len(takes),
        "seconds": round(seconds, 1),
        "labelled_samples": labelled_samples(takes),
        "check": how if tracks else f"nothing could be checked on labels: {how}",
        "shipped_slice": None if shipped is None else shipped.described,
        "figure": task.figure,
        "steps": rows,
        "all": before_and_after(begun, [track.answers for track in tracks]),
        "verdicts": how_sure(first, evidence),
        "labels_changed": share_changed(first, evidence),
        "written": any(row["kept"] for row in rows.values()),
    }
    if report["written"]:
        told = {key: report[key] for key in ("recordings", "seconds", "check", "steps", "all")}
        write_changed(base, kept, out, told | {"changes": as_data(kept, base)})
    return report


def healthy(material: Material) -> tuple[Take, ...]:
    """The takes without a fault made on purpose."""
    return tuple(take for take in material.takes if not take.faults)


def check_request(
    base: Bundle, out: Path, off: Collection[str], also: Collection[str] = ()
) -> None:
    """What can be refused before anything is read.

    Raises:
        ConfigError: `out` exists, or a step in `off` or `also` does not.
        BundleError: `out` is inside the bundle.
    """
    if unknown := sorted(set(off) - set(STEPS)):
        raise ConfigError(f"--off {unknown[0]} is not a step: the steps are {', '.join(STEPS)}.")
    if unknown := sorted(set(also) - set(ASKED_FOR)):
        raise ConfigError(
            f"--step {unknown[0]} is no step that is off by default: give {', '.join(ASKED_FOR)}."
        )
    if both := sorted(set(off) & set(also)):
        raise ConfigError(f"--step {both[0]} and --off {both[0]} contradict each other.")
    if out.exists():
        raise ConfigError(f"--out {out} exists: name a new folder, no bundle is overwritten.")
    check_outside(base, out)
