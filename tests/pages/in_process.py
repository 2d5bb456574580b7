"""Pages run in a process without a server and a browser (`AppTest`), and all that they say."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]


def open_page(script: str, **parameters: str):
    """Run a page (path as in `ui.shell.MENU`) in this process, with query parameters; a Streamlit `AppTest`."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=240)
    if script != "app.py":
        app.switch_page(script)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def first_page(script: str, environment: dict[str, str]) -> dict:
    """Title, text, exceptions and menu of the page `script`.

    To be called in a process of its own that has imported nothing of the program: this file imports nothing of it.

    Parameters
    ----------
    script : str
        Path of the page as in `ui.shell.MENU`.
    environment : dict
        Variables to set before the program is imported.
    """
    os.environ.update(environment)
    app = open_page(script)
    return {
        "title": app.title[0].value,
        "text": text_of(app.main),
        "exceptions": [item.message for item in app.exception],
        "menu": [item.proto.label for item in app.sidebar.get("page_link")],
    }


def text_of(block) -> str:
    """Every text of a part of a page (of elements, of the blocks around them, of components), one a line."""
    protos = [getattr(item, "proto", None) for item in block]
    texts = [text for proto in protos if proto is not None for text in _strings(proto)]
    return "\n".join(texts).replace("\\", "")


def _strings(message) -> list[str]:
    """Texts of a protobuf message, at any depth (maps left out)."""
    found: list[str] = []
    for field, value in message.ListFields():
        items = [value] if isinstance(value, str | bytes) or not hasattr(value, "__len__") else list(value)
        if field.type == field.TYPE_STRING:
            found += items
        elif field.type == field.TYPE_MESSAGE:
            found += [text for item in items if hasattr(item, "ListFields") for text in _strings(item)]
    return found
