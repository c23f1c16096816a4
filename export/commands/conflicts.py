"""Options of `cdat-export compile` that would be ignored: each is refused with what to do."""

from __future__ import annotations

from collections.abc import Collection

from edge.errors import ConfigError

FOR_TENSORRT = ("--workspace", "--dla", "--timing-cache", "--run", "--trtexec", "--adopt")
APART = {
    ("--run", "--dla"): (
        "Torch-TensorRT compiles for the GPU: leave out --run to compile the bundle's ONNX graphs"
        " for the accelerator"
    ),
    ("--run", "--timing-cache"): (
        "Torch-TensorRT keeps no timing cache in a file: leave out --timing-cache, or --run"
    ),
    ("--run", "--trtexec"): "trtexec reads the bundle's ONNX graphs: leave out --run",
    ("--run", "--adopt"): "an adopted plan is made of the bundle's ONNX graph: leave out --run",
    ("--trtexec", "--adopt"): "print the lines first, run them, and then adopt their plans",
}
"""Two options that do not go together, and what to do."""


def refuse_conflicts(engine: str, given: Collection[str]) -> None:
    """Check the options that were `given`, like "--dla".

    Raises:
        ConfigError: One of them has no meaning for this engine or beside another one.
    """
    if engine != "tensorrt":
        for option in FOR_TENSORRT:
            if option in given:
                raise ConfigError(
                    f"{option} is for --engine tensorrt, and --engine is {engine}: leave it out."
                )
    for (one, other), why in APART.items():
        if one in given and other in given:
            raise ConfigError(f"{one} and {other} do not go together: {why}.")
