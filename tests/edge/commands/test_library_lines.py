"""Lines that C libraries write to standard error become a note; Python's own output stays."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures.pulse import SoundCable

from edge.commands.library_lines import library_lines_are_noted

HOME = Path(__file__).parents[3]


def test_the_first_line_is_kept_and_the_others_are_counted(
    capfd: pytest.CaptureFixture[str],
) -> None:
    notes: list[str] = []
    libc = ctypes.CDLL(None)
    with library_lines_are_noted(notes.append):
        for line in (b"Expression 'ret' failed\x1b[2K\n", b"second\n", b"third\n"):
            libc.write(2, line, len(line))
        print("ours", file=sys.stderr)
    libc.write(2, b"later\n", 6)
    told = capfd.readouterr().err
    assert told == "ours\nlater\n"
    assert notes == [
        "A library wrote to standard error: Expression 'ret' failed [2K",
        "Libraries wrote 2 more lines, which are not shown.",
    ]


def test_a_process_keeps_its_own_standard_error() -> None:
    program = (
        "import os, sys\n"
        "from edge.commands.library_lines import library_lines_are_noted\n"
        "notes = []\n"
        "with library_lines_are_noted(notes.append):\n"
        "    os.write(2, b'library\\n')\n"
        "    print('ours', file=sys.stderr)\n"
        "print(notes, file=sys.stderr)\n"
        "raise ValueError('still told')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=HOME)
    assert done.stderr.startswith("ours\n['A library wrote to standard error: library']\n")
    assert "ValueError: still told" in done.stderr


@pytest.mark.alone
@pytest.mark.slow
def test_portaudio_writes_nothing_to_the_screen_when_the_sound_server_dies(
    pulse_mic: SoundCable,
) -> None:
    command = [sys.executable, "-m", "edge", "run", "--camera", "none", "--mic", "default"]
    command += ["--seconds", "3", "--jsonl", "-", "--set", "asr.engine=none"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=HOME
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        pulse_mic.kill()
        try:
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, told
    lines = told.splitlines()
    assert not [line for line in lines if line.startswith(("Expression", "ALSA", "jack"))]
    assert any(line.startswith("note: A library wrote to standard error:") for line in lines), lines
