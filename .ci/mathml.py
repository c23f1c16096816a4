"""A hook of MkDocs: the TeX of a page becomes MathML, which browsers show without a script.

`pymdownx.arithmatex` marks what is TeX; GitHub renders the same TeX in the repository.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from latex2mathml.converter import convert

MARKED = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<tex>.*?)\\[)\]]</(?P=tag)>', re.S
)


def on_page_content(html: str, **_: Any) -> str:
    """The page's HTML with MathML in the place of each marked formula."""
    return MARKED.sub(_math, html)


def _math(marked: re.Match[str]) -> str:
    display = "block" if marked["tag"] == "div" else "inline"
    return convert(" ".join(unescape(marked["tex"]).split()), display=display)
