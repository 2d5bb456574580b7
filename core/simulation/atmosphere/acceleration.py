"""Anderson acceleration of a fixed-point iteration."""

import numpy as np

MEMORY = 6
_REGULARISATION = 1e-6


class Anderson:
    """Mixes the last steps of x -> g(x) so that the weighted residual is smallest (Anderson 1965, J. ACM 12, 547).

    `weight` (n,) says how much each component counts, `largest` (n,) how far one step may move it; the first `delay`
    steps are taken as they come.
    """

    def __init__(self, weight: np.ndarray, largest: np.ndarray, delay: int) -> None:
        self._weight, self._largest, self._delay = weight, largest, delay
        self._points: list[np.ndarray] = []
        self._images: list[np.ndarray] = []
        self._count = 0

    def next(self, point: np.ndarray, image: np.ndarray) -> np.ndarray:
        """The next point to try after `point` gave `image`, both (n,)."""
        self._count += 1
        self._points = [*self._points, point][-MEMORY:]
        self._images = [*self._images, image][-MEMORY:]
        if len(self._points) < 3 or self._count <= self._delay:
            return image
        images = np.array(self._images)
        residual = images - np.array(self._points)
        change = (np.diff(residual, axis=0) * self._weight).T
        penalty = _REGULARISATION * np.linalg.norm(change, axis=0).max() * np.eye(change.shape[1])
        right = np.concatenate([residual[-1] * self._weight, np.zeros(change.shape[1])])
        mix = np.linalg.lstsq(np.vstack([change, penalty]), right, rcond=None)[0]
        moved = image - np.diff(images, axis=0).T @ mix
        return point + np.clip(moved - point, -self._largest, self._largest)
