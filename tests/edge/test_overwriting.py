"""What a run reads is not overwritten by what it writes."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest
from fixtures.command import Cli, cli, complaint

from edge.bundle import default_bundle
from edge.config import load_config
from edge.config.sessions import load_plan
from edge.errors import ConfigError

__all__ = ["cli"]
OUTPUTS = ("output.jsonl", "output.log", "output.summary")


@pytest.mark.parametrize("key", OUTPUTS)
def test_an_output_that_is_read_is_refused(tmp_path: Path, key: str) -> None:
    bundle = copytree(default_bundle(), tmp_path / "bundle")
    config = tmp_path / "c.yaml"
    config.write_text("seconds: 9\n")
    link = tmp_path / "link.csv"
    link.symlink_to(bundle / "fusion.onnx")
    pem = tmp_path / "key.pem"
    pem.touch()
    given = {"bundle": str(bundle), "tls.certificate": str(pem), "tls.key": str(pem)}
    for out, told in (
        (config, "--config"),
        (bundle / "manifest.json", "the bundle"),
        (link, "the bundle"),
        (pem, "--tls-"),
        (default_bundle() / "audio.onnx", "the bundle"),
    ):
        if told == "the bundle" and out.parent == default_bundle():
            given["bundle"] = str(default_bundle())
        with pytest.raises(ConfigError, match="is a file that is read") as caught:
            load_config(config, [], {**given, key: str(out)})
        assert told in str(caught.value) and str(out) in str(caught.value)
    load_config(config, [], {**given, key: str(tmp_path / "new.csv")})


@pytest.mark.parametrize("key", ["jsonl", "log"])
def test_the_file_of_the_sessions_is_no_output(tmp_path: Path, key: str) -> None:
    sources = tmp_path / "s.yaml"
    sources.write_text(f"sessions: [{{name: a, camera: 0, {key}: {sources}}}]")
    with pytest.raises(ConfigError, match="is a file that is read"):
        load_plan(sources, None, [], {})
    sources.write_text("sessions: [{name: a, camera: 0}]")
    with pytest.raises(ConfigError, match="--sources"):
        load_plan(sources, None, [], {"output.jsonl": str(sources)})


@pytest.mark.slow
def test_a_replay_writes_not_over_its_recording(cli: Cli, tmp_path: Path) -> None:
    recorded = str(tmp_path / "demo")
    assert cli("demo", "--seconds", "6", "--record", recorded, "--set", "asr.engine=none")[0] == 0
    for name in ("events.jsonl", "blocks.bin"):
        before = (tmp_path / "demo" / name).read_bytes()
        complaint(cli("replay", recorded, "--jsonl", f"{recorded}/{name}"), name, "the recording")
        assert (tmp_path / "demo" / name).read_bytes() == before
