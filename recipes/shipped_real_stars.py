"""Make `data/real`: the label table and the shipped sample of real stars.

    XP_REAL_DATA=... python -m recipes.shipped_real_stars [OUT_DIR]

reads `$XP_REAL_DATA/labelled` (15,459 real stars of the half that may be learnt from) and writes `labels.csv` (types
that may be stated, each with its paper) and `real_stars.parquet` (about 2,000 of the stars with spectra).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.atomic import atomic_path
from core.datasets.apogee import ORIGIN
from core.datasets.halves import TRAIN, check_halves
from core.datasets.label_table import COLUMNS, LABELS_FILE, read_label_table
from core.datasets.real_stars import FIRST_STAR, REAL_STARS_FILE
from core.datasets.spectral_types import SED_OB, category_of, label_of
from core.settings import current_settings
from core.spectra.grid import N_SAMPLES

FILES = (
    "xp_massive_and_boundary", "xp_hot_not_massive", "xp_cool_reddened", "xp_cool_low_extinction",
)  # fmt: skip
REFERENCES = {
    "Wright_2015": "Wright et al. 2015, MNRAS 449, 741",
    "Comeron_2012": "Comerón & Pasquali 2012, A&A 543, A101",
    "Berlanas_2018": "Berlanas et al. 2018, A&A 612, A50",
    "ALS II suppl.": "Pantaleoni González et al. 2021, MNRAS 504, 2968 (ALS II, supplement)",
    "HIP": "Hipparcos Catalogue, ESA 1997, SP-1200",
    "GWRC(Crowther)": "Galactic Wolf-Rayet Catalogue, Rosslowe & Crowther 2015, MNRAS 447, 2322",
}
"""Sources whose facts may be stated with their reference; types that came through other lists are left out."""
MOHR_SMITH = "Mohr-Smith et al. 2017, MNRAS 465, 1807"
N_STARS = 2000
N_DAMAGED = 40
"""Of the stars whose spectrum is marked as damaged; the others are not drawn."""
SEED = 18
_DUST_MAG = (-np.inf, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, np.inf)
_RENAMED = {"j": "j_mag", "h": "h_mag", "ks": "ks_mag", "fe_h": "fe_h_apogee", "av_rough": "a_v_rough_mag"}
_ROW_GROUP = 256


def main(out: Path) -> None:
    """Write both files and say what they hold."""
    folder = current_settings().real_data_dir / "labelled"
    if not folder.is_dir():
        sys.exit(f"no labelled real spectra in {folder}: set XP_REAL_DATA to the folder that holds them")
    stars = pd.concat([pd.read_parquet(folder / f"{name}.parquet") for name in FILES], ignore_index=True)
    check_halves(stars["source_id"].to_numpy(), np.full(len(stars), TRAIN), str(folder))
    write_labels(stars, out / LABELS_FILE)
    known = read_label_table(out / LABELS_FILE)
    write_sample(choose(labelled(stars, known)), out / REAL_STARS_FILE)


def write_labels(stars: pd.DataFrame, path: Path) -> None:
    """The label table: one row per star with a type that may be stated."""
    typed = stars[stars["sp_source"].isin(REFERENCES) & stars["sp_type"].notna()]
    by_sed = stars[stars["truth"].str.contains("Mohr-Smith") & ~stars["source_id"].isin(typed["source_id"])]
    tables = [
        pd.DataFrame(
            {
                "source_id": rows["source_id"],
                "spectral_type": rows["sp_type"] if method == "MK" else SED_OB,
                "method": method,
                "a_v_mag": rows["av_lit"],
                "reference": rows["sp_source"].map(REFERENCES) if method == "MK" else MOHR_SMITH,
            }
        )
        for rows, method in ((typed, "MK"), (by_sed, "SED"))
    ]
    table = pd.concat(tables)[list(COLUMNS)].sort_values("source_id")
    with atomic_path(path) as beside:
        table.to_csv(beside, index=False)
    print(f"{path}: {len(table)} stars")


def labelled(stars: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The stars under the columns of `core.datasets.apogee`, with label, kind, type and reference."""
    table = stars.rename(columns=_RENAMED)
    found = known.reindex(pd.Index(table["source_id"])).reset_index(drop=True)
    types = found["spectral_type"].astype(object).where(found["spectral_type"].notna(), None)
    methods = found["method"].astype(object).where(found["method"].notna(), None)
    teff = table["teff_apogee"].to_numpy(dtype=float)
    judged = [label_of(*row) for row in zip(types, methods, teff, strict=True)]
    return table.assign(
        part=TRAIN,
        label=pd.Series([label for label, _ in judged], dtype=object),
        truth=[text for _, text in judged],
        category=[category_of(text, t) for text, t in zip(types, teff, strict=True)],
        spectral_type=types,
        spectral_type_method=methods,
        reference=found["reference"].astype(object).where(found["reference"].notna(), None),
        a_v_mag=found["a_v_mag"],
        origin=ORIGIN,
        hot=table["massive"] != 0,
    )


