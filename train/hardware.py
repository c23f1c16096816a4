"""What a training runs on: the processor or GPUs, one process or several, through Lightning Fabric.

One setting holds for the process, as torch's number of threads does. Without `use` it is the
processor alone, in 32 bits.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from edge.errors import ConfigError, EdgeError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

FULL = "32-true"
"""The precision of networks that are trained in 32 bits."""

_AGAIN = "start the command again, and it continues after the last complete epoch."

_current: Fabric | None = None
_precision = FULL
_timeout_s = 300


def use(accelerator: str, devices: int | str, bits: str, timeout_s: int) -> None:
    """Train on this from now on. Under torchrun the processes meet here.

    Args:
        accelerator: "auto" (a GPU where there is one for each process), "cpu" or "cuda".
        devices: processes, each with a processor or a GPU of its own; "auto": as many as run.
        bits: "32-true", "bf16-mixed" or "16-mixed".
        timeout_s: how long a process waits for the others, in seconds.

    Raises:
        ConfigError: This machine, or the way in which the process was started, does not allow it.
    """
    global _current, _precision, _timeout_s
    _check_processes(devices)
    chosen = _chosen(accelerator)
    if chosen == "cpu" and bits == "16-mixed":
        raise ConfigError(
            "hardware.precision: 16-mixed needs a GPU: give bf16-mixed, which the processor also"
            " has."
        )
    if _current is not None and processes() > 1:
        if (bits, timeout_s) != (_precision, _timeout_s):
            raise ConfigError(
                "Several processes train with one hardware.precision and hardware.timeout_s: start"
                " them again for others."
            )
        return
    _timeout_s, _precision = timeout_s, bits
    with not_alone():
        _current = _fabric(chosen, bits, timeout_s)


def fabric() -> Fabric:
    """Fabric with the setting of this process."""
    global _current
    if _current is None:
        _current = _fabric("cpu", FULL, _timeout_s)
    return _current


def mixed() -> bool:
    """Whether training is in mixed precision."""
    return _precision != FULL


def precision() -> str:
    """The precision of training."""
    return _precision


def processes() -> int:
    """How many processes train together: torchrun's number, else 1."""
    return int(os.environ["WORLD_SIZE"]) if _under_torchrun() else 1


def rank() -> int:
    """The number of this process, from 0."""
    return int(os.environ["RANK"]) if _under_torchrun() else 0


def first() -> bool:
    """Whether this process writes the files, the log and the results: the first one."""
    return rank() == 0


@contextmanager
def not_alone() -> Iterator[None]:
    """For work in which processes wait for each other.

    Raises:
        EdgeError: Another process ended, or did not answer in time.
    """
    try:
        yield
    except RuntimeError as error:
        if processes() == 1 or not _of_the_others(error):
            raise
        raise EdgeError(
            "Another process of this training ended, or did not answer for"
            f" {_timeout_s} s, so this one stops too: {_AGAIN}"
        ) from None


def _of_the_others(error: RuntimeError) -> bool:
    import torch.distributed as dist

    text = str(error).lower()
    return isinstance(error, dist.DistError) or any(
        word in text for word in ("gloo", "nccl", "connection closed by peer", "connection reset")
    )


def _stopped(*_: object) -> None:
    raise EdgeError(
        "torchrun stopped this process, because another process of the training ended or because"
        f" it was itself stopped: {_AGAIN}"
    )


def _under_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ


def _check_processes(devices: int | str) -> None:
    if devices in ("auto", processes()):
        return
    if _under_torchrun():
        raise ConfigError(
            f"hardware.devices is {devices}, but torchrun started {processes()} processes: give"
            f" torchrun --nproc-per-node {devices}, or leave out --devices."
        )
    raise ConfigError(
        f"hardware.devices is {devices}, but this is one process: start it with torchrun"
        f" --nproc-per-node {devices} -m train, and the same arguments."
    )


def _chosen(accelerator: str) -> str:
    """Raises: ConfigError, for GPUs that are not there."""
    import torch

    if accelerator == "cpu":
        return "cpu"
    here = torch.cuda.device_count() if torch.cuda.is_available() else 0
    needed = int(os.environ["LOCAL_WORLD_SIZE"]) if _under_torchrun() else 1
    if here >= needed:
        return "cuda"
    if accelerator == "auto":
        return "cpu"
    raise ConfigError(
        f"hardware.accelerator: cuda needs {needed} GPU{'s' if needed > 1 else ''} that torch can"
        f" use, and there {'is' if here == 1 else 'are'} {here or 'none'}: give auto or cpu."
    )


def _fabric(accelerator: str, bits: str, timeout_s: int) -> Fabric:
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy
    from torch.distributed import destroy_process_group

    # Fabric reports how its processes meet; the log of a training is its epochs.
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    if accelerator == "cuda":
        # Without these cuBLAS refuses to be deterministic, and NCCL ends the process when another
        # one is lost instead of raising.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
    if processes() == 1:
        return Fabric(accelerator=accelerator, devices=1, precision=bits)  # type: ignore[arg-type]
    backend = "nccl" if accelerator == "cuda" else "gloo"
    strategy = DDPStrategy(process_group_backend=backend, timeout=timedelta(seconds=timeout_s))
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    made = Fabric(
        accelerator=accelerator,
        devices=here,
        num_nodes=processes() // here,
        precision=bits,  # type: ignore[arg-type]
        strategy=strategy,
    )
    made.launch()
    # A process that ends with an open group aborts; and one that torchrun stops says so.
    atexit.register(destroy_process_group)
    signal.signal(signal.SIGTERM, _stopped)
    return made
