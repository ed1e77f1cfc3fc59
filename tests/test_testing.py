"""The conformance suite: forms of the zoo keep its laws, and each law finds what breaks it."""

import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import kansci.cli.check
from kansci.cli import main
from kansci.errors import DoesNotFit
from kansci.jets import Jet
from kansci.models import Model, get_model, list_models
from kansci.rules import RULES
from kansci.testing import LAWS, check, examine
from kansci.testing.smoothness import JUMP, Line, jump
from kansci.testing.subject import Subject

FORMS = [name for name in list_models() if not name.endswith("-published")]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_the_zoo_keeps_every_law(name: str):
    report = check(get_model(name))
    assert {verdict.name: verdict.sentence for verdict in report.broken} == {}
    assert report.passed
    unasked = [verdict.name for verdict in report.laws if verdict.status == "does not apply"]
    assert unasked == ([] if get_model(name).applies(1) else ["jets"])


class Sound(nn.Module):
    """A small network that keeps all laws, of which others below break one each."""

    def __init__(self, dim_in: int, dim_out: int, width: int = 8) -> None:
        super().__init__()
        self.first = nn.Linear(dim_in, width)
        self.last = nn.Linear(width, dim_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.middle(self.first(x)))

    def middle(self, z: Tensor) -> Tensor:
        return torch.tanh(z)


class GivesItsInput(Sound):
    def forward(self, x: Tensor) -> Tensor:
        return x * self.last.bias


class Flattens(Sound):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.reshape(len(x), -1))


class TakesAnything(Sound):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x[..., :2])


class Centres(Sound):
    def middle(self, z: Tensor) -> Tensor:
        return torch.tanh(z - self.training * z.mean(0))


class ComputesInSingle(Sound):
    def forward(self, x: Tensor) -> Tensor:
        z = x.float() @ self.first.weight.float().T + self.first.bias.float()
        return self.last(torch.tanh(z).to(x.dtype))


class WantsDouble(Sound):
    """Runs in float64 alone."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + torch.zeros(2, dtype=torch.double)[:1] @ x.new_zeros(1)


class EndsNearby(Sound):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(torch.sqrt(2.25 - x.square()))


class HalvesItsGradient(Sound):
    def middle(self, z: Tensor) -> Tensor:
        return torch.tanh(z / 2 + (z / 2).detach())


class Folds(Sound):
    def middle(self, z: Tensor) -> Tensor:
        return torch.relu(z)


class FoldsSoftly(Sound):
    def middle(self, z: Tensor) -> Tensor:
        return torch.relu(z) ** 3


class Bent(nn.Module):
    """Has a rule of jets that is not its own."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(z)


class PassesWrongJets(nn.Sequential):
    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__(nn.Linear(dim_in, 8), Bent(), nn.Linear(8, dim_out))


class FillsInPlace(Sound):
    def middle(self, z: Tensor) -> Tensor:
        kept = torch.zeros(z.shape, dtype=z.dtype)
        kept.copy_(z)
        return torch.tanh(kept)


class LooksAtData(Sound):
    def middle(self, z: Tensor) -> Tensor:
        return z * 0 if z.isnan().any() else torch.tanh(z)


class DrawsFeatures(Sound):
    """The trained numbers keep the budget; the others, drawn once, pass it."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__(dim_in, dim_out, width=60)
        self.register_buffer("features", torch.randn(60))

    def middle(self, z: Tensor) -> Tensor:
        return torch.tanh(z * self.features)


class TooLarge(Sound):
    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__(dim_in, dim_out, width=63)


class HasAnIdleWeight(Sound):
    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__(dim_in, dim_out)
        self.idle = nn.Parameter(torch.randn(7))


class Reseeds(Sound):
    def __init__(self, dim_in: int, dim_out: int) -> None:
        torch.manual_seed(0)  # noqa: TID251 - what a careless network does
        super().__init__(dim_in, dim_out)


class ReseedsNumPy(Sound):
    def __init__(self, dim_in: int, dim_out: int) -> None:
        np.random.seed(0)  # noqa: NPY002, TID251
        super().__init__(dim_in, dim_out)


class DrawsFromTheSystem(Sound):
    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__(dim_in, dim_out)
        self.last.bias.data.fill_(random.SystemRandom().random())


class Forgets(Sound):
    """Its features are no part of its saved state."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__(dim_in, dim_out)
        self.register_buffer("features", torch.randn(8), persistent=False)

    def middle(self, z: Tensor) -> Tensor:
        return torch.tanh(z * self.features)


