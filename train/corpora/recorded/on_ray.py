"""Records many files on a Ray cluster: a task a file, as many at once as there are processors.

Tasks, not Ray Data: the recordings are written by the tasks and nothing passes between them, so
there are no blocks to plan; and each file can be counted, tried again and reported by itself.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from edge.errors import DataError, EdgeError, first_line
from edge.ray_cluster import ray_cluster
from train.corpora.recorded.answer import Answer, recorded_of
from train.corpora.recorded.extract import RecordAll
from train.corpora.recorded.on_node import Release, release
from train.corpora.recorded.ray_failures import failures_told, lost
from train.corpora.recorded.record import Job, Recorded

TRIES = 3
"""Of a file whose process ends. A node may be lost, and then the file is not to blame."""
SEEN = ".seen-"
QUIET_S = 30.0
"""When no file has ended for so long, and none is in work, it is said."""


@contextmanager
def on_ray(
    address: str, workers: int | None, processors: int, say: Callable[[str], None]
) -> Iterator[RecordAll]:
    """A `record` for `extract`, while the cluster is connected.

    Args:
        address: As `ray_cluster`.
        workers: Files at once; None: one a processor of the cluster, counted again at each file.
        processors: Of a Ray that is started here.
        say: Told once when the cluster has no room for any file; a sentence.

    Raises:
        EdgeError: As `ray_cluster`.
    """
    with ray_cluster(address, workers or processors) as ray:
        yield partial(_record_all, ray, workers, say)


def _record_all(
    ray: ModuleType, workers: int | None, say: Callable[[str], None], jobs: Sequence[Job]
) -> Generator[tuple[Job, Recorded], None, None]:
    """Yield each job with its outcome, in the order in which they end.

    When the iterator is closed, or fails, the tasks are killed; what they had completed stays.

    Raises:
        DataError: A node does not see a file.
        EdgeError: Nothing can be recorded, Ray failed, or a node has another release. One sentence.
    """
    task = ray.remote(num_cpus=1, max_retries=0)(_task())
    todo = deque((job, 1) for job in jobs)
    running: dict[Any, tuple[Job, int]] = {}
    said = False
    with _mark(jobs) as mark, failures_told(ray):
        try:
            while todo or running:
                at_once = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
                while todo and len(running) < at_once:
                    job, number = todo.popleft()
                    running[task.remote(job.model_dump(), release(), mark)] = job, number
                ready, _ = ray.wait(list(running), num_returns=1, timeout=QUIET_S)
                if not ready:
                    if not said and not _in_work(jobs):
                        said = True
                        say(_no_room(ray))
                    continue
                ended = ready[0]
                job, number = running.pop(ended)
                answer = _answer(ray, ended, job)
                if answer is not None:
                    yield job, _outcome(job, answer)
                elif number < TRIES:
                    todo.appendleft((job, number + 1))
                else:
                    reason = f"the process that read it ended in each of {TRIES} tries"
                    yield job, Recorded(reason=reason)
        finally:
            for unfinished in running:
                with suppress(Exception):  # whatever ended the loop is told, not this
                    ray.cancel(unfinished, force=True)


def _in_work(jobs: Sequence[Job]) -> bool:
    """Whether a node records now: an unfinished recording lies in the folder."""
    hidden = (path.name for path in Path(jobs[0].recordings).glob(".*"))
    return any(not name.startswith(SEEN) for name in hidden)


def _no_room(ray: ModuleType) -> str:
    free, all_of_it = (
        int(found.get("CPU", 0)) for found in (ray.available_resources(), ray.cluster_resources())
    )
    return (
        f"No file is in work for {QUIET_S:g} s: the cluster has {free} of {all_of_it} processors"
        " free, and a file needs one. It goes on when there is one (`ray status`)."
    )


def _task() -> Callable[[dict[str, Any], Release, str], Answer]:
    # Made in a function, so that Ray sends its code: a node without the package can then say so.
    def record(job: dict[str, Any], wanted: dict[str, Any], mark: str) -> dict[str, Any]:
        import socket

        try:
            from train.corpora.recorded.on_node import answer_on_node
        except ImportError as error:
            return {"node": socket.gethostname(), "missing": str(error)}
        return answer_on_node(job, wanted, mark)

    return record


def _answer(ray: ModuleType, ended: Any, job: Job) -> Answer | None:
    """What a task answered; None if its process or its node ended.

    Raises:
        EdgeError: It failed in a way that no answer describes.
    """
    try:
        answer: Answer = ray.get(ended)
    except ray.exceptions.RayTaskError as error:
        told = first_line(error.cause or error).rstrip(".")
        raise EdgeError(f"{job.file} cannot be recorded on Ray: {told}.") from None
    except lost(ray):
        return None
    return answer


def _outcome(job: Job, answer: Answer) -> Recorded:
    """Raises: as `_record_all`."""
    node = answer.pop("node")
    if "missing" in answer:
        raise EdgeError(
            f"The node {node} lacks this release of cdat-edge with its extra train"
            f" ({answer['missing']}): install the same on every node."
        )
    if "refused" in answer:
        raise EdgeError(answer["refused"])
    if "unseen" in answer:
        if not os.path.exists(job.file):  # removed since the command began
            return Recorded(reason="it does not exist")
        raise DataError(
            f"The node {node} does not see {job.file}: the files must be in a folder that every"
            " node shares, at the same path."
        )
    if "error" in answer and node != socket.gethostname():
        answer["error"] = f"On the node {node}: {answer['error']}"
    return recorded_of(answer)


@contextmanager
def _mark(jobs: Sequence[Job]) -> Iterator[str]:
    """A new file in the folder of the recordings: a node that sees it, shares the folder."""
    if not jobs:
        yield ""
        return
    folder = Path(jobs[0].recordings)
    for old in folder.glob(f"{SEEN}*"):  # of a command that was killed
        old.unlink(missing_ok=True)
    # A name that no node has looked up before, so that no file system has cached that it is absent.
    mark = folder / f"{SEEN}{os.urandom(4).hex()}"
    mark.touch()
    try:
        yield str(mark)
    finally:
        mark.unlink(missing_ok=True)
