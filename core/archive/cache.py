"""Stars that were fetched once, on disk: one file per star, whole or absent, with its query, date and data release."""

import hashlib
import io
import json
import time
import zipfile
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core.atomic import atomic_path
from core.gaia.releases import DEFAULT, Release, find_release
from core.gaia.source_id import healpix_of
from core.settings import current_settings
from core.spectra.spectrum_set import Coefficients, SpectrumSet

FORMAT_VERSION = 1
NEGATIVE_REPLY_DAYS = 7.0
"""How long 'no such star' and 'no spectrum' are believed before the archive is asked again."""
_SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True)
class CachedStar:
    """What is kept of one star.

    Attributes
    ----------
    source_id : int
    gaia : dict
        Its Gaia columns; unknown values are None.
    spectra : SpectrumSet of one row, or None where the archive has no XP spectrum
    product : 'XP_SAMPLED', 'XP_CONTINUOUS' or ''
    rvs : DataFrame (wavelength_nm, flux, flux_error) or None
    retrieved : str
        Date and time, ISO 8601, UTC.
    query : str
        The ADQL that the columns came from.
    release : str
    """

    source_id: int
    gaia: dict[str, object]
    spectra: SpectrumSet | None
    product: str
    rvs: pd.DataFrame | None = None
    query: str = ""
    release: str = DEFAULT.name
    retrieved: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


class StarCache:
    """The cache folder: stars by id, and what names and negative replies resolved to."""

    def __init__(self, folder: Path | None = None, release: Release = DEFAULT) -> None:
        self.release = release
        base = folder or current_settings().cache_dir / "archive"
        self.folder = base if release == DEFAULT else base / release.key

    def load(self, source_id: int) -> CachedStar | None:
        """The star if it is there and sound; a corrupt file is removed and counts as absent."""
        path = self._star_path(source_id)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        try:
            star = _decode(data, self.release)
            if star.source_id != source_id:
                raise ValueError(f"the file holds star {star.source_id}")
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
            return None
        if star.spectra is None and _age_days(star.retrieved) > NEGATIVE_REPLY_DAYS:
            return None
        return star

    def save(self, star: CachedStar) -> None:
        """Write the star whole or not at all."""
        with atomic_path(self._star_path(star.source_id)) as beside:
            beside.write_bytes(_encode(star))

    def forget(self, source_id: int) -> None:
        """Remove one star."""
        self._star_path(source_id).unlink(missing_ok=True)

    def source_ids(self) -> np.ndarray:
        """Ids of all cached stars, int64, sorted."""
        names = (path.stem for path in (self.folder / "stars").glob("*/*.npz"))
        return np.array(sorted(int(name) for name in names if name.isdigit()), dtype=np.int64)

    def remember_answer(self, query: str, answer: dict[str, object]) -> None:
        """Keep what a query (a name, coordinates) resolved to; {'found': False, ...} records a negative reply."""
        content = {"query": query, "release": self.release.name, "saved": time.time(), "answer": answer}
        with atomic_path(self._answer_path(query)) as beside:
            beside.write_text(json.dumps(content))

    def recall_answer(self, query: str) -> dict[str, object] | None:
        """The remembered answer; None if there is none, it is corrupt, or it is an old negative reply."""
        path = self._answer_path(query)
        try:
            content = json.loads(path.read_text())
            if content["query"] != query or content["release"] != self.release.name:
                raise ValueError("another query")
            answer, saved = dict(content["answer"]), float(content["saved"])
        except OSError:
            return None
        except (ValueError, KeyError, TypeError):
            path.unlink(missing_ok=True)
            return None
        # an answer from the future was saved before the clock was set back: nobody knows how old it is
        old = not -1.0 <= (time.time() - saved) / _SECONDS_PER_DAY <= NEGATIVE_REPLY_DAYS
        return None if old and not answer.get("found", True) else answer

    def _star_path(self, source_id: int) -> Path:
        return self.folder / "stars" / f"{healpix_of(int(source_id), level=3):03d}" / f"{int(source_id)}.npz"

    def _answer_path(self, query: str) -> Path:
        return self.folder / "answers" / f"{hashlib.sha256(query.encode()).hexdigest()[:32]}.json"


def _encode(star: CachedStar) -> bytes:
    header = {
        "format": FORMAT_VERSION,
        "source_id": star.source_id,
        "gaia": {name: json_value(value) for name, value in star.gaia.items()},
        "product": star.product,
        "query": star.query,
        "release": star.release,
        "retrieved": star.retrieved,
        "note": None if star.spectra is None else str(star.spectra.note[0]),
    }
    arrays: dict[str, np.ndarray] = {"header": np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)}
    if star.spectra is not None:
        arrays["flux"] = star.spectra.flux
        if star.spectra.flux_error is not None:
            arrays["flux_error"] = star.spectra.flux_error
        if star.spectra.coefficients is not None:
            for item in fields(Coefficients):
                value = getattr(star.spectra.coefficients, item.name)
                if value is not None:
                    arrays[f"coefficients.{item.name}"] = value
    if star.rvs is not None:
        arrays |= {f"rvs.{name}": star.rvs[name].to_numpy(dtype=np.float64) for name in star.rvs.columns}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # a zip file: every array carries a checksum
    return buffer.getvalue()


def _decode(data: bytes, release: Release = DEFAULT) -> CachedStar:
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    header = json.loads(arrays.pop("header").tobytes())
    if header["format"] != FORMAT_VERSION or header["release"] != release.name:
        raise ValueError(f"format {header['format']} of {header['release']}")
    spectra = None
    if "flux" in arrays:
        parts = {name.split(".", 1)[1]: value for name, value in arrays.items() if name.startswith("coefficients.")}
        spectra = SpectrumSet(
            source_id=np.array([header["source_id"]], dtype=np.int64),
            flux=arrays["flux"],
            flux_error=arrays.get("flux_error"),
            coefficients=Coefficients(**parts) if parts else None,
            metadata=pd.DataFrame({name: [value] for name, value in header["gaia"].items() if name != "source_id"}),
            note=np.array([header["note"] or ""], dtype=object),
            release=find_release(header["release"]).key,
            release_stated=True,
        )
    rvs = {name.split(".", 1)[1]: value for name, value in arrays.items() if name.startswith("rvs.")}
    return CachedStar(
        source_id=int(header["source_id"]),
        gaia=header["gaia"],
        spectra=spectra,
        product=header["product"],
        rvs=pd.DataFrame(rvs) if rvs else None,
        query=header["query"],
        release=header["release"],
        retrieved=header["retrieved"],
    )


def json_value(value: object) -> object:
    """A JSON value; ids stay integers, unknown values become None."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if isinstance(value, bool | int | str) else str(value)


def _age_days(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() / _SECONDS_PER_DAY
