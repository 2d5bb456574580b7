"""The two ways to attribute a Keras network's logit to its inputs; to be used in a process of its own (see `worker`).

`shap.DeepExplainer` (DeepLIFT's rescale rule, averaged over a background: Lundberg & Lee 2017, NeurIPS 30; Shrikumar
et al. 2017, ICML 70, 3145) is exact to rounding where every operation of the network has a rule. The recurrent networks
and attention have operations without one; they get expected gradients (Erion et al. 2021, Nature Machine Intelligence
3, 620), the path integral of Sundararajan et al. (2017, ICML 70, 3319) averaged over the background. shap's
`GradientExplainer` draws both at random and is off by 7-35 % of the logits' spread; here every background star gets
evenly spaced nodes, shifted from star to star by the golden ratio, so that the errors of one star cancel another's.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from core.explanation.windows import in_bands

DEEP_NAME = "shap.DeepExplainer"
PATH_NAME = "expected gradients"
WITHOUT_RULES = ("cnn_gru", "cnn_lstm", "cnn_attention")
"""Networks that DeepExplainer cannot follow (TensorListStack, BatchMatMulV2)."""
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
MOST_NODES = 512
_SHARE_REFINED = 0.7
"""Of what all paths miss: so much lies on the paths that are refined at a time."""
_AGREEMENT = 0.97
"""Rank correlation of the bands before and after a doubling of the nodes at which a star is done."""
_POINTS_AT_A_TIME = 512


class Attributor(Protocol):
    """Attributes the logit of one star at a time to its inputs."""

    base_value: float
    """Mean logit of the background."""

    @property
    def name(self) -> str:
        """For captions: which explainer, and how finely it integrates."""
        ...

    def attribute(self, star: Sequence[np.ndarray], logit: float) -> list[np.ndarray]:
        """Attributions of one star: inputs of shape (1, 343) and perhaps (1, 2) give arrays (343,) and perhaps (2,)."""
        ...


class DeepAttributor:
    """`shap.DeepExplainer` with rules for the operations of our networks that shap lacks."""

    name = DEEP_NAME

    def __init__(self, model, background: Sequence[np.ndarray]) -> None:
        import shap

        _add_rules()
        self._inputs = list(background)
        self._explainer = shap.DeepExplainer(model, self._inputs if len(self._inputs) > 1 else self._inputs[0])
        self.base_value = float(np.asarray(logits_of(model, self._inputs)).mean())

    def attribute(self, star: Sequence[np.ndarray], logit: float) -> list[np.ndarray]:
        """As `Attributor.attribute`; the logit is not needed."""
        asked = list(star) if len(star) > 1 else star[0]
        values = self._explainer.shap_values(asked, check_additivity=False)
        parts = values if isinstance(values, list) else [values]
        return [np.asarray(part, dtype=np.float64)[0, :, 0] for part in parts]


def _add_rules() -> None:
    """LeakyReLU is treated as ReLU is (a function of one variable), a minus sign as linear."""
    from shap.explainers._deep import deep_tf

    deep_tf.op_handlers.setdefault("LeakyRelu", deep_tf.nonlinearity_1d(0))
    deep_tf.op_handlers.setdefault("Neg", deep_tf.passthrough)


class PathAttributor:
    """Expected gradients by quadrature along the straight paths from every background star.

    Parameters
    ----------
    nodes : int
        Nodes per path to begin with.
    tolerance : float
        While the attributions of a star miss logit - base_value by more than `tolerance` times the spread of the
        background's logits (see `_doubt`), the paths that miss most get twice as many nodes, up to `most_nodes` on a
        path: how much a path misses is known, since the logits at both of its ends are. Then the paths with the fewest
        nodes get twice as many, until that leaves the ranking of the bands as it was. Nothing is ever spread over the
        attributions to make up for what is missing. 0: the nodes of the beginning are all.
    """

    def __init__(
        self,
        model,
        background: Sequence[np.ndarray],
        *,
        nodes: int = 2,
        tolerance: float = 0.0,
        most_nodes: int = MOST_NODES,
    ) -> None:
        logits = logits_of(model, background)
        order = np.argsort(logits, kind="stable")
        self._background = [np.asarray(values)[order] for values in background]
        self._logits = logits[order]
        self.base_value = float(logits.mean())
        self._allowed = tolerance * float(logits.std())
        self._nodes, self._most_nodes = nodes, most_nodes
        self._shift = (np.arange(len(order)) * _GOLDEN) % 1.0
        self._gradients = _path_function(model)
        self.largest_nodes = nodes

    @property
    def name(self) -> str:
        """Says how finely the integral was taken."""
        n_nodes = str(self._nodes) if self.largest_nodes == self._nodes else f"{self._nodes}–{self.largest_nodes}"
        return f"{PATH_NAME} ({n_nodes} nodes on each of {len(self._shift)} paths)"

    def attribute(self, star: Sequence[np.ndarray], logit: float) -> list[np.ndarray]:
        """As `Attributor.attribute`."""
        n_paths = len(self._shift)
        nodes = np.full(n_paths, self._nodes)
        sums = [np.zeros((n_paths, values.shape[1])) for values in star]
        self._add(sums, star, np.arange(n_paths), nodes, 0.0)
        before: np.ndarray | None = None
        while self._allowed > 0:
            missing = logit - self._logits - sum(part.sum(axis=1) for part in sums) / nodes  # (n_paths,)
            may_grow = nodes < self._most_nodes
            if _doubt(missing) > self._allowed:
                paths = _paths_to_refine(missing, may_grow)
            else:
                bands = in_bands((sums[0] / nodes[:, None]).mean(axis=0)[None])[0]
                if before is not None and _agree(bands, before):
                    break
                before, paths = bands, np.flatnonzero((nodes == nodes.min()) & may_grow)
            if not len(paths):
                break
            self._add(sums, star, paths, nodes[paths], 0.5)  # between the nodes that are there
            nodes[paths] *= 2
        self.largest_nodes = max(self.largest_nodes, int(nodes.max()))
        return [(part / nodes[:, None]).mean(axis=0) for part in sums]

    def _add(
        self, sums: list[np.ndarray], star: Sequence[np.ndarray], paths: np.ndarray, nodes: np.ndarray, offset: float
    ) -> None:
        """Add to the sums the nodes (k + offset) / n, k = 0, 1, ..., n - 1, of each of some paths with n `nodes`."""
        path = np.repeat(paths, nodes)
        k = np.arange(len(path)) - np.repeat(np.cumsum(nodes) - nodes, nodes)
        position = ((self._shift[path] + (k + offset) / np.repeat(nodes, nodes)) % 1.0).astype(np.float32)
        for start in range(0, len(path), _POINTS_AT_A_TIME):
            rows = slice(start, start + _POINTS_AT_A_TIME)
            starts = [values[path[rows]] for values in self._background]
            for total, new in zip(sums, self._gradients(list(star), starts, position[rows]), strict=True):
                np.add.at(total, path[rows], np.asarray(new, dtype=np.float64))


def _agree(bands: np.ndarray, before: np.ndarray) -> bool:
    """Whether twice as many nodes leave the ranking of the bands as it was."""
    from scipy.stats import spearmanr

    return float(np.nan_to_num(spearmanr(bands, before).statistic)) >= _AGREEMENT


def _doubt(missing: np.ndarray) -> float:
    """What the mean over the paths misses; but not less than half of what it would if their signs were random.

    The nodes are shifted so that paths cancel each other, but they must not be believed where they do so by luck.
    """
    return max(abs(float(missing.mean())), 0.5 * float(np.sqrt((missing**2).sum())) / len(missing))


def _paths_to_refine(missing: np.ndarray, may_grow: np.ndarray) -> np.ndarray:
    """The fewest paths that carry `_SHARE_REFINED` of what is missed on the paths that can get more nodes."""
    size = np.where(may_grow, np.abs(missing), 0.0)
    order = np.argsort(-size, kind="stable")
    carried = np.cumsum(size[order])
    n_chosen = 1 + int(np.searchsorted(carried, _SHARE_REFINED * carried[-1]))
    return np.sort(order[:n_chosen]) if carried[-1] > 0 else order[:0]


def _path_function(model):
    """f(star, background, position): gradient times difference at one position on each path, a row for each."""
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def gradients(star, background, position):
        change = [x - b for x, b in zip(star, background, strict=True)]
        points = [b + tf.cast(position, b.dtype)[:, None] * d for b, d in zip(background, change, strict=True)]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(points)
            total = tf.reduce_sum(model(points if len(points) > 1 else points[0], training=False))
        slopes = tape.gradient(total, points)
        return [slope * d for slope, d in zip(slopes, change, strict=True)]

    return gradients


def logits_of(model, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Logits of some stars, float64 ndarray of shape (n,)."""
    rows = [
        np.asarray(model([values[start : start + 128] for values in inputs], training=False))[:, 0]
        for start in range(0, len(inputs[0]), 128)
    ]
    return np.concatenate(rows).astype(np.float64)
