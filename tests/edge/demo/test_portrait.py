"""The demo's portrait changes its expression smoothly, and the packaged encoder sees it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.bundle import Bundle
from edge.bundle.load import default_bundle
from edge.bundle.networks import Networks
from edge.demo.expression import EXPRESSIONS, Pull, bend
from edge.demo.portrait import Portrait
from edge.demo.script import BEGINS, FPS, SCRIPT, Phase, Script
from edge.frontends.face import FaceFrontEnd, FaceParams, Watches
from edge.types import MASK_ROWS, STREAMS, Frame

VISION = MASK_ROWS[frozenset({"vision"})]


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return Portrait()


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(default_bundle())


@pytest.fixture(scope="module")
def networks(bundle: Bundle) -> Networks:
    return Networks(bundle)


def area(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return x, y


def test_a_pulled_point_arrives_where_it_is_pulled_to() -> None:
    x, y = area(80, 100)
    dot = np.exp(-((x - 40) ** 2 + (y - 50) ** 2) / 8).astype(np.float32)
    back = bend((Pull(40, 50, 9, -12, 17, 17),), x, y)
    moved = cv2.remap(dot, x + back[0], y + back[1], cv2.INTER_LINEAR)
    row, column = np.unravel_index(int(moved.argmax()), moved.shape)
    assert (int(column), int(row)) == (49, 38)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_folds_no_skin_and_leaves_no_seam(portrait: Portrait, name: str) -> None:
    x, y = area(600, 512)
    back = bend(EXPRESSIONS[name], x, y)
    from_x, from_y = x + back[0], y + back[1]
    grows = np.gradient(from_x, axis=1) * np.gradient(from_y, axis=0)
    assert (grows - np.gradient(from_x, axis=0) * np.gradient(from_y, axis=1)).min() > 0.3
    changed = (portrait.speaking(0.0) != portrait.speaking(0.0, {name: 1.0})).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    inside = np.zeros_like(changed)
    inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    assert np.abs(back)[:, ~inside].max() < 0.1  # no seam


def test_at_rest_it_is_the_photograph(portrait: Portrait) -> None:
    assert portrait.speaking(0.0, {"smile": 0.0}) is portrait.speaking(0.0)


@pytest.mark.parametrize(
    ("expression", "label"), [("smile", "happy"), ("sad", "sad"), ("surprise", "surprise")]
)
@pytest.mark.parametrize("openness", [0.0, 0.5, 1.0])
def test_the_packaged_encoder_names_the_expression(
    portrait: Portrait,
    bundle: Bundle,
    networks: Networks,
    expression: str,
    label: str,
    openness: float,
) -> None:
    faces = FaceFrontEnd(FaceParams(), Watches(mouth=False))
    seen = faces.process(Frame(0, portrait.speaking(openness, {expression: 1.0}), 0))
    faces.close()
    assert seen.tensor is not None
    embedding, _ = networks.encode("vision", seen.tensor)
    embeddings = np.zeros((len(STREAMS), len(embedding)), np.float32)
    embeddings[STREAMS.index("vision")] = embedding
    streams = bundle.manifest.streams
    quality = np.concatenate([streams[name].typical_quality for name in STREAMS])
    scores = networks.fuse(embeddings, quality.astype(np.float32)).outputs[VISION]
    assert networks.labels[int(scores.argmax())] == label
    assert scores.max() > 0.5


def test_the_face_changes_without_a_jump() -> None:
    script = Script(60)
    shares = [script.expression(index / FPS) for index in range(60 * FPS)]
    assert shares[0]["smile"] == BEGINS["smile"] == sum(shares[0].values())
    for name in EXPRESSIONS:
        course = np.array([share.get(name, 0.0) for share in shares])
        assert course.max() == 1
        assert np.abs(np.diff(course)).max() < 2 / FPS
    assert max(sum(share.values()) for share in shares) <= 1 + 1e-9


def test_each_phase_ends_with_its_expression() -> None:
    script, end_s = Script(60), 0.0
    for phase in SCRIPT:
        end_s += phase.share * 60
        assert script.expression(end_s - 0.01)[str(phase.expression)] == pytest.approx(1)


def test_a_script_without_expressions_leaves_the_face_at_rest() -> None:
    assert not any(Script(4, phases=(Phase("all well", 1.0),)).expression(3).values())
