"""`cdat-edge replay`."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import typer

from edge.bundle import default_bundle
from edge.commands.options import BundleOption, JsonlOption, RequireSignedOption
from edge.commands.screen import screen
from edge.config.overwriting import keep_apart
from edge.errors import RecordingError
from edge.recording.replay import Replay
from edge.sinks.jsonl import JsonLines


def replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder written by --record.")],
    jsonl: JsonlOption = None,
    bundle: BundleOption = None,
    require_signed: RequireSignedOption = None,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="DIR", help="Plans of the engine; default: the user's."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Fail if a verdict differs from the recorded one.")
    ] = False,
) -> None:
    """Replay a recording: the same verdicts, faster than real time, every time.

    cdat-edge run --record talk                    records the networks' inputs

    cdat-edge replay talk --check                  gives the same verdicts, or fails

    cdat-edge replay talk --bundle new --jsonl -   gives the verdicts of another bundle
    """
    console = screen(stderr=not sys.stdout.isatty() or jsonl == "-")
    with ExitStack() as opened:
        current = Replay(
            folder,
            None if bundle is None else Path(bundle),
            cache,
            None if require_signed is None else Path(require_signed),
        )
        opened.callback(current.close)
        bundle_folder = default_bundle() if bundle is None else Path(bundle)
        keep_apart({"--jsonl": jsonl}, {"the recording": folder, "the bundle": bundle_folder})
        sink = None if jsonl is None else opened.enter_context(closing(JsonLines(jsonl)))
        begun_s = time.monotonic()
        for verdict in current.verdicts():
            if sink is not None:
                sink.write(verdict)
        took_s = time.monotonic() - begun_s
    for note in _notes(current):
        console.print(f"note: {note}", style="yellow", soft_wrap=True)
    said = f"{current.made} verdicts of {current.span_s:.1f} s in {took_s:.1f} s"
    console.print(f"{said}; {_likeness(current)}.", soft_wrap=True)
    if check and (current.differing or not current.compared):
        raise RecordingError(f"{folder} replays differently: {_likeness(current)}.")
    if check and current.unread:
        raise RecordingError(f"{folder} is not checked to its end: {_damage(current)}.")


def _likeness(current: Replay) -> str:
    if not current.compared:
        return "no recorded verdict to compare with"
    if not current.differing:
        return f"{current.compared} compared, all equal except for latencies"
    return (
        f"{current.differing} of {current.compared} differ from the recorded ones,"
        f" the first {current.first_difference}"
    )


def _damage(current: Replay) -> str:
    were = "event was" if current.unread == 1 else "events were"
    return f"event {current.read + 1} cannot be read, and {current.unread} {were} left out"


def _notes(current: Replay) -> list[str]:
    notes = []
    if not current.same_bundle:
        notes.append(f"It was recorded with another bundle, {current.session.bundle.name!r}.")
    if not current.same_device:
        device = current.session.engine.device
        notes.append(f"It was recorded on {device}, which may round differently.")
    if current.unread:
        notes.append(f"The recording was replayed in part: {_damage(current)}.")
    elif not current.ended:
        notes.append("The recording is truncated: it was replayed up to its last complete event.")
    elif current.cause is not None:
        notes.append(f"The recording ended before its run: {current.cause}.")
    return notes
