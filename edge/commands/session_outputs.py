"""The outputs of one session: its part of the common file, its own files, and over a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from edge.commands.encryption import Encryption
from edge.commands.event_log import EventLog
from edge.commands.network import add_network_outputs
from edge.commands.outputs import Outputs, Said
from edge.commands.session_lines import CommonLines
from edge.commands.verdict_lines import open_verdict_lines
from edge.errors import EdgeError, SinkError
from edge.recognition.verdict import Verdict
from edge.runtime.sessions import Session, Write
from edge.sinks import Sink
from edge.sinks.jsonl import JsonLines


class SessionOutputs:
    """Made on the main thread, so that a bad path is told before anything runs; the rest belongs to
    the session's thread."""

    def __init__(self, session: Session, common: CommonLines | None) -> None:
        """Open the session's own files.

        Raises:
            SinkError: One cannot be written, or another run writes to it.
        """
        self._session, self._common = session, common
        self._lines: JsonLines | None = None
        self._log: JsonLines | None = None
        output, name = session.config.output, session.name
        with ExitStack() as undo:
            try:
                if output.jsonl is not None:
                    limit_mb = output.jsonl_max_mb
                    self._lines = open_verdict_lines(output.jsonl, limit_mb, lambda: session.run)
                    undo.callback(self._lines.close)
                if output.log is not None:
                    self._log = JsonLines(output.log, "log", append=True)
                    undo.callback(self._log.close)
            except SinkError as error:
                raise SinkError(f"session {name}: {error}") from None
            undo.pop_all()

    @property
    def files(self) -> list[JsonLines]:
        """Those that may be renamed while they are written."""
        return [one for one in (self._lines, self._log) if one is not None and one.is_file]

    def close(self) -> None:
        """Close the files of a session that never began. Idempotent."""
        for one in self.files:
            one.close()

    @contextmanager
    def opened(
        self, encryption: Encryption, say: Said, alive: Callable[[], None]
    ) -> Iterator[Write]:
        """Give the function that takes each verdict; afterwards all is written. Session's thread.

        Args:
            alive: Called with each verdict.

        Raises:
            EdgeError: An output cannot be opened, or cannot write any more.
        """
        session, run = self._session, self._session.run
        outputs = Outputs(run)

        def write(verdict: Verdict) -> None:
            outputs.write(verdict)
            alive()

        with ExitStack() as sinks:
            if self._log is not None:
                sinks.enter_context(closing(EventLog(self._log, run)))
            sinks.enter_context(closing(outputs))
            try:
                if self._common is not None:
                    part = self._common.of(session.name, run)
                    outputs.add(self._common.file.name, lambda: part, everyone=True)
                if (lines := self._lines) is not None:
                    outputs.add(lines.name, lambda: _given(lines), everyone=True)
                add_network_outputs(session.config, run, outputs, encryption, say)
                yield write
                outputs.close()  # a last write may fail
            except EdgeError as error:
                run.telemetry.event("run_failed", sentence=str(error))
                raise
        session.lost += [f"{name} takes no more: it was abandoned." for name in outputs.abandoned]


def _given(sink: Sink) -> Sink:
    return sink
