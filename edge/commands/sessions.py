"""`cdat-edge run --sources`: several sessions in one process, over the same networks."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack, closing
from functools import partial

import typer

from edge.commands.encryption import Encryption
from edge.commands.hangup import hangup, survives_hangup
from edge.commands.library_lines import library_lines_are_noted
from edge.commands.memory_watch import MemoryWatch
from edge.commands.outputs import Said
from edge.commands.same_microphone import check_microphones
from edge.commands.screen import screen
from edge.commands.session_lines import CommonLines
from edge.commands.session_outputs import SessionOutputs
from edge.commands.sessions_table import drawn, lines_of
from edge.commands.stop_signals import signals_stop
from edge.config.sessions import Plan
from edge.config.sessions_checks import check_apart, check_common
from edge.runtime.sessions import Session, Sessions
from edge.runtime.telemetry import Telemetry
from edge.sinks.jsonl import JsonLines
from edge.sinks.service import Service


def run_sessions(plan: Plan) -> None:
    """Run all sessions to their ends, to Ctrl-C or to SIGTERM; then print the table.

    Raises:
        EdgeError: What was asked for cannot be begun; a session that fails later ends alone.
        typer.Exit: With code 1, after the table, if a session failed or lost a recording.
    """
    check_common(plan.common)
    check_apart(plan)
    check_microphones(plan)
    config = plan.common
    console = screen(stderr=not sys.stdout.isatty() or config.output.jsonl == "-")
    encryption = Encryption(config.tls)
    notes = Telemetry()  # of what belongs to no session
    with ExitStack() as opened:
        opened.enter_context(survives_hangup())
        common: CommonLines | None = None
        if config.output.jsonl is not None:
            common = CommonLines(config.output.jsonl, config.output.jsonl_max_mb)
            opened.enter_context(closing(common))
        sessions = opened.enter_context(Sessions(plan))
        outputs: dict[str, SessionOutputs] = {}
        for session in sessions.all:
            outputs[session.name] = SessionOutputs(session, common)
            opened.enter_context(closing(outputs[session.name]))
        files = [file for one in outputs.values() for file in one.files]
        files += [common.file] if common is not None and common.file.is_file else []
        if any(not session.run.offline for session in sessions.all):
            opened.enter_context(library_lines_are_noted(notes.note))
        say = opened.enter_context(closing(Said(console)))
        opened.enter_context(signals_stop(sessions, console.file))
        opened.enter_context(hangup(partial(_reopen, files), sessions.stop))
        opened.enter_context(closing(MemoryWatch(config.memory_max_mb, notes)))
        alive = opened.enter_context(closing(_Alive(len(sessions.all))))
        device = sessions.models.networks.device
        say(
            f"{sessions.bundle_name} on {device}; {len(sessions.all)} sessions; press Ctrl-C to"
            " stop.",
            style="dim",
        )
        for session in sessions.all:
            sources = ", ".join(feed.source.name for feed in session.run.feeds)
            say(f"{session.name}: {sources}", style="dim")
            record = session.config.record
            if record.folder is not None:
                what = "sound and video" if record.raw else "the networks' inputs"
                say(f"{session.name}: recording {what} to {record.folder}.", style="bold")

        def ended(session: Session) -> None:
            style = "dim" if session.saved else "red"
            say(f"{session.name}: {' '.join([session.why, *session.lost])}", style=style)

        sessions.work(
            lambda session: outputs[session.name].opened(encryption, say, alive.tell), ended
        )
        _tell_notes(sessions, notes, say)
    _print_table(sessions, stderr=config.output.jsonl == "-")
    if not all(session.saved for session in sessions.all):
        raise typer.Exit(1)


def _reopen(files: list[JsonLines]) -> None:
    for file in files:
        file.reopen()


class _Alive:
    """Feeds systemd's watchdog while any session makes verdicts."""

    def __init__(self, sessions: int) -> None:
        self._service, self._sessions = Service(), sessions
        self._lock = threading.Lock()

    def tell(self) -> None:
        """Any thread."""
        with self._lock:
            self._service.tell(f"{self._sessions} sessions")

    def close(self) -> None:
        """Say that the process ends."""
        self._service.close()


def _tell_notes(sessions: Sessions, notes: Telemetry, say: Said) -> None:
    """What happened, a sentence each: of all first, then of each session."""
    of_all = [*sessions.models.notes, *notes.notes]
    for note in of_all:
        say(f"note: {note}", style="yellow")
    for name, passes in sessions.models.networks.passes.items():
        if name != "fusion" and passes.items:
            say(f"{name}: {passes.items} items in {passes.passes} passes", style="dim")
    for session in sessions.all:
        telemetry = session.run.telemetry
        for note in telemetry.notes:
            if note not in of_all:
                say(f"note: {session.name}: {note}", style="yellow")
        drops = ", ".join(f"{what} {count}" for what, count in sorted(telemetry.drops.items()))
        if drops:
            say(f"{session.name}: dropped {drops}", style="dim")


def _print_table(sessions: Sessions, stderr: bool) -> None:
    console = screen(stderr=stderr)
    if console.is_terminal:
        console.print(drawn(sessions.all))
    else:
        for line in lines_of(sessions.all):
            console.print(line, soft_wrap=True, markup=False)
