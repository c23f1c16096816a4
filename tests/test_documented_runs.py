"""The commands of the documents, run as they stand, in a folder that has what they name.

What is not run has a reason here; `test_documented_commands` parses all of them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from fixtures.documented import ROOT, lines
from fixtures.media import tone
from fixtures.people import still, write_people
from fixtures.pictures import picture

from edge.bundle import default_bundle

NOT_RUN = {
    r"docker |uvx |ExecStart=": "needs Docker, uv or systemd",
    r"cdat-edge run(?!.* --file | --sources sources.yaml)": "needs a camera and a microphone",
    r"cdat-edge calibrate ": "needs a camera and a microphone",
    r"cdat-edge serve": "runs until it is stopped: tests/scenarios/test_serve.py",
    r"cdat-edge bench ": "measures for minutes, on a quiet machine",
    r"cdat-edge bench-serve ": "needs a service that runs: tests/edge/bench/test_served.py",
    r"vosk-model|MODEL": "downloads a model, or names one of the user's",
    r"bundle-of-sound|BUNDLE|PATH|NAME": "names what a training leaves, or the user's own",
    r"tensorrt|trtexec|--adopt|--dla|inductor": "needs TensorRT, or compiles for minutes",
    r"cdat-export (bench|compile|build) ": "takes minutes, or a trained run",
    r"cdat-export verify .*--precision": "needs a plan, which takes minutes",
    r"cdat-train (?!extract|factorial-table)": "trains or measures for minutes, on the corpora",
    r"--ray |time cdat-train": "needs a Ray: tests/train/corpora/recorded/test_on_ray.py",
}
CLIPS = ("happy/ann_1.mp4", "happy/bob_1.mp4", "sad/ann_2.mp4", "sad/bob_2.mp4")
RUN: dict[str, list[str]] = {}
for _page, _line in dict.fromkeys(lines()):
    if not any(re.search(pattern, _line) for pattern in NOT_RUN):
        RUN.setdefault(_page, []).append(_line)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of two portraits and a tone, under the names that the documents use."""
    folder = tmp_path_factory.mktemp("prepared")
    portrait = cv2.imread(str(ROOT / "edge" / "assets" / "grace_hopper.jpg"))
    assert portrait is not None
    face = picture(cv2.resize(portrait, (288, 360)))
    sound = tone(np.arange(32_000) / 16_000).astype(np.float32)
    clip = write_people(folder / "clip.mp4", [still(face, 50)] * 2, sound)
    for name in ("a.mp4", "b.wav", "film.mp4", "talk.mp4", "standard.mp4"):
        shutil.copy(clip, folder / name)
    for name in CLIPS:
        (folder / "clips" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, folder / "clips" / name)
    rows = [f"{name},{name.partition('/')[0]}" for name in CLIPS]
    (folder / "clips" / "table.csv").write_text("\n".join(["file,label", *rows]) + "\n", "utf-8")
    (folder / "table.csv").write_text("file,label\nclip.mp4,0.5\nfilm.mp4,-0.5\n", "utf-8")
    sources = "sessions: [{name: a, file: a.mp4, asr: false}, {name: b, file: b.wav, asr: false}]"
    (folder / "sources.yaml").write_text(sources, "utf-8")
    for bundle in ("my_bundle", "new"):
        shutil.copytree(default_bundle(), folder / bundle)
    for part in ("edge", "docs", "configs"):
        (folder / part).symlink_to(ROOT / part)
    (folder / ".venv").symlink_to(sys.prefix)
    shell(folder, "cdat-edge run --file talk.mp4 --asr none --record talk")
    return folder


def shell(folder: Path, command: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    told = done.stdout + done.stderr
    # The doctor's exit code is that of a run without options; here is no camera, perhaps.
    fine = (0, 1) if "cdat-edge doctor" in command else (0,)
    assert done.returncode in fine and "Traceback" not in told, f"{command}\n{told}"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_run_one_after_the_other(
    page: str, prepared: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(prepared, tmp_path / "folder", symlinks=True)
    for line in RUN[page]:
        shell(folder, line)


def test_enough_is_run_and_no_reason_is_left_over() -> None:
    assert sum(map(len, RUN.values())) > 25
    everything = [line for _, line in lines()]
    for pattern in NOT_RUN:
        assert any(re.search(pattern, line) for line in everything), pattern
