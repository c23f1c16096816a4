"""What a page may choose for the next run: devices that are there, and some settings.

A page gets names and numbers of the devices only: it can choose none that was not offered, and the
password in a camera's URL stays here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from edge.config import Config
from edge.config.load import validated
from edge.config.yaml_keys import put_key
from edge.errors import ConfigError, DeviceError
from edge.sources.camera_url import without_password
from edge.sources.devices import DeviceList, list_devices
from edge.sources.portaudio import OPEN_TIMEOUT_S, load_portaudio, rescan

CAMERA, MIC = "source.camera", "source.mic"
STEP, PEOPLE = "window.step_s", "people"
WATCHED = {
    "gate.watch_mouth": "Leave out a still mouth while a voice is heard",
    "gate.watch_person": "Leave out another face in the place of the first one",
}
STEP_LIMITS_S = (0.02, 10)
"""Of `WindowConfig.step_s`, which checks what is typed."""
PEOPLE_OPTIONS = {"nearest": "the nearest face", "all": "all people"}
YES_OR_NO: dict[str | bool, str] = {True: "yes", False: "no"}
NONE = "none"
Value = str | bool


class Choices:
    """One thread at a time.

    Args:
        config: Of the first run: its camera and its microphone are always offered.
        devices: Whether the run takes its devices from the configuration. One of a file does not.
    """

    def __init__(self, config: Config, devices: bool) -> None:
        self._devices = devices and config.source.file is None
        self._first = config
        self._values: dict[str, list[Value]] = {
            CAMERA: [],
            MIC: [],
            PEOPLE: list(PEOPLE_OPTIONS),
            **{key: list(YES_OR_NO) for key in WATCHED},
        }
        """The number of an option is its place; none is ever taken away."""
        self._number = 0

    def offer(
        self, config: Config, step_s: float, streams: frozenset[str], again: bool
    ) -> dict[str, Any]:
        """What one may choose from, as plain JSON. Takes up to seconds.

        Args:
            config: Of the present run, or of the last one.
            step_s: Its step.
            streams: Those that its bundle takes from devices.
            again: No microphone is open, so sound devices that were plugged in meanwhile are found.
        """
        fields, notes = [], list[str]()
        if self._devices:
            if again:
                with suppress(DeviceError):  # told by the list, too
                    rescan(load_portaudio(OPEN_TIMEOUT_S))
            found = list_devices()
            notes = found.notes
            if "vision" in streams:
                cameras = self._cameras(found, config)
                fields.append(self._field(CAMERA, "Camera", cameras, camera_of(config)))
            if "audio" in streams:
                mics = self._mics(found, config)
                fields.append(self._field(MIC, "Microphone", mics, mic_of(config)))
        step = {"key": STEP, "name": "Seconds between two answers", "value": f"{step_s:g}"}
        fields.append({**step, "limits": STEP_LIMITS_S})
        people = dict[Value, str](PEOPLE_OPTIONS.items())
        if config.people not in people:  # a number of people, which the configuration names
            people[str(config.people)] = f"{config.people} people"
        fields.append(self._field(PEOPLE, "Answers for", people, str(config.people)))
        for key, name in WATCHED.items():
            watches = getattr(config.gate, key.partition(".")[2])
            fields.append(self._field(key, name, YES_OR_NO, watches))
        self._number += 1
        return {"number": self._number, "fields": fields, "notes": notes}

    def _cameras(self, found: DeviceList, config: Config) -> dict[Value, str]:
        named: dict[Value, str] = {one.path: f"{one.name} ({one.path})" for one in found.cameras}
        mine = [camera_of(self._first), camera_of(config), *config.dashboard.cameras]
        for one in mine:
            named.setdefault(one, without_password(one))
        return named | {NONE: "none"}

    def _mics(self, found: DeviceList, config: Config) -> dict[Value, str]:
        named: dict[Value, str] = {"default": "the system's default"}
        named |= {one.name: one.name for one in found.microphones}
        for mine in (mic_of(self._first), mic_of(config)):
            named.setdefault(mine, mine)
        return named | {NONE: "none"}

    def _field(
        self, key: str, name: str, named: Mapping[Value, str], used: Value
    ) -> dict[str, Any]:
        known = self._values[key]
        known += [value for value in named if value not in known]
        options = [
            [known.index(value), f"{shown} (in use)" if value == used else shown]
            for value, shown in named.items()
        ]
        return {"key": key, "name": name, "options": options, "value": known.index(used)}

    def chosen(self, config: Config, choice: Mapping[str, Any]) -> Config:
        """`config` with what a page has chosen.

        Raises:
            ConfigError: It was not offered, or the configuration's schema does not take it.
        """
        tree = config.model_dump(exclude_unset=True)
        for key, given in choice.items():
            value = given
            if key in self._values:
                known = self._values[key]
                if type(given) is not int or not 0 <= given < len(known):
                    raise ConfigError("This choice is not offered any more: look for devices.")
                value = known[given]
            elif key != STEP:
                raise ConfigError("This setting cannot be changed from the page.")
            if key == PEOPLE and isinstance(value, str) and value.isdecimal():
                value = int(value)
            put_key(tree, key, value)
        chosen = validated(Config, tree, "")
        if self._devices and camera_of(chosen) == mic_of(chosen) == NONE:
            raise ConfigError("Neither a camera nor a microphone is chosen: choose one.")
        return chosen


def camera_of(config: Config) -> str:
    """The camera of a run without a file, as the list has it: its path, its URL, or "none"."""
    given = config.source.camera
    text = "0" if given is None else str(given)
    if text.lower() in (NONE, "off"):
        return NONE
    on_linux = sys.platform.startswith("linux")
    return f"/dev/video{int(text)}" if on_linux and text.isascii() and text.isdecimal() else text


def mic_of(config: Config) -> str:
    """The microphone of a run without a file, as the list has it."""
    given = config.source.mic
    text = "default" if given is None else str(given)
    return NONE if text.lower() in (NONE, "off") else text
