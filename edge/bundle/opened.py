"""Opening one graph of a bundle: an engine is tested on the golden inputs before its first use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edge.bundle.golden import Case, check_golden
from edge.bundle.load import Bundle
from edge.engines import (
    LAST_RESORT,
    ON_CPU,
    Engine,
    EngineOptions,
    GraphSpec,
    open_engine,
    shown,
)
from edge.engines.watched import Watched
from edge.errors import BundleError

GOLDEN_S = 30.0
"""A pass of the golden check may take this long: the first one on a GPU loads its kernels."""


@dataclass(frozen=True)
class Graph:
    """One graph of a bundle, and what its engine must reproduce.

    Attributes:
        name: "text", "audio", "vision" or "fusion".
        spec: What the manifest says that it takes and returns.
        golden: The cases of every graph.
    """

    bundle: Bundle
    name: str
    spec: GraphSpec
    golden: Mapping[str, list[Case]]

    @property
    def file(self) -> Path:
        """Its ONNX file."""
        return self.bundle.graphs[self.name]

    def opened(self, engine: str, options: EngineOptions) -> Engine:
        """Open it with the engine called `engine`, check it and warm it up. Any thread.

        An engine other than ONNX Runtime on the processor is called on a thread that is watched.

        Raises:
            ConfigError: The engine does not exist.
            EngineError: It cannot be opened, its outputs are wrong, or it does not return.
            BundleError: The graph does not match the manifest.
        """
        opened = open_engine(engine, self.file, options)
        trial = Watched(opened, max(GOLDEN_S, options.limit_s))
        try:
            self._expect(opened.spec)
            check_golden(self.bundle, self.name, trial, self.golden, options.precision)
            trial.warm_up()
        except BaseException:
            trial.close()
            raise
        if engine == LAST_RESORT and opened.device == ON_CPU:
            return trial.release()
        trial.limit_s = options.limit_s
        return trial

    def opened_on_cpu(self, options: EngineOptions) -> Engine:
        """The engine of last resort: ONNX Runtime on the processor, in fp32. As `opened`."""
        return self.opened(LAST_RESORT, replace(options, precision="fp32", device="cpu"))

    def _expect(self, found: GraphSpec) -> None:
        for what in ("inputs", "outputs"):
            there, asked = dict(getattr(found, what)), dict(getattr(self.spec, what))
            if there != asked:
                raise BundleError(
                    f"{self.file} has the {what} {shown(there)}, but the manifest requires"
                    f" {shown(asked)}: build the bundle again with `cdat-export build`."
                )
