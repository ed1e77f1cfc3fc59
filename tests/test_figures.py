"""Figures for papers: what they show, and what they refuse."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from calling import call
from ledgers import pool
from PIL import Image
from site_records import trained
from torch import nn

from kansci.bases import BSpline
from kansci.boards.board import Row
from kansci.boards.profiles import profile
from kansci.cli.plot import _edges
from kansci.discover import get_model, get_task, home
from kansci.errors import UserError
from kansci.figures import (
    critical_differences,
    error_maps,
    fields,
    pareto,
    performance_profiles,
    plane,
    typical,
)
from kansci.figures.critical import smallest
from kansci.figures.fields import SIDE, ground
from kansci.figures.look import raster
from kansci.figures.look import save as save_figure
from kansci.figures.plots import KINDS
from kansci.figures.typical import median_member
from kansci.ledger import save
from kansci.models import KAN
from kansci.statistics.scaling import Rung
from kansci.statistics.significance import mean_ranks, p_matrix
from kansci.statistics.stats import Cell

ONE_LOST = ("ok", "diverged", "ok", "ok")
LEDGER = home("leaderboards") / "records"


class Sine(nn.Module):
    """The truth of `pykan_poisson` times a weight."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.double))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.weight * torch.sin(torch.pi * x).prod(-1, keepdim=True)


@pytest.mark.parametrize("kind", KINDS)
def test_figures_of_records_are_svg_and_png(kind: str, tmp_path: Path):
    result = call("plot", kind, "--records", LEDGER, "--out", tmp_path)
    assert result.code == 0, result.stderr
    assert (tmp_path / f"{kind}.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / f"{kind}.svg").read_bytes().startswith(b"<?xml")


def test_the_same_diagram_is_the_same_file(tmp_path: Path):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 3)), columns=list("abc"))
    first, second = (
        save_figure(critical_differences(table), tmp_path / f"{i}.svg").read_bytes()
        for i in range(2)
    )
    assert first == second


