"""`python -m core runs`: the run store."""

from typing import Annotated

import typer


def runs(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    sql: Annotated[
        str | None, typer.Option(help="A query (DuckDB) over the tables runs, curves, oof and test instead.")
    ] = None,
) -> None:
    """List the training runs: id, model, data, folds, state, accuracy, device, time; or ask them a question in SQL."""
    import pandas as pd

    from core.runs.query import query_runs
    from core.runs.table import run_table

    if sql is not None:
        answer = query_runs(sql)
        print(answer.to_json(orient="records", indent=1) if as_json else answer.to_string(index=False))
        return
    table = run_table()
    if as_json:
        print(table.to_json(orient="records", indent=1))
        return
    if table.empty:
        print("no training run yet: start one with `python -m core train`")
        return
    accuracy = [
        "" if pd.isna(mean) else f"{mean:.4f}" + ("" if pd.isna(std) else f" ± {std:.4f}")
        for mean, std in zip(table["accuracy"], table["accuracy_std"], strict=True)
    ]
    shown = table.drop(columns="accuracy_std").assign(accuracy=accuracy)
    print(shown.fillna("").to_string(index=False))
