"""Independent networks that train together and never meet.

The only file that knows of the leading `member` dimension, but for the optimizers: networks and
losses are written for one, and `torch.vmap` lifts them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value
from torch.utils._pytree import tree_map

from kansci.calculus import Network
from kansci.models import trainable
from kansci.task import Batch, Loss, stream

Weights = dict[str, Tensor]
POINTS = 8_192  # predicted at once, so that memory does not grow with a probe


class Member(NamedTuple):
    """What a member has of its own, beside data and target."""

    seed: int
    rate: float


class Ensemble:
    """Networks that differ in seed, rate, data or target.

    What cannot be lifted (control flow on data, random layers) is looped over, member by
    member, with the same numbers; `lifted` says which it was.

    Args:
        make: builds one network; it draws from torch's generator, seeded for each member alone.
        example: two points, `(2, in)`, on which lifting is tried.
    """

    def __init__(
        self,
        make: Callable[[], nn.Module],
        members: Sequence[Member],
        example: Tensor,
        *,
        device: torch.device | str = "cpu",
    ) -> None:
        self.members = tuple(members)
        self.device = torch.device(device)
        networks = [self._seeded(make, member) for member in members]
        self.parameters_of_one = trainable(networks[0])
        weights, self.fixed = _stacked(networks, self.device)
        self._shapes = {name: tensor.shape[1:] for name, tensor in weights.items()}
        self.flat = torch.cat([w.flatten(1) for w in weights.values()], 1)  # (member, n)
        self.params = self._views(self.flat)
        self._start = {name: tensor.clone() for name, tensor in self.fixed.items()}
        self._learner = deepcopy(networks[0]).to("meta").train()
        self._knower = deepcopy(self._learner).eval()
        self._draws = [self._state(member) for member in members]
        self.lifted = self._try_lifting(example.to(self.device))

    def objective(self, loss: Loss) -> Callable[[Batch], tuple[Tensor, Tensor]]:
        """From a loss of one network to gradients `(member, n)` and losses `(member,)` of all.

        The gradient is taken inside the lift, so that nothing is averaged over members. Batches
        are tuples of tensors `(member, ...)`.
        """

        def one(params: Weights, fixed: Weights, batch: Batch) -> Tensor:
            return loss(self._network(self._learner, params, fixed), *batch)

        each = self._over_members(grad_and_value(one))

        def of_all(batch: Batch) -> tuple[Tensor, Tensor]:
            gradients, losses = each(self.params, self.fixed, batch)
            rows = [gradients[name].flatten(1) for name in self._shapes]
            return torch.cat(rows, 1), losses

        return of_all

    def losses(self, loss: Loss, batch: Batch) -> Tensor:
        """Losses of all members as they stand, `(member,)`; the networks do not learn."""

        def one(params: Weights, fixed: Weights, batch: Batch) -> Tensor:
            return loss(self._network(self._knower, params, fixed), *batch)

        # Not under no_grad, where forward derivatives of some activations do not exist; no weight
        # asks for a gradient here, so nothing is kept for one.
        return self._over_members(one)(self.params, self.fixed, batch)

    def predict(self, x: Tensor) -> Tensor:
        """The same points for every member, `(point, in)` to `(member, point, out)`."""

        def one(params: Weights, fixed: Weights, part: Tensor) -> Tensor:
            return functional_call(self._knower, (params, fixed), (part,))

        with torch.no_grad():
            every = self._over_members(one)
            parts = [
                every(self.params, self.fixed, part.expand(len(self.members), *part.shape))
                for part in x.to(self.device, self.flat.dtype).split(POINTS)
            ]
        return torch.cat(parts, 1)

    def adapted(self) -> int:
        """Untrained numbers of one network that differ between members or changed in training."""
        count = 0
        for name, now in self.fixed.items():
            changed = (now != self._start[name]) | (now != now[:1])
            count += int(changed.any(0).sum())
        return count

    def export(self, index: int, into: nn.Module) -> nn.Module:
        """One member's weights, loaded into a network of its kind."""
        state = {name: tensor[index] for name, tensor in (self.params | self.fixed).items()}
        into.load_state_dict(state, strict=False)
        return into

    @staticmethod
    def _network(module: nn.Module, params: Weights, fixed: Weights) -> Network:
        return Network(module, lambda m, args: functional_call(m, (params, fixed), args))

    def _seeded(self, make: Callable[[], nn.Module], member: Member) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            seed = stream("start", member.seed).initial_seed()
            torch.default_generator.manual_seed(seed)
            return make()

    def _views(self, flat: Tensor) -> Weights:
        sizes = [shape.numel() for shape in self._shapes.values()]
        parts = flat.split(sizes, 1)
        return {
            name: part.view(len(self.members), *shape)
            for part, (name, shape) in zip(parts, self._shapes.items(), strict=True)
        }

    def _try_lifting(self, example: Tensor) -> bool:
        def total(predict: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
            return predict(x).sum()

        before = {name: tensor.clone() for name, tensor in self.fixed.items()}
        self.lifted = True
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about slow fallbacks of a module we only try
                self.objective(total)((example.expand(len(self.members), *example.shape),))
        except (RuntimeError, NotImplementedError):
            return False  # a network that is simply wrong fails again, with a plainer error
        finally:
            self.fixed = before
        return True

    def _over_members(self, one: Callable[..., Any]) -> Callable[..., Any]:
        if self.lifted:
            return torch.vmap(one)  # refuses random layers: draws would depend on neighbours

        def loop(*stacked: Any) -> Any:
            alone = []
            for index in range(len(self.members)):
                with _Drawing(self._draws, index, self.device):
                    alone.append(one(*tree_map(lambda s, i=index: s[i], stacked)))
            return tree_map(lambda *leaves: torch.stack(leaves), *alone)

        return loop

    def _state(self, member: Member) -> Tensor:
        seed = stream("draws", member.seed).initial_seed()
        return torch.Generator(self.device).manual_seed(seed).get_state()


class _Drawing:
    """Lends torch's generator to one member, with the draws that are its own."""

    def __init__(self, states: list[Tensor], index: int, device: torch.device) -> None:
        self.states, self.index = states, index
        self.cuda = device.type == "cuda"

    def __enter__(self) -> None:
        self.before = self._get()
        self._set(self.states[self.index])

    def __exit__(self, *_: object) -> None:
        self.states[self.index] = self._get()
        self._set(self.before)

    def _get(self) -> Tensor:
        return torch.cuda.get_rng_state() if self.cuda else torch.get_rng_state()

    def _set(self, state: Tensor) -> None:
        torch.cuda.set_rng_state(state) if self.cuda else torch.set_rng_state(state)


def _stacked(networks: Sequence[nn.Module], device: torch.device) -> tuple[Weights, Weights]:
    """Trainable weights, and all that is not trained, each with a leading `member` dimension."""
    trained: Weights = {}
    fixed: Weights = {}
    named = [dict(n.named_parameters()) | dict(n.named_buffers()) for n in networks]
    for name, tensor in named[0].items():
        stack = torch.stack([tensors[name].detach() for tensors in named]).to(device)
        (trained if tensor.requires_grad else fixed)[name] = stack
    return trained, fixed
