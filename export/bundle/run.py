"""Load and check a run folder of `cdat-train all`, or of `cdat-train translate` (one stream)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from edge.bundle import Bundle
from edge.bundle.manifest import Task
from edge.errors import BundleError
from edge.types import STREAMS
from export.graphs.fewer_streams import FewerStreamsGraph, own_signals
from export.graphs.modules import FusionGraph, OneStreamGraph
from train import checkpoint
from train.config import RunConfig, validated_as
from train.corpora.known import TITLES
from train.fusion_config import FusedConfig
from train.live_config import TrainConfig, validated
from train.run_report import (
    OneStreamReport,
    RecordedReport,
    ThreeStreamReport,
    UnlabelledPart,
    read_run_report,
)
from train.stages.confidence import load_confidence
from train.stages.encoders import load_encoder
from train.stages.fusion import load_fusion
from train.stages.pipeline import CONFIG_NAME
from train.stages.recorded.config import RecordedConfig
from train.stages.recorded.pipeline import encoders_of
from train.stages.recorded.report import encoder_files
from train.studies.translate.speech import confide
from train.studies.translate.speech.config import DistilledConfig
from train.studies.translate.speech.run import STREAM, load_student
from train.task import BUNDLE_TASK


@dataclass(frozen=True)
class TrainedRun:
    """All networks of a run in eval mode, and its report.

    `fusion` predicts under every mask of the run's streams; `deviation` (Q,) is the standard
    deviation of their signals.
    """

    config: RunConfig
    report: ThreeStreamReport | OneStreamReport | RecordedReport
    encoders: dict[str, nn.Module]
    fusion: nn.Module
    deviation: Tensor
    made_by: str
    data: str
    cdat: dict[str, Any] | None
    """CDaT's transfer that the fusion model went through; None: none."""
    taken: Bundle | None = None
    """The bundle whose encoders the run used; `encoders` is then empty."""

    @property
    def task(self) -> Task:
        """The kind of answer."""
        report = self.report
        return BUNDLE_TASK[report.task] if isinstance(report, RecordedReport) else "multiclass"

    @property
    def streams(self) -> tuple[str, ...]:
        """Streams with an encoder, in the order of `STREAMS`."""
        if isinstance(self.report, RecordedReport):
            return self.report.streams
        return tuple(name for name in STREAMS if name in self.encoders)


def load_run(folder: Path) -> TrainedRun:
    """Load a finished run.

    Raises:
        BundleError: The folder is not a run of a kind that can be exported.
        DataError: A file of the run is missing or damaged.
    """
    if not (folder / CONFIG_NAME).is_file():
        raise BundleError(
            f"{folder} is not a training run (it holds no {CONFIG_NAME}): "
            "give the run folder of `cdat-train all`."
        )
    path = folder / CONFIG_NAME
    data = checkpoint.read_json(path)
    if "corpus" in data:
        raise BundleError(
            f"{folder} was trained on the features of {data['corpus']}, which the runtime does not"
            " compute: give a run of configs/train/translate_speech.yaml, or of `cdat-train all`."
        )
    if "encoders" in data:
        return _recorded(folder, data)
    return _one_stream(folder, data) if "distillation" in data else _three_streams(folder, data)


def _three_streams(folder: Path, data: dict[str, Any]) -> TrainedRun:
    config = validated(data, str(folder / CONFIG_NAME))
    report = read_run_report(ThreeStreamReport, folder)
    fusion = load_fusion(config, folder)
    confidence = load_confidence(config, folder, fusion)
    return TrainedRun(
        config=config,
        report=report,
        encoders={s: load_encoder(config, s, folder).encoder for s in STREAMS},
        fusion=FusionGraph(fusion, confidence),
        deviation=confidence.reliability.deviation,
        made_by="cdat-train all, cdat-export build",
        data=_data_of(config, report),
        cdat=_cdat(config),
    )


def _data_of(config: TrainConfig, report: ThreeStreamReport) -> str:
    names = ", ".join(TITLES[one] for s in reversed(STREAMS) for one in config.corpora.of(s))
    begun = "".join(f"; {stream} begun with {one}" for stream, one in report.start.items())
    taught = "; faces taught by face-api" if config.corpora.teacher_share else ""
    return f"{names}{begun}{taught}; terms in MODEL_CARD.md"


def _recorded(folder: Path, data: dict[str, Any]) -> TrainedRun:
    config = validated_as(RecordedConfig, data, str(folder / CONFIG_NAME))
    report = read_run_report(RecordedReport, folder)
    fusion = load_fusion(config, folder, classes=len(report.labels))
    confidence = load_confidence(config, folder, fusion)
    whole = FusionGraph(fusion, confidence, report.task)
    graph: nn.Module = whole
    deviation = confidence.reliability.deviation
    if report.streams != STREAMS:
        graph = FewerStreamsGraph(whole, report.streams, config.embedding_size)
        deviation = deviation[own_signals(report.streams)]
    taken = encoders_of(config)
    if encoder_files(taken) != report.encoder_files:
        raise BundleError(
            f"{taken.folder} has other encoders than {folder} was trained with: give it the bundle"
            f" {report.encoders!r} of that time, or train again."
        )
    return TrainedRun(
        config=config,
        report=report,
        encoders={},
        fusion=graph,
        deviation=deviation,
        made_by="cdat-train extract, cdat-train all, cdat-export build",
        data=f"{report.corpus}; encoders of {taken.manifest.name}"
        f" ({taken.manifest.provenance.get('data')}); see MODEL_CARD.md",
        cdat=_cdat(config, report.unlabelled),
        taken=taken,
    )


def _one_stream(folder: Path, data: dict[str, Any]) -> TrainedRun:
    config = validated_as(DistilledConfig, data, str(folder / CONFIG_NAME))
    report = read_run_report(OneStreamReport, folder)
    model = confide.load_confidence(config, STREAM, folder)
    return TrainedRun(
        config=config,
        report=report,
        encoders={STREAM: load_student(config, folder).encoder},
        fusion=OneStreamGraph(model),
        deviation=model.reliability.deviation,
        made_by="cdat-train translate, cdat-export build",
        data="RAVDESS; terms in MODEL_CARD.md",
        cdat=None,
    )


def _cdat(config: FusedConfig, unlabelled: UnlabelledPart | None = None) -> dict[str, Any] | None:
    if config.transfer is None:
        return None
    others = {} if unlabelled is None else {"unlabelled_windows": unlabelled.windows}
    return {
        "model": config.fusion.model.kind,
        "lambda": config.transfer.lambda_,
        "when": config.transfer.when,
        "origin": config.transfer.origin_of(config.fusion.model.kind),
        "stages": ["fusion", "confidence", "transfer", "confidence"],
        **others,
    }
