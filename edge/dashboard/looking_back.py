"""The page's slider through the time of a run: one looks at an earlier moment, and back at now."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

from nicegui import ui
from nicegui.events import GenericEventArguments

from edge.dashboard.charts import LEFT_PX, RIGHT_PX
from edge.dashboard.elements import button
from edge.dashboard.wall import WallClock

STEP_S = 0.25
"""Of an arrow key: a verdict at the usual step."""
THROTTLE_S = 0.05
TOUCH = "e => { e.target.touched = (e.target.touched || 0) + 1; }"
TELL = "e => emit([+e.target.value, e.target.touched])"


class LookingBack:
    """Builds itself into the open section, with the ends of the timeline's axis.

    Args:
        changed: Called when another time is to be shown.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.at_s: float | None = None
        """What is shown, in seconds from the run's first step; None: now."""
        self._changed = changed
        self._now_s = 0.0
        self._touched = 0
        """How often the browser had moved the thumb, as far as is known here."""
        self._sent = ""
        self._slider = ui.element("input").classes("slider")
        self._slider.props(f'type=range step={STEP_S} aria-label="Time that is shown"')
        # Half a thumb (8 px) beyond both ends, so that its middle is at the chart's time.
        left_px, right_px = LEFT_PX - 8, RIGHT_PX - 8
        self._slider.style(f"margin: 0 {right_px}px 0 {left_px}px")
        self._slider.style(f"width: calc(100% - {left_px + right_px}px)")
        self._slider.on("input", js_handler=TOUCH)
        self._slider.on("input", self._moved, throttle=THROTTLE_S, js_handler=TELL)
        with ui.element("div").classes("over past") as self._past:
            self._told = ui.html(tag="p", sanitize=False).classes("said")
            button("Back to now").on("click", self._now)
        self._past.set_visibility(False)

    def show(self, span_s: tuple[float, float], now_s: float, wall: WallClock, answer: str) -> None:
        """Follow the axis.

        The browser owns the slider's value: one that is sent to it would pull the thumb back while
        it is dragged. So it is set only while now is shown, and only if the browser has not moved
        it since then, of which the news may still be on its way.
        """
        self._now_s = now_s
        low_s = math.floor(span_s[0] / STEP_S) * STEP_S  # steps are counted from there
        high_s = math.ceil(span_s[1] / STEP_S) * STEP_S
        if self.at_s is not None:
            self.at_s = max(self.at_s, low_s)  # older verdicts are not kept any more
        shown_s = now_s if self.at_s is None else self.at_s
        said = f"{wall.when(shown_s)}: {answer}" if self.at_s is not None else f"now: {answer}"
        sent = f"e.min = {low_s}; e.max = {high_s};"
        if self.at_s is None:
            sent += f" if ((e.touched || 0) === {self._touched}) e.value = {round(now_s, 2)};"
        sent += f" e.setAttribute('aria-valuetext', {json.dumps(said)});"
        if sent != self._sent:
            self._sent = sent
            self.send()
        self._past.set_visibility(self.at_s is not None)
        if self.at_s is not None:
            self._told.set_content(f"You see the run at {wall.when(self.at_s)}, not now.")

    def send(self) -> None:
        """Send the axis again. What was sent before the page was connected is lost."""
        find = f"const e = document.getElementById('{self._slider.html_id}');"
        self._slider.client.run_javascript(f"{find} if (e) {{ {self._sent} }}")

    def _moved(self, event: GenericEventArguments) -> None:
        match event.args:
            case [int() | float() as value, int() as touched]:
                at_s, self._touched = float(value), touched
            case _:
                return
        self.at_s = max(0.0, at_s) if at_s < self._now_s - STEP_S / 2 else None
        self._changed()

    def _now(self) -> None:
        self.at_s = None
        self._changed()
