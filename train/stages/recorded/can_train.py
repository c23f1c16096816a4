"""Whether a run on recordings can have this corpus and these encoders at all."""

from __future__ import annotations

from edge.bundle import Bundle
from edge.errors import DataError
from edge.types import STREAMS
from train.corpora.recorded.corpus import RecordedCorpus
from train.corpora.recorded.samples import MAX_LABELS


def check_can_train(corpus: RecordedCorpus, bundle: Bundle) -> None:
    """Raises: DataError, for a corpus without a label, or with too few or too many; or for a bundle
    without all encoders."""
    if all(sample.label is None for sample in corpus.samples):
        raise DataError(
            f"{corpus.folder}: no sample has a label, and without any nothing can be trained: label"
            " some of each class, or give the recordings to cdat-train adapt."
        )
    if corpus.task != "regression" and not 2 <= len(corpus.labels) <= MAX_LABELS:
        raise DataError(
            f"{corpus.folder} has {len(corpus.labels)} labels: 2 to {MAX_LABELS} are possible."
        )
    if bundle.manifest.names != STREAMS:
        raise DataError(
            f"{bundle.folder} has encoders for {' and '.join(bundle.manifest.names)} only: give one"
            f" with {', '.join(STREAMS)}."
        )
