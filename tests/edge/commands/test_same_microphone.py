"""One microphone that two sessions name in different ways, with a real sound server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures.pulse import SoundCable

from edge.sources.portaudio import find_input, load_portaudio

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def said(tmp_path: Path, cable: SoundCable, *mics: object) -> str:
    sources = tmp_path / "sources.yaml"
    sessions = [{"name": f"s{place}", "mic": mic} for place, mic in enumerate(mics)]
    sources.write_text(json.dumps({"sessions": sessions}), "utf-8")
    command = [sys.executable, "-m", "edge", "run", "--sources", str(sources), "--seconds", "1"]
    done = subprocess.run(
        [*command, "--asr", "none"],
        env={**os.environ, **cable.env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr
    return done.stderr


def test_a_microphone_by_default_and_by_its_name_is_refused(
    pulse_mic: SoundCable, tmp_path: Path
) -> None:
    told = said(tmp_path, pulse_mic, "default", "pulse")
    default = find_input(load_portaudio(), None)
    by_index = said(tmp_path, pulse_mic, default.index, "default")
    assert "session s1 and session s0 would both use the microphone" in by_index, by_index
    both = said(tmp_path, pulse_mic, "nowhere", "pulse")
    assert "would both use" not in both and "s0: " in both
    assert "session s1 and session s0 would both use the microphone" in told, told
    assert "'pulse': give each its own." in told
