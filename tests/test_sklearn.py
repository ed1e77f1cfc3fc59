"""scikit-learn estimators."""

import pickle
import re
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from representatives import NAMES
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

from kansci.errors import UserError
from kansci.models import Model, get_model, list_models, trainable
from kansci.sklearn import KANClassifier, KANRegressor
from kansci.sklearn.classifier import cross_entropy
from kansci.sklearn.rows import Rows, merged, parted
from kansci.sklearn.training import batches, fitting

QUICK = {"optimizer": "lbfgs", "evaluations": 10}
DOC = Path(__file__).parents[1] / "docs" / "sklearn.md"
MODEL_FILE = """
from torch import nn
from kansci.models import Model

class Mine(nn.Sequential):
    pass

def build(dim_in, dim_out, parameters):
    return Mine(nn.Linear(dim_in, 8), nn.Tanh(), nn.Linear(8, dim_out))

model = Model("mine", build)
"""


def table(rows=60, columns=2, seed=0):
    x = np.random.default_rng(seed).uniform(-1, 1, (rows, columns))
    return x, np.sin(2 * x[:, 0]) + x[:, 1] ** 2


def mine(dim_in, dim_out, parameters):
    return nn.Sequential(nn.Linear(dim_in, 8), nn.Tanh(), nn.Linear(8, dim_out))


def quick(**options):
    return KANRegressor(**{**QUICK, "parameters": 100, "random_state": 0, **options})


@parametrize_with_checks([KANRegressor(**QUICK), KANClassifier(**QUICK)])
def test_scikit_learn_finds_nothing_wrong(estimator, check):
    check(estimator)


def test_the_example_of_the_documentation_runs():
    text = DOC.read_text(encoding="utf-8")
    codes = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert codes
    for code in codes:
        exec(compile(code, DOC, "exec"), {"__name__": "doc"})


@pytest.mark.parametrize("name", [one for one in list_models() if get_model(one).fitted])
def test_a_control_that_no_optimizer_trains_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} is a control by"):
        KANRegressor(name, 250).fit(*table())


ARMS = ("kan-published", "fasterkan-published", "wavkan-published")


@pytest.mark.parametrize("model", [*NAMES, *ARMS])
def test_every_kind_of_model_learns_and_outlives_a_pickle(model):
    x, y = table()
    fitted = KANRegressor(model, 250, **QUICK, random_state=0).fit(x, y)
    assert trainable(fitted.network_) <= 250
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(x), fitted.predict(x))


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "lbfgs", "lm", "adam+lbfgs"])
def test_every_optimizer_learns(optimizer):
    x, y = table()
    assert quick(optimizer=optimizer, evaluations=100, rate=0.05).fit(x, y).score(x, y) > 0.9


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_any_number_of_classes_is_learned(classes):
    x, y = table(rows=120)
    names = np.array(["a", "b", "c", "d"])
    edges = np.quantile(y, np.arange(1, classes) / classes)
    labels = names[np.digitize(y, edges)]
    fitted = KANClassifier(parameters=200, evaluations=150, rate=0.05, random_state=0)
    fitted.fit(x, labels)
    shares = fitted.predict_proba(x)
    assert fitted.score(x, labels) > 0.9
    assert fitted.classes_.tolist() == names[:classes].tolist()
    assert fitted.network_(torch.tensor(x)).shape == (120, 1 if classes == 2 else classes)
    np.testing.assert_allclose(shares.sum(1), 1)
    np.testing.assert_allclose(np.log(shares), fitted.predict_log_proba(x))
    np.testing.assert_array_equal(names[shares.argmax(1)], fitted.predict(x))


@pytest.mark.parametrize("classes", [2, 3])
def test_the_loss_of_classes_is_the_cross_entropy(classes):
    generator = np.random.default_rng(0)
    x = torch.tensor(generator.normal(size=(9, 1 if classes == 2 else 3)))
    labels = np.arange(9) % classes
    weight = generator.uniform(1, 2, 9)
    weight /= weight.mean()
    y = torch.nn.functional.one_hot(torch.tensor(labels)).double()
    ours = cross_entropy(lambda x: x, x, y, torch.tensor(weight)[:, None])
    padded = torch.cat([torch.zeros_like(x), x], 1) if classes == 2 else x
    theirs = log_loss(labels, padded.softmax(1).numpy(), sample_weight=weight)
    assert ours.item() == pytest.approx(theirs)


