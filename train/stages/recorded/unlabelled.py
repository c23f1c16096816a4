"""The samples without a label that may take part in CDaT's transfer, and those that may not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from train.corpora.recorded.corpus import RecordedCorpus
from train.corpora.recorded.samples import Sample

NO_TRANSFER = "without a label, and there is no transfer"
NOT_FOR_TRAINING = "without a label, of a split or person that is not for training"
NOTHING_TO_SEE = "without a label, face, sound and words"


@dataclass(frozen=True)
class Unlabelled:
    """The samples without a label of a run.

    Attributes:
        taken: Those of the training split.
        left_out: The number of the others, by reason.
    """

    taken: list[Sample] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def unused(self, why: str) -> Unlabelled:
        """None is taken, for one more reason."""
        more = {why: len(self.taken)} if self.taken else {}
        return Unlabelled([], self.left_out | more)


def unlabelled_samples(corpus: RecordedCorpus, samples: dict[str, list[Sample]]) -> Unlabelled:
    """Samples without a label of the split "train", or of no split. One whose person is in
    another split is left out: that person is to be unseen.

    Args:
        samples: Those with a label, by split.
    """
    unseen = {one.person for split, some in samples.items() if split != "train" for one in some}
    taken: list[Sample] = []
    left_out: Counter[str] = Counter()
    for sample in corpus.samples:
        if sample.label is not None:
            continue
        if sample.split in (None, "train") and sample.person not in unseen:
            taken.append(sample)
        else:
            left_out[NOT_FOR_TRAINING] += 1
    return Unlabelled(taken, dict(left_out))
