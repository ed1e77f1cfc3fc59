"""Decades and the field's measures, on matrices worked out by hand and on Records."""

import numpy as np
import pytest
from ledgers import continual, grid, record, rows

from kansci.discover import get_task
from kansci.errors import UserError
from kansci.figures import plane
from kansci.models import get_model
from kansci.recipe import Recipe
from kansci.record import Curve
from kansci.runner import unfinished
from kansci.statistics import transfer
from kansci.statistics.forgetting import learned, learned_before, lost, own_probes, relearned

TASK = get_task("feynman_slabs/I.16.6")
RECIPE = Recipe(optimizers=({"evaluations": 4},), rates=(0.1,), evaluation_seeds=(0, 1))

# Rows are stages, columns probes; one member. Worked out by hand below.
MATRIX = np.array([[0.8, 0.3, 0.1], [0.5, 0.9, 0.2], [0.4, 0.6, 0.7]])[..., None]


def a_record(errors, *, model="kan-one-layer", task=TASK, **changes):
    """Of two members, `errors[stage][probe][member]`."""
    blank = unfinished(task, get_model(model), 250, RECIPE)
    members = ("ok",) * len(RECIPE.evaluation_seeds)
    return blank.updated(**{"status": "ok", "members": members, "errors": errors, **changes})


def test_the_measures_are_those_worked_out_by_hand():
    found = {
        "average": transfer.average(MATRIX),  # (.4 + .6 + .7)/3
        "learning": transfer.learning(MATRIX),  # (.8 + .9 + .7)/3
        "forgetting": transfer.forgetting(MATRIX),  # (.8 - .4 + .9 - .6)/2
        "backward": transfer.backward_transfer(MATRIX),  # (.4 - .8 + .6 - .9)/2
        "forward": transfer.forward_transfer(MATRIX, np.array([[0.0], [0.1], [0.4]])),
        "intransigence": transfer.intransigence(MATRIX, np.full((3, 1), 0.95)),
        "anytime": transfer.anytime(MATRIX),  # (.8 + (.5 + .9)/2 + (.4 + .6 + .7)/3)/3
    }
    wanted = {
        "average": 17 / 30,
        "learning": 0.8,
        "forgetting": 0.35,
        "backward": -0.35,
        "forward": ((0.3 - 0.1) + (0.2 - 0.4)) / 2,
        "intransigence": 0.15,
        "anytime": (0.8 + 0.7 + 17 / 30) / 3,
    }
    assert {name: value.shape for name, value in found.items()} == dict.fromkeys(wanted, (1,))
    assert {name: value.item() for name, value in found.items()} == pytest.approx(wanted)


def test_forgetting_is_from_the_best_and_backward_transfer_from_the_first():
    """A probe that was best long after its own stage."""
    matrix = np.array([[0.5, 0.0, 0.0], [0.8, 0.5, 0.0], [0.4, 0.5, 0.5]])
    assert transfer.forgetting(matrix) == pytest.approx((0.8 - 0.4 + 0) / 2)
    assert transfer.backward_transfer(matrix) == pytest.approx((0.4 - 0.5 + 0) / 2)


def test_a_network_that_keeps_all_has_lost_nothing():
    kept = np.tril(np.ones((4, 4)))
    assert transfer.forgetting(kept) == transfer.backward_transfer(kept) == 0
    assert transfer.average(kept) == transfer.anytime(kept) == transfer.learning(kept) == 1


def test_scores_of_a_regression_are_of_each_probe_s_own_variance():
    """A prediction of its own mean scores 0 on every probe, and a worse one no less."""
    probes = TASK.judged_by("test")
    spreads = [probe.y.std(correction=0).item() / TASK.scale.std for probe in probes]
    rows = [[[spread / 2, 9.0] for spread in spreads], [[spread, spread] for spread in spreads]]
    record = a_record([*rows, *rows], untrained=rows[1])
    found = transfer.scores(record)
    assert found.shape == (4, 4, 2)
    np.testing.assert_allclose(found[0], [[0.75, 0]] * 4, rtol=1e-4)
    np.testing.assert_allclose(found[1], 0, atol=1e-4)
    np.testing.assert_allclose(transfer.untrained(record), 0, atol=1e-4)


