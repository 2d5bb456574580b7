"""`python -m core train`: the protocol from the command line."""

from pathlib import Path
from typing import Annotated

import typer

from core.errors import JobError, UsageError
from core.gaia.releases import find_release

EXIT_PARTLY_DONE = 3
N_SIMULATED = 23_636
"""As many as the study's stars."""


def train(
    out: Annotated[Path, typer.Option(help="Run folder; several networks get a folder each inside it.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Labelled spectra: any readable file with a column 'label'. Molecules: folder of the examples."
        ),
    ] = None,
    task: Annotated[str, typer.Option(help="'stars', or 'molecules' in simulated millimetre spectra.")] = "stars",
    n_spectra: Annotated[int, typer.Option(help="Molecules: spectra to simulate.", min=20)] = 1500,
    split: Annotated[str, typer.Option(help="Molecules: folds by 'spectrum', 'molecule' or 'band'.")] = "spectrum",
    instrument: Annotated[
        str | None,
        typer.Option(
            metavar="dr3|dr4",
            help="Release whose instrument the networks learn; without --data its training set is simulated.",
        ),
    ] = None,
    stars: Annotated[
        int, typer.Option(help="Stars of the simulated training set (without --data).", min=200)
    ] = N_SIMULATED,
    model: Annotated[str, typer.Option(help="Keys separated by commas, or 'all' (see `models`).")] = "cnn_2d",
    preset: Annotated[str, typer.Option(help="'study' (the published protocol) or 'quick' (minutes).")] = "study",
    folds: Annotated[int | None, typer.Option(help="Folds of the protocol (study 10, quick 5).")] = None,
    only_folds: Annotated[int | None, typer.Option(help="Train the first N folds only.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Upper limit of epochs (study 50, quick 15).")] = None,
    patience: Annotated[int | None, typer.Option(help="Epochs without progress before a fold stops.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Stars per step (study: as published).")] = None,
    peak_rate: Annotated[float | None, typer.Option(help="Peak of the one-cycle learning rate.")] = None,
    loss: Annotated[str | None, typer.Option(help="'balanced', 'focal', 'positive' or 'plain'.")] = None,
    positive_weight: Annotated[float | None, typer.Option(help="Weight of massive stars with --loss positive.")] = None,
    representation: Annotated[str | None, typer.Option(help="What the network sees, e.g. 'l2'.")] = None,
    context: Annotated[str | None, typer.Option(help="Context: 'log' or 'published', where one is taken.")] = None,
    validation: Annotated[str | None, typer.Option(help="'plain', 'sky' (blocks) or 'matched' (magnitude).")] = None,
    augment: Annotated[
        str | None, typer.Option(help="Add a changed copy of each star: 'noise', 'redden', 'both'.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Decides folds, initial weights and the order of stars.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the folds that the folder lacks.")] = False,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Also fit the baselines on the same folds (minutes).")
    ] = False,
    threads: Annotated[int | None, typer.Option(help="CPU threads (default: all of this process).")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Train as a job, folds in parallel: address of a Dask scheduler, or 'local' for this machine."
        ),
    ] = None,
) -> None:
    """Train networks fold by fold: every fold a fresh network, its best epoch kept, a test set that no fold sees.

    Needs a column 'label' ('massive' / 'low-mass'); a column 'part' ('train' / 'test') decides about the test set where
    there is one, otherwise a fifth is held out. What is finished survives an interruption: --resume goes on with it.
    An option beats the preset.
    """
    if task == "molecules":
        from core.commands.train_molecules import train_molecules

        train_molecules(
            out,
            model,
            n_spectra=n_spectra,
            n_folds=folds or 4,
            only_folds=only_folds,
            split=split,
            epochs=epochs or 6,
            batch_size=batch_size or 128,
            seed=1 if seed is None else seed,
            threads=threads,
            data=data,
        )
        return
    if task != "stars":
        raise UsageError(f"task {task!r} is unknown: expected --task stars or --task molecules")
    from core.datasets.simulated import simulated_training_set
    from core.datasets.training_data import read_training_data
    from core.runs.run import FINISHED
    from core.runs.settings import resolve_settings
    from core.training.devices import prepare_device
    from core.training.progress import TrainingProgress
    from core.training.train import chosen_models
    from core.training.train import train as run_training

    explicit = {
        "n_folds": folds,
        "only_folds": only_folds,
        "epochs": epochs,
        "patience": patience,
        "batch_size": batch_size,
        "peak_rate": peak_rate,
        "loss": loss,
        "positive_weight": positive_weight,
        "representation": representation,
        "context": context,
        "validation": validation,
        "augment": augment,
        "seed": seed,
    }
    choices = []
    for spec in chosen_models(model):
        own = {**explicit, "context": context if spec.has_context else None}
        choices.append((spec, resolve_settings(spec, preset, **own)))
    of = None if instrument is None else find_release(instrument).key
    if data is None:
        if of is None:
            raise UsageError("train needs --data, or --instrument to simulate a training set")
        data = simulated_training_set(of, stars, out)
        print(f"{data}: simulated training set of {find_release(of).name}'s instrument")
    table = read_training_data(data, of)
    print(f"{table.name}: {len(table)} stars, {int(table.label.sum())} massive", *table.notes, sep="; ")
    for spec, settings in choices:
        print(f"{spec.key}: " + ", ".join(f"{name} {value}" for name, value in settings.as_dict().items()))
    if scheduler is not None:
        _train_as_job(data, choices, out.resolve(), scheduler, baselines)
        return
    device = prepare_device(threads)
    print(f"on {device}")
    with TrainingProgress(choices) as progress:
        runs = run_training(
            table, choices, out, device=device, resume=resume, on_epoch=progress.epoch, on_fold=progress.fold
        )
    for trained in runs:
        print(_result_line(trained))
    if baselines:
        _fit_baselines(table, runs)
    if len(runs) < len(choices) or any(trained.run.state != FINISHED for trained in runs):
        raise typer.Exit(EXIT_PARTLY_DONE)


def _train_as_job(data: Path, choices: list, out: Path, scheduler: str, baselines: bool) -> None:
    """Queue the training, follow it to its end; the job outlives this command."""
    from core.jobs.follow import follow
    from core.jobs.job import FINISHED
    from core.jobs.launch import use_scheduler
    from core.training.job import submit_training

    use_scheduler("" if scheduler == "local" else scheduler)
    titles = ", ".join(spec.title for spec, _ in choices)
    job = submit_training(data, choices, out, f"{titles} on {data.name}", baselines=baselines)
    print(f"job {job.id}, in {out}; it goes on when this command is stopped")
    state = follow(job, print)
    if state.state != FINISHED:
        raise JobError(f"job {job.id} {state.state}: {state.message or 'stopped'}")


def _result_line(trained) -> str:
    run, figures = trained.run, trained.run.figures
    spread = figures.validation_accuracy_std
    parts = [
        f"{run.title}: {len(run.members)} members in {run.seconds:.0f} s",
        f"validation accuracy {figures.validation_accuracy:.4f}" + ("" if spread is None else f" ± {spread:.4f}"),
    ]
    if figures.test_accuracy is not None:
        parts.append(f"test accuracy {figures.test_accuracy:.4f}, ROC-AUC {figures.test_roc_auc:.4f}")
    return ", ".join([*parts, f"in {trained.folder}"])


def _fit_baselines(table, runs) -> None:
    from core.training.baselines import fit_baselines

    for trained in runs:
        for name, figures in fit_baselines(table, trained.folder).items():
            print(f"baseline {name}: validation accuracy {figures['validation_accuracy']:.4f}")
        break  # all networks of one call stand on the same folds
