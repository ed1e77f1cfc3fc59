"""Networks of named functions as sympy expressions.

Every part that stands between layers says how it acts on expressions, as it does for jets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy
from torch import Tensor, nn

from kansci.hooks import offered
from kansci.models.edges.parts import parts
from kansci.models.multiply import Multiply
from kansci.models.units import Units, without_units
from kansci.symbolic.layer import SymbolicLayer
from kansci.symbolic.library import FUNCTIONS

Words = list[sympy.Expr]
Rule = Callable[[Any, Words], Words]
RULES: dict[type[nn.Module], Rule] = {}


def expression(network: nn.Module, symbols: Sequence[str] | None = None) -> sympy.Expr:
    """The formula of a network with one output, in the network's own units.

    Raises:
        ValueError: for several outputs, or for what `expressions` refuses.
    """
    found = expressions(network, symbols)
    if len(found) != 1:
        raise ValueError(f"want one output, got {len(found)}: ask for `expressions`")
    return found[0]


def expressions(network: nn.Module, symbols: Sequence[str] | None = None) -> tuple[sympy.Expr, ...]:
    """The formula of each output, as it stands: `rounded` makes it readable.

    Args:
        symbols: names of the inputs; none: $x_1, x_2, ...$

    Raises:
        ValueError: where an edge has no name yet, where a part has no words, or for another
            number of symbols than inputs.
    """
    row = [without_units(network)] if offered(network, "symbolic") else parts(network)
    names = _names(network, row[0] if row else None, symbols)
    inputs: Words = [sympy.Symbol(name) for name in names]
    words, units = inputs, network if isinstance(network, Units) else None
    if units is not None:
        centre, half = units.centre.tolist(), units.half_width.tolist()
        words = [(x - c) / h for x, c, h in zip(words, centre, half, strict=True)]
    for part in row:
        words = said(part, words)
    if units is not None:
        words = [units.mean.item() + units.std.item() * word for word in words]
        if units.ansatz is not None:
            words = list(units.ansatz.words(inputs, words))
    return tuple(words)


def _names(
    network: nn.Module, first: nn.Module | None, symbols: Sequence[str] | None
) -> Sequence[str]:
    """Those of the inputs, as many as there are, as far as that is known."""
    if isinstance(first, SymbolicLayer):
        dims = first.dim_in
    elif first is not None and offered(first, "symbolic"):
        dims = len(network.centre) if isinstance(network, Units) else len(symbols or ())
    else:
        got = type(first).__name__
        raise ValueError(f"want edges with names, got {got}: call `symbolic` first")
    names = symbols or [f"x_{i + 1}" for i in range(dims)]
    if len(names) != dims or not names:
        raise ValueError(f"want {dims or 'some'} symbols, got {list(names)}")
    return names


def says(kind: type[nn.Module]) -> Callable[[Rule], Rule]:
    """Registers how modules of this kind act on expressions."""

    def register(rule: Rule) -> Rule:
        RULES[kind] = rule
        return rule

    return register


def said(part: nn.Module, words: Words) -> Words:
    """Through one part of a network; what its author says of it comes first."""
    if (method := offered(part, "symbolic")) is not None:
        return [sympy.sympify(word, strict=True) for word in method(list(words))]
    for kind in type(part).__mro__:
        if kind in RULES:
            return RULES[kind](part, words)
    known = ", ".join(kind.__name__ for kind in RULES)
    raise ValueError(f"want parts out of {known}, got {type(part).__name__}")


@says(SymbolicLayer)
def _layer(layer: SymbolicLayer, words: Words) -> Words:
    kept = None if layer.kept is None else layer.kept.tolist()
    sums: Words = []
    for out, constant in enumerate(layer.bias.tolist()):
        total = sympy.Float(constant)
        for into, (word, name) in enumerate(zip(words, layer.names[out], strict=True)):
            if name != "0" and (kept is None or kept[out][into]):
                a, b, c = layer.numbers[out, into].tolist()
                scaled = word if a == 1 else a * word
                total = total + c * FUNCTIONS[name].word(scaled + b if b else scaled)
        sums.append(total)
    return sums


@says(Multiply)
def _multiply(part: Multiply, words: Words) -> Words:
    factors = words[part.plain :]
    pairs = zip(factors[0::2], factors[1::2], strict=True)
    return [*words[: part.plain], *(a * b for a, b in pairs)]


@says(nn.LayerNorm)
def _layer_norm(part: nn.LayerNorm, words: Words) -> Words:
    mean = sympy.Add(*words) / len(words)
    variance = sympy.Add(*((word - mean) ** 2 for word in words)) / len(words)
    weight, bias = _numbers(part.weight, 1, words), _numbers(part.bias, 0, words)
    root = sympy.sqrt(variance + part.eps)
    return [w * (word - mean) / root + b for word, w, b in zip(words, weight, bias, strict=True)]


def _numbers(tensor: Tensor | None, default: float, words: Words) -> list[float]:
    return [default] * len(words) if tensor is None else tensor.tolist()