def test_scores_of_classes_are_the_accuracy_without_the_half_that_an_error_rate_adds():
    task = get_task("digits_classes")
    points = [len(probe.x) for probe in task.judged_by("test")]
    errors = [[[(wrong + 0.5) / (count + 1)] * 2 for wrong, count in enumerate(points)]] * 5
    found = transfer.scores(a_record(errors, task=task, model="mlp-silu"))
    np.testing.assert_allclose(found[2, :, 0], [1 - i / n for i, n in enumerate(points)], rtol=1e-5)


def test_a_member_that_failed_scores_nothing():
    errors = np.full((4, 4, 2), 1e-3)
    errors[..., 1] = np.nan
    found = transfer.scores(a_record(errors.tolist(), members=("ok", "diverged")))
    assert (found[..., 0] > 0.99).all()
    assert (found[..., 1] == 0).all()


def test_a_record_that_does_not_know_the_spread_of_its_probes_says_so():
    record = a_record(np.ones((4, 4, 2)).tolist(), spreads=(), points=())
    with pytest.raises(UserError, match="run it again"):
        transfer.scores(record)


def test_a_joint_training_has_learned_all_and_lost_nothing():
    recipe = RECIPE.model_copy(update={"method": "joint"})
    blank = unfinished(TASK, get_model("kan"), 250, recipe)
    errors = [[[0.1, 0.01], [0.1, 0.01], [0.001, 0.01], [0.001, 0.01]]]
    joint = blank.updated(status="ok", members=("ok", "ok"), errors=errors)
    assert joint.stages == ("all stages",)
    np.testing.assert_allclose(learned(joint), [2, 2])
    np.testing.assert_allclose(lost(joint), [0, 0])
    assert transfer.scores(joint).shape == (1, 4, 2)


def test_a_stage_that_comes_again_is_judged_by_the_probe_of_its_name():
    cyclic = get_task("bumps_cyclic")
    record = a_record(np.ones((15, 5, 2)).tolist(), task=cyclic)
    assert own_probes(record) == [*range(5)] * 3
    assert transfer.scores(record).shape == (15, 15, 2)


