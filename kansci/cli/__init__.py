"""The command line: a thin shell, one file a command."""

from __future__ import annotations

import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from kansci.errors import UserError, one_line

HELP = """The neutral benchmark of Kolmogorov-Arnold networks.

kansci trains KAN variants and MLPs on the same tasks, within the same number of parameters and
with the same work, and ranks them by accuracy, parameter efficiency, speed and forgetting.

A first look: `kansci run --suite demo`. All of it in a few minutes: `kansci run`. Then `kansci
board` shows the leaderboards and `kansci ui` every training in MLflow.
"""
COMMANDS = {  # name, module of this package, and the first line of its help
    "run": ("run", "Run a suite: train, judge, log to MLflow, show the leaderboards."),
    "status": ("status", "Say what is done, what is missing and what failed, and why."),
    "merge": ("merge", "Join folders of Records, of shards or of several machines."),
    "reproduce": ("reproduce", "Run one Record again and say whether its numbers come back."),
    "speed": (
        "speed",
        "Time networks beside the MLP, one plain network on one thread, alone on the machine.",
    ),
    "recover": ("recover", "Read formulas off trained networks and compare them with the truth."),
    "board": ("board", "Show the leaderboards, or write them as Markdown, CSV, LaTeX and figures."),
    "plot": ("plot", "Draw one figure, as SVG and as PNG."),
    "compare": ("compare", "Compare two models task by task, or a model with published numbers."),
    "cite": ("cite", "Print BibTeX of kansci, and of the sources of models and tasks."),
    "claims": ("claims", "List published claims beside what we measured, or measure them again."),
    "site": ("site", "Write boards, models, tasks and claims as pages that need no server."),
    "tasks": (
        "listing",
        "List the tasks: what is to be learned, in how many stages, with which derivatives.",
    ),
    "models": (
        "listing",
        "List the models, with their trainable numbers at each budget (for 2 inputs, 1 output).",
    ),
    "new": ("new", "Write a file with a small network of your own, to be changed and run."),
    "check": (
        "check",
        "Check that networks and tasks keep the laws that the benchmark relies on.",
    ),
    "submit": (
        "submit",
        "Write the bundle of a model for a pull request, and print the commands that open one.",
    ),
    "verify": (
        "verify",
        "Train a submission again from secret seeds and say whether its Records can be believed.",
    ),
    "sync": (
        "sync",
        "Push Records and boards to an MLflow store; what is there already is left alone.",
    ),
    "ui": ("ui", "Browse Records and boards in MLflow; Ctrl-C stops."),
}


class Commands(TyperGroup):
    """Loads a command when it is called: torch takes seconds to load, and help needs none."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else loaded(name), rest


def loaded(name: str) -> Any:
    """The command of that name, with its options."""
    alone = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    alone.command(name)(getattr(import_module(f"kansci.cli.{COMMANDS[name][0]}"), name))
    return typer.main.get_command(alone)


app = Commands(
    name="kansci",
    help=HELP,
    commands={name: TyperCommand(name, help=about) for name, (_, about) in COMMANDS.items()},
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Runs the command line; what the user can mend is one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a sign that the terminal lacks ends no command
            stream.reconfigure(errors="replace")
    try:
        app()
    except UserError as error:
        refuse(str(error))
    except BrokenPipeError:  # `kansci tasks | head`
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        if error.filename is None:
            raise
        refuse(f"{error.filename}: want a place that can be read and written: {error.strerror}")


def refuse(reason: str) -> NoReturn:
    """One line, and the exit code of what the user can mend."""
    sys.stderr.write(f"kansci: {one_line(reason)}\n")
    sys.exit(2)
