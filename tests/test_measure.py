"""Laws of the four errors."""

import pytest
import torch

from kansci.measure import error
from kansci.task import Scale

TRUTH = torch.tensor([[1.0], [2.0], [4.0]], dtype=torch.double)
UNIT = Scale()


def test_the_right_answer_has_no_error():
    for metric in ("nrmse", "relative_l2", "relative_max"):
        assert error(metric, TRUTH[None], TRUTH, UNIT).tolist() == [0]


def test_the_trivial_predictors_have_an_error_of_one():
    mean, std = TRUTH.mean().item(), TRUTH.std(correction=0).item()
    flat = torch.full_like(TRUTH, mean)[None]
    assert error("nrmse", flat, TRUTH, Scale(mean, std)).item() == pytest.approx(1)
    assert error("relative_l2", 0 * flat, TRUTH, UNIT).item() == pytest.approx(1)
    assert error("relative_max", 0 * flat, TRUTH, UNIT).item() == pytest.approx(1)


def test_errors_are_those_counted_by_hand():
    off = TRUTH + torch.tensor([[3.0], [0.0], [4.0]], dtype=torch.double)
    rms = (25 / 3) ** 0.5
    assert error("nrmse", off[None], TRUTH, Scale(9.0, 2.0)).item() == pytest.approx(rms / 2)
    assert error("relative_l2", off[None], TRUTH, UNIT).item() == pytest.approx((25 / 21) ** 0.5)
    assert error("relative_max", off[None], TRUTH, UNIT).item() == pytest.approx(4 / 4)


def test_each_member_has_its_own_error_and_what_is_not_finite_is_nan():
    for metric in ("nrmse", "relative_l2", "relative_max"):
        together = torch.stack([TRUTH, TRUTH + 1, TRUTH * torch.nan, TRUTH * torch.inf])
        found = error(metric, together, TRUTH, UNIT)
        assert found.shape == (4,)
        assert found.isnan().tolist() == [False, False, True, True]
        alone = error(metric, together[1:2], TRUTH, UNIT)
        assert found[1] == alone[0]


def test_single_precision_is_judged_in_double():
    prediction = TRUTH.float()[None] + 1e-4
    exact = (prediction.double() - TRUTH).square().mean().sqrt()
    assert error("nrmse", prediction, TRUTH, UNIT).item() == exact.item()


def test_wrong_classes_are_counted_with_half_a_point_of_doubt():
    truth = torch.eye(4, dtype=torch.double)
    shifted = truth.roll(1, 1)
    half = torch.cat([truth[:2], shifted[2:]])
    broken = truth.clone()
    broken[0, 0] = torch.nan
    found = error("error_rate", torch.stack([truth, half, shifted, broken]), truth, UNIT)
    assert found[:3].tolist() == pytest.approx([0.1, 0.5, 0.9])
    assert found[3].isnan()