def test_a_stage_that_comes_again_is_lost_from_its_last_visit_and_the_last_of_all_is_not_earlier():
    errors = np.ones((15, 5, 2))
    for visit in range(15):
        errors[visit, visit % 5] = 10.0 ** -(1 + visit // 5)  # 1, 2, then 3 decades
    record = a_record(errors.tolist(), task=get_task("bumps_cyclic"))
    np.testing.assert_allclose(learned_before(record), [3, 3])
    np.testing.assert_allclose(lost(record), [3, 3])  # of four bumps; the fifth is the last visit
    assert transfer.first_visits(record) == [0, 1, 2, 3, 4]


def test_forward_transfer_is_of_stages_that_are_new():
    matrix = np.zeros((4, 4, 1))
    matrix[1, 2] = 1.0  # a stage that was taught before
    untrained = np.zeros((4, 1))
    assert transfer.forward_transfer(matrix, untrained).tolist() == [pytest.approx(1 / 3)]
    assert transfer.forward_transfer(matrix, untrained, new=[0, 1, 3]).tolist() == [0]


def test_a_task_that_unsays_what_it_taught_is_no_forgetting():
    record = continual("kan", 3, 1)
    found = rows("forgetting", [record, record.updated(task="drift_function@1")])["kan"]
    assert (found.tasks, found.missing, found.score) == (1, 0, pytest.approx(2))
    assert found.columns["share"] == pytest.approx(2 / 3)


def test_draws_in_which_a_model_would_not_be_ranked_win_nothing():
    sure = [continual("kan", 3, 1), continual("kan", 3, 1).updated(task="other@1")]
    some = [continual("fastkan", 1.9, 1.8), continual("fastkan", 0.3, 0.2).updated(task="other@1")]
    found = rows("forgetting", [*sure, *some])
    assert found["fastkan"].rank == 1
    assert found["fastkan"].columns["P(best)"] == pytest.approx(0.75, abs=0.05)  # not twice `other`
    lost_out = 1 - found["fastkan"].columns["P(best)"]
    assert f"learned less than a decade in {100 * lost_out:.0f} % of draws" in found["fastkan"].note
    assert found["kan"].note == ""


def test_a_member_that_failed_has_lost_what_the_others_learned_and_no_more():
    whole = continual("kan", 3, 0)
    part = whole.updated(members=("ok", "diverged", "diverged"))
    np.testing.assert_allclose(lost(part), [3, 3, 3])
    assert rows("forgetting", [part])["kan"].columns["share"] == pytest.approx(1)


def test_contenders_that_lose_least_lead_and_controls_win_no_contest():
    records = [continual("kan", 3, 1), continual("fastkan", 2, 1), continual("linear-rbf", 2, 1.5)]
    found = rows("forgetting", records)
    assert [found[name].columns["leading"] for name in ("kan", "fastkan")] == ["", "yes"]
    assert found["linear-rbf"].columns["leading"] is None
    assert found["linear-rbf"].rank == 1


def test_a_revisit_counts_until_the_loss_is_four_times_what_it_was():
    def curve(stage, *losses):
        return Curve(stage=stage, evaluations=(1, 2, 4), losses=losses)

    first = curve("a", (9, 9), (5, 5), (1, 1))
    other = curve("b", (9, 9), (1, 1), (1, 1))
    again = curve("a", (8, 8), (4, 6), (2, 5))
    record = a_record(np.ones((4, 4, 2)).tolist(), curves=(first, other, again))
    assert relearned(record).tolist() == [[2, np.inf]]


def by(method, record):
    recipe = Recipe(**{**record.recipe.model_dump(), "method": method})
    return record.updated(recipe=recipe)


def known(record, **more):
    """With what scores are made of: probes of unit spread."""
    count = len(record.probes)
    points = {"points": (10,) * count, "spreads": (1.0,) * count}
    return record.updated(**{**points, "untrained": ((1.0,) * 3,) * count, **more})


def joint_of(record, decades):
    errors = (((10.0**-decades,) * 3,) * len(record.probes),)
    return by("joint", record.updated(stages=("all stages",), errors=errors))


def test_methods_stand_below_the_ranking_and_say_what_they_saved():
    naive = continual("kan", 3, 1)
    found = rows("forgetting", [naive, continual("mlp", 2, 1), by("ewc", continual("kan", 3, 2))])
    assert (found["kan"].rank, found["mlp"].rank) == (2, 1)
    helped = found["kan + ewc"]
    assert (helped.rank, helped.score) == (None, pytest.approx(1.0))
    assert helped.columns["saved"] == pytest.approx(1.0)
    assert "ewc" in helped.note
    assert "saved" not in found["kan"].columns
    assert (found["kan"].stale, found["kan"].unused) == (0, 0)


def test_a_method_is_compared_on_the_same_cells_or_not_at_all():
    other = by("ewc", continual("kan", 3, 2)).updated(budget=1000)
    found = rows("forgetting", [continual("kan", 3, 1), by("ewc", continual("kan", 3, 2)), other])
    assert found["kan + ewc"].columns["saved"] is None
    assert found["kan"].missing == 0


def test_who_failed_a_task_as_a_whole_has_no_rank_for_forgetting_nothing_of_it():
    tasks = [continual("kan", 3, 1), continual("kan", 3, 1).updated(task="other@1")]
    others = [one.updated(model="mlp") for one in tasks]
    assert rows("forgetting", [*tasks, *others])["kan"].score == pytest.approx(2)
    gone = tasks[1].updated(status="crashed", errors=(), members=("crashed",) * 3)
    row = rows("forgetting", [tasks[0], gone, *others])["kan"]
    assert (row.score, row.rank, row.failed) == (None, None, 3)
    assert "all members of 1 cells failed" in row.note


def test_of_several_joint_trainings_the_newest_counts_in_any_order():
    naive = known(continual("kan", 3, 1))
    old, new = joint_of(naive, 1.0), joint_of(naive, 5.0)
    later = new.environment.model_copy(update={"started": "2027-01-01"})
    new = new.updated(environment=later, key="new")
    for order in ([old, new], [new, old]):
        found = rows("forgetting", [naive, *order])
        assert found["kan"].columns["joint"] == pytest.approx(5.0)


def test_a_control_is_one_by_whatever_method():
    records = [continual("linear-rbf", 3, 1), by("ewc", continual("linear-rbf", 3, 2))]
    assert all(row.control for row in rows("forgetting", records).values())


def test_the_joint_training_is_the_bound_of_its_model_and_no_row():
    naive = known(continual("kan", 3, 1))
    found = rows("forgetting", [naive, known(continual("mlp", 2, 1)), joint_of(naive, 2.5)])
    assert set(found) == {"kan", "mlp"}
    assert found["kan"].columns["joint"] == pytest.approx(2.5)
    assert found["mlp"].columns["joint"] is None
    gap = (1 - 1e-5) - (1 - 1e-6)  # of the scores of 2.5 and of 3 decades
    assert found["kan"].columns["intransigence (-)"] == pytest.approx(gap, abs=1e-8)


def test_a_joint_training_by_more_work_bounds_nothing_and_is_said_to():
    naive = known(continual("kan", 3, 1))
    joint = joint_of(naive, 5.0)
    patient = Recipe(**{**joint.recipe.model_dump(), "dtype": "float64"})
    row = rows("forgetting", [naive, joint.updated(recipe=patient)])["kan"]
    assert row.columns["joint"] is None
    assert row.note == "1 joint trainings by another recipe are no bound"


def test_the_measures_of_the_field_are_columns_that_say_which_way_is_better():
    row = rows("forgetting", [known(continual("kan", 1, 0.5))])["kan"]
    kept, new = 1 - 10**-1.0, 1 - 10**-2.0
    wanted = {
        "ACC (+)": (2 * kept + new) / 3,
        "BWT (+)": kept - new,
        "FWT (+)": 0.0,
        "forgetting (-)": new - kept,
        "any-time (+)": (new + (kept + new) / 2 + (2 * kept + new) / 3) / 3,
    }
    assert {name: row.columns[name] for name in wanted} == pytest.approx(wanted, abs=1e-6)
    unknown = rows("forgetting", [continual("kan", 1, 0.5)])["kan"]
    assert {unknown.columns[name] for name in wanted} == {None}


def test_a_run_that_failed_as_a_whole_scores_nothing():
    whole = known(continual("kan", 2, 1))
    crashed = whole.updated(status="crashed", members=("crashed",) * 3, errors=(), budget=1000)
    row = rows("forgetting", [whole, crashed])["kan"]
    alone = rows("forgetting", [whole])["kan"]
    assert row.columns["ACC (+)"] == pytest.approx(alone.columns["ACC (+)"] / 2)


def test_bounds_and_the_zero_predictor_are_drawn_into_the_plane():
    naive = continual("kan", 3, 1)
    found = rows("forgetting", [naive, joint_of(naive, 2.5), by("ewc", continual("kan", 3, 2))])
    (axes,) = plane(list(found.values())).axes
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"zero predictor", "all is lost", "on the axis: the model's bound"} <= set(legend)
    assert {"kan", "kan + ewc"} <= set(legend)
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    placed = [line.get_xydata()[0].tolist() for line in hollow if len(line.get_xdata())]
    assert placed == [pytest.approx([2.5, 0])]