class Broken(NamedTuple):
    """A network, what its model declares, and the one law that it breaks."""

    kind: Callable[[int, int], nn.Module]
    law: str
    says: str
    derivatives: int | None = None
    continuous: int | None = None


BROKEN = [
    Broken(GivesItsInput, "runs", r"want \(5, 1\) for points \(5, 2\), got \(5, 2\)"),
    Broken(Flattens, "shapes", r"want \(1,\) for points \(2,\), got RuntimeError"),
    Broken(TakesAnything, "refusal", r"want a ValueError for points \(11, 7\), got values"),
    Broken(Centres, "points apart", r"in training; got changes up to .* \(BatchNorm"),
    Broken(ComputesInSingle, "dtypes", "computes in single precision"),
    Broken(WantsDouble, "dtypes", "want float32 to run, got RuntimeError"),
    Broken(EndsNearby, "far inputs", r"want finite values at \|x\| = 2 in float32"),
    Broken(HalvesItsGradient, "gradient", r"by the inputs \(and by 2 more\).* 0.5 times that"),
    Broken(Folds, "derivatives", "want a second derivative .* declare derivatives=1", None, 0),
    Broken(Sound, "derivatives", "declare more, or None for all", 1),
    Broken(Folds, "continuous", "first derivative without jumps.* declare continuous=0", 1),
    Broken(FoldsSoftly, "continuous", "third derivative without jumps.*continuous=2", 3),
    Broken(PassesWrongJets, "jets", "first derivative by inputs .*rule by which jets pass.* Bent"),
    Broken(FillsInPlace, "members", "want a network that torch.vmap lifts, got RuntimeError"),
    Broken(LooksAtData, "members", "want a network that torch.vmap lifts, got RuntimeError"),
    Broken(DrawsFeatures, "counts", "got 241 trainable and 60 that are not"),
    Broken(TooLarge, "counts", "want 1 to 250 trainable numbers at a budget of 250, got 253"),
    Broken(HasAnIdleWeight, "used", r"got none for 7: idle \(7\)"),
    Broken(Reseeds, "seeded", "want torch's global generator to go on"),
    Broken(ReseedsNumPy, "seeded", "want NumPy's global generator to go on"),
    Broken(DrawsFromTheSystem, "seeded", "want the same last.bias from the same seed"),
    Broken(Forgets, "saved", "a buffer that persists"),
]


def model_of(
    kind: Callable[[int, int], nn.Module],
    derivatives: int | None = None,
    continuous: int | None = None,
    name: str = "mine",
) -> Model:
    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        return kind(dim_in, dim_out)

    return Model(name, build, derivatives=derivatives, continuous=continuous)


@pytest.fixture(autouse=True)
def wrong_jets(monkeypatch: pytest.MonkeyPatch) -> None:
    def rule(module: Bent, jet: Jet) -> Jet:
        f = torch.tanh(jet.value)
        return jet.pointwise(f, 2 * (1 - f.square()), f * 0)

    monkeypatch.setitem(RULES, Bent, rule)


@pytest.mark.parametrize("dims", [(2, 1), (1, 1), (3, 2)])
def test_a_sound_network_keeps_every_law(dims: tuple[int, int]):
    report = check(model_of(Sound), dim_in=dims[0], dim_out=dims[1])
    assert [(verdict.name, verdict.status) for verdict in report.laws] == [
        (law, "holds") for law in LAWS
    ]
    assert report.numbers == 8 * (sum(dims) + 1) + dims[1]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case.kind.__name__}-{case.law}")
def test_what_breaks_a_law_is_found_by_that_law_alone(case: Broken):
    report = check(model_of(case.kind, case.derivatives, case.continuous))
    assert {verdict.name for verdict in report.broken} == {case.law}
    (verdict,) = report.broken
    assert re.search(case.says, verdict.sentence), verdict.sentence
    assert not report.passed


def test_every_law_has_a_network_that_breaks_it():
    assert {case.law for case in BROKEN} == set(LAWS)