def test_curves_are_those_of_one_record(tmp_path: Path):
    words = ["plot", "curves", "--records", LEDGER, "--out", tmp_path, "--task", "poisson"]
    assert call(*words, "--model", "kan").code == 0
    assert (tmp_path / "curves-kan-poisson-250.svg").is_file()
    assert "no Record of nobody on poisson" in call(*words, "--model", "nobody").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["critcal"], "did you mean 'critical'"),
        (["edges", "--model", "kan"], "want --model and --task"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(words: list[str], said: str):
    result = call("plot", *words)
    assert result.code == 2
    assert said in result.stderr


def test_networks_that_are_kept_are_drawn_and_none_is_trained(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("kansci.api.fit", None)
    save(trained("kan", ("pde", "pykan_poisson", 250), tmp_path / "kept"), tmp_path / "kept")
    words = ("--records", tmp_path / "kept", "--model", "kan", "--task", "pykan_poisson")
    for kind in ("edges", "errors"):
        result = call("plot", kind, *words, "--out", tmp_path)
        assert result.code == 0, result.stderr
        assert "the median error" in result.stdout
        assert (tmp_path / f"{kind}-kan-pykan_poisson-250.svg").is_file()


def test_a_network_of_another_error_than_its_record_is_refused(tmp_path: Path):
    place = ("pde", "pykan_poisson", 250)
    record = trained("kan", place, tmp_path, errors=[[[0.1, 0.2, 0.3]]])
    with pytest.raises(UserError, match=r"2\.00e-01, as recorded"):
        typical(record, tmp_path, get_task(record.name), get_model("kan"))


def test_the_median_member_is_of_those_that_did_not_fail():
    errors = [[[0.4, 0.1, 0.3, 0.2]]]
    made = [pool()[0].updated(members=who, errors=errors) for who in (("ok",) * 4, ONE_LOST)]
    assert [median_member(one) for one in made] == [3, 2]
    assert median_member(made[0].updated(members=("crashed",) * 4)) is None


def test_a_truth_is_shown_where_it_is_judged_and_nowhere_else():
    low, high = slice(SIDE // 10, SIDE * 2 // 5), slice(SIDE * 3 // 5, SIDE * 9 // 10)
    cut = ground(get_task("l_shape")).inside
    assert not cut[low, high].any()
    assert cut[high, high].all()
    windows = ground(get_task("bumps_2d"))
    assert windows.inside.mean() == pytest.approx(5 * 0.6**2 / 4, rel=0.1)
    image = windows.image(windows.truth[:, 0].numpy())
    assert image[SIDE // 2, SIDE // 2] == pytest.approx(1.0)
    assert np.isnan(image[0, 0])


def test_an_image_is_clear_where_there_is_nothing(tmp_path: Path):
    raster(
        np.array([[0.0, 1.0], [np.nan, 9.0]]), tmp_path / "a.png", colours="magma", limits=(0, 1)
    )
    pixels = np.asarray(Image.open(tmp_path / "a.png"))
    assert pixels[..., 3].tolist() == [[0, 255], [255, 255]], "the first row is the lowest"
    assert pixels[0, 1].tolist() == pixels[1, 1].tolist(), "what is beyond is as the end"


def test_one_bar_joins_what_cannot_be_told_apart():
    noise = np.random.default_rng(0).normal(size=(12, 3))
    alike = pd.DataFrame(noise, columns=list("abc"))
    apart = alike.add([0.0, 10.0, 20.0])
    counts = [
        sum(line.get_marker() == "o" for line in axes.lines)
        for figure in map(critical_differences, (alike, apart))
        for axes in figure.axes
    ]
    assert counts == [1, 0]


def test_a_diagram_is_drawn_in_the_order_of_ranks_and_not_of_a_process():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        rng.normal(size=(30, 20)) + np.arange(20) / 5, columns=list("abcdefghijklmnopqrst")
    )
    axes = critical_differences(table).axes[0]
    bars = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(bars) > 2
    assert all((np.diff(line.get_xdata()) >= 0).all() for line in bars)
    ranks = mean_ranks(table)
    told = dict(sorted(text.get_text().split(), reverse=True) for text in axes.texts)
    assert told == {model: f"{rank:.1f}" for model, rank in ranks.items()}


@pytest.mark.parametrize(("tasks", "models"), [(3, 3), (5, 4), (10, 10)])
def test_no_pair_falls_below_what_is_said_to_be_the_least(tasks: int, models: int):
    ahead = np.arange(models) * 10.0  # each is ahead of the next on every task
    noise = np.random.default_rng(0).random((tasks, models))
    assert p_matrix(pd.DataFrame(ahead + noise)).to_numpy().min() == smallest(tasks, models)


def test_a_diagram_that_can_tell_nobody_apart_says_so():
    rng = np.random.default_rng(0)
    few, many = (
        pd.DataFrame(rng.normal(size=(n, 10)), columns=list("abcdefghij")) for n in (10, 12)
    )
    said = [critical_differences(table).get_supxlabel() for table in (few, many)]
    assert "with 10 tasks no pair of 10 models can fall below 5 %: at best p is 0.088" in said[0]
    assert "no pair" not in said[1]


def test_a_diagram_marks_controls_and_names_who_is_not_in_it():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(9, 3)))
    table.columns = ["kan", "linear-rbf", "mine"]
    figure = critical_differences(table, "not drawn: relukan (cells missing)")
    said = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert "linear-rbf †" in said
    assert "kan †" not in said
    assert "not drawn: relukan" in figure.get_supxlabel()


def test_profiles_are_steps_and_whoever_has_none_is_named():
    rows = [Row(model="kan"), Row(model="relukan", missing=2), Row(model="fastkan")]
    found = profile([Cell("pde", "a", 250, np.array([0.2, 0.4]))])
    assert found
    (axes,) = performance_profiles(rows, {"kan": found}).axes
    (line,) = (line for line in axes.lines if line.get_label() == "kan")
    assert line.get_drawstyle() == "steps-post"
    assert "not drawn: relukan (cells missing), fastkan (cells without" in axes.get_xlabel()


def test_a_model_looks_the_same_in_all_figures_whoever_is_before_it():
    rows = [
        Row(model=name, score=1, low=0, high=2, columns={"learned": 1.0}) for name in ("a", "kan")
    ]
    found = profile([Cell("pde", "a", 250, np.array([0.2, 0.4]))])
    assert found
    figures = [
        plane(rows),
        performance_profiles(rows[1:], {"kan": found}),
        pareto(rows, {name: {250: Rung(240, 1.0)} for name in ("a", "kan")}, tasks=1),
    ]
    lines = [line for figure in figures for line in figure.axes[0].lines]
    shown = {(x.get_color(), x.get_marker()) for x in lines if x.get_label() == "kan"}
    assert len(shown) == 1


def test_a_front_says_on_how_many_tasks_it_rests():
    found = {"kan": {250: Rung(240, 1.0), 1000: Rung(990, 2.0)}}
    (axes,) = pareto([Row(model="kan")], found, tasks=2).axes
    assert axes.get_title(loc="left").endswith("2 tasks")


def test_edges_end_in_the_unknowns_of_the_statement():
    task = get_task("poisson")
    (axes,) = _edges(task, KAN((2, 2, 1), BSpline), "", 0).axes
    names = [text.get_text() for text in axes.texts]
    assert [name for name in names if name] == ["x", "y", "u"]


def test_two_models_make_no_diagram():
    with pytest.raises(UserError, match="three models"):
        critical_differences(pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]}))


def test_the_error_of_a_map_is_network_minus_truth():
    task = get_task("pykan_poisson")
    found = fields(task, Sine(1.5))
    assert found.ground.x.shape == (SIDE**2, 2)
    np.testing.assert_allclose(found.said - found.truth, found.truth / 2, atol=1e-12)
    figure = error_maps(task, Sine(1.5))
    title = figure.get_suptitle()
    assert "relative L2 5.0e-01" in title
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == [
        "truth",
        "network",
        "network - truth",
    ]


def test_only_two_inputs_make_a_map():
    with pytest.raises(UserError, match="want two inputs"):
        fields(get_task("bumps_1d"), Sine(1.0))
    with pytest.raises(UserError, match="want an output below 1"):
        fields(get_task("pykan_poisson"), Sine(1.0), output=1)
