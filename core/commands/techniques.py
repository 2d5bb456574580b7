"""`python -m core techniques`: every technique's vote on every star, and one probability from all."""

from pathlib import Path
from typing import Annotated

import typer


def techniques(
    stars: Annotated[
        str | None,
        typer.Argument(
            metavar="IN",
            help="XP spectra (any file that `classify` reads) or a table of stars (Parquet, CSV, ECSV, FITS, VOTable); "
            "spectra of other surveys (FITS or text); or a simulated sky, 'simulated:survey:100000:1'.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Parquet file to write.", metavar="OUT.parquet")] = None,
    catalogue: Annotated[
        list[Path] | None,
        typer.Option(
            help="Table of another survey or of published types, matched by Gaia id or else by position at its epoch; "
            "may be given several times.",
            metavar="FILE",
        ),
    ] = None,
    prevalence: Annotated[
        float,
        typer.Option(
            help="Fraction of massive stars in the sample, for probability and label (0.0003 for all of Gaia)."
        ),
    ] = 0.5,
    matches: Annotated[
        Path | None, typer.Option(help="Also write every match with its separation and odds.", metavar="OUT.parquet")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Run folder of `train` for the XP ensemble; default: the one that is shipped.")
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Print the techniques and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --list: as one JSON array.")] = False,
) -> None:
    """Let every technique judge stars: p_<technique> or why it abstains, and the combination with its interval.

    OUT has a row for each star: source_id, p_<key> and why_<key> of every technique (null: it abstains, for the reason
    given), probability with probability_low and probability_high (90 %) by all votes at the prevalence, label, n_votes
    and note. Votes hold at equal priors. A survey that is missing silences the techniques that need it and no other.
    """
    from core.errors import UsageError

    if show_list:
        print(_listing(as_json))
        return
    if as_json:
        raise UsageError("--json goes with --list")
    if stars is None or out is None:
        raise UsageError("give a file of stars and --out OUT.parquet, or --list for the techniques")
    if not 0.0 < prevalence < 1.0:
        raise UsageError(f"--prevalence {prevalence:g} is not between 0 and 1: give 0.0003 for all stars of Gaia")
    _judge(stars, out, tuple(catalogue or ()), prevalence, matches, run)


def _judge(stars: str, out: Path, catalogues: tuple[Path, ...], prevalence: float, matches, run) -> None:
    from core.commands.row_progress import row_progress
    from core.settings import current_settings
    from core.techniques.file_run import judge_file
    from core.techniques.registry import TECHNIQUES
    from core.techniques.scored_sky import fast_judge

    judge = fast_judge(run or current_settings().default_run_dir)
    with row_progress("asking") as move:
        done = judge_file(
            stars, out, judge, catalogues=catalogues, prevalence=prevalence, matches_out=matches, on_progress=move
        )
    for text in done.notes:
        print(text)
    for name, count in done.matched.items():
        print(f"{name}: {count} of {done.n_rows} stars matched")
    print(f"{done.path}: {done.n_rows} stars, {done.n_judged} judged, {done.n_massive} massive at {prevalence:g}")
    for technique in TECHNIQUES:
        print(f"  {technique.title}: {done.votes.get(technique.key, 0)} votes")


def _listing(as_json: bool) -> str:
    """The registry, for readers or for programs."""
    import json

    from core.techniques.registry import SOURCES, TECHNIQUES

    if as_json:
        names = ("key", "title", "inputs", "massive", "validity", "reference", "verified")
        rows = [{name: getattr(item, name) for name in names} | {"needs": list(item.needs)} for item in TECHNIQUES]
        return json.dumps(rows, indent=1)
    lines = []
    for item in TECHNIQUES:
        mark = "" if item.verified else "  (unverified)"
        needs = ", ".join(SOURCES[name] for name in item.needs)
        lines += [f"{item.key}: {item.title}{mark}", f"    looks at {item.inputs}; needs {needs}",
                  f"    massive: {item.massive}", f"    valid: {item.validity}", f"    {item.reference}"]  # fmt: skip
    return "\n".join(lines)
