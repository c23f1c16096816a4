"""Entry point of `cdat-edge` and of `python -m edge`. Ctrl-C works while libraries load, and SIGHUP
ends nothing but a process whose terminal has gone."""

from __future__ import annotations

import os
import signal
import sys
import threading

from edge import interrupt
from edge.commands.hangup import survives_hangup


def main() -> None:
    """Run the command line, and end the process."""
    interrupt.install()
    try:
        with survives_hangup():
            from edge.cli import main as command

            command()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        code = interrupt.EXIT_CODE
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # no Python code is interrupted now
        signal.signal(signal.SIGINT, lambda number, frame: interrupt.leave())
    if (processes := sys.modules.get("edge.processes")) is not None:
        processes.end_all()
    threads = [thread for thread in threading.enumerate() if thread.name != interrupt.WATCHER]
    if any(thread.daemon for thread in threads):
        # One still waits in a library, such as FFmpeg for a camera that does not answer. Python's
        # own end would pull the interpreter from under it.
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
        os._exit(code)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
