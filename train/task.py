"""The three kinds of task, and the main metric of each."""

from __future__ import annotations

from typing import Literal

from edge.bundle.manifest import Task as BundleTask

Task = Literal["classes", "labels", "regression"]
"""Classes: one label for each sample. Labels: any number. Regression: real numbers."""

BUNDLE_TASK: dict[Task, BundleTask] = {
    "classes": "multiclass",
    "labels": "multilabel",
    "regression": "regression",
}
"""The same kinds as a bundle's manifest names them."""

PRIMARY_METRIC: dict[Task, str] = {"classes": "macro_f1", "labels": "micro_f1", "regression": "ccc"}
