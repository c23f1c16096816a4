"""`cdat-edge devices`."""

from __future__ import annotations

from functools import partial

from edge.commands.screen import screen
from edge.sources.devices import list_devices


def devices() -> None:
    """List the cameras and microphones."""
    found = list_devices()
    say = partial(screen(stderr=False).print, soft_wrap=True)
    for camera in found.cameras:
        say(f"camera {camera.index}: {camera.name} ({camera.path})")
    for mic in found.microphones:
        say(f"mic {mic.index}: {mic.name} ({mic.channels} channels, {mic.rate_hz} Hz)")
    for note in found.notes:
        say(note)
