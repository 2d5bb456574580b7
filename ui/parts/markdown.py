"""Texts from outside (file names, an archive's words, the address) shown as they are, never as Markdown."""

import re
from pathlib import PurePath

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~:^&])")


def escape_markdown(text: object) -> str:
    r"""`text` with every character escaped that Markdown, formulas or Streamlit's directives give a meaning to.

    Without it a link to this app could make the visitor's browser load a picture from anywhere.

    >>> escape_markdown("![x](y)")
    '\\!\\[x\\]\\(y\\)'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def file_name(name: str) -> str:
    r"""A name for a temporary copy of an upload: its end, with its suffix, of letters that every disk takes.

    >>> file_name("../a\0b.csv"), len(file_name(300 * "a" + ".csv")), file_name("..")
    ('a_b.csv', 100, 'file')
    """
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", PurePath(name).name)[-100:]
    return safe if safe.strip(".") else "file"
