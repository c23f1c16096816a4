"""`python -m edge.asr.child ENGINE [MODEL]`: the process that `edge.asr.process` starts."""

from __future__ import annotations

import os
import sys
from typing import IO

import numpy as np

from edge.asr import SpeechToText, open_asr
from edge.asr.process import CHUNK, FINISH, MAX_SAMPLES, plain, write_answer
from edge.errors import AsrError
from edge.scheduling import lower_priority
from edge.types import Chunk


def serve(asr: SpeechToText, sound: IO[bytes], out: IO[bytes]) -> None:
    """Answer each chunk until the input ends."""
    while len(head := sound.read(CHUNK.size)) == CHUNK.size:
        t_ns, first_sample, rate_hz, count, lost = CHUNK.unpack(head)
        if count == FINISH:
            heard = asr.finish()
        elif count > MAX_SAMPLES:
            return
        else:
            samples = np.frombuffer(sound.read(4 * count), "<f4")
            if len(samples) < count:
                return
            gap = "lost" if lost else None
            heard = asr.accept(Chunk(t_ns, samples, rate_hz, first_sample, gap))
        write_answer(out, {"utterances": [plain(utterance) for utterance in heard]})


def main() -> None:
    """Run the process. Standard output carries messages, so library output goes to stderr."""
    lower_priority()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        asr = open_asr(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    except AsrError as error:
        write_answer(out, {"error": str(error)})
        return
    assert asr is not None
    write_answer(out, {"name": asr.name})
    try:
        serve(asr, sys.stdin.buffer, out)
    except BrokenPipeError:  # the parent process has ended
        os._exit(0)


if __name__ == "__main__":
    main()
