"""What a sample's target is: the three kinds of task, and the metric that each is reported by."""

from __future__ import annotations

from typing import Literal

Task = Literal["classes", "labels", "regression"]
"""One of several classes; any number of labels at once; real numbers."""

PRIMARY_METRIC: dict[Task, str] = {"classes": "macro_f1", "labels": "micro_f1", "regression": "ccc"}
