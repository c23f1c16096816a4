"""The page of `cdat-edge serve --people`: a named block for each person of the picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.people import clip_of, still
from fixtures.served import served, shared_models
from fixtures.visitor import LABELS, begun, visiting

from edge.runtime.shared_models import SharedModels

pytestmark = [pytest.mark.slow, pytest.mark.alone]

LENGTH = 75
LABEL = LABELS.pattern.strip("^$")


@pytest.fixture(scope="module")
def models() -> Iterator[SharedModels]:
    with shared_models() as opened:
        yield opened


@pytest.fixture(scope="module")
def room(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Sees one who speaks, and beside her, for half of the time, one who is still."""
    (speaker, said), (other, _) = clip_of(data_dir, 0), clip_of(data_dir, 3)
    both = [np.hstack(pair) for pair in zip(speaker, still(other[0], LENGTH), strict=True)]
    alone = [np.hstack([one, np.full_like(one, 90)]) for one in speaker]
    pictures = [*both * 2, *alone * 2]
    with visiting(tmp_path_factory.mktemp("room"), pictures, said) as opened:
        yield opened


def named(page: Any, person: str) -> Any:
    return page.get_by_role("region", name=person, exact=True)


def block_with(page: Any, row: str) -> Any:
    return page.locator(".person").filter(has=page.get_by_role("row", name=row))


def test_each_person_has_a_label_confidence_streams_and_words_of_their_own(
    room: Any, models: SharedModels
) -> None:
    with served(models, "people=all", asr="pocketsphinx") as server:
        page = begun(room, server.url)
        for person in ("Person 1", "Person 2"):
            block = named(page, person)
            block.locator(".label", has_text=re.compile(f"^{person}: {LABEL}$")).wait_for()
            block.locator(".confidence", has_text="confidence").wait_for()
            block.get_by_role("table", name=f"What the answer for {person} is made of").wait_for()
            block.get_by_role("row", name="Face used").wait_for()
        speaks = block_with(page, "Voice used")
        speaks.locator(".words", has_text=re.compile(r"^(?!No words)\w")).wait_for()
        listens = block_with(page, "Voice absent not speaking")
        listens.locator(".words", has_text="No words yet.").wait_for()
        assert page.locator(".label").first.text_content().startswith("Person 1")
        assert page.errors == []
        page.close()


def test_the_block_of_a_person_who_left_is_gone_and_a_newcomer_has_one(
    room: Any, models: SharedModels
) -> None:
    with served(models, "people=all") as server:
        page = begun(room, server.url)
        shown = page.locator(".person")
        shown.nth(1).wait_for()
        shown.nth(1).wait_for(state="detached")
        assert shown.count() == 1
        named(page, "Person 3").wait_for()
        shown.nth(1).wait_for()
        assert page.errors == []
        page.close()
