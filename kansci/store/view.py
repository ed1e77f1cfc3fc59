"""A Record as MLflow shows it: tags to filter by, params, metrics; no MLflow here.

The view is small by construction: MLflow takes 1000 entities and 1 MB in one batch, and its pages
become slow with many columns, so the Records of an experiment have at most 40 names of params and
metrics, no metric is named after a task, and what is a metric or only groups runs (`parameters`,
`device`, `gear`) is no param. The Record itself is attached whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kansci.ledger import AnyRecord
from kansci.reading import Reading
from kansci.recipe import Optimizer, Recipe, Sparse
from kansci.record import Record, Speed, Status
from kansci.store.metrics import History, metrics, numbers

VERSION = 3  # raised whenever a Record or a board would be shown otherwise: stores follow
SEEDS = 10  # whose formulas a note shows
NAME = 250  # letters of a run's name: servers refuse more, SQLite does not
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
- `stage_*`: the same as the stages go by; `loss_*`: training losses over members, 30 log-spaced
  points each (all of them are in `curves.png` and `record.json`)
- `beside/*`: other errors at the end, median over members: `max`, `h1` (of slopes), and those of
  one unknown or coefficient
- `recovered`, `accurate`: shares of seeds whose formula is the truth, or has R^2 > 0.999;
  `distance`: of edits between the two
- `ratio/*`: time of a network in multiples of the reference MLP, measured side by side

Group by the tags `kansci.model`, `kansci.task` or `kansci.budget`; the whole Record is attached as
`record.json`.
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


def view(record: AnyRecord) -> View:
    """What a person browses of a Record."""
    params = _common(record)
    if not isinstance(record, Speed) and record.recipe:
        params |= _training(record.recipe, record.rate)
    if isinstance(record, Record):
        params |= _outcome(record)
    return View(
        name=name_of(record),
        status=STATUS.get(record.status, "FAILED"),
        note=_note(record),
        tags={key: cut(text) for key, text in tags_of(record).items() if text},
        params={key: cut(text) for key, text in params.items() if text},
        metrics=metrics(record),
    )


def name_of(record: AnyRecord) -> str:
    """`fastkan on poisson, 250`: model, task and budget; of a timing the lane."""
    what = f"on {record.name}, {record.budget}"
    if isinstance(record, Speed):
        what = f"speed, {record.lane or record.budget}"
    if isinstance(record, Reading):
        what = f"formulas {what}"
    return cut(f"{record.model} {what}", NAME)


def cut(text: str, letters: int = LETTERS) -> str:
    """A text that MLflow takes."""
    return text if len(text) <= letters else text[: letters - 1] + "…"


def tags_of(record: AnyRecord) -> dict[str, str]:
    """What runs can be filtered by."""
    where = record.environment
    trained = None if isinstance(record, Speed) else record.recipe
    found = {
        "kansci.suite": record.suite,
        "kansci.task": record.task,
        "kansci.family": record.family,
        "kansci.model": record.model,
        "kansci.budget": str(record.budget),
        "kansci.status": record.status,
        "kansci.verified": record.verified,
        "kansci.machine": f"{where.processor}, {where.cores} cores",
        "kansci.device": where.device,
        "kansci.method": trained.method if trained else "",
        "kansci.recipe": trained.name if trained else "",
        "kansci.dtype": trained.dtype if trained else "",
        "kansci.record": record.key,
        "mlflow.source.name": f"kansci {where.kansci}",
        "mlflow.source.git.commit": where.commit or "",
    }
    if isinstance(record, Record):
        found["kansci.lifted"] = "" if record.lifted is None else _yes(record.lifted)
    if isinstance(record, Speed):
        found["kansci.dtype"] = record.dtype
    else:
        found["kansci.cluster"] = record.cluster
    if not isinstance(record, Reading):
        found["kansci.gear"] = record.gear
    return found


def _note(record: AnyRecord) -> str:
    parameters = None if isinstance(record, Reading) else record.parameters
    size = "" if parameters is None else f" ({parameters} used)"
    model, task = cut(record.model), cut(record.task)
    lines = [f"**{model}** on **{task}**, budget {record.budget} numbers{size}."]
    if isinstance(record, Record):
        found = numbers(record)
        if "decades" in found:
            lines.append(
                f"**{found['decades']:.2f} decades** below the error of the trivial predictor, "
                f"mean over {len(record.members)} members, of which {record.failed} failed."
            )
    if isinstance(record, Reading):
        lines.append(f"The truth: `{cut(record.truth)}`.")
        lines += [f"Seed {one.seed}: `{cut(one.text)}`" for one in record.formulas[:SEEDS]]
    if record.status != "ok":
        lines.append(f"Status: {record.status}.")
    if record.reason:
        lines.append(f"Reason: {cut(record.reason)}.")
    return "\n\n".join(lines)


def _common(record: AnyRecord) -> dict[str, str]:
    where = record.environment
    return {
        "task": record.task,
        "model": record.model,
        "budget": str(record.budget),
        "threads": str(where.threads),
        "torch": where.torch,
        "kansci": where.kansci,
    }


def _training(recipe: Recipe, rate: float | None) -> dict[str, str]:
    return {
        "recipe": recipe.name,
        "optimizers": ", ".join(map(_optimizer, recipe.optimizers)),
        "sparse": "" if recipe.sparse is None else _price(recipe.sparse),
        "rates": _list(recipe.rates),
        "rate": "" if rate is None else f"{rate:g}",
        "tuning_seeds": _list(recipe.tuning_seeds),
        "evaluation_seeds": _list(recipe.evaluation_seeds),
        "dtype": recipe.dtype,
        "points": "the task's" if recipe.points is None else str(recipe.points),
        "resample": str(recipe.resample),
        "collocation": recipe.collocation,
        "method": recipe.method,
        **_further(recipe.model_dump(include={"strength", "memory"}, exclude_none=True)),
    }


def _outcome(record: Record) -> dict[str, str]:
    return {
        "metric": record.metric,
        "stages": str(len(record.stages)),
        "rough": _yes(record.rough),
    }


def _optimizer(one: Optimizer) -> str:
    """`lbfgs 500 cosine history 50`: all that it has beside is said, or two would look alike."""
    plain = {"name", "evaluations", "schedule"}
    rest = _further(one.model_dump(exclude=plain, exclude_defaults=True))
    words = (f"{name} {value}" for name, value in rest.items())
    return " ".join((one.name, str(one.evaluations), one.schedule, *words))


def _further(numbers: dict[str, float]) -> dict[str, str]:
    return {name: f"{value:g}" for name, value in numbers.items()}


def _price(sparse: Sparse) -> str:
    return f"{sparse.strength:g} (l1 {sparse.l1:g}, entropy {sparse.entropy:g})"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _list(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
