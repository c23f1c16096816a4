"""A media file to a CSV table: a row a step, with the file's own time.

python examples/file_to_csv.py clip.mp4 clip.csv
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import edge


def main(clip: str, table: str) -> None:
    with edge.open(file=clip) as run, Path(table).open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["from_s", "to_s", "answer", "confidence", "used"])
        for verdict in run:
            begin_s, end_s = verdict.media_s or (None, None)
            used = "+".join(verdict.mask)
            # With one label `label`; with several "joy|surprise"; a number as it is.
            answer = "|".join(verdict.labels or ()) or verdict.label
            if verdict.task == "regression":
                answer = verdict.value
            rows.writerow([begin_s, end_s, answer, verdict.confidence, used])


if __name__ == "__main__":
    main(*sys.argv[1:])
