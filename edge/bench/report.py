"""The results as files: JSON, a Markdown page, an image."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from edge.bench.plot import blank, plot
from edge.bench.statistics import PERCENTILES, Row
from edge.errors import SinkError


def prepare(folder: Path) -> None:
    """Make `folder` if needed, and see that results and plot can be written there: before minutes
    of measuring, not after them.

    Raises:
        SinkError: They cannot, or matplotlib is missing.
    """
    blank(1, 1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SinkError(f"--out {folder} cannot be written: {error.strerror}.") from None


def write(results: Row, folder: Path) -> None:
    """Write `results.json`, `README.md` and `results.png` to `folder`, which exists.

    Raises:
        SinkError: The folder cannot be written.
    """
    try:
        text = json.dumps(results, indent=1, allow_nan=False) + "\n"
        (folder / "results.json").write_text(text, "utf-8")
        (folder / "README.md").write_text(markdown(results), "utf-8")
        if "live" in results:
            plot(results, folder / "results.png")
    except OSError as error:
        raise SinkError(f"--out {folder} cannot be written: {error.strerror}.") from None


def markdown(results: Row) -> str:
    """The results as Markdown. docs/benchmarks/README.md explains each value."""
    machine = results["machine"]
    parts = [
        "# cdat-edge bench\n",
        f"`{results['command']}`\n" if "command" in results else "",
        f"{machine['cpu']}, {machine['cores_usable'] or machine['cores']} of {machine['cores']}"
        f" cores, {machine['memory_gib']} GiB; {machine['os']}; Python {machine['python']};"
        f" cdat-edge {machine['cdat-edge']}; "
        + ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
        + f".\n\nLoad: {results['load']}.\n",
    ]
    if results.get("targets"):
        parts.append("## Targets\n")
        rows = [
            [target["what"], _number(target["value"]), target["target"], _yes(target["met"])]
            for target in results["targets"]
        ]
        parts.append(_table(["", "measured", "target", "met"], rows))
    if "live" in results:
        parts.append(_live("Live", results["live"]))
    if "live_busy" in results:
        parts.append(_live("Live with busy processes", results["live_busy"]))
    for section, title in _SECTIONS.items():
        if section in results:
            parts.append(f"## {title}\n")
            parts.append(_RENDER[section](results[section]))
    if "live" in results and len(results["live"]["label_age_series"]):
        parts.append("![The results as an image](results.png)\n")
    return "\n".join(part for part in parts if part)


def _live(title: str, row: Row) -> str:
    times = [[f"stage: {name}", *_cells(row)] for name, row in row["stages_ms"].items()]
    times.append(["total less engine", *_cells(row["overhead_ms"])])
    times += [[f"age of {n} evidence", *_cells(s)] for n, s in row["evidence_age_ms"].items()]
    times.append(["age of the label", *_cells(row["label_age_ms"])])
    times.append(["jitter", *_cells(row["jitter_ms"])])
    times.append(["CPU of the step thread, a step", *_cells(row["step_cpu_ms"])])
    cpu = row["cpu_ms_per_s"]
    memory, gpus = row["resident_mib"], row["gpu"]
    drops = ", ".join(f"{what} {count}" for what, count in row["drops"].items())
    facts = [
        f"- {row['verdicts']} verdicts at {_number(row['rate_hz'])} Hz"
        f" (asked: {1 / row['step_s']:g} Hz), windows of {row['duration_s']:g} s, {row['engine']}",
        f"- drops: {drops or 'none'}",
        "- CPU, ms a second: "
        + (_listed(cpu) + f"; total {_number(sum(cpu.values()))}" if cpu else "not available"),
        f"- resident memory, MiB: {_listed(memory) if memory else 'not available'}",
        *[f"- GPU: {_listed(gpu)}" for gpu in gpus or ()],
        *([] if gpus else ["- GPU: not available"]),
        *[f"- note: {note}" for note in row["notes"]],
    ]
    head = f"## {title}, {row['seconds']:g} s, without the first {row['warm_up_s']:g} s\n"
    return "\n".join([head, _table(["ms", *PERCENTILES], times), *facts, ""])


def _sequential(rows: Iterable[Row]) -> str:
    table = []
    for row in rows:
        for name in ("live", "sequential"):
            age, rate = row[name]["label_age_ms"], _number(row[name]["rate_hz"])
            table.append([str(row["busy"]), name, rate, *_cells(age)])
        table.append([str(row["busy"]), "ratio at p99", "", "", "", _number(row["age_ratio_p99"])])
    head = ["busy processes", "age of the label, ms", "verdicts/s", *PERCENTILES]
    return _table(head, [line + [""] * (len(head) - len(line)) for line in table])


def _durations(rows: Iterable[Row]) -> str:
    table = []
    for row in rows:
        stages = row["stages_ms"]
        table.append(
            [
                f"{row['duration_s']:g} s",
                *_cells(row["step_cpu_ms"]),
                *[_number(stages[name]["p50"]) for name in ("text", "fusion", "gate", "total")],
                _number(sum(row["cpu_ms_per_s"].values())),
            ]
        )
    head = [f"step CPU {p}" for p in PERCENTILES] + ["text", "fusion", "gate", "total"]
    return _table(["window", *head, "CPU ms/s"], table)


def _offline(rows: Iterable[Row]) -> str:
    table = [
        [
            "with" if row["speech_to_text"] else "without",
            _number(row["times_real_time"]),
            _number(row["wall_s"]),
            _number(row["cpu_s"]),
            _number(row["media_s"]),
            _yes(row["one_core"]),
        ]
        for row in rows
    ]
    head = ["speech-to-text", "x real time", "wall s", "CPU s", "media s", "held to one core"]
    return _table(head, table)


def _dropped(rows: Iterable[Row]) -> str:
    table = [
        [
            row["stream"],
            row["fault"],
            *[_number(row["cpu_ms_per_s"][state]) for state in ("well", "dropped", "off")],
            _number(row["saved_of_share"]),
            _number(row["used_while_dropped"]),
        ]
        for row in rows
    ]
    head = ["stream", "fault", "well, CPU ms/s", "dropped", "off", "saved of share", "still used"]
    return _table(head, table)


def _sessions(rows: Iterable[Row]) -> str:
    table = []
    for row in rows:
        for name, shown in (("shared", "one process"), ("apart", "a process each")):
            of = row[name]
            cells = (of["cpu_ms_per_s"], of["memory_mib"], of["age_p50_ms"], of["age_p99_ms"])
            dropped = str(of["dropped"])
            table.append([str(row["sessions"]), shown, *map(_number, cells), dropped])
        ratios = row["ratios"].values()
        table.append([str(row["sessions"]), "ratio", *map(_number, ratios), ""])
    head = ["CPU ms/s", "memory MiB", "age of the label p50, ms", "p99", "dropped"]
    return _table(["sessions", "", *head], table)


def _served(rows: Iterable[Row]) -> str:
    keys = ("age_p50_ms", "age_p99_ms", "verdicts_per_s", "sent_mb_per_s", "load_cpu_ms_per_s")
    table = [
        [
            f"{row['answered']} of {row['sessions']}",
            *(_number(row[key]) for key in keys),
            str(row["dropped"]),
        ]
        for row in rows
    ]
    head = ["sessions", "age of the label p50, ms", "p99", "verdicts/s of the slowest", "sent MB/s"]
    ended = [f"- {row['sessions']} sessions: {why}" for row in rows for why in row["ended"]]
    return "\n".join([_table([*head, "CPU of the load, ms/s", "dropped"], table), *ended, ""])


def _start(rows: Iterable[Row]) -> str:
    keys = ("wall_s", "evidence_s", "cpu_s", "memory_mib")
    table = [
        ["with" if row["speech_to_text"] else "without", *(_number(row[key]) for key in keys)]
        for row in rows
    ]
    head = ["command to first label, s", "of it picture and sound, s", "CPU s", "memory MiB"]
    return _table(["speech-to-text", *head], table)


_SECTIONS = {
    "against_sequential": "Against the sequential loop",
    "durations": "Window length",
    "offline": "A file at full speed",
    "dropped": "A dropped stream",
    "sessions": "Several sessions",
    "served": "A service",
    "start": "A start, the median of five",
}
_RENDER = {
    "against_sequential": _sequential,
    "durations": _durations,
    "offline": _offline,
    "dropped": _dropped,
    "sessions": _sessions,
    "served": _served,
    "start": _start,
}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def _cells(row: Row | None) -> list[str]:
    return [_number(row[p]) if row else "-" for p in PERCENTILES]


def _listed(values: Row) -> str:
    return ", ".join(
        f"{name} {_number(value) if isinstance(value, float) else value}"
        for name, value in values.items()
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _yes(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"
