"""Figures are made of any rows and Records, failures and holes among them, and repeat."""

import numpy as np
import pytest

from kansci.boards.board import Board, Row
from kansci.errors import UserError
from kansci.figures import plots
from kansci.figures.curves import learning_curves
from kansci.figures.heat import names
from kansci.figures.plane import plane
from kansci.recipe import Optimizer, Recipe
from kansci.record import Curve, Environment, Record

NAMES = ("accuracy", "efficiency", "forgetting", "speed")
FIGURES = {
    "accuracy": {"accuracy", "accuracy-tasks"},
    "efficiency": {"efficiency", "efficiency-parameters"},
    "forgetting": {"forgetting", "forgetting-plane"},
    "speed": {"speed"},
}
RECIPE = Recipe(optimizers=(Optimizer(evaluations=10),), rates=(0.01,), evaluation_seeds=(0, 1))
PLACE = Environment(
    kansci="0", python="3", torch="2", numpy="2", system="any", processor="any",
    cores=1, threads=1, device="cpu", started="2025-01-01",
)  # fmt: skip
ROWS = [
    Row(model="kan[widths=1-1]", rank=1, score=1.5, low=1.2, high=1.9, seed_low=1.4, seed_high=1.6,
        columns={"learned": 2.0, "forward": 1.2, "forward + backward": 1.9}),
    Row(model="linear-rbf", rank=2, score=0.9, low=0.5, high=1.0, control=True,
        columns={"learned": 1.5, "forward": 0.8, "forward + backward": 1.1}),
    Row(model="relukan", missing=2, note="crashed: " + "a long reason " * 20),
]  # fmt: skip


def board(name):
    return Board(name, "Which?", "", "score", rows=lambda records, reference: ROWS)


def record(model="kan[widths=1-1]", budget=250, **more):
    fields = {
        "key": model, "task": "pde/heat@1", "task_content": "", "family": "pde", "metric": "nrmse",
        "trivial": 1.0, "scale": 1.0, "model": model, "model_source": "", "budget": budget,
        "parameters": budget, "recipe": RECIPE, "status": "ok", "members": ("ok", "ok"),
        "stages": ("all",), "probes": ("all",), "errors": (((0.1, 0.01),),), "environment": PLACE,
    }  # fmt: skip
    return Record(**{**fields, **more})


def curves(stages, losses=((1.0, 2.0), (0.5, float("nan")), (0.0, float("inf")))):
    return tuple(
        Curve(stage=f"stage {i}", evaluations=(1, 3, 10), losses=losses) for i in range(stages)
    )


RECORDS = [
    *(record(row.model, budget) for row in ROWS[:2] for budget in (250, 1000)),
    record("relukan", status="crashed", members=("crashed",) * 2, errors=(), parameters=None),
]


@pytest.mark.parametrize("rows", [ROWS, ROWS[2:], []], ids=["ranked", "unranked", "none"])
@pytest.mark.parametrize("name", NAMES)
def test_every_figure_of_a_board_is_drawn_or_refused_with_a_reason(name, rows, tmp_path):
    found, refused = plots.figures(board(name), rows, RECORDS)
    assert set(found) | set(refused) == (FIGURES[name] if rows else {name})
    assert all(why.startswith("want ") for why in refused.values())
    for figure in found.values():
        (axes, *_) = figure.axes
        assert axes.get_title() or axes.get_title(loc="left")
        plots.save(figure, tmp_path / "figure.png")


@pytest.mark.parametrize("name", NAMES)
def test_models_stand_in_the_order_of_the_rows_and_controls_are_marked(name):
    (axes, *_) = plots.figures(board(name), ROWS, RECORDS)[0][name].axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["kan[widths=1-1]", "linear-rbf †", "relukan"]
    low, high = axes.get_ylim()
    assert low > high


def test_an_axis_tells_of_two_intervals_only_where_there_are_two():
    told = [
        plots.intervals(board("reliability"), rows).axes[0].get_xlabel()
        for rows in (ROWS, [row.model_copy(update={"seed_low": None}) for row in ROWS])
    ]
    assert ["thick" in text for text in told] == [True, False]
    assert all("95 %" in text for text in told)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_same_figure_is_the_same_file(ending, tmp_path):
    first, second = (
        plots.save(plots.intervals(board("accuracy"), ROWS), tmp_path / f"{i}.{ending}")
        for i in range(2)
    )
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("stages", [1, 5, 15])
def test_learning_curves_have_a_line_for_each_member_and_stage(stages):
    figure = learning_curves(record(curves=curves(stages), members=("ok", "diverged")))
    (axes,) = figure.axes
    assert len(axes.lines) == 2 * stages
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "seed 0",
        "seed 1 (diverged)",
    ]
    drawn = np.concatenate([line.get_ydata() for line in axes.lines])
    assert (drawn[np.isfinite(drawn)] > 0).all()


