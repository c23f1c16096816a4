"""Who is in the picture, as the verdicts of a run with `--people` tell it one after the other."""

from __future__ import annotations

from edge.dashboard.history import Line


class Present:
    """One thread writes.

    Attributes:
        several: Whether the run has had more than one person.
    """

    def __init__(self) -> None:
        self.several = False
        self._step: list[Line] = []
        self._before: list[Line] = []

    def add(self, line: Line) -> bool:
        """Take the next verdict; whether it is the first of its step, thus the first person's."""
        self.several = self.several or (line.get("person") or 1) > 1
        is_first = not self._step or line["seq"] != self._step[0]["seq"]
        if is_first:
            self._before, self._step = self._step, [line]
        else:
            self._step.append(line)
        return is_first

    @property
    def lines(self) -> list[Line]:
        """A verdict of each person. While those of a step are still arriving, by number, the others
        have that of the step before; so who leaves may be here for one step more."""
        last = self._step[-1].get("person") if self._step else None
        if last is None:
            return list(self._step)
        return [*self._step, *(one for one in self._before if (one.get("person") or 0) > last)]
