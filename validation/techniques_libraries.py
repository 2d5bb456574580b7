"""Stars of the libraries STELIB and MILES through XP's instrument, as `validation.techniques` reports them."""

from pathlib import Path

import pandas as pd

from core.datasets.spectral_types import parse_type
from core.errors import LabelError
from core.foreign_spectra.library_table import read_library_table
from core.foreign_spectra.through_xp import judge_through_xp, see_through_xp
from core.verdict.companions import load_companions
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import judge
from validation.report import Section

_EARLY = (("O", 0.0, 9.99), ("B", 0.0, 2.5))


def library_sections(folder: Path, run: Path) -> list[Section]:
    """STELIB and MILES through XP's instrument."""
    given, table = read_library_table(folder / "stelib_miles.parquet")
    ensemble = load_ensemble(run)
    companions = load_companions(ensemble.path, ensemble.run.started)
    verdict = judge_through_xp(see_through_xp(given), lambda spectra: judge(spectra, ensemble, companions))
    table = table.assign(probability=verdict.probability, note=verdict.note)
    kind = [_kind(text) for text in table["sp_type"]]
    table = table.assign(kind=kind)
    rows = []
    for (library, name), part in table.groupby(["library", "kind"]):
        known = part["probability"].notna()
        rows.append({"library": library, "kind": name, "stars": len(part), "judged": int(known.sum()),
                     "refused": int((~known).sum()),
                     "called massive": int((part["probability"] >= 0.5).sum())})  # fmt: skip
    listed = table[table["kind"].isin(["O-B2.5", "B3 Ia", "Wolf-Rayet"])]
    shown = [
        {"library": row.library, "star": row.name, "type": row.sp_type,
         "probability": "" if pd.isna(row.probability) else round(float(row.probability), 4), "note": row.note}
        for row in listed.itertuples(index=False)
    ]  # fmt: skip
    cool = table[table["kind"].eq("A-M") & table["probability"].notna()]
    wrong = cool[cool["probability"] >= 0.5]
    names = ", ".join(f"{row.name} {row.sp_type}" for row in wrong.itertuples(index=False)) or "none"
    about = [
        f"{len(table)} stars; a star is refused where the way in which missing wavelengths are filled in decides. "
        f"A-M stars called massive: {len(wrong)} of {len(cool)} judged ({names})."
    ]
    return [("Libraries through XP's instrument", about, rows), ("Libraries: O-B2.5, Wolf-Rayet, B3 Ia", [], shown)]


def _kind(text: object) -> str:
    words = "" if pd.isna(text) else str(text).replace(" ", "")
    if words.startswith("W"):
        return "Wolf-Rayet"
    if words.startswith("sd"):
        return "subdwarf"
    try:
        known = parse_type(words)
    except LabelError:
        return "unknown type"
    if known.letter in "OB":
        if any(known.letter == letter and low <= (known.subtype or 0.0) <= high for letter, low, high in _EARLY):
            return "O-B2.5"
        return "B3 Ia" if words.startswith("B3Ia") else "B3-B9"
    return "A-M" if known.letter in "AFGKM" else "other"
