"""Figures for papers: what they show, and what they refuse."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from calling import call
from torch import nn

from kansci.discover import get_task, home
from kansci.errors import UserError
from kansci.figures import critical_differences, error_maps, fields

LEDGER = home("leaderboards") / "records"


class Sine(nn.Module):
    """The truth of `pykan_poisson` times a weight."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.double))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.weight * torch.sin(torch.pi * x).prod(-1, keepdim=True)


@pytest.mark.parametrize("kind", ["critical", "pareto", "profiles", "forgetting"])
def test_figures_of_records_are_svg_and_png_and_repeat(kind: str, tmp_path: Path):
    texts = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        result = call("plot", kind, "--records", LEDGER, "--out", folder)
        assert result.code == 0, result.stderr
        assert (folder / f"{kind}.png").read_bytes().startswith(b"\x89PNG")
        texts.append((folder / f"{kind}.svg").read_bytes())
    assert texts[0] == texts[1]


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


def test_one_bar_joins_what_cannot_be_told_apart():
    noise = np.random.default_rng(0).normal(size=(12, 3))
    alike = pd.DataFrame(noise, columns=list("abc"))
    apart = alike.add([0.0, 10.0, 20.0])
    counts = [
        sum(line.get_linewidth() == 3 for line in axes.lines)
        for figure in map(critical_differences, (alike, apart))
        for axes in figure.axes
    ]
    assert counts == [1, 0]


def test_two_models_make_no_diagram():
    with pytest.raises(UserError, match="three models"):
        critical_differences(pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]}))


def test_the_error_of_a_map_is_network_minus_truth():
    task = get_task("pykan_poisson")
    found = fields(task, Sine(1.5))
    assert found.x.shape == (101**2, 2)
    np.testing.assert_allclose(found.said - found.truth, found.truth / 2, atol=1e-12)
    figure = error_maps(task, Sine(1.5))
    title = figure.get_suptitle()
    assert "relative l2 5.0e-01" in title
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
