"""An adaptation overwrites no bundle, leaves nothing half written, and refuses in one sentence."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fixtures.own_room import base

from edge.bundle import Bundle
from edge.errors import BundleError, ConfigError, DataError
from edge.recording.session import bundle_digest
from train import cli
from train.adaptation.adapt import adapt

ROOT = Path(__file__).parents[3]
KILLED = """
import os, pathlib, signal, sys
from pathlib import Path
rename, out, when = Path.rename, sys.argv[1], sys.argv[2]

def killed(self, target):
    if when == "first" or str(target) == out:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)

Path.rename = killed
from train.cli import main
main(["adapt", *sys.argv[3:], "--out", out])
"""
"""Killed when a bundle is complete but for its name: of the first trial, or the result."""


def test_the_same_bundle_is_not_overwritten(recordings: Path, tmp_path: Path) -> None:
    before = bundle_digest(base())
    with pytest.raises(ConfigError, match="no bundle is overwritten"):
        adapt(base(), recordings, tmp_path)
    with pytest.raises(BundleError, match="inside the bundle"):
        adapt(base(), recordings, base().folder / "new")
    with pytest.raises(ConfigError, match="the steps are shift, transfer, prior"):
        adapt(base(), recordings, tmp_path / "out", ["everything"])
    assert bundle_digest(base()) == before


@pytest.mark.slow
@pytest.mark.parametrize("when", ["first", "last"])
def test_a_kill_leaves_the_old_bundle_whole_and_no_new_one(
    when: str, recordings: Path, tmp_path: Path
) -> None:
    noisy, out = tmp_path / "noisy", tmp_path / "out"
    noisy.mkdir()
    for one in recordings.glob("*.1"):
        (noisy / one.name).symlink_to(one)
    old = Path(shutil.copytree(base().folder, tmp_path / "old"))
    before = {path.name: path.read_bytes() for path in old.iterdir()}
    arguments = [str(out), when, str(old), str(noisy), "--off", "typical"]
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], env=environment, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not out.exists()
    assert {path.name: path.read_bytes() for path in old.iterdir()} == before
    Bundle.load(old)
    # The same command makes the bundle, and takes away what the killed one left.
    cli.app(["adapt", str(old), str(noisy), "--out", str(out)], standalone_mode=False)
    Bundle.load(out)
    assert not list(tmp_path.glob(".out*"))


def test_too_few_seconds_are_one_sentence(recordings: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has 1 s that the bundle can judge: record 20 s"):
        adapt(base(), recordings / "p0_calm", tmp_path / "out")


def test_labels_that_the_bundle_lacks_are_one_sentence(recordings: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none in common"):
        adapt(base(), recordings.parent, tmp_path / "out")
