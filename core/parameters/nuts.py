"""No-U-turn sampling (Hoffman & Gelman 2014, JMLR 15, 1593) in NumPy, all chains evaluated together.

The multinomial variant of Betancourt 2017 (arXiv:1701.02434), with the step size by dual averaging and the metric from
the first half of the warm-up. Every chain is a generator that asks for the energy at one place; the driver answers the
places of all chains by one call, so that a batched model costs hardly more for four chains than for one.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

MAX_DEPTH = 8
_TARGET_ACCEPT = 0.8
_DIVERGED = 1000.0
_PSEUDO, _LEAST_SPREAD = 10.0, 0.01
"""The warm-up's covariance is drawn a little towards a hundredth of the expected one."""
Potential = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Places (n, d) to energies (n,) and gradients (n, d)."""
Asking = Generator[np.ndarray, tuple[float, np.ndarray], "_Tree"]


@dataclass
class _Point:
    place: np.ndarray
    momentum: np.ndarray
    gradient: np.ndarray


@dataclass
class _Tree:
    """A stretch of a trajectory: its two ends, one place drawn from it, ln of its weight and whether it must end."""

    first: _Point
    last: _Point
    drawn: np.ndarray
    energy: float
    gradient: np.ndarray
    log_weight: float
    momentum: np.ndarray
    stop: bool
    diverged: bool
    accepted: float
    steps: int


@dataclass(frozen=True)
class Chains:
    """`draws` (n_chains, n_draws, d); `r_hat` (d,); `effective` (d,); `divergent`, transitions that diverged."""

    draws: np.ndarray
    r_hat: np.ndarray
    effective: np.ndarray
    divergent: int


def sample(
    potential: Potential,
    starts: np.ndarray,
    root: np.ndarray,
    rng: np.random.Generator,
    n_draws: int = 1000,
    n_warmup: int = 300,
) -> Chains:
    """Draw from exp(-energy): one chain from each of `starts` (n_chains, d).

    `root` (d, d) is a root of the expected covariance, for instance from the Hessian at the mode.
    """  # fmt: skip
    half, d = n_warmup // 2, starts.shape[1]
    first, _, step = _run(potential, starts, root, rng, half, 0, None)
    last = np.linalg.solve(root, first[:, half // 3 :].reshape(-1, d).T).T  # in units of what was expected
    weight = len(last) / (len(last) + _PSEUDO)
    spread = weight * np.cov(last, rowvar=False).reshape(d, d) + (1 - weight) * _LEAST_SPREAD * np.eye(d)
    root = root @ np.linalg.cholesky(spread)
    draws, divergent, _ = _run(potential, first[:, -1], root, rng, n_warmup - half, n_draws, step)
    draws = draws[:, n_warmup - half :]
    return Chains(draws, split_r_hat(draws), effective_size(draws), divergent)


def _run(potential, starts, root, rng, n_warmup: int, n_draws: int, steps: np.ndarray | None):
    """Places of all transitions (n_chains, n_warmup + n_draws, d), divergences after warm-up, and the step sizes."""
    steps = np.full(len(starts), 0.3) if steps is None else steps
    white = np.linalg.solve(root, starts.T).T
    own = rng.spawn(len(starts))
    chains = [_chain(w, n_warmup, n_draws, float(s), r) for w, s, r in zip(white, steps, own, strict=True)]
    results: dict[int, tuple] = {}
    asked = {i: next(chain) for i, chain in enumerate(chains)}
    while asked:
        who = list(asked)
        energy, gradient = potential(np.array([asked[i] for i in who]) @ root.T)
        gradient = gradient @ root
        for i, e, g in zip(who, energy, gradient, strict=True):
            try:
                asked[i] = chains[i].send((float(e), g))
            except StopIteration as done:
                results[i] = done.value
                del asked[i]
    found = [results[i] for i in range(len(chains))]
    places = np.array([f[0] for f in found]) @ root.T
    return places, sum(f[1] for f in found), np.array([f[2] for f in found])


def _chain(place: np.ndarray, n_warmup: int, n_draws: int, step: float, rng: np.random.Generator):
    """One chain in whitened coordinates; returns its places, the divergences after warm-up and the last step size."""
    energy, gradient = yield place
    adapted = _DualAveraging(step)
    places, divergent = np.empty((n_warmup + n_draws, len(place))), 0
    for i in range(n_warmup + n_draws):
        warming = i < n_warmup
        step = adapted.step if warming else adapted.settled
        tree = yield from _transition(place, energy, gradient, step, rng)
        place, energy, gradient = tree.drawn, tree.energy, tree.gradient
        places[i] = place
        if warming:
            adapted.learn(tree.accepted / max(tree.steps, 1))
        else:
            divergent += tree.diverged
    return places, divergent, adapted.settled


def _transition(place, energy: float, gradient, step: float, rng) -> Asking:
    momentum = rng.standard_normal(len(place))
    start = energy + 0.5 * momentum @ momentum
    here = _Point(place, momentum, gradient)
    tree = _Tree(here, here, place, energy, gradient, 0.0, momentum, False, False, 0.0, 0)
    for depth in range(MAX_DEPTH):
        forward = rng.random() < 0.5
        new = yield from _grow(tree.last if forward else tree.first, step if forward else -step, depth, start, rng)
        accepted, steps = tree.accepted + new.accepted, tree.steps + new.steps
        if new.stop:
            tree.accepted, tree.steps, tree.diverged = accepted, steps, new.diverged
            break
        # Biased progressive sampling: the new half is taken with its weight over that of the old one.
        take = np.log(rng.random()) < new.log_weight - tree.log_weight
        tree = _joined(*((tree, new) if forward else (new, tree)), new if take else tree)
        tree.accepted, tree.steps = accepted, steps
        if tree.stop:
            break
    return tree


def _grow(point: _Point, step: float, depth: int, start: float, rng) -> Asking:
    """A balanced tree of 2^depth leapfrog steps from an end of the trajectory."""
    if depth == 0:
        momentum = point.momentum - 0.5 * step * point.gradient
        place = point.place + step * momentum
        energy, gradient = yield place
        momentum = momentum - 0.5 * step * gradient
        total = energy + 0.5 * momentum @ momentum
        change = float(start - total) if np.isfinite(total) else -np.inf
        end = _Point(place, momentum, gradient)
        stop = not change > -_DIVERGED
        chance = float(np.exp(min(change, 0.0)))
        return _Tree(end, end, place, energy, gradient, change, momentum, stop, stop, chance, 1)
    one = yield from _grow(point, step, depth - 1, start, rng)
    if one.stop:
        return one
    end = one.last if step > 0 else one.first
    two = yield from _grow(end, step, depth - 1, start, rng)
    accepted, steps = one.accepted + two.accepted, one.steps + two.steps
    if two.stop:
        two.accepted, two.steps = accepted, steps
        return two
    share = two.log_weight - np.logaddexp(one.log_weight, two.log_weight)
    tree = _joined(*((one, two) if step > 0 else (two, one)), two if np.log(rng.random()) < share else one)
    tree.accepted, tree.steps = accepted, steps
    return tree


def _joined(first: _Tree, last: _Tree, chosen: _Tree) -> _Tree:
    """Both stretches as one; it stops where the summed momentum points back at either end (Betancourt's criterion)."""
    momentum = first.momentum + last.momentum
    back = momentum @ first.first.momentum <= 0 or momentum @ last.last.momentum <= 0
    # Also across the seam, as Stan does since 2.21.
    left, right = first.momentum + last.first.momentum, last.momentum + first.last.momentum
    back = back or left @ first.first.momentum <= 0 or left @ last.first.momentum <= 0
    back = back or right @ first.last.momentum <= 0 or right @ last.last.momentum <= 0
    weight = float(np.logaddexp(first.log_weight, last.log_weight))
    drawn, energy, gradient = chosen.drawn, chosen.energy, chosen.gradient
    return _Tree(first.first, last.last, drawn, energy, gradient, weight, momentum, bool(back), False, 0.0, 0)


class _DualAveraging:
    """Step size for a wanted acceptance (Hoffman & Gelman 2014, section 3.2)."""

    def __init__(self, step: float) -> None:
        self._aim, self._log, self._mean, self._error, self._count = np.log(10 * step), np.log(step), 0.0, 0.0, 0

    @property
    def step(self) -> float:
        return float(np.exp(self._log))

    @property
    def settled(self) -> float:
        return float(np.exp(self._mean)) if self._count else self.step

    def learn(self, accepted: float) -> None:
        self._count += 1
        rate = 1 / (self._count + 10)
        self._error = (1 - rate) * self._error + rate * (_TARGET_ACCEPT - accepted)
        self._log = self._aim - np.sqrt(self._count) / 0.05 * self._error
        fade = self._count**-0.75
        self._mean = fade * self._log + (1 - fade) * self._mean


def split_r_hat(draws: np.ndarray) -> np.ndarray:
    """Potential scale reduction of half chains (Gelman et al. 2013, BDA3, section 11.4), (d,)."""
    half = draws.shape[1] // 2
    parts = np.concatenate([draws[:, :half], draws[:, -half:]])
    within = parts.var(axis=1, ddof=1).mean(axis=0)
    between = parts.mean(axis=1).var(axis=0, ddof=1)
    return np.sqrt((half - 1) / half + between / np.maximum(within, 1e-300))


def effective_size(draws: np.ndarray) -> np.ndarray:
    """Number of independent draws that all chains are worth (Geyer's initial positive sequence), (d,)."""
    n_chains, n, d = draws.shape
    centred = draws - draws.mean(axis=1, keepdims=True)
    size = 1 << (2 * n - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size, axis=1)) ** 2
    covariance = np.fft.irfft(power, size, axis=1)[:, :n].mean(axis=0) / n
    result = np.empty(d)
    for k in range(d):
        rho = covariance[:, k] / max(covariance[0, k], 1e-300)
        pairs = rho[: n - n % 2].reshape(-1, 2).sum(axis=1)
        stop = int(np.argmax(pairs < 0)) if (pairs < 0).any() else len(pairs)
        result[k] = n_chains * n / max(2 * np.minimum.accumulate(pairs[:stop]).sum() - 1, 1e-3)
    return np.minimum(result, n_chains * n * 2.0)
