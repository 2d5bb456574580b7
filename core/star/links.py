"""Where others keep what they know of a star: addresses of their pages."""

from urllib.parse import quote

from core.gaia.releases import find_release

_FOV_DEG = 0.2


def links_of(source_id: int, ra: float, dec: float, release: str) -> dict[str, str]:
    """Name of a service to the address of its page on the star.

    Parameters
    ----------
    source_id : int
        An id of the release with the key `release`.
    ra, dec : float
        Degrees, ICRS; where they are NaN only the services that know the id remain.
    """
    identifier = find_release(release).designation(source_id)
    links = {
        "Simbad": f"https://simbad.cds.unistra.fr/simbad/sim-id?Ident={quote(identifier)}",
        "Gaia archive": "https://gea.esac.esa.int/archive/",
    }
    if not (ra == ra and dec == dec):
        return links
    place = quote(f"{ra:.6f} {dec:+.6f}")
    return links | {
        "VizieR": f"https://vizier.cds.unistra.fr/viz-bin/VizieR?-c={place}&-c.rs=2",
        "ESASky": f"https://sky.esa.int/esasky/?target={place}&fov={_FOV_DEG}&hips=DSS2+color&cooframe=J2000&sci=true",
        "Aladin Lite": f"https://aladin.cds.unistra.fr/AladinLite/?target={place}&fov={_FOV_DEG}&survey=CDS%2FP%2FDSS2%2Fcolor",
    }
