"""Texts from outside (file names, an archive's words, the address) shown as they are, never as Markdown."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~:^&])")


def escape_markdown(text: object) -> str:
    r"""`text` with every character escaped that Markdown, formulas or Streamlit's directives give a meaning to.

    Without it a link to this app could make the visitor's browser load a picture from anywhere.

    >>> escape_markdown("![x](y)")
    '\\!\\[x\\]\\(y\\)'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))
