"""Which sky is drawn: the choices that changed when real, reddened massive stars became known."""

from dataclasses import dataclass

from core.simulation.damage import DAMAGED_SHARE
from core.simulation.dust_curves import MILKY_WAY


@dataclass(frozen=True)
class Draw:
    """How stars and dust are modelled.

    Attributes
    ----------
    version : int
        Number of the draw.
    dust : 'family' or 'gordon2023'
        Many curves with structure of their own, or one law at R(V) 3.1 +- 0.2.
    laws : tuple of int
        Of the family, for the training draw: indices in `core.simulation.dust_curves.LAWS`; with `one_r_v` the sky has
        its own (`dust_curves.SKY`).
    line_light : bool
        Lines that the model atmospheres lack, Wolf-Rayet and B[e] stars, supergiants down to 12,000 K.
    lines_in_vacuum : bool
        Emission lines at vacuum wavelengths, as the absorption lines.
    damaged_share : float
        Share of the spectra that get a step or a dip at 600-645 nm (none in the first draw).
    one_r_v : bool
        On the sky R(V) has one meaning for all laws (`core.simulation.one_r_v`); the training draw's is wide anyway.
    """

    version: int
    dust: str = "family"
    laws: tuple[int, ...] = MILKY_WAY
    line_light: bool = True
    lines_in_vacuum: bool = True
    damaged_share: float = DAMAGED_SHARE
    one_r_v: bool = True


FIRST = Draw(2, dust="gordon2023", line_light=False, lines_in_vacuum=False, one_r_v=False)
"""The draw of the embedded set and of the reference runs that learnt from it."""
CURRENT = Draw(4)
"""Its training population is that of draw 3, from which the sky's dust alone differs."""