def choose(stars: pd.DataFrame) -> pd.DataFrame:
    """All hot and all typed stars, and of the others about equally many of every kind and amount of dust."""
    rng = np.random.default_rng(SEED)
    stars = stars.iloc[rng.permutation(len(stars))].reset_index(drop=True)
    always = stars["hot"] | stars["spectral_type"].notna()
    damaged = stars.index[stars["xp_broken"] & ~always][:N_DAMAGED]
    others = stars[~always & ~stars["xp_broken"]]
    cell = others["category"].astype(str) + pd.cut(others["a_v_rough_mag"].fillna(0.0), _DUST_MAG).astype(str)
    turn = others.groupby(cell).cumcount()  # first one star of every cell, then a second ...
    n_others = N_STARS - int(always.sum()) - len(damaged)
    chosen = turn.sort_values(kind="stable").index[:n_others]
    rows = np.concatenate([stars.index[always], damaged, chosen])
    chosen_stars = stars.loc[rows]
    massive_first = chosen_stars["label"].map({"massive": 0, "low-mass": 2}).fillna(1)
    massive_first[chosen_stars["source_id"] == FIRST_STAR] = -1
    return chosen_stars.assign(place=massive_first).sort_values(["place", "source_id"]).reset_index(drop=True)


def write_sample(stars: pd.DataFrame, path: Path) -> None:
    """The stars as Parquet: flux as the package has it (float32), its error with three digits (float16 precision)."""
    columns = [name for name in SAMPLE_COLUMNS if name in stars]
    table = pa.Table.from_pandas(stars[columns], preserve_index=False)
    for name in ("flux", "flux_error"):
        values = np.stack(list(stars[name])).astype(np.float32)  # (n, 343)
        if name == "flux_error":
            values = _rounded(values)
        cells = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), N_SAMPLES).cast(pa.list_(pa.float32()))
        table = table.append_column(name, cells)
    spectra = {"flux.list.element": "BYTE_STREAM_SPLIT", "flux_error.list.element": "BYTE_STREAM_SPLIT"}
    with atomic_path(path) as beside:
        pq.write_table(
            table, beside, compression="zstd", compression_level=19, row_group_size=_ROW_GROUP,
            use_dictionary=["part", "label", "truth", "category", "spectral_type_method", "reference", "origin"],
            column_encoding=spectra,
        )  # fmt: skip
    print(f"{path}: {len(stars)} stars, {path.stat().st_size / 1e6:.2f} MB")
    print(stars["label"].value_counts(dropna=False).to_dict(), stars["category"].value_counts(dropna=False).to_dict())


def _rounded(values: np.ndarray) -> np.ndarray:
    """float32 with the 10 binary digits of float16 (relative error 5e-4), whatever the exponent: packs better."""
    bits = values.view(np.uint32)
    return ((bits + np.uint32(1 << 12)) & np.uint32(0xFFFFE000)).view(np.float32)


SAMPLE_COLUMNS = (
    "source_id", "part", "label", "truth", "category", "spectral_type", "spectral_type_method", "reference",
    "a_v_mag", "a_v_rough_mag", "ra", "dec", "phot_g_mean_mag", "bp_rp", "j_mag", "h_mag", "ks_mag", "teff_apogee",
    "logg_apogee", "fe_h_apogee", "origin",
)  # fmt: skip

if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else current_settings().shipped_dir / "real")
