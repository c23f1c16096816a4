"""The fuzzer sees what it is there for; `make fuzz` draws new inputs, these are always the same."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from fixtures.waiting import LIMIT_S
from fuzzing.kinds import KINDS
from fuzzing.mutation import mutate
from fuzzing.rtsp import Rtsp, take
from fuzzing.rtsp_session import CODECS, Session, session
from fuzzing.watch import MAX_MIB, watch
from fuzzing.worker import attempt

from edge.errors import EdgeError, MediaError

WORKER = """
import json, os, sys, time
number, path = int(sys.argv[2]), {path!r}
while True:
    print(json.dumps(dict(number=number, kind="mp4", path=path)), flush=True)
    if number == 2: os.abort()
    if number == 4: time.sleep(60)
    peak = {large} if number == 5 else 10
    outcome = "traceback" if number == 1 else "refused"
    print(json.dumps(dict(number=number, outcome=outcome, told="", peak_mib=peak)), flush=True)
    number += 1
    sys.stdin.readline()
"""


@pytest.mark.slow
def test_a_crash_a_hang_a_traceback_and_too_much_memory_are_counted_and_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "damaged.mp4"
    path.write_bytes(b"bytes")
    program = WORKER.format(path=str(path), large=MAX_MIB + 1)
    found = watch([sys.executable, "-c", program], 0, 0, 600, tmp_path / "kept", 3, 6)
    counts = found.outcomes["mp4"]
    assert {name: counts[name] for name in ("traceback", "crash", "hang", "memory")} == {
        "traceback": 1,
        "crash": 1,
        "hang": 1,
        "memory": 1,
    }
    kept = sorted(one.name for one in (tmp_path / "kept").iterdir())
    assert kept == [f"mp4-{number}.mp4" for number in (1, 2, 4, 5)]
    assert f"| all | {counts['refused'] + 3} | 0 | {counts['refused']} | 1 |" in found.table()


class Broken:
    def __init__(self, error: BaseException | None) -> None:
        self._error = error

    def write(self, rng: np.random.Generator) -> Path:
        return Path("nothing")

    def open(self, path: Path, rng: np.random.Generator) -> None:
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "accepted"),
        (MediaError("a.mp4 is empty."), "refused"),
        (MediaError("two\nlines"), "traceback"),
        (IndexError("list index out of range"), "traceback"),
        (SystemExit(1), "traceback"),
    ],
)
def test_only_one_sentence_is_a_refusal(error: BaseException | None, outcome: str) -> None:
    assert attempt(Broken(error), Path("nothing"), np.random.default_rng(0))[0] == outcome


def test_a_seed_gives_the_same_damage_and_another_gives_another() -> None:
    data = bytes(range(256)) * 8
    made = [mutate(data, np.random.default_rng([1, number])) for number in range(50)]
    assert made == [mutate(data, np.random.default_rng([1, number])) for number in range(50)]
    assert len(set(made)) > 40
    assert mutate(b"", np.random.default_rng(0)) is not None


@pytest.mark.parametrize("name", sorted(KINDS))
def test_damage_of_every_kind_is_accepted_or_refused(name: str, tmp_path: Path) -> None:
    kind = KINDS[name](tmp_path)
    for number in range(6):
        rng = np.random.default_rng([19, number])
        outcome, told = attempt(kind, kind.write(rng), rng)
        assert outcome in ("accepted", "refused"), told


def test_a_damaged_session_of_a_camera_is_the_same_again_and_can_be_kept(tmp_path: Path) -> None:
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        path = Rtsp(tmp_path / name).write(np.random.default_rng([1, 1]))
        made.append(path.read_bytes())
    assert made[0] == made[1]
    text = made[0].decode()
    assert Session.from_json(text).to_json() == text


@pytest.mark.parametrize("encoder", sorted(CODECS))
def test_the_camera_source_takes_pictures_of_a_session_without_damage(encoder: str) -> None:
    def taken() -> int:
        try:
            return take(session(encoder), LIMIT_S)
        except EdgeError:  # on a busy machine all pictures may be older than their stamps allow
            return 0

    assert any(taken() for _ in range(5))


def test_what_a_library_prints_does_not_reach_the_watcher(tmp_path: Path) -> None:
    program = """
import os, sys
sys.path.insert(0, 'tests')
from pathlib import Path
from fuzzing import worker
class Loud:
    def __init__(self, folder): self._path = folder / 'input'
    def write(self, rng): self._path.write_bytes(b'1'); return self._path
    def open(self, path, rng): os.write(1, b'a decoder says\\n')
worker.KINDS = {'loud': Loud}
"""
    program += f"worker.main(Path({str(tmp_path)!r}), int(sys.argv[1]), int(sys.argv[2]), None)"
    found = watch([sys.executable, "-c", program], 0, 0, 60, tmp_path / "kept", last=2)
    assert found.outcomes["loud"]["accepted"] == 3
