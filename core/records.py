"""What the program keeps as JSON, read through a model: a bad value is named with its path in the file."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from core.atomic import atomic_path
from core.errors import ExplorerError

T = TypeVar("T")
_MOST_SHOWN = 60


class Record(BaseModel):
    """A JSON object with known keys; those that this version does not know are kept when it is written again."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    def as_dict(self) -> dict[str, Any]:
        """What is stored: the keys that were given, known ones first, in the order of the class."""
        return self.model_dump(exclude_unset=True)

    def changed(self, **changes: Any) -> Self:
        """A copy with some keys set anew."""
        return self.model_copy(update=changes)


_adapter: Callable[[Any], TypeAdapter] = cache(TypeAdapter)


def read_record(path: Path, kind: type[T], fault: type[ExplorerError], advice: str) -> T:
    """A JSON file as a `Record` or a dataclass.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    fault
        It cannot be read, or a value in it is missing or wrong; `advice` says what to do.
    """
    try:
        return _adapter(kind).validate_json(path.read_bytes())
    except FileNotFoundError:
        raise
    except ValidationError as error:
        raise fault(f"{path} is damaged: {_first_fault(error)}; {advice}") from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise fault(f"{path} cannot be read ({error}); {advice}") from error


def write_record(path: Path, record: Record) -> None:
    """Replace a file as a whole by what `read_record` reads."""
    with atomic_path(path) as beside:
        beside.write_text(json.dumps(record.as_dict(), indent=1) + "\n", encoding="utf-8")


def _first_fault(error: ValidationError) -> str:
    """'members.3.fold is 'x' (input should be a valid integer)'."""
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"])) or "its content"
    why = first["msg"][:1].lower() + first["msg"][1:]
    if first["type"] == "missing":
        return f"it has no {place}"
    if first["type"] == "json_invalid":
        return why
    if place == "format_version":
        why = f"this program reads {first.get('ctx', {}).get('expected')}"
    return f"{place} is {repr(first['input'])[:_MOST_SHOWN]} ({why})"
