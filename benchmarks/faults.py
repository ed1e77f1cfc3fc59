"""Runs that are killed at random moments, and resumed: is anything lost, torn or made twice?

    python benchmarks/faults.py --times 20 --json faults.json

Each time, a small suite is started, and three times a victim is killed with SIGKILL: the run
itself, or a worker that trains. What is dead is started again. Where Ray is installed, the last of
the runs is on a cluster of two nodes and loses one of them (`lost_node.py`). In the end the Records
have to be those of a run that nobody disturbed, but for seconds, memory and environment; no file
may be torn, no temporary file left and no process alive.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import psutil
import typer

from kansci.ledger import load_records
from kansci.record import Record

Processes = list[psutil.Process]
WORDS = ("run", "--suite", "demo", "--task", "feynman27/*", "--model", "mlp-silu", "--model", "kan")
SURE = ("--workers", "2", "--no-mlflow", "--out", "records")
KILLS = 3
PATIENCE = 120.0  # seconds that a run may take to begin, or to end
SOON = 10.0  # seconds in which what a dead run leaves behind has to die as well


def workers_of(run: psutil.Process) -> Processes:
    """Grandchildren of a run: a server, which knows no task, forks them."""
    return [child for server in run.children() for child in server.children()]


VICTIMS: dict[str, Callable[[psutil.Process], Processes]] = {
    "run": lambda run: [run],
    "worker": workers_of,
}


class Outcome(NamedTuple):
    """What became of a run that was disturbed; all but `killed` and `seconds` should be 0."""

    killed: dict[str, int]
    seconds: float
    failed: int  # exit codes of the last run
    lost: int  # Records that are missing
    changed: int  # Records with other numbers
    twice: int  # Records beyond the first of a key
    unknown: int  # Records that nobody asked for
    torn: int  # files that are no Record
    leftovers: int  # temporary files
    orphans: int  # processes that outlived their run

    @property
    def sound(self) -> bool:
        return not any(self[2:])


def start(words: tuple[str, ...], folder: Path) -> psutil.Popen:
    """The command in a process of its own, silent."""
    command = [sys.executable, "-m", "kansci", *words, *SURE]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return psutil.Popen(command, cwd=folder, **silent)


def trains(run: psutil.Popen, folder: Path, records: int = 0) -> bool:
    """Waits until a run has a worker, and its folder so many Records; false if it ends before."""
    deadline = time.monotonic() + PATIENCE
    while run.poll() is None and time.monotonic() < deadline:
        try:
            if workers_of(run) and len(list(folder.rglob("*.json"))) >= records:
                return True
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.01)
    return False


def undisturbed(folder: Path, words: tuple[str, ...] = WORDS) -> tuple[list[Record], float]:
    """The Records as they should be, and for how many seconds a run trains."""
    run = start(words, folder)
    trains(run, folder)
    begun = time.monotonic()
    if code := run.wait(PATIENCE):
        raise RuntimeError(f"a run that nobody disturbed ends with exit code {code}")
    return records_in(folder), time.monotonic() - begun


def records_in(folder: Path) -> list[Record]:
    """All of them."""
    return [one for one in load_records(folder / "records") if isinstance(one, Record)]


def disturbed(
    folder: Path,
    expected: list[Record],
    moments: random.Random,
    lasts: float,
    words: tuple[str, ...] = WORDS,
    kills: int = KILLS,
) -> Outcome:
    """Kills and resumes, then looks at what is there.

    The first kill comes as soon as something trains, the next of three once a third of the Records
    is there, the last after two thirds, each some time later. A job whose worker is killed twice in
    one run is given up, and rightly so: after a worker the run itself is next.

    Args:
        moments: when, and whom; the same generator kills alike, as far as a machine repeats itself.
        lasts: seconds that a run trains.
    """
    begun = time.monotonic()
    killed: Counter[str] = Counter()
    family: Processes = []
    run, spared = start(words, folder), True
    for number in range(kills):
        if run.poll() is not None:
            run, spared = start(words, folder), True
        if not trains(run, folder, number * len(expected) // kills):
            continue
        time.sleep(moments.uniform(0, lasts / kills / 2))
        victim = moments.choice(list(VICTIMS)) if spared else "run"
        spared = victim == "run"
        found = relatives(run)
        family += found
        killed[victim] += kill(victim, run)
        if victim == "run":
            run.wait(PATIENCE)
            settle(found)
    if run.poll() is None:
        run.wait(PATIENCE)
    code = start(words, folder).wait(PATIENCE)  # completes what is missing, and tidies
    orphans = len(alive(family))
    return judged(folder, expected, dict(killed), time.monotonic() - begun, code, orphans)


def relatives(run: psutil.Popen) -> Processes:
    """All processes below a run, if it still is one."""
    try:
        return run.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def alive(processes: Processes) -> Processes:
    """Those that still do something; a dead one that nobody asks after does not."""

    def lives(one: psutil.Process) -> bool:
        with suppress(psutil.NoSuchProcess):
            return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
        return False

    return list(filter(lives, processes))


def settle(processes: Processes) -> None:
    """Gives what a dead run leaves behind the time to die as well."""
    deadline = time.monotonic() + SOON
    while alive(processes) and time.monotonic() < deadline:
        time.sleep(0.05)


def kill(victim: str, run: psutil.Popen) -> bool:
    """Kills one of the victims; false if there is none any more."""
    try:
        found = VICTIMS[victim](run)
        if found:
            found[0].kill()
    except psutil.NoSuchProcess:
        return False
    return bool(found)


def judged(
    folder: Path,
    expected: list[Record],
    killed: dict[str, int],
    seconds: float,
    code: int,
    orphans: int,
) -> Outcome:
    """What is there against what should be."""
    home = folder / "records"
    torn = 0
    found: list[Record] = []
    for path in home.rglob("*.json"):
        try:
            found.append(Record.model_validate_json(path.read_text(encoding="utf-8")))
        except ValueError:
            torn += 1
    here, wanted = numbers(found), numbers(expected)
    return Outcome(
        killed=killed,
        seconds=seconds,
        failed=int(code != 0),
        lost=len(wanted.keys() - here.keys()),
        changed=sum(here[key] != wanted[key] for key in wanted.keys() & here.keys()),
        twice=len(found) - len(here),
        unknown=len(here.keys() - wanted.keys()),
        torn=torn,
        leftovers=len([path for path in home.rglob(".*") if path.is_file()]),
        orphans=orphans,
    )


def numbers(records: list[Record]) -> dict[str, str]:
    """By key, all but what no two runs share."""
    apart = {"seconds", "memory", "environment"}
    return {record.key: record.model_dump_json(exclude=apart) for record in records}


def main(
    times: Annotated[int, typer.Option(min=1, help="Runs that are disturbed.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the moments and the victims.")] = 0,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write what was found into this file.")
    ] = None,
) -> None:
    """Kill runs at random moments, resume them, and count what is wrong afterwards."""
    import lost_node  # which builds on this file

    nodes = 1 if lost_node.possible() else 0
    if not nodes:
        typer.echo('no Ray here, so that no node is lost: pip install "kansci[ray]" for that')
    moments = random.Random(seed)
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        expected, lasts = undisturbed(Path(folder))
        typer.echo(f"{len(expected)} Records in {lasts:.1f} s of training, undisturbed")
    typer.echo("time  " + "  ".join(Outcome._fields))
    for number in range(1, times + 1):
        broken = lost_node.disturbed if number > times - nodes else disturbed
        with tempfile.TemporaryDirectory() as folder:
            outcomes.append(broken(Path(folder), expected, moments, lasts))
        typer.echo(f"{number:4d}  {row(outcomes[-1])}")
    summary = total(outcomes, len(expected))
    typer.echo(json.dumps(summary))
    if as_json:
        text = {**summary, "outcomes": [one._asdict() for one in outcomes]}
        as_json.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    if not all(one.sound for one in outcomes):
        raise typer.Exit(1)


def row(one: Outcome) -> str:
    """A line of the table, each value below its heading."""
    killed = ",".join(f"{n} {who}" for who, n in one.killed.items()) or "none"
    values = [killed, f"{one.seconds:.0f}", *map(str, one[2:])]
    return "  ".join(
        value.rjust(len(name)) for name, value in zip(Outcome._fields, values, strict=True)
    )


def total(outcomes: list[Outcome], records: int) -> dict[str, Any]:
    """Over all times."""
    killed = sum((Counter(one.killed) for one in outcomes), Counter())
    sums = {name: sum(getattr(one, name) for one in outcomes) for name in Outcome._fields[2:]}
    sound = sum(one.sound for one in outcomes)
    head = {"times": len(outcomes), "sound": sound, "records": records, "killed": dict(killed)}
    return head | sums


if __name__ == "__main__":
    sys.modules["faults"] = sys.modules["__main__"]  # one module, whoever imports it
    typer.run(main)
