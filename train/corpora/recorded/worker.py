"""`python -m train.corpora.recorded.worker`: a process that records files, and its other end.

One line of JSON is a job, one line the answer. A file that crashes a decoder ends this process and
no other. The process also ends when its input ends, even in the middle of a file: so nothing is
written after the command was killed.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from typing import IO

import cv2

from edge.errors import EdgeError
from edge.processes import start_module
from train.corpora.recorded.answer import answer_to, recorded_of
from train.corpora.recorded.record import Job, Recorded

READY = b"ready\n"


class Worker:
    """The process, from outside. `record` on one thread; `kill` on any."""

    def __init__(self) -> None:
        """Start the process and wait until it is ready.

        Raises:
            EdgeError: It ended at once; its own message is on standard error.
        """
        self._process = start_module("train.corpora.recorded.worker")
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        if self._from.readline() != READY:
            self.kill()
            raise EdgeError("A process that reads files could not be started: see above.")

    @property
    def alive(self) -> bool:
        """Whether it can take another job."""
        return self._process.poll() is None

    def record(self, job: Job) -> Recorded:
        """The answer to a job; a reason to leave the file out if the process ended meanwhile.

        Raises:
            EdgeError: Nothing can be recorded, as `record_file` raises it.
        """
        try:
            self._to.write(job.model_dump_json().encode() + b"\n")
            self._to.flush()
            line = self._from.readline()
        except (OSError, ValueError):  # it ended, or was killed on another thread
            line = b""
        if not line.endswith(b"\n"):
            self.kill()
            code = self._process.returncode
            return Recorded(reason=f"the process that read it ended with exit code {code}")
        return recorded_of(json.loads(line))

    def kill(self) -> None:
        """End the process. Idempotent."""
        self._process.kill()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:  # it waits for a disk that does not answer
            return


def serve(jobs: IO[bytes], out: IO[bytes]) -> None:
    """Answer jobs until the input ends."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        for line in jobs:
            waiting.put(line)
        os._exit(0)

    threading.Thread(target=read, name="jobs", daemon=True).start()
    while True:
        answer = answer_to(Job.model_validate_json(waiting.get()))
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()


def main() -> None:
    """Run the process. Standard output carries answers, so library output goes to stderr."""
    cv2.setNumThreads(1)  # one process a core is enough
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    out.write(READY)
    out.flush()
    serve(sys.stdin.buffer, out)


if __name__ == "__main__":
    main()
