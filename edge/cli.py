"""`cdat-edge`: run, demo, devices."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from edge import __version__
from edge.config import Config, load_config
from edge.errors import EdgeError, SinkError
from edge.run import Run
from edge.sinks import Sink
from edge.sinks.jsonl import JsonLines
from edge.sinks.table import LiveTable
from edge.summary import summary

app = typer.Typer(
    name="cdat-edge",
    help="Live emotion recognition that says which stream it trusts: camera, microphone, words.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

JsonlOption = Annotated[
    str | None,
    typer.Option("--jsonl", metavar="PATH|-", help="Write one JSON line a step; - is stdout."),
]
SecondsOption = Annotated[float | None, typer.Option("--seconds", help="Stop after this long.")]
BundleOption = Annotated[
    str | None, typer.Option("--bundle", metavar="DIR", help="Models; default: the packaged ones.")
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


@app.command()
def run(
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="A media file.")
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option("--camera", metavar="INDEX|PATH|URL|none", help="Default 0 without --file."),
    ] = None,
    mic: Annotated[
        str | None,
        typer.Option("--mic", metavar="INDEX|NAME|none", help="Default device without --file."),
    ] = None,
    pace: Annotated[
        str | None, typer.Option("--pace", metavar="fast|live", help="How a file is run.")
    ] = None,
    bundle: BundleOption = None,
    config: ConfigOption = None,
    seconds: SecondsOption = None,
    jsonl: JsonlOption = None,
    settings: SetOption = None,
) -> None:
    """Recognise emotions from a file, from devices, from URLs, or from any mix of them.

    cdat-edge run                                  camera 0 and the default microphone

    cdat-edge run --file clip.mp4 --jsonl out.jsonl

    cdat-edge run --camera rtsp://host/stream --mic none
    """
    options = {
        "source.file": file,
        "source.camera": camera,
        "source.mic": mic,
        "source.pace": pace,
        "bundle": bundle,
        "seconds": seconds,
        "output.jsonl": jsonl,
    }
    loaded = load_config(config, settings or [], options)
    show(loaded, lambda: Run(loaded))


@app.command()
def demo(
    seconds: Annotated[
        float, typer.Option("--seconds", min=6, help="Length of the whole script.")
    ] = 60,
    bundle: BundleOption = None,
    config: ConfigOption = None,
    jsonl: JsonlOption = None,
    settings: SetOption = None,
) -> None:
    """A portrait that speaks, while camera and microphone fail by script: no hardware needed."""
    from edge.demo import demo_run

    options = {"bundle": bundle, "seconds": seconds, "output.jsonl": jsonl}
    loaded = load_config(config, settings or [], options)
    show(loaded, lambda: demo_run(loaded, seconds))


@app.command()
def devices() -> None:
    """List the cameras and microphones that are there."""
    from edge.sources.devices import list_devices

    found = list_devices()
    console = Console(highlight=False)
    for camera in found.cameras:
        console.print(f"camera {camera.index}: {camera.name} ({camera.path})")
    for mic in found.microphones:
        console.print(f"mic {mic.index}: {mic.name} ({mic.channels} channels, {mic.rate_hz} Hz)")
    for note in found.notes:
        console.print(note)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"cdat-edge {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """The options of `cdat-edge` itself."""


def show(config: Config, make: Callable[[], Run]) -> None:
    """Run to the end, to Ctrl-C or to SIGTERM, feed the sinks, and close with the summary."""
    # Standard output is for data when JSON goes there; people read standard error then.
    console = Console(stderr=not sys.stdout.isatty() or config.output.jsonl == "-")
    sinks: list[Sink] = []
    try:
        if config.output.jsonl is not None:
            sinks.append(JsonLines(config.output.jsonl))
        current = make()
        _stop_on_signals(current)
        console.print(
            f"{current.bundle.manifest.name} on {current.device};"
            f" {', '.join(feed.source.name for feed in current.feeds)}; Ctrl-C ends.",
            style="dim",
            soft_wrap=True,
        )
        if config.output.table and console.is_terminal:
            sinks.append(LiveTable(console))
        with closing(current.verdicts()) as verdicts:
            for verdict in verdicts:
                for sink in sinks:
                    sink.write(verdict)
    finally:
        for sink in reversed(sinks):
            sink.close()
        if "current" in locals():
            for note in current.telemetry.notes:
                console.print(f"note: {note}", style="yellow", highlight=False, soft_wrap=True)
            console.print(summary(current.telemetry))


def _stop_on_signals(current: Run) -> None:
    """The first signal ends the run in order; a second one ends the process as usual."""

    def stop(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        current.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def main() -> None:
    """Entry point: an error of the tree becomes one sentence and exit code 1."""
    try:
        app()
    except SinkError as error:
        _tell(error)
    except EdgeError as error:
        _tell(error)


def _tell(error: EdgeError) -> None:
    Console(stderr=True, soft_wrap=True).print(
        f"cdat-edge: {error}", style="red", highlight=False, markup=False
    )
    raise SystemExit(1)


if __name__ == "__main__":
    main()
