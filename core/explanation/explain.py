"""Explain stars by a run: the one call behind the page, the command and the jobs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import UsageError
from core.explanation.background import Background
from core.explanation.explanation import Explanation, notes_of
from core.explanation.process import ExplainerProcess, ExplanationRequest, Method, Progress
from core.explanation.view import View, view_of
from core.spectra.spectrum_set import SpectrumSet
from core.spectra.validation import usable
from core.verdict.ensemble import Ensemble, load_ensemble


@dataclass(frozen=True)
class Explainable:
    """A run that can be explained; made by `open_run`.

    Attributes
    ----------
    name : str
        For captions.
    ensemble : Ensemble
    view : View
    """

    name: str
    ensemble: Ensemble
    view: View

    def logits(self, values: np.ndarray, context: np.ndarray | None, member: int | None) -> np.ndarray:
        """Mean logit of the members (or one member's), from spectra in the explained space, on ONNX Runtime: (n,)."""
        fed = {"flux": self.view.represented(values).astype(np.float32)}
        if context is not None:
            fed["context"] = context.astype(np.float32)
        sessions = [self.ensemble.sessions[number] for number in self.members(member)]
        rows = range(0, len(values), 256)
        return np.concatenate(
            [
                np.mean(
                    [s.run(["logit"], {k: v[i : i + 256] for k, v in fed.items()})[0][:, 0] for s in sessions], axis=0
                )
                for i in rows
            ]
        ).astype(np.float64)

    def members(self, member: int | None) -> tuple[int, ...]:
        """Positions of the members to explain: all, or the one that was asked for; UsageError if there is none."""
        if member is None:
            return tuple(range(len(self.ensemble)))
        if not 0 <= member < len(self.ensemble):
            raise UsageError(f"there is no member {member}: the run has {len(self.ensemble)}, counted from 0")
        return (member,)


def open_run(run_dir: str | Path, model: str | None = None, *, name: str | None = None) -> Explainable:
    """Open a run folder for explanation.

    Raises
    ------
    RunError
        No trained run there.
    UsageError
        Several networks and none chosen, or a representation that cannot be led back to wavelengths.
    """
    ensemble = load_ensemble(run_dir, model, threads=1)
    view = view_of(ensemble.run, ensemble.representation_state)
    return Explainable(name or ensemble.path.name, ensemble, view)


def explain(
    run: Explainable,
    spectra: SpectrumSet,
    background: Background,
    process: ExplainerProcess,
    *,
    member: int | None = None,
    method: Method = "auto",
    nodes: int | None = None,
    tolerance: float | None = None,
    random_seed: int | None = None,
    on_progress: Progress | None = None,
) -> Explanation:
    """Attribute the logits of stars to the wavelengths of their spectra.

    Stars with gaps keep their place, with NaN and a note.

    Parameters
    ----------
    background : Background
        Stars that stand for "a spectrum of which nothing is known".
    process : ExplainerProcess
        Where it is computed; keep it for further stars of the same run and background, it is warm then.
    member : int or None
        One member alone; None for the mean of all.
    method, nodes, tolerance, random_seed
        See `core.explanation.process.ExplanationRequest`.

    Raises
    ------
    RunError
        The networks cannot be rebuilt, or the process died.
    """
    members = run.members(member)
    inputs = run.view.inputs(spectra.flux)
    good = usable(spectra) & np.logical_and.reduce([np.isfinite(values).all(axis=1) for values in inputs])
    reference = run.view.inputs(background.flux)
    request = ExplanationRequest(
        str(run.ensemble.path.resolve()), members, [v[good] for v in inputs], reference, method, nodes, tolerance,
        random_seed,
    )  # fmt: skip
    n = len(spectra)
    shap, logit = np.full((n, inputs[0].shape[1]), np.nan), np.full(n, np.nan)
    context = np.full((n, 2), np.nan) if len(inputs) > 1 else None
    spread = np.full(shap.shape, np.nan) if len(members) > 1 else None
    if not good.any():
        raise UsageError("none of the spectra can be explained: each has gaps or no flux; give complete spectra")
    found = process.ask(request, on_progress)
    shap[good], logit[good] = found.shap, found.logit
    if context is not None:
        context[good] = found.shap_context
    if spread is not None:
        spread[good] = found.shap_std
    label = spectra.metadata["label"].fillna("").astype(str) if "label" in spectra.metadata else [""] * n
    return Explanation(
        run=run.name,
        model=run.ensemble.model,
        title=run.ensemble.run.network,
        space=run.view.space,
        source_id=spectra.source_id,
        label=np.asarray(label, dtype=object),
        flux=spectra.flux,
        spectrum=inputs[0],
        shap=shap,
        shap_context=context,
        shap_std=spread,
        logit=logit,
        probability=run.ensemble.calibration.probability(logit),
        base_value=found.base_value,
        background_spread=float(found.background_logit.std()),
        explainer=found.explainer,
        background=f"{len(background)} stars {background.source}".strip(),
        note=notes_of(spectra, ~good),
    )
