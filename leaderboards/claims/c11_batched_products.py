"""KANs cannot use batched products."""

from collections.abc import Iterator

import torch

from kansci.bases import BSpline
from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import faster, inputs
from kansci.claims.functions import Recursion
from kansci.claims.measurement import exactly
from kansci.claims.originals import EdgeByEdge, Expanded, drawn
from kansci.claims.verdict import Word, concluded, within
from kansci.models import KANLayer

BATCH, WIDTH, GRID = 256, 8, 5
SAME = 1e-5  # what rounding leaves in float32
APART, KERNEL = "one product over edge by edge", "kansci's layer over edge by edge"


def measure() -> Iterator[Quantity | str]:
    x, coef = inputs(BATCH, WIDTH), drawn(WIDTH, WIDTH, GRID + 3)
    apart = EdgeByEdge(Recursion(GRID), coef)
    product = Expanded(WIDTH, WIDTH, Recursion(GRID), GRID + 3, base=False)
    layer = KANLayer(WIDTH, WIDTH, BSpline(WIDTH, grid=GRID))
    with torch.no_grad():
        product.product.weight.copy_(coef.flatten(1))
        layer.coef.copy_(coef)
        for label, one in (("one product", product), ("kansci's layer", layer)):
            miss = (one(x) - apart(x)).abs().max().item()
            yield exactly(f"largest difference of {label}", miss)
    for label, one in ((APART, product), (KERNEL, layer)):
        yield faster(label, one, apart, x, "forward + backward")


def verdict(found: Measurement) -> Verdict:
    same = all(one.value < SAME for one in found.starting("largest difference"))
    gains = (found[APART], found[KERNEL])
    words: list[Word] = [within(one, 1.0) if same else "holds" for one in gains]
    return concluded(
        words,
        f"One product of a batch gives {'the same' if same else 'other'} functions of one basis, "
        f"forward and backward {gains[0]} as fast as edge by edge; kansci's layer {gains[1]}.",
    )


claim = Claim(
    id="C11",
    title="KANs cannot use batched products",
    claim="KANs are slow as each edge has a function of its own, so that batches do not help.",
    source="Liu et al. 2024, arXiv:2404.19756, discussion; repeated in blogs",
    cited=("liu2024kan",),
    setting="None.",
    ours=(
        "A cubic layer of 8 by 8 on 5 cells and 256 points, forward and backward on a CPU: every "
        "edge evaluated by itself, all edges in one product, and kansci's layer."
    ),
    measure=measure,
    verdict=verdict,
    quick=True,
)
