"""Recordings, bundles and configurations, damaged."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
from fixtures.bundles import cut_bundle
from fixtures.media import write_clip

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.config import load_config
from edge.config.sessions import load_plan
from edge.config.sessions_checks import check_apart, check_common
from edge.recording.replay import Replay
from edge.runtime.run import Run
from fuzzing.mutation import mutate

ROOT = Path(__file__).resolve().parents[2]


def linked(whole: Path, folder: Path) -> Path:
    """A copy whose files are links, each to be replaced whole."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in whole.iterdir():
        os.link(path, folder / path.name)
    return folder


def damage(folder: Path, rng: np.random.Generator, names: list[str]) -> str:
    """Damage one of the files; its name."""
    path = folder / names[int(rng.integers(len(names)))]
    whole = path.read_bytes()
    path.unlink()  # a link to the whole one
    path.write_bytes(mutate(whole, rng))
    return path.name


class Bundles:
    """The packaged bundle's sound alone. Every other time the manifest has the damaged file's
    SHA-256, so that what opens the file sees it."""

    def __init__(self, folder: Path) -> None:
        self._whole = cut_bundle(folder / "whole", ("audio",))
        self._folder = folder / "damaged"

    def write(self, rng: np.random.Generator) -> Path:
        folder = linked(self._whole, self._folder)
        names = ["manifest.json", "audio.onnx", "fusion.onnx", "golden.npz", "MODEL_CARD.md"]
        name = damage(folder, rng, names)
        if name != "manifest.json" and rng.random() < 0.8:
            path = folder / "manifest.json"
            manifest = json.loads(path.read_text("utf-8"))
            digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            manifest["files"][name] = digest
            path.unlink()
            path.write_text(json.dumps(manifest), "utf-8")
        return folder

    def open(self, path: Path, rng: np.random.Generator) -> None:
        Networks(Bundle.load(path)).close()


class Recordings:
    """Two seconds of sound, as features or raw, replayed in full."""

    def __init__(self, folder: Path) -> None:
        self._bundle = cut_bundle(folder / "bundle", ("audio",))
        film = write_clip(folder / "tone.wav", 2, fps=None, codecs=("", "pcm_s16le"))
        self._whole = [folder / "features", folder / "raw"]
        for path in self._whole:
            options = {
                "bundle": str(self._bundle),
                "source.file": str(film),
                "asr.engine": "none",
                "record.folder": str(path),
                "record.raw": path.name == "raw",
            }
            with Run(load_config(None, [], options)) as run:
                for _ in run.verdicts():
                    pass
        self._folder = folder / "damaged"

    def write(self, rng: np.random.Generator) -> Path:
        folder = linked(self._whole[int(rng.integers(2))], self._folder)
        damage(folder, rng, sorted(path.name for path in folder.iterdir()))
        return folder

    def open(self, path: Path, rng: np.random.Generator) -> None:
        for _ in Replay(path, self._bundle).verdicts():
            pass


class Configurations:
    """The files of configs/edge/."""

    def __init__(self, folder: Path) -> None:
        files = sorted((ROOT / "configs" / "edge").glob("*.yaml"))
        self._whole = [path.read_bytes() for path in files]
        self._path = folder / "damaged.yaml"

    def write(self, rng: np.random.Generator) -> Path:
        whole = self._whole[int(rng.integers(len(self._whole)))]
        # Comments are half of the file, and damaging them tries nothing.
        lines = [line.partition(b" #")[0] for line in whole.splitlines()]
        self._path.write_bytes(mutate(b"\n".join(lines[2:]), rng))
        return self._path

    def open(self, path: Path, rng: np.random.Generator) -> None:
        if b"sessions" in path.read_bytes():
            plan = load_plan(path, None, [], {})
            check_common(plan.common)
            check_apart(plan)
        else:
            load_config(path, [], {})
