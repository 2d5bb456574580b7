"""Build the real training set: select stars, fetch their spectra, write one Parquet data set with a manifest.

Every step leaves its result in `OUT/.build/`, whole or not at all, so that the build goes on from any interruption.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from core.archive import als
from core.archive.bulk import BulkResult, fetch_spectra, read_undelivered, remove_parts, star_columns
from core.archive.client import ArchiveClient
from core.archive.progress import Progress, silent
from core.archive.random_sources import n_sources
from core.archive.schema import at_first_contact
from core.archive.translate import translate_ids
from core.atomic import atomic_path
from core.claims import claim
from core.datasets import selections
from core.datasets.catalogue import MANIFEST_FILE, DatasetManifest, note_dataset, read_manifest
from core.errors import ArchiveReplyError, NotFoundError, StorageError, UsageError
from core.gaia.columns import STAR_COLUMNS, complete, with_fixed_types
from core.gaia.counts import bright_sources
from core.gaia.faintness import CERTAINTY, probability_too_faint
from core.gaia.labels import LOW_MASS, MASSIVE
from core.gaia.source_id import healpix_of
from core.records import write_record
from core.spreadsheet import defused
from core.whole import readable_rows, sha256_of

SPECTRA_FILE = "spectra.parquet"
N_STARS = 23_636
"""As many as the study: 18,908 for training and 4,728 for testing."""
COOL_SHARE_OF_LOW_MASS = 0.85
_EMPTY_GROWTH = 50.0


@dataclass(frozen=True)
class BuildResult:
    """The finished data set: spectra, manifest, and how the download went."""

    spectra: Path
    manifest: Path
    download: BulkResult
    counts: dict[str, int]


def build_dataset(
    out: Path,
    *,
    client: ArchiveClient,
    n_stars: int = N_STARS,
    seed: int = 1,
    progress: Progress = silent,
) -> BuildResult:
    """Build a data set of at most `n_stars` stars, half of them massive, in the folder `out`; the pages then offer it.

    Raises
    ------
    UsageError
        `out` belongs to another request, or `n_stars` is below 20.
    ArchiveError, NotFoundError
        The archive cannot serve, or has too few stars; what was finished is kept.
    """
    if n_stars < 20:
        raise UsageError(f"a data set of {n_stars} stars is too small to train on: expected at least 20")
    client = at_first_contact(client)
    if lacking := [name for name in selections.NEEDED if client.release.column(name) is None]:
        raise ArchiveReplyError(
            f"{client.release.name} has no {', '.join(lacking)} in this archive: no training set can be chosen. "
            f"`python -m core archive --check --release {client.release.key}` says what it has"
        )
    build = _Build(out, client, n_stars, seed, progress)
    build.check_request()
    result = build.finished() or build.run()
    remove_parts(result.spectra)
    try:
        note_dataset(out, client.settings)
    except StorageError as error:
        if client.on_message is not None:
            client.on_message(f"The data set is whole, but the pages will not list it: {error}")
    return result


class _Build:
    """The steps of one build, each stored in the working folder."""

    def __init__(self, out: Path, client: ArchiveClient, n_stars: int, seed: int, progress: Progress) -> None:
        self.out, self.client, self.n_stars, self.seed, self.progress = out, client, n_stars, seed, progress
        self.folder = out / ".build"
        self.lacking: list[str] = []

    def check_request(self) -> None:
        """Refuse to mix two requests in one folder."""
        request = {"n_stars": self.n_stars, "seed": self.seed, "release": self.client.release.name, "version": 2}
        claim(self.folder, request, "a build")

    def finished(self) -> BuildResult | None:
        """The outcome of this build if it has come to its end: the manifest is written last."""
        spectra, manifest = self.out / SPECTRA_FILE, self.out / MANIFEST_FILE
        if not manifest.exists() or readable_rows(spectra) is None:
            return None
        found = read_manifest(self.out)
        if found.spectra_sha256 not in ("", sha256_of(spectra)):
            return None
        counts = found.counts
        undelivered = read_undelivered(spectra)
        download = BulkResult(spectra, counts["stars"] + len(undelivered), counts["stars"], undelivered)
        return BuildResult(spectra, manifest, download, counts)

    def run(self) -> BuildResult:
        """Everything that is not done yet."""
        targets = self.step("targets", self.select_targets)
        spectra, ids = self.out / SPECTRA_FILE, targets["source_id"].to_numpy()
        download = fetch_spectra(
            ids, spectra, client=self.client, metadata=targets, keep_parts=True, progress=self.progress
        )
        counts = self.counts(targets, download)
        return BuildResult(spectra, self.write_manifest(download, counts), download, counts)

    def step(self, name: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """The stored table of a step, made first if it is not there or damaged."""
        path = self.folder / f"{name}.parquet"
        if readable_rows(path) is None:
            self.progress(0, 1, f"selecting: {name}")
            table = make()
            with atomic_path(path) as beside:
                table.to_parquet(beside, index=False)
        return pd.read_parquet(path)

    def select_targets(self) -> pd.DataFrame:
        """All stars to fetch: label, category, origin, part and the star columns."""
        listed = self.step("als_dr3", self.als_in_dr3)
        hot = self.step("esphs", self.hot_stars)
        half = self.n_stars / 2
        massive = pd.concat([listed[listed["label"] == MASSIVE], hot], ignore_index=True)
        massive = massive.drop_duplicates("source_id")
        known = massive["source_id"]  # those that the set has no room for are no low-mass stars either
        massive = massive.iloc[: round(half)]
        if massive.empty:
            raise NotFoundError("the archive delivered no massive star within the quality cuts")
        hot_low = listed[(listed["label"] == LOW_MASS) & ~listed["source_id"].isin(known)]
        hot_low = hot_low.sample(frac=1, random_state=self.seed).iloc[: round(half * (1 - COOL_SHARE_OF_LOW_MASS))]
        cool = self.step("cool", lambda: self.cool_stars(massive, round(half) - len(hot_low)))
        stars = pd.concat([massive, hot_low, cool[~cool["source_id"].isin(known)]], ignore_index=True)
        stars = stars.drop_duplicates("source_id", keep="first").reset_index(drop=True)
        stars["part"] = selections.stratified_parts(stars["label"], self.seed)
        return stars.sample(frac=1, random_state=self.seed).reset_index(drop=True)

    def als_in_dr3(self) -> pd.DataFrame:
        """The ALS catalogue's stars in the release, within the quality cuts; ambiguous and lost ones are listed."""
        edition = als.fetch_als(self.client)
        self.write_json("als.json", {"catalogue": edition.catalogue, "notes": edition.notes})
        found = edition.stars
        if edition.release != self.client.release.key:
            own = f"{edition.release}_source_id"
            match = translate_ids(found[own].to_numpy(dtype=np.int64), edition.release, self.client)
            self.write_csv("ambiguous.csv", match.ambiguous)
            self.write_csv("lost.csv", pd.DataFrame({own: match.lost}))
            found = match.matched.merge(found, left_on="old_id", right_on=own)
            found = found.drop(columns=["old_id", "angular_distance", "magnitude_difference"])
            found = found.rename(columns={"new_id": f"{self.client.release.key}_source_id"})
        found = found.rename(columns={f"{self.client.release.key}_source_id": "source_id"})
        stars = star_columns(found["source_id"].to_numpy(), self.client).merge(found, on="source_id")
        stars["label"] = stars["als_category"].map(als.ALS_LABELS)
        stars["category"] = stars["als_category"].map(als.ALS_CATEGORIES)
        stars["origin"] = "ALS"
        return self.cut(stars)

    def hot_stars(self) -> pd.DataFrame:
        """O and early B stars of ESP-ELS and ESP-HS, without those that are too faint to be massive."""
        if not selections.can_choose_hot(self.client.release):
            return self.without("hot stars of ESP-HS", "spectraltype_esphs and teff_esphs or mass_flame")
        query = selections.hot_star_query(self.n_stars, self.client.release)
        stars = with_fixed_types(self.client.query(query, "hot stars of ESP-HS", asynchronous=True))
        stars = stars.assign(label=MASSIVE, category="ESP-HS O and B", origin="Gaia ESP-HS")
        return self.cut(stars)

    def cool_stars(self, massive: pd.DataFrame, n_stars: int) -> pd.DataFrame:
        """Low-mass stars from the whole sky with the massive stars' magnitudes."""
        if not selections.can_choose_cool(self.client.release):
            return self.without("cool stars", "teff_gspphot and random_index")
        plan = selections.magnitude_plan(massive["phot_g_mean_mag"].to_numpy(dtype=float), n_stars)
        start = int(np.random.default_rng(self.seed).integers(n_sources(self.client)))
        tables = []
        for number, (bright, faint, wanted) in enumerate(plan):
            self.progress(number, len(plan), f"low-mass stars of G {bright:.1f} to {faint:.1f}")
            make = partial(self.cool_bin, bright, faint, wanted, start)
            tables.append(self.step(f"cool_{bright:.1f}", make))
        stars = pd.concat(tables, ignore_index=True)
        return stars.assign(label=LOW_MASS, category="cool star", origin="Gaia GSP-Phot")

    def without(self, what: str, columns: str) -> pd.DataFrame:
        """No stars of a kind, and why: said, and kept among the notes of the manifest."""
        text = f"No {what}: {self.client.release.name} has not the columns {columns} in this archive."
        if self.client.on_message is not None:
            self.client.on_message(text)
        self.lacking.append(text)
        return with_fixed_types(pd.DataFrame(columns=[*STAR_COLUMNS, "label", "category", "origin"]))

    def cool_bin(self, bright: float, faint: float, wanted: int, start: int) -> pd.DataFrame:
        """`wanted` cool stars of one magnitude bin; the stretch of random_index grows until it holds enough."""
        total = n_sources(self.client)
        width = max(1, int(total * min(1.0, 4 * wanted / bright_sources(bright, faint))))
        while True:
            low = start if start + width <= total else max(0, total - width)
            query = selections.cool_star_query(bright, faint, low, min(low + width, total), wanted, self.client.release)
            stars = with_fixed_types(self.client.query(query, f"cool stars of G {bright:.1f}", asynchronous=True))
            if len(stars) >= wanted or width >= total:
                return stars
            growth = 1.5 * wanted / len(stars) if len(stars) > 20 else _EMPTY_GROWTH
            width = min(int(width * growth) + 1, total)

    def cut(self, stars: pd.DataFrame) -> pd.DataFrame:
        """The study's cuts, spectra available, and no massive star that is too faint to be one."""
        has_xp = np.ones(len(stars), bool)
        if "has_xp_continuous" in stars:
            has_xp = stars["has_xp_continuous"].astype("boolean").fillna(False).to_numpy(dtype=bool)
        keep = selections.within_cuts(stars).to_numpy(dtype=bool) & has_xp
        massive = (stars["label"] == MASSIVE).to_numpy()
        known = complete(stars)
        too_faint = probability_too_faint({name: known[name].to_numpy(dtype=float) for name in _FAINT_COLUMNS})
        with np.errstate(invalid="ignore"):
            keep &= ~(massive & (too_faint >= CERTAINTY))
        return stars[keep].reset_index(drop=True)

    def write_csv(self, name: str, table: pd.DataFrame) -> None:
        """A list beside the data set."""
        with atomic_path(self.out / name) as beside:
            defused(table).to_csv(beside, index=False)

    def write_json(self, name: str, content: dict[str, object]) -> None:
        """A fact to remember in the working folder."""
        with atomic_path(self.folder / name) as beside:
            beside.write_text(json.dumps(content))

    def counts(self, targets: pd.DataFrame, download: BulkResult) -> dict[str, int]:
        """Stars per label, category and part in the finished file."""
        lost = set(download.undelivered["source_id"])
        here = targets[~targets["source_id"].isin(lost)]
        counts = {"stars": len(here), "undelivered": len(lost)}
        for column in ("label", "category", "part"):
            counts |= {f"{column}: {key}": int(value) for key, value in here[column].value_counts().items()}
        for label in (MASSIVE, LOW_MASS):
            ids = here.loc[here["label"] == label, "source_id"].to_numpy(dtype=np.int64)
            counts[f"HEALPix level-5 pixels: {label}"] = len(np.unique(healpix_of(ids, 5)))
        return counts

    def write_manifest(self, download: BulkResult, counts: dict[str, int]) -> Path:
        """What the data set is, where it came from and how it was cut."""
        edition = json.loads((self.folder / "als.json").read_text())
        manifest = DatasetManifest(
            title=f"Real {self.client.release.name} training set",
            spectra=SPECTRA_FILE,
            release=self.client.release.name,
            built=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=self.seed,
            cuts={
                "ruwe_max": selections.LARGEST_RUWE,
                "parallax_over_error_min": selections.LEAST_PARALLAX_OVER_ERROR,
                "impostor_probability_max": CERTAINTY,
            },
            sources={
                "ALS": f"VizieR {edition['catalogue']}",
                "Gaia ESP-HS": selections.hot_star_query(1, self.client.release),
                "Gaia GSP-Phot": selections.cool_star_query(0, 1, 0, 1, 1, self.client.release),
            },
            counts=counts,
            notes=[*edition["notes"], *self.lacking],
            not_delivered=download.undelivered["source_id"].astype(str).tolist(),
            spectra_sha256=sha256_of(self.out / SPECTRA_FILE),
            credit="ESA/Gaia/DPAC; Pantaleoni Gonzalez et al. 2021, MNRAS 504, 2968, and 2025, arXiv:2508.14875",
        )
        path = self.out / MANIFEST_FILE
        write_record(path, manifest)
        return path


_FAINT_COLUMNS = (
    "phot_g_mean_mag", "bp_rp", "parallax", "parallax_error", "nu_eff_used_in_astrometry", "pseudocolour", "ecl_lat",
    "astrometric_params_solved",
)  # fmt: skip
