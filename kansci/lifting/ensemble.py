"""Independent networks that train together and never meet.

Only this, what it rests on (`stacked`, `looping`) and the optimizers know of the leading `member`
dimension: networks and losses are written for one, and `torch.vmap` lifts them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy, deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import grad_and_value

from kansci.calculus import Network
from kansci.draws import Draws
from kansci.lifting.gauss import normal
from kansci.lifting.lent import lent
from kansci.lifting.liftable import tried
from kansci.lifting.looping import by_autograd, looped
from kansci.lifting.stacked import Rows, Weights, first_names, named, stacked, taken
from kansci.losses import MeanSquares
from kansci.models import trainable
from kansci.models.units import without_units
from kansci.task import Batch, Loss

POINTS = 8_192  # predicted at once, so that memory does not grow with a probe
WIDTH = 8  # members predicted at once
EVERY = slice(None)
Lifted = Callable[..., tuple[Tensor, ...]]
Remake = Callable[[nn.Module], nn.Module]
Ask = Callable[[Network, Tensor], Tensor]


class Member(NamedTuple):
    """What a member has of its own, beside data and target.

    Attributes:
        place: of its task among those that train together.
    """

    seed: int
    rate: float
    place: int = 0


class Ensemble:
    """Networks that differ in seed, rate, data or target.

    What cannot be lifted (control flow on data, random layers) is looped over, member by
    member, with the same numbers; `lifted` says which it was, and `changes` whether a network
    changes its own state as it learns.

    Args:
        makes: builds one network of each place; it draws from global generators, seeded for each
            member alone.
        example: a few points of each place, `(place, point, in)`, on which lifting is tried.
    """

    def __init__(
        self,
        makes: Sequence[Callable[[], nn.Module]],
        members: Sequence[Member],
        example: Tensor,
        *,
        device: torch.device | str = "cpu",
    ) -> None:
        self.members = tuple(members)
        self.device = torch.device(device)
        self._makes, self._remakes = tuple(makes), list[Remake]()
        self._draws = [Draws("draws", member.seed, self.device) for member in members]
        self._example = example[[one.place for one in members]].to(device)  # (member, point, in)
        self._start: Weights = {}
        networks = []
        for member in members:
            with Draws("start", member.seed):
                networks.append(makes[member.place]())
        self._hold(networks)

    def _hold(self, networks: Sequence[nn.Module]) -> None:
        """What its members are: networks of one form, from here on."""
        self.parameters_of_one = trainable(without_units(networks[0]))
        weights, self.fixed = stacked(networks, self.device)
        self._names = first_names(networks[0])
        self._rows = Rows(weights)
        self.flat = self._rows.join(weights)  # (member, n)
        self.params = self._rows.views(self.flat)
        fresh = {name: tensor.clone() for name, tensor in self.fixed.items()}
        kept = {k: t for k, t in self._start.items() if k in fresh and t.shape == fresh[k].shape}
        self._start = fresh | kept
        self._learner = deepcopy(networks[0]).to("meta").train()
        self._knower = deepcopy(self._learner).eval()
        self.lifted = True  # so that the trial lifts
        trial = self.gradients(lambda network, x: network(x).sum())
        self.lifted, self.changes = tried(trial, self.flat, self.fixed, self._example)

    def remake(self, remake: Remake) -> None:
        """Every network becomes another, which may have more numbers; it learns on from there.

        Optimizers and objectives are of the weights before, and of no use after.

        Args:
            remake: from a network to the other; forms must not depend on weights.
        """
        networks = [remake(self.network(index)) for index in range(len(self.members))]
        self._remakes.append(remake)
        self._hold(networks)

    def network(self, index: int) -> nn.Module:
        """One member's network as it stands, on the CPU."""
        with Draws("export"):  # its first weights are thrown away
            network = self._makes[self.members[index].place]()
            for remake in self._remakes:
                network = remake(network)
        return self.export(index, network)

    def still(self) -> Ensemble:
        """These networks as they stand now, to be asked when they have learned more."""
        held = copy(self)
        held.flat = self.flat.clone()
        held.params = self._rows.views(held.flat)
        held.fixed = {name: tensor.clone() for name, tensor in self.fixed.items()}
        return held

    def put(self, index: int, network: nn.Module) -> None:
        """Makes a network of its kind one member's, with all that it holds."""
        own = named(network)
        with torch.no_grad():
            for name, rows in (self.params | self.fixed).items():
                rows[index] = own[name].to(rows.device, rows.dtype)

    def gradients(self, loss: Loss) -> Lifted:
        """From a loss of one network to a function of all that their gradients depend on.

        It takes weights `(member, n)`, then the tensors of `fixed`, then those of a batch, each
        `(member, ...)`, of any of the members; it gives gradients `(member, n)` and losses
        `(member,)`. The gradient is taken inside the lift: nothing is averaged over members.
        """

        def one(params: Weights, fixed: Weights, batch: Batch) -> Tensor:
            return loss(lent(self._learner, self._names, params, fixed), *batch)

        each = self._over_members(grad_and_value(one) if self.lifted else by_autograd(one))

        def of_all(flat: Tensor, *rest: Tensor) -> tuple[Tensor, Tensor]:
            fixed = dict(zip(self.fixed, rest, strict=False))
            gradients, losses = each(self._rows.views(flat), fixed, rest[len(fixed) :])
            return self._rows.join(gradients), losses

        return of_all

    def normals(self, loss: MeanSquares) -> Lifted:
        """As `gradients`, for Levenberg-Marquardt: `(gram, gradient, loss)` of the residuals."""

        def one(row: Tensor, fixed: Weights, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
            def predict(row: Tensor) -> Network:
                return lent(self._learner, self._names, self._rows.views(row), fixed)

            return normal(loss, predict, row, batch)

        each = self._over_members(one)

        def of_all(flat: Tensor, *rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            fixed = dict(zip(self.fixed, rest, strict=False))
            return each(flat, fixed, rest[len(fixed) :])

        return of_all

    def losses(self, loss: Loss, batch: Batch) -> Tensor:
        """Losses of all members as they stand, `(member,)`; the networks do not learn."""

        def one(params: Weights, fixed: Weights, batch: Batch) -> Tensor:
            return loss(lent(self._knower, self._names, params, fixed), *batch)

        # Not under no_grad, where forward derivatives of some activations do not exist; no weight
        # asks for a gradient here, so nothing is kept for one.
        return self._over_members(one)(self.params, self.fixed, batch)

    def predict(self, x: Tensor, among: slice = EVERY) -> Tensor:
        """The same points for every member among some, `(point, in)` to `(member, point, out)`."""
        with torch.no_grad():
            return self.answers(lambda network, part: network(part), x, among)

    def answers(self, ask: Ask, x: Tensor, among: slice = EVERY) -> Tensor:
        """What one network is asked about points, row by row, of every member among some.

        Args:
            ask: `(network, (point, in))` to `(point, k)`.

        Returns:
            `(member, point, k)`.
        """

        def one(params: Weights, fixed: Weights, part: Tensor) -> Tensor:
            return ask(lent(self._knower, self._names, params, fixed), part)

        params, fixed = taken(self.params, among), taken(self.fixed, among)
        count = len(self.flat[among])
        width = WIDTH if self.lifted else count  # what is looped takes one by one anyway

        def some(part: Tensor, start: int) -> Tensor:
            own = slice(start, start + width)
            points = part.expand(len(self.flat[among][own]), *part.shape)
            return every(taken(params, own), taken(fixed, own), points)

        every = self._over_members(one, among)
        parts = [
            torch.cat([some(part, start) for start in range(0, count, width)])
            for part in x.to(self.device, self.flat.dtype).split(POINTS)
        ]
        return torch.cat(parts, 1)

    def numbers(self, among: slice = EVERY) -> Weights:
        """All that networks hold, trained or not, `(member, ...)` by name, on the CPU."""
        own = taken(self.params | self.fixed, among)
        return {name: tensor.to("cpu", copy=True) for name, tensor in own.items()}

    def adapted(self, among: slice = EVERY) -> int:
        """Untrained numbers of one network that differ between members or changed in training.

        Args:
            among: members of one task; other tasks have units of their own.
        """
        count = 0
        for name, tensor in self.fixed.items():
            now = tensor[among]
            changed = (now != self._start[name][among]) | (now != now[:1])
            count += int(changed.any(0).sum())
        return count

    def among(self, place: int) -> slice:
        """The members of one task, which stand in a row."""
        places = [member.place for member in self.members]
        start = places.index(place)
        return slice(start, start + places.count(place))

    def export(self, index: int, into: nn.Module) -> nn.Module:
        """One member's weights, put into a network of its kind; and all else that is its own."""
        own = self.params | self.fixed
        with torch.no_grad():  # not load_state_dict, which leaves out buffers that do not persist
            for name, tensor in named(into).items():
                tensor.copy_(own[name][index])
        return into

    def _over_members(self, one: Callable[..., Any], among: slice = EVERY) -> Callable[..., Any]:
        if self.lifted:
            return torch.vmap(one)  # refuses random layers: draws would depend on neighbours
        return looped(one, self._draws[among])
