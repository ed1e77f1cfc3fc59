"""What both estimators share: their parameters, and the way from a table to a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)
from torch import Tensor

import kansci.sklearn.portable  # noqa: F401 - so that models can be pickled
from kansci.discover import find_model
from kansci.engines.engine import choose_device
from kansci.lifting.ensemble import POINTS
from kansci.models import Model
from kansci.sklearn.rows import Rows, merged, parted, units_of
from kansci.sklearn.settings import DTYPES, one_of, optimizers, positive, seed_of, whole
from kansci.sklearn.training import How, fitting, train
from kansci.task import Batch, Loss

Encode = Callable[[Rows], Tensor]


class KANEstimator(BaseEstimator):
    """A network of the zoo on a table: the data's units around it, and the engine's training.

    Inputs are mapped to [-1, 1] by the range of each column; local functions know nothing outside
    of it. What was trained in float32 predicts in float64, so that no answer depends on what else
    is asked. Rows that are equal count as one with their weights summed.

    Args:
        model: a name that `kansci models` lists, with options as in `kan[grid=8]`; the path of a
            file that defines one; or a `Model`.
        parameters: the most trainable numbers; the widest network that has no more is built.
        optimizer: `adam`, `sgd`, `lbfgs`, `lm` (for regression alone), or two, as `adam+lbfgs`,
            of which the second has a fifth of the evaluations.
        evaluations: of loss and gradient, in all.
        rate: of learning, for Adam and gradient descent; it falls to 0 along half a cosine.
        decay: of the weights, with Adam, which becomes AdamW.
        batch: rows of an evaluation; `None`: all, as L-BFGS and Levenberg-Marquardt want it.
        early_stopping: hold rows out, keep the weights that are best on them, and end where none
            were better for `patience` evaluations.
        validation_fraction: share of the rows that is held out.
        dtype: `float32` or `float64`, in which it is trained.
        device: `cpu`, `cuda` or `auto`, on which it is trained; it predicts on the CPU.
        random_state: seed of first weights, of batches and of what is held out; no generator but
            that of a `RandomState`, or NumPy's own for `None`, is moved.
        verbose: above 0, the loss is printed every 100 evaluations.

    Attributes:
        network_: the trained module, `(*, in)` to `(*, out)` in the data's own units, float64.
        model_: the `Model` that `model` stands for.
        loss_curve_: the loss at every evaluation.
        validation_curve_: pairs of an evaluation and the loss on rows held out after it.
        n_iter_: evaluations that were made.
    """

    def __init__(
        self,
        model: str | Model = "kan",
        parameters: int = 1_000,
        *,
        optimizer: str = "adam",
        evaluations: int = 500,
        rate: float = 0.01,
        decay: float = 0.0,
        batch: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 100,
        dtype: str = "float32",
        device: str = "cpu",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.model = model
        self.parameters = parameters
        self.optimizer = optimizer
        self.evaluations = evaluations
        self.rate = rate
        self.decay = decay
        self.batch = batch
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.dtype = dtype
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _rows(self, x: np.ndarray, y: np.ndarray, sample_weight: Any) -> Rows:
        """What is learned, from inputs and `y` `(row, k)` that have been checked."""
        if sample_weight is None:
            return merged(x, y, np.ones(len(x)))
        weight = check_array(
            sample_weight, ensure_2d=False, dtype="float64", input_name="sample_weight"
        )
        check_consistent_length(x, weight)
        if weight.ndim != 1:
            raise ValueError(f"want sample_weight (row,), got {weight.shape}")
        return merged(x, y, weight)

    def _learn(self, rows: Rows, dim_out: int, loss: Loss, encode: Encode) -> None:
        """Trains a network.

        Args:
            loss: of `(x, y, weight)`, `(row, k)` each, with weights of mean 1.
            encode: from rows to the `y` of the loss.
        """
        how, share = self._how(), positive("validation_fraction", self.validation_fraction, below=1)
        budget, dim_in = whole("parameters", self.parameters), rows.x.shape[1]
        model = find_model(self.model) if isinstance(self.model, str) else self.model
        if not isinstance(model, Model):
            raise ValueError(f"want model to be a name or a Model, got {model!r}")
        if model.fitted:
            raise ValueError(
                f"{model.name} is a control by {model.fitted}, which no optimizer trains: want a "
                "network; scikit-learn itself has kernel ridge and boosted trees"
            )
        units = units_of(rows.x)

        def batch(part: Rows) -> Batch:
            weight = torch.from_numpy(part.weight / part.weight.mean())
            return units(torch.from_numpy(part.x)), encode(part), weight

        held = None
        if self.early_stopping:
            rows, kept = parted(rows, share, how.seed, classes=is_classifier(self))
            held = batch(kept)
        make = fitting(model, (dim_in, dim_out), budget)
        trained = train(make, (dim_in, dim_out), loss, batch(rows), held, how)
        units.network = trained.network
        self.model_ = model  # before the network: read first, it loads the file of both
        self.network_ = units.eval()
        self.loss_curve_ = trained.losses
        self.validation_curve_ = trained.held_out
        self.n_iter_ = len(trained.losses)

    def _how(self) -> How:
        batch = None if self.batch is None else whole("batch", self.batch)
        evaluations = whole("evaluations", self.evaluations)
        decay = positive("decay", self.decay, zero=True)
        return How(
            optimizers=tuple(optimizers(self.optimizer, evaluations, decay, batch)),
            rate=positive("rate", self.rate),
            seed=seed_of(self.random_state),
            batch=batch,
            patience=whole("patience", self.patience),
            dtype=DTYPES[one_of("dtype", self.dtype, DTYPES)],
            device=choose_device(self.device),
            say=self._say,
        )

    def _say(self, evaluation: int, loss: float) -> None:
        if self.verbose:
            print(f"evaluation {evaluation}: loss {loss:.4g}")

    def _answer(self, x: Any) -> Tensor:
        """What the network says, `(row, out)`, some rows at a time."""
        check_is_fitted(self, "network_")
        checked = torch.tensor(validate_data(self, x, reset=False, dtype=np.float64))
        with torch.no_grad():
            return torch.cat([self.network_(part) for part in checked.split(POINTS)])
