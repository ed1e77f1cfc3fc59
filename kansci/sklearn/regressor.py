"""Regression: one target or several, standardised, by least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import validate_data
from torch import Tensor

from kansci.losses import MeanSquares, Part
from kansci.sklearn.estimator import KANEstimator
from kansci.sklearn.rows import Rows, scale_of
from kansci.task import Predict


def _weighted(predict: Predict, x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    return weight.sqrt() * (predict(x) - y)


SQUARES = MeanSquares(Part(_weighted, takes=(0, 1, 2)))


class KANRegressor(RegressorMixin, KANEstimator):
    """Regression with a network of the zoo; several targets are outputs of one network.

    The loss is the mean square error of standardised targets, the score $R^2$. Parameters and
    attributes are those of `KANEstimator`.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> KANRegressor:  # noqa: N803
        """Learns a table.

        Shape:
            X: `(row, in)`.
            y: `(row,)` or `(row, out)`.
            sample_weight: `(row,)`; `None`: 1 each.

        Raises:
            ValueError: in one line, for data or parameters that cannot be used.
            UnknownName: for a model or an optimizer that there is not.
        """
        given = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        checked, target = map(np.asarray, given)
        self._flat = target.ndim == 1
        target = target.reshape(len(target), -1).astype(np.float64)
        rows = self._rows(checked, target, sample_weight)
        mean, std = scale_of(rows)

        def standardised(rows: Rows) -> Tensor:
            return (torch.from_numpy(rows.y) - mean) / std

        self._learn(rows, target.shape[1], SQUARES, standardised)
        self.network_.mean, self.network_.std = mean, std
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """`(row, in)` to `(row,)` or `(row, out)`, as `y` was."""
        answer = self._answer(X).numpy()
        return answer[:, 0] if self._flat else answer

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
