"""`cdat-edge`: run, demo, devices."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from edge import __version__
from edge.config import Config, load_config
from edge.errors import EdgeError
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
    say = partial(console.print, soft_wrap=True, highlight=False)
    with ExitStack() as opened:
        sinks: list[Sink] = []
        if config.output.jsonl is not None:
            sinks.append(opened.enter_context(closing(JsonLines(config.output.jsonl))))
        current = make()
        opened.enter_context(_signals_stop(current))
        sources = ", ".join(feed.source.name for feed in current.feeds)
        name = current.bundle.manifest.name
        say(f"{name} on {current.device}; {sources}; Ctrl-C ends.", style="dim")
        if config.output.table and console.is_terminal:
            sinks.append(opened.enter_context(closing(LiveTable(console))))
        try:
            with closing(current.verdicts()) as verdicts:
                for verdict in verdicts:
                    for sink in sinks:
                        sink.write(verdict)
        except EdgeError:
            if current.telemetry.verdicts:  # else it never began: the sentence alone
                opened.close()
                _tell_summary(current, say)
            raise
    _tell_summary(current, say)


def _tell_summary(current: Run, say: Callable[..., None]) -> None:
    for note in current.telemetry.notes:
        say(f"note: {note}", style="yellow")
    say(summary(current.telemetry))


@contextmanager
def _signals_stop(current: Run) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the run in order; a second one ends the process."""

    def stop(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        current.stop()

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main() -> None:
    """Entry point: an error of the tree becomes one sentence and exit code 1."""
    try:
        app()
    except EdgeError as error:
        console = Console(stderr=True, soft_wrap=True)
        console.print(f"cdat-edge: {error}", style="red", highlight=False, markup=False)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
