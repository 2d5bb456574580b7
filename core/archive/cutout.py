"""A picture of the sky around a star: the CDS service hips2fits by way of astroquery, kept on this machine."""

import hashlib
from pathlib import Path

from core.atomic import atomic_path
from core.errors import ArchiveError, OfflineError, StorageError
from core.settings import current_settings

SURVEYS = {"CDS/P/DSS2/color": "DSS2, optical", "CDS/P/2MASS/color": "2MASS, infrared", "CDS/P/allWISE/color": "WISE"}
"""HiPS names and what they show."""
TIMEOUT_S = 15.0
PIXELS = 400


def cutout_file(ra: float, dec: float, fov_arcmin: float, survey: str) -> Path:
    """Where the picture is kept on this machine, whether it is there or not."""
    name = f"{survey} {ra:.5f} {dec:+.5f} {fov_arcmin:g} {PIXELS}"
    return current_settings().cache_dir / "cutouts" / f"{hashlib.sha256(name.encode()).hexdigest()[:20]}.jpg"


def sky_cutout(ra: float, dec: float, fov_arcmin: float = 6.0, survey: str = "CDS/P/DSS2/color") -> Path:
    """A square picture around a place (degrees, ICRS), north up, as a JPEG file; asked for once, then kept.

    Raises
    ------
    OfflineError
        The service cannot be reached from here.
    ArchiveError
        It did not answer within `TIMEOUT_S`, or with something else than a picture.
    """
    path = cutout_file(ra, dec, fov_arcmin, survey)
    if path.is_file():
        return path
    picture = _ask(ra, dec, fov_arcmin, survey)
    try:
        with atomic_path(path) as beside:
            picture.save(beside, format="JPEG", quality=88)
    except OSError as error:
        raise StorageError(f"the picture of the sky cannot be kept in {path.parent} ({error})") from error
    return path


def _ask(ra: float, dec: float, fov_arcmin: float, survey: str):
    import astropy.units as u
    from astropy.coordinates import Angle, Latitude, Longitude
    from astroquery.hips2fits import hips2fitsClass
    from PIL import Image
    from requests.exceptions import ConnectionError as NoConnection
    from requests.exceptions import RequestException, Timeout

    service = hips2fitsClass()
    service.timeout = TIMEOUT_S
    try:
        array = service.query(
            hips=survey, width=PIXELS, height=PIXELS, projection="TAN", ra=Longitude(ra * u.deg),
            dec=Latitude(dec * u.deg), fov=Angle(fov_arcmin / 60 * u.deg), format="jpg",
        )  # fmt: skip
        return Image.fromarray(array).convert("RGB")
    except (Timeout, TimeoutError) as error:
        raise ArchiveError(
            f"the picture service {service.server} did not answer within {TIMEOUT_S:g} s: it is slow or down; try again"
        ) from error
    except NoConnection as error:
        raise OfflineError(f"a picture of the sky needs a network: {service.server} cannot be reached") from error
    except (RequestException, OSError, ValueError, AttributeError, TypeError) as error:
        raise ArchiveError(
            f"the picture service {service.server} sent no picture of {survey} at {ra:.4f} {dec:+.4f} ({error})"
        ) from error
