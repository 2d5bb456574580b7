"""What is fitted and how: extinction law, atmosphere, error of the models, families."""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from core.errors import UsageError
from core.parameters.correction import CorrectedAtmosphere
from core.parameters.dust import DEFAULT_LAW
from core.parameters.forward import Atmosphere, ForwardModel
from core.parameters.observation import NO_MODEL_ERROR, ModelError
from core.simulation.smooth_grid import smooth_grid
from core.spectra.spectrum_set import SpectrumSet

OTHER_FAMILIES = ("white_dwarf", "helium_white_dwarf", "helium_poor", "helium_rich")


@dataclass(frozen=True)
class FitSettings:
    """How to fit: extinction law, atmosphere (None: the default), the models' error, and whether parallax counts."""

    law: str = DEFAULT_LAW
    atmosphere: Atmosphere | None = None
    error: ModelError = field(default_factory=ModelError)
    with_parallax: bool = False
    families: tuple[str, ...] = ("normal", *OTHER_FAMILIES)
    seed: int = 1


@lru_cache(maxsize=1)
def corrected_grid() -> CorrectedAtmosphere:
    """The shipped grid with the measured correction."""
    return CorrectedAtmosphere(smooth_grid())


def atmosphere_called(name: str | None) -> Atmosphere | None:
    """The corrected atmosphere 'grid' or 'network'; None for the default."""
    if name is None:
        return None
    if name == "grid":
        return corrected_grid()
    if name == "network":
        from core.simulation.atmosphere_network.flux_network import flux_network

        return CorrectedAtmosphere(flux_network())
    raise UsageError(f"unknown atmosphere {name!r} for a fit; expected grid or network")


def bare(settings: FitSettings | None = None) -> FitSettings:
    """Settings for stars drawn from the models themselves: no correction, no model error."""
    return replace(settings or FitSettings(), atmosphere=smooth_grid(), error=NO_MODEL_ERROR)


def for_spectra(settings: FitSettings, spectra: SpectrumSet) -> FitSettings:
    """The settings for these spectra: the simulator's stars, which carry their truth, are fitted with bare models."""
    return bare(settings) if "true_teff" in spectra.metadata else settings


_MODELS: dict[tuple[str, str, str], ForwardModel] = {}


def model_of(family: str, settings: FitSettings) -> ForwardModel:
    """The forward model of a family; each is built once."""
    atmosphere = settings.atmosphere or corrected_grid()
    key = (family, settings.law, atmosphere.name)
    if key not in _MODELS:
        _MODELS[key] = ForwardModel(family, settings.law, atmosphere)
    return _MODELS[key]
