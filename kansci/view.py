"""A Record as MLflow shows it: tags to filter by, params, metrics; no MLflow here.

The view is small by construction: MLflow takes 1000 entities and 1 MB in one batch, and its pages
become slow with many columns, so the Records of an experiment have at most 40 names of params and
metrics, and no metric is named after a task. The Record itself is attached whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kansci.metrics import History, metrics, numbers
from kansci.recipe import Optimizer, Sparse
from kansci.record import Record, Speed, Status

LETTERS = 500  # of one text; MLflow takes 6000 in a param, but a batch of them may pass 1 MB

STATUS: Mapping[Status, str] = {
    "ok": "FINISHED",
    "not_applicable": "FINISHED",
    "does_not_fit": "FINISHED",
    "timeout": "KILLED",
}

NOTE = """\
A run is a Record: one model on one task at one budget of trainable numbers, all its seeds.

- `decades`: log10(error of the trivial predictor / error), from 0 to 6, mean over members; a member
  that failed counts 0
- `learned`, `lost`, `final`: decades just after each stage, what is gone of the earlier ones in the
  end, and what is left
- `stage_*`: the same as the stages go by; `loss_*`: training losses over members
- `beside/*`: other errors at the end, median over members: `max`, `h1` (of slopes), and those of
  one unknown or coefficient
- `ratio/*`: time of a network in multiples of the reference MLP, measured side by side

Group by `kansci.model` or `kansci.task`; the whole Record is attached as `record.json`.
"""


class View(NamedTuple):
    """One run.

    Attributes:
        status: FINISHED, KILLED or FAILED, all that MLflow knows; the exact word is a tag.
        note: Markdown, shown at the top of the run's page.
        metrics: a plain number is a history of one point.
    """

    name: str
    status: str
    note: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, History]


def view(record: Record | Speed) -> View:
    """What a person browses of a Record."""
    what = f"on {record.name}, {record.budget}"
    if isinstance(record, Speed):
        what = f"speed, {record.lane or record.budget}"
    params = _common(record)
    if isinstance(record, Record):
        params |= _training(record)
    return View(
        name=_cut(f"{record.model} {what}"),
        status=STATUS.get(record.status, "FAILED"),
        note=_note(record),
        tags={key: _cut(text) for key, text in _tags(record).items() if text},
        params={key: _cut(text) for key, text in params.items() if text},
        metrics=metrics(record),
    )


def _tags(record: Record | Speed) -> dict[str, str]:
    where = record.environment
    if isinstance(record, Speed):
        dtype, lifted = ", ".join(sorted({time.dtype for time in record.timings})), None
    else:
        dtype, lifted = record.recipe.dtype, record.lifted
    return {
        "kansci.suite": record.suite,
        "kansci.task": record.task,
        "kansci.family": record.family,
        "kansci.model": record.model,
        "kansci.budget": str(record.budget),
        "kansci.status": record.status,
        "kansci.verified": record.verified,
        "kansci.machine": f"{where.processor}, {where.cores} cores",
        "kansci.dtype": dtype,
        "kansci.lifted": "" if lifted is None else _yes(lifted),
        "kansci.record": record.key,
        "mlflow.source.name": f"kansci {where.kansci}",
        "mlflow.source.git.commit": where.commit or "",
    }


def _note(record: Record | Speed) -> str:
    size = "" if record.parameters is None else f" ({record.parameters} used)"
    model, task = _cut(record.model), _cut(record.task)
    lines = [f"**{model}** on **{task}**, budget {record.budget} numbers{size}."]
    if isinstance(record, Record):
        found = numbers(record)
        if "decades" in found:
            lines.append(
                f"**{found['decades']:.2f} decades** below the error of the trivial predictor, "
                f"mean over {len(record.members)} members, of which {record.failed} failed."
            )
    if record.status != "ok":
        lines.append(f"Status: {record.status}.")
    if record.reason:
        lines.append(f"Reason: {_cut(record.reason)}.")
    return "\n\n".join(lines)


def _common(record: Record | Speed) -> dict[str, str]:
    where = record.environment
    return {
        "task": record.task,
        "model": record.model,
        "budget": str(record.budget),
        "parameters": "" if record.parameters is None else str(record.parameters),
        "device": where.device,
        "threads": str(where.threads),
        "torch": where.torch,
        "kansci": where.kansci,
    }


def _training(record: Record) -> dict[str, str]:
    recipe = record.recipe
    return {
        "recipe": recipe.name,
        "optimizers": ", ".join(map(_optimizer, recipe.optimizers)),
        "sparse": "" if recipe.sparse is None else _price(recipe.sparse),
        "rates": _list(recipe.rates),
        "rate": "" if record.rate is None else f"{record.rate:g}",
        "tuning_seeds": _list(recipe.tuning_seeds),
        "evaluation_seeds": _list(recipe.evaluation_seeds),
        "dtype": recipe.dtype,
        "points": "the task's" if recipe.points is None else str(recipe.points),
        "resample": str(recipe.resample),
        "method": recipe.method,
        "metric": record.metric,
        "stages": str(len(record.stages)),
        "gear": record.gear,
        "rough": _yes(record.rough),
    }


def _optimizer(one: Optimizer) -> str:
    refined = f" refine {one.refine}" if one.refine > 1 else ""
    return f"{one.name} {one.evaluations} {one.schedule}{refined}"


def _price(sparse: Sparse) -> str:
    return f"{sparse.strength:g} (l1 {sparse.l1:g}, entropy {sparse.entropy:g})"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _list(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"
