"""The three kinds of task, and the main metric of each."""

from __future__ import annotations

from typing import Literal

Task = Literal["classes", "labels", "regression"]
"""Classes: one label for each sample. Labels: any number. Regression: real numbers."""

PRIMARY_METRIC: dict[Task, str] = {"classes": "macro_f1", "labels": "micro_f1", "regression": "ccc"}
