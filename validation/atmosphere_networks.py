"""The networks of the atmosphere against converged models that they have not seen: sections of `validation.parameters`.

Accuracy, residuals of the equations, derivatives, speed, and warm starts of the solver.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from core.simulation.grid import load_grid
from core.simulation.smooth_grid import smooth_grid

Line = tuple[str, str, str]
_SPEED_STARS = 20_000
_STEP = 1e-2
_STEPS_CHECKED = 200


def _verdict(holds: bool) -> str:
    return "yes" if holds else "no"


def atmosphere(options: argparse.Namespace) -> list[Line]:
    """Flux sources against held-out tight models, and what the networks' equations leave."""
    from core.simulation.atmosphere_network.flux_network import FLUX_PATH, FluxNetwork
    from core.simulation.atmosphere_network.structure_network import STRUCTURE_PATH, StructureNetwork
    from recipes.atmosphere_data import inside, read_models
    from recipes.atmosphere_network import flux_errors, structure_errors

    held = inside(read_models(options.models, "held_out"))
    sources: list[tuple[str, object]] = [("shipped grid", load_grid()), ("smooth grid", smooth_grid())]
    if FLUX_PATH.exists():
        sources.append(("network", FluxNetwork()))
    lines: list[Line] = []
    for name, source in sources:
        e = flux_errors(source, held)
        seen = (
            f"mean {e['mean']:.2f} %, worst sample {e['worst']:.1f} % ({e['worst_of_median']:.1f} % of the median "
            f"model), integrated {e['integrated']:.3f} % (median)"
        )
        good = e["mean"] <= 0.15 and e["worst"] <= 1 and e["integrated"] <= 0.05 and len(held["teff"]) >= 200
        lines.append((f"{name} against {len(held['teff'])} tight models: 0.15 %, 1 %, 0.05 %", seen, _verdict(good)))
    if STRUCTURE_PATH.exists():
        network = StructureNetwork()
        e = structure_errors(network, held)
        seen = (
            f"temperature {e['temperature']:.2f} % (mean over depths; worst {e['temperature_worst']:.1f} %), pressure "
            f"{e['pressure']:.2f} %"
        )
        lines += [("structure network against the same models", seen, ""), _hydrostatic(network, held)]
    if FLUX_PATH.exists():
        lines += [_derivatives(FluxNetwork()), _speed("network", FluxNetwork()), _speed("shipped grid", load_grid())]
    return lines


def _hydrostatic(network, held) -> Line:
    """Residual of hydrostatic equilibrium with the network's own opacity, and with the solver's at its structure."""
    from core.simulation.atmosphere_network.residuals import equilibrium

    own, solver = [], []
    for place in list(zip(held["teff"], held["logg"], held["mh"], strict=True))[:30]:
        s = network.structure(*place)
        net = 10.0 ** place[1] * (1 - 0.5 * (s.push[1:] + s.push[:-1]))
        own.append(np.abs(np.diff(s.pressure) / (np.diff(s.column) * net) - 1))
        solver.append(np.abs(equilibrium(*place, s.temperature, s.pressure, s.share).hydrostatic))
    own_median, by_solver = 100 * float(np.median(own)), 100 * float(np.median(solver))
    seen = f"{own_median:.4f} % with its own opacity (by construction), {by_solver:.2f} % with the solver's"
    return "hydrostatic residual <= 0.1 % (median over depths)", seen, _verdict(by_solver <= 0.1)


def _derivatives(network) -> Line:
    """Exact derivatives against central differences, relative to the largest derivative of the star."""
    teff, logg, mh = _places(_STEPS_CHECKED)
    _, slopes = network.log_flux(teff, logg, mh)
    worst = 0.0
    for axis in range(3):
        move = np.eye(3)[axis] * _STEP
        ends = [network.log_flux(teff * np.exp(s * move[0]), logg + s * move[1], mh + s * move[2])[0] for s in (1, -1)]
        central = (ends[0].astype(np.float64) - ends[1]) / (2 * move[axis])
        scale = np.abs(slopes[:, axis]).max(axis=1, keepdims=True)
        worst = max(worst, float(np.median((np.abs(central - slopes[:, axis]) / scale).max(axis=1))))
    return (
        "derivatives within 0.1 % of central differences", f"{100 * worst:.3f} % of the star's largest derivative",
        _verdict(worst <= 1e-3),
    )  # fmt: skip


def _speed(name: str, source) -> Line:
    teff, logg, mh = _places(_SPEED_STARS)
    source.flux(teff[:100], logg[:100], mh[:100])
    rates = []
    for _ in range(3):
        started = time.process_time()
        for part in np.array_split(np.arange(_SPEED_STARS), 20):
            source.flux(teff[part], logg[part], mh[part])
        rates.append(_SPEED_STARS / (time.process_time() - started))
    seen = f"{max(rates):,.0f} spectra a second of processor time"
    return f"{name}: >= 250,000 spectra/s", seen, _verdict(max(rates) >= 250_000) if name == "network" else ""


def _places(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    teff = np.exp(rng.uniform(np.log(4000.0), np.log(45000.0), n))
    low, high = load_grid().log_g_range(teff)
    return teff, low + (high - low) * rng.uniform(0.1, 0.9, n), rng.uniform(-1.9, 0.4, n)


def warm(options: argparse.Namespace) -> list[Line]:
    """Steps of the solver on held-out models: from grey, and from the structure network."""
    from core.simulation.atmosphere.converged import converge
    from core.simulation.atmosphere_network.structure_network import STRUCTURE_PATH, StructureNetwork
    from recipes.atmosphere_data import inside, read_models

    held = inside(read_models(options.models, "held_out"))
    places = list(zip(held["teff"], held["logg"], held["mh"], strict=True))[: options.warm]
    starts: list[tuple[str, Callable]] = [("grey", lambda *place: None)]
    if STRUCTURE_PATH.exists():
        starts.append(("network", StructureNetwork().profile))
    steps, errors = {}, []
    for name, start in starts:
        found = [converge(*place, start=start(*place)) for place in places]
        steps[name] = np.array([len(model.history) for model in found])
        errors += [model.worst_error for model in found]
    seen = f"{len(errors)} models: median of the worst depth {np.median(errors):.1e}"
    lines = [("tight models: flux constant at every depth to 5e-4", seen, _verdict(np.median(errors) < 5e-4))]
    if "network" in steps:
        grey, warmed = steps["grey"], steps["network"]
        seen = f"{grey.mean():.1f} to {warmed.mean():.1f} steps in the mean ({len(places)} models)"
        lines.append(("warm start halves the solver's iterations", seen, _verdict(warmed.mean() <= 0.5 * grey.mean())))
    return lines
