"""Runs with a screen: sinks, signals, summary."""

from __future__ import annotations

import os
import signal
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from typing import IO, Any

from edge.commands.screen import screen
from edge.commands.summary import summary
from edge.config import Config, DashboardConfig
from edge.errors import EdgeError
from edge.runtime.run import Run
from edge.sinks import Sink
from edge.sinks.jsonl import JsonLines
from edge.sinks.table import LiveTable

SHOW_CURSOR = b"\x1b[?25h"


def show(config: Config, make: Callable[[], Run]) -> None:
    """Run to the end, to Ctrl-C or to SIGTERM; write to the sinks, and print the summary."""
    # With JSON on standard output, text for people goes to standard error.
    console = screen(stderr=not sys.stdout.isatty() or config.output.jsonl == "-")
    say = partial(console.print, soft_wrap=True)
    with ExitStack() as opened:
        sinks: list[Sink] = []
        if config.output.jsonl is not None:
            sinks.append(opened.enter_context(closing(JsonLines(config.output.jsonl))))
        current = make()
        opened.enter_context(_signals_stop(current, console.file))
        sources = ", ".join(feed.source.name for feed in current.feeds)
        name = current.bundle.manifest.name
        say(f"{name} on {current.device}; {sources}; press Ctrl-C to stop.", style="dim")
        if config.record.folder is not None:
            what = "sound and video" if config.record.raw else "the networks' inputs"
            say(f"Recording {what} to {config.record.folder}.", style="bold")
        if config.output.table and console.is_terminal:
            sinks.append(opened.enter_context(closing(LiveTable(console))))
        if config.dashboard.show:
            sinks.append(opened.enter_context(closing(_dashboard(config.dashboard, current, say))))
        try:
            with closing(current.verdicts()) as verdicts:
                for verdict in verdicts:
                    for sink in sinks:
                        sink.write(verdict)
        except EdgeError:
            if current.telemetry.verdicts:  # otherwise it never began: print only the error
                opened.close()
                _print_summary(current, say)
            raise
    _print_summary(current, say)


def _dashboard(config: DashboardConfig, current: Run, say: Callable[..., None]) -> Sink:
    # Imported only by a run with a dashboard.
    from edge.dashboard.sink import Dashboard

    about = {
        "bundle": current.bundle.manifest.name,
        "device": current.device,
        "sources": ", ".join(feed.source.name for feed in current.feeds),
    }
    telemetry = current.telemetry
    dashboard = Dashboard(
        config,
        about,
        lambda: current.recognizer.newest_picture,
        telemetry.drops_so_far,
        telemetry.note,
    )
    say(f"Dashboard: {dashboard.url}", style="bold")
    if config.browser and sys.stdout.isatty() and _has_display():
        webbrowser.open(dashboard.url)
    return dashboard


def _has_display() -> bool:
    """Without a display, a browser in the terminal would replace the table."""
    return sys.platform != "linux" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ))


def _print_summary(current: Run, say: Callable[..., None]) -> None:
    for note in current.telemetry.notes:
        say(f"note: {note}", style="yellow")
    say(summary(current.telemetry))


@contextmanager
def _signals_stop(current: Run, screen: IO[str]) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the run normally; a second one ends the process.

    The second one is handled by the operating system, so that it also ends a process that hangs in
    a library. No Python code runs then, so the cursor that the table hides is shown at the first.
    """

    def stop(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        current.stop()
        with suppress(OSError, ValueError):  # the terminal has been closed
            if screen.isatty():
                os.write(screen.fileno(), SHOW_CURSOR)

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
