"""Histogram gradient boosting of regression trees, by scikit-learn.

Source: Ke et al. 2017, "LightGBM", NIPS 30, which scikit-learn's implementation follows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from kansci.fitting.problem import Problem, number
from kansci.models import Units
from kansci.models.trees import Trees

FEWEST = 5  # points in a leaf


def boosting(network: Units, problem: Problem) -> None:
    """Grows all trees; the setting is the learning rate.

    Raises:
        NotApplicable: for a task that gives no targets.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor  # takes a second to load

    trees = network.network
    assert isinstance(trees, Trees)
    tables = (trees.feature, trees.threshold, trees.leaf)
    points, targets = problem.points_and_targets(network)
    for output, column in enumerate(targets.unbind(-1)):
        forest = HistGradientBoostingRegressor(
            learning_rate=problem.setting,
            max_iter=trees.leaf.shape[1],
            max_depth=trees.depth,
            max_leaf_nodes=2**trees.depth,
            min_samples_leaf=FEWEST,
            early_stopping=False,  # pyright: ignore[reportArgumentType]  (its stub knows "auto" alone)
            random_state=number(problem.generator),
        ).fit(points.numpy(), column.numpy())
        with torch.no_grad():
            for place, (grown,) in enumerate(forest._predictors):
                rows = completed(grown.nodes, trees.depth)
                for own, row in zip(tables, rows, strict=True):
                    own[output, place] = torch.as_tensor(row)
            trees.leaf[output, 0] += float(forest._baseline_prediction.item())


def completed(nodes: Any, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A grown tree as a complete one: features, thresholds, and values of leaves.

    Args:
        nodes: scikit-learn's table, a row a node.
    """
    inner = 2**depth - 1
    feature, threshold = np.zeros(inner, dtype=np.int64), np.full(inner, np.inf)
    leaf = np.zeros(inner + 1)
    rows = {0: 0}  # of the table, by place in the complete tree
    for place in range(2 * inner + 1):
        node = nodes[rows[place]]
        if place >= inner:
            leaf[place - inner] = node["value"]
            continue
        rows[2 * place + 1] = rows[2 * place + 2] = rows[place]
        if not node["is_leaf"]:
            feature[place], threshold[place] = node["feature_idx"], node["num_threshold"]
            rows[2 * place + 1], rows[2 * place + 2] = int(node["left"]), int(node["right"])
    return feature, threshold, leaf
