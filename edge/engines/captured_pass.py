"""One pass of a network on the GPU: page-locked memory, a stream, and a captured CUDA graph."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.engines import TensorSpec
from edge.engines.cuda import done
from edge.errors import EngineError


class Pinned:
    """A tensor in page-locked memory and its twin on the GPU."""

    def __init__(self, runtime: Any, spec: TensorSpec) -> None:
        self._runtime = runtime
        self.bytes = int(np.prod(spec.shape, dtype=np.int64)) * np.dtype(spec.dtype).itemsize
        self._on_host = int(done(runtime.cudaMallocHost(self.bytes)))
        try:
            self.on_gpu = int(done(runtime.cudaMalloc(self.bytes)))
        except BaseException:
            runtime.cudaFreeHost(self._on_host)
            raise
        block = (ctypes.c_char * self.bytes).from_address(self._on_host)
        self.array: NDArray[np.generic] = np.frombuffer(
            memoryview(block), np.dtype(spec.dtype)
        ).reshape(spec.shape)
        # The first pass runs on it as it is: any bytes as indices would be read out of bounds.
        self.array.fill(0)

    def set(self, name: str, value: NDArray[np.generic]) -> None:
        """Raises: EngineError, when `value` has another shape or type."""
        mine = self.array
        if np.shape(value) != mine.shape or value.dtype != mine.dtype:
            raise EngineError(
                f"The input {name} is {list(np.shape(value))} {value.dtype}, and the network takes"
                f" {list(mine.shape)} {mine.dtype}."
            )
        mine[...] = value

    def free(self) -> None:
        """`array` must not be used after."""
        self._runtime.cudaFreeHost(self._on_host)
        self._runtime.cudaFree(self.on_gpu)


class CapturedPass:
    """Inputs to the GPU, one pass, outputs back: captured once, then replayed as one CUDA graph.

    On its own stream. One thread at a time.
    """

    def __init__(
        self,
        runtime: Any,
        inputs: Mapping[str, TensorSpec],
        outputs: Mapping[str, TensorSpec],
        one_pass: Callable[[Mapping[str, int], Any], None],
    ) -> None:
        """Reserve the memory and capture.

        Args:
            one_pass: Enqueues the network, given each tensor's address on the GPU and the stream.

        Raises:
            EngineError: CUDA or the network failed.
        """
        self._runtime = runtime
        self._inputs: dict[str, Pinned] = {}
        self._outputs: dict[str, Pinned] = {}
        self._graph = None
        self._stream = done(runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking))
        try:
            for specs, made in ((inputs, self._inputs), (outputs, self._outputs)):
                for name, spec in specs.items():
                    made[name] = Pinned(runtime, spec)
            tensors = {**self._inputs, **self._outputs}
            self._addresses = {name: one.on_gpu for name, one in tensors.items()}
            self._one_pass = one_pass
            self._enqueue()  # a network may still load or allocate in its first pass
            self._wait()
            self._graph = self._capture()
        except BaseException:
            self.free()
            raise

    @property
    def captured(self) -> bool:
        """Whether passes are replayed as a CUDA graph."""
        return self._graph is not None

    def run(self, arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.float32]]:
        """One pass. The outputs are copies.

        Raises:
            EngineError: CUDA failed.
        """
        if self._stream is None:
            raise EngineError("The network was closed.")
        if missing := [name for name in self._inputs if name not in arrays]:
            raise EngineError(f"The network's input {missing[0]} is missing.")
        for name, pinned in self._inputs.items():
            pinned.set(name, arrays[name])
        if self._graph is None:
            self._enqueue()
        else:
            done(self._runtime.cudaGraphLaunch(self._graph, self._stream))
        self._wait()
        return {name: pinned.array.astype(np.float32) for name, pinned in self._outputs.items()}

    def free(self) -> None:
        """Free graph, stream and memory; may be called twice."""
        # Each is tried, whatever the others say: after a lost GPU they all fail.
        if self._graph is not None:
            self._runtime.cudaGraphExecDestroy(self._graph)
        if self._stream is not None:
            self._runtime.cudaStreamDestroy(self._stream)
        self._graph = self._stream = None
        for tensors in (self._inputs, self._outputs):
            for pinned in tensors.values():
                pinned.free()
            tensors.clear()

    def _enqueue(self) -> None:
        runtime, stream = self._runtime, self._stream
        to_gpu = runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        to_host = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        for one in self._inputs.values():
            host = one.array.ctypes.data
            done(runtime.cudaMemcpyAsync(one.on_gpu, host, one.bytes, to_gpu, stream))
        self._one_pass(self._addresses, stream)
        for one in self._outputs.values():
            host = one.array.ctypes.data
            done(runtime.cudaMemcpyAsync(host, one.on_gpu, one.bytes, to_host, stream))

    def _wait(self) -> None:
        done(self._runtime.cudaStreamSynchronize(self._stream))

    def _capture(self) -> Any:
        """The executable graph; None where the network cannot be captured: it is then enqueued."""
        runtime, made = self._runtime, None
        mode = runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        with suppress(EngineError):
            done(runtime.cudaStreamBeginCapture(self._stream, mode))
            passed = False
            with suppress(EngineError):
                self._enqueue()
                passed = True
            # What was begun must be ended, whatever came of it.
            graph = done(runtime.cudaStreamEndCapture(self._stream))
            try:
                made = done(runtime.cudaGraphInstantiate(graph, 0)) if passed else None
            finally:
                runtime.cudaGraphDestroy(graph)
        if made is None:
            # Kept by CUDA until it is asked for; TensorRT takes it for its own next failure.
            runtime.cudaGetLastError()
        return made
