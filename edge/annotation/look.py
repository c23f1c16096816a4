"""How labels and streams look to people, in films and on the dashboard."""

from __future__ import annotations

PEOPLE_SAY = {"text": "words", "audio": "microphone", "vision": "camera"}
# Okabe and Ito's colours, which the colour-blind can tell apart.
LABEL_RGB = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
