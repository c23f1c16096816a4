"""Records many files in several processes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Sequence

from train.corpora.recorded.record import Job, Recorded
from train.corpora.recorded.worker import Worker


def record_all(jobs: Sequence[Job], workers: int) -> Generator[tuple[Job, Recorded], None, None]:
    """Yield each job with its outcome, in the order in which they end.

    When the iterator is closed, or fails, the processes are killed; what they had completed stays.

    Raises:
        EdgeError: Nothing can be recorded (a full disk, a missing model). One sentence.
    """
    todo: queue.SimpleQueue[Job] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Job, Recorded] | BaseException] = queue.SimpleQueue()
    crew = _Crew()
    for job in jobs:
        todo.put(job)

    def work() -> None:
        try:
            worker: Worker | None = None
            while not crew.dismissed:
                job = todo.get_nowait()
                if worker is None or not worker.alive:
                    worker = crew.hire()
                done.put((job, worker.record(job)))
        except queue.Empty:
            pass
        except BaseException as error:  # raised below, on the caller's thread
            done.put(error)

    threads = [
        threading.Thread(target=work, name=f"worker {number}", daemon=True)
        for number in range(min(workers, len(jobs)))
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in jobs:
            ended = done.get()
            if isinstance(ended, BaseException):
                raise ended
            yield ended
    finally:
        crew.dismiss()


class _Crew:
    """The processes that have been started. Any thread."""

    def __init__(self) -> None:
        self._workers: list[Worker] = []
        self._lock = threading.Lock()
        self.dismissed = False

    def hire(self) -> Worker:
        worker = Worker()
        with self._lock:
            self._workers.append(worker)
            if self.dismissed:
                worker.kill()
        return worker

    def dismiss(self) -> None:
        with self._lock:
            self.dismissed = True
            for worker in self._workers:
                worker.kill()
