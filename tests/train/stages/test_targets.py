"""What counts as another answer, in each task."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from train.stages.targets import CHANGED, Targets
from train.task import Task


@pytest.mark.parametrize(
    ("task", "was", "now", "scale", "changed"),
    [
        ("classes", [[0.4, 0.6], [0.4, 0.6]], [[0.1, 0.9], [0.6, 0.4]], 1.0, [False, True]),
        ("labels", [[0.4, 0.6], [0.4, 0.6]], [[0.1, 0.9], [0.4, 0.4]], 1.0, [False, True]),
        ("regression", [[1.0], [1.0]], [[1.09], [0.89]], 1.0, [False, True]),
        ("regression", [[1.0], [1.0]], [[1.19], [0.79]], 2.0, [False, True]),
    ],
)
def test_an_answer_is_another_one_by_class_label_or_a_tenth_of_the_deviation(
    task: Task, was: list[list[float]], now: list[list[float]], scale: float, changed: list[bool]
) -> None:
    assert CHANGED == 0.1
    before, after = (np.array(one, np.float32) for one in (was, now))
    assert Targets(task, ("a", "b")).changed(before, after, scale).tolist() == changed
