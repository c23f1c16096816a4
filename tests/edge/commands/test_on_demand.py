"""What a command does not use is not imported."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_command

from edge.cli import COMMANDS, app


def loaded_by(code: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return set(told.stdout.split())


def test_every_command_is_found_under_its_name() -> None:
    group = get_command(app)
    assert [command.name for command in group.commands.values()] == list(COMMANDS)  # type: ignore[attr-defined]


def test_the_command_line_itself_imports_no_command() -> None:
    assert not loaded_by("import edge.cli") & {"edge.commands.run", "numpy", "pydantic", "cv2"}


UNUSED = ("edge.recording", "edge.commands.sessions", "rich.live", "yaml")


@pytest.mark.parametrize("unused", UNUSED)
def test_a_run_does_not_wait_for_what_it_does_not_use(unused: str) -> None:
    assert unused not in loaded_by("import edge.commands.run")


def test_the_process_of_speech_to_text_has_voice_activity_alone() -> None:
    found = loaded_by("import edge.asr.child, edge.asr.pocketsphinx")
    assert "edge.frontends.voice" in found
    unused = {"cv2", "edge.frontends.params", "edge.asr.vosk", "urllib.request", "pydantic"}
    assert not found & unused
