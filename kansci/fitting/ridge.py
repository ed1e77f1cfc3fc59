r"""Ridge regression on Gaussian kernels around some points of the data.

$$\min_c |K c - y|^2 + \alpha\,c^T K_z c$$

with the kernels $K$ of all points and $K_z$ of the centres: kernel ridge regression, where all
points are centres.

Source: Williams and Seeger 2001, "Using the Nyström Method to Speed Up Kernel Machines", NIPS 13.
"""

from __future__ import annotations

import torch

from kansci.fitting.problem import Problem, number
from kansci.models import Units
from kansci.models.kernel import Kernels

PRICE = 1e-6  # alpha, for targets of variance 1


def kernel_ridge(network: Units, problem: Problem) -> None:
    """Fits weights and chooses centres; the setting is the width of the kernels.

    Raises:
        NotApplicable: for a task that gives no targets.
    """
    from sklearn.kernel_approximation import Nystroem  # take a second to load
    from sklearn.linear_model import Ridge

    kernels = network.network
    assert isinstance(kernels, Kernels)
    points, targets = problem.points_and_targets(network)
    size = min(len(kernels.centres), len(points))
    features = Nystroem(
        kernel="rbf",
        gamma=1 / (2 * problem.setting**2),
        n_components=size,
        random_state=number(problem.generator),
    ).fit(points.numpy())
    ridge = Ridge(alpha=PRICE, fit_intercept=False, solver="svd")
    ridge.fit(features.transform(points.numpy()), targets.numpy())
    weights = ridge.coef_.reshape(targets.shape[1], -1) @ features.normalization_
    with torch.no_grad():
        kernels.length.fill_(problem.setting)
        kernels.coef.zero_()
        kernels.coef[:size] = torch.as_tensor(weights.T)
        kernels.centres[:size] = torch.as_tensor(features.components_)
