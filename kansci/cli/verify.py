"""`kansci verify`: whether a submission's Records are what its source gives, from any seeds."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from kansci.cli.audits import VARIABLE, Audit, Source, audits, drawn, read_secret
from kansci.cli.listing import Json
from kansci.cli.progress import Bar
from kansci.cli.run import at_a_time
from kansci.cli.selection import writable
from kansci.cli.verified import show
from kansci.engines.engine import warm_up
from kansci.errors import UserError
from kansci.ledger import write_atomically
from kansci.record import Record
from kansci.sandbox import available
from kansci.suite import limits_of
from kansci.verification.judging import judge as judged
from kansci.verification.results import Results, read_plan
from kansci.verification.running import begin, look, train
from kansci.verification.trainings import trainings
from kansci.verification.verdict import Verification

FLAGGED = 3  # exit code
PlanOut = Annotated[Path | None, typer.Option(help="Only draw: write the plan to this file.")]
PlanIn = Annotated[Path | None, typer.Option(help="Only run this plan, into --out.")]
PlanRun = Annotated[Path | None, typer.Option(help="Only judge what running this plan gave.")]


def verify(
    names: Annotated[
        list[str], typer.Argument(help="Names of bundles; of zoo models with --records.")
    ],
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
        Path | None, typer.Option(help="Of zoo models: the folder of their Records.")
    ] = None,
    suite: Annotated[
        str | None, typer.Option(help="Of zoo models: whose Records; by default most of them.")
    ] = None,
    deep: Annotated[
        bool | None,
        typer.Option(help="20 tasks x 5 seeds, not 12 x 3; by default for the first five."),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Jobs at a time; by default cores.")] = None,
    unsafe: Annotated[
        bool,
        typer.Option(
            "--unsafe", help="Run submitted code though nothing isolates it; never verifies it."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a submission again from secret seeds and say whether its Records can be believed.

    Compares secret with submitted seeds by a t-test, chooses rates again, learns variants of the
    tasks, reloads networks in fresh processes, recounts their numbers, scans the source and times
    the model. Exit code 0: verified; 3: flagged; 2: wrong input.

    Several names are drawn together, so that what yardsticks learn is learned once. Interrupted,
    the same command with the same --out goes on.

    In three steps, --draw needs the secret and runs nothing submitted, --run runs submitted code
    and must not have the secret, --judge needs neither. Without them all three happen here, with
    a secret of this moment.
    """
    torch.set_num_threads(1)
    names = list(dict.fromkeys(names))
    steps = [step for step in (draw, run, judge) if step is not None]
    if len(steps) > 1:
        raise UserError("verify: want one of --draw, --run and --judge, or none of them")
    if steps and len(names) > 1:
        raise UserError(f"verify: want one name for a step of its own, got {len(names)}")
    if draw is None and (secret is not None or VARIABLE in os.environ):
        raise UserError(
            f"verify: a secret is for --draw alone, which runs nothing submitted; unset {VARIABLE} "
            "and leave out --secret"
        )
    if out is None and (run or judge):
        raise UserError("verify: want --out FOLDER with --run and --judge")
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    source = Source(models, records, suite)
    subjects = [source.subject(name) for name in names]
    if draw is not None:
        plan = drawn(subjects[0], source, read_secret(secret), deep)
        write_atomically(draw, plan.model_dump_json(indent=1) + "\n")
        console.print(f"{draw}: {len(plan.audited)} cells x {len(plan.seeds)} seeds; then --run")
        return
    verdicts = []
    with ExitStack() as stack:
        if out is None:
            out = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kansci-verify-")))
        if given := run or judge:
            every = [Audit(subjects[0], read_plan(given), Results(writable(out)))]
        else:
            every = list(audits(subjects, source, out, deep))
        for one in every:
            if judge is None:
                performed(one, workers, console, unsafe=unsafe)
            if run is None:
                verdicts.append(reported(one, quiet=as_json))
    if verdicts and as_json:
        shown = [json.loads(found.model_dump_json()) for found in verdicts]
        typer.echo(json.dumps(shown if len(names) > 1 else shown[0], indent=1))
    flagged = [found.name for found in verdicts if found.status == "flagged"]
    if len(names) > 1 and not as_json:
        typer.echo(f"{len(names) - len(flagged)} verified, {len(flagged)} flagged")
    if flagged:
        raise typer.Exit(FLAGGED)


def performed(audit: Audit, workers: int | None, console: Console, *, unsafe: bool) -> None:
    """Runs a plan; what the folder of results has already is not trained again.

    Nor is anything, where it would be flagged whatever came of it.

    Raises:
        UserError: for the plan of another bundle, or submitted code where nothing isolates it,
            unless that is wanted.
    """
    subject, plan, results = audit
    if subject.file is not None:
        console.print(available().sentence)
        if not available().isolated and not unsafe:
            raise UserError(
                f"{subject.name}: want bubblewrap around submitted code; install it "
                "(apt install bubblewrap), or accept the risk with --unsafe"
            )
    if refused := begin(plan, subject, results):
        console.print(f"Nothing is trained: {refused}")
        return
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


def reported(audit: Audit, *, quiet: bool) -> Verification:
    """The verdict of what a folder of results holds, written there and beside the bundle."""
    subject, plan, results = audit
    names = ("secret", "retuned", "variants", "yardsticks")
    groups: dict[str, list[Record]] = {name: results.records(name) for name in names}
    found = judged(plan, subject, groups, results.apart())
    text = found.model_dump_json(indent=1) + "\n"
    for path in (results.folder / "verification.json", subject.claimed):
        if path is not None:
            write_atomically(path, text)
    if not quiet:
        show(found)
        if subject.claimed is not None:
            typer.echo(f"{subject.claimed} says so.")
    return found
