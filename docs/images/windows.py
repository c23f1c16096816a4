"""Take pictures of the dashboard in windows of all sizes, to look at them. Needs Chromium.

    .venv/bin/python docs/images/windows.py [FOLDER]

In FOLDER (default `build/dashboard`) it leaves for each window, in light and dark, the page during
the demo, as far as it scrolls: `tablet-dark.png`, and with all that is folded away open
`tablet-dark-open.png`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from make import NOISY, demo, launch
from playwright.sync_api import Browser, ViewportSize, sync_playwright

SECONDS = 120
"""The camera is dark from 30 to 48 s, the microphone noisy from 66 to 84 s."""
WINDOWS: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 960},
    "tablet": {"width": 820, "height": 1180},
    "phone": {"width": 390, "height": 844},
    "phone-landscape": {"width": 844, "height": 390},
}
FOLDED = ("Latency, ms", "Devices and settings", "About")


def take(browser: Browser, address: str, name: str, scheme: str, folder: Path) -> None:
    """Both pictures of one window."""
    dark = "dark" if scheme == "dark" else "light"
    context = browser.new_context(
        viewport=WINDOWS[name], has_touch=name != "desktop", color_scheme=dark
    )
    page = context.new_page()
    page.goto(address)
    page.locator("svg text", has_text="now").first.wait_for()
    page.get_by_text("processors").wait_for()
    page.wait_for_function("document.querySelector('.slider').ariaValueText?.startsWith('now')")
    page.screenshot(path=str(folder / f"{name}-{scheme}.png"), full_page=True)
    for part in FOLDED:
        page.locator("summary", has_text=part).click()
    page.get_by_role("columnheader", name="p95, ms").wait_for()
    page.keyboard.press("m")
    page.get_by_label("Marks, newest first").get_by_text("mark").first.wait_for()
    page.get_by_role("slider", name="Time that is shown").focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Back to now").wait_for()
    page.wait_for_timeout(1000)
    page.screenshot(path=str(folder / f"{name}-{scheme}-open.png"), full_page=True)
    context.close()


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/dashboard")
    folder.mkdir(parents=True, exist_ok=True)
    run, address = demo(SECONDS)
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright)
            page = browser.new_page()
            page.goto(address)
            page.get_by_text(NOISY).wait_for(timeout=1000 * SECONDS)
            page.close()
            for name in WINDOWS:
                for scheme in ("light", "dark"):
                    take(browser, address, name, scheme, folder)
            browser.close()
    finally:
        run.terminate()
        run.wait()


if __name__ == "__main__":
    main()
