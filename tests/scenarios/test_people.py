"""Several people in one picture: each has a verdict, and the voice is of the one that speaks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import jsonschema
import numpy as np
import pytest
from fixtures.command import Cli, complaint
from fixtures.engines import Sick, sick
from fixtures.people import FPS, RATE_HZ, clip_of, still, write_people
from fixtures.websockets import follow

import edge
from edge.annotation.tags import person_bgr
from edge.clock import HandClock
from edge.recognition.verdict import Verdict, verdict_schema
from edge.types import NS_PER_MS, NS_PER_S, Float, Word

__all__ = ["sick"]

LENGTH = 75
"""Pictures of a GRID clip: three seconds."""


@pytest.fixture(scope="module")
def film(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds in which the left one speaks, then three in which the right one does."""
    (left, said), (right, answered) = clip_of(data_dir, 0), clip_of(data_dir, 3)
    return write_people(
        tmp_path_factory.mktemp("people") / "two.mkv",
        [
            left[:LENGTH] + still(left[LENGTH - 1], LENGTH),
            still(right[0], LENGTH) + right[:LENGTH],
        ],
        np.concatenate([cut(said), cut(answered)]),
    )


def cut(sound: Float) -> Float:
    whole = np.zeros(LENGTH * RATE_HZ // FPS, np.float32)
    whole[: len(sound)] = sound[: len(whole)]
    return whole


@pytest.fixture(scope="module")
def verdicts(film: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Verdict], Path]:
    """Those of all people, and the recording."""
    folder = tmp_path_factory.mktemp("recording") / "rec"
    with edge.open(file=film, asr="none", people="all", record=folder) as run:
        return list(run), folder


def side(verdict: Verdict) -> str:
    assert verdict.face_box is not None
    return "left" if verdict.face_box[0] < 360 else "right"


def alike(verdict: Verdict) -> Mapping[str, Any]:
    return {**verdict.to_dict(), "latency_ms": None, "wall_time": None, "person": None}


def test_each_step_has_a_verdict_of_each_person_and_one_number_for_all(
    verdicts: tuple[list[Verdict], Path],
) -> None:
    found = verdicts[0]
    assert [(v.seq, v.person) for v in found] == [(s, p) for s in range(24) for p in (1, 2)]
    assert len({(v.person, side(v)) for v in found}) == 2
    for verdict in found:
        jsonschema.validate(json.loads(verdict.to_json()), verdict_schema())
        assert verdict.faces == 2 and verdict.streams["vision"].state == "used"


def test_the_voice_is_of_the_one_that_speaks(verdicts: tuple[list[Verdict], Path]) -> None:
    for begin_s, end_s, speaker in ((1.5, 3.0, "left"), (4.5, 6.0, "right")):
        inside = [v for v in verdicts[0] if v.media_s and begin_s <= v.media_s[1] <= end_s]
        assert len(inside) > 8
        for verdict in inside:
            audio = verdict.streams["audio"]
            if side(verdict) == speaker:
                assert audio.state == "used", verdict.media_s
            else:
                assert (audio.state, audio.reason) == ("absent", "not_speaking")


@pytest.mark.parametrize("raw", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_recording_of_several_people_replays_exactly(
    raw: bool, film: Path, verdicts: tuple[list[Verdict], Path], cli: Cli, tmp_path: Path
) -> None:
    folder = verdicts[1]
    if raw:
        folder = tmp_path / "raw"
        settings = {"record.raw": True, "people": "all"}
        with edge.open(file=film, asr="none", record=folder, settings=settings) as run:
            assert len(list(run)) == 48
    code, _, error = cli("replay", str(folder), "--check")
    assert code == 0 and "48 compared, all equal" in error, error


@pytest.mark.parametrize(("fails", "closed"), [("vision", 2), ("fusion", 1)])
def test_a_pass_that_fails_closes_what_it_was_for_and_is_replayed(
    fails: str, closed: int, sick: type[Sick], film: Path, cli: Cli, tmp_path: Path
) -> None:
    # A frame's crops are encoded all or none, so that vision closes for both.
    sick.fails, sick.how, sick.well = fails, "raise", 5
    folder = tmp_path / "rec"
    with edge.open(
        file=film, asr="none", people="all", engine="sick", record=folder, seconds=2
    ) as run:
        found = list(run)
    assert len(found) == 16
    failed = [v for v in found if v.streams["vision"].reason == "engine_failed"]
    assert len(failed) == closed
    sick.well = 10**9  # from here on it is well
    code, _, error = cli("replay", str(folder), "--check")
    assert code == 0 and "16 compared, all equal" in error, error


@pytest.mark.slow
def test_words_are_of_the_one_that_spoke_them(film: Path) -> None:
    with edge.open(file=film, asr="pocketsphinx", people="all") as run:
        found = list(run)
    for begin_s, end_s, speaker in ((2.0, 3.0, "left"), (5.0, 6.0, "right")):
        inside = [v for v in found if v.media_s and begin_s <= v.media_s[1] <= end_s]
        newest = {side(v): v for v in inside}
        assert newest[speaker].transcript
        assert newest["left"].transcript != newest["right"].transcript


@pytest.mark.parametrize(
    "people", ["all", *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 5))]
)
def test_one_face_is_judged_as_the_nearest_is(people: Any, data_dir: Path) -> None:
    clip = sorted((data_dir / "av_clips").glob("grid_*.mpg"))[0]
    found = []
    for followed in ("nearest", people):
        with edge.open(file=clip, asr="none", people=followed, seconds=1.5) as run:
            found.append(list(run))
    assert [alike(v) for v in found[0]] == [alike(v) for v in found[1]]
    assert {v.person for v in found[0]} == {None} and {v.person for v in found[1]} == {1}


