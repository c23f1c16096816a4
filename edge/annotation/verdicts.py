"""The verdicts of one run on one time line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from edge.annotation.lines import SOURCE, Line, Numbered, NumberLine, read_lines
from edge.errors import VerdictFileError

NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Moment:
    """A verdict in time, in milliseconds.

    Attributes:
        window_ms: Begin and end of what it was made from.
        begin_ms, end_ms: The part of the window that no earlier verdict has covered. Windows
            overlap; these parts do not, and all of them together are the time of the run.
        others: With `--people`, unless one person was asked for: the verdicts of the others in
            this step, by number.
    """

    line: Line
    window_ms: tuple[int, int]
    begin_ms: int
    end_ms: int
    others: tuple[Line, ...] = ()

    @property
    def everyone(self) -> tuple[Line, ...]:
        """The verdicts of all in this step."""
        return self.line, *self.others


class Verdicts:
    """A file of verdicts, checked as a whole when it is opened, and read again at each pass: a day
    needs no more memory than a minute.

    Times are those of the film. Without a film (a camera, a microphone) they count from the begin
    of the first verdict's window. A film's verdicts from before its first picture have no time on
    it: `timeless` counts them, and they are left out.
    """

    def __init__(self, path: Path, person: int | None = None) -> None:
        """Read all lines.

        Args:
            person: Of a run with `--people`: whose verdicts. None: those of the first person of
                each step, who has been in the picture longest.

        Raises:
            VerdictFileError: A line is not a verdict, or belongs to another run; or nobody has the
                number `person`.
        """
        self._path, self._person = path, person
        self._count = self._with_media = 0
        self._labels: tuple[str, ...] = ()
        self._steps_of: Counter[int] = Counter()
        first: Numbered | None = None
        before: Numbered | None = None
        for here, *others in self._steps():
            first = first or here
            for one in (here, *others):
                self._steps_of[one.line.person or 0] += 1
                self._is_of_run(first.line, one)
            self._follows(before, here)
            self._labels = self._labels or tuple(here.line.scores)
            self._with_media += here.line.media_s is not None
            self._count, before = self._count + 1, here
        if first is None and person is not None and (known := self._known()):
            people = ", ".join(str(number) for number in known if number)
            instead = f"give one of {people}" if people else "leave out --person"
            raise VerdictFileError(f"{path} has no verdict of person {person}: {instead}.")
        if first is None:
            raise VerdictFileError(f"{path} holds no verdict, it is empty: {SOURCE}.")
        self._first = first.line

    @property
    def kind(self) -> str:
        """`label`, `labels` or `number`."""
        return self._first.kind

    @property
    def labels(self) -> tuple[str, ...]:
        """In the bundle's order; empty when no verdict has a probability, and for a number."""
        return self._labels

    @property
    def number(self) -> NumberLine | None:
        """What the number means, if the bundle answers with one."""
        return self._first.number

    @property
    def of_film(self) -> bool:
        """Whether times are those of a film."""
        return self._with_media > 0

    @property
    def timeless(self) -> int:
        """Verdicts that are left out, because they have no time on the film."""
        return self._count - self._with_media if self.of_film else 0

    @property
    def people(self) -> dict[int, int]:
        """The people of the run, by number, and in how many steps each has a verdict. Empty without
        `--people`."""
        return {number: self._steps_of[number] for number in sorted(self._steps_of) if number}

    def __len__(self) -> int:
        return self._count - self.timeless

    def __iter__(self) -> Iterator[Moment]:
        origin_ns, covered_ms = self._first.span_ns[0], 0
        for (_, line), *others in islice(self._steps(), self._count):
            if not self.of_film:
                begin_ns, end_ns = line.span_ns
                begin_ms = round((begin_ns - origin_ns) / NS_PER_MS)
                end_ms = round((end_ns - origin_ns) / NS_PER_MS)
            elif line.media_s is not None:
                begin_ms, end_ms = (round(1000 * time_s) for time_s in line.media_s)
            else:
                continue
            begin_new_ms = min(end_ms, max(begin_ms, covered_ms))
            rest = tuple(one.line for one in others)
            yield Moment(line, (begin_ms, end_ms), begin_new_ms, end_ms, rest)
            covered_ms = end_ms

    def _steps(self) -> Iterator[list[Numbered]]:
        """The verdicts of each step: that of the person alone, or those of all, the first first."""
        step: list[Numbered] = []
        for here in read_lines(self._path):
            if self._person is not None:
                if here.line.person == self._person:
                    yield [here]
            elif step and here.line.person is not None and here.line.seq == step[0].line.seq:
                step.append(here)
            else:
                if step:
                    yield step
                step = [here]
        if step:
            yield step

    def _known(self) -> list[int]:
        """The people of the file; 0 for verdicts of nobody in particular."""
        return sorted({here.line.person or 0 for here in read_lines(self._path)})

    def _is_of_run(self, first: Line, here: Numbered) -> None:
        line, where = here.line, f"{self._path}, line {here.number},"
        if line.session != first.session:
            raise VerdictFileError(
                f"{where} is of the session {line.session}, those before are of {first.session}:"
                " give a file that has one session, such as its own `jsonl`."
            )
        same = line.kind == first.kind and line.number == first.number
        if not same or (self._labels and line.scores and set(line.scores) != set(self._labels)):
            raise VerdictFileError(
                f"{where} has other labels than the lines before: the file holds runs of several"
                " bundles; convert each by itself."
            )

    def _follows(self, before: Numbered | None, here: Numbered) -> None:
        line, where = here.line, f"{self._path}, line {here.number},"
        if before is not None and (
            line.seq <= before.line.seq
            or line.span_ns[0] < before.line.span_ns[0]
            or line.span_ns[1] < before.line.span_ns[1]
            or (line.media_s or (0, 0))[1] < (before.line.media_s or (0, 0))[1]
        ):
            raise VerdictFileError(
                f"{where} goes back in time (verdict {line.seq} after {before.line.seq}): the file"
                " holds several runs; convert each by itself."
            )
