"""Lists the cameras and microphones, for `cdat-edge devices`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from edge.errors import DeviceError
from edge.sources.portaudio import OPEN_TIMEOUT_S, Input, calls, inputs, load_portaudio


@dataclass(frozen=True, order=True)
class CameraInfo:
    """A camera that can be opened by its index or its path."""

    index: int
    name: str
    path: str


@dataclass(frozen=True)
class DeviceList:
    """The devices found. `notes` says what could not be listed, and why."""

    cameras: list[CameraInfo]
    microphones: list[Input]
    notes: list[str]


def list_devices(sysfs: Path = Path("/sys/class/video4linux")) -> DeviceList:
    """List devices without opening any. Never raises."""
    notes: list[str] = []
    cameras = _cameras(sysfs)
    microphones: list[Input] = []
    try:
        sounddevice = load_portaudio(OPEN_TIMEOUT_S)
        try:
            with calls(OPEN_TIMEOUT_S):
                microphones = inputs(sounddevice)
        except sounddevice.PortAudioError as error:
            notes.append(f"Microphones cannot be listed: {error}.")
        else:
            if not microphones:
                notes.append("No microphone was found.")
    except DeviceError as error:
        notes.append(str(error))
    if not sys.platform.startswith("linux"):
        notes.append("Cameras are listed on Linux only; try --camera 0.")
    elif not cameras:
        notes.append("No camera was found. A network camera is given by its URL.")
    return DeviceList(cameras, microphones, notes)


def _cameras(sysfs: Path) -> list[CameraInfo]:
    """The video nodes that capture: the second node of a camera carries only its metadata.

    The kernel numbers the nodes of one device in `index`. The first one delivers frames.
    """
    found = []
    for node in sysfs.glob("video*") if sysfs.is_dir() else ():
        try:
            number = int(node.name.removeprefix("video"))
            name = (node / "name").read_text("utf-8", "replace").strip()
            kind = node / "index"
            first = not kind.exists() or kind.read_text("utf-8").strip() == "0"
        except (OSError, ValueError):
            continue  # it was unplugged meanwhile
        if first:
            found.append(CameraInfo(number, name, f"/dev/{node.name}"))
    return sorted(found)
