"""How many nodes two ordered trees differ by.

Source: Zhang and Shasha 1989, "Simple Fast Algorithms for the Editing Distance between Trees and
Related Problems", SIAM Journal on Computing 18(6).
"""

from __future__ import annotations

from typing import NamedTuple


class Tree(NamedTuple):
    """An ordered tree with a label at each node."""

    label: str
    children: tuple[Tree, ...] = ()

    @property
    def size(self) -> int:
        """Its number of nodes."""
        return 1 + sum(child.size for child in self.children)


def edit_distance(one: Tree, other: Tree) -> int:
    """The least number of nodes to delete, insert or relabel that makes one tree the other.

    The children of a node that is deleted take its place.
    """
    left, right = _Postorder(one), _Postorder(other)
    whole = [[0] * len(right.labels) for _ in left.labels]  # of the trees below each two nodes
    for i in left.keyroots:
        for j in right.keyroots:
            _forests(left, right, i, j, whole)
    return whole[-1][-1]


class _Postorder:
    """A tree by the places of its nodes, children before their parent.

    Attributes:
        first: of each node, the place of the leftmost leaf below it.
        keyroots: nodes that are the root, or have a sibling to their left; upwards.
    """

    def __init__(self, tree: Tree) -> None:
        self.labels: list[str] = []
        self.first: list[int] = []
        self._visit(tree)
        self.keyroots = sorted({leaf: node for node, leaf in enumerate(self.first)}.values())

    def _visit(self, tree: Tree) -> None:
        start = len(self.labels)
        for child in tree.children:
            self._visit(child)
        self.labels.append(tree.label)
        self.first.append(start)


def _forests(left: _Postorder, right: _Postorder, i: int, j: int, whole: list[list[int]]) -> None:
    """Fills in the distances of all trees that share their leftmost leaf with two keyroots."""
    i0, j0 = left.first[i], right.first[j]
    table = [[0] * (j - j0 + 2) for _ in range(i - i0 + 2)]  # of what comes before each two nodes
    table[0] = list(range(j - j0 + 2))
    for x, m in enumerate(range(i0, i + 1), 1):
        table[x][0] = x
        for y, n in enumerate(range(j0, j + 1), 1):
            dropped = min(table[x - 1][y], table[x][y - 1]) + 1
            if left.first[m] == i0 and right.first[n] == j0:
                changed = table[x - 1][y - 1] + (left.labels[m] != right.labels[n])
                whole[m][n] = table[x][y] = min(dropped, changed)
            else:
                rest = table[left.first[m] - i0][right.first[n] - j0]
                table[x][y] = min(dropped, rest + whole[m][n])
