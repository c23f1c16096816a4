"""The study again with faults that last shorter or longer, or come and go."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from edge.bundle.manifest import GateSpec
from train import checkpoint
from train.studies.faults.choose import oracle
from train.studies.faults.live_gate import gate_policy
from train.studies.faults.policies import Policy, Seen, everything
from train.studies.faults.report import COMPOSED, summary
from train.studies.faults.study import Cell, Identities, changed, single
from train.studies.faults.table import markdown_of_durations, markdown_of_lies
from train.studies.faults.timeline import Timeline

log = logging.getLogger("train")

SEVERITY = 0.8
LASTING = tuple(Timeline.lasting(seconds) for seconds in (2.0, 4.0, 10.0, 30.0))
TIMELINES = (*LASTING, *(Timeline.intermittent(share) for share in (0.1, 0.3, 0.5)))


def study_of_durations(
    identities_of: Callable[[Timeline, str], Identities],
    spec: GateSpec,
    see: Callable[[Identities, Cell], Seen],
    timelines: Iterable[Timeline] = TIMELINES,
    families: bool = True,
) -> dict[str, Any]:
    """Every family alone at `SEVERITY`, another person's streams and a change of emotion, for each
    timeline. The oracle's masks are chosen on validation identities; metrics are those of test.

    Args:
        identities_of: of a timeline and a split.
        see: what the networks make of a condition.
        families: False leaves the faults of signals out.
    """
    policies: dict[str, Policy] = {"all": everything, "live": gate_policy(spec)}
    by_timeline = {}
    counts: dict[str, int] = {}
    for timeline in timelines:
        # Between bursts of a change the emotion would be the former one again: nothing to be told.
        lies = [cell for cell in changed() if len(timeline.spans) == 1 or not cell.changes]
        wanted = [Cell(()), *(single((SEVERITY,)) if families else ()), *lies]
        log.info("faults: %s, %d conditions", timeline.name, len(wanted))
        oracles: dict[Cell, tuple[Policy, str]] = {}
        identities = identities_of(timeline, "val")
        counts["val"] = len(identities.label)
        for cell in wanted:
            oracles[cell] = oracle(cell, see(identities, cell), timeline.during)
        identities = identities_of(timeline, "test")
        counts["test"] = len(identities.label)
        on_test = {cell: see(identities, cell) for cell in wanted}
        by_timeline[timeline.name] = summary(on_test, policies, oracles, timeline.during)
    return {
        "composed": COMPOSED,
        "severity": SEVERITY,
        "identities": counts,
        "test": by_timeline,
    }


def write(report: dict[str, Any], folder: Path) -> None:
    """Write `durations.json` and `durations.md` to `folder`."""
    checkpoint.write_json(folder / "durations.json", report)
    (folder / "durations.md").write_text(markdown_of_durations(report), encoding="utf-8")


def write_lies(report: dict[str, Any], folder: Path) -> None:
    """Write a report without families to `lies.json` and `lies.md` in `folder`."""
    checkpoint.write_json(folder / "lies.json", report)
    (folder / "lies.md").write_text(markdown_of_lies(report), encoding="utf-8")
