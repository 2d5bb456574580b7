"""A star among others: colour-magnitude and Hertzsprung-Russell diagram, two colours, energy, alike spectra."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.figures.layout import WAVELENGTH_TITLE, blank_figure, flux_scale
from core.figures.palette import BLUE, GREEN, GREY, OCHRE, PINK, SKY, VERMILION, label_colour
from core.spectra.grid import WAVELENGTH_NM

HEIGHT = 430
MASSIVE_FROM_MSUN = 8.0
_LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.16, "yanchor": "top"}
_STAR = {"size": 18, "symbol": "star", "color": VERMILION, "line": {"width": 1, "color": "white"}}


def colour_magnitude_figure(
    tracks: Mapping[float, pd.DataFrame], known: pd.DataFrame, stars: pd.DataFrame, *, supposed: bool = False
) -> go.Figure:
    """M_G against BP-RP without dust.

    Parameters
    ----------
    tracks : initial mass (suns) to DataFrame of bp_rp and m_g
    known : DataFrame of bp_rp, m_g, spectral_type
        Real OB stars behind.
    stars : DataFrame of name, bp_rp, m_g, brighter, fainter
        The star, once for each extinction that is known; the first is drawn large.
    supposed : bool
        Whether the distance is only that of a group towards which the star lies: hollow marks.
    """
    figure = blank_figure(
        title="Colour and absolute magnitude, without dust", x_title="(BP − RP)<sub>0</sub> (mag)",
        y_title="M<sub>G,0</sub> (mag)", height=HEIGHT, y={"autorange": "reversed"}, legend=_LEGEND,
    )  # fmt: skip
    _add_tracks(figure, tracks, "bp_rp", "m_g")
    figure.add_scatter(
        x=known["bp_rp"], y=known["m_g"], mode="markers", name="Real OB stars (Cygnus OB2)",
        marker={"color": SKY, "size": 7, "line": {"width": 0.6, "color": BLUE}},
        text=known.get("spectral_type"), hovertemplate="%{text}: M_G %{y:.1f}, colour %{x:.2f}<extra></extra>",
    )  # fmt: skip
    for number, star in enumerate(stars.itertuples()):
        marker = dict(_STAR) if number == 0 else {**_STAR, "size": 9, "color": OCHRE, "symbol": "diamond"}
        if supposed:
            marker["symbol"] = f"{marker['symbol']}-open"
        figure.add_scatter(
            x=[star.bp_rp], y=[star.m_g], mode="markers", name=str(star.name), marker=marker,
            error_y={"type": "data", "symmetric": False, "array": [star.fainter - star.m_g],
                     "arrayminus": [star.m_g - star.brighter], "color": marker["color"], "thickness": 1.2},
            hovertemplate=f"{star.name}<br>M_G %{{y:.2f}}, colour %{{x:.2f}}<extra></extra>",
        )  # fmt: skip
    return figure


def hr_figure(tracks: Mapping[float, pd.DataFrame], draws: pd.DataFrame, best: Mapping[str, float]) -> go.Figure:
    """log L against Teff: the tracks, and the star with the spread of its temperature.

    `best` : teff (K), teff_low, teff_high, log_luminosity.
    """
    figure = blank_figure(
        title="Hertzsprung–Russell diagram", x_title="T<sub>eff</sub> (K)", y_title="log L / L<sub>☉</sub>",
        height=HEIGHT, legend=_LEGEND,
        x={"type": "log", "autorange": "reversed", "tickvals": [3000, 5000, 10000, 20000, 40000]},
    )  # fmt: skip
    _add_tracks(figure, tracks, "teff", "log_luminosity", log_x=True)
    low, high = (float(best.get(f"teff_{end}", best["teff"])) for end in ("low", "high"))
    figure.add_scatter(
        x=[best["teff"]], y=[best["log_luminosity"]], mode="markers", name="This star, by the fit", marker=_STAR,
        error_x={"type": "data", "symmetric": False, "array": [high - best["teff"]],
                 "arrayminus": [best["teff"] - low], "color": VERMILION, "thickness": 1.2},
        hovertemplate="%{x:,.0f} K, log L %{y:.2f}<extra></extra>",
    )  # fmt: skip
    return figure


def _add_tracks(figure: go.Figure, tracks: Mapping[float, pd.DataFrame], x: str, y: str, log_x: bool = False) -> None:
    for mass, track in tracks.items():
        colour = BLUE if mass >= MASSIVE_FROM_MSUN else GREY
        figure.add_scatter(
            x=track[x], y=track[y], mode="lines", showlegend=False, name=f"{mass:g} suns",
            line={"color": colour, "width": 1.5 if mass >= MASSIVE_FROM_MSUN else 1.0}, hoverinfo="name",
        )  # fmt: skip
        first = float(track[x].iloc[0])
        figure.add_annotation(
            x=np.log10(first) if log_x else first, y=float(track[y].iloc[0]), text=f"{mass:g}", showarrow=False,
            xshift=-11, font={"size": 11, "color": colour},
        )  # fmt: skip


def colour_colour_figure(known: pd.DataFrame, star: tuple[float, float], reddening: tuple[float, float]) -> go.Figure:
    """J-H against H-Ks of real stars by class, the star, and what one magnitude of A(V) does.

    `known` : h_ks, j_h, label. `star`, `reddening` : (H-Ks, J-H) in mag.
    """
    figure = blank_figure(
        title="Two colours of 2MASS", x_title="H − K<sub>s</sub> (mag)", y_title="J − H (mag)", height=HEIGHT,
        legend=_LEGEND, x={"range": [-0.3, 1.2]}, y={"range": [-0.4, 2.0]},
    )  # fmt: skip
    for label, stars in known.groupby(known["label"].fillna("neither by its type"), sort=True):
        figure.add_scatter(
            x=stars["h_ks"], y=stars["j_h"], mode="markers", name=f"Real, {label}", hoverinfo="skip",
            marker={"color": label_colour(str(label)), "size": 5, "opacity": 0.9 if label == "massive" else 0.35},
        )  # fmt: skip
    figure.add_annotation(
        x=0.75 + 3 * reddening[0], y=-0.1 + 3 * reddening[1], ax=0.75, ay=-0.1, axref="x", ayref="y", showarrow=True,
        arrowhead=2, arrowcolor=PINK, arrowwidth=2, text="A<sub>V</sub> 3", font={"color": PINK},
    )  # fmt: skip
    figure.add_scatter(x=[star[0]], y=[star[1]], mode="markers", name="This star", marker=_STAR)
    return figure


def energy_figure(
    flux: np.ndarray, points: pd.DataFrame, clear: np.ndarray | None, model: tuple | None, names: tuple[str, str]
) -> go.Figure:
    """lambda F_lambda of spectrum and photometry; without dust dashed; a black body dotted.

    `names` : of the spectrum without dust, and of the black body.
    """
    figure = blank_figure(
        title="Spectral energy distribution", x_title="Wavelength (nm)",
        y_title="λ F<sub>λ</sub> (W m<sup>−2</sup>)", height=HEIGHT, legend=_LEGEND,
        x={"type": "log", "tickvals": [350, 500, 700, 1000, 1500, 2200], "range": [np.log10(330), np.log10(2450)]},
        y={"type": "log", "exponentformat": "power", "dtick": 1},
    )  # fmt: skip
    figure.add_scatter(
        x=WAVELENGTH_NM, y=_positive(WAVELENGTH_NM * flux), mode="lines", name="XP spectrum",
        line={"color": BLUE, "width": 2},
    )  # fmt: skip
    if clear is not None:
        figure.add_scatter(
            x=WAVELENGTH_NM, y=_positive(WAVELENGTH_NM * clear), mode="lines", name=names[0],
            line={"color": GREEN, "width": 1.6, "dash": "dash"},
        )  # fmt: skip
    if model is not None:
        figure.add_scatter(
            x=model[0], y=model[0] * model[1], mode="lines", name=names[1],
            line={"color": GREY, "width": 1.5, "dash": "dot"},
        )  # fmt: skip
    if len(points):
        figure.add_scatter(
            x=points["wavelength_nm"], y=points["wavelength_nm"] * points["flux"], mode="markers", name="2MASS",
            marker={"color": VERMILION, "size": 10, "symbol": "square"}, text=points["band"],
            hovertemplate="%{text}: %{y:.3g} W m⁻²<extra></extra>",
        )  # fmt: skip
    return figure


def _positive(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, np.nan)


def alike_figure(flux: np.ndarray, curves: Sequence[tuple[str, np.ndarray]]) -> go.Figure:
    """A star's spectrum and known ones behind the dust that fits, with their differences in per cent below."""
    scale, title = flux_scale(flux)
    figure = blank_figure(
        title="Beside known stars", x_title=WAVELENGTH_TITLE, y_title=title, height=HEIGHT + 40,
        x={"anchor": "y2"}, y={"domain": [0.34, 1.0]},
        yaxis2={"domain": [0.0, 0.26], "title": {"text": "Off (%)"}, "range": [-25, 25]},
        legend={**_LEGEND, "y": -0.14},
    )  # fmt: skip
    figure.add_scatter(
        x=WAVELENGTH_NM, y=flux / scale, mode="lines", name="This star", line={"color": GREY, "width": 2.6}
    )
    for (name, curve), colour in zip(curves, (BLUE, VERMILION, OCHRE, PINK), strict=False):
        line = {"color": colour, "width": 1.6}
        figure.add_scatter(x=WAVELENGTH_NM, y=curve / scale, mode="lines", name=name, line=line)
        with np.errstate(divide="ignore", invalid="ignore"):
            off = np.where(flux > 0, 100 * (flux / curve - 1), np.nan)
        figure.add_scatter(
            x=WAVELENGTH_NM, y=off, yaxis="y2", mode="lines", showlegend=False, line=line, name=name,
            hovertemplate="%{x:.0f} nm: %{y:+.1f} %<extra></extra>",
        )  # fmt: skip
    return figure
