"""Compiled plans in a folder, each found again by what it was compiled from and for.

A plan is two files: NAME, which the engine reads, and NAME.json, which says what it is and carries
its SHA-256. The second is written last, so that a build that was killed leaves nothing that is
loaded; the next build of that plan removes what it left. Processes that build the same plan wait
for each other.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any

from edge.digest import sha256_of
from edge.engines import Precision
from edge.engines.cache_folder import default_folder
from edge.engines.plan_key import PlanKey
from edge.errors import EngineError, PlanError

LOCK_S = 3600.0
"""How long a build waits for another of the same plan: a Jetson takes minutes a graph."""


class Plans:
    """The plans in one folder. Any thread, any number of processes."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` None: the user's cache folder. It is made when the first plan is written."""
        self.folder = folder or default_folder()

    def find(self, key: PlanKey) -> Path:
        """The plan's file, intact.

        Raises:
            PlanError: There is none, or it was damaged. The sentence says which, and for what
                other machine there is one.
        """
        path = self.folder / key.file
        try:
            facts, found = _facts(path), sha256_of(path)
        except FileNotFoundError:
            raise PlanError(self._why_none(key)) from None
        except OSError as error:
            raise PlanError(f"The plan {path} cannot be read: {error.strerror}.") from None
        if found != facts.get("sha256") or {k: facts.get(k) for k in key.facts} != key.facts:
            raise PlanError(
                f"The plan {path} or its .json was altered or cut off: compile it again with"
                " `cdat-export compile`."
            )
        return path

    def facts(self, key: PlanKey) -> dict[str, Any]:
        """What the plan's second file says; empty when there is no plan."""
        try:
            return _facts(self.folder / key.file)
        except OSError:
            return {}

    def held(self, key: PlanKey) -> Precision:
        """The precision of the graph in the plan: fp32 where `cdat-export compile` kept that."""
        return "fp32" if self.facts(key).get("kept") == "fp32" else key.precision

    @contextmanager
    def locked(self, key: PlanKey) -> Iterator[None]:
        """Hold the plan's lock: one process at a time builds it.

        Raises:
            EngineError: The folder cannot be written or locked, or another build does not end.
        """
        from filelock import FileLock, Timeout  # a run without plans does not wait for it

        lock = FileLock(self.folder / f"{key.file}.lock", timeout=LOCK_S)
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire()
            except Timeout:
                raise EngineError(
                    f"Another process has built {key.file} in {self.folder} for"
                    f" {LOCK_S / 60:.0f} minutes: end it, or set engine.cache to another folder."
                ) from None
            except NotImplementedError:
                raise EngineError(
                    f"{self.folder} lies on a file system without locks: set engine.cache to a"
                    " folder on another one."
                ) from None
        try:
            yield
        finally:
            lock.release()

    def write(self, key: PlanKey, fill: Callable[[Path], None], facts: Mapping[str, Any]) -> Path:
        """Write a plan; call with its lock held.

        Args:
            fill: Writes the plan to the path that it is given.
            facts: Further JSON data for the second file, read after `fill`: how long it took.

        Raises:
            EngineError: The disk is full, or the folder cannot be written.
        """
        path = self.folder / key.file
        prefix = f".{key.file}."
        for killed in self.folder.glob(f"{escape(prefix)}*"):
            shutil.rmtree(killed, ignore_errors=True)
        with self._writing(), tempfile.TemporaryDirectory(dir=self.folder, prefix=prefix) as work:
            new = Path(work) / path.name
            fill(new)
            told = (
                {**facts}
                | key.facts
                | {
                    "sha256": sha256_of(new),
                    "bytes": new.stat().st_size,
                    "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                }
            )
            beside = Path(work) / _beside(path).name
            beside.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
            _beside(path).unlink(missing_ok=True)
            new.replace(path)
            beside.replace(_beside(path))
        return path

    def remove(self, key: PlanKey) -> None:
        """Remove a plan, if it is there. Who has opened it keeps it.

        Raises:
            EngineError: The folder cannot be written or locked.
        """
        path = self.folder / key.file
        with self.locked(key), self._writing():
            for file in (_beside(path), path):  # without the first, the second is not loaded
                file.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EngineError(
                f"A plan cannot be written to {self.folder} ({error.strerror or error}):"
                " make room, or set engine.cache to a folder that can be written."
            ) from None

    def _why_none(self, key: PlanKey) -> str:
        wanted = f"no {key.precision} plan of {key.graph} for {key.engine}"
        again = "compile one with `cdat-export compile`."
        others = self._others(key)
        for facts in others:
            there = facts.get("machine")
            if facts.get("graph_sha256") != key.graph_sha256 or not isinstance(there, dict):
                continue
            for name in (*key.machine, *there):
                if there.get(name) != key.machine.get(name):
                    compiled_for = f"{name} {there[name]}" if name in there else f"no {name}"
                    return (
                        f"There is {wanted} on this machine: the one in {self.folder} was compiled"
                        f" for {compiled_for}, and this is {key.machine.get(name, 'without')};"
                        f" {again}"
                    )
        if any(facts.get("graph_sha256") != key.graph_sha256 for facts in others):
            return f"There is {wanted}: the one in {self.folder} is of another bundle; {again}"
        return f"There is {wanted} in {self.folder}: {again}"

    def _others(self, key: PlanKey) -> list[dict[str, Any]]:
        """What is said of the plans of this name for other bundles and machines."""
        found = []
        for beside in sorted(self.folder.glob(f"{escape(key.stem)}-*{key.suffix}.json")):
            with suppress(OSError):
                found.append(_facts(beside.with_suffix("")))
        return [facts for facts in found if facts]


def _facts(path: Path) -> dict[str, Any]:
    """Of the plan's second file; empty when it is no JSON object.

    Raises:
        OSError: It is missing or cannot be read.
    """
    try:
        facts = json.loads(_beside(path).read_text("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".json")
