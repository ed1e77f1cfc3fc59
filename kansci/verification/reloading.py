"""In the fresh process: builds networks anew, fills them with numbers of a file, and asks them.

It is handed the task without its truth, a file of weights and points, and answers with numbers.
Whatever a network kept outside of its weights and buffers is not here.
"""

from __future__ import annotations

import socket
import tempfile
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from kansci.children.blind import Line, blind
from kansci.draws import Draws
from kansci.ledger import path_of, weights_beside, write_atomically
from kansci.lifting.stacked import named
from kansci.models import Model
from kansci.models.units import without_units
from kansci.record import Record
from kansci.sandbox.handout import Handed
from kansci.speed.ratio import measure
from kansci.task import Task
from kansci.verification.recount import adapted, leaves
from kansci.weights import begun, networks


def written(tensors: dict[str, Tensor] | bytes) -> str:
    """Numbers, or a file of them, as text that JSON takes."""
    return b64encode(tensors if isinstance(tensors, bytes) else save(tensors)).decode()


def timed(model: Model, budget: int) -> dict[str, Any]:
    """How fast the model is, as `kansci.speed.ratio` measures it."""
    torch.set_num_threads(1)
    return measure(model, budget).model_dump(mode="json")


def asked(model: Model, record: str, handed: str, weights: str, points: str) -> str:
    """Answers of a Record's networks, `written`: at points, `(member, point, out)` by their name.

    `<name>/next` are those at the next numbers beyond the points, and `counts` the trainable and
    the adapted numbers of one network.

    Args:
        record: without its errors.
        handed: the task without its truth.
        weights: the file of weights, `written`.
        points: `(point, in)` by name, `written`.
    """
    torch.set_num_threads(1)
    what = Record.model_validate_json(record)
    with socket.socket() as nowhere:  # a task's points are asked for, and nobody asks for them here
        task = blind(Handed.model_validate_json(handed), Line(nowhere), 0)
    filled = _filled(what, b64decode(weights), task, model)
    found: dict[str, Tensor] = {}
    with torch.no_grad():
        for name, x in load(b64decode(points)).items():
            nearby = x.nextafter(torch.full_like(x, torch.inf))
            for key, where in ((name, x), (f"{name}/next", nearby)):
                found[key] = torch.stack([network(where) for network in filled]).contiguous()
    starts = [_start(what, seed, task, model) for seed in what.recipe.evaluation_seeds]
    now, start = _untrained(filled), _untrained(starts)
    trained = max(leaves(without_units(network)) for network in filled)
    found["counts"] = torch.tensor([trained, adapted(now, start)])
    return written(found)


def started(model: Model, record: str, handed: str) -> str:
    """Networks of a Record as they begin, `written`: what they hold, `(member, ...)` by name.

    Whoever is asked this is never handed what they learned.
    """
    torch.set_num_threads(1)
    what = Record.model_validate_json(record)
    with socket.socket() as nowhere:
        task = blind(Handed.model_validate_json(handed), Line(nowhere), 0)
    states = [named(_start(what, seed, task, model)) for seed in what.recipe.evaluation_seeds]
    return written(
        {name: torch.stack([one[name].detach() for one in states]) for name in states[0]}
    )


def _filled(record: Record, weights: bytes, task: Task, model: Model) -> list[nn.Module]:
    with tempfile.TemporaryDirectory() as folder:
        write_atomically(weights_beside(path_of(record, Path(folder))), weights)
        return networks(record, folder, task=task, model=model)


def _start(record: Record, seed: int, task: Task, model: Model) -> nn.Module:
    with Draws("start", seed):
        return begun(record, task, model)


def _untrained(members: list[nn.Module]) -> dict[str, Tensor]:
    """What is no trainable weight, `(member, ...)` by name."""
    states = [named(network) for network in members]
    return {
        name: torch.stack([state[name].detach() for state in states])
        for name, tensor in states[0].items()
        if not tensor.requires_grad
    }
