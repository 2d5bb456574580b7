"""The command line: `python -m core COMMAND`, the same core calls as the pages without a browser."""

import io
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from inspect import signature
from typing import Any

import typer

from core.commands import COMMANDS
from core.errors import ExplorerError, UsageError, in_one_line
from core.quota import refuse_when_read_only

_OUT_OF_MEMORY = (
    "cannot allocate memory", "failed to map segment", "can't start new thread", "unable to allocate", "bad_alloc",
    "failed to start thread", "out of memory",
)  # fmt: skip
EXIT_NOTHING_DONE = 1
EXIT_USAGE = 2
KEEP_THEIR_RESULT = ("archive", "audit", "known-stars")
"""Commands without an output that still write among the local data."""


def build_app() -> typer.Typer:
    """The Typer application with every command of the table."""
    app = typer.Typer(
        name="python -m core",
        help="Find massive stars in Gaia DR3 XP spectra. Every command does what the page of the same name does.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def root() -> None:
        """Find massive stars in Gaia DR3 XP spectra. Every command does what the page of the same name does."""

    for name, module, function in COMMANDS:
        command = getattr(import_module(module), function)
        if writes(name, command):
            command = _unless_read_only(name, command)
        app.command(name, context_settings=getattr(command, "context_settings", None))(command)
    return app


def writes(name: str, command: Callable) -> bool:
    """Whether a command leaves something behind: it has an output, or keeps what it found among the local data."""
    return name in KEEP_THEIR_RESULT or "out" in signature(command).parameters


def _unless_read_only(name: str, command: Callable) -> Callable:
    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        refuse_when_read_only(f"`{name}`")
        return command(*args, **kwargs)

    return guarded


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 output written (noted rows included), 1 nothing done, 2 usage, 3 partly done, 4 audit found a leak. Commands
    raise `typer.Exit(code)` for 3 and 4; an ExplorerError is printed without a traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal of ASCII, or half a letter in a file's name
    try:
        build_app()(args=arguments)
    except UsageError as error:
        print(f"error: {in_one_line(error)}", file=sys.stderr)
        return EXIT_USAGE
    except ExplorerError as error:
        print(f"error: {in_one_line(error)}", file=sys.stderr)
        return EXIT_NOTHING_DONE
    except (MemoryError, ImportError, RuntimeError, OSError) as error:
        if (words := _named(error)) is None:
            raise
        print(f"error: {in_one_line(words)}", file=sys.stderr)
        return EXIT_NOTHING_DONE
    except KeyboardInterrupt:
        print("interrupted: nothing that was finished is lost", file=sys.stderr)
        return EXIT_NOTHING_DONE
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else EXIT_NOTHING_DONE
    return 0


def _named(error: Exception) -> str | None:
    """Words for what the system refused; None for an error of another kind."""
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError) or any(sign in text.lower() for sign in _OUT_OF_MEMORY):
        return f"there is not enough memory ({text or 'none is left'}): end other programs, or give the input in parts"
    if isinstance(error, OSError):  # no such file, no permission to read
        return f"{error.strerror or error}: {error.filename or 'see above'}"
    return None


if __name__ == "__main__":
    sys.exit(main())
