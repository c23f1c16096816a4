"""The libraries of the base install and of the extras, as the package's own metadata names them."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from edge.doctor.finding import Finding
from edge.errors import first_line

if TYPE_CHECKING:
    from edge.config import Config

PACKAGE = "cdat-edge"
MODULES = {"opencv-python": "cv2", "pyyaml": "yaml"}
"""Where the module's name is not the distribution's with underscores."""
LOADED_ELSEWHERE = ("sounddevice", "vosk")
"""A run can do without: the checks of the microphone and of speech-to-text load them."""
NOT_FOR_RUNS = ("audit", "dev", "docs", "release", "mediapipe")
"""Tools of development; the last one needs an environment of its own."""


def check_libraries(config: Config | None = None) -> Finding:
    """Version of Python and of each library of the base install; each is imported.

    It does without the configuration: reading it takes some of these libraries.
    """
    failed: dict[str, str] = {}
    versions: dict[str, str | None] = {}
    for name in required(""):
        versions[name] = _version(name)
        if name in LOADED_ELSEWHERE:
            if versions[name] is None:
                failed[name] = "not installed"
            continue
        try:
            module = importlib.import_module(MODULES.get(name, name.replace("-", "_")))
        except Exception as error:  # a library that is installed badly raises what it likes
            failed[name] = f"{type(error).__name__}: {first_line(error)}"
        else:  # its module may come from another distribution, such as onnxruntime-gpu
            versions[name] = versions[name] or getattr(module, "__version__", None)
    causes = {name: cause.partition(":")[0] for name, cause in failed.items()}
    facts = {"failed": causes, "prefix_is_venv": sys.prefix != sys.base_prefix}
    facts["versions"] = {name: version or "not installed" for name, version in versions.items()}
    if failed:
        told = "; ".join(f"{name} cannot be imported ({failed[name]})" for name in failed)
        advice = f"Install again: pip install --force-reinstall {' '.join(failed)}."
        return Finding("libraries", "wrong", f"{told}.", advice, facts)
    python = ".".join(map(str, sys.version_info[:3]))
    listed = ", ".join(f"{name} {version or ''}".strip() for name, version in versions.items())
    return Finding("libraries", "ok", f"Python {python}, all libraries load: {listed}.", "", facts)


def check_extras(config: Config) -> Finding:
    """Which libraries of the extras are there, and how to install the others."""
    told: dict[str, dict[str, str]] = {}
    there: dict[str, str] = {}
    absent: dict[str, str] = {}
    for extra in metadata.metadata(PACKAGE).get_all("Provides-Extra") or ():
        if extra in NOT_FOR_RUNS:
            continue
        install = f"pip install '{PACKAGE}[{extra}]'"
        told[extra] = {}
        for name in required(extra):
            version = _version(name)
            told[extra][name] = version or f"not installed: {install}"
            if version is not None:
                there[name] = version
            else:
                absent.setdefault(name, install)
    listed = ", ".join(f"{name} {version}" for name, version in sorted(there.items()))
    missing = "; ".join(f"{name}: {install}" for name, install in sorted(absent.items()))
    return Finding(
        "extras",
        "ok",
        f"{listed}." if there else "None is installed.",
        f"Not installed, and only needed for what uses it: {missing}." if absent else "",
        {"extras": told},
    )


def required(extra: str) -> list[str]:
    """The distributions that an extra brings on this machine; of "", those of the base install."""
    found = []
    for line in metadata.requires(PACKAGE) or ():
        one = Requirement(line)
        base = one.marker is None or one.marker.evaluate({"extra": ""})
        wanted = one.marker is None or one.marker.evaluate({"extra": extra})
        if wanted and base == (extra == ""):
            found.append(one.name)
    return sorted(set(found))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
