"""How labels and streams look to people, in films and on the dashboard."""

from __future__ import annotations

PEOPLE_SAY = {"text": "words", "audio": "microphone", "vision": "camera"}
# Okabe and Ito's colours, which the colour-blind can tell apart.
LABEL_RGB = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
# Tol's light colours: black letters can be read on each, and they are no colours of labels.
PERSON_RGB = (
    *("#77aadd", "#ee8866", "#44bb99", "#ffaabb", "#bbcc33", "#99ddff", "#eedd88", "#aaaa00"),
)


def person_rgb(person: int) -> str:
    """The colour of a person, who is counted from 1. The ninth has that of the first."""
    return PERSON_RGB[(person - 1) % len(PERSON_RGB)]