def test_the_network_speaks_the_units_of_the_data():
    x, y = table()
    far, large = 1e6 + 1e3 * x, 5e4 + 1e5 * np.stack([y, -2 * y], 1)
    fitted = quick().fit(far, large)
    with torch.no_grad():
        answer = fitted.network_(torch.tensor(far))
    assert isinstance(fitted.network_, nn.Module)
    assert not fitted.network_.training
    np.testing.assert_array_equal(answer.numpy(), fitted.predict(far))
    assert fitted.score(far, large) > 0.5


def test_units_of_inputs_and_targets_change_nothing():
    x, y = table()
    answer = quick().fit(x, y).predict(x)
    wide = quick().fit(1024 * x, 8 * y).predict(1024 * x)  # powers of two, so that nothing rounds
    np.testing.assert_array_equal(wide / 8, answer)
    far = quick().fit(1e6 + x, 7 - 3 * y).predict(1e6 + x)
    np.testing.assert_allclose((far - 7) / 3, quick().fit(x, -y).predict(x), atol=1e-3)


@pytest.mark.parametrize("constant", [0.0, -3.0, 1e30, 5e-324])
def test_a_column_or_a_target_of_one_value_divides_nothing_by_zero(constant):
    x, y = table()
    with_constant = np.hstack([x, np.full((len(x), 1), constant)])
    fitted = quick(parameters=150).fit(with_constant, y)
    assert fitted.score(with_constant, y) > 0.5
    assert np.isfinite(fitted.predict(with_constant + 1)).all()
    same = quick(evaluations=50).fit(x, np.full(len(x), constant)).predict(x)
    np.testing.assert_allclose(same, constant, atol=0.1 + 1e-9 * constant)


def test_targets_come_back_in_the_shape_they_had():
    x, y = table()
    assert quick().fit(x, y).predict(x).shape == (60,)
    assert quick().fit(x, y[:, None]).predict(x).shape == (60, 1)
    assert quick().fit(x, np.stack([y, y], 1)).predict(x).shape == (60, 2)


def test_names_of_columns_are_kept():
    x, y = table()
    frame = pd.DataFrame(x, columns=["left", "right"])
    fitted = quick().fit(frame, y)
    assert fitted.feature_names_in_.tolist() == ["left", "right"]
    assert fitted.n_features_in_ == 2
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[["right", "left"]])


def test_the_order_of_rows_decides_nothing():
    x, y = table()
    order = np.random.default_rng(1).permutation(len(x))
    for options in ({}, {"early_stopping": True}, {"optimizer": "adam", "batch": 16}):
        one, other = quick(**options).fit(x, y), quick(**options).fit(x[order], y[order])
        np.testing.assert_array_equal(one.predict(x), other.predict(x))


def test_a_row_that_comes_twice_is_a_row_of_twice_the_weight():
    x, y = table()
    weight = np.arange(len(x)) % 3
    for options in ({}, {"early_stopping": True}):
        repeated = quick(**options).fit(x.repeat(weight, 0), y.repeat(weight))
        weighted = quick(**options).fit(x, y, sample_weight=weight)
        np.testing.assert_array_equal(repeated.predict(x), weighted.predict(x))


def test_equal_rows_are_merged():
    x = np.array([[1.0, 0], [0, 1], [1, 0], [1, 0], [0, 2]])
    y = np.array([[5.0], [6], [5], [7], [8]])
    rows = merged(x, y, np.array([1, 2, 3, 4, 0.0]))
    assert rows.x.tolist() == [[0, 1], [1, 0], [1, 0]]
    assert rows.y.tolist() == [[6], [5], [7]]
    assert rows.weight.tolist() == [[2], [4], [4]]


