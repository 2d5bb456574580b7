"""The commands of `python -m core`, one module each; this table is their order in the help."""

COMMANDS: tuple[tuple[str, str, str], ...] = (
    # command name, module, function
    ("atmosphere", "core.commands.atmosphere", "atmosphere"),
    ("atmosphere-grid", "core.commands.atmosphere_grid", "atmosphere_grid"),
    ("simulate", "core.commands.simulate", "simulate"),
    ("calibrate", "core.commands.calibrate", "calibrate"),
    ("models", "core.commands.models", "models"),
    ("train", "core.commands.train", "train"),
    ("classify", "core.commands.classify", "classify"),
    ("fit", "core.commands.fit", "fit"),
    ("survey", "core.commands.survey", "survey"),
    ("survey-report", "core.commands.survey_report", "survey_report"),
    ("techniques", "core.commands.techniques", "techniques"),
    ("runs", "core.commands.runs", "runs"),
    ("compare", "core.commands.compare", "compare"),
    ("evaluate", "core.commands.evaluate", "evaluate"),
    ("audit", "core.commands.audit", "audit"),
    ("explain", "core.commands.explain", "explain"),
    ("star", "core.commands.star", "star"),
    ("cluster", "core.commands.cluster", "cluster"),
    ("animate", "core.commands.animate", "animate"),
    ("molecules", "core.commands.molecules", "molecules"),
    ("archive", "core.commands.archive", "archive"),
    ("fetch", "core.commands.fetch", "fetch"),
    ("known-stars", "core.commands.known_stars", "known_stars"),
    ("build-dataset", "core.commands.build_dataset", "build"),
)
