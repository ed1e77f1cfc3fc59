r"""Whether a formula that was found is the true one, and how far from it it is.

A formula is recovered if it is the truth up to an additive constant or a factor that is not 0,
once both are simplified. Beside that stands the edit distance between the two as trees, over the
number of nodes of the truth and at most 1. Functions that undo each other over the ranges of the
variables are taken away at full precision, constants are gathered, so that $e^{k+u}$ is $e^k e^u$,
terms of sums that cancelled but for rounding are dropped, and the rest is rounded to three
significant digits.

Source: La Cava et al. 2021, "Contemporary Symbolic Regression Methods and their Relative
Performance", arXiv:2107.14351, for symbolic and accurate solutions; Matsubara et al. 2022,
arXiv:2206.10540, for the normalised distance.
We differ: a distance is the smaller of those with and without sums multiplied out.
"""

from __future__ import annotations

import atexit
import json
import socket
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, cast

import sympy
from sympy import Expr

from kansci.forkserver import BEGUN, Forkserver, possible, serve
from kansci.formulas import NOWHERE, read
from kansci.recovery.canonical import constants_gathered, monic, remaining, rounded, settled
from kansci.recovery.edits import Tree, edit_distance
from kansci.task import Interval

Question = dict[str, Any]
Answer = dict[str, Any]
SECONDS = 30.0


class Recovery(NamedTuple):
    """What became of a formula.

    Attributes:
        exact: whether it is the truth, up to an additive constant or a factor.
        distance: from 0, the same tree, to 1.
        finished: whether the time sufficed; what was not known by then counts against it.
    """

    exact: bool
    distance: float
    finished: bool


def recovered(
    found: str | Expr,
    truth: str | Expr,
    *,
    ranges: Mapping[str, Interval] | None = None,
    seconds: float = SECONDS,
) -> Recovery:
    """Compares two formulas in a process of its own, which is ended when its time has passed.

    Args:
        found: a formula, as text or in sympy; read through the whitelist of `formulas.read`.
        ranges: of the variables, where known: the root of x**2 is x where x is positive.

    Raises:
        ValueError: for a formula that does not parse or is not of the whitelist.
    """
    question: Question = {
        "found": str(found),
        "truth": str(truth),
        "ranges": {name: list(ends) for name, ends in (ranges or {}).items()},
    }
    answer = _asked(question, seconds)
    if "problem" in answer:
        raise ValueError(answer["problem"])
    return Recovery(
        exact=answer.get("exact", False),
        distance=answer.get("distance", 1.0),
        finished="exact" in answer,
    )


def accurate(nrmse: float, least: float = 0.999) -> bool:
    r"""Whether $R^2 = 1 - \mathrm{NRMSE}^2$ exceeds a limit: SRBench's accurate solution."""
    return 1 - nrmse**2 > least


_SERVER = Forkserver("kansci.recovery.truth")
atexit.register(_SERVER.close)


def _asked(question: Question, seconds: float) -> Answer:
    """All that a child says until it ends or its time has passed; then it is killed.

    Where the system cannot fork, this process compares the formulas itself, however long it takes.
    """
    if not possible():
        return {name: value for answer in judged(question) for name, value in answer.items()}
    said = bytearray()
    talk, word = _SERVER.child()
    with talk, word:
        talk.sendall(json.dumps(question).encode() + b"\n")
        word.recv(len(BEGUN))  # until the server has loaded what it needs; that time is not theirs
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            talk.settimeout(left)
            try:
                piece = talk.recv(1 << 12)
            except TimeoutError:
                break
            if not piece:
                break
            said += piece
        with suppress(OSError):  # it has ended by itself
            word.shutdown(socket.SHUT_WR)
    whole = bytes(said[: said.rfind(b"\n") + 1])
    return {name: value for line in whole.splitlines() for name, value in json.loads(line).items()}


def serve_forever(handle: int) -> None:
    """The process that has sympy loaded, and forks one child for each question."""
    warnings.simplefilter("ignore")  # nobody would see them
    list(judged({"found": "sin(x)/(y + 1)", "truth": "x", "ranges": {}}))  # loads, and fills caches
    with socket.socket(fileno=handle) as control:
        serve(control, _answer)


def _answer(talk: socket.socket) -> None:
    with talk.makefile("rwb") as lines:
        for answer in judged(json.loads(lines.readline())):
            lines.write(json.dumps(answer).encode() + b"\n")
            lines.flush()


def judged(question: Question) -> Iterator[Answer]:
    """The distance, which is soon known, and then whether the formula is the true one."""
    try:
        found, truth = (_known(question[name], question["ranges"]) for name in ("found", "truth"))
    except ValueError as problem:
        yield {"problem": str(problem)}
        return
    ranges = question["ranges"]
    clear = [settled(one, ranges) for one in (found, truth)]
    forms = [
        [remaining(constants_gathered(one, expand=expand), ranges) for one in clear]
        for expand in (False, True)
    ]
    plain = [[rounded(one) for one in pair] for pair in forms]
    yield {"distance": min(normalised_distance(*pair) for pair in plain)}
    # Rounding a multiple of the truth would round its constants otherwise.
    scaled = [[rounded(monic(one)) for one in pair] for pair in forms]
    yield {"exact": any(same(*pair) for pair in [*plain, *scaled, [found, truth]])}


def _known(text: str, ranges: Mapping[str, Interval]) -> Expr:
    """A formula whose variables are known to be positive where they are."""
    formula = read(text)
    names = {str(symbol): symbol for symbol in formula.free_symbols}
    positive = {
        names[name]: sympy.Symbol(name, positive=True)
        for name, (low, _) in ranges.items()
        if name in names and low > 0
    }
    return cast(Expr, formula.xreplace(positive))


def same(found: Expr, truth: Expr) -> bool:
    """Whether two formulas differ by a constant, or one is a multiple of the other."""
    apart = sympy.simplify(found - truth)
    if not apart.free_symbols:
        return not apart.has(*NOWHERE)  # rounded, a denominator may be 0
    ratio = sympy.simplify(found / truth)
    return not ratio.free_symbols and bool(ratio.is_finite) and ratio != 0


def normalised_distance(found: Expr, truth: Expr) -> float:
    """Edits from one tree to the other over the nodes of the truth, at most 1."""
    true = tree(truth)
    return min(1.0, edit_distance(tree(found), true) / true.size)


def tree(formula: Expr) -> Tree:
    """A formula as a tree: functions, sums, products and powers; symbols and numbers are leaves.

    What a sum or a product has no order for stands in sympy's own.
    """
    if not formula.args:
        return Tree(str(formula))
    parts = cast(tuple[Expr, ...], formula.args)
    if isinstance(formula, sympy.Add | sympy.Mul):
        parts = tuple(sorted(parts, key=sympy.default_sort_key))
    return Tree(formula.func.__name__, tuple(map(tree, parts)))
