"""The record of a star that was found where a link says: a simulated one drawn again, or a row of a survey's input."""

from core.gaia.columns import is_missing
from core.gaia.simulated import SIMULATED, simulated_rows
from core.spectra.spectrum_set import SpectrumSet
from core.star.record import Origin, StarRecord


def simulated_record(text: str, spectra: SpectrumSet, said: str) -> StarRecord:
    """The record of a set's one star; `said` tells where it comes from."""
    gaia = {"source_id": int(spectra.source_id[0])} | spectra.metadata.iloc[0].to_dict()
    gaia = {name: None if is_missing(value) else value for name, value in gaia.items()}
    drawn = bool(simulated_rows(spectra.metadata)[0])
    origin: Origin = "simulated" if drawn else "file"
    gaia[SIMULATED] = drawn
    return StarRecord(text, int(spectra.source_id[0]), spectra, gaia, origin, messages=(said,), of=spectra.release)
