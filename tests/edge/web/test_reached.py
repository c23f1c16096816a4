"""The printed address opens on another machine."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.web import reached as module
from edge.web.reached import qr_code, reached


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8766/", "http://lab.local:1/?token=x", "https://[fd00::1]:443/"]
)
def test_an_address_of_one_host_stays(url: str) -> None:
    assert reached(url) == url


@pytest.mark.parametrize(
    ("url", "host", "wanted"),
    [
        ("http://0.0.0.0:8766/?token=a", "10.1.2.3", "http://10.1.2.3:8766/?token=a"),
        ("https://[::]:8766/", "fd00::2", "https://[fd00::2]:8766/"),
        ("http://0.0.0.0:8766/", None, "http://0.0.0.0:8766/"),
    ],
)
def test_all_addresses_become_the_one_that_leaves(
    url: str, host: str | None, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_leaves_by", lambda version: host)
    assert reached(url) == wanted


def test_a_phone_reads_the_code() -> None:
    url = "http://10.1.2.3:8766/?token=" + "aB3_" * 8
    cells = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    rows = [[cells[c] for c in line] for line in qr_code(url).splitlines()]
    light = np.array(rows, np.uint8).transpose(0, 2, 1).reshape(-1, len(rows[0])) * 255
    picture = cv2.copyMakeBorder(
        cv2.resize(light, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST),
        *(40, 40, 40, 40),
        cv2.BORDER_CONSTANT,
        value=255,
    )
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == url