def test_forgetting_is_what_was_learned_and_is_gone_in_the_end():
    found = rows("forgetting", [continual("a", 3, 1), continual("b", 2, 2)])
    assert found["a"].score == pytest.approx(2.0)
    assert found["a"].columns["learned"] == pytest.approx(3.0)
    assert found["a"].columns["final"] == pytest.approx((1 + 1 + 3) / 3)
    assert (found["b"].score, found["b"].rank) == (0.0, 1)


def test_a_model_that_never_learned_is_listed_and_not_ranked():
    found = rows("forgetting", [continual("idle", 0.2, 0.2), continual("a", 3, 1)])
    assert (found["idle"].rank, found["idle"].note) == (None, "did not learn")
    assert found["a"].rank == 1


def test_a_failed_member_learned_nothing_and_helps_nobody_to_forget_less():
    whole = rows("forgetting", [continual("a", 3, 1)])["a"]
    broken = continual("a", 3, 1, members=("ok", "ok", "diverged"))
    row = rows("forgetting", [broken])["a"]
    assert row.columns["learned"] == pytest.approx(2.0)
    assert row.score >= whole.score
    assert row.failed == 1


def test_forgetting_asks_only_tasks_with_several_stages():
    found = rows("forgetting", [continual("a", 3, 1), *grid("a", 0), record("b")])
    assert found["a"].tasks == 1
    assert (found["b"].missing, found["b"].rank) == (1, None)
