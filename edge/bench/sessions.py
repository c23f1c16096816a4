"""Several sessions in one process against as many processes of one session, under the same load."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from edge.bench.statistics import Row, ratio
from edge.config import Config
from edge.config.share import ShareConfig
from edge.errors import ConfigError
from edge.processes import start_module

CHILD = "edge.bench.sessions_child"


def measure_sessions(
    config: Config,
    counts: Sequence[int],
    seconds: float,
    say: Callable[[str], None],
    share: ShareConfig | None = None,
) -> list[Row]:
    """A row for each number of sessions, one measurement after the other.

    Raises:
        ConfigError: A measured process failed.
    """
    share = share or ShareConfig()
    rows = []
    for count in counts:
        say(f"{count} sessions in one process")
        shared = _added(_measured(config, share, [count], seconds))
        say(f"{count} processes of one session")
        apart = _added(_measured(config, share, [1] * count, seconds))
        ratios = {
            key: ratio(shared[key], apart[key])
            for key in ("cpu_ms_per_s", "memory_mib", "age_p50_ms", "age_p99_ms")
        }
        rows.append({"sessions": count, "shared": shared, "apart": apart, "ratios": ratios})
    return rows


def _measured(
    config: Config, share: ShareConfig, processes: Sequence[int], seconds: float
) -> list[Row]:
    """Processes with so many sessions each, measured at the same time."""
    with ExitStack() as running:
        children = []
        for sessions in processes:
            # Of its own session each would get as much of a busy processor as one that has all.
            child = start_module(CHILD, apart=False)
            running.callback(child.wait)
            running.callback(child.kill)
            children.append(child)
            _tell(
                child,
                {
                    "config": config.model_dump(mode="json"),
                    "share": share.model_dump(),
                    "sessions": sessions,
                    "seconds": seconds,
                },
            )
        for child in children:
            if _line(child) != "ready":
                raise _failed()
        for child in children:
            _tell(child, "go")
        found = [_line(child) for child in children]
        if not all(found):
            raise _failed()
        return [json.loads(line) for line in found]


def _failed() -> ConfigError:
    return ConfigError(
        "A measured process of --sessions has ended early: see what it wrote above, and run the"
        " bench with fewer sessions or another configuration."
    )


def _tell(child: subprocess.Popen[bytes], what: object) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(json.dumps(what).encode() + b"\n")
        child.stdin.flush()
    except OSError:
        raise _failed() from None


def _line(child: subprocess.Popen[bytes]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().decode().strip()


def _added(rows: Sequence[Row]) -> Row:
    """CPU and memory of all processes together; the ages of the session that has the oldest."""
    ages = [age for row in rows for age in row["label_age_ms"].values() if age is not None]
    return {
        "cpu_ms_per_s": _sum([row["cpu_ms_per_s"] for row in rows]),
        "memory_mib": _sum([row["memory_mib"] for row in rows]),
        "age_p50_ms": max((age["p50"] for age in ages), default=None),
        "age_p99_ms": max((age["p99"] for age in ages), default=None),
        "label_age_ms": ages,
        "dropped": sum(sum(row["dropped"].values()) for row in rows),
        "errors": [error for row in rows for error in row["errors"]],
        "passes": [row["passes"] for row in rows],
    }


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
