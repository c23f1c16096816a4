"""A microphone that is lost, hangs, is missing or unknown."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fixtures.listener import Listener
from fixtures.pulse import SoundCable

from edge.clock import MonotonicClock
from edge.errors import DeviceError, SourceError
from edge.sources import microphone as microphone_module
from edge.sources.devices import list_devices
from edge.sources.microphone import Microphone
from edge.types import Chunk

pytestmark = pytest.mark.alone


def test_the_death_of_the_sound_server_is_noticed_at_once(
    pulse_mic: SoundCable, listener: Listener
) -> None:
    time.sleep(0.3)
    killed = time.monotonic()
    pulse_mic.kill()
    listener.thread.join(2)
    assert time.monotonic() - killed < 1
    assert listener.error is not None and "was lost" in str(listener.error)
    assert len(listener.chunks) > 5


def test_a_hanging_sound_server_is_noticed_and_closing_stays_quick(
    pulse_mic: SoundCable, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone_module, "STALL_S", 0.5)
    time.sleep(0.3)
    pulse_mic.freeze()
    listener.thread.join(2)
    assert listener.error is not None and "0.5 s" in str(listener.error)
    start = time.monotonic()
    listener.microphone.close()
    assert time.monotonic() - start < 0.5
    pulse_mic.thaw()


def test_a_sound_server_that_does_not_reply_is_an_error_in_time(pulse_mic: SoundCable) -> None:
    pulse_mic.freeze()
    start = time.monotonic()
    with pytest.raises(DeviceError, match=r"0\.5 s"):
        Microphone(None, MonotonicClock(), open_timeout_s=0.5).open()
    assert time.monotonic() - start < 1
    pulse_mic.thaw()
    time.sleep(0.5)  # the call that hung returns, and frees what it got


def test_a_program_ends_while_its_sound_server_hangs(pulse_mic: SoundCable) -> None:
    script = """
import sys
from edge.clock import MonotonicClock
from edge.sources.microphone import Microphone

microphone = Microphone(None, MonotonicClock())
microphone.open()
next(microphone.packets())
print("listening", flush=True)
sys.stdin.readline()
microphone.close()
"""
    program = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None and program.stdout.readline() == "listening\n"
    pulse_mic.freeze()
    start = time.monotonic()
    program.communicate("\n", timeout=5)
    assert program.returncode == 0 and time.monotonic() - start < 2
    pulse_mic.thaw()


def test_closing_ends_the_packets(listener: Listener) -> None:
    time.sleep(0.2)
    start = time.monotonic()
    listener.stop()
    listener.microphone.close()
    assert time.monotonic() - start < 0.5


def test_a_microphone_is_found_by_index_name_and_part_of_a_name(pulse_mic: SoundCable) -> None:
    found = list_devices().microphones
    assert {one.name for one in found} >= {"pulse", "default"}
    index = next(one.index for one in found if one.name == "pulse")
    for device in (index, "pulse", "PULS"):
        microphone = Microphone(device, MonotonicClock())
        microphone.open()
        assert microphone.name == f"microphone {index} (pulse)"
        assert isinstance(next(microphone.packets()), Chunk)
        microphone.close()


@pytest.mark.parametrize(
    ("device", "says"),
    [
        (97, "Microphone 97 does not exist"),
        ("Neumann", "'Neumann'"),
        ("u", "Several microphones match"),
    ],
)
def test_an_unknown_microphone_is_refused(
    pulse_mic: SoundCable, device: int | str, says: str
) -> None:
    with pytest.raises(DeviceError, match=says) as caught:
        Microphone(device, MonotonicClock()).open()
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_a_machine_without_a_microphone_is_an_error(
    pulse_mic: SoundCable, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sounddevice

    monkeypatch.setattr(sounddevice, "query_devices", lambda: [])
    with pytest.raises(DeviceError, match=r"No microphone was found.*--mic none"):
        Microphone(None, MonotonicClock()).open()
    assert "No microphone was found." in list_devices().notes


@pytest.mark.parametrize(
    ("lacking", "says"),
    [(OSError("PortAudio library not found"), "libportaudio2"), (ImportError(), "pip install")],
)
def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, lacking: Exception, says: str
) -> None:
    class Missing:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "sounddevice":
                raise lacking

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(DeviceError, match=says):
        Microphone(None, MonotonicClock()).open()
    assert any(says in note for note in list_devices().notes)


def test_reading_without_opening_is_refused() -> None:
    with pytest.raises(SourceError, match="not open"):
        next(Microphone(None, MonotonicClock()).packets())
