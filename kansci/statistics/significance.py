"""Tests of whether models differ, over tasks: Friedman, then Wilcoxon on comparisons with Holm.

What is compared is one number a task, decades averaged over members and budgets, so tasks are the
sample. Never test within one task: five seeds cannot give a p below 0.06, and other seeds are not
other tasks.

Source: Demsar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7;
Benavoli et al. 2016, "Should we really use post-hoc tests based on mean-ranks?", JMLR 17, for
Wilcoxon in place of Nemenyi, whose verdict on two models depends on who else is there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from kansci.errors import UserError
from kansci.statistics.standing import Standing, final
from kansci.statistics.stats import Cell, Floats, hierarchical_mean, interval, replicates

if TYPE_CHECKING:
    from pandas import DataFrame, Series

BAND = 0.02  # decades: nearer than that is a tie


class Comparison(BaseModel, frozen=True):
    """Two models to be compared, and why: a question that is put before it is computed."""

    model_config = ConfigDict(extra="forbid")

    model: str
    against: str
    reason: str


class Verdict(NamedTuple):
    """What the Records say of a comparison; numbers are `None` where they cannot say anything.

    Attributes:
        tasks: how many both have; a cluster of equal ones is one.
        difference: median over tasks of decades of the one minus those of the other.
        p: two-sided, of Wilcoxon's signed ranks.
        holm: p after Holm's correction for all comparisons that could be made.
        improvement: probability that a member of the one beats a member of the other.
        low: 2.5 % of it, by the bootstrap of tasks and members.
        note: why there is nothing to test.
    """

    comparison: Comparison
    tasks: int = 0
    difference: float | None = None
    p: float | None = None
    holm: float | None = None
    improvement: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


def load_comparisons(path: Path) -> tuple[Comparison, ...]:
    """Comparisons of a TOML file, `[[comparison]]` each.

    Raises:
        UserError: in one line, if it is no such file.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return tuple(Comparison.model_validate(one) for one in found.get("comparison", ()))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        said = " ".join(str(error).split())
        raise UserError(
            f"{path}: want [[comparison]] with model, against, reason: {said}"
        ) from error


def levels(standings: Iterable[Standing]) -> DataFrame:
    """Decades, `(task, model)`, of all models without a missing cell; equal tasks are one row.

    What does not apply or fit has 0, as on the overall board.
    """
    import pandas as pd

    found = {one.model: one for one in standings if one.records and not one.missing}
    columns = {model: _by_unit(one.cells(final, every=True)) for model, one in found.items()}
    return pd.DataFrame(columns).sort_index()


def friedman(table: DataFrame) -> tuple[float, float] | None:
    """Statistic and p of "all models are alike"; `None` for fewer than three, or two tasks."""
    from scipy.stats import friedmanchisquare

    values = table.to_numpy()
    if min(values.shape[0], values.shape[1] - 1) < 2 or (values == values[:, :1]).all():
        return None
    found = friedmanchisquare(*values.T)
    return float(found.statistic), float(found.pvalue)


def mean_ranks(table: DataFrame) -> Series:
    """Rank of each model, 1 the best, mean over tasks; ties share theirs."""
    return table.rank(axis=1, ascending=False).mean().sort_values(kind="stable")


def p_matrix(table: DataFrame) -> DataFrame:
    """p of Wilcoxon's test for all pairs after Holm's correction, `(model, model)`.

    With `mean_ranks` it is what a critical-difference diagram is drawn from.
    """
    import pandas as pd

    pairs = list(combinations(table.columns, 2))
    corrected = holm([wilcoxon(table[a].to_numpy(), table[b].to_numpy()) for a, b in pairs])
    matrix = pd.DataFrame(1.0, index=table.columns, columns=table.columns)
    for (a, b), p in zip(pairs, corrected, strict=True):
        matrix.loc[a, b] = matrix.loc[b, a] = p
    return matrix


def wilcoxon(a: Floats, b: Floats) -> float:
    """Two-sided p of signed ranks, `(task,)` each; differences of 0 count half for either side."""
    from scipy import stats

    if np.array_equal(a, b):
        return 1.0
    found: Any = stats.wilcoxon(a, b, zero_method="zsplit")
    return float(found.pvalue)


def holm(p: Sequence[float]) -> Floats:
    """p-values so corrected that at 5 % all of them together are wrong once in twenty times."""
    from statsmodels.stats.multitest import multipletests

    return np.asarray(multipletests(p, method="holm")[1]) if len(p) else np.empty(0)


def improvement(ours: Iterable[Cell], theirs: Iterable[Cell], band: float = BAND) -> list[Cell]:
    r"""How often each of our members beats theirs, cell by cell, `(member,)`.

    $\frac{1}{S'}\sum_{s'} [d_s > d_{s'} + b] + \frac12 [|d_s - d_{s'}| \le b]$ in decades d: nearer
    than the band is a tie, and so is a failure against a failure. `hierarchical_mean` of it is the
    probability of improvement, and `replicates` its draws.

    Source: Agarwal et al. 2021, arXiv:2108.13264, section 4.3.
    We differ: the band; their members are not redrawn, ours are, and so are tasks.
    """
    other = {(cell.family, cell.task, cell.budget): cell.values for cell in theirs}
    found = []
    for cell in ours:
        if (place := (cell.family, cell.task, cell.budget)) in other:
            gap = cell.values[:, None] - other[place]  # (member, member)
            wins = np.where(np.abs(gap) <= band, 0.5, gap > 0)
            found.append(cell._replace(values=wins.mean(1)))
    return found


def compare(
    comparisons: Sequence[Comparison], standings: Iterable[Standing]
) -> tuple[Verdict, ...]:
    """A verdict for each comparison, in their order; Holm's correction is over those tested."""
    found = {one.model: one for one in standings}
    table = levels(found.values())
    verdicts = [_verdict(one, found, table) for one in comparisons]
    tested = [one.p for one in verdicts if one.p is not None]
    corrected = iter(holm(tested).tolist())
    return tuple(v if v.p is None else v._replace(holm=next(corrected)) for v in verdicts)


def _verdict(one: Comparison, found: dict[str, Standing], table: DataFrame) -> Verdict:
    lacking = [name for name in (one.model, one.against) if name not in table]
    if lacking:
        said = [
            f"{name}: {len(found[name].missing)} missing"
            if name in found
            else f"no Record of {name}"
            for name in lacking
        ]
        return Verdict(one, note="; ".join(said))
    ours, theirs = (table[name].to_numpy() for name in (one.model, one.against))
    members = [found[name].cells(final, every=True) for name in (one.model, one.against)]
    cells = improvement(members[0], members[1])
    low, high = interval(replicates(cells))
    return Verdict(
        one,
        tasks=len(table),
        difference=float(np.median(ours - theirs)),
        p=wilcoxon(ours, theirs),
        improvement=hierarchical_mean(cells),
        low=low,
        high=high,
    )


def _by_unit(cells: Iterable[Cell]) -> dict[tuple[str, str], float]:
    units: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        units.setdefault((cell.family, cell.unit), []).append(cell)
    return {unit: hierarchical_mean(own) for unit, own in units.items()}
