"""Build the catalogue of molecules: `python -m recipes.molecules_catalogue [--with-slaim] [--out FOLDER]`.

Needs the packages casadata (line lists), linecat (CDMS entries of methanol and ammonia) and casa-formats-io beside the
program's own; they are wanted here alone. Nothing of theirs is copied as it is: lines of four bands, cut by strength.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.molecules.formula import is_complex_organic, isotopes, printed
from core.molecules.radiation import BANDS_GHZ, CM_TO_K, strength_of_intensity
from recipes import molecules_sources as sources
from recipes.molecules_species import CAT_FILES, CDMS_OR_JPL, JPL_BELOW_120_GHZ, SLAIM

CUT = 1e-4
"""Lines weaker than this share of their species' strongest, in opacity, at 30, 100 and 300 K are left out."""


def build(with_slaim: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines and species of the catalogue."""
    parts = [sources.splatalogue_lines(CDMS_OR_JPL, (10, 12))]
    parts += [sources.cat_lines(*item) for item in CAT_FILES]
    taken = set(pd.concat(parts)[["species", "state"]].itertuples(index=False, name=None))
    if with_slaim:
        slaim = sources.splatalogue_lines(SLAIM, (14,))
        parts.append(slaim)
        taken |= set(slaim[["species", "state"]].itertuples(index=False, name=None))
    jpl = sources.jpl_below_120_ghz(JPL_BELOW_120_GHZ)
    parts.append(jpl[[(s, v) not in taken for s, v in zip(jpl["species"], jpl["state"], strict=True)]])
    lines = pd.concat([part[sources.COLUMNS] for part in parts if len(part)], ignore_index=True)
    in_band = np.zeros(len(lines), dtype=bool)
    for low, high in BANDS_GHZ:
        in_band |= lines["frequency_mhz"].between(low * 1e3, high * 1e3).to_numpy()
    lines = lines[in_band & lines["e_low_cm"].notna()]
    functions = {name: sources.partition_functions(name) for name in ("CDMS", "JPL")}
    kept, species = [], []
    for (name, state), group in lines.groupby(["species", "state"], sort=True):
        entry = _entry(name, state, group, functions)
        if entry is None:
            print(f"left out: {name} {state}: no partition function of {isotopes(name)}")
            continue
        group = group.assign(a_gu=_strengths(group, entry["q_300"]), e_low_k=group["e_low_cm"] * CM_TO_K)
        group = _strong(group[group["a_gu"] > 0])
        species.append({**entry, "n_lines": len(group)})
        kept.append(group)
    return pd.concat(kept, ignore_index=True), pd.DataFrame(species)


def _strengths(group: pd.DataFrame, q_300: float) -> np.ndarray:
    """A_ul g_u (1/s): from the intensity at 300 K where the list has one, as that alone is consistent with its Q."""
    from_intensity = strength_of_intensity(group["lg_intensity"], group["frequency_mhz"], group["e_low_cm"], q_300)
    return np.where(np.isfinite(from_intensity), from_intensity, group["a_gu"])


def _entry(name: str, state: str, group: pd.DataFrame, functions: dict[str, pd.DataFrame]) -> dict | None:
    """The species' row: Q(300 K) from its own list where it follows from it, and Q's dependence on T."""
    unit = strength_of_intensity(group["lg_intensity"], group["frequency_mhz"], group["e_low_cm"], 1.0)
    ratio = (group["a_gu"] / unit).replace([np.inf, -np.inf], np.nan).dropna()
    own = float(ratio.median()) if len(ratio) else np.nan
    source = group["source"].iloc[0]
    wanted, mass = isotopes(name), int(group["tag"].iloc[0]) // 1000
    order = ("JPL", "CDMS") if source == "JPL" else ("CDMS", "JPL")
    exact = group["tag"].iloc[0] if group["tag"].iloc[0] % 1000 else None
    for catalogue in order:
        table = functions[catalogue]
        found = (
            table[(table["tag"] == exact)]
            if exact
            else table[(table["tag"] // 1000 == mass) & (table["isotopes"] == wanted)]
        )
        found = found[found["300.0"].notna()]
        if len(found):
            q_300 = 10.0 ** found["300.0"]
            best = found.loc[(np.log(q_300) - np.log(own)).abs().idxmin()] if np.isfinite(own) else found.iloc[0]
            lg_q = best[[str(t) for t in sources.TEMPERATURES_K]].to_numpy(dtype=float)
            lg_q = _rising(lg_q)
            shift = np.log10(own) - best["300.0"] if np.isfinite(own) else 0.0
            return {
                "species": name,
                "state": state,
                "formula": printed(name),
                "complex_organic": is_complex_organic(name),
                "source": source,
                "tag": int(best["tag"]),
                "q_source": f"{catalogue} {int(best['tag'])}",
                "q_300": 10.0 ** (best["300.0"] + shift),
                "q_shift_dex": round(float(shift), 4),
                "lg_q": (lg_q + shift).tolist(),
            }
    return None


def _rising(lg_q: np.ndarray) -> np.ndarray:
    """Without values that no partition function can have, above one at a higher temperature (JPL 39002 has one)."""
    lg_q = lg_q.copy()
    known = np.flatnonzero(np.isfinite(lg_q))
    for here, after in pairwise(known):
        if lg_q[here] > lg_q[after] + 1e-4:
            lg_q[here] = np.nan
    return lg_q


def _strong(group: pd.DataFrame) -> pd.DataFrame:
    """The lines that matter at 30, 100 or 300 K in their own band."""
    keep = np.zeros(len(group), dtype=bool)
    frequency, e_low = group["frequency_mhz"].to_numpy(), group["e_low_k"].to_numpy()
    for temperature in (30.0, 100.0, 300.0):
        opacity = group["a_gu"].to_numpy() / frequency**2 * np.exp(-(e_low - e_low.min()) / temperature)
        opacity *= -np.expm1(-0.0479924 * frequency / 1e3 / temperature)
        for low, high in BANDS_GHZ:
            here = (frequency >= low * 1e3) & (frequency <= high * 1e3)
            if here.any():
                keep |= here & (opacity >= CUT * opacity[here].max())
    return group[keep].sort_values("frequency_mhz")


def write(lines: pd.DataFrame, species: pd.DataFrame, folder: Path) -> None:
    """Two Parquet files: lines.parquet and species.parquet."""
    number = {key: i for i, key in enumerate(zip(species["species"], species["state"], strict=True))}
    table = pd.DataFrame(
        {
            "species_index": [number[key] for key in zip(lines["species"], lines["state"], strict=True)],
            "frequency_mhz": lines["frequency_mhz"].round(4),
            "error_mhz": lines["error_mhz"].astype("float32"),
            "lg_a_gu": np.log10(lines["a_gu"]).round(4).astype("float32"),
            "e_low_k": lines["e_low_k"].round(2).astype("float32"),
            "g_up": lines["g_up"].fillna(0).astype("int16"),
            "qn": lines["qn"],
        }
    ).astype({"species_index": "int16"})
    for name, content in (("lines", table), ("species", species)):
        with atomic_path(folder / f"{name}.parquet") as beside:
            content.to_parquet(beside, index=False, compression="zstd", compression_level=19)


def main() -> None:
    """Build and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--with-slaim", action="store_true", help="add what only SLAIM lists; for a catalogue of your own"
    )
    parser.add_argument("--out", type=Path, default=Path("data/molecules"))
    arguments = parser.parse_args()
    lines, species = build(arguments.with_slaim)
    write(lines, species, arguments.out)
    size = sum(path.stat().st_size for path in arguments.out.glob("*.parquet"))
    organic = int(species["complex_organic"].sum())
    print(f"{len(species)} states of {species['species'].nunique()} species, {organic} of them "
          f"complex organic; {len(lines)} lines; {size / 1e6:.2f} MB in {arguments.out}")  # fmt: skip
    far = species[species["q_shift_dex"].abs() > 0.005]
    print(far[["species", "state", "source", "q_source", "q_shift_dex"]].to_string())


if __name__ == "__main__":
    main()