def test_a_network_that_does_not_run_is_examined_no_further():
    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        raise RuntimeError("broken on purpose")

    first, *rest = check(Model("mine", build)).laws
    assert first.status == "broken"
    assert "RuntimeError: broken on purpose" in first.sentence
    assert {(verdict.status, verdict.sentence) for verdict in rest} == {
        ("does not apply", "the network does not run")
    }


def test_batch_norm_is_found_in_training_and_cannot_be_trained_by_equations():
    class Normalises(Sound):
        def __init__(self, dim_in: int, dim_out: int) -> None:
            super().__init__(dim_in, dim_out)
            self.norm = nn.BatchNorm1d(8)

        def middle(self, z: Tensor) -> Tensor:
            return torch.tanh(self.norm(z.reshape(-1, 8)).reshape(z.shape))

    report = check(model_of(Normalises))
    said = {verdict.name: verdict.sentence for verdict in report.broken}
    assert set(said) == {"points apart", "members"}
    assert "in training" in said["points apart"]
    assert "a loss with second derivatives by the inputs, in training" in said["members"]
    (counts,) = [verdict for verdict in report.laws if verdict.name == "counts"]
    assert "hint: 49 trainable numbers, and 17 that are not but count as well" in counts.sentence


def test_members_that_share_a_memory_are_found():
    seen: list[float] = [0.0]

    class Remembers(Sound):
        def middle(self, z: Tensor) -> Tensor:
            seen[0] = 0.5 * seen[0] + z.detach().mean().item()
            return torch.tanh(z + seen[0])

    verdict = examine(Subject(model_of(Remembers), 2, 1, 250), "members", LAWS["members"])
    assert "want the gradient that a member has alone" in verdict.sentence


def test_a_network_that_draws_as_it_trains_may_be_looped():
    class Drops(Sound):
        def middle(self, z: Tensor) -> Tensor:
            return nn.functional.dropout(torch.tanh(z), 0.3, self.training)

    assert check(model_of(Drops)).broken == ()


def test_laws_of_small_differences_do_not_apply_to_single_precision():
    laws = {v.name: v for v in check(model_of(ComputesInSingle)).laws}
    for name in ("gradient", "derivatives", "continuous", "jets"):
        assert laws[name].status == "does not apply"
        assert "single precision" in laws[name].sentence


