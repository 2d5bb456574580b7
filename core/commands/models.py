"""`python -m core models`: the ten networks."""

from typing import Annotated

import typer


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the ten networks: key, inputs, parameters and published parameters."""
    import json
    from dataclasses import asdict

    from models.registry import MODELS

    if as_json:
        print(json.dumps([asdict(spec) for spec in MODELS], indent=1))
        return
    print(f"{'key':<14}{'title':<26}{'inputs':<14}{'parameters':>12}{'published':>12}{'batch':>7}")
    for spec in MODELS:
        inputs = ",".join(spec.inputs)
        sizes = f"{spec.parameters:>12,}{spec.published_parameters:>12,}{spec.batch_size:>7}"
        print(f"{spec.key:<14}{spec.title:<26}{inputs:<14}{sizes}")