def test_a_session_beside_others_writes_the_verdicts_of_all(
    film: Path, cli: Cli, tmp_path: Path
) -> None:
    sources = tmp_path / "sources.yaml"
    own, common = tmp_path / "own.jsonl", tmp_path / "all.jsonl"
    room = {"name": "room", "file": str(film), "jsonl": str(own), "set": {"people": "all"}}
    sources.write_text(json.dumps({"sessions": [room]}), "utf-8")
    quick = ("--set", "asr.engine=none", "--set", "window.step_s=0.5")
    code, _, error = cli("run", "--sources", str(sources), "--jsonl", str(common), *quick)
    assert code == 0, error
    for path in (own, common):
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        assert {line.get("person") for line in lines} >= {1, 2}


@pytest.mark.slow
def test_the_websocket_of_a_run_has_the_verdicts_of_all(film: Path) -> None:
    command = [sys.executable, "-m", "edge", "run", "--file", str(film), "--pace", "live"]
    command += ["--people", "all", "--asr", "none", "--http", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        base = next(line.split()[1] for line in run.stderr if line.startswith("HTTP: "))
        with follow(base.replace("http", "ws").replace("/latest", "/verdicts")) as socket:
            found = [json.loads(line) for line in socket]
        run.stderr.read()
    assert {line.get("person") for line in found} >= {1, 2}


def test_with_a_limit_the_largest_face_has_the_verdicts(film: Path) -> None:
    with edge.open(file=film, asr="none", people=1, seconds=1) as run:
        found = list(run)
    assert [v.person for v in found] == [1] * 4 and {side(v) for v in found} == {"right"}


def test_live_each_person_has_verdicts_too(film: Path) -> None:
    with edge.open(
        file=film, pace="live", asr="none", people="all", seconds=2.5, clock=HandClock()
    ) as run:
        found = list(run)
    late = [v for v in found if v.seq >= 7]
    assert {v.person for v in late} == {1, 2}
    assert {(side(v), v.streams["audio"].reason) for v in late} >= {("right", "not_speaking")}


def test_who_leaves_has_no_more_verdicts_and_the_voice_is_of_who_stays(data_dir: Path) -> None:
    (left, said), (right, _) = clip_of(data_dir, 0), clip_of(data_dir, 3)
    empty = np.full_like(right[0], 90)
    found: list[Verdict] = []
    with edge.Session(asr="none", people="all") as session:
        for index in range(110):
            other = right[index] if index < 25 else empty
            shown = np.hstack([left[min(index, 74)], other])
            t_ns = index * NS_PER_S // FPS
            found += session.push_frame(shown, t_ns)
            heard = said[index % 70 * 640 : (index % 70 + 1) * 640]
            found += session.push_samples(heard, t_ns)
    by_step: dict[float, set[int | None]] = {}
    for verdict in found:
        by_step.setdefault(verdict.span_ns[1] / NS_PER_S, set()).add(verdict.person)
    assert by_step[1.0] == by_step[2.75] == {1, 2}
    assert len(by_step[3.25]) == len(by_step[4.0]) == 1
    gone = next(v for v in found if v.span_ns[1] == 2.5 * NS_PER_S and v.face_box is None)
    assert gone.streams["vision"].reason == "no_face"
    assert found[-1].streams["audio"].state == "used" and side(found[-1]) == "left"


def test_pushed_words_are_of_the_one_that_spoke(data_dir: Path) -> None:
    (left, said), (right, _) = clip_of(data_dir, 0), clip_of(data_dir, 3)
    quiet = still(right[0], 70)
    found: list[Verdict] = []
    with edge.Session(asr="none", people="all") as session:
        for index in range(70):
            t_ns = index * NS_PER_S // FPS
            if index == 45:
                spoken = (1500 * NS_PER_MS, 1700 * NS_PER_MS)
                session.push_words([Word("wonderful", *spoken, 0.9)], t_ns)
            found += session.push_frame(np.hstack([left[index], quiet[index]]), t_ns)
            found += session.push_samples(said[index * 640 : (index + 1) * 640], t_ns)
    newest = {side(v): v for v in found[-2:]}
    assert newest["left"].transcript == "wonderful" and newest["right"].transcript == ""
    assert newest["right"].streams["text"].reason == "not_speaking"


SLOW = [pytest.param(place, marks=pytest.mark.slow) for place in (0, 1, 2)]


@pytest.mark.parametrize("speaker", [*SLOW, 3])
def test_of_four_the_voice_is_of_the_one_that_speaks(speaker: int, data_dir: Path) -> None:
    clips = [clip_of(data_dir, place) for place in (0, 3, 6, 9)]
    shown = [
        pictures if place == speaker else still(pictures[0], 50)
        for place, (pictures, _) in enumerate(clips)
    ]
    found: list[Verdict] = []
    with edge.Session(asr="none", people="all") as session:
        for index in range(50):
            rows = [np.hstack([one[index] for one in shown[row : row + 2]]) for row in (0, 2)]
            t_ns = index * NS_PER_S // FPS
            found += session.push_frame(np.vstack(rows), t_ns)
            found += session.push_samples(clips[speaker][1][index * 640 : (index + 1) * 640], t_ns)
    late = [v for v in found if v.span_ns[1] >= 1.5 * NS_PER_S]
    assert len(late) == 8
    for verdict in late:
        assert verdict.face_box is not None
        x, y, width, height = verdict.face_box
        place = (x + width / 2 > 360) + 2 * (y + height / 2 > 288)
        assert (verdict.streams["audio"].state == "used") == (place == speaker)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "columns", "clip"),
    [(6, 3, 0), (6, 3, 3), (7, 3, 0), (7, 3, 9), (16, 4, 3), (16, 4, 9)],
)
def test_of_many_the_voice_is_of_the_one_that_speaks(
    count: int, columns: int, clip: int, data_dir: Path
) -> None:
    heads = {place: clip_of(data_dir, place)[0] for place in (0, 3, 9)}
    quiet = {place: still(pictures[0], 65) for place, pictures in heads.items()}
    said, speaker = clip_of(data_dir, clip)[1], count // 2
    shown = [heads[clip] if n == speaker else quiet[(0, 3, 9)[n % 3]] for n in range(count)]
    empty = np.full((240, 220, 3), 90, np.uint8)
    found: list[Verdict] = []
    with edge.Session(asr="none", people="all") as session:
        for index in range(65):
            tiles = [one[index][40:280, 70:290] for one in shown] + [empty] * (-count % columns)
            rows = [np.hstack(tiles[n : n + columns]) for n in range(0, len(tiles), columns)]
            t_ns = index * NS_PER_S // FPS
            found += session.push_frame(np.vstack(rows), t_ns)
            found += session.push_samples(said[index * 640 : (index + 1) * 640], t_ns)
    late = [v for v in found if v.span_ns[1] >= 1.5 * NS_PER_S]
    assert len(late) == 5 * count
    for verdict in late:
        assert verdict.face_box is not None
        x, y, width, height = verdict.face_box
        place = int((x + width / 2) // 220) + columns * int((y + height / 2) // 240)
        assert (verdict.streams["audio"].state == "used") == (place == speaker)


def test_the_saved_film_shows_the_number_of_each_face(film: Path, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "seen.mp4"
    options = ("--people", "all", "--asr", "none", "--seconds", "1.5", "--save", str(out))
    code, _, error = cli("run", "--file", str(film), *options)
    assert code == 0, error
    with av.open(str(out)) as saved:
        *_, last = saved.decode(video=0)
    picture = last.to_ndarray(format="bgr24")[:288].astype(int)
    for person in (1, 2):
        tag = np.abs(picture - person_bgr(person)).max(axis=2) < 30
        assert tag.sum() > 1000


def test_an_empty_room_has_verdicts_of_nobody() -> None:
    found: list[Verdict] = []
    with edge.Session(asr="none", people="all") as session:
        for index in range(20):
            t_ns = index * NS_PER_S // FPS
            found += session.push_frame(np.full((120, 160, 3), 100, np.uint8), t_ns)
            found += session.push_samples(np.zeros(640, np.float32), t_ns)
    assert [(v.seq, v.person) for v in found] == [(0, None), (1, None), (2, None)]
    assert found[-1].streams["vision"].reason == "no_face"


@pytest.mark.parametrize("given", ["0", "17", "some", "-1", "1.5", ""])
def test_a_wrong_number_of_people_is_one_sentence(given: str, cli: Cli) -> None:
    complaint(cli("run", "--camera", "none", "--people", given), "people", "nearest", "all")


def test_the_verdicts_of_one_person_are_converted(
    verdicts: tuple[list[Verdict], Path], cli: Cli, tmp_path: Path
) -> None:
    lines = tmp_path / "two.jsonl"
    lines.write_text("".join(one.to_json() + "\n" for one in verdicts[0]), "utf-8")
    for options in ((), ("--person", "1"), ("--person", "2")):
        code, out, error = cli("convert", str(lines), "--to", "csv", "--out", "-", *options)
        assert code == 0, error
        assert len(out.splitlines()) == 25
    complaint(
        cli("convert", str(lines), "--to", "csv", "--out", "-", "--person", "3"),
        *("person 3", "1, 2"),
    )