def test_a_declaration_that_is_too_modest_is_a_hint_where_nobody_gains_by_it():
    report = check(model_of(Sound, continuous=1))
    (verdict,) = [one for one in report.laws if one.name == "continuous"]
    assert verdict.status == "holds"
    assert "hint: the model declares continuous=1, and no jump of the second" in verdict.sentence


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_a_jump_is_told_from_a_steep_slope(order: int):
    def line(function: Callable[[Tensor], Tensor]) -> Line:
        class Of(nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return function(x)

        one = torch.ones(1, dtype=torch.double)
        return Line(Of(), 0.013 * one, 0.93 * one, one)

    def power(x: Tensor) -> Tensor:
        step = (x > 0.1234).double()
        return torch.sin(3 * x) + (step * (x - 0.1234) ** order if order else step)

    size, where = jump(line(power), order)
    assert size > 0.1
    assert where == "(0.123)"
    if order:
        assert jump(line(power), order - 1)[0] < JUMP
    assert jump(line(lambda x: torch.tanh(300 * x)), order)[0] < JUMP
    assert jump(line(lambda x: x), order)[0] < JUMP


def test_the_budget_is_the_smallest_that_has_a_network_or_the_one_asked_for():
    def build(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
        if parameters < 300:
            raise DoesNotFit(f"the smallest network has 300 trainable numbers, got {parameters}")
        return Sound(dim_in, dim_out)

    assert check(Model("mine", build)).parameters == 1_000
    assert check(Model("mine", build), parameters=500).parameters == 500
    with pytest.raises(DoesNotFit):
        check(Model("mine", build), parameters=250)


def test_global_generators_and_weights_are_left_alone():
    def states() -> Iterator[str]:
        yield str(torch.get_rng_state().tolist())
        yield str(np.random.get_state())  # noqa: NPY002
        yield str(random.getstate())

    before = list(states())
    check(model_of(Reseeds))
    check(model_of(ReseedsNumPy))
    assert list(states()) == before


def test_an_examination_finds_the_same_again():
    assert check(model_of(Centres)) == check(model_of(Centres))


FILE = """
import torch
from torch import nn
from kansci import Model

class Mine(nn.Module):
    def __init__(self, dim_in, dim_out):
        super().__init__()
        self.first, self.last = nn.Linear(dim_in, 8), nn.Linear(8, dim_out)

    def forward(self, x):
        return self.last(torch.tanh({middle}))

def build(dim_in, dim_out, parameters):
    return Mine(dim_in, dim_out)

model = Model("{name}", build, quirks={quirks})
"""
PLAIN, MEETS = "self.first(x)", "self.first(x) - self.training * self.first(x).mean(0)"


def call(monkeypatch: pytest.MonkeyPatch, *words: object) -> object:
    """Runs the command in this process; returns its exit code."""
    monkeypatch.setattr(sys, "argv", ["kansci", "check", *map(str, words)])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


@pytest.mark.parametrize(
    ("name", "middle", "quirks", "code", "said"),
    [
        ("mine", PLAIN, (), 0, "mine breaks no law"),
        ("mine", MEETS, (), 1, "mine breaks: points apart"),
        ("mine", MEETS, ("centres",), 1, "mine breaks: points apart"),
        ("mine-published", MEETS, ("centres",), 0, "its quirks break: points apart"),
        ("mine-published", MEETS, (), 1, "mine-published breaks: points apart"),
        ("mine-published", "1 / 0", ("raises",), 1, "mine-published breaks: runs"),
    ],
)
def test_a_file_is_checked_and_the_exit_code_says_how_it_went(
    monkeypatch,
    capsys,
    tmp_path: Path,
    name: str,
    middle: str,
    quirks: tuple[str, ...],
    code: int,
    said: str,
):
    monkeypatch.setenv("KANSCI_SANDBOX", "off")  # every file would start one
    path = tmp_path / "mine.py"
    path.write_text(FILE.format(name=name, middle=middle, quirks=quirks), encoding="utf-8")
    assert call(monkeypatch, path) == code
    out = " ".join(capsys.readouterr().out.split())
    assert said in out
    assert f"{name}: 2 -> 1" in out
    assert out.count("declared quirk:") == len(quirks)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "want one of NAME or FILE.py, --all"),
        (["kan", "--all"], "want one of NAME or FILE.py, --all"),
        (["kann"], "did you mean 'kan'"),
        (["missing.py"], "missing.py"),
        (["kan", "--parameters", "5"], "27 trainable numbers, want <= 5; choose a larger"),
        (["kan", "--parameters", "0"], "--parameters 0: want at least 1"),
        (["kan", "--dim-in", "0"], "--dim-in 0: want at least 1"),
        (["kan", "--dim-out", "-1"], "--dim-out -1: want at least 1"),
    ],
)
def test_wrong_input_is_one_line(monkeypatch, capsys, words: list[str], said: str):
    assert call(monkeypatch, *words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_published_arm_shows_which_laws_its_quirks_break(monkeypatch, capsys):
    assert call(monkeypatch, "chebykan-published", "--json") == 0
    (report,) = json.loads(capsys.readouterr().out)
    laws = {law["name"]: law for law in report["laws"]}
    assert report["published"]
    assert report["passed"]
    assert report["quirks"]
    assert laws["far inputs"]["status"] == "broken"  # acos at the ends of [-1, 1]
    assert "want finite gradients by the inputs" in laws["far inputs"]["sentence"]


def test_all_models_are_a_table_with_a_line_each(monkeypatch, capsys):
    monkeypatch.setattr(kansci.cli.check, "list_models", lambda: ["linear-rbf", "chebykan"])
    words = ["--all", "--dim-in", "3", "--dim-out", "2", "--parameters", "30"]
    assert call(monkeypatch, *words) == 0
    out = capsys.readouterr().out
    assert "1 models do not fit the budget" in out
    assert "1 of 1 models pass" in out
    assert call(monkeypatch, "--all", "--json") == 0
    reports = json.loads(capsys.readouterr().out)
    assert [report["model"] for report in reports] == ["linear-rbf", "chebykan"]
    assert all(len(report["laws"]) == len(LAWS) for report in reports)
