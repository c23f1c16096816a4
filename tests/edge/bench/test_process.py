"""CPU time and memory are those of the kernel."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from edge.bench.load import busy
from edge.bench.process import (
    TASKS,
    Meter,
    children,
    cpu_by_thread_ns,
    cpu_of_ns,
    memory_alone_bytes,
    processes_of,
    resident_bytes,
)

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(not TASKS.is_dir(), reason="needs Linux' /proc"),
]


def spin(cpu_s: float) -> None:
    until = time.thread_time() + cpu_s
    while time.thread_time() < until:
        pass


def test_the_cpu_time_of_a_thread_has_its_name() -> None:
    done = threading.Event()
    spun = threading.Event()

    def work() -> None:
        spin(0.1)
        spun.set()
        done.wait()

    before = cpu_by_thread_ns()
    thread = threading.Thread(target=work, name="a worker")
    thread.start()
    spun.wait()
    spent = cpu_by_thread_ns() - before
    done.set()
    thread.join()
    assert spent["a worker"] == pytest.approx(0.1e9, rel=0.3)
    assert "a worker" not in cpu_by_thread_ns()


def test_a_child_counts_and_a_busy_process_beside_us_does_not() -> None:
    with busy(1):
        assert children() == []
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
            assert children() == [child.pid]
            alone = resident_bytes()
            child.kill()
    assert children() == []
    rest = resident_bytes()
    assert alone is not None and rest is not None and alone > rest


def test_a_meter_gives_milliseconds_a_second_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr("edge.bench.process.time.monotonic", lambda: now_s[0])
    meter = Meter()
    meter.start()
    spin(0.05)
    now_s[0] += 2.0
    meter.read()
    meter.read()  # not a second later: passed over
    assert meter.cpu_ms_per_s()["MainThread"] == pytest.approx(25, rel=0.4)
    memory = meter.resident_mib()
    assert memory is not None and memory["start"] == memory["end"] == memory["peak"] > 10


def test_before_the_first_reading_there_is_no_value() -> None:
    meter = Meter()
    assert meter.cpu_ms_per_s() == {}
    assert meter.resident_mib() is None


def test_the_processes_of_a_process_are_found_with_their_time_and_memory() -> None:
    child = "print('ready', flush=True); input()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()  # the child has loaded its interpreter
        found = processes_of(parent.pid)
        assert found[0] == parent.pid and len(found) == 2
        assert all(cpu_of_ns(pid) > 0 for pid in found)
        both, *each = [memory_alone_bytes(pids) or 0 for pids in (found, found[:1], found[1:])]
        # Both have the interpreter's library, which counts once.
        assert max(each) < both < sum(each)
        parent.communicate(b"\n")
    assert memory_alone_bytes([parent.pid]) is None
