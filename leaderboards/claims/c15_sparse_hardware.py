"""LinearKAN maps to structured sparsity of GPUs and to cuSPARSE."""

from kansci.claims import Claim

claim = Claim(
    id="C15",
    title="2:4 sparsity and cuSPARSE for LinearKAN",
    claim=(
        "With five control points a row of hats has two in four that are not zero, which tensor "
        "cores of GPUs are built for; with more, cuSPARSE does the products."
    ),
    source=(
        "Bui 2025, README of kanditioned; the text of its package 1.0.4 has cuSPARSE alone; no "
        "numbers"
    ),
    cited=("marin2025kanditioned",),
    setting="A GPU with 2:4 structured sparsity.",
    untestable=(
        "Needs a GPU with sparse tensor cores and cuSPARSE; on a CPU neither is there. The package "
        "holds no code for 2:4 sparsity, and its kernel of sparse matrices fails for any input."
    ),
)
