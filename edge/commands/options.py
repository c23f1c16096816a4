"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

JsonlOption = Annotated[
    str | None,
    typer.Option("--jsonl", metavar="PATH|-", help="Write one JSON line a step; - is stdout."),
]
JsonlMaxOption = Annotated[
    float | None,
    typer.Option("--jsonl-max-mb", metavar="MB", help="Size at which --jsonl takes no more lines."),
]
SummaryOption = Annotated[
    str | None,
    typer.Option("--summary", metavar="OUT.csv", help="With several files: their table as CSV."),
]
SaveOption = Annotated[
    str | None,
    typer.Option("--save", metavar="OUT.mp4", help="Write the film of --file with the answers."),
]
LogOption = Annotated[
    str | None,
    typer.Option("--log", metavar="FILE", help="Append dated events as JSON lines; see docs."),
]
SecondsOption = Annotated[float | None, typer.Option("--seconds", help="Stop after this time.")]
BundleOption = Annotated[
    str | None, typer.Option("--bundle", metavar="DIR", help="Models; default: the packaged ones.")
]
RequireSignedOption = Annotated[
    str | None,
    typer.Option(
        "--require-signed",
        metavar="PUBLIC",
        help="Accept only a bundle that this public key's owner signed; see SECURITY.md.",
    ),
]
PeopleOption = Annotated[
    str | None,
    typer.Option(
        "--people",
        metavar="nearest|all|N",
        help="Whose verdicts: of the nearest face, or of each face; see docs/people.md.",
    ),
]
PersonCorrectionOption = Annotated[
    str | None,
    typer.Option(
        "--person-correction",
        metavar="NAME|FILE",
        help="A correction by cdat-edge calibrate; see docs/calibrate.md.",
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME|auto",
        help="What runs the networks; auto: the best that can serve. See docs/engines.md.",
    ),
]
AsrOption = Annotated[
    str | None,
    typer.Option(
        "--asr",
        metavar="ENGINE",
        help="Speech-to-text: auto, vosk, sherpa, pocketsphinx or none; see docs/asr.md.",
    ),
]
AsrModelOption = Annotated[
    str | None,
    typer.Option(
        "--asr-model",
        metavar="NAME|DIR|URL",
        help="A model for it: a name (downloaded if it is not here), a folder or a URL.",
    ),
]
RecordOption = Annotated[
    str | None,
    typer.Option("--record", metavar="DIR", help="Record the networks' inputs for a replay."),
]
RecordMaxOption = Annotated[
    float | None,
    typer.Option("--record-max-mb", metavar="MB", help="Size at which the recording ends."),
]
RecordRawOption = Annotated[
    bool, typer.Option("--record-raw", help="With --record: record the sound and video instead.")
]
DashboardOption = Annotated[
    bool, typer.Option("--dashboard", help="Show the run on a local web page (URL is printed).")
]
DashboardAtOption = Annotated[
    str | None,
    typer.Option("--dashboard-at", metavar="HOST:PORT", help="Show it at this address; see docs."),
]
NoPictureOption = Annotated[
    bool, typer.Option("--no-picture", help="With --dashboard: do not show the camera picture.")
]
DashboardStayOption = Annotated[
    bool | None,
    typer.Option(
        "--dashboard-stay/--no-dashboard-stay",
        help="Keep the page after the run's end (default: if standard output is a terminal).",
    ),
]
HttpOption = Annotated[
    str | None,
    typer.Option(
        "--http",
        metavar="HOST:PORT",
        help="Serve /latest, /healthz, /metrics, WebSocket /verdicts; see docs.",
    ),
]
TlsCertificateOption = Annotated[
    str | None,
    typer.Option(
        "--tls-certificate",
        metavar="FILE",
        help="PEM; with --tls-key the dashboard and --http speak HTTPS.",
    ),
]
TlsKeyOption = Annotated[
    str | None,
    typer.Option("--tls-key", metavar="FILE", help="PEM; the certificate's key, not encrypted."),
]
MqttOption = Annotated[
    str | None,
    typer.Option(
        "--mqtt",
        metavar="URL",
        help="Publish to a broker, mqtt://[USER[:PASSWORD]@]HOST[:PORT]/PREFIX; see docs.",
    ),
]
OscOption = Annotated[
    str | None,
    typer.Option("--osc", metavar="HOST:PORT[/PREFIX]", help="Send OSC messages there; see docs."),
]
LslOption = Annotated[
    str | None,
    typer.Option("--lsl", metavar="NAME", help="Publish a Lab Streaming Layer stream; see docs."),
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


def dashboard_options(
    show: bool, at: str | None, no_picture: bool, stay: bool | None
) -> dict[str, Any]:
    """The configuration keys that the dashboard's options set."""
    return {
        "dashboard.show": show or at is not None or None,
        "dashboard.address": at,
        "dashboard.picture": False if no_picture else None,
        "dashboard.stay": stay,
    }


def people_of(given: str | None) -> int | str | None:
    """A number as a number; the configuration refuses what is neither that nor a name."""
    return int(given) if given is not None and given.isdecimal() else given
