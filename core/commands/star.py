"""`python -m core star`: resolve, fetch or find, classify and print one star."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from core.archive.client import ArchiveClient
from core.commands.release_option import ReleaseOption, release_key, release_or_default, tell_assumed
from core.errors import RunError, UsageError
from core.gaia.releases import RELEASES, release_named_in
from core.star.card import VerdictCard, card_facts, verdict_card
from core.star.lookup import find_star
from core.statistics.prevalence import GAIA_PREVALENCE
from core.verdict.companions import NO_COMPANIONS, Companions, companions_of
from core.verdict.ensemble import Ensemble, load_ensemble
from core.verdict.star_verdict import StarVerdict
from core.verdict.unseen import UNSEEN_NOTE


def star(
    query: Annotated[
        list[str],
        typer.Argument(
            help="A Gaia source id (with or without the words 'Gaia DR3', 'Gaia DR4'), a name ('Theta1 Ori C'), or "
            "coordinates ('05 35 16.46 -05 23 22.8', '83.82 -5.39', 'galactic 209.0 -19.4'). "
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the card.")] = False,
    radius_arcsec: Annotated[
        float, typer.Option(help="How far from a position a source may lie, in arcsec.", min=0.01, max=3600.0)
    ] = 5.0,
    epoch: Annotated[
        str, typer.Option(help="Epoch of typed coordinates; Gaia's own is J2016.0 in DR3, J2017.5 in DR4.")
    ] = "J2000",
    run: Annotated[
        Path | None, typer.Option(help="Folder of the trained run to classify with (default: the shipped ensemble).")
    ] = None,
    open_file: Annotated[
        list[Path] | None, typer.Option("--open", help="A file of spectra to search first; may be given several times.")
    ] = None,
    release: ReleaseOption = None,
    prevalence: Annotated[
        float, typer.Option(help="Fraction of massive stars where the star was found, for the ladder's last rung.")
    ] = GAIA_PREVALENCE,
    offline: Annotated[bool, typer.Option(help="Do not touch the network.")] = False,
    refresh: Annotated[bool, typer.Option(help="Ask the archive again, even if the star is in the cache.")] = False,
) -> None:
    """Look a star up (opened files, shipped sets, cache, Gaia archive), classify it and print its verdict card."""
    unknown = [word for word in query if word.startswith("--") or (word[:1] == "-" and word[1:2].isalpha())]
    if unknown:
        raise UsageError(f"star has no option {unknown[0]}; see `python -m core star --help`")
    ensemble, companions = _ensemble(run)
    opened = []
    for path in open_file or []:
        from core.spectra.readers import read_spectra

        opened.append(read_spectra(path, release=release_key(release)))
        tell_assumed(path, opened[-1].release, opened[-1].release_stated, sys.stderr)
    asked = release or release_named_in(" ".join(query))
    known = asked if release or asked in {item.key for item in RELEASES} else None
    record = find_star(
        " ".join(query), radius_arcsec=radius_arcsec, epoch=epoch, offline=offline, opened=opened, refresh=refresh,
        client=ArchiveClient(
            on_message=lambda text: print(text, file=sys.stderr), release=release_or_default(known or None)
        ),
    )  # fmt: skip
    card = verdict_card(record, ensemble, companions)
    if as_json:
        print(json.dumps(card.to_dict(prevalence), indent=2, allow_nan=False))
    else:
        print_card(card, prevalence)


# Negative declinations are words of the query, not options.
star.context_settings = {"ignore_unknown_options": True}  # type: ignore[attr-defined]


def print_card(card: VerdictCard, prevalence: float = GAIA_PREVALENCE) -> None:
    """Print the card for people, with rich."""
    from rich.console import Console
    from rich.markup import escape  # names of stars hold brackets, [KW97] 12
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    record = card.record
    console.print(f"[bold]{record.designation}[/bold]  (asked for: {escape(record.query)})")
    for line in _verdict_lines(card.verdict, prevalence):
        console.print(line)
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, text in card_facts(card):
        table.add_row(name, escape(text))
    console.print(table)
    for advice in card.advice:
        sign = {"good": "ok     ", "caution": "caution", "warning": "warning"}[advice.level]
        console.print(f"  {sign}  {advice.text}  ({advice.reference})", markup=False)
    for message in record.messages:
        console.print(message, markup=False)


def _verdict_lines(verdict: StarVerdict, prevalence: float) -> Iterator[str]:
    """The ladder (`core.verdict.ladder`), then what speaks against it."""
    from rich.markup import escape

    if verdict.probability is None:
        yield f"Not classified: {escape(verdict.note)}"
        return
    spread = "" if verdict.probability_std is None else f" ± {verdict.probability_std:.3f} over the members"
    yield f"[bold]{verdict.label}[/bold]: probability of massive {verdict.probability:.3f}{spread}"
    if verdict.unseen:
        yield f"The {UNSEEN_NOTE}: the network has learnt from this real star."
    for rung in verdict.ladder(prevalence):
        note = f" ({escape(rung.note)})" if rung.note else ""
        yield f"{rung.title}: {'at least ' if rung.at_least else ''}{rung.probability:.4f}{note}"
    for doubt in verdict.doubts:
        if doubt.kind != "impostor":
            yield f"{'Note' if doubt.kind == 'note' else 'Doubt'}: {escape(doubt.text)}"
    if verdict.contaminant:
        yield f"[bold red]Contaminant:[/bold red] {verdict.contaminant_reason}"
    elif verdict.contaminant_reason:
        yield f"Contaminant check: {verdict.contaminant_reason}"


def _ensemble(run: Path | None) -> tuple[Ensemble | None, Companions]:
    from core.settings import current_settings

    folder = run or current_settings().default_run_dir
    if run is None and not folder.exists():
        print("No shipped ensemble is installed: the star is looked up without a verdict.", file=sys.stderr)
        return None, NO_COMPANIONS
    if not folder.exists():
        raise RunError(f"There is no run folder {folder}; see `python -m core models` and train one")
    ensemble = load_ensemble(folder)
    return ensemble, companions_of(ensemble)
