"""The parts of a report: a table for each kind of measurement."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from edge.bench.cells import cells, listed, number, table, yes
from edge.bench.statistics import PERCENTILES, Row


def live_section(title: str, row: Row) -> str:
    """Times, and below them a list of the other values."""
    times = [[f"stage: {name}", *cells(row)] for name, row in row["stages_ms"].items()]
    times.append(["total less engine", *cells(row["overhead_ms"])])
    times += [[f"age of {n} evidence", *cells(s)] for n, s in row["evidence_age_ms"].items()]
    times.append(["age of the label", *cells(row["label_age_ms"])])
    times.append(["jitter", *cells(row["jitter_ms"])])
    times.append(["CPU of the step thread, a step", *cells(row["step_cpu_ms"])])
    cpu = row["cpu_ms_per_s"]
    memory, gpus = row["resident_mib"], row["gpu"]
    drops = ", ".join(f"{what} {count}" for what, count in row["drops"].items())
    facts = [
        f"- {row['verdicts']} verdicts at {number(row['rate_hz'])} Hz"
        f" (asked: {1 / row['step_s']:g} Hz), windows of {row['duration_s']:g} s, {row['engine']}",
        f"- drops: {drops or 'none'}",
        "- CPU, ms a second: "
        + (listed(cpu) + f"; total {number(sum(cpu.values()))}" if cpu else "not available"),
        f"- resident memory, MiB: {listed(memory) if memory else 'not available'}",
        *[f"- GPU: {listed(gpu)}" for gpu in gpus or ()],
        *([] if gpus else ["- GPU: not available"]),
        *[f"- note: {note}" for note in row["notes"]],
    ]
    head = f"## {title}, {row['seconds']:g} s, without the first {row['warm_up_s']:g} s\n"
    return "\n".join([head, table(["ms", *PERCENTILES], times), *facts, ""])


def _sequential(rows: Iterable[Row]) -> str:
    lines = []
    for row in rows:
        for name in ("live", "sequential"):
            age, rate = row[name]["label_age_ms"], number(row[name]["rate_hz"])
            lines.append([str(row["busy"]), name, rate, *cells(age)])
        lines.append([str(row["busy"]), "ratio at p99", "", "", "", number(row["age_ratio_p99"])])
    head = ["busy processes", "age of the label, ms", "verdicts/s", *PERCENTILES]
    return table(head, [line + [""] * (len(head) - len(line)) for line in lines])


def _durations(rows: Iterable[Row]) -> str:
    lines = []
    for row in rows:
        stages = row["stages_ms"]
        lines.append(
            [
                f"{row['duration_s']:g} s",
                *cells(row["step_cpu_ms"]),
                *[number(stages[name]["p50"]) for name in ("text", "fusion", "gate", "total")],
                number(sum(row["cpu_ms_per_s"].values())),
            ]
        )
    head = [f"step CPU {p}" for p in PERCENTILES] + ["text", "fusion", "gate", "total"]
    return table(["window", *head, "CPU ms/s"], lines)


def _offline(rows: Iterable[Row]) -> str:
    lines = [
        [
            "with" if row["speech_to_text"] else "without",
            number(row["times_real_time"]),
            number(row["wall_s"]),
            number(row["cpu_s"]),
            number(row["media_s"]),
            yes(row["one_core"]),
        ]
        for row in rows
    ]
    head = ["speech-to-text", "x real time", "wall s", "CPU s", "media s", "held to one core"]
    return table(head, lines)


def _dropped(rows: Iterable[Row]) -> str:
    lines = [
        [
            row["stream"],
            row["fault"],
            *[number(row["cpu_ms_per_s"][state]) for state in ("well", "dropped", "off")],
            number(row["saved_of_share"]),
            number(row["used_while_dropped"]),
        ]
        for row in rows
    ]
    head = ["stream", "fault", "well, CPU ms/s", "dropped", "off", "saved of share", "still used"]
    return table(head, lines)


def _sessions(rows: Iterable[Row]) -> str:
    lines = []
    for row in rows:
        for name, shown in (("shared", "one process"), ("apart", "a process each")):
            of = row[name]
            values = (of["cpu_ms_per_s"], of["memory_mib"], of["age_p50_ms"], of["age_p99_ms"])
            dropped = str(of["dropped"])
            lines.append([str(row["sessions"]), shown, *map(number, values), dropped])
        ratios = row["ratios"].values()
        lines.append([str(row["sessions"]), "ratio", *map(number, ratios), ""])
    head = ["CPU ms/s", "memory MiB", "age of the label p50, ms", "p99", "dropped"]
    return table(["sessions", "", *head], lines)


def _served(rows: Iterable[Row]) -> str:
    keys = ("age_p50_ms", "age_p99_ms", "verdicts_per_s", "sent_mb_per_s", "load_cpu_ms_per_s")
    lines = [
        [
            f"{row['answered']} of {row['sessions']}",
            *(number(row[key]) for key in keys),
            str(row["dropped"]),
            str(row["not_sent"]),
        ]
        for row in rows
    ]
    head = ["sessions", "age of the label p50, ms", "p99", "verdicts/s of the slowest", "sent MB/s"]
    ended = [f"- {row['sessions']} sessions: {why}" for row in rows for why in row["ended"]]
    head += ["CPU of the load, ms/s", "dropped", "not sent"]
    return "\n".join([table(head, lines), *ended, ""])


def _start(rows: Iterable[Row]) -> str:
    keys = ("wall_s", "evidence_s", "cpu_s", "memory_mib")
    lines = [
        ["with" if row["speech_to_text"] else "without", *(number(row[key]) for key in keys)]
        for row in rows
    ]
    head = ["command to first label, s", "of it picture and sound, s", "CPU s", "memory MiB"]
    return table(["speech-to-text", *head], lines)


SECTIONS: dict[str, tuple[str, Callable[[Iterable[Row]], str]]] = {
    "against_sequential": ("Against the sequential loop", _sequential),
    "durations": ("Window length", _durations),
    "offline": ("A file at full speed", _offline),
    "dropped": ("A dropped stream", _dropped),
    "sessions": ("Several sessions", _sessions),
    "served": ("A service", _served),
    "start": ("A start, the median of five", _start),
}
"""Title and table of each part of the results, in the order of the page."""
