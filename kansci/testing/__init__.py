"""The conformance suite: laws that every network keeps, and every task.

A law is a function of a `Subject`, or of a `Question`, that yields findings; its docstring says
what it holds. `check` examines a model, `check_task` a task.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import TypeVar

from kansci.draws import Draws
from kansci.errors import DoesNotFit
from kansci.models import Model, trainable
from kansci.task import Task
from kansci.testing import tasks
from kansci.testing.counts import BUDGETS, counts, used
from kansci.testing.gradients import gradient, jets
from kansci.testing.members import members
from kansci.testing.numbers import dtypes, far
from kansci.testing.questions import Question
from kansci.testing.report import Report as Report
from kansci.testing.report import Status, TaskReport, Verdict
from kansci.testing.shapes import apartness, refusal, runs, shapes
from kansci.testing.smoothness import continuity, derivatives
from kansci.testing.states import saved, seeded
from kansci.testing.subject import DoesNotApply, Hint, Subject, said

T = TypeVar("T")
Law = Callable[[T], Iterator[str]]
LAWS: dict[str, Law[Subject]] = {
    "runs": runs,
    "shapes": shapes,
    "refusal": refusal,
    "points apart": apartness,
    "dtypes": dtypes,
    "far inputs": far,
    "gradient": gradient,
    "derivatives": derivatives,
    "continuous": continuity,
    "jets": jets,
    "members": members,
    "counts": counts,
    "used": used,
    "seeded": seeded,
    "saved": saved,
}
TASK_LAWS: dict[str, Law[Question]] = {
    "version": tasks.version,
    "samples": tasks.samples,
    "losses": tasks.losses,
    "trains": tasks.trains,
    "domain": tasks.domain,
    "order": tasks.order,
    "truth": tasks.truth,
    "answers": tasks.answers,
    "solved": tasks.solved,
    "probes apart": tasks.probes_apart,
    "tuning": tasks.tuning,
    "trivial": tasks.trivial,
    "content": tasks.content,
}


def check(
    model: Model, *, dim_in: int = 2, dim_out: int = 1, parameters: int | None = None
) -> Report:
    """Examines a model at one budget.

    Args:
        parameters: the budget; by default the smallest of 250, 1 000, 4 000 and 16 000 at which
            there is a network.

    Raises:
        DoesNotFit: if there is none within the budget.
    """
    with Draws("check"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is only tried
        subject, numbers = _fitting(model, dim_in, dim_out, parameters)
        first, *rest = LAWS
        verdicts = [examine(subject, first, LAWS[first])]
        for name in rest:
            if verdicts[0].status == "broken":
                verdicts.append(Verdict(name, "does not apply", "the network does not run"))
            else:
                verdicts.append(examine(subject, name, LAWS[name]))
    quirks = tuple(model.quirks)
    budget = subject.parameters
    return Report(model.name, dim_in, dim_out, budget, numbers, tuple(verdicts), quirks)


def check_task(task: Task) -> TaskReport:
    """Examines a task."""
    question = Question(task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is only tried
        laws = tuple(examine(question, name, law) for name, law in TASK_LAWS.items())
    return TaskReport(task.key, task.content, laws)


def _fitting(
    model: Model, dim_in: int, dim_out: int, parameters: int | None
) -> tuple[Subject, int]:
    """What is examined, and its trainable numbers; 0 where building fails: the first law says."""
    budgets = BUDGETS if parameters is None else (parameters,)
    refusals = []
    for budget in budgets:
        subject = Subject(model, dim_in, dim_out, budget)
        try:
            return subject, trainable(subject.built())
        except DoesNotFit as refusal:
            refusals.append(refusal)
        except Exception:
            return subject, 0
    raise refusals[-1]


def examine(subject: T, name: str, law: Law[T]) -> Verdict:
    """One law; whatever is raised on the way breaks it."""
    try:
        findings = list(law(subject))
    except DoesNotApply as reason:
        return Verdict(name, "does not apply", str(reason))
    except Exception as error:
        return Verdict(name, "broken", f"{_about(law)} But it raised {said(error)}")
    broken = [one for one in findings if not isinstance(one, Hint)]
    status: Status = "broken" if broken else "holds"
    hints = [f"hint: {one}" for one in findings if isinstance(one, Hint)]
    return Verdict(name, status, ". ".join([*(broken or [_about(law)[:-1]]), *hints]) + ".")


def _about(law: Law[T]) -> str:
    return (law.__doc__ or "").strip().splitlines()[0]
