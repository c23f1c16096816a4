"""Runs with a screen: sinks, signals, summary."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from typing import IO

from rich.console import Console

from edge.commands.encryption import Encryption
from edge.commands.event_log import EventLog
from edge.commands.hangup import hangup, survives_hangup
from edge.commands.lasting_page import LastingPage
from edge.commands.library_lines import library_lines_are_noted
from edge.commands.memory_watch import MemoryWatch
from edge.commands.network import add_network_outputs
from edge.commands.numbered import numbered
from edge.commands.outputs import TABLE, Outputs, Said
from edge.commands.saving import Saving
from edge.commands.screen import screen
from edge.commands.stop_signals import signals_stop
from edge.commands.summary import summary
from edge.commands.verdict_lines import open_verdict_lines
from edge.config import Config
from edge.errors import ConfigError, EdgeError
from edge.runtime.marks import Marks
from edge.runtime.run import Run
from edge.sinks import Sink
from edge.sinks.jsonl import JsonLines
from edge.sinks.service import Service
from edge.standard_streams import forsake


def show(config: Config, make: Callable[[Config], Run], devices: bool = False) -> None:
    """Run to the end, to Ctrl-C or to SIGTERM; write to the sinks, and print the summary.

    All is written and printed before the dashboard's page is waited for. A visitor of it may begin
    another run, which writes new files (`numbered`).

    Args:
        make: Makes a run of a configuration.
        devices: Whether it takes its devices from the configuration.
    """
    # With JSON on standard output, text for people goes to standard error.
    console = screen(stderr=not sys.stdout.isatty() or config.output.jsonl == "-")
    with survives_hangup(), closing(Service()) as service, LastingPage(config, devices) as page:
        _show_one(config, make, console, page, service)
        number, former = 1, config
        while (wanted := page.wait(console, service.tell)) is not None:
            number += 1
            page.begins(wanted)
            try:
                _show_one(numbered(wanted, number), make, console, page, service)
            except EdgeError as error:
                if not page.failed(error, former):
                    raise
                console.print(f"Another run could not begin: {error}", soft_wrap=True)
            else:
                former = wanted


def _show_one(
    config: Config,
    make: Callable[[Config], Run],
    console: Console,
    page: LastingPage,
    service: Service,
) -> None:
    if config.output.save is None:
        _show(config, make, console, page, service)
    else:
        with Saving(config, config.output.save) as saving:
            saving.finish(_show(config, make, console, page, service, saving), console)


def _show(
    config: Config,
    make: Callable[[Config], Run],
    console: Console,
    page: LastingPage,
    service: Service,
    saving: Saving | None = None,
) -> Run:
    encryption = Encryption(config.tls)
    with ExitStack() as opened:
        jsonl = None
        if config.output.jsonl is not None:
            jsonl = open_verdict_lines(
                config.output.jsonl, config.output.jsonl_max_mb, lambda: current
            )
        with ExitStack() as undo:
            if jsonl is not None:
                undo.callback(jsonl.close)
            log = None
            if config.output.log is not None:
                if jsonl is not None and jsonl.writes_to(config.output.log):
                    raise ConfigError(
                        f"--log {config.output.log} is the file that --jsonl writes: give another"
                        " file."
                    )
                log = JsonLines(config.output.log, "--log", append=True)
                undo.callback(log.close)
            current = make(config)
            undo.pop_all()
        if not current.offline:
            opened.enter_context(library_lines_are_noted(current.telemetry.note))
        say = Said(console)
        outputs = Outputs(current)
        opened.callback(_forsake_hung, console.file, say, outputs)
        opened.enter_context(closing(say))
        opened.enter_context(signals_stop(page.stops(current), console.file))
        with ExitStack() as sinks:
            if log is not None:
                sinks.enter_context(closing(EventLog(log, current)))
            sinks.enter_context(closing(outputs))
            sinks.enter_context(closing(MemoryWatch(config.memory_max_mb, current.telemetry)))
            files = [one for one in (jsonl, log) if one is not None and one.is_file]
            sinks.enter_context(hangup(partial(_reopen, files), current.stop))
            # Whatever fails below ends the run: nothing of it stays open, and the log says so.
            sinks.callback(current.close)
            try:
                if jsonl is not None:
                    outputs.add(jsonl.name, partial(_given, jsonl), everyone=True)
                _say_begin(config, current, say)
                if saving is not None:
                    outputs.add("--save", partial(_given, saving.sink), everyone=True)
                if config.output.table and console.is_terminal:
                    from edge.sinks.table import LiveTable  # only a terminal waits for it

                    outputs.add(TABLE, partial(LiveTable, console), everyone=True)
                add_network_outputs(config, current, outputs, encryption, say)
                # On the step thread: what systemd's watchdog watches is this thread.
                write = [outputs.write, service.write]
                marks = Marks(current)
                if config.dashboard.show:
                    sinks.enter_context(page.opened(current, encryption, say, marks))
                    write.append(page.write)
                with closing(current.verdicts()) as verdicts:
                    for verdict in map(marks.joined, verdicts):
                        for one in write:
                            one(verdict)
                # Asked now: closing the run stops it, too.
                page.ended_by_itself = not current.stopped or page.stopped_from_page
                if saving is not None:
                    saving.stopped = current.stopped
                outputs.close()  # a last write may fail
            except EdgeError as error:
                current.telemetry.event("run_failed", sentence=str(error))
                if current.telemetry.verdicts:  # otherwise it never began: print only the error
                    sinks.close()
                    _print_summary(current, say)
                raise
        _print_summary(current, say)
    return current


def _reopen(files: list[JsonLines]) -> None:
    for file in files:
        file.reopen()


def _given(sink: Sink) -> Sink:
    return sink


def _say_begin(config: Config, current: Run, say: Said) -> None:
    sources = ", ".join(feed.source.name for feed in current.feeds)
    name = current.bundle.manifest.name
    say(f"{name} on {current.device}; {sources}; press Ctrl-C to stop.", style="dim")
    if config.record.folder is not None:
        what = "sound and video" if config.record.raw else "the networks' inputs"
        say(f"Recording {what} to {config.record.folder}.", style="bold")


def _forsake_hung(screen: IO[str], say: Said, outputs: Outputs) -> None:
    """The error that may follow is not printed to a terminal that hangs."""
    if say.abandoned or TABLE in outputs.abandoned:
        forsake(screen)


def _print_summary(current: Run, say: Said) -> None:
    for note in current.telemetry.notes:
        say(f"note: {note}", style="yellow")
    say(summary(current.telemetry))
