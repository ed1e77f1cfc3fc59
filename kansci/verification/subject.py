"""What is verified: a bundle that was submitted, or a model of the zoo with Records of a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from kansci.discover import Origin, digest_of, get_model
from kansci.errors import UserError
from kansci.ledger import load_records, write_atomically
from kansci.models import Model
from kansci.record import Record
from kansci.sandbox import foreign
from kansci.submission.bundle import Bundle


@dataclass(frozen=True)
class Subject:
    """Records that are to be believed, and where the networks they are of come from.

    Attributes:
        bundle: its hash; of a model of the zoo that of its Records.
        records: of one suite.
        home: the folder in which they and their weights stand.
        file: that was submitted; `None`: a model of the zoo.
        claimed: where the verdict is to stand; `None`: nowhere.
    """

    name: str
    bundle: str
    records: tuple[Record, ...]
    home: Path
    file: Path | None = None
    claimed: Path | None = None

    @property
    def suite(self) -> str:
        return self.records[0].suite

    def model(self) -> Model:
        """As the engine takes it; what was submitted is never loaded in this process."""
        return get_model(self.name) if self.file is None else foreign(self.file)

    def origin(self, scratch: Path) -> Origin:
        """The file that defines it; for a model of the zoo one of two lines, written to `scratch`.

        So both go the same way wherever a fresh process builds networks.
        """
        file = self.file
        if file is None:
            file = scratch / "model.py"
            lines = f"from kansci.models import get_model\n\nmodel = get_model({self.name!r})\n"
            write_atomically(file, lines)
        return Origin(self.name, str(file.resolve()), digest_of(file))


def submitted(bundle: Bundle) -> Subject:
    """A bundle that has been read."""
    found = (bundle.name, bundle.digest, bundle.records, bundle.home)
    return Subject(*found, file=bundle.model, claimed=bundle.verification)


def of_zoo(name: str, folder: Path, suite: str | None = None) -> Subject:
    """A model of the zoo with its Records of one suite; by default that of most of them.

    Raises:
        UserError: for a name that no model has, or if there are no such Records.
    """
    model = get_model(name)
    own = [
        record
        for record in load_records(folder)
        if isinstance(record, Record) and record.model == model.name
    ]
    suites = Counter(record.suite for record in own)
    chosen = suite or (suites.most_common(1)[0][0] if suites else "")
    records = tuple(record for record in own if record.suite == chosen)
    if not records:
        of = f" of the suite {suite}" if suite else ""
        there = f"; there are of {', '.join(suites)}" if suites else ""
        raise UserError(f"{folder}: want Records of {name}{of}, got none{there}")
    return Subject(model.name, _digest(records), records, folder)


def _digest(records: Sequence[Record]) -> str:
    texts = sorted(record.model_dump_json() for record in records)
    return sha256("\n".join(texts).encode()).hexdigest()