def test_what_is_fitted_at_once_has_a_marker_where_a_line_would_be_nothing():
    once = Curve(stage="all", evaluations=(1,), losses=((0.5, 0.2),))
    (fitted,), (trained,) = (learning_curves(record(curves=c)).axes for c in ((once,), curves(1)))
    assert {line.get_marker() for line in fitted.lines} == {"o"}
    assert {line.get_marker() for line in trained.lines} == {""}


def test_learning_curves_of_lost_members_and_of_failed_records_are_figures_too(tmp_path):
    nothing = ((float("nan"), float("nan")),) * 3
    plots.save(learning_curves(record(curves=curves(1, nothing))), tmp_path / "lost.png")
    figure = learning_curves(RECORDS[-1].model_copy(update={"reason": "no such op"}))
    plots.save(figure, tmp_path / "failed.png")
    assert "crashed: no such op" in figure.axes[0].texts[0].get_text()


def test_the_colours_of_a_wide_heat_map_are_told_where_it_begins():
    many = [record(budget=250, task=f"pde/{number}@1") for number in range(60)]
    figure = plots.heat_map(ROWS[:1], many)
    figure.draw_without_rendering()
    table, bar = (axes.get_position() for axes in figure.axes)
    assert bar.y1 < table.y0
    assert bar.x0 == pytest.approx(table.x0, abs=0.01)
    assert bar.x1 * figure.get_size_inches()[0] < 8


def test_the_heat_map_colours_leads_over_the_reference_on_the_scale_of_contenders():
    rows = [Row(model="kan"), Row(model="mlp-silu"), Row(model="legendre", control=True)]
    errors = {"kan": 0.01, "mlp-silu": 0.1, "legendre": 1e-5}
    own = [record(name, errors=(((error,) * 2,),)) for name, error in errors.items()]
    (mesh,) = plots.heat_map(rows, own).axes[0].collections
    np.testing.assert_allclose(np.ravel(mesh.get_array()), [1, 0, 4])
    low, high = mesh.get_clim()
    assert -low == high == pytest.approx(1, abs=0.05), "a control is beyond the end"


def test_no_two_tasks_of_a_heat_map_have_one_name():
    keys = ("feynman27/I.16.6@1", "feynman_corrected/I.16.6@1", "feynman27/I.6.2@1")
    tasks = [("continual", "feynman_slabs/I.16.6@1"), *(("feynman", key) for key in keys)]
    wanted = ["feynman_slabs/I.16.6", "feynman27/I.16.6", "feynman_corrected/I.16.6", "I.6.2"]
    assert names(tasks) == wanted


def test_every_bound_of_the_plane_has_the_marker_of_its_model():
    columns = {"learned": 2.0, "joint": 2.5}
    rows = [
        Row(model=name, score=1.0, low=0.9, high=1.1, columns=columns) for name in ("kan", "grkan")
    ]
    (axes,) = plane(rows).axes
    looks = {(2.0, 1.0): [], (2.5, 0.0): []}
    for line in axes.lines:
        for point in zip(line.get_xdata(), line.get_ydata(), strict=True):
            if len(line.get_xdata()) == 1 and point in looks:
                looks[point].append((line.get_marker(), line.get_color()))
    model, bound = looks[2.0, 1.0], looks[2.5, 0.0]
    assert model == bound
    assert len(set(model)) == 2


def test_a_front_wants_two_budgets():
    of = plots.Material(ROWS[:2], RECORDS[:2], None)
    one = of._replace(records=[one for one in RECORDS[:4] if one.budget == 250])
    with pytest.raises(UserError, match="want two budgets for a front, got 250 alone"):
        plots.KINDS["pareto"].draw(one)
    assert plots.KINDS["pareto"].draw(of._replace(records=RECORDS[:4])).figure


def test_the_heat_map_is_blank_where_a_model_has_nothing_to_score():
    away = record("relukan", status="not_applicable", members=(), errors=())
    figure = plots.heat_map(ROWS, [*RECORDS[:-1], away])
    (mesh,) = figure.axes[0].collections
    table = np.ma.filled(mesh.get_array(), np.nan).ravel()
    np.testing.assert_allclose(table, [1.5, 1.5, np.nan])
