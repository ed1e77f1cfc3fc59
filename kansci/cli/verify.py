"""`kansci verify`: whether a submission's Records are what its source gives, from any seeds."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from kansci.api import rank
from kansci.cli.listing import Json
from kansci.cli.progress import Bar
from kansci.cli.run import at_a_time
from kansci.cli.selection import writable
from kansci.cli.verified import show
from kansci.engine import warm_up
from kansci.errors import UserError
from kansci.ledger import write_atomically
from kansci.models import list_models
from kansci.record import Record
from kansci.sandbox import available
from kansci.submission.bundle import read
from kansci.submission.ledger import load_ledger
from kansci.suite import limits_of
from kansci.verification.audit import FIRST_FIVE, USUAL, YARDSTICKS, Plan, draw
from kansci.verification.judging import judge
from kansci.verification.results import Results, read_plan
from kansci.verification.running import look, train
from kansci.verification.subject import Subject, of_zoo, submitted
from kansci.verification.trainings import trainings
from kansci.verification.verdict import Verification

VARIABLE = "KANSCI_VERIFY_SECRET"
FLAGGED = 3  # exit code
PlanOut = Annotated[Path | None, typer.Option(help="Only draw: write the plan to this file.")]
PlanIn = Annotated[Path | None, typer.Option(help="Only run this plan, into --out.")]
PlanRun = Annotated[Path | None, typer.Option(help="Only judge what running this plan gave.")]


def verify(
    name: Annotated[str, typer.Argument(help="A bundle's name; a zoo model's with --records.")],
    draw: PlanOut = None,
    run: PlanIn = None,
    judge: PlanRun = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of results; by default one that is thrown away.")
    ] = None,
    secret: Annotated[
        Path | None, typer.Option(help=f"With --draw: file of the secret; else ${VARIABLE}.")
    ] = None,
    models: Annotated[Path, typer.Option(help="Folder of bundles.")] = Path("leaderboards/models"),
    records: Annotated[
        Path | None, typer.Option(help="Of a zoo model: the folder of its Records.")
    ] = None,
    suite: Annotated[
        str | None, typer.Option(help="Of a zoo model: whose Records; by default most of them.")
    ] = None,
    deep: Annotated[
        bool | None,
        typer.Option(help="20 tasks x 5 seeds, not 12 x 3; by default for the first five."),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Jobs at a time; by default cores.")] = None,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Run submitted code though nothing isolates it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a submission again from secret seeds and say whether its Records can be believed.

    Compares secret with submitted seeds by a t-test, chooses rates again, learns variants of the
    tasks, reloads networks in fresh processes, recounts their numbers, scans the source and times
    the model. Exit code 0: verified; 3: flagged; 2: wrong input.

    In three steps, --draw needs the secret and runs nothing submitted, --run runs submitted code
    and must not have the secret, --judge needs neither. Without them all three happen here, with
    a secret of this moment.
    """
    torch.set_num_threads(1)
    if sum(step is not None for step in (draw, run, judge)) > 1:
        raise UserError("verify: want one of --draw, --run and --judge, or none of them")
    if draw is None and (secret is not None or VARIABLE in os.environ):
        raise UserError(
            f"verify: a secret is for --draw alone, which runs nothing submitted; unset {VARIABLE} "
            "and leave out --secret"
        )
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    subject = subject_of(name, models, records, suite)
    if draw is not None:
        plan = drawn(subject, models, records, read_secret(secret), deep)
        write_atomically(draw, plan.model_dump_json(indent=1) + "\n")
        console.print(f"{draw}: {len(plan.audited)} cells x {len(plan.seeds)} seeds; then --run")
        return
    with ExitStack() as stack:
        if out is None:
            if run or judge:
                raise UserError("verify: want --out FOLDER with --run and --judge")
            out = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kansci-verify-")))
        results = Results(writable(out))
        given = run or judge
        plan = (
            read_plan(given)
            if given
            else drawn(subject, models, records, secrets.token_bytes(32), deep)
        )
        if judge is None:
            performed(plan, subject, results, workers, console, unsafe=unsafe)
        if run is None:
            report(judged(plan, subject, results), subject, results, as_json=as_json)


