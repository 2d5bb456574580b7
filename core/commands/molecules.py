"""`python -m core molecules`: which molecules a millimetre spectrum holds."""

from pathlib import Path
from typing import Annotated

import typer


def molecules(
    spectra: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="IN...",
            help="Windows of one spectrum: text of two columns, FITS spectrum or cube, VOTable.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Parquet file to write.", metavar="OUT.parquet")] = None,
    velocity_kms: Annotated[float | None, typer.Option(help="Systemic velocity; found if not given.")] = None,
    width_kms: Annotated[float | None, typer.Option(help="Width of the lines (FWHM); measured if not given.")] = None,
    beam_arcsec: Annotated[float | None, typer.Option(help="Beam (FWHM), needed for Jy/beam.", min=1e-6)] = None,
    background_k: Annotated[float, typer.Option(help="Continuum behind the gas (K).", min=0.0)] = 2.725,
    noise_k: Annotated[float | None, typer.Option(help="Noise of a channel; measured if not given.", min=1e-12)] = None,
    unit_x: Annotated[str | None, typer.Option(help="Unit of the spectral axis: Hz, kHz, MHz, GHz.")] = None,
    unit_y: Annotated[str | None, typer.Option(help="Unit of the values: K, mK, Jy/beam, mJy/beam.")] = None,
    rest_mhz: Annotated[float | None, typer.Option(help="Rest frequency of an axis in km/s or m/s.")] = None,
    species: Annotated[
        str | None,
        typer.Option(help="Names separated by commas, a text file of them, or .cat files; default: the catalogue."),
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="Folder of another catalogue, made by recipes.molecules_catalogue.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Run folder of `train --task molecules`.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the networks.", min=1)] = None,
    list_species: Annotated[bool, typer.Option("--list", help="Print the catalogue's species and end.")] = False,
) -> None:
    """Name the molecules of a spectrum: probability, column density, excitation temperature, matched lines.

    OUT has a row for every species and state: species, formula, state, probability, label ('detected', 'not detected',
    'not covered'), column_density_cm2 (an upper limit where not detected), excitation_temperature_k, n_lines,
    n_lines_matched, false_discovery_rate, note.
    """
    from core.errors import UsageError
    from core.molecules.catalogue import load_catalogue
    from core.molecules.results import print_species, species_names

    entries = load_catalogue(catalogue)
    if list_species:
        print_species(entries)
        return
    if not spectra:
        raise UsageError("no spectrum is given: name one or more files, or --list for the catalogue's species")
    if out is None:
        raise UsageError("no output is given: name a Parquet file with --out")
    from core.molecules.detector import DETECTED, detect
    from core.molecules.network import NETWORK_DIR, load_network
    from core.molecules.read_spectrum import read_spectrum
    from core.molecules.results import findings_table, write_findings

    entries = entries.chosen(species_names(species))
    spectrum = read_spectrum(
        spectra,
        unit_x=unit_x,
        unit_y=unit_y,
        beam_arcsec=beam_arcsec,
        noise_k=noise_k,
        rest_mhz=rest_mhz,
        background_k=background_k,
    )
    report = detect(
        spectrum,
        entries,
        load_network(run or NETWORK_DIR, threads),
        velocity_kms=velocity_kms,
        fwhm_kms=width_kms,
    )
    for note in (*entries.notes, *report.notes):
        print(f"note: {note}")
    table = findings_table(report)
    write_findings(table, out)
    found = table[table["label"] == DETECTED]
    for row in found.itertuples(index=False):
        print(
            f"{row.formula} {row.state}: p {row.probability:.4f}, {row.n_lines_matched} of {row.n_lines} lines, "
            f"N {row.column_density_cm2:.2e} cm-2, T_ex {row.excitation_temperature_k:.0f} K"
        )
    counts = table["label"].value_counts()
    print(f"{out}: {len(table)} species and states, " + ", ".join(f"{n} {label}" for label, n in counts.items()))
    print(f"decoys detected: {100 * report.decoy_rate:.2f} % of {len(report.decoy_probability)}")
