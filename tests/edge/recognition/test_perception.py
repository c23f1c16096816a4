"""What is in packets that are read ahead, and what an error in one of them costs."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.clock import HandClock
from edge.config import load_config
from edge.demo.script import Script
from edge.frontends.face import FaceFrontEnd
from edge.recognition.recognizer import Recognizer
from edge.runtime.loaded import Loaded
from edge.types import NS_PER_MS, Frame


@pytest.fixture
def recognizer() -> Iterator[Recognizer]:
    """As a run makes it with the default configuration."""
    loaded = Loaded(Bundle.load(default_bundle()), load_config(None, [], {}), HandClock())
    yield loaded.recognizer
    loaded.close()


def pictures(indices: Sequence[int]) -> list[Frame]:
    portrait = Script(1.0).frame(0)
    return [Frame(index * 40 * NS_PER_MS, portrait.copy(), index) for index in indices]


def test_all_pictures_are_searched_before_the_first_face_is_encoded(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def noted(what: str, function: Any) -> Any:
        def called(*given: Any) -> Any:
            done.append(what)
            return function(*given)

        return called

    monkeypatch.setattr(FaceFrontEnd, "find", noted("find", FaceFrontEnd.find))
    monkeypatch.setattr(Networks, "encode", noted("encode", Networks.encode))
    ahead = recognizer.perception.look_ahead(pictures(range(5)))
    assert done == ["find"] * 3 + ["encode"] * 3
    assert recognizer.newest_picture is None
    readings = [recognizer.accept_ahead(one) for one in ahead]
    assert [len(found) for found in readings] == [1, 0, 1, 0, 1]


@pytest.mark.parametrize("name", ["find", "process"])
def test_a_broken_picture_costs_that_picture_and_is_let_go(
    name: str, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = getattr(FaceFrontEnd, name)

    def breaks(self: FaceFrontEnd, frame: Frame, *more: Any) -> Any:
        if frame.index == 4:
            raise ValueError("It is torn.")
        return method(self, frame, *more)

    monkeypatch.setattr(FaceFrontEnd, name, breaks)
    ahead = recognizer.perception.look_ahead(pictures((0, 2, 4, 6)))
    torn = weakref.ref(ahead[2].packet.bgr)  # type: ignore[union-attr]
    gc.disable()
    try:
        readings = []
        while ahead:
            try:
                readings.append(len(recognizer.accept_ahead(ahead.pop(0))))
            except ValueError as error:
                assert str(error) == "It is torn."
                readings.append(-1)
        assert readings == [1, 1, -1, 1]
        assert torn() is None
    finally:
        gc.enable()
