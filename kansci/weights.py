"""Trained networks on file, beside their Record: safetensors, which hold numbers and no code.

A file holds the networks of all seeds, `(member, ...)` by the names that PyTorch gives: what was
trained, and all else that is a network's own. Whoever reads it builds the network anew.

Source: https://huggingface.co/docs/safetensors, format of version 0.8.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from kansci.discover import find_model, get_task
from kansci.draws import Draws
from kansci.errors import UserError
from kansci.hooks import refined
from kansci.ledger import digest, path_of, weights_ahead, weights_beside, write_atomically
from kansci.lifting.stacked import named
from kansci.models import Model
from kansci.preparing import maker
from kansci.record import Record
from kansci.task import Task

ADVICE = "`kansci run --weights` keeps them"


def write(state: Mapping[str, Tensor], record: Record, folder: Path) -> str:
    """Saves what networks hold, `(member, ...)` by name, until `ledger.save` writes the Record.

    Returns:
        The SHA-256 of the file, which the Record takes along.
    """
    about = json.dumps({"record": record.key, "seeds": record.recipe.evaluation_seeds})
    # In one word: of several the order in the file is another each time, and so is its hash.
    data = save({name: one.contiguous() for name, one in state.items()}, {"kansci": about})
    write_atomically(weights_ahead(path_of(record, folder)), data)
    return sha256(data).hexdigest()


def kept(record: Record, folder: Path) -> bool:
    """Whether the networks of a Record are there, whole and its own."""
    path = weights_beside(path_of(record, folder))
    return bool(record.weights) and path.is_file() and digest(path) == record.weights


def networks(
    record: Record, folder: str | Path, *, task: Task | None = None, model: Model | None = None
) -> list[nn.Module]:
    """The trained networks of a Record, one for each seed, on the CPU and in evaluation mode.

    Args:
        folder: of the Records among which it stands.
        task: that the Record is of; by default the one that has its name. The same of the model.

    Shape:
        of each network: `(*, in)` to `(*, out)`, in the task's own units.

    Raises:
        UserError: for weights that were not kept, are not those of the Record, or do not fit the
            model as it is now.
    """
    what = f"{record.model} on {record.name}, {record.budget}"
    if not record.weights:
        raise UserError(f"{what}: want a Record whose weights were kept; {ADVICE}")
    path = weights_beside(path_of(record, Path(folder)))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: want the weights of {what}, got: {error}; {ADVICE}") from error
    if (got := sha256(data).hexdigest()) != record.weights:
        wanted = f"want the weights of {what}, SHA-256 {record.weights[:12]}"
        raise UserError(f"{path}: {wanted}, got {got[:12]}; {ADVICE}")
    try:
        state = load(data)
    except SafetensorError as error:
        raise UserError(f"{path}: want safetensors, got: {error}; {ADVICE}") from error
    task, model = task or get_task(record.name), model or find_model(record.model)
    return [_filled(state, index, record, task, model) for index in range(len(record.members))]


def _filled(
    state: Mapping[str, Tensor], index: int, record: Record, task: Task, model: Model
) -> nn.Module:
    """The network of one member: built, its grids divided as they were, and filled in."""
    with Draws("export"):  # its first weights are thrown away
        network = begun(record, task, model)
    own = named(network)
    shapes = {name: tuple(tensor.shape) for name, tensor in own.items()}
    got = {name: tuple(tensor.shape[1:]) for name, tensor in state.items()}
    if shapes != got:
        differ = sorted(name for name in shapes | got if shapes.get(name) != got.get(name))
        raise UserError(
            f"{record.model} on {record.name}, {record.budget}: want weights that fit the model, "
            f"got others for {', '.join(differ[:3])}; its source has changed: run it again"
        )
    with torch.no_grad():  # not load_state_dict, which leaves out buffers that do not persist
        for name, tensor in own.items():
            tensor.copy_(state[name][index])
    return network.eval()


def begun(record: Record, task: Task, model: Model) -> nn.Module:
    """A network before its training, its grids divided as they are in the end."""
    network = maker(task, model, record.budget, record.recipe)()
    for part in record.recipe.optimizers:
        network = refined(network, part.refine) if part.refine > 1 else network
    return network
