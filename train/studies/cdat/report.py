"""Measure the stages of a run on an aligned corpus, once, and write its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edge.errors import DataError
from edge.types import STREAMS
from train import checkpoint
from train.calibration import calibration, write_calibration
from train.corpora.corpus import Corpus
from train.losses import true_confidence
from train.metrics import confusion, intervals
from train.models.fusion import FusionModel
from train.run_report import REPORT_NAME, AlignedReport, AlignedStage, Gain, SplitFigures
from train.stages.cdat_setting import Setting, outputs_of
from train.stages.cdat_weights import present
from train.stages.label_thresholds import label_thresholds
from train.stages.targets import Targets
from train.stages.tensors import TensorSplits
from train.studies.cdat.confidence_quality import confidence_quality
from train.studies.cdat.figures import (
    ROUNDS,
    by_label,
    known_pairs,
    resampled_of,
    rounded,
    split_figures,
)
from train.studies.cdat.report_page import page
from train.studies.factorial.treatment import row_divergence

PAGE_NAME = "README.md"
STAGES = ("base", "trained_on", "cdat")
"""The base; trained on for as long as CDaT, without transfer; CDaT."""
AGAINST = (("cdat", "trained_on"), ("cdat", "base"))


def measured(setting: Setting, corpus: Corpus) -> AlignedReport:
    """The report of all stages that were run; also writes the numbers of calibration.png.

    Raises:
        DataError: None was run, or one with another seed, data folder or configuration.
    """
    splits = setting.splits
    models = {
        name: setting.load(name)
        for name in STAGES
        if (setting.folder / name / checkpoint.BEST).is_file()
    }
    if not models:
        raise DataError(f"{setting.folder} has no trained model: run cdat-train all or fit first.")
    test = {name: outputs_of(model, splits.test).logits for name, model in models.items()}
    stages = {
        name: _stage(setting, corpus.streams, model, test[name]) for name, model in models.items()
    }
    quality: dict[str, dict[str, float]] = {}
    if "base" in models and (setting.folder / "confidnet" / checkpoint.BEST).is_file():
        confidnet = setting.load_confidnet(models["base"].z_size)
        quality = confidence_quality(splits, models["base"], confidnet)
    _calibrate(setting, test)
    pairs = [(a, b) for a, b in AGAINST if a in test and b in test]
    return AlignedReport.model_validate(
        {
            "name": setting.config.name,
            "corpus": corpus.name,
            "task": splits.task,
            "labels": list(splits.labels),
            "model": setting.config.model.kind,
            "lambda": setting.config.transfer.lambda_,
            "seed": setting.seed,
            "streams": list(corpus.streams),
            "stages": stages,
            "gains": [_gain(splits, test, a, b) for a, b in pairs],
            "confidence": {
                score: {name: rounded(value) for name, value in one.items()}
                for score, one in quality.items()
            },
        }
    )


def write(report: AlignedReport, folder: Path) -> None:
    """Write `folder`/report.json and README.md; those of an earlier call are replaced."""
    checkpoint.write_json(folder / REPORT_NAME, report.model_dump(mode="json", by_alias=True))
    (folder / PAGE_NAME).write_text(page(report), encoding="utf-8")


def _stage(
    setting: Setting, streams: tuple[str, ...], model: FusionModel, test: Tensor
) -> AlignedStage:
    splits = setting.splits
    task, labels, part = splits.task, splits.labels, splits.test
    figures = {
        name: split_figures(task, labels, outputs_of(model, one).logits, one.targets, one.groups)
        for name, one in (("train", splits.fit), ("val", splits.val))
    }
    figures["test"] = split_figures(task, labels, test, part.targets, part.groups, ROUNDS)
    alone = _alone(splits, streams, model)
    thresholds, with_thresholds = None, None
    if task == "labels":
        on_val = torch.sigmoid(outputs_of(model, splits.val).logits).numpy()
        limits = torch.from_numpy(label_thresholds(on_val, splits.val.targets.numpy() > 0.5))
        thresholds = dict(zip(labels, np.round(limits.numpy(), 4).tolist(), strict=True))
        # Of logits moved by its threshold's, a label is given above zero.
        moved = test - torch.logit(limits, eps=1e-6)
        with_thresholds = split_figures(task, labels, moved, part.targets, part.groups, ROUNDS)
    return AlignedStage(
        splits=figures,
        alone=alone,
        by_label=by_label(task, labels, test, part.targets),
        confusion=confusion(part.targets.numpy(), test.argmax(1).numpy(), len(labels))
        if task == "classes"
        else None,
        thresholds=thresholds,
        with_thresholds=with_thresholds,
        divergence=rounded(row_divergence(model, part, setting.config.transfer.origin))
        if len(alone) > 1
        else None,
    )


def _alone(
    splits: TensorSplits, streams: tuple[str, ...], model: FusionModel
) -> dict[str, SplitFigures]:
    """Each stream on the test samples that have it, with the others masked."""
    there, found = present(splits.test) > 0, {}
    for place, stream in enumerate(STREAMS):
        rows = torch.nonzero(there[:, place])[:, 0]
        if stream in streams and len(rows):
            some = splits.test.at(rows)
            said = outputs_of(model, some, torch.eye(3)[place][None]).logits
            found[stream] = split_figures(
                splits.task, splits.labels, said, some.targets, some.groups
            )
    return found


def _gain(splits: TensorSplits, test: dict[str, Tensor], stage: str, over: str) -> Gain:
    """On the same samples, and in each round of the bootstrap on the same groups."""
    task, labels, part = splits.task, splits.labels, splits.test
    main = next(iter(resampled_of(task, labels, test[stage], part.targets)))

    def difference(rows: Any) -> tuple[float, ...]:
        a, b = (
            resampled_of(task, labels, test[name][rows], part.targets[rows])[main]
            for name in (stage, over)
        )
        return (a - b,)

    pair = None
    if len(np.unique(part.groups)) > 1:
        pair = known_pairs([main], *intervals(difference, part.groups, rounds=ROUNDS)).get(main)
    targets = Targets(task, labels)
    before, after = (targets.answers(test[name]).numpy() for name in (over, stage))
    return Gain(
        stage=stage,
        over=over,
        figure=main,
        gain=rounded(difference(np.arange(len(part)))[0]),
        interval=pair,
        changed=round(float(targets.changed(before, after, splits.scale).mean()), 4),
    )


def _calibrate(setting: Setting, test: dict[str, Tensor]) -> None:
    """Of classes the highest probability against right answers, by stage; of other tasks
    ConfidNet against what it estimates of the base."""
    splits, part = setting.splits, setting.splits.test
    if splits.task == "classes":
        groups = {}
        for name, logits in test.items():
            sure, chosen = torch.softmax(logits, dim=1).max(dim=1)
            right = (chosen == part.targets).numpy()
            groups[name] = {"highest probability": calibration(sure.numpy(), right)}
        write_calibration(setting.folder, "share right", groups)
        return
    if "base" not in test or not (setting.folder / "confidnet" / checkpoint.BEST).is_file():
        return
    base = setting.load("base")
    with torch.no_grad():
        said = setting.load_confidnet(base.z_size).eval()(outputs_of(base, part).z)
    target = true_confidence(splits.task, test["base"], part.targets, splits.scale)
    known = ~torch.isnan(target)
    found = calibration(said[known].numpy(), target[known].numpy())
    write_calibration(setting.folder, "what ConfidNet estimates", {"base": {"ConfidNet": found}})
