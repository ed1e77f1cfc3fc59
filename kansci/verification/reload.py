r"""Whether networks filled with numbers of a file answer as their Record says.

They are built in a fresh process, which knows the file of weights and nothing of the training, in
another sandbox than that in which networks were trained and may have left files; the true answers
stay here. An error $e$ of a Record has six digits, and a network's answers have those
of its dtype, so that $e'$ agrees with $e$ if
$$|e' - e| \le 6 \cdot 10^{-6}\,e + 16\,\varepsilon\,(1 + |y|_\infty / u) + \min(4\rho, e)$$
with $u$ the unit that errors are measured in, $\varepsilon$ the dtype's spacing at 1, $y$ the truth
and $\rho$ the root of the mean square by which answers change, in $u$, where inputs are replaced by
the next numbers: 1e-6 for the answers and half a unit of the sixth digit at most for the Record;
some roundings of numbers as large as the truth; and, of the zoo's controls alone, more for sums
whose large terms cancel, which are as far from themselves in another order. See
docs/verification.md for what was measured.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as numbers_of
from torch import Tensor

from kansci.discover import Origin, get_task
from kansci.errors import DoesNotFit, UserError
from kansci.ledger import path_of, weights_beside
from kansci.measure import error
from kansci.models.zoo import is_control
from kansci.record import Record, Speed
from kansci.sandbox import errand
from kansci.sandbox.handout import handed
from kansci.task import Probe, Task
from kansci.verification.recount import learned
from kansci.verification.reloading import written
from kansci.verification.results import Reload

RELATIVE = 6e-6
ROUNDINGS = 16
CANCELLED = 4  # roundings that add up as if drawn, of a few terms
SECONDS = 600.0  # of a fresh process
# What answers and files that a stranger made can raise here, where they are not as they should be.
FAULTS = (
    *(OSError, UserError, DoesNotFit, NoBase64, SafetensorError, KeyError, ValueError),
    *(TypeError, OverflowError, IndexError, RuntimeError),
)
APART, BEGINS = "reload", "begin"  # the purposes of sandboxes: what begins knows no weights
SHARE = {"submitted": 1e-6, "secret": 0.0}  # the secret run was made on this machine


class Kept(NamedTuple):
    """A Record whose networks are on file."""

    record: Record
    home: Path
    of: Literal["submitted", "secret"]

    @property
    def weights(self) -> Path:
        return weights_beside(path_of(self.record, self.home))


def reloaded(model: Origin, kept: Kept) -> Reload:
    """What networks of a Record answer in a fresh process, and how many numbers they have there.

    Args:
        model: the file that builds them.
    """
    record = kept.record
    blank = Reload(
        task=record.name,
        budget=record.budget,
        of=kept.of,
        declared_parameters=record.parameters or 0,
        declared_adapted=record.adapted,
    )
    try:
        task, data = get_task(record.name), kept.weights.read_bytes()
        answers = _asked(model, record, task, data)
        away = _away(record, task, answers)
        trained, adapted = map(int, answers["counts"])
        state = numbers_of(data)
        counts = {
            "parameters": trained,
            "adapted": adapted,
            "learned": learned(state, _begun(model, record, task), share=SHARE[kept.of]),
            "held": sum(tensor[0].numel() for tensor in state.values()),
        }
    except FAULTS as why:
        reason = str(why) if isinstance(why, UserError | DoesNotFit) else f"no answers: {why}"
        return blank.model_copy(update={"reason": reason[:300]})
    return blank.model_copy(update={"away": away, **counts})


def timed(model: Origin, budget: int) -> Speed | None:
    """How fast a model is, found in a fresh process; `None` if that did not come to its end."""
    try:
        said = errand(
            model, f"{written.__module__}:timed", seconds=SECONDS, purpose=APART, budget=budget
        )
        return Speed.model_validate(said)
    except (UserError, DoesNotFit, ValidationError):
        return None


def _asked(model: Origin, record: Record, task: Task, weights: bytes) -> Mapping[str, Tensor]:
    dtype = getattr(torch, record.recipe.dtype)
    points = {str(i): probe.x.to(dtype) for i, probe in enumerate(task.judged_by("test"))}
    said = errand(
        model,
        f"{written.__module__}:asked",
        seconds=SECONDS,
        purpose=APART,
        record=_bare(record),
        handed=handed(task).model_dump_json(),
        weights=written(weights),
        points=written(points),
    )
    return numbers_of(b64decode(str(said), validate=True))


def _begun(model: Origin, record: Record, task: Task) -> Mapping[str, Tensor]:
    function = f"{written.__module__}:started"
    said = errand(
        model,
        function,
        seconds=SECONDS,
        purpose=BEGINS,
        record=_bare(record),
        handed=handed(task).model_dump_json(),
    )
    return numbers_of(b64decode(str(said), validate=True))


def _bare(record: Record) -> str:
    """What a fresh process is told of it: nothing of what came of the training."""
    nothing = {"errors": (), "untrained": (), "curves": (), "tuning": ()}
    return record.updated(**nothing, beside={}, coefficients={}).model_dump_json()


def _away(record: Record, task: Task, answers: Mapping[str, Tensor]) -> float:
    """The largest difference of an error, in shares of what is allowed; infinite for another fate.

    Raises:
        ValueError: for answers of another shape than was asked for.
    """
    eps = torch.finfo(getattr(torch, record.recipe.dtype)).eps
    worst = 0.0
    for place, probe in enumerate(task.judged_by("test")):
        here, nearby = (answers[key].double() for key in (str(place), f"{place}/next"))
        wanted = (len(record.members), len(probe.x), task.dim_out)
        for got in (here.shape, nearby.shape):
            if tuple(got) != wanted:
                raise ValueError(f"want predictions {wanted}, got {tuple(got)}")
        unit = _unit(task, probe)
        now = error(task.metric, here, probe.y, task.scale)
        then = torch.tensor(record.errors[-1][place], dtype=torch.double)  # (member,)
        cancelled = CANCELLED * (nearby - here).square().mean((1, 2)).sqrt() / unit
        allowed = RELATIVE * then + ROUNDINGS * eps * (1 + probe.y.abs().max() / unit)
        if is_control(record.model):  # of a submission, it would be as large as it likes
            allowed = allowed + torch.minimum(cancelled, then)
        shares = ((now - then).abs() / allowed).nan_to_num(torch.inf)
        same = (now == then) | (now.isnan() & then.isnan())
        worst = max(worst, torch.where(same, 0.0, shares).max().item())
    return worst


def _unit(task: Task, probe: Probe) -> float:
    """What errors are measured in; 1 for classes."""
    if task.metric == "error_rate":
        return 1.0
    return task.scale.std if task.metric == "nrmse" else probe.y.square().mean().sqrt().item()
