"""Who is accurate where: every model on every task, as colours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kansci.boards.board import METRIC, AnyRecord, Row
from kansci.boards.reference import MODEL
from kansci.figures.look import canvas, models
from kansci.statistics.standing import Standing, final, standings
from kansci.statistics.stats import Floats, hierarchical_mean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DECADES = "decades below the trivial predictor"
FEW = 20  # tasks, of which every cell has room for its number
LEAST, MOST = 0.5, 0.98  # of a scale of leads: decades, and the share of contenders' leads in it


def heat_map(rows: Sequence[Row], records: Sequence[AnyRecord]) -> Figure:
    """Every model on every task, mean over members and budgets; blank where none.

    Colours are decades beyond the reference MLP, if it is one of the rows, on a scale that holds
    nearly all contenders; else decades. A control that is far ahead is at the end of either.
    """
    import seaborn

    found = {standing.model: standing for standing in standings(records)}
    every = [record for standing in found.values() for record in standing.records]
    tasks = sorted({(record.family, record.task) for record in every})
    table = np.array([_by_task(found[row.model], tasks) for row in rows])  # (model, task)
    shown, scale = _scale(table, rows)
    few = len(tasks) <= FEW
    numbers = f"\nnumbers: {DECADES}" * (few and scale["label"] != DECADES)
    width = 3.2 + (0.5 if few else 0.22) * len(tasks)
    with canvas(width, 2.9 + 0.3 * len(rows)) as (figure, axes):
        seaborn.heatmap(
            shown,
            ax=axes,
            **{name: value for name, value in scale.items() if name != "label"},
            annot=table if few else False,
            fmt=".1f",
            annot_kws={"size": 7.5},
            linewidths=0.5,
            xticklabels=False,  # set below; seaborn would draw the figure, in a GB, to fit them
            yticklabels=False,
            cbar_kws={  # below, at the left: a wide figure is scrolled, and begins there
                "label": f"{scale['label']}{numbers}\n({METRIC})",
                "location": "bottom",
                "anchor": (0.0, 0.0),
                "shrink": min(1.0, 4 / width),
                "aspect": 25,
                "pad": 0.02,
                "extend": "both" if scale["vmin"] else "max",
            },
        )
        axes.set_facecolor("#BBBBBB")
        models(axes, rows, at=0.5)
        axes.set_xticks(np.arange(len(tasks)) + 0.5, names(tasks), rotation=90)
        families = [family for family, _ in tasks]
        for family in dict.fromkeys(families):
            first, count = families.index(family), families.count(family)
            axes.axvline(first, color="white", linewidth=4)
            axes.text(first + count / 2, -0.15, family, ha="center", va="bottom", weight="bold")
        grey = "nothing to score" + ", or not run" * any(row.missing for row in rows)
        axes.set_title(f"Who is accurate where? Grey: {grey}", pad=22)
        axes.tick_params(length=0)
        return figure


def names(tasks: Sequence[tuple[str, str]]) -> list[str]:
    """Of (family, task): without the version, and without a collection that the family names.

    Two that would be alike have their names in full.
    """
    full = [task.rpartition("@")[0] for _, task in tasks]
    short = [
        name.rpartition("/")[2] if name.startswith(family) else name
        for name, (family, _) in zip(full, tasks, strict=True)
    ]
    times = Counter(short)
    return [one if times[one] == 1 else name for one, name in zip(short, full, strict=True)]


def _scale(table: Floats, rows: Sequence[Row]) -> tuple[Floats, dict[str, Any]]:
    """What is coloured, and how: leads on both sides of the reference, or decades from 0."""
    contend = [place for place, row in enumerate(rows) if not row.control] or range(len(rows))
    whose = [row.model for row in rows]
    if MODEL in whose and len(rows) > 1:
        leads = table - table[whose.index(MODEL)]
        far = np.abs(leads[contend])
        end = max(LEAST, float(np.quantile(far[np.isfinite(far)], MOST))) if far.size else LEAST
        label = f"decades beyond {MODEL}; blue is better"
        return leads, {"vmin": -end, "vmax": end, "cmap": "RdBu", "label": label}
    end = max(1.0, float(np.nanmax(table[contend], initial=0)))
    return table, {"vmin": 0, "vmax": end, "cmap": "viridis", "label": DECADES}


def _by_task(standing: Standing, tasks: Sequence[tuple[str, str]]) -> list[float]:
    cells = standing.cells(final)
    return [hierarchical_mean(c for c in cells if (c.family, c.task) == task) for task in tasks]
