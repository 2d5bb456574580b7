"""The models that are stored beside a run's networks and say more of a star than the networks' probability."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import RunError
from core.verdict.conformal import ConformalSets, load_conformal
from core.verdict.ensemble import Ensemble
from core.verdict.out_of_distribution import OUT_OF_DISTRIBUTION_FILE, OutOfDistributionModel, load_out_of_distribution
from core.verdict.photometric_classifier import FILE_NAME as PHOTOMETRIC_CLASSIFIER_FILE
from core.verdict.photometric_classifier import PhotometricClassifier, load_photometric_classifier
from core.verdict.sky_validation import FILE_NAME as SKY_FILE
from core.verdict.sky_validation import SkyValidation, load_sky_validation
from core.verdict.unseen import NONE_UNSEEN, UNSEEN_FILE, UnseenVerdicts, load_unseen


@dataclass(frozen=True)
class Companions:
    """What lies beside a run; None for a part that the run does not have.

    Attributes
    ----------
    out_of_distribution : OutOfDistributionModel or None
        Where the training spectra lie.
    photometric_classifier : PhotometricClassifier or None
        What brightness and parallax add, fitted to this run's verdicts; without it a formula says so.
    conformal : ConformalSets or None
        How extreme the held-out stars' probabilities get by chance.
    unseen : UnseenVerdicts
        What the members that never saw a real star say of it, for those that the run has learnt from.
    sky_validation : SkyValidation or None
        How the run does on a simulated sky: what a posterior can be supported by.
    """

    out_of_distribution: OutOfDistributionModel | None = None
    photometric_classifier: PhotometricClassifier | None = None
    conformal: ConformalSets | None = None
    unseen: UnseenVerdicts = NONE_UNSEEN
    sky_validation: SkyValidation | None = None


NO_COMPANIONS = Companions()


def load_companions(run_dir: str | Path, started: str) -> Companions:
    """Read what lies beside a run; kept in memory until one of its files changes.

    Parameters
    ----------
    run_dir : path
        Folder of one network's run.
    started : str
        When its training began: a photometric-astrometric classifier that was fitted to another training is not taken.

    Raises
    ------
    RunError
        A file is damaged.
    """
    folder = Path(run_dir)
    names = (
        "test.parquet", "oof.parquet", OUT_OF_DISTRIBUTION_FILE, PHOTOMETRIC_CLASSIFIER_FILE, UNSEEN_FILE, SKY_FILE,
    )  # fmt: skip
    stamps = tuple(_stamp(folder / name) for name in names)
    return _load(folder, str(started), stamps)


def companions_of(ensemble: Ensemble) -> Companions:
    """What lies beside the run of an ensemble."""
    return load_companions(ensemble.path, ensemble.run.started)


@lru_cache(maxsize=8)
def _load(folder: Path, started: str, stamps: tuple) -> Companions:
    try:
        conformal = load_conformal(folder)
    except RunError:  # no held-out stars of both classes that can be read: no promise, and all else holds
        conformal = None
    return Companions(
        load_out_of_distribution(folder), load_photometric_classifier(folder, started), conformal, load_unseen(folder),
        load_sky_validation(folder, started),
    )  # fmt: skip


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0
