"""The commands of `python -m core`, one module each; this table is their order in the help."""

COMMANDS: tuple[tuple[str, str, str], ...] = (
    # command name, module, function
)
