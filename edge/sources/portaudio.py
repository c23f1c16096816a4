"""PortAudio, loaded when a microphone is needed: lists the inputs and finds the one requested."""

from __future__ import annotations

import atexit
import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from edge.errors import DOCTOR, DeviceError

CALLS = threading.Lock()
"""Held during PortAudio's calls, which two threads must not make at once (a stream that is closed
while another thread terminates PortAudio is joined twice and hangs forever)."""

OPEN_TIMEOUT_S = 5.0


@dataclass(frozen=True, order=True)
class Input:
    """A device with sound input."""

    index: int
    name: str
    channels: int
    rate_hz: int


@contextmanager
def calls(timeout_s: float) -> Iterator[None]:
    """Hold `CALLS`. Raises `DeviceError` when another thread's call hangs for `timeout_s`.

    A call into a dead sound server never returns, and every retry would wait for it forever.
    """
    if not CALLS.acquire(timeout=timeout_s):
        raise DeviceError(
            "The sound server does not answer (an earlier call still hangs): restart it, or run "
            "with `--mic none`."
        )
    try:
        yield
    finally:
        CALLS.release()


def load_portaudio(timeout_s: float = OPEN_TIMEOUT_S) -> Any:
    """Import the module `sounddevice`.

    Raises:
        DeviceError: The module or its library is missing, or another call hangs for `timeout_s`.
    """
    first = "sounddevice" not in sys.modules
    try:
        with calls(timeout_s):
            _silence_alsa()
            import sounddevice
    except OSError as error:
        raise DeviceError(
            "No microphone can be used because the PortAudio library is missing: install it with "
            "`sudo apt install libportaudio2`, or run with `--mic none`."
        ) from error
    except ImportError as error:
        raise DeviceError(
            "No microphone can be used because the Python package sounddevice is missing: run "
            "`pip install sounddevice`, or run with `--mic none`."
        ) from error
    if first:
        atexit.register(_exit_despite_a_hang, sounddevice)
    return sounddevice


def _exit_despite_a_hang(sounddevice: Any) -> None:
    """Let the program end although a call into a dead sound server hangs."""
    if CALLS.acquire(timeout=0.5):
        CALLS.release()
    else:
        atexit.unregister(sounddevice._exit_handler)


def rescan(sounddevice: Any, timeout_s: float = OPEN_TIMEOUT_S) -> None:
    """List the devices again: PortAudio does so only when it starts. No stream may be open."""
    with calls(timeout_s):
        sounddevice._terminate()
        sounddevice._initialize()


def inputs(sounddevice: Any) -> list[Input]:
    """All devices with at least one input channel."""
    return [
        Input(
            int(info["index"]),
            str(info["name"]),
            int(info["max_input_channels"]),
            round(info["default_samplerate"]),
        )
        for info in sounddevice.query_devices()
        if info["max_input_channels"] > 0
    ]


def find_input(sounddevice: Any, device: int | str | None) -> Input:
    """The input with this index, name or part of a name. None is the system's default."""
    if isinstance(device, str) and not device.strip():  # it would match every name
        raise DeviceError(f"The microphone's name is empty: give an index or a name, {DOCTOR}.")
    found = inputs(sounddevice)
    if not found:
        asked = "" if device is None else f" when looking for {device!r}"
        raise DeviceError(
            f"No microphone was found{asked}: connect one, start the sound server if one is used, "
            "or run with `--mic none`."
        )
    if device is None:
        chosen = sounddevice.default.device[0]
        return next((one for one in found if one.index == chosen), found[0])
    if isinstance(device, int):
        for one in found:
            if one.index == device:
                return one
        raise DeviceError(f"Microphone {device} does not exist: {DOCTOR}.")
    wanted = device.casefold()
    same = [one for one in found if one.name.casefold() == wanted]
    like = same or [one for one in found if wanted in one.name.casefold()]
    if not like:
        raise DeviceError(f"No microphone is named {device!r}: {DOCTOR}.")
    if len({one.name for one in like}) > 1:
        names = ", ".join(f"{one.index} ({one.name})" for one in like)
        raise DeviceError(f"Several microphones match {device!r}: give the index of one: {names}.")
    return like[0]


def _silence_alsa() -> None:
    """Keep ALSA from writing a page about missing devices to standard error.

    Its error handler gets plain C arguments, so any C function that ignores them will do. A Python
    function would need the GIL on the audio thread.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        alsa = ctypes.CDLL("libasound.so.2")
        alsa.snd_lib_error_set_handler(ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p))
    except (OSError, AttributeError):
        return  # without ALSA nothing is written either
