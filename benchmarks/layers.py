"""What a layer costs, forward and backward, beside those that are published.

    python benchmarks/layers.py --only kan,fastkan --json layers.json

Processor time, on one thread, eager, float32; both sides alternate in one process. README.md says
what is compared.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch

import warnings
from pathlib import Path
from typing import Annotated, Any

import layer_cost
import layer_tables
import torch
import typer
from engine import chosen
from layer_peers import MISSING, PEERS, Peer, ours, seeded
from rows import machine, write

from kansci.children.allocation import keep_freed_memory

README = Path(__file__).with_name("README.md")
SIZES = ((2, 5), (10, 10), (64, 64), (784, 64))
BATCHES = (256, 1024)
TURNS = 5
Row = dict[str, Any]


def compare(variant: str, peer: Peer, size: tuple[int, int], batch: int, turns: int) -> Row:
    """One row: milliseconds of both, and kilobytes that they keep for the backward pass."""
    x = layer_cost.inputs(size[0], batch)
    layers = [
        seeded(lambda i, o: ours(variant, i, o), *size),
        seeded(peer.make, *size),
    ]
    kept = [layer_cost.kept(layer, x) for layer in layers]
    steps = [layer_cost.step_of(layer, x) for layer in layers]
    own, its = layer_cost.in_alternation(steps, turns)
    return {
        "variant": variant,
        "peer": peer.name,
        "size": list(size),
        "batch": batch,
        "ours_ms": own,
        "peer_ms": its,
        "ratio": own / its,
        "ours_kb": kept[0] / 1e3,
        "peer_kb": kept[1] / 1e3,
    }


def measure(variants: tuple[str, ...], *, quick: bool) -> dict[str, Any]:
    """The document: rows, what they come to, and what could not be measured."""
    rows: list[Row] = []
    missing: list[Row] = []
    sizes, batches, turns = (SIZES[:1], BATCHES[:1], 3) if quick else (SIZES, BATCHES, TURNS)
    for variant in variants:
        for peer in PEERS[variant]:
            if not peer.here:
                missing.append({"variant": variant, "peer": peer.name})
                typer.echo(f"{variant}, {peer.name}: {MISSING}", err=True)
                continue
            found = [compare(variant, peer, i, b, turns) for i in sizes for b in batches]
            typer.echo(f"{variant}, {peer.name}: {layer_tables.mean(found):.3g}", err=True)
            rows += found
    return {
        "rows": rows,
        "geomean": layer_tables.worst(rows),
        "peers": layer_tables.summaries(rows, PEERS),
        "missing": missing,
        "machine": machine(),
    }


def main(
    only: Annotated[str, typer.Option(help="variants, between commas")] = ",".join(PEERS),
    quick: Annotated[bool, typer.Option("--quick", help="one size, to try it out")] = False,
    json: Annotated[Path | None, typer.Option(help="writes what it finds to this file")] = None,
    readme: Annotated[bool, typer.Option("--readme", help="rewrites README.md's tables")] = False,
) -> None:
    """Measures layers and prints tables."""
    torch.set_num_threads(1)
    keep_freed_memory()  # as workers do; the peers profit as well
    warnings.simplefilter("ignore")  # other people's
    document = measure(chosen(only, tuple(PEERS)), quick=quick)
    if json:
        write(document, json)
    text = layer_tables.render(document)
    typer.echo(text)
    if readme:
        layer_tables.rewrite(README, text)


if __name__ == "__main__":
    typer.run(main)
