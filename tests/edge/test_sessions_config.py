"""The file of `--sources`: what is wrong with it is said in one sentence before anything opens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edge.config.sessions import SESSIONS_MAX, Plan, load_plan
from edge.config.sessions_checks import check_apart, check_common
from edge.errors import ConfigError


def plan_of(tmp_path: Path, text: str, settings: tuple[str, ...] = (), **options: Any) -> Plan:
    path = tmp_path / "sources.yaml"
    path.write_text(text, "utf-8")
    plan = load_plan(path, None, list(settings), options)
    check_common(plan.common)
    check_apart(plan)
    return plan


def test_each_session_has_its_own_keys_over_the_common_ones(tmp_path: Path) -> None:
    text = """
    share: {wait_ms: 3, batch_max: 4}
    sessions:
      - {name: door, camera: 0, asr: off, jsonl: door.jsonl, set: {window.step_s: 0.5}}
      - {name: hall, file: clip.mp4, mic: default, pace: live, record: hall}
    """
    plan = plan_of(tmp_path, text, ("window.duration_s=2", "asr.engine=pocketsphinx"))
    door, hall = plan.sessions
    assert (plan.share.wait_ms, plan.share.batch_max) == (3, 4)
    assert (door.name, door.config.source.camera, door.config.source.mic) == ("door", 0, "none")
    assert door.config.asr.engine == "none" and hall.config.asr.engine == "pocketsphinx"
    on = plan_of(tmp_path, "sessions: [{name: a, mic: 0, asr: on}]", ("asr.engine=none",))
    assert on.sessions[0].config.asr.engine == "auto"
    assert door.config.window.step_s == 0.5 and hall.config.window.step_s is None
    assert door.config.window.duration_s == hall.config.window.duration_s == 2
    assert door.config.output.jsonl == "door.jsonl" and hall.config.output.jsonl is None
    # The file gives what no device was named for.
    assert (hall.config.source.camera, hall.config.source.mic) == (None, "default")
    assert hall.config.source.pace == "live" and hall.config.record.folder == "hall"


@pytest.mark.parametrize(
    ("sessions", "parts"),
    [
        ("[{name: a, camra: 0}]", ["camra", "session a", "perhaps camera"]),
        ("[{camera: 0}]", ["name is missing", "session 1"]),
        ("[{name: a b, camera: 0}]", ["name", "'a b'"]),
        ("[{name: a}]", ["session a", "no source", "camera, mic or file"]),
        ("[{name: a, camera: none, mic: off}]", ["session a", "no source"]),
        ("[a]", ["session 1", "keys and values"]),
        ("[]", ["names none"]),
        ("{a: 1}", ["sessions"]),
        ("[{name: a, camera: 0, asr: maybe}]", ["asr", "maybe", "session a"]),
        ("[{name: a, camera: 0, set: {bundle: x}}]", ["session a", "set: bundle", "window"]),
        ("[{name: a, camera: 0, set: {output.jsonl: x}}]", ["set: output.jsonl"]),
        ("[{name: a, camera: 0, set: {window.stpe_s: 1}}]", ["session a", "perhaps step_s"]),
        ("[{name: a, camera: 0, set: {window.step_s: -1}}]", ["session a", "window.step_s", "-1"]),
        ("[{name: a, camera: 0, jsonl: '-'}]", ["session a", "`--jsonl -`"]),
        ("[{name: a, camera: 0}, {name: A, camera: 1}]", ["named twice"]),
        ("[{name: a, camera: 0}, {name: a, camera: 1}]", ["session a is named twice"]),
        ("[{name: a, camera: 0}, {name: b, camera: 0}]", ["session b", "session a", "camera 0"]),
        ("[{name: a, camera: 1}, {name: b, camera: /dev/video1}]", ["session b", "/dev/video1"]),
        (
            "[{name: a, camera: 'rtsp://u:secret@Host/x'}, {name: b, camera: 'RTSP://u:secret@host/x'}]",
            ["session b", "session a", "***@host/x"],
        ),
        (
            "[{name: a, camera: 'rtsp://h/s'}, {name: b, camera: 'rtsp://h:554/s'}]",
            ["session b", "session a", "rtsp://h:554/s"],
        ),
        ("[{name: a, mic: default}, {name: b, mic: Default}]", ["session b", "mic 'Default'"]),
        (
            "[{name: a, mic: 1, jsonl: x}, {name: b, mic: 2, jsonl: ./x}]",
            ["jsonl ./x", "session a"],
        ),
        ("[{name: a, mic: 1, record: x}, {name: b, mic: 2, record: x}]", ["record x"]),
        ("[{name: a, mic: 1, jsonl: x, log: x}]", ["session a would use log x twice"]),
        ("[{name: a, mic: 1, jsonl: x}, {name: b, file: x}]", ["session b reads x", "session a"]),
        (
            "[{name: a, mic: 1, set: {lsl.name: x}}, {name: b, mic: 2, set: {lsl.name: x}}]",
            ["lsl.name", "session b"],
        ),
    ],
)
def test_what_is_wrong_is_told_with_the_session(
    tmp_path: Path, sessions: str, parts: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_of(tmp_path, f"sessions: {sessions}\n")
    said = str(caught.value)
    assert "secret" not in said and said.endswith(".") and "\n" not in said
    for part in parts:
        assert part in said, said


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("share: {wait: 1}\nsessions: [{name: a, mic: 1}]", ["share.wait", "perhaps wait_ms"]),
        ("share: {wait_ms: 500}\nsessions: [{name: a, mic: 1}]", ["share.wait_ms", "100", "500"]),
        ("sesions: [{name: a, mic: 1}]", ["sesions", "sessions"]),
        ("share: {}", ["sessions is missing"]),
        ("sessions: [{name: a, mic: 1}\n", ["not valid YAML"]),
    ],
)
def test_what_is_wrong_beside_the_sessions(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_of(tmp_path, text)
    for part in parts:
        assert part in str(caught.value)


def test_a_session_has_its_own_picture_gap_and_correction(tmp_path: Path) -> None:
    own = "{vision.min_gap_ms: 0, person_correction: ann}"
    plan = plan_of(
        tmp_path, f"sessions: [{{name: a, camera: 0, set: {own}}}, {{name: b, camera: 1}}]"
    )
    one, other = (session.config for session in plan.sessions)
    assert (one.vision.min_gap_ms, one.person_correction) == (0, "ann")
    assert (other.vision.min_gap_ms, other.person_correction) == (45, None)


def test_urls_that_differ_by_more_than_their_usual_port_are_two_cameras(tmp_path: Path) -> None:
    for other in ("rtsp://h:8554/s", "http://h:554/s", "rtsp://h:1554/s"):
        plan_of(
            tmp_path,
            f"sessions: [{{name: a, camera: 'rtsp://h/s'}}, {{name: b, camera: '{other}'}}]",
        )


def test_the_cameras_in_the_page_of_the_service_are_a_valid_plan(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "serve.md"
    (block,) = re.findall(r"```yaml\n(sessions:.*?)```", page.read_text("utf-8"), re.S)
    plan = plan_of(tmp_path, block)
    assert [session.name for session in plan.sessions] == ["door", "hall"]


def test_more_sessions_than_the_limit_are_refused(tmp_path: Path) -> None:
    many = ", ".join(f"{{name: s{n}, mic: {n}}}" for n in range(SESSIONS_MAX + 1))
    with pytest.raises(ConfigError, match=rf"names {SESSIONS_MAX + 1}, and one process takes"):
        plan_of(tmp_path, f"sessions: [{many}]")


@pytest.mark.parametrize(
    "setting",
    [
        *("source.file=a", "source.camera=0", "source.mic=0", "record.folder=a", "output.log=a"),
        *("http.address=a:1", "mqtt.url=a", "osc.address=a", "lsl.name=a"),
        *("dashboard.show=true", "output.save=a.mp4", "output.summary=a.csv"),
    ],
)
def test_what_belongs_to_one_session_is_refused_for_all(tmp_path: Path, setting: str) -> None:
    with pytest.raises(ConfigError, match=setting.split("=")[0].replace(".", r"\.")):
        plan_of(tmp_path, "sessions: [{name: a, file: c.mp4}]", (setting,))


def test_the_common_output_is_no_sessions_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"session a and the common output would both use"):
        plan_of(tmp_path, "sessions: [{name: a, mic: 1, jsonl: all}]", ("output.jsonl=all",))
