"""The list of devices, on a machine with or without devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.sources.devices import CameraInfo, list_devices


def node(sysfs: Path, number: int, name: str, index: int) -> None:
    folder = sysfs / f"video{number}"
    folder.mkdir(parents=True)
    (folder / "name").write_text(name + "\n")
    (folder / "index").write_text(f"{index}\n")


def test_cameras_are_listed_without_their_metadata_nodes(tmp_path: Path) -> None:
    node(tmp_path, 10, "Integrated Camera: RGB", 0)
    node(tmp_path, 2, "HD Pro Webcam C920", 0)
    node(tmp_path, 3, "HD Pro Webcam C920", 1)
    (tmp_path / "video4").mkdir()
    found = list_devices(tmp_path).cameras
    assert found == [
        CameraInfo(2, "HD Pro Webcam C920", "/dev/video2"),
        CameraInfo(10, "Integrated Camera: RGB", "/dev/video10"),
    ]


def test_a_machine_without_a_camera_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    found = list_devices(tmp_path / "nothing")
    assert found.cameras == []
    assert any("No camera was found" in note for note in found.notes)
