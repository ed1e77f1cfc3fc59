"""Benchmarks of the engine: they run, compare like with like, and keep what they find."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import typer
from typer.testing import CliRunner, Result

from kansci import get_model, get_task
from kansci.lifting.ensemble import Member
from kansci.losses import program_of
from kansci.preparing import draw, prepare
from kansci.sampling import stream
from kansci.suite import get_suite
from kansci.training import train

FOLDER = Path(__file__).parents[1] / "benchmarks"
SCHEMA = {"family", "dtype", "gear", "state", "against", "ratio"}
NAMES = ("pde", "kan", "float64", "eager", "cold", "loop")


@pytest.fixture(autouse=True)
def beside_the_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def script(name: str) -> ModuleType:
    """A module of benchmarks/, where its neighbours find each other."""
    module = importlib.import_module(name)
    assert module.__file__ == str(FOLDER / f"{name}.py")
    return module


def command(*words: str) -> Result:
    app = typer.Typer()
    app.command()(script("engine").main)
    return CliRunner().invoke(app, words)


@pytest.mark.slow
def test_the_command_prints_a_table_and_adds_its_rows_to_a_file(tmp_path: Path) -> None:
    known = script("rows").Row(*NAMES, 2.0, 1, 1, 1, None, 1, 1, 1, "all")
    file = tmp_path / "found.json"
    file.write_text(json.dumps({"rows": [known._asdict()]}))
    words = ["--only", "continual", "--quick", "--gear", "eager", "--json", str(file)]
    done = subprocess.run(
        [sys.executable, str(FOLDER / "engine.py"), *words],
        capture_output=True,
        text=True,
        env={**os.environ, "KANSCI_CACHE": str(tmp_path / "programs")},
        timeout=120,
        check=True,
    )
    assert "| continual" in done.stdout
    document = json.loads(file.read_text())
    assert [row["family"] for row in document["rows"]] == ["pde", "continual"]
    for row in document["rows"]:
        assert row.keys() >= SCHEMA
        assert row["ratio"] > 0
        assert row["state"] in ("cold", "cached")


def test_a_part_that_is_unknown_is_refused_in_words() -> None:
    done = command("--only", "speed")
    assert done.exit_code == 2
    assert "want some of pde, regression" in " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("name", "family"), [("poisson", "pde"), ("feynman27/I.12.11", "feynman"), ("bumps_2d", None)]
)
def test_the_loop_computes_the_loss_and_the_start_of_a_member(
    name: str, family: str | None
) -> None:
    loop = script("loop")
    task, model = get_task(name), get_model("kan")
    recipe = get_suite("standard").recipe(family or "continual")
    recipe = recipe.model_copy(update={"dtype": "float64"})
    ensemble = prepare([task], model, 250, recipe, [Member(7, 1.0)])
    batch = draw(ensemble, task.stages[:1], recipe, [stream("points", 7)])
    ours = ensemble.losses(program_of(task.stages[0].loss), batch).item()
    network = loop.started(task, model, 250, recipe, 7)
    drawn = task.stages[0].sample(stream("points", 7), recipe.points or task.stages[0].points)
    theirs = loop.loss_of(network, task, task.stages[0], drawn, recipe)().item()
    assert theirs == pytest.approx(ours, rel=1e-10)


def test_the_loop_ends_where_ours_ends() -> None:
    loop, cells = script("loop"), script("cells")
    case = cells.cases("regression", ("float64",))[0]
    task, recipe = case.tasks[0], cells.shared(case.recipe, 0.02)
    recipe = recipe.model_copy(update={"evaluation_seeds": (3,), "rates": (0.01,)})
    learned = train([task], case.model, 250, recipe, lambda tuned: [0.01], gear="eager")[0]
    network = loop.started(task, case.model, 250, recipe, 3)
    calls: list[bool] = []
    loop.train(network, task, recipe, 3, 0.01, calls.append)
    probe = task.judged_by("test")[0]
    torch.testing.assert_close(
        network(probe.x).detach(), learned.predictions[-1][0][0], rtol=0.05, atol=0.05
    )
    assert calls[0]
    assert not any(calls[1:])


def test_sides_work_in_turns_and_neither_pays_for_the_other() -> None:
    turns = script("turns")
    heard: list[str] = []

    def side(name: str, work: int) -> Callable[[Any], int]:
        def run(clock: Any) -> int:
            for _ in range(6):
                heard.append(f"{name}{sum(range(work)) % 10}"[0])
                clock.step()
            return work

        return run

    found, ours, theirs = turns.in_turns(side("a", 200_000), side("b", 10), seconds=(0.0, 0.0))
    assert (ours, theirs) == (200_000, 10)
    assert "".join(heard) == "ab" * 6
    assert found.ours.steps.cpu > found.theirs.steps.cpu


def test_what_is_done_outside_of_the_clock_is_nobodys_cost() -> None:
    turns = script("turns")

    def run(clock: Any) -> None:
        clock.outside(lambda: time.sleep(0.2))

    found, _, _ = turns.in_turns(run, lambda clock: None)
    assert found.ours.spent.wall + found.theirs.spent.wall < 0.2


def test_a_side_that_fails_stops_the_other() -> None:
    turns = script("turns")

    def fails(clock: Any) -> None:
        raise OSError("no more")

    def works(clock: Any) -> None:
        while True:
            clock.step()

    for pair in ((works, fails), (fails, works)):
        with pytest.raises(OSError, match="no more"):
            turns.in_turns(*pair, seconds=(0.0, 0.0))


def test_a_later_row_takes_the_place_of_its_namesake() -> None:
    rows = script("rows")
    old, new = (rows.Row(*NAMES, ratio, 1, 1, 1, None, 1, 1, 1, "all") for ratio in (2.0, 3.0))
    document = rows.empty()
    rows.add(document, [old], {})
    rows.add(document, [new], {"memory": []})
    assert [row["ratio"] for row in document["rows"]] == [3.0]


def test_a_cost_that_is_a_power_of_the_size_has_that_exponent() -> None:
    growth = script("growth")
    assert growth.exponent((1, 2, 4), (3, 12, 48)) == pytest.approx(2)


def test_the_readme_has_one_place_for_tables(tmp_path: Path) -> None:
    tables = script("tables")
    copy = tmp_path / "README.md"
    copy.write_text((FOLDER / "README.md").read_text())
    tables.rewrite(copy, "new\n")
    begin, end = tables.MARKS
    assert f"{begin}\nnew\n{end}" in copy.read_text()
    copy.write_text("nothing")
    with pytest.raises(ValueError, match="want <!-- engine -->"):
        tables.rewrite(copy, "new\n")


@pytest.mark.skipif(importlib.util.find_spec("kan") is None, reason="pykan is not installed")
@pytest.mark.slow
def test_the_peer_reaches_an_error_of_its_own() -> None:
    row = script("peers").measure("eager", steps=1, evaluations=10)
    assert row.against == "pykan"
    assert row.theirs > 0


@pytest.mark.skipif(importlib.util.find_spec("kan") is not None, reason="pykan is installed")
def test_without_pykan_the_row_is_left_out_with_a_line_that_says_how_to_install() -> None:
    done = command("--only", "pykan")
    assert done.exit_code == 0, done.output
    assert "pip install -e '.[peers]'" in done.output


def test_layers_are_compared_and_what_is_absent_is_said(tmp_path: Path) -> None:
    app, file = typer.Typer(), tmp_path / "layers.json"
    app.command()(script("layers").main)
    words = ["--only", "kan,fastkan", "--quick", "--json", str(file)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    document = json.loads(file.read_text())
    rows, geomean = document["rows"], document["geomean"]
    schema = {"variant", "peer", "size", "batch", "ours_ms", "peer_ms", "ratio"}
    assert all(row.keys() >= schema for row in rows)
    assert all(row["ratio"] == row["ours_ms"] / row["peer_ms"] for row in rows)
    assert geomean.keys() == {"kan", "fastkan"}
    found = {row["peer"] for row in rows} | {row["peer"] for row in document["missing"]}
    known = script("layer_peers").PEERS
    assert found == {peer.name for name in geomean for peer in known[name]}
    assert all(peer in done.output for peer in found)


def test_a_transcribed_layer_computes_the_functions_of_ours() -> None:
    peers, formulas = script("layer_peers"), script("layer_formulas")
    x = 2 * torch.rand(20, 3, generator=torch.Generator().manual_seed(1)) - 1

    def functions(name: str) -> torch.Tensor:
        return peers.ours(name, 3, 2).basis(x)

    knots = formulas.even_knots().expand(3, -1)
    pairs = {
        "kan": formulas.recursion(x, knots),
        "fastkan": formulas.Bells(formulas.gaussian, 2.0)(x),
        "fasterkan": formulas.Bells(formulas.switch, 1.2)(x),
        "relukan": formulas.ReluBells(3, 2)(x),
        "hrkan": formulas.ReluBells(3, 4)(x),
        "chebykan": formulas.chebyshev(x),
        "legendrekan": formulas.jacobi(x, 0, 0),
        "jacobikan": formulas.jacobi(x, 1, 1),
    }
    for name, expected in pairs.items():
        ours = functions(name)[..., : expected.shape[-1]]
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


def test_memory_that_waits_for_the_backward_pass_is_counted_once() -> None:
    cost = script("layer_cost")
    x = cost.inputs(3, 10)
    assert cost.kept(torch.nn.Linear(3, 2), x) == 0  # its input and its weights alone
    both = torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Linear(3, 2))
    assert cost.kept(both, x) == 4 * 30  # what tanh gives serves its own gradient, too


def test_the_readme_has_a_place_for_layers(tmp_path: Path) -> None:
    tables = script("layer_tables")
    copy = tmp_path / "README.md"
    copy.write_text((FOLDER / "README.md").read_text())
    tables.rewrite(copy, "new\n")
    begin, end = tables.MARKS
    assert f"{begin}\nnew\n{end}" in copy.read_text()
    copy.write_text("nothing")
    with pytest.raises(ValueError, match="want <!-- layers -->"):
        tables.rewrite(copy, "new\n")
