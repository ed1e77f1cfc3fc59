"""Classification: any number of classes, by cross entropy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data
from torch import Tensor

from kansci.sklearn.estimator import KANEstimator
from kansci.sklearn.rows import Rows
from kansci.task import Predict


def log_likelihood(answer: Tensor) -> Tensor:
    """Of every class, from the outputs of a network, of which two classes need but one."""
    if answer.shape[-1] == 1:
        answer = torch.cat([torch.zeros_like(answer), answer], -1)
    return F.log_softmax(answer, -1)


def cross_entropy(predict: Predict, x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    r"""$-\mathrm{mean}_p\, w_p \sum_c y_{pc} \log p_c(x_p)$, with $y$ 1 for the class, else 0."""
    return -(weight * y * log_likelihood(predict(x))).sum(-1).mean()


class KANClassifier(ClassifierMixin, KANEstimator):
    """Classification with a network of the zoo; the score is the accuracy.

    The loss is the cross entropy. The network has an output for each class, the logarithm of a
    likelihood up to a constant; for two classes it has one, the logit of the second. Parameters
    and attributes are those of `KANEstimator`, and `classes_`, in the order of `predict_proba`.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> KANClassifier:  # noqa: N803
        """Learns a table.

        Shape:
            X: `(row, in)`.
            y: `(row,)`, numbers or names.
            sample_weight: `(row,)`; `None`: 1 each.

        Raises:
            ValueError: in one line, for data or parameters that cannot be used.
            UnknownName: for a model or an optimizer that there is not.
        """
        checked, labels = map(np.asarray, validate_data(self, X, y, dtype=np.float64))
        check_classification_targets(labels)
        known, codes = np.unique(column_or_1d(labels, warn=True), return_inverse=True)
        rows = self._rows(checked, codes[:, None].astype(np.float64), sample_weight)
        present, codes = np.unique(rows.y, return_inverse=True)  # weight 0 may leave one out
        classes = known[present.astype(int)]
        if len(classes) < 2:
            raise ValueError(f"want two classes or more, got one class: {classes.tolist()[0]!r}")
        rows = rows._replace(y=codes.reshape(-1, 1))

        def encoded(rows: Rows) -> Tensor:
            return F.one_hot(torch.from_numpy(rows.y[:, 0]), len(classes)).double()

        dim_out = 1 if len(classes) == 2 else len(classes)
        self._learn(rows, dim_out, cross_entropy, encoded)
        self.classes_ = classes
        return self

    def predict_log_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """`(row, in)` to `(row, class)`."""
        return log_likelihood(self._answer(X)).numpy()

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """`(row, in)` to `(row, class)`, rows of which sum to 1."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """`(row, in)` to the likeliest class of each, `(row,)`."""
        likeliest = self.predict_log_proba(X).argmax(1)
        return self.classes_[likeliest]
