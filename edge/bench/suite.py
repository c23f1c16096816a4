"""The measurements of one `cdat-edge bench`, and the targets that they are compared with."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from edge.bench.live import measure_live
from edge.bench.load import BOTH, Load, busy, standard_load
from edge.bench.machine import machine
from edge.bench.offline import measure_offline
from edge.bench.sequential import measure_sequential
from edge.bench.sessions import measure_sessions
from edge.bench.start import measure_start
from edge.bench.statistics import Row, ratio
from edge.config import Config

RESULTS_SCHEMA = 2
FAULT = {"vision": "dark", "audio": "noise"}
"""Faults that always cause the stream to be dropped."""


@dataclass(frozen=True)
class Plan:
    """What to measure. `load` is None for devices, which only one run at a time can use."""

    seconds: float
    load: Load | None
    sequential: bool = False
    busy: int = 0
    durations_s: tuple[float, ...] = ()
    offline: bool = False
    dropped: tuple[str, ...] = ()
    sessions: tuple[int, ...] = ()
    start: bool = False


def measure(config: Config, plan: Plan, say: Callable[[str], None]) -> Row:
    """Run the plan. `say` is called before each measurement. The result is plain JSON."""
    feeds = plan.load.feeds() if plan.load is not None else None
    results: Row = {
        "schema": RESULTS_SCHEMA,
        "machine": machine(),
        "load": plan.load.name if plan.load is not None else "devices",
        "seconds": plan.seconds,
    }
    say(f"live, {plan.seconds:g} s")
    results["live"] = measure_live(config, feeds, plan.seconds)
    if plan.sequential and plan.load is not None:
        results["against_sequential"] = [
            _against(config, plan.load, plan.seconds, processes, say)
            for processes in sorted({0, plan.busy})
        ]
    elif plan.busy:
        say(f"live with {plan.busy} busy processes")
        with busy(plan.busy):
            results["live_busy"] = measure_live(config, feeds, plan.seconds)
    if plan.durations_s:
        results["durations"] = [
            _with_duration(config, plan, duration_s, say) for duration_s in plan.durations_s
        ]
    if plan.offline and plan.load is not None:
        with tempfile.TemporaryDirectory() as folder:
            clip = plan.load.clip(Path(folder))
            results["offline"] = []
            for asr in (False, True):
                say(f"a file on one core, {'with' if asr else 'without'} speech-to-text")
                results["offline"].append(measure_offline(config, clip, asr))
    if plan.dropped:
        results["dropped"] = [_dropped(config, plan.seconds, name, say) for name in plan.dropped]
    if plan.sessions:
        results["sessions"] = measure_sessions(config, plan.sessions, plan.seconds, say)
    if plan.start and plan.load is not None:
        results["start"] = measure_start(config, plan.load, say)
    results["targets"] = targets(results)
    return results


def _against(
    config: Config, load: Load, seconds: float, processes: int, say: Callable[[str], None]
) -> Row:
    """Live and the sequential loop, one after the other, with the same busy processes."""
    say(f"live and sequential with {processes} busy processes")
    with busy(processes):
        live = measure_live(config, load.feeds(), seconds)
        loop = measure_sequential(config, load, seconds)
    ours, theirs = live["label_age_ms"], loop["label_age_ms"]
    p99 = ratio(theirs and theirs["p99"], ours and ours["p99"])
    return {"busy": processes, "live": live, "sequential": loop, "age_ratio_p99": p99}


def _with_duration(
    config: Config, plan: Plan, duration_s: float, say: Callable[[str], None]
) -> Row:
    say(f"windows of {duration_s:g} s")
    window = config.window.model_copy(update={"duration_s": duration_s})
    feeds = plan.load.feeds() if plan.load is not None else None
    # Each is measured for the same time, after a warm-up that fills the window.
    seconds = plan.seconds + duration_s
    return measure_live(config.model_copy(update={"window": window}), feeds, seconds)


def _dropped(config: Config, seconds: float, stream: str, say: Callable[[str], None]) -> Row:
    """CPU with `stream` used, dropped and off, without speech-to-text, which belongs to text."""
    say(f"{stream} used, dropped and off")
    asr = config.asr.model_copy(update={"engine": "none"})
    silent = config.model_copy(update={"asr": asr})
    well = standard_load(seconds + 2)
    fault = FAULT[stream]
    rows = {
        "well": measure_live(silent, well.feeds(), seconds),
        "dropped": measure_live(silent, standard_load(seconds + 2, stream, fault).feeds(), seconds),
        "off": measure_live(silent, well.feeds(BOTH - {stream}), seconds),
    }
    cpu = {state: _worked_ms_per_s(row, stream) for state, row in rows.items()}
    share = cpu["well"] - cpu["off"]
    used = rows["dropped"]["used_share"].get(stream, 0.0)
    return {
        "stream": stream,
        "fault": fault,
        "cpu_ms_per_s": cpu,
        # If the gate continued to use the stream, it was not dropped, so its cost is not valid.
        "saved_of_share": ratio(cpu["well"] - cpu["dropped"], share) if used < 0.1 else None,
        "used_while_dropped": used,
        **rows,
    }


OWN = {"vision": ("vision",), "audio": ("audio",)}
"""The threads that work on a stream. Those of the other stream vary from run to run by more than a
microphone costs."""


def _worked_ms_per_s(row: Row, stream: str) -> float:
    """CPU of the threads that work on a stream, without those that generate or decode the load."""
    cpu: dict[str, float] = row["cpu_ms_per_s"]
    return sum(cpu.get(name, 0.0) for name in OWN[stream])


def targets(results: Row) -> list[Row]:
    """The targets with the measured values. A measurement that was not run has no target."""
    found: list[Row] = []

    def target(what: str, value: float | None, limit: float, at_least: bool) -> None:
        met = None if value is None else (value >= limit if at_least else value <= limit)
        sign = ">=" if at_least else "<="
        found.append({"what": what, "value": value, "target": f"{sign} {limit:.3g}", "met": met})

    live = results["live"]
    overhead, engine = live["overhead_ms"], live["stages_ms"].get("engine")
    if overhead is not None and engine is not None:
        limit = max(1.5, 0.25 * engine["p50"])
        target("window close to verdict less engine, p50, ms", overhead["p50"], limit, False)
        tail_ratio = ratio(overhead["p99"], overhead["p50"])
        target("the same, p99 over p50", tail_ratio, 3.0, False)
    for row in results.get("against_sequential", ()):
        if row["busy"]:
            what = f"age of the label at p99, sequential over live, {row['busy']} busy processes"
            target(what, row["age_ratio_p99"], 5.0, True)
    by_duration = {row["duration_s"]: row for row in results.get("durations", ())}
    if len(by_duration) > 1:
        short, long = min(by_duration), max(by_duration)
        ours, theirs = by_duration[long]["step_cpu_ms"], by_duration[short]["step_cpu_ms"]
        growth = ratio(ours and ours["p50"], theirs and theirs["p50"])
        target(f"CPU a step, windows of {long:g} s over {short:g} s", growth, 1.3, False)
    for row in results.get("offline", ()):
        asr = row["speech_to_text"]
        what = f"a file on one core {'with' if asr else 'without'} speech-to-text, x real time"
        target(what, row["times_real_time"], 6.0 if asr else 20.0, True)
    if len(rows := results.get("sessions", ())) > 1:
        most, first = rows[-1], rows[0]["shared"]["cpu_ms_per_s"]
        many = f"{most['sessions']} sessions in one process"
        target(f"{many}: age of the label at p99, ms", most["shared"]["age_p99_ms"], 250, False)
        dearest = ratio(dearest_session(rows), first)
        target("CPU of the dearest further session over the first", dearest, 1.1, False)
        for key, what, limit in (("cpu_ms_per_s", "CPU", 0.6), ("memory_mib", "memory", 0.2)):
            target(f"{many} over a process each: {what}", most["ratios"][key], limit, False)
    for row in results.get("start", ()):
        words = "with" if row["speech_to_text"] else "without"
        target(f"command to first label {words} speech-to-text, s", row["wall_s"], 1.5, False)
        target(f"memory of a run {words} speech-to-text, MiB", row["memory_mib"], 300, False)
    for row in results.get("dropped", ()):
        what = f"{row['stream']} dropped: CPU saved of its share"
        target(what, row["saved_of_share"], 0.8, True)
    return found


def dearest_session(rows: Sequence[Row]) -> float | None:
    """The CPU of a further session in one process, in ms a second: the highest of all steps
    between two numbers of sessions. None if a number is not known."""
    cpu = [(row["sessions"], row["shared"]["cpu_ms_per_s"]) for row in rows]
    if any(value is None for _, value in cpu):
        return None
    steps = pairwise(sorted(cpu))
    return float(max((more - less) / (many - few) for (few, less), (many, more) in steps))
