"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

JsonlOption = Annotated[
    str | None,
    typer.Option("--jsonl", metavar="PATH|-", help="Write one JSON line a step; - is stdout."),
]
SecondsOption = Annotated[float | None, typer.Option("--seconds", help="Stop after this long.")]
BundleOption = Annotated[
    str | None, typer.Option("--bundle", metavar="DIR", help="Models; default: the packaged ones.")
]
RecordOption = Annotated[
    str | None,
    typer.Option("--record", metavar="DIR", help="Keep what the networks take, for a replay."),
]
RecordRawOption = Annotated[
    bool, typer.Option("--record-raw", help="With --record: keep sound and picture themselves.")
]
DashboardOption = Annotated[
    bool, typer.Option("--dashboard", help="Show the run on a local page; its address is printed.")
]
DashboardAtOption = Annotated[
    str | None,
    typer.Option("--dashboard-at", metavar="HOST:PORT", help="The same, there; see docs."),
]
NoPictureOption = Annotated[
    bool, typer.Option("--no-picture", help="With --dashboard: leave the picture out of the page.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Any configuration key, e.g. window.step_s=0.5."
    ),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="YAML file; see configs/edge/.")
]


def dashboard_options(show: bool, at: str | None, no_picture: bool) -> dict[str, Any]:
    """What the three options above say, by configuration key."""
    return {
        "dashboard.show": show or at is not None or None,
        "dashboard.address": at,
        "dashboard.picture": False if no_picture else None,
    }
