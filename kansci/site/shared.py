"""What pages of all kinds are made from, worked out once."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from kansci.boards.board import Board, Row
from kansci.boards.reference import Reference
from kansci.ledger import AnyRecord, path_of
from kansci.models.zoo import is_control
from kansci.record import Record
from kansci.site.bars import Bar, Bars, Interval
from kansci.site.boards import View, bracketed, view
from kansci.site.kept import Weights, weights_of
from kansci.site.paths import unique
from kansci.site.results import Result, links, results

PICTURED = 24  # tasks whose networks are drawn: what is kept must not decide how long a site takes
Standings = Sequence[tuple[Board, Sequence[Row]]]


class Pages(NamedTuple):
    """Where the page of each model and of each task (`name@version`) lies, from the root."""

    models: Mapping[str, str]
    tasks: Mapping[str, str]

    def of(self, model: str) -> str:
        """The page of a model of a board; `kan + ewc` is on that of `kan`."""
        return self.models.get(model) or self.models[model.partition(" + ")[0]]


class Shown(NamedTuple):
    """A result in a table: with its bar, and its interval as text."""

    result: Result
    bar: Bar | None
    interval: str
    control: bool


@dataclass(frozen=True)
class Shared:
    """Boards, Records, and what each model reached in each cell.

    Attributes:
        kept: the folder of the Records, where trained networks may be beside them.
        linking: folders whose files the site links; it has copies of others.
        start: where the site will lie.
    """

    standings: Standings
    records: Sequence[AnyRecord]
    reference: Reference | None
    kept: Path | None = None
    linking: Sequence[Path] = ()
    start: Path = Path()

    @cached_property
    def slugs(self) -> dict[str, str]:
        """File names of models."""
        return unique(sorted({record.model for record in self.records}))

    @cached_property
    def pages(self) -> Pages:
        tasks = unique(sorted({r.task for r in self.records if isinstance(r, Record)}))
        return Pages(
            {name: f"models/{slug}.html" for name, slug in self.slugs.items()},
            {name: f"tasks/{slug}.html" for name, slug in tasks.items()},
        )

    @cached_property
    def urls(self) -> dict[int, str]:
        return links(self.records) | self.linked

    @cached_property
    def linked(self) -> dict[int, str]:
        """Records that the site does not copy, by `id`; those of submissions lie elsewhere."""
        own = [one for one in self.records if not isinstance(one, Record) or not one.submitted]
        files = ((id(one), path_of(one, folder)) for folder in self.linking[::-1] for one in own)
        return {
            one: quote(Path(os.path.relpath(path, self.start)).as_posix())
            for one, path in files
            if path.is_file()
        }

    @cached_property
    def weights(self) -> dict[int, Weights]:
        """Files of trained networks, by the `id` of their Record."""
        if self.kept is None:
            return {}
        trained = [record for record in self.records if isinstance(record, Record)]
        files = ((id(one), weights_of(one, self.kept, self.urls[id(one)])) for one in trained)
        return {one: file for one, file in files if file}

    @cached_property
    def pictured(self) -> dict[str, list[Result]]:
        """Tasks whose networks are drawn, those that most were kept of, with their results."""
        found = defaultdict(list)
        for one in self.results:
            if one.values and one.state == "ok" and id(one.record) in self.weights:
                found[one.place.task].append(one)
        tasks = sorted(found, key=lambda task: (-len(found[task]), task))
        return {task: found[task] for task in tasks[:PICTURED]}

    @cached_property
    def boards(self) -> list[View]:
        return [view(board, rows) for board, rows in self.standings]

    @cached_property
    def results(self) -> list[Result]:
        return results(self.records, self.urls, self.reference)

    @cached_property
    def by_model(self) -> dict[str, list[Result]]:
        found = defaultdict(list)
        for one in self.results:
            found[one.model].append(one)
        return found

    @cached_property
    def by_task(self) -> dict[str, list[Result]]:
        found = defaultdict(list)
        for one in self.results:
            found[one.place.task].append(one)
        return found


def intervals(found: Sequence[Result]) -> list[Interval]:
    """Those of all results that have one."""
    return [known for one in found if (known := _interval(one))]


def shown(one: Result, axis: Bars) -> Shown:
    """A result with its bar on that axis."""
    known, between = _interval(one), bracketed(one.low, one.high)
    tip = f"{one.model} on {one.place.task} at {one.place.budget}: "
    tip += f"{one.decades:.2f} decades, other seeds {between}" if one.values else one.state
    bar = axis.bar(known, tip) if known else None
    return Shown(one, bar, between, is_control(one.model))


def _interval(one: Result) -> Interval | None:
    if one.decades is None or one.low is None or one.high is None:
        return None
    return Interval(one.decades, (one.low, one.high))
