"""What L-BFGS remembers of each member: pairs of a step and the change of the gradient in it.

Source: Byrd, Nocedal and Schnabel 1994, "Representations of quasi-Newton matrices and their use
in limited memory methods", Mathematical Programming 63, theorem 2.2.
We differ: the inverse of R is kept, not R. To forget the oldest pair is to leave out its row and
column, in the inverse too, since R is triangular; and a new pair adds one column. So pairs may
lie in any order, nothing is solved, and the two passes over the history do for any length what
would be four small operations for each pair in the two-loop recursion of the textbooks.
"""

from __future__ import annotations

import torch
from torch import Tensor


class History:
    r"""The last `size` pairs $(s_i, y_i)$ of each member, in rings of their own.

    With $R_{ij} = s_i^T y_j$ where $i$ is no younger than $j$, else 0, $D$ its diagonal and
    $\gamma = s^T y / y^T y$ of the newest pair, the inverse Hessian is

    $$H = \gamma I + \begin{pmatrix} S & \gamma Y \end{pmatrix}
      \begin{pmatrix} R^{-T} (D + \gamma Y^T Y) R^{-1} & -R^{-T} \\ -R^{-1} & 0 \end{pmatrix}
      \begin{pmatrix} S^T \\ \gamma Y^T \end{pmatrix}.$$

    Attributes:
        count: pairs that each member has, `(member,)`; none makes $H$ the identity.
    """

    def __init__(self, members: int, numbers: int, size: int, device: torch.device) -> None:
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(members, *shape, dtype=torch.double, device=device)

        self.count = zeros().long()
        self._next = zeros().long()  # the slot that is written next
        self._rows = torch.arange(members, device=device)
        self._pairs = zeros(2, size, numbers)  # S, then Y
        self._inverse = zeros(size, size)  # of R; zero where there is no pair
        self._changes = zeros(size, size)  # Y^T Y
        self._diagonal = zeros(size)  # D
        self._gamma = zeros() + 1

    def forget(self, where: Tensor) -> None:
        """Every pair of those members is dropped, `(member,)`."""
        self.count.masked_fill_(where, 0)
        self._inverse.masked_fill_(where[:, None, None], 0)  # so that no pair has a say
        self._gamma.masked_fill_(where, 1)

    def update(self, s: Tensor, y: Tensor, keep: Tensor, gradient: Tensor) -> Tensor:
        """Remembers a pair where `keep` says so; then the direction $-H g$, `(member, n)`.

        Args:
            s: step, `(member, n)`.
            y: change of the gradient in it, `(member, n)`.
            keep: members that have a new pair, with $s^T y > 0$, `(member,)`.
            gradient: from which to go down, `(member, n)`.
        """
        members, _, size, numbers = self._pairs.shape
        here = (self._rows, slice(None), self._next)
        pair = torch.stack((s, y), 1)  # (member, 2, n)
        self._pairs[here] = torch.where(keep[:, None, None], pair, self._pairs[here])
        flat = self._pairs.view(members, 2 * size, numbers)
        products = torch.bmm(flat, torch.stack((y, gradient), 2))  # (member, 2 size, 2)
        (sy, sg), (yy, yg) = (part.unbind(2) for part in products.split(size, 1))
        self._remember(sy, yy, keep)
        weights = self._weigh(sg, yg)
        return torch.baddbmm((gradient * -self._gamma[:, None])[:, None], weights, flat)[:, 0]

    def _remember(self, sy: Tensor, yy: Tensor, keep: Tensor) -> None:
        r"""Products of all steps, and of all changes, with the new change, `(member, size)`.

        $$\begin{pmatrix} R & c \\ 0 & d \end{pmatrix}^{-1} =
          \begin{pmatrix} R^{-1} & -R^{-1} c / d \\ 0 & 1/d \end{pmatrix}$$
        """
        rows, slot, kept = self._rows, self._next, keep[:, None]
        curved, length = sy[rows, slot], yy[rows, slot]  # d and its like
        for matrix, row in ((self._inverse, torch.zeros_like(sy)), (self._changes, yy)):
            matrix[rows, slot] = torch.where(kept, row, matrix[rows, slot])
        # The column of the pair that is overwritten meets a 0 here, as it must.
        known = sy.index_put((rows, slot), torch.zeros_like(curved)).unsqueeze(2)
        column = -torch.bmm(self._inverse, known).squeeze(2) / curved[:, None]
        column[rows, slot] = 1 / curved
        for matrix, new in ((self._inverse, column), (self._changes, yy)):
            matrix[rows, :, slot] = torch.where(kept, new, matrix[rows, :, slot])
        self._diagonal[rows, slot] = torch.where(keep, curved, self._diagonal[rows, slot])
        torch.where(keep, curved / length, self._gamma, out=self._gamma)
        size = sy.shape[1]
        self._next.add_(keep).remainder_(size)
        self.count.add_(keep).clamp_(max=size)

    def _weigh(self, sg: Tensor, yg: Tensor) -> Tensor:
        """Weights of all steps and changes in $-Hg$, `(member, 1, 2 size)`.

        Args:
            sg: products of all steps with the gradient, `(member, size)`.
            yg: products of all changes with it, `(member, size)`.
        """
        gamma = self._gamma[:, None, None]
        u = self._inverse @ sg.unsqueeze(2)  # (member, size, 1)
        inner = self._diagonal.unsqueeze(2) * u + gamma * (self._changes @ u - yg.unsqueeze(2))
        v = self._inverse.mT @ inner
        return torch.cat((-v, gamma * u), 1).mT