def test_rows_held_out_are_of_all_classes():
    y = np.repeat([0.0, 1, 2], [60, 30, 10])[:, None]
    rows = Rows(np.arange(100.0)[:, None], y, np.ones((100, 1)))
    learned, held = parted(rows, 0.1, 0, classes=True)
    assert np.unique(held.y, return_counts=True)[1].tolist() == [6, 3, 1]
    assert sorted([*learned.x[:, 0], *held.x[:, 0]]) == list(range(100))
    other = parted(rows, 0.1, 1, classes=True)[1]
    assert held.x.tolist() != other.x.tolist()


def test_a_class_of_one_row_may_be_held_out():
    x, _ = table(rows=20)
    labels = np.repeat([0, 1], [19, 1])
    fitted = KANClassifier(**QUICK, parameters=100, early_stopping=True, random_state=0)
    assert fitted.fit(x, labels).predict_proba(x).shape == (20, 2)


def test_early_stopping_keeps_the_weights_that_were_best_on_what_is_held_out():
    x, _ = table(rows=40)
    noise = np.random.default_rng(2).normal(size=40)
    options = {"optimizer": "adam", "evaluations": 400, "rate": 0.1, "dtype": "float64"}
    fitted = quick(**options, early_stopping=True, patience=50).fit(x, noise)
    curve = dict(fitted.validation_curve_)
    best = min(curve, key=lambda evaluation: curve[evaluation])
    assert fitted.n_iter_ == len(fitted.loss_curve_) == best + 50 < 400
    rows = merged(x, noise[:, None], np.ones(40))
    held = parted(rows, 0.1, 0, classes=False)[1]
    loss = np.mean((fitted.predict(held.x) - held.y[:, 0]) ** 2) / np.var(noise)
    assert loss == pytest.approx(curve[best])


def test_without_early_stopping_nothing_is_held_out():
    x, y = table()
    fitted = quick(optimizer="adam", evaluations=15).fit(x, y)
    assert (fitted.n_iter_, len(fitted.loss_curve_), fitted.validation_curve_) == (15, 15, [])


def test_losses_are_those_of_standardised_targets():
    x, y = table()
    fitted = quick(evaluations=30).fit(x, 100 * y)
    assert fitted.loss_curve_[-1] == pytest.approx(1 - fitted.score(x, 100 * y), rel=1e-3)


def test_batches_pass_over_all_rows_before_one_comes_again():
    rows = (torch.arange(10).view(1, 10, 1),)
    found = batches(rows, 4, 0)
    for _ in range(5):
        seen = [int(one) for _ in range(2) for one in next(found)[0].flatten()]
        assert len(set(seen)) == 8
    whole = batches(rows, 10, 0)
    assert next(whole) is next(whole) is rows


def test_only_the_seed_decides_and_no_global_one_is_set():
    x, y = table()
    np_state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    answers = [quick(random_state=seed).fit(x, y).predict(x) for seed in (0, 0, 1)]
    assert (np.random.get_state()[1] == np_state).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(answers[0], answers[1])
    assert (answers[0] != answers[2]).any()
    drawn = np.random.RandomState(3)
    first, second = (quick(random_state=drawn).fit(x, y).predict(x) for _ in range(2))
    assert (first != second).any()


def test_models_may_be_objects_and_files(tmp_path):
    x, y = table()
    path = tmp_path / "mine.py"
    path.write_text(MODEL_FILE)
    by_hand = clone(quick(model=Model("by hand", mine))).fit(x, y)
    by_name = quick(model="kan[grid=3]").fit(x, y)
    by_object = clone(quick(model=get_model("kan", grid=3))).fit(x, y)
    by_file = quick(model=str(path)).fit(x, y)
    np.testing.assert_array_equal(by_name.predict(x), by_object.predict(x))
    assert (by_object.model_.name, by_file.model_.name) == ("kan[grid=3]", "mine")
    every = (by_hand, by_name, by_object, by_file)
    for number, fitted in enumerate(every):
        joblib.dump(fitted, tmp_path / f"{number}.joblib")
    for name in [name for name in sys.modules if name.startswith("kansci_file_mine")]:
        del sys.modules[name]  # as another process, which has not loaded the file
    for number, fitted in enumerate(every):
        again = joblib.load(tmp_path / f"{number}.joblib")
        np.testing.assert_array_equal(again.predict(x), fitted.predict(x))
        assert again.model_.name == fitted.model_.name


