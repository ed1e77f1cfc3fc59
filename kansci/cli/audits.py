"""What `kansci verify` is about: whose Records, by which plans, and where results lie."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from kansci.api import rank
from kansci.cli.selection import writable
from kansci.errors import UserError
from kansci.ledger import AnyRecord, write_atomically
from kansci.models import list_models
from kansci.statistics.standing import sliced
from kansci.submission.bundle import read
from kansci.submission.ledger import LEDGER, LEDGERS, MODELS, load_ledger
from kansci.verification.audit import FIRST_FIVE, USUAL, YARDSTICKS, Plan, draw, lot_of
from kansci.verification.results import Results, read_plan
from kansci.verification.subject import Subject, of_zoo, submitted

VARIABLE = "KANSCI_VERIFY_SECRET"


class Audit(NamedTuple):
    """One subject, how it is verified, and where what is found lies."""

    subject: Subject
    plan: Plan
    results: Results


class Source(NamedTuple):
    """Where subjects are.

    Attributes:
        models: the folder of bundles.
        records: that of a zoo model's Records; `None`: names are of bundles.
        suite: of a zoo model, which of them.
    """

    models: Path
    records: Path | None
    suite: str | None

    def subject(self, name: str) -> Subject:
        """A bundle by its name or, where a folder of Records is named, a model of the zoo.

        Raises:
            UserError: if there is neither.
        """
        if self.records is not None:
            return of_zoo(name, self.records, self.suite)
        if self.suite is not None:
            raise UserError(
                "--suite is of a zoo model with --records; a bundle says which it is of"
            )
        if not (self.models / name).is_dir() and name in list_models():
            raise UserError(
                f"{name} is a model of the zoo: say where its Records are, --records FOLDER"
            )
        return submitted(read(self.models / name))

    def first_five(self, subject: Subject) -> bool:
        """Whether its Records would be among the first five for accuracy."""
        others = _everybody((self.records or self.models.resolve().parent).resolve())
        rest = sliced([one for one in others if one.model != subject.name], suites=[subject.suite])
        rows = rank("accuracy", [*rest, *subject.records])
        return any(row.model == subject.name and (row.rank or 6) <= 5 for row in rows)


def _everybody(folder: Path) -> list[AnyRecord]:
    """Records of a folder; of a ledger those of all its folders, as each is of another suite."""
    if folder.name != LEDGER or not (folder / MODELS).is_dir():
        return load_ledger(folder)
    return [one for name in LEDGERS for one in load_ledger(folder / name)]


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
    subject: Subject, source: Source, secret: bytes, deep: bool | None, lot: str | None = None
) -> Plan:
    """The plan; deep, unless it is said, for who would be among the first five for accuracy."""
    if deep is None:
        deep = source.first_five(subject)
    return draw(
        subject.records,
        name=subject.name,
        bundle=subject.bundle,
        secret=secret,
        lot=lot,
        depth=FIRST_FIVE if deep else USUAL,
        yardsticks=[one for one in YARDSTICKS if one != subject.name],
    )


def audits(
    subjects: Sequence[Subject], source: Source, out: Path, deep: bool | None
) -> Iterator[Audit]:
    """An audit of each, drawn together with a secret of this moment.

    The folder is that of one subject; of several, each has its own in it, beside that of their
    yardsticks. An audit that was begun there goes on by its plan, unless the Records have changed.
    """
    secret, lot = secrets.token_bytes(32), lot_of(one.bundle for one in subjects)
    for subject in subjects:
        home = writable(out / subject.name if len(subjects) > 1 else out)
        kept = home / "plan.json"
        plan = read_plan(kept) if kept.exists() else None
        if plan is None or plan.bundle != subject.bundle:
            plan = drawn(subject, source, secret, deep, lot)
            write_atomically(kept, plan.model_dump_json(indent=1) + "\n")
        common = out / "yardsticks" / plan.common if len(subjects) > 1 else None
        yield Audit(subject, plan, Results(home, common))
