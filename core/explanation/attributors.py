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

DEEP_NAME = "shap.DeepExplainer"
PATH_NAME = "expected gradients"
WITHOUT_RULES = ("cnn_gru", "cnn_lstm", "cnn_attention")
"""Networks that DeepExplainer cannot follow (TensorListStack, BatchMatMulV2)."""
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
MOST_NODES = 64


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
        Nodes per path to begin with, a power of two.
    tolerance : float
        A star whose attributions miss logit - base_value by more than `tolerance` times the spread of the background's
        logits gets twice as many nodes, again and again, up to `most_nodes`. Nothing is ever spread over the
        attributions to make up for what is missing.
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
        nodes = self._nodes
        sums = self._sum(star, [k / nodes for k in range(nodes)])
        while nodes < self._most_nodes and self._missing(sums, nodes, logit) > self._allowed > 0:
            more = self._sum(star, [(k + 0.5) / nodes for k in range(nodes)])
            sums = [old + new for old, new in zip(sums, more, strict=True)]
            nodes *= 2
        self.largest_nodes = max(self.largest_nodes, nodes)
        return [part / nodes for part in sums]

    def _missing(self, sums: list[np.ndarray], nodes: int, logit: float) -> float:
        return abs(logit - self.base_value - sum(float(part.sum()) for part in sums) / nodes)

    def _sum(self, star: Sequence[np.ndarray], offsets: Sequence[float]) -> list[np.ndarray]:
        total = [np.zeros(values.shape[1]) for values in star]
        for offset in offsets:
            position = ((self._shift + offset) % 1.0).astype(np.float32)
            parts = self._gradients(list(star), self._background, position)
            total = [old + np.asarray(new, dtype=np.float64) for old, new in zip(total, parts, strict=True)]
        return total


def _path_function(model):
    """f(star, background, position): mean over paths of gradient times difference, at one position on each path."""
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def gradients(star, background, position):
        change = [x - b for x, b in zip(star, background, strict=True)]
        points = [b + tf.cast(position, b.dtype)[:, None] * d for b, d in zip(background, change, strict=True)]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(points)
            total = tf.reduce_sum(model(points if len(points) > 1 else points[0], training=False))
        slopes = tape.gradient(total, points)
        return [tf.reduce_mean(slope * d, axis=0) for slope, d in zip(slopes, change, strict=True)]

    return gradients


def logits_of(model, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Logits of some stars, float64 ndarray of shape (n,)."""
    rows = [
        np.asarray(model([values[start : start + 128] for values in inputs], training=False))[:, 0]
        for start in range(0, len(inputs[0]), 128)
    ]
    return np.concatenate(rows).astype(np.float64)
