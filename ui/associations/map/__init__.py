"""The map of the page Associations: stars whose colours follow the eps slider while it is dragged.

Streamlit sends a slider's value when it is released. Here the browser holds the groups at every stop of its own slider
and changes colours by itself; the released value comes back as the component's state `eps`, a clicked star as `star`.
"""

import base64
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.figures.palette import GREY, GROUP_COLOURS
from core.sky.eps_sweep import EpsSweep
from core.sky.spiral_arms import arm_lines

_FOLDER = Path(__file__).parent
_HTML = (
    '<div class="frame"><div class="bar"><div class="eps"><label></label><input type="range" min="0" step="1"></div>'
    '<output role="status"></output><div class="views" role="group" aria-label="View"></div></div>'
    '<div class="stage"><canvas role="img"></canvas><div class="card"></div></div></div>'
)
HEIGHT = 560
_RINGS = (100, 250, 500, 1000, 2000, 4000, 8000, 16000)


@cache
def _component():
    style = (_FOLDER / "association_map.css").read_text(encoding="utf-8")
    script = (_FOLDER / "association_map.js").read_text(encoding="utf-8")
    return st.components.v2.component("association_map", html=_HTML, css=style, js=script)


def association_map(
    source_id: np.ndarray,
    position: np.ndarray,
    sweep: EpsSweep,
    *,
    chosen: float,
    push: int,
    unit: str,
    known: pd.DataFrame,
    has_distances: bool,
    alt: str,
    key: str,
    on_eps: Callable[[], None],
):
    """Draw the map; returns the component's result with `eps` (released slider) and `star` (clicked id).

    Parameters
    ----------
    source_id : int64 ndarray of shape (n,)
    position : ndarray of shape (n, 3)
        pc; directions where the stars have no distances.
    sweep : EpsSweep
        Groups of these n stars at each stop.
    chosen, push : float, int
        The slider moves to `chosen` when `push` differs from its last value: after a preset, not after its own release.
    unit : 'pc' or 'deg'
    known : DataFrame
        name, x, y, z of places to mark.
    """
    radius = np.linalg.norm(position, axis=1)
    reach = float(np.quantile(radius, 0.98)) * 1.1 if len(radius) else 1000.0
    places, groups = _text(position.astype("<f4")), _text(sweep.group.astype("<i4"))
    arms = arm_lines(reach) if has_distances else {}
    return _component()(
        key=key,
        on_eps_change=on_eps,
        on_star_change=lambda: None,
        data={
            "places": places,
            "ids": _text(source_id.astype("<i8")),
            "stars_key": _digest(places),
            "groups": groups,
            "groups_key": _digest(groups),
            "eps": sweep.radius.tolist(),
            "lineage": [names.tolist() for names in sweep.lineage],
            "noise": sweep.n_noise.tolist(),
            "chosen": chosen,
            "push": push,
            "unit": unit,
            "label": f"eps ({unit})",
            "palette": list(GROUP_COLOURS),
            "noise_colour": GREY,
            "known": known[["name", "x", "y", "z"]].to_dict("records"),
            "arms": [{"name": name, "line": line.round(1).tolist()} for name, line in arms.items()],
            "rings": [ring for ring in _RINGS if 0.15 * reach < ring <= 1.05 * reach],
            "reach": reach,
            "has_distances": has_distances,
            "height": HEIGHT,
            "alt": alt,
        },
    )


def _text(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def _digest(text: str) -> str:
    return blake2b(text.encode("ascii"), digest_size=12).hexdigest()