def subject_of(name: str, models: Path, records: Path | None, suite: str | None) -> Subject:
    """A bundle by its name or, where a folder of Records is named, a model of the zoo.

    Raises:
        UserError: if there is neither.
    """
    if records is not None:
        return of_zoo(name, records, suite)
    if suite is not None:
        raise UserError("--suite is of a zoo model with --records; a bundle says which it is of")
    if not (models / name).is_dir() and name in list_models():
        raise UserError(
            f"{name} is a model of the zoo: say where its Records are, --records FOLDER"
        )
    return submitted(read(models / name))


def read_secret(file: Path | None) -> bytes:
    """Of a file, else of the environment.

    Raises:
        UserError: if there is none.
    """
    if file is None:
        if not (text := os.environ.get(VARIABLE, "")):
            raise UserError(f"--draw: want a secret, --secret FILE or ${VARIABLE}, got none")
        return text.strip().encode()
    try:
        return file.read_bytes().strip()
    except OSError as error:
        raise UserError(f"{file}: want the secret, got: {error.strerror}") from error


def drawn(
    subject: Subject, models: Path, records: Path | None, secret: bytes, deep: bool | None
) -> Plan:
    """The plan; deep, unless it is said, for who would be among the first five for accuracy."""
    if deep is None:
        others = load_ledger(records or models.parent)
        rest = [one for one in others if one.model != subject.name]
        rows = rank("accuracy", [*rest, *subject.records])
        deep = subject.name in [row.model for row in rows[:5]]
    return draw(
        subject.records,
        name=subject.name,
        bundle=subject.bundle,
        secret=secret,
        depth=FIRST_FIVE if deep else USUAL,
        yardsticks=[one for one in YARDSTICKS if one != subject.name],
    )


def performed(
    plan: Plan,
    subject: Subject,
    results: Results,
    workers: int | None,
    console: Console,
    *,
    unsafe: bool,
) -> None:
    """Runs a plan; what the folder of results has already is not trained again.

    Raises:
        UserError: for submitted code where nothing isolates it, unless that is wanted.
    """
    if subject.file is not None:
        console.print(available().sentence)
        if not available().isolated and not unsafe:
            raise UserError(
                f"{subject.name}: want bubblewrap around submitted code; install it "
                "(apt install bubblewrap), or accept the risk with --unsafe"
            )
    warm_up()
    hands = at_a_time(workers, torch.device("cpu"))
    every, suite = trainings(plan, subject, results), limits_of(plan.suite)
    jobs = [job for one in every for job in one.work.jobs]
    wanted = sum(len(one.work.missing) for one in every)
    console.print(
        f"{plan.name}: {len(plan.audited)} cells x {len(plan.seeds)} seeds, {wanted} Records to do"
    )
    with Bar(console, jobs, wanted) as bar:
        for one in every:
            made = train(one, suite, results, workers=hands, progress=bar.step, note=bar.note)
            with closing(made):
                for record in made:
                    what = f"{one.group}: {record.model} on {record.name}, {record.budget}"
                    bar.finish(what, record.status, record.reason)
        look(plan, subject, results, say=bar.say)


def judged(plan: Plan, subject: Subject, results: Results) -> Verification:
    """The verdict of what a folder of results holds."""
    names = ("secret", "retuned", "variants", "yardsticks")
    groups: dict[str, list[Record]] = {name: results.records(name) for name in names}
    return judge(plan, subject, groups, results.apart())


def report(found: Verification, subject: Subject, results: Results, *, as_json: bool) -> None:
    """Writes the verdict, says it, and exits with 3 if it is flagged."""
    text = found.model_dump_json(indent=1) + "\n"
    for path in (results.folder / "verification.json", subject.claimed):
        if path is not None:
            write_atomically(path, text)
    if as_json:
        typer.echo(text, nl=False)
    else:
        show(found)
        if subject.claimed is not None:
            typer.echo(f"{subject.claimed} says so.")
    if found.status == "flagged":
        raise typer.Exit(FLAGGED)
