"""PortAudio's calls: one at a time, and each with a time limit."""

from __future__ import annotations

import sys
import threading
import time
import types

import pytest
from fixtures.waiting import Stopwatch, eventually

from edge.clock import MonotonicClock
from edge.errors import DeviceError
from edge.sources import portaudio
from edge.sources.devices import list_devices
from edge.sources.microphone import Microphone
from edge.sources.portaudio import find_input

pytestmark = pytest.mark.alone


@pytest.fixture
def wedged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread's call hangs in a dead sound server, and always will."""
    monkeypatch.setitem(sys.modules, "sounddevice", types.ModuleType("sounddevice"))
    monkeypatch.setattr("edge.sources.devices.OPEN_TIMEOUT_S", 0.1)
    assert portaudio.CALLS.acquire(timeout=1)


@pytest.fixture(autouse=True)
def _free() -> object:
    yield
    if portaudio.CALLS.locked():
        portaudio.CALLS.release()


@pytest.mark.parametrize("rescan", [False, True])
def test_retries_at_a_hanging_sound_server_leave_no_thread(wedged: None, rescan: bool) -> None:
    before = threading.active_count()
    for _ in range(4):
        with pytest.raises(DeviceError):
            Microphone(None, MonotonicClock(), open_timeout_s=0.1, rescan=rescan).open()
    with Stopwatch() as watch:
        eventually(lambda: threading.active_count() <= before)  # one of an earlier test may end
        assert watch.seconds < 0.2


def test_a_hanging_sound_server_is_named_in_the_list_of_devices(wedged: None) -> None:
    start = time.monotonic()
    found = list_devices()
    assert time.monotonic() - start < 1
    assert any("sound server does not answer" in note for note in found.notes)


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_matches_no_device(name: str) -> None:
    one = {"index": 0, "name": "mic", "max_input_channels": 1, "default_samplerate": 16_000.0}
    library = types.SimpleNamespace(query_devices=lambda: [one])
    assert find_input(library, "mi").name == "mic"
    with pytest.raises(DeviceError, match="name is empty"):
        find_input(library, name)
