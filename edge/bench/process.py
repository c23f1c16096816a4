"""CPU time by thread and memory of this process and its children, from Linux' /proc.

On other systems every value is None, and the report shows "not available".
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

TASKS = Path("/proc/self/task")
_TICKS_HZ = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_NUMBERED = re.compile(r"[-/]?\d+$")
_SHARE = re.compile(r"^Pss:\s+(\d+) kB", re.M)
_bystanders: set[int] = set()


@contextmanager
def bystander(command: Sequence[str], out: IO[str] | None = None) -> Iterator[None]:
    """A child process that is excluded from the measurement. It ends with the context."""
    target = subprocess.DEVNULL if out is None else out
    process = subprocess.Popen(command, stdout=target, stderr=subprocess.DEVNULL)
    _bystanders.add(process.pid)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        _bystanders.discard(process.pid)


def cpu_by_thread_ns() -> Counter[str]:
    """CPU time so far of all living threads by name, and of living child processes.

    A thread that Python did not start has the name from its library, without its number. A thread
    without a name is "unnamed".
    """
    ours = {thread.native_id: thread.name for thread in threading.enumerate()}
    spent: Counter[str] = Counter()
    for task in _numbered(TASKS):
        name = ours.get(int(task.name)) or _foreign_name(task)
        spent[name] += _task_ns(task)
    for child in children():
        if ns := cpu_of_ns(child):
            spent["child processes"] += ns
    return spent


def children() -> list[int]:
    """Process ids of the living children except bystanders."""
    found: set[int] = set()
    for task in _numbered(TASKS):
        found.update(int(pid) for pid in _read(task / "children").split())
    return sorted(found - _bystanders)


def resident_bytes() -> int | None:
    """Resident memory now, including children."""
    sizes = [_resident(Path("/proc/self")), *(_resident(Path(f"/proc/{c}")) for c in children())]
    return sum(size for size in sizes if size is not None) if sizes[0] is not None else None


def proportional_bytes() -> int | None:
    """Resident memory now, including children; of a page that several processes have, its share."""
    processes = [Path("/proc/self"), *(Path(f"/proc/{child}") for child in children())]
    found = [_SHARE.search(_read(process / "smaps_rollup")) for process in processes]
    return None if found[0] is None else sum(int(one[1]) * 1024 for one in found if one is not None)


def memory_alone_bytes(pids: Sequence[int]) -> int | None:
    """Resident memory of these processes, as if no other had the same libraries loaded.

    A file that several of them have mapped counts once. None where the system does not tell.
    """
    own_kb = 0
    files: dict[str, int] = {}
    for pid in pids:
        of_process: Counter[str] = Counter()
        name, resident_kb = "", 0
        for line in _read(Path(f"/proc/{pid}/smaps")).splitlines():
            key, *values = line.split()
            if not key.endswith(":"):
                name = values[4] if len(values) > 4 else ""
            elif key == "Rss:":
                resident_kb = int(values[0])
            elif key == "Anonymous:":
                own_kb += int(values[0])
                of_process[name] += resident_kb - int(values[0])
        files |= {name: max(kb, files.get(name, 0)) for name, kb in of_process.items()}
    return (own_kb + sum(files.values())) * 1024 or None


def processes_of(pid: int) -> list[int]:
    """A process and all that it has started, and those have started."""
    found = [pid]
    for task in _numbered(Path(f"/proc/{pid}/task")):
        for child in _read(task / "children").split():
            found += processes_of(int(child))
    return found


def cpu_of_ns(pid: int) -> int:
    """CPU time so far of the living threads of one process."""
    return sum(_task_ns(task) for task in _numbered(Path(f"/proc/{pid}/task")))


def _resident(process: Path) -> int | None:
    fields = _read(process / "statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 1 else None


def _numbered(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.name.isdigit()]
    except OSError:
        return []


def _foreign_name(task: Path) -> str:
    name = _NUMBERED.sub("", _read(task / "comm").strip())
    return "unnamed" if not name or name.startswith(("python", "cdat-edge", "pytest")) else name


def _task_ns(task: Path) -> int:
    """In nanoseconds if the kernel reports them, else in ticks of 10 ms."""
    fields = _read(task / "schedstat").split()
    if fields:
        return int(fields[0])
    stat = _read(task / "stat").rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) * 1_000_000_000 // _TICKS_HZ if len(stat) > 12 else 0


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:  # it has ended, or this is not Linux
        return ""


class Meter:
    """Reads at most once a second, because a reading costs a millisecond. One thread."""

    def __init__(self) -> None:
        self._next_s = 0.0
        self._start: tuple[float, Counter[str]] | None = None
        self._end: tuple[float, Counter[str]] | None = None
        self._resident: list[int] = []

    def start(self) -> None:
        """Count CPU time from now on."""
        self._start = time.monotonic(), cpu_by_thread_ns()

    def read(self) -> None:
        """Take a reading if one is due."""
        if time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + 1.0
        if self._start is not None:
            self._end = time.monotonic(), cpu_by_thread_ns()
        if (resident := resident_bytes()) is not None:
            self._resident.append(resident)

    def cpu_ms_per_s(self) -> dict[str, float]:
        """CPU milliseconds a second of each thread, highest first."""
        if self._start is None or self._end is None or not self._end[1]:
            return {}
        seconds = self._end[0] - self._start[0]
        spent = self._end[1] - self._start[1]  # excludes threads that used no CPU
        return {name: ns / 1e6 / seconds for name, ns in spent.most_common()}

    def resident_mib(self) -> dict[str, float] | None:
        """Memory at the start, at the end and at its peak."""
        if not self._resident:
            return None
        mib = np.array(self._resident) / 2**20
        return {"start": float(mib[0]), "end": float(mib[-1]), "peak": float(mib.max())}