def test_decay_keeps_weights_small():
    x, y = table()

    def size(decay):
        fitted = quick(optimizer="adam", evaluations=100, rate=0.05, decay=decay).fit(x, y)
        return sum(weight.square().sum().item() for weight in fitted.network_.parameters())

    assert size(5.0) < 0.8 * size(0.0)


def test_losses_are_printed_where_asked_for(capsys):
    x, y = table()
    quick(model="linear-rbf", optimizer="adam", evaluations=100).fit(x, y)
    assert capsys.readouterr().out == ""
    quick(model="linear-rbf", optimizer="adam", evaluations=200, verbose=1).fit(x, y)
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == ["evaluation 100", "evaluation 200"]


def narrow(dim_in, dim_out, parameters):
    return nn.Linear(dim_in, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "kann"}, "did you mean 'kan'"),
        ({"model": 3}, "want model to be a name or a Model, got 3"),
        ({"model": Model("narrow", narrow)}, r"want \(3, 2\), got \(3, 1\)"),
        ({"parameters": 5}, "want <= 5 for 2 inputs, 2 outputs: raise parameters"),
        ({"parameters": 2.5}, "want parameters to be a whole number >= 1, got 2.5"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"optimizer": None}, "unknown optimizer 'None'"),
        ({"optimizer": "adam+sgd+lbfgs"}, "want one optimizer, or two"),
        ({"optimizer": "lbfgs", "batch": 8}, "lbfgs wants a loss that stays as it is, got batch=8"),
        ({"optimizer": "lbfgs", "decay": 0.1}, "decay is of adam, got decay=0.1"),
        ({"evaluations": 0}, "want evaluations to be a whole number >= 1, got 0"),
        ({"rate": 0}, "want rate to be a number > 0, got 0"),
        ({"decay": -1}, "want decay to be a number >= 0, got -1"),
        ({"batch": True}, "want batch to be a whole number >= 1, got True"),
        ({"patience": 0}, "want patience to be a whole number >= 1, got 0"),
        (
            {"validation_fraction": 1.0},
            "want validation_fraction to be a number > 0 and < 1, got 1.0",
        ),
        ({"dtype": "float16"}, "want dtype to be float32 or float64, got 'float16'"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"optimizer": "sgd", "rate": 1e9, "evaluations": 50}, "try a lower rate"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_line(options, words):
    x, y = table()
    with pytest.raises((ValueError, UserError), match=words) as caught:
        quick(**options).fit(x, np.stack([y, y], 1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (2, {"optimizer": "lm"}, "use another optimizer"),
        (2, {"early_stopping": True, "validation_fraction": 0.9}, "switch it off"),
    ],
)
def test_what_a_classifier_cannot_do_is_said_in_a_line(rows, options, words):
    x, _ = table(rows=rows)
    with pytest.raises(ValueError, match=words) as caught:
        KANClassifier(**{**QUICK, "parameters": 100, **options}).fit(x, np.arange(rows))
    assert "\n" not in str(caught.value)


def test_one_row_cannot_be_parted():
    with pytest.raises(ValueError, match="got n_samples=1 different") as caught:
        quick(early_stopping=True).fit([[0.0, 1.0]], [2.0])
    assert "\n" not in str(caught.value)


def test_a_network_above_its_budget_is_refused():
    with pytest.raises(ValueError, match="want 1 to 2 trainable numbers, got 3: raise parameters"):
        fitting(Model("narrow", narrow), (2, 1), 2)()


def test_what_diverges_before_the_first_look_is_no_best():
    x, y = table()
    with pytest.raises(ValueError, match="try a lower rate"):
        quick(optimizer="sgd", rate=1e12, evaluations=50, early_stopping=True).fit(x, y)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_trains_what_the_cpu_predicts():
    x, y = table()
    options = {"optimizer": "adam", "batch": 16, "evaluations": 50, "dtype": "float64"}
    there, here = (quick(device=device, **options).fit(x, y) for device in ("cuda", "cpu"))
    np.testing.assert_allclose(there.predict(x), here.predict(x), atol=1e-6)
