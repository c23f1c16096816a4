"""`cdat-edge devices`."""

from __future__ import annotations

from rich.console import Console

from edge.sources.devices import list_devices


def devices() -> None:
    """List the cameras and microphones that are there."""
    found = list_devices()
    console = Console(highlight=False)
    for camera in found.cameras:
        console.print(f"camera {camera.index}: {camera.name} ({camera.path})")
    for mic in found.microphones:
        console.print(f"mic {mic.index}: {mic.name} ({mic.channels} channels, {mic.rate_hz} Hz)")
    for note in found.notes:
        console.print(note)
