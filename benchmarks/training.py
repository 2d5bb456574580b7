"""Seconds per epoch of the ten networks, beside the same layers in PyTorch eager on the CPU.

    python -m benchmarks.training [--models deep,cnn] [--threads 2]

Paired: for every network and batch size ours and PyTorch's turn follow each other, each in a process of its own with
the same threads. A turn trains on random numbers (forward, backward, AdamW): a whole epoch of 18,908 spectra, for the
slow networks 2,048 spectra, whose processor and wall time are scaled to an epoch. Ours also shuffles, validates on a
few spectra and keeps loss and accuracy, PyTorch repeats one batch: its figures are lower limits. Without PyTorch its
columns stay empty.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time

from benchmarks.report import write_table
from models.registry import MODELS, model_spec

N_SPECTRA = 18_908
BIGGER_BATCHES = (256, 1024)
_SLOW = ("fcn", "stellarnet", "cnn_gru", "cnn_lstm", "cnn_attention")
_SLOW_SPECTRA = 2_048
_WARM_UP, _N_VALIDATION = 2, 16


def main() -> None:
    """Measure every network at the study's batch size and larger ones, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(spec.key for spec in MODELS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turn", nargs=3, metavar=("PEER", "KEY", "BATCH"), help="One turn; prints JSON.")
    arguments = parser.parse_args()
    if arguments.turn:
        peer, key, batch = arguments.turn
        print(json.dumps((_ours if peer == "ours" else _torch)(key, int(batch), arguments.threads)))
        return
    load = os.getloadavg()[0]
    peers = ["ours", *(["torch"] if importlib.util.find_spec("torch") else [])]
    rows = [_row(key, peers, arguments.threads) for key in arguments.models.split(",")]
    command = f"python -m benchmarks.training --models {arguments.models}"
    lines = [
        f"Seconds per epoch of {N_SPECTRA:,} spectra on {arguments.threads} CPU threads (slow networks: scaled from "
        f"{_SLOW_SPECTRA:,}): wall time, in brackets processor time (what the machine's other users change less). "
        "Best: the fastest "
        f"of the study's batch size and {', '.join(map(str, BIGGER_BATCHES))}; the ratios are of wall time. Load "
        f"average {load:.1f} at the start.{_median(rows)}",
        f"`{command} --threads {arguments.threads}`",
    ]
    write_table("training", "Training speed", lines, rows, packages=("keras", "tensorflow-cpu", "torch"))


def _row(key: str, peers: list[str], threads: int) -> dict[str, object]:
    study = model_spec(key).batch_size
    batches = (study, *BIGGER_BATCHES)
    found = {(peer, batch): _turn(peer, key, batch, threads) for batch in batches for peer in peers}
    best = {peer: min(batches, key=lambda batch: found[peer, batch]["wall"]) for peer in peers}
    row: dict[str, object] = {"network": key, "batch": study, "ours": _text(found["ours", study])}
    row["PyTorch"] = _text(found["torch", study]) if "torch" in peers else ""
    row |= {"ours, best": f"{_text(found['ours', best['ours']])} at {best['ours']}"}
    row["PyTorch, best"] = f"{_text(found['torch', best['torch']])} at {best['torch']}" if "torch" in peers else ""
    if "torch" in peers:
        ours = found["ours", best["ours"]]["wall"]
        row["best / best"] = ours / found["torch", best["torch"]]["wall"]
        row["study's way / our best"] = found["torch", study]["wall"] / ours
    return row


def _median(rows: list[dict[str, object]]) -> str:
    ratios = [float(str(row["study's way / our best"])) for row in rows if "study's way / our best" in row]
    return (
        f" Our best is {statistics.median(ratios):.2f} times as fast as the study's way in the median."
        if ratios
        else ""
    )


def _text(seconds: dict[str, float]) -> str:
    return f"{seconds['wall']:.3g} ({seconds['cpu']:.3g})"


def _turn(peer: str, key: str, batch: int, threads: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.training", "--turn", peer, key, str(batch)]
    command += ["--threads", str(threads)]
    reply = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = json.loads(reply.stdout.splitlines()[-1])
    print(f"{key} {peer} batch {batch}: {_text(seconds)}", flush=True)
    return seconds


def _steps(key: str, batch: int) -> int:
    return -(-(_SLOW_SPECTRA if key in _SLOW else N_SPECTRA) // batch)


def _per_epoch(cpu: float, wall: float, n_stars: int) -> dict[str, float]:
    return {"cpu": cpu * N_SPECTRA / n_stars, "wall": wall * N_SPECTRA / n_stars}


def _ours(key: str, batch: int, threads: int) -> dict[str, float]:
    import numpy as np

    from core.runs.settings import resolve_settings
    from core.training.devices import prepare_device
    from core.training.fit import fit_member

    prepare_device(threads)
    spec = model_spec(key)
    rng = np.random.default_rng(0)
    n_stars = _steps(key, batch) * batch
    inputs = [rng.normal(0, 0.05, (n_stars, 343)).astype("f4"), rng.normal(0, 1, (n_stars, 2)).astype("f4")]
    inputs, label = inputs[: len(spec.inputs)], np.arange(n_stars) % 2
    marks: list[tuple[float, float]] = []
    fit_member(
        spec,
        (inputs, label),
        ([values[:_N_VALIDATION] for values in inputs], label[:_N_VALIDATION]),
        resolve_settings(spec, "quick", batch_size=batch, epochs=3, patience=3),
        0,
        on_epoch=lambda event: marks.append((time.process_time(), time.perf_counter())),
    )
    (cpu, wall), (cpu_end, wall_end) = marks[1], marks[2]  # the first epoch traces the network
    return _per_epoch(cpu_end - cpu, wall_end - wall, n_stars)


def _torch(key: str, batch: int, threads: int) -> dict[str, float]:
    import torch

    from benchmarks.torch_networks import build

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    spec, network = model_spec(key), build(key)
    n_parameters = sum(values.numel() for values in network.parameters() if values.requires_grad)
    assert n_parameters == spec.published_parameters, f"{key}: {n_parameters}"
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01)
    loss_of = torch.nn.BCEWithLogitsLoss()
    flux, context = torch.randn(batch, 343) * 0.05, torch.randn(batch, 2)
    inputs = (flux, context)[: len(spec.inputs)]
    label = (torch.arange(batch) % 2).float()[:, None]
    cpu, wall, steps = 0.0, 0.0, _steps(key, batch)
    for step in range(_WARM_UP + steps):
        if step == _WARM_UP:
            cpu, wall = time.process_time(), time.perf_counter()
        optimiser.zero_grad()
        loss_of(network(*inputs), label).backward()
        optimiser.step()
    return _per_epoch(time.process_time() - cpu, time.perf_counter() - wall, batch * steps)


if __name__ == "__main__":
    main()
