"""The synopses and option tables of docs/cli.md, made from the commands: `python -m recipes.cli_document`.

Each section "## `command`" holds one block between two marks, which is written anew; the prose around it, what scripts
depend on, is a person's.
"""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from core.atomic import atomic_path
from core.commands import COMMANDS
from core.settings import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs" / "cli.md"
_BEGIN, _END = "<!-- from the command -->", "<!-- end -->"
_WIDTH = 110
_GLUE = "\N{NO-BREAK SPACE}"
"""Holds an option and its value on one line."""
_METAVARS = {Path: "PATH", int: "N", float: "X"}


def documented(text: str) -> str:
    """The document with every command's block as the commands are now; a section without a block gets one."""
    commands = _commands()

    def section(match: re.Match) -> str:
        name, body = match["name"], match["body"]
        if name not in commands:
            return match[0]
        block = f"{_BEGIN}\n{_block(name, commands[name])}\n{_END}"
        if _BEGIN in body:
            before, _, rest = body.partition(_BEGIN)
            return f"## `{name}`\n{before}{block}{rest.partition(_END)[2]}"
        return f"## `{name}`\n\n{block}\n{body}"

    return re.sub(r"^## `(?P<name>[\w-]+)`\n(?P<body>(?:(?!^## ).*\n?)*)", section, text, flags=re.M)


def _commands() -> dict[str, list["_Parameter"]]:
    return {name: _parameters(getattr(import_module(module), function)) for name, module, function in COMMANDS}


@dataclass(frozen=True)
class _Parameter:
    """An argument or option of a command: how it is written, whether it must be given, and what it means."""

    written: str
    required: bool
    repeats: bool
    meaning: str

    @property
    def usage(self) -> str:
        words = self.written + (" ..." if self.repeats else "")
        return words if self.required else f"[{words}]"


def _parameters(function: Callable) -> list[_Parameter]:
    hints = get_type_hints(function, include_extras=True)
    found = [_parameter(name, hints[name], item.default) for name, item in signature(function).parameters.items()]
    return sorted(filter(None, found), key=lambda item: item.written.startswith("--"))


def _parameter(name: str, hint: Any, default: Any) -> _Parameter | None:
    kind, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    info = next((note for note in notes if isinstance(note, ArgumentInfo | OptionInfo)), None)
    if info is None or info.hidden:
        return None
    kinds = [kind, *get_args(kind)]
    metavar = info.metavar or next((word for kind, word in _METAVARS.items() if kind in kinds), "TEXT")
    if isinstance(info, OptionInfo):
        first = (info.default,) if isinstance(info.default, str) and info.default.startswith("-") else ()
        names = (*first, *(info.param_decls or ())) or (f"--{name.replace('_', '-')}",)
        option = max(names, key=len).split("/")[0]
        metavar = option if bool in kinds else f"{option} {metavar}"
    words = " ".join((info.help or "").split()).replace("|", "\\|")
    stated = isinstance(default, str | int | float) and not isinstance(default, bool) and default != ""
    if stated and "default" not in words.lower():
        words = f"{words} Default: {default}."
    return _Parameter(metavar, default is Parameter.empty, any(get_origin(kind) is list for kind in kinds), words)


def _block(name: str, parameters: list[_Parameter]) -> str:
    words = textwrap.wrap(
        " ".join(item.usage.replace(" ", _GLUE) for item in parameters), _WIDTH, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    synopsis = f"python -m core {name} " + ("\n" + " " * 8).join(words).replace(_GLUE, " ")
    rows = [f"| `{item.written}` | {item.meaning} |" for item in parameters]
    table = "\n\n| | |\n|---|---|\n" + "\n".join(rows) if rows else ""
    return f"```\n{synopsis.rstrip()}\n```{table}"


def main() -> None:
    """Write the document."""
    path = Path(DOCUMENT)
    text = documented(path.read_text(encoding="utf-8"))
    with atomic_path(path) as beside:
        beside.write_text(text, encoding="utf-8")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
