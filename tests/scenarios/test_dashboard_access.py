"""The dashboard by day, by night, on a phone, by keyboard, read aloud."""

from __future__ import annotations

import re
import time

import pytest
from fixtures.played_page import Open, Played


def test_a_phone_scrolls_down_and_never_sideways(played: Played, visit: Open) -> None:
    played.reason = "unreliable"
    page = visit(played.dashboard.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page.get_by_text("unreliable").first.wait_for()
    page.locator("svg text").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    wide = page.evaluate(
        "[...document.querySelectorAll('section *')].filter(e => e.getClientRects().length"
        " && e.getBoundingClientRect().right > 391).map(e => e.outerHTML.slice(0, 80))"
    )
    assert not wide


def test_it_is_used_by_keyboard_alone(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to main content"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Pause"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(outline.removesuffix("px")) >= 2
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Resume").wait_for()
    assert page.get_by_role("button", name="Resume").get_attribute("aria-pressed") == "true"
    played.reason = "dark"
    time.sleep(1)
    assert "dark" not in page.inner_text("body")  # what is shown stands still
    page.keyboard.press("Space")
    page.get_by_text("vision is dropped: dark").wait_for()
    focused = []
    for _ in range(15):
        page.keyboard.press("Tab")
        focused.append(
            page.evaluate("(e => e.ariaLabel || e.innerText || e.value)(document.activeElement)")
        )
    assert focused == [
        "Stop the run",
        "Whole run",
        "Time that is shown",
        "What happened, newest first",
        "Table (CSV)",
        "JSON lines",
        "Picture (PNG)",
        "Text of the next mark",
        "Mark (m)",
        "on",
        "Marks, newest first",
        "Latency, ms",
        "Change now",
        "Devices and settings",
        "About",
    ]


def test_a_screen_reader_is_told_what_things_are(played: Played, visit: Open) -> None:
    page = visit(played.dashboard.url)
    page.get_by_text("happy 0.80").wait_for()
    page.get_by_text("-23 dBFS").wait_for()
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("heading", level=1).inner_text() == "cdat-edge"
    assert page.get_by_role("heading", level=2).count() == 10
    assert page.get_by_role("status").get_attribute("aria-live") == "polite"
    assert page.get_by_role("table", name="Streams").count() == 1
    assert page.get_by_role("meter", name="happy").count() == 1
    page.get_by_text("Latency, ms").click()
    for name in ("Timeline", "Bar", "The newest picture"):
        assert page.get_by_role("img", name=re.compile(f"^{name}")).count() == 1, name
    assert page.evaluate("document.documentElement.lang") == "en-US"


CONTRAST = """() => {
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = text => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = text; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => {
    const f = v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c; }
    return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
    const seen = e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true});
    if (!own || !seen || e.closest('style, script, .nicegui-skip-link')) continue;
    const style = getComputedStyle(e);
    const ink = e.closest('svg') ? style.fill : style.color;
    const [a, b] = [light(rgb(ink)), light(ground(e))].sort((x, y) => y - x);
    found.push([(a + .05) / (b + .05), e.textContent.trim().slice(0, 40), ink]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""
"""Contrast of each text with what lies behind it, as WCAG 2.2 defines it, least first."""


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_all_text_has_contrast_in_light_and_dark(played: Played, visit: Open, scheme: str) -> None:
    played.reason = "dark"
    page = visit(played.dashboard.url, color_scheme=scheme)
    page.get_by_text("vision is not used: dark").wait_for()
    page.locator("svg text").first.wait_for()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", ground)[:3])) < 64) == (scheme == "dark")
    found = page.evaluate(CONTRAST)
    assert len(found) > 40
    assert found[0][0] >= 4.5, found[:5]


def test_on_a_phone_on_its_side_the_label_is_beside_the_picture(
    played: Played, visit: Open
) -> None:
    page = visit(played.dashboard.url, viewport={"width": 844, "height": 390}, has_touch=True)
    page.get_by_text("happy 0.80").wait_for()
    page.wait_for_function("document.querySelector('img').naturalWidth > 0")
    picture, label, chip = (
        page.locator(part).first.bounding_box() for part in (".picture", ".label", ".chips li")
    )
    assert label["x"] > picture["x"] + picture["width"]
    assert label["y"] < 200 and chip["y"] + chip["height"] < 390
