"""What the shipped networks make of Gaia DR4's spectra, as far as that can be simulated.

    python -m validation.dr4_instrument

The same simulated stars are judged as DR3 has them and with the noise that is expected of DR4; where DR4's instrument
is on this machine (`python -m core archive --calibrate --release dr4`), also as that shows them.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from core.gaia.labels import MASSIVE
from core.gaia.releases import DR3, DR4
from core.settings import current_settings
from core.simulation.chunk import chunk_table
from core.simulation.draw import Chunks, DrawRequest, simulate
from core.simulation.instrument import has_forward
from core.simulation.instruments import noise_scale
from core.spectra.calibration import is_calibrated
from core.spectra.readers import read_spectra
from core.spectra.readers.arrays import matrix
from core.spectra.spectrum_set import SpectrumSet
from core.statistics.metrics import binary_metrics
from core.verdict.companions import load_companions
from core.verdict.ensemble import load_ensemble
from core.verdict.verdict import Verdict, judge
from validation.report import write_report

N_STARS, SEED = 8192, 41


def main() -> None:
    """Simulate, judge, compare, write validation/results/dr4_instrument.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=N_STARS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    run = current_settings().default_run_dir
    ensemble = load_ensemble(run)
    companions = load_companions(run, ensemble.run.started)
    sets = {"DR3": with_noise(options.stars, options.seed, 1.0)}
    sets["DR3's bases, DR4's expected noise"] = with_noise(options.stars, options.seed, noise_scale(DR4))
    sentences = [
        f"{options.stars:,} stars of the population `training`, seed {options.seed}, judged by the run `{run.name}`. "
        f"Noise of DR4: {noise_scale(DR4):.3f} of DR3's, the root of {DR3.months:g} months over {DR4.months:g}.",
    ]
    if is_calibrated(DR4.key):
        how = "forward model" if has_forward(DR4.key) else "calibration"
        with tempfile.TemporaryDirectory() as folder:
            path = simulate("training", options.stars, options.seed, Path(folder) / "a.parquet", instrument=DR4.key)
            sets[f"DR4's own bases ({how} on this machine)"] = read_spectra(path, with_errors=False)
    else:
        sentences.append("DR4's instrument is not on this machine: its bases and resolution are not in these figures.")
    verdicts = {name: judge(spectra, ensemble, companions) for name, spectra in sets.items()}
    first = verdicts["DR3"]
    rows = [row(name, sets[name], verdict, first) for name, verdict in verdicts.items()]
    write_report("dr4_instrument", "Networks of DR3 on spectra of DR4", [("Same stars", sentences, rows)])


def with_noise(n_stars: int, seed: int, scale: float) -> SpectrumSet:
    """Stars of the training population through DR3's instrument with its noise times `scale`, as sampled spectra."""
    request = DrawRequest("training", n_stars, seed)
    chunks = Chunks(request)
    parts = [chunk_table(*chunks.stars(index), False, noise_scale=scale) for index in range(len(chunks))]
    flux = np.concatenate([matrix(part["flux"].combine_chunks(), 343)[0] for part in parts])
    source_id = np.concatenate([part["source_id"].to_numpy() for part in parts])
    names = ("label", "phot_g_mean_mag", "bp_rp", "parallax", "parallax_error")
    metadata = pd.concat([part.select(list(names)).to_pandas() for part in parts], ignore_index=True)
    return SpectrumSet(source_id, flux.astype(np.float64), metadata=metadata)


def row(name: str, spectra: SpectrumSet, verdict: Verdict, first: Verdict) -> dict[str, object]:
    """One line of the report."""
    known = np.isfinite(verdict.probability) & np.isfinite(first.probability)
    massive = (spectra.metadata["label"] == MASSIVE).to_numpy()
    figures = binary_metrics(massive[known], verdict.probability[known])
    difference = np.abs(verdict.probability - first.probability)[known]
    return {
        "spectra": name,
        "classified": int(known.sum()),
        "ROC-AUC": round(float(figures.roc_auc or np.nan), 4),
        "completeness": round(float(figures.completeness or np.nan), 4),
        "precision": round(float(figures.precision or np.nan), 4),
        "median change of the probability": round(float(np.median(difference)), 4),
        "label changes (%)": round(100 * float(np.mean(verdict.label[known] != first.label[known])), 2),
        "outside what was learnt (%)": round(100 * float(np.nanmean(verdict.ood_score > 1.0)), 2),
    }


if __name__ == "__main__":
    main()
