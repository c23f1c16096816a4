"""What pages ask for is answered, also when it fails, and touches no device that is in use."""

from __future__ import annotations

import threading
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


def test_the_streams_that_can_be_switched_are_told_once_they_are_known() -> None:
    with demo_run(Config(), 6) as run:
        requests, told = PageRequests(Choices(Config(), True), Config()), Told()
        requests.run_begins(told, run, Marks(run))
        assert "streams.vision" not in told.news["present"]
        run.recognizer.set_link("vision", "up")
        requests.run_is_connected()
        assert told.news["present"]["streams.vision"] and told.news["changes"] == 2
        assert "streams.audio" not in told.news["present"]


def test_what_is_told_last_is_of_the_run_that_began_last(current: Run) -> None:
    """A change of the run before is told while the next one begins, on another thread."""
    going, goes_on, told_limits = threading.Event(), threading.Event(), []

    class Slow(Told):
        def tell(self, **news: Any) -> None:
            if news.get("present", {}).get("gate.abstain_below") == 1.0:
                going.set()
                assert goes_on.wait(60)
            if "present" in news:
                told_limits.append((news["changes"], news["present"]["gate.abstain_below"]))

    with demo_run(Config(), 6) as before:
        requests, told = PageRequests(Choices(Config(), True), Config()), Slow()
        requests.run_begins(told, before, Marks(before))
        ask = {"act": "change", "key": "gate.abstain_below", "value": 1.0}
        changes = threading.Thread(target=requests.act, args=(ask,))
        begins = threading.Thread(target=requests.run_begins, args=(told, current, Marks(current)))
        changes.start()
        assert going.wait(60)
        begins.start()
        begins.join(0.5)  # long enough to tell, if nothing kept it from that
        goes_on.set()
        changes.join(60)
        begins.join(60)
    begun = current.bundle.manifest.gate.abstain_below
    assert told_limits == [(1, begun), (2, 1.0), (3, begun)]
