"""A wrong key or value is named before a device is opened."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edge.config import Config, load_config
from edge.config.sessions import load_plan
from edge.config.sessions_checks import check_apart
from edge.config.yaml_values import load_yaml
from edge.errors import ConfigError


def test_without_settings_the_defaults_are_used() -> None:
    assert load_config(None, [], {}) == Config()


def test_keys_that_differ_only_in_their_type_are_two_keys() -> None:
    assert load_yaml("{1: a, '1': b, <<: {c: d}, =: e}") == {"c": "d", 1: "a", "1": "b", "=": "e"}


def test_command_line_beats_set_beats_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("window: {duration_s: 2, step_s: 0.5}\nseconds: 9\n")
    config = load_config(path, ["window.step_s=1", "seconds=8"], {"seconds": 7.0, "bundle": None})
    assert config.window.duration_s == 2
    assert config.window.step_s == 1
    assert config.seconds == 7


def test_a_camera_may_be_a_number_or_a_url() -> None:
    assert load_config(None, ["source.camera=1"], {}).source.camera == 1
    url = "http://localhost:8080/video"
    assert load_config(None, [f"source.camera={url}"], {}).source.camera == url


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (["window.stpe_s=1"], ["window.stpe_s", "step_s"]),
        (["nonsense=1"], ["nonsense", "window"]),
        (["window.step_s=soon"], ["window.step_s", "soon"]),
        (["window.step_s=-1"], ["window.step_s", "-1"]),
        (["seconds=.nan"], ["seconds"]),
        (["asr.load_limit_s=3"], ["asr.load_limit_s", "4"]),
        (["window.step_s"], ["key=value"]),
        (["window.step_s=[1"], ["window.step_s", "YAML"]),
        (["asr.engine=whisper"], ["asr.engine", "pocketsphinx", "whisper"]),
        (["bundle=x", "bundle.y=1"], ["bundle"]),
        (["seconds=.inf"], ["seconds", "finite"]),
        (["seconds=1e300"], ["seconds", "10000000"]),
        (["record.max_mb=.inf"], ["record.max_mb", "finite"]),
        (["seconds=2020-01-01"], ["seconds", "number"]),
        (["source.camera=true"], ["source.camera: must be", "integer", "string", "True"]),
        (["source.mic=on"], ["source.mic: must be", "True"]),
        (["output.table=1"], ["output.table", "boolean"]),
        (["window=[1]"], ["window: must contain keys and values"]),
        (["a..b=1"], ["a..b", "window.step_s"]),
        ([".=1"], ["--set .:", "window.step_s"]),
        (["source.file=''"], ["source.file: must not be empty"]),
        (["source.camera=''"], ["source.camera: must not be empty"]),
        (["source.mic=''"], ["source.mic: must not be empty"]),
        (["bundle=''"], ["bundle: must not be empty"]),
        (["output.jsonl=''"], ["output.jsonl: must not be empty"]),
    ],
)
def test_a_wrong_setting_is_named(settings: list[str], names: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, settings, {})
    for name in names:
        assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ".int" not in str(caught.value) and "Config" not in str(caught.value)


@pytest.mark.parametrize("off", ["off", "no", "false", "none"])
def test_a_camera_that_is_switched_off_stays_off(off: str) -> None:
    assert load_config(None, [f"source.camera={off}"], {}).source.camera == "none"
    assert load_config(None, [f"source.mic={off}"], {}).source.mic == "none"


def test_a_whole_number_is_a_number_of_seconds() -> None:
    assert load_config(None, ["seconds=8", "record.max_mb=5"], {}).seconds == 8
    assert load_config(None, ["record.max_mb=1e5"], {}).record.max_mb == 100_000


def test_a_section_with_nothing_in_it_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("window:\n  # step_s: 1\nsource:\n")
    assert load_config(path, [], {}) == Config()
    assert load_config(path, ["window.step_s=1"], {}).window.step_s == 1


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"window: {stepp_s: 1}", ["window.stepp_s", "c.yaml"]),
        (b"window: [1, 2]", ["window"]),
        (b"- a\n- b\n", ["keys and values"]),
        (b"a: [unclosed\nb: 1", ["YAML", "line 2"]),
        (b"\xff\x00binary\x00", ["YAML"]),
        (b"!!python/object/apply:os.system ['true']", ["YAML"]),
        (b"x: 1\n" * 300_000, ["1 MiB"]),
        (b"window: &w {step_s: 1}\nx: *w\n", ["YAML in line 1", "anchors (&) and aliases (*)"]),
        (b"window:\n  step_s: 1\n  step_s: 2\n", ["line 3", "'step_s' is given twice"]),
        (b"0x1: a\n1: b\n", ["line 2", "'1' is given twice"]),
        (b"!!seq x: 1\n", ["YAML in line 1"]),
        (b"memory_max_mb: 0x" + b"f" * 6000, ["line 1", "6002 characters is too long"]),
        (b"memory_max_mb: 1" + b":59" * 3000, ["line 1", "too long"]),
        (b"seconds: !!timestamp abc", ["line 1", "'abc' is not a valid timestamp"]),
        (b"seconds: !!bool 3", ["'3' is not a valid bool"]),
        (b"seconds: !!int abc", ["'abc' is not a valid int"]),
        (b"!!map x", ["line 1", "expected a mapping"]),
        (b"seconds: 2001-99-99", ["'2001-99-99' is not a valid timestamp"]),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: bytes, names: list[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(path, [], {})
    for name in names:
        assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_expands_to_billions_of_values_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    path.write_text("\n".join(lines))
    began_s = time.monotonic()
    with pytest.raises(ConfigError, match="aliases"):
        load_config(path, [], {})
    assert time.monotonic() - began_s < 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml.*No such file"):
        load_config(tmp_path / "none.yaml", [], {})


def test_the_shipped_configurations_are_valid() -> None:
    folder = Path(__file__).parents[2] / "configs" / "edge"
    paths = sorted(folder.glob("*.yaml"))
    assert paths
    for path in paths:
        if path.name == "sources.yaml":
            check_apart(load_plan(path, None, [], {}))
        else:
            load_config(path, [], {})
        assert path.read_text().startswith("# cdat-edge "), f"{path}: line 1 is its command"


def test_the_default_configuration_lists_every_key_with_its_default() -> None:
    path = Path(__file__).parents[2] / "configs" / "edge" / "default.yaml"
    listed = load_config(path, [], {})
    assert listed == Config()
    assert listed.model_dump(exclude_unset=True) == Config().model_dump()


@pytest.mark.parametrize(("given", "kept"), [("3", "3"), ("2-4", "2-4")])
def test_a_number_of_replicas_may_be_plain(given: str, kept: str) -> None:
    assert load_config(None, [f"serve.replicas={given}"], {}).serve.replicas == kept
