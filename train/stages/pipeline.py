"""The stages in order; each can be run alone after the earlier ones."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import torch
from torch import nn

from edge.errors import ConfigError
from edge.frontends import FrontEndParams
from edge.types import STREAMS
from train import checkpoint
from train.cache import cache_folder, digest
from train.config import EncoderFit
from train.corpora.folder import data_folder
from train.corpora.items import Corpora
from train.corpora.splits import SPLITS
from train.live_config import TrainConfig
from train.models.classifier import Classifier
from train.run_report import ThreeStreamReport
from train.stages import encoders
from train.stages.confidence import train_confidence
from train.stages.draw_slice import write_validation_slice
from train.stages.fusion import train_fusion
from train.stages.make_windows import make_stream_windows
from train.stages.report import write_report
from train.stages.stream_windows import StreamWindows
from train.stages.transfer import train_transfer
from train.stages.warm_start import graph_of, start_bundle
from train.stages.window_splits import WindowSplits, cut_held_out

log = logging.getLogger("train")

CONFIG_NAME = "config.json"


class TrainingRun:
    """One run: its configuration, the data, and the results of the stages in the run folder."""

    def __init__(self, config: TrainConfig, folder: Path, data: Path | None = None) -> None:
        """Raises: DataError without data; ConfigError if the folder belongs to another run;
        BundleError for the bundle from which training is to begin."""
        self.config = config
        self.folder = folder
        chosen = {stream: config.corpora.of(stream) for stream in STREAMS}
        self.corpora = Corpora(data_folder(data), cache_folder(), FrontEndParams(), chosen)
        torch.set_num_threads(config.threads)
        torch.use_deterministic_algorithms(True)
        torch.backends.mha.set_fastpath_enabled(False)
        for stream in STREAMS:
            section: EncoderFit = getattr(config, stream)
            if section.start is not None:
                graph_of(start_bundle(section.start), stream)
        self._adopt_folder()

    def encoders(self) -> None:
        """Stage 1."""
        for stream in STREAMS:
            self._log_start(f"encoder of {stream}")
            encoders.train_encoder(self.config, stream, self.corpora, self.folder)

    def fusion(self) -> None:
        """Stage 2."""
        self._log_start("fusion")
        key = self.encoders_key()
        train_fusion(self.config, self.windows(), self.folder, key, self.heads())

    def confide(self) -> None:
        """Stage 3; before a transfer: the ConfidNet that gives its weights."""
        self._log_start("confidence")
        before = self.config.transfer is not None
        key = self.fusion_key("fusion")
        train_confidence(self.config, self.windows(), self.folder, key, before)

    def transfer(self) -> None:
        """CDaT's transfer, and ConfidNet on the model that it leaves; nothing without the section
        `transfer`."""
        if self.config.transfer is None:
            return
        self._log_start("transfer")
        windows = self.windows()
        key = digest(self.fusion_key("fusion"), self._key_of("confidence_base"))
        train_transfer(self.config, windows, self.folder, key)
        train_confidence(self.config, windows, self.folder, self.fusion_key("transfer"))

    def report(self) -> ThreeStreamReport:
        """Choose thresholds on validation and measure metrics on test."""
        self._log_start("report")
        key = digest("report", 2, self._key_of("confidence"), self.config.gate.model_dump())
        models = {s: encoders.load_encoder(self.config, s, self.folder) for s in STREAMS}
        windows = self.windows()
        report = write_report(self.config, self.corpora, models, windows, self.folder, key)
        corpus = {stream: self.corpora.corpus(stream) for stream in STREAMS}
        of_val, seed = windows.of("val"), self.config.seed
        write_validation_slice(self.folder, of_val, corpus, windows.labels, seed)
        return report

    def heads(self) -> list[nn.Linear]:
        """The heads with which the encoders of text, audio and vision were trained."""
        return [encoders.load_encoder(self.config, s, self.folder).head for s in STREAMS]

    def windows(self) -> WindowSplits:
        """The windows of all splits, made once with the trained encoders."""
        made: dict[str, dict[str, StreamWindows]] = {}
        for stream in STREAMS:
            model = encoders.load_encoder(self.config, stream, self.folder)
            key = digest(self._key_of(stream), _fingerprint(model))
            made[stream] = {
                split: make_stream_windows(
                    self.config, stream, split, self.corpora, model.encoder, key
                )
                for split in SPLITS
            }
            if self.config.fusion_people == "unseen":
                persons = self.corpora.persons(stream)
                made[stream] |= cut_held_out(made[stream]["held_out"], persons)
        return WindowSplits(made, prior=self.config.shares)

    def encoders_key(self) -> str:
        """Digest of the encoders' weights and of their windows."""
        weights = [
            _fingerprint(encoders.load_encoder(self.config, s, self.folder)) for s in STREAMS
        ]
        counts, mix = self.config.window_counts.model_dump(), self.config.shares
        return digest(weights, counts, self.corpora.key(), mix, self.config.fusion_people)

    def fusion_key(self, stage: str) -> str:
        """Digest of the fusion model of a stage and of its encoders."""
        return digest(self.encoders_key(), self._key_of(stage))

    def _key_of(self, stage: str) -> str:
        return digest(*checkpoint.made_of(self.folder / stage))

    def _log_start(self, what: str) -> None:
        log.info("%s: %s", self.config.name, what)

    def _adopt_folder(self) -> None:
        """Check that the folder belongs to this configuration; training lengths may differ."""
        path = self.folder / CONFIG_NAME
        ours = self.config.model_dump(mode="json")
        if path.is_file():
            theirs = checkpoint.read_json(path)
            if theirs.get("name") != ours["name"]:
                raise ConfigError(
                    f"{self.folder} holds the run '{theirs.get('name')}', not '{ours['name']}': "
                    "give another folder with --out."
                )
        checkpoint.write_json(path, ours)


def _fingerprint(model: Classifier) -> str:
    """Digest of a model's weights."""
    total = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        total.update(name.encode())
        total.update(tensor.contiguous().numpy().tobytes())
    return total.hexdigest()
