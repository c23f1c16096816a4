"""Checkpoints: weights as safetensors, everything else as JSON; neither format can run code."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from edge.errors import DataError
from train import hardware

FORMAT = 1
BEST, LAST = "best.safetensors", "last.safetensors"
"""Files in a stage's folder: the epoch with the best score, and the newest epoch."""

Model = TypeVar("Model", bound=nn.Module)


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a temporary file, then rename it: a reader sees the complete old or the complete new
    file. Of several processes that train together, the first one writes."""
    if not hardware.first():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Raises: DataError, if the file is missing or is not a JSON object."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} is missing: run `cdat-train all` to its end first.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as JSON ({error}).") from error
    if not isinstance(data, dict):
        raise DataError(f"{path} must hold one JSON object.")
    return data


def save(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors and facts to one safetensors file, which is replaced as a whole.

    With two files, a process killed between them would leave the weights of one epoch with the
    facts of another. Of several processes that train together, the first one writes.
    """
    if not hardware.first():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    plain = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
    save_file(plain, partial, {"facts": json.dumps({"format": FORMAT, **facts}, sort_keys=True)})
    partial.replace(path)


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the tensors and facts that `save` wrote.

    Raises:
        DataError: The file is missing, damaged or of another format.
    """
    from safetensors import safe_open

    if not path.is_file():
        raise DataError(f"{path} is missing: run the stage that makes it, or `cdat-train all`.")
    try:
        tensors = load_file(path)
        with safe_open(path, "pt") as file:
            facts = json.loads((file.metadata() or {})["facts"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise DataError(f"{path} is not a checkpoint of cdat-train ({error}).") from error
    if facts.get("format") != FORMAT:
        raise DataError(
            f"{path} has format {facts.get('format')!r}, this release reads {FORMAT}: train again."
        )
    return tensors, facts


def load_into(model: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Load weights into a model.

    Raises:
        DataError: The weights are of another model.
    """
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        last = str(error).splitlines()[-1].strip()
        raise DataError(f"{path} holds the weights of another model ({last}).") from None


def load_best(model: Model, folder: Path) -> Model:
    """Load the best epoch of a stage into a model, and set the model to eval mode.

    Args:
        folder: folder of the stage, with best.safetensors.

    Raises:
        DataError: The stage has not been run, or was run with another architecture.
    """
    path = folder / BEST
    tensors, _ = load(path)
    load_into(model, tensors, path)
    return model.eval()


def made_of(folder: Path) -> tuple[str, int]:
    """The key and the epoch of a stage's result, for the key of what is made from it.

    Raises:
        DataError: The stage has not been run.
    """
    _, facts = load(folder / BEST)
    return str(facts["key"]), int(facts["epoch"])


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state (running means), by parameter number, as a flat dict."""
    state = optimiser.state_dict()["state"]
    return {f"{number}.{name}": v for number, row in state.items() for name, v in row.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Inverse of `optimiser_tensors`."""
    plain = optimiser.state_dict()
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": plain["param_groups"]})
