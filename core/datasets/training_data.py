"""A labelled table of spectra, ready for the protocol: read, checked, bad rows left out and counted."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import LabelError, LeakError, TrainingError
from core.gaia.labels import parse_labels
from core.gaia.releases import DEFAULT
from core.spectra.spectrum_set import Coefficients, SpectrumSet
from core.spectra.validation import usable

TRAIN, TEST = "train", "test"


@dataclass(frozen=True)
class TrainingData:
    """Labelled stars with complete spectra, each star once.

    Attributes
    ----------
    name, sha256 : str
        File name and what `data_hash` says of it: runs are comparable only on the same data.
    source_id : int64 ndarray of shape (n_stars,)
    flux : float64 ndarray of shape (n_stars, 343), W m^-2 nm^-1
    label : int8 ndarray of shape (n_stars,)
        1 massive, 0 low-mass.
    is_test : bool ndarray of shape (n_stars,) or None
        The file's own held-out part (column `part`), None where it has none.
    metadata : DataFrame of n_stars rows
    coefficients : Coefficients of n_stars rows or None
    notes : tuple of str
        What was left out, and why.
    release : str
        Key of the data release whose instrument took the spectra.
    """

    name: str
    sha256: str
    source_id: np.ndarray
    flux: np.ndarray
    label: np.ndarray
    is_test: np.ndarray | None
    metadata: pd.DataFrame
    coefficients: Coefficients | None = None
    notes: tuple[str, ...] = ()
    release: str = DEFAULT.key

    def __len__(self) -> int:
        return len(self.source_id)

    def take(self, rows: np.ndarray) -> "TrainingData":
        """The chosen rows (boolean mask or index array)."""
        return replace(
            self,
            source_id=self.source_id[rows],
            flux=self.flux[rows],
            label=self.label[rows],
            is_test=None if self.is_test is None else self.is_test[rows],
            metadata=self.metadata.iloc[rows].reset_index(drop=True),
            coefficients=None if self.coefficients is None else self.coefficients.take(rows),
        )

    def magnitude(self, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """G of the rows, float64, from the table or else from the spectrum itself."""
        if "phot_g_mean_mag" in self.metadata:
            return self.metadata["phot_g_mean_mag"].to_numpy(dtype=np.float64)[rows]
        from core.spectra.photometry import synthetic_photometry

        return np.asarray(synthetic_photometry(self.flux[rows])[0])


def read_training_data(path: str | Path, release: str | None = None) -> TrainingData:
    """Read a file of labelled spectra (any readable format; columns `label` and, if wanted, `part`)."""
    from core.datasets.catalogue import require_unchanged
    from core.spectra.readers import read_spectra

    path = Path(path)
    require_unchanged(path)
    spectra = read_spectra(path, with_errors=False, release=release)
    return training_data(spectra, name=path.name, sha256=data_hash(path))


def training_data(spectra: SpectrumSet, *, name: str, sha256: str) -> TrainingData:
    """Check a labelled set of spectra and leave out what cannot be trained on.

    Rows with missing samples or without any positive flux are left out, repeated rows kept once; both are counted in
    `notes`.

    Raises
    ------
    LabelError
        No column `label`, a missing or unknown label, one class only, or one star with two labels.
    LeakError
        The same source_id in the training and the test part.
    TrainingError
        No usable spectrum is left.
    """
    if "label" not in spectra.metadata:
        raise LabelError(f"{name} has no column 'label'; add one with 'massive' or 'low-mass' for every star")
    good = usable(spectra)
    if not good.any():
        raise TrainingError(
            f"none of the {len(spectra)} spectra of {name} is complete; training needs 343 numbers each"
        )
    notes = [f"{int((~good).sum())} incomplete or empty spectra left out"] if not good.all() else []
    data = TrainingData(
        name=name,
        sha256=sha256,
        source_id=spectra.source_id,
        flux=spectra.flux,
        label=parse_labels(spectra.metadata["label"]),
        is_test=_parse_part(spectra.metadata, name),
        metadata=spectra.metadata,
        coefficients=spectra.coefficients,
        release=spectra.release,
    ).take(good)
    data, n_repeats = _each_star_once(data)
    if n_repeats:
        notes.append(f"{n_repeats} repeated rows of the same star left out")
    parse_labels(data.label)  # both classes must survive
    return replace(data, notes=tuple(notes))


def _parse_part(metadata: pd.DataFrame, name: str) -> np.ndarray | None:
    if "part" not in metadata or metadata["part"].isna().all():
        return None
    part = metadata["part"].astype(str).str.strip().str.lower()
    unknown = sorted(set(part) - {TRAIN, TEST})
    if unknown:
        raise LabelError(f"column 'part' of {name} holds {unknown[0]!r}; expected '{TRAIN}' or '{TEST}' in every row")
    return (part == TEST).to_numpy()


def _each_star_once(data: TrainingData) -> tuple[TrainingData, int]:
    """The first row of each star; a star in both parts or with both labels is refused."""
    frame = pd.DataFrame({"source_id": data.source_id, "label": data.label})
    if data.is_test is not None:
        shared = np.intersect1d(data.source_id[data.is_test], data.source_id[~data.is_test])
        if len(shared):
            raise LeakError(
                f"{len(shared)} stars of {data.name} stand in both the training and the test part, e.g. source_id "
                f"{shared[0]}; a test on stars that were trained on proves nothing: keep each in one part"
            )
    labels_per_star = frame.groupby("source_id")["label"].nunique()
    contradicted = labels_per_star.index[labels_per_star > 1]
    if len(contradicted):
        raise LabelError(
            f"{len(contradicted)} stars of {data.name} carry both labels, e.g. source_id {contradicted[0]}; "
            "give each star one label"
        )
    first = ~frame["source_id"].duplicated().to_numpy()
    return data.take(first), int((~first).sum())


def data_hash(path: Path) -> str:
    """What tells data sets apart: the SHA-256 of the content; of the embedded set, of its name.

    The embedded set is drawn on every machine anew, from the same seed, and the last bits of its flux depend on the
    processor's arithmetic (shipped networks answer within 0.005 of a logit on sets of two machines). Its name changes
    with whatever it is drawn from.
    """
    from core.datasets.embedded import is_embedded

    if is_embedded(path):
        return hashlib.sha256(path.name.encode()).hexdigest()
    return sha256_of(path)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, or of a folder's files one after the other in order of their names."""
    digest = hashlib.sha256()
    for part in sorted(path.iterdir()) if path.is_dir() else [path]:
        if part.is_file():
            with part.open("rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
    return digest.hexdigest()
