"""A stand-in for the Gaia archive, Simbad and VizieR on localhost, with faults on demand."""

from tests.archive.stand_in.faults import Fault, Faults
from tests.archive.stand_in.server import StandIn
from tests.archive.stand_in.sky import Sky, build_sky

__all__ = ["Fault", "Faults", "Sky", "StandIn", "build_sky"]
