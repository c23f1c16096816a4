"""What pages ask for is answered, also when it fails, and touches no device that is in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fixtures.waiting import eventually

from edge.commands import choices
from edge.commands.choices import Choices
from edge.commands.page_requests import PageRequests
from edge.config import Config
from edge.demo.script import demo_run
from edge.runtime.marks import Marks
from edge.runtime.run import Run
from edge.sources.devices import DeviceList


class Told:
    """What the pages know."""

    def __init__(self) -> None:
        self.news: dict[str, Any] = {}

    def tell(self, **news: Any) -> None:
        self.news |= news

    def show_picture(self, shown: bool) -> None:
        self.news["picture"] = shown


@pytest.fixture(scope="module")
def current() -> Iterator[Run]:
    """A run that is never iterated."""
    with demo_run(Config(), 6) as one:
        yield one


def look(requests: PageRequests, told: Told) -> dict[str, Any]:
    told.news.pop("listing", None)
    requests.act({"act": "look"})
    eventually(lambda: told.news.get("listing") is False)
    return told.news


def test_a_look_that_fails_says_why_and_says_nothing_of_a_start(
    current: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests, told = PageRequests(Choices(Config(), True), Config()), Told()
    requests.run_begins(told, current, Marks(current))
    told.news = {"busy": True}

    def fails() -> DeviceList:
        raise OSError("The list is gone.")

    monkeypatch.setattr(choices, "list_devices", fails)
    assert look(requests, told)["listed"] == "The list is gone." and told.news["busy"]
    monkeypatch.setattr(choices, "list_devices", lambda: DeviceList([], [], ["No camera."]))
    assert look(requests, told)["listed"] == "No camera." and told.news["offer"]["fields"]


def test_sound_devices_are_listed_anew_only_while_none_is_in_use(
    current: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew: list[object] = []
    monkeypatch.setattr(choices, "load_portaudio", lambda timeout_s: None)
    monkeypatch.setattr(choices, "rescan", anew.append)
    monkeypatch.setattr(choices, "list_devices", lambda: DeviceList([], [], []))
    requests, told = PageRequests(Choices(Config(), True), Config()), Told()

    def lists_anew() -> bool:
        anew.clear()
        look(requests, told)
        return bool(anew)

    requests.run_begins(told, current, Marks(current))
    assert not lists_anew()
    requests.run_ended()
    assert not lists_anew()  # its microphone may be open still
    requests.run_closed()
    assert lists_anew()
    requests.want(Config())
    assert not lists_anew()
    assert requests.take() is not None
    assert not lists_anew()  # another run is being made
    requests.run_begins(told, current, Marks(current))
    requests.run_ended()
    requests.run_closed()
    assert requests.take() is None and lists_anew()


@pytest.mark.parametrize("key", ["gate.watch_mouth", "gate.watch_person"])
def test_what_is_watched_of_the_face_can_be_chosen(key: str) -> None:
    offered, config = Choices(Config(), False), Config()
    fields = offered.offer(config, 0.25, frozenset(), again=False)["fields"]
    (field,) = [one for one in fields if one["key"] == key]
    assert [shown for _, shown in field["options"]] == ["yes (in use)", "no"]
    chosen = offered.chosen(config, {key: field["options"][1][0]})
    assert chosen.model_dump(exclude_unset=True)["gate"] == {key.partition(".")[2]: False}
