"""What may be compared: Records of one content of a task, one source of a model, one recipe.

Of several contents and recipes that counts which most models have: whoever alone has another cannot
displace the rest. Of several sources of a model the newest does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from kansci.reading import Reading
from kansci.record import Record

R = TypeVar("R", Record, Reading)


def current(records: Sequence[R]) -> list[R]:
    """Of one content a task and one source a model: the others are stale."""
    return of_one_source(of_one_content(records))


def of_one_content(records: Sequence[R]) -> list[R]:
    """One content a task, that which most models have.

    What a task is clustered with belongs to it: models of which it stood for itself and models of
    which it stood for a cluster would not have the same units.
    """

    def content(record: R) -> str:
        return f"{record.task_content} {record.cluster}"

    contents = prevailing(records, lambda r: r.task, content)
    return [record for record in records if content(record) == contents[record.task]]


def of_one_source(records: Sequence[R]) -> list[R]:
    """One source a model, the newest: a file that changed is another model under the old name."""
    newest = {one.model: one.model_source for one in sorted(records, key=age)}
    return [record for record in records if record.model_source == newest[record.model]]


def of_one_recipe(records: Sequence[R]) -> list[R]:
    """One recipe and one method of reading in each place of the grid, that of most models."""
    ways = {id(record): _way(record) for record in records}
    used = prevailing(records, lambda r: (r.task, r.budget), lambda r: ways[id(r)])
    return [one for one in records if ways[id(one)] == used[one.task, one.budget]]


def age(one: Record | Reading) -> tuple[str, str]:
    """What the newest of several has most of."""
    return one.environment.started, one.key


def prevailing(
    records: Iterable[R],
    group: Callable[[R], Hashable],
    version: Callable[[R], str],
) -> dict[Hashable, str]:
    """The version of each group that most models have.

    Of equally frequent ones that which is commonest in all groups, as a sample by another recipe is
    not, and then the newest.
    """
    models: dict[Hashable, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    newest: dict[tuple[Hashable, str], str] = defaultdict(str)
    everywhere = Counter[str]()
    for record in records:
        where, which = group(record), version(record)
        models[where][which].add(record.model)
        newest[where, which] = max(newest[where, which], record.environment.started)
        everywhere[which] += 1
    return {
        where: max(versions, key=lambda v: (len(versions[v]), everywhere[v], newest[where, v], v))
        for where, versions in models.items()
    }


def _way(one: Record | Reading) -> str:
    """How its numbers came about: the recipe and, of formulas, how they were read."""
    recipe = one.recipe.digest if one.recipe else ""
    return recipe if isinstance(one, Record) else f"{recipe} {sorted(one.settings.items())}"
