"""Who may stop a run on the dashboard and choose devices, and how a page finds its run again."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest
from fixtures.played_page import Open, Played
from fixtures.waiting import eventually


def test_the_run_is_stopped_after_a_question(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.get_by_role("button", name="Stop the run").click()
    dialog = page.get_by_role("dialog", name="Stop the run?")
    dialog.wait_for()
    assert page.evaluate("document.activeElement.innerText") == "Go on"
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert not played.asked
    page.get_by_role("button", name="Stop the run").click()
    dialog.get_by_role("button", name="Stop", exact=True).click()
    eventually(lambda: [one["act"] for one in played.asked] == ["stop"])
    dialog.get_by_text("The run is stopping").wait_for()
    played.dashboard.finish()
    dialog.wait_for(state="hidden")
    assert not page.get_by_role("button", name="Stop the run").is_visible()
    assert not page.wrong


def test_a_page_without_permission_sets_no_marks(visit: Open) -> None:
    played = Played(control=False)
    try:
        page = visit(played.dashboard.url)
        page.get_by_text("takes no marks").wait_for()
        page.keyboard.press("m")
        for name in ("Mark (m)", "Stop the run"):
            assert page.get_by_role("button", name=name).count() == 0
        time.sleep(0.3)
        assert not played.asked
    finally:
        played.close()


@pytest.mark.slow
def test_an_open_page_reconnects_when_its_process_was_killed(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    first = played.dashboard._process.pid
    os.kill(first, signal.SIGKILL)
    eventually(lambda: played.dashboard._process.pid != first)
    played.reason = "dark"  # known to the new process alone
    page.get_by_text("vision is not used: dark").wait_for()


@pytest.mark.slow
def test_off_loopback_the_printed_address_opens_the_page(visit: Open) -> None:
    played = Played(address="0.0.0.0:0")
    try:
        url = played.dashboard.url.replace("0.0.0.0", "127.0.0.1")
        page = visit(url)
        page.get_by_text("happy 0.80").wait_for()
        assert "token" not in page.url
        assert page.request.get(page.url + "verdicts.csv").status == 200
        stranger = visit(url.partition("?")[0])
        assert stranger.request.get(page.url + "verdicts.csv").status == 403
        assert "token is required" in stranger.inner_text("body")
    finally:
        played.close()


def test_a_look_for_devices_that_fails_says_so(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.locator("summary", has_text="Devices and settings").click()
    part = page.get_by_role("region", name="Devices and settings")
    part.get_by_text("Looking for devices ...").wait_for()
    eventually(lambda: {"act": "look"} in played.asked)
    for said in ("The list is gone.", "No camera."):
        played.dashboard.tell(listing=True)
        played.dashboard.tell(listing=False, listed=said)
        part.get_by_text(said).wait_for()
    # The same answer as before, so fast that no page hears of its beginning.
    part.get_by_role("button", name="Look for devices").click()
    part.get_by_text("Looking for devices ...").wait_for()
    played.dashboard.tell(listing=False, listed="No camera.")
    part.get_by_text("No camera.").wait_for()
    assert "Nothing was started" not in part.inner_text()
    for _ in range(12):  # more than are taken
        part.get_by_role("button", name="Look for devices").dispatch_event("click")
    part.get_by_text("Devices were not looked for").wait_for()


def test_a_list_of_devices_that_stays_the_same_does_not_disturb_who_is_choosing(
    played: Played, visit: Open
) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.locator("summary", has_text="Devices and settings").click()
    part = page.get_by_role("region", name="Devices and settings")
    camera = {"key": "camera", "name": "Camera", "value": 0, "options": [[0, "one"], [1, "two"]]}

    def offer(number: int, fields: list[dict[str, Any]], listed: str) -> None:
        played.dashboard.tell(offer={"number": number, "fields": fields}, listed=listed)
        part.get_by_text(listed).wait_for()

    offer(1, [camera], "First look.")
    chosen = part.get_by_role("combobox", name="Camera")
    chosen.evaluate("element => { element.selectedIndex = 1; }")  # its event is on its way
    offer(2, [camera], "Second look.")
    assert chosen.evaluate("element => element.selectedIndex") == 1
    offer(3, [camera | {"options": [[0, "one"], [2, "three"]]}], "Third look.")
    part.get_by_role("option", name="three").wait_for(state="attached")
