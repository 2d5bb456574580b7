"""The other end of `core.explanation.process`: `python -m core.explanation.worker READ_FD WRITE_FD [THREADS]`."""

import hashlib
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np

from core.errors import ExplorerError
from core.explanation.attributors import WITHOUT_RULES, Attributor, DeepAttributor, PathAttributor, logits_of
from core.explanation.process import DONE, FAILED, PROGRESS, SPOILED, Attributions, ExplanationRequest, _Pipe
from core.runs.run import RUN_FILE

_MOST_KEPT = 12
"""Members kept ready: the shipped ensemble has ten."""
_EXACT = 1e-3
"""DeepExplainer is used where it misses no more than this share of the spread of the background's logits."""
_NODES = {True: 4, False: 2}
"""On each path to begin with: networks without rules, and others."""
_TOLERANCE = {True: 0.075, False: 0.01}
"""What a star may miss, in the spread of the logits: networks without rules, and others."""


class DeepFailed(Exception):
    """shap could not follow the network; TensorFlow's gradients in this process are no longer to be trusted."""


class Kept:
    """A member's network and its attributor, ready for more stars."""

    def __init__(self, request: ExplanationRequest, member: int) -> None:
        from core.explanation.network import check_logits, explained_network
        from core.explanation.view import view_of
        from core.verdict.ensemble import load_ensemble

        folder = Path(request.run_dir)
        ensemble = load_ensemble(folder, threads=1)
        view = view_of(ensemble.run, ensemble.representation_state)
        self.network = explained_network(folder, ensemble.run, member, view, random_seed=request.random_seed)
        self.background_logit = logits_of(self.network, request.background)
        if request.random_seed is None:
            fed = [view.represented(request.background[0]), *request.background[1:]]
            names = ("flux", "context")
            inputs = {name: values.astype(np.float32) for name, values in zip(names, fed, strict=False)}
            expected = ensemble.sessions[member].run(["logit"], inputs)[0][:, 0]
            entry = ensemble.run.members[member]
            # A .keras file holds more digits than an ONNX file in float16.
            check_logits(self.background_logit, expected, 0.05 if entry.keras else 1e-3, str(folder))
        self.attributor = self._attributor(request, ensemble.model)

    def _attributor(self, request: ExplanationRequest, model: str) -> Attributor:
        without_rules = model in WITHOUT_RULES
        if request.method == "deep" or (request.method == "auto" and not without_rules):
            try:
                deep = DeepAttributor(self.network, request.background)
                if request.method == "deep" or self._is_exact(deep, request):
                    return deep
            except Exception as error:  # whatever shap met: the process is spoiled
                raise DeepFailed(f"{type(error).__name__}: {error}") from error
        tolerance = _TOLERANCE[without_rules] if request.tolerance is None else request.tolerance
        return PathAttributor(
            self.network, request.background, nodes=request.nodes or _NODES[without_rules], tolerance=tolerance
        )

    def _is_exact(self, deep: DeepAttributor, request: ExplanationRequest) -> bool:
        star = [values[:1] for values in request.star]
        logit = float(logits_of(self.network, star)[0])
        missing = abs(logit - deep.base_value - sum(float(part.sum()) for part in deep.attribute(star, logit)))
        return missing <= _EXACT * max(float(self.background_logit.std()), 1e-6)


def explain(request: ExplanationRequest, kept: OrderedDict, tell) -> Attributions:
    """Explain every star by every member; `tell(done, all)` is called after each star."""
    n_stars = len(request.star[0])
    total = len(request.members) * n_stars
    results = []
    for number, member in enumerate(request.members):
        item = _kept(request, member, kept)
        logit = logits_of(item.network, request.star)
        parts: list[list[np.ndarray]] = []
        for row in range(n_stars):
            parts.append(item.attributor.attribute([v[row : row + 1] for v in request.star], float(logit[row])))
            tell(number * n_stars + row + 1, total)
        stacked = [np.stack(values) for values in zip(*parts, strict=True)]
        results.append((stacked, logit, item))
    shap = np.mean([stacked[0] for stacked, _, _ in results], axis=0)
    spread = np.std([stacked[0] for stacked, _, _ in results], axis=0, ddof=1) if len(results) > 1 else None
    context = np.mean([stacked[1] for stacked, _, _ in results], axis=0) if len(request.star) > 1 else None
    return Attributions(
        shap=shap,
        shap_context=context,
        shap_std=spread,
        logit=np.mean([logit for _, logit, _ in results], axis=0),
        base_value=float(np.mean([item.attributor.base_value for _, _, item in results])),
        background_logit=np.mean([item.background_logit for _, _, item in results], axis=0),
        explainer=max((item.attributor.name for _, _, item in results), key=len),
    )


def _kept(request: ExplanationRequest, member: int, kept: OrderedDict) -> Kept:
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(values).tobytes() for values in request.background))
    changed = (Path(request.run_dir) / RUN_FILE).stat().st_mtime_ns
    key = (
        request.run_dir, changed, member, digest.digest(), request.method, request.nodes, request.tolerance,
        request.random_seed,
    )  # fmt: skip
    if key not in kept:
        while len(kept) >= _MOST_KEPT:
            kept.popitem(last=False)
        kept[key] = Kept(request, member)
    kept.move_to_end(key)
    return kept[key]


def serve(pipe: _Pipe) -> None:
    """Answer requests until the other end closes."""
    kept: OrderedDict = OrderedDict()
    while True:
        try:
            request = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((DONE, explain(request, kept, lambda *done: pipe.send((PROGRESS, done)))))
        except DeepFailed as error:
            pipe.send((SPOILED, str(error)))
            return
        except ExplorerError as error:
            pipe.send((FAILED, str(error)))
        except BrokenPipeError:
            return
        except Exception as error:  # told to the user instead of ending without a word
            pipe.send((FAILED, f"{request.run_dir} cannot be explained ({type(error).__name__}: {error})"))


def main(arguments: list[str]) -> None:
    """Serve over the two file descriptors."""
    from core.training.devices import prepare_device

    prepare_device(int(arguments[2]) if len(arguments) > 2 else None)
    import shap  # noqa: F401  loaded before it is asked for

    serve(_Pipe(int(arguments[0]), int(arguments[1])))


if __name__ == "__main__":
    main(sys.argv[1:])
