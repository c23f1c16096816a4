"""Whether two sessions name one microphone in different ways: its index, its name, `default`."""

from __future__ import annotations

from edge.config.sessions import Plan
from edge.config.sessions_checks import OFF
from edge.errors import ConfigError, DeviceError
from edge.sources.portaudio import find_input, load_portaudio

OF_THE_SERVER = ("default", "pulse", "pipewire")
"""ALSA's names for what the sound server has as its default, each with an index of its own."""


def check_microphones(plan: Plan) -> None:
    """Ask the system which microphones are meant, if more than one is. One that is not found is
    left to its session, which tells it or waits for it.

    Raises:
        ConfigError: Names both sessions and the microphone.
    """
    asked = [(s.name, s.config.source.mic) for s in plan.sessions if s.config.source.mic not in OFF]
    if len(asked) < 2:
        return
    taken: dict[int | str, str] = {}
    for name, mic in asked:
        try:
            found = find_input(load_portaudio(), None if mic == "default" else mic)
        except DeviceError:
            continue
        what = OF_THE_SERVER[0] if found.name in OF_THE_SERVER else found.index
        other = taken.setdefault(what, name)
        if other != name:
            raise ConfigError(
                f"session {name} and session {other} would both use the microphone"
                f" {found.index} ({found.name}), which {name} names {mic!r}: give each its own."
            )
