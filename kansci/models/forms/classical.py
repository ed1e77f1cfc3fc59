"""Classical controls, of which no number is found by gradient descent."""

from torch import nn

from kansci.errors import DoesNotFit
from kansci.models.kernel import Kernels
from kansci.models.legendre import LegendreSeries
from kansci.models.model import Model
from kansci.models.registry import entry
from kansci.models.trees import Trees, numbers_of_a_tree


@entry("legendre")
def legendre() -> Model:
    """As many products of Legendre polynomials as the budget holds, by least squares."""

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        if parameters < dim_out:
            raise DoesNotFit(f"one constant for each output is {dim_out}, want <= {parameters}")
        return LegendreSeries(dim_in, dim_out, parameters // dim_out)

    return Model(
        "legendre",
        build,
        kind="classical",
        control=True,
        fitted="least squares",
        settings=(1.0, 0.5, 0.25, 0.125),
        about="products of Legendre polynomials by least squares, and by collocation for PDEs",
        source="Boyd 2001, Chebyshev and Fourier Spectral Methods",
    )


@entry("kernel-ridge")
def kernel_ridge() -> Model:
    """Gaussian kernels around as many points of the data as the budget holds."""

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        size = (parameters - 1) // (dim_in + dim_out)  # centres count, and the width does
        if size < 1:
            raise DoesNotFit(f"one centre has {dim_in + dim_out + 1} numbers, want <= {parameters}")
        return Kernels(dim_in, dim_out, size)

    return Model(
        "kernel-ridge",
        build,
        kind="classical",
        control=True,
        fitted="kernel ridge",
        settings=(0.1, 0.3, 1.0, 3.0),
        about="Gaussian kernels around points of the data, by ridge regression",
        source="Saunders et al. 1998, ICML, Ridge Regression Learning Algorithm in Dual Variables",
    )


@entry("boosted-trees")
def boosted_trees(*, depth: int = 3) -> Model:
    """As many gradient-boosted trees as the budget holds."""

    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        one = dim_out * numbers_of_a_tree(depth)
        if parameters < one:
            raise DoesNotFit(f"one tree for each output has {one} numbers, want <= {parameters}")
        return Trees(dim_in, dim_out, parameters // one, depth=depth)

    return Model(
        "boosted-trees",
        build,
        kind="classical",
        control=True,
        fitted="boosting",
        settings=(0.1, 0.2, 0.5, 1.0),
        derivatives=0,
        continuous=-1,
        about="histogram gradient boosting of regression trees, from scikit-learn",
        source="Friedman 2001, Annals of Statistics 29:1189",
    )
