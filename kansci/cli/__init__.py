"""The command line: a thin shell, one file a command."""

from __future__ import annotations

import sys

import typer

from kansci.cli import board, listing, run, ui
from kansci.errors import UserError

HELP = """The neutral benchmark of Kolmogorov-Arnold networks.

kansci trains KAN variants and MLPs on the same tasks, within the same number of parameters and
with the same work, and ranks them by accuracy, parameter efficiency, speed and forgetting.

A first look: `kansci run --suite demo`. All of it in a few minutes: `kansci run`. Then `kansci
board` shows the leaderboards and `kansci ui` every training in MLflow.
"""

app = typer.Typer(
    name="kansci",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run.run, board.board, listing.tasks, listing.models, ui.ui):
    app.command()(command)


def main() -> None:
    """Runs the command line; what the user can mend is one line and exit code 2."""
    try:
        app()
    except UserError as error:
        sys.stderr.write(f"kansci: {error}\n")
        sys.exit(2)
    except BrokenPipeError:  # `kansci tasks | head`
        sys.stderr.close()
        sys.exit(141)
