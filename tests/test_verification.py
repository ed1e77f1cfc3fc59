"""Verifying: drawn so that nobody can foresee it, honest Records believed, others flagged."""

import json
from importlib import import_module
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from auditing import SECRET, TASKS, drawn, in_this_process, judged, ran, trained
from calling import call
from scipy.stats import t as student
from torch import nn

from kansci.discover import Origin, get_model, get_task
from kansci.errors import DoesNotFit, UserError
from kansci.models import Model, list_models
from kansci.record import Record
from kansci.sampling import stream
from kansci.sandbox.handout import handed
from kansci.statistics.standing import final
from kansci.testing import check
from kansci.verification import lawful, reload
from kansci.verification.audit import USUAL, YARDSTICKS, Lot, Plan, spread
from kansci.verification.judging import judge
from kansci.verification.reasons import fails
from kansci.verification.recount import adapted, learned, leaves
from kansci.verification.reload import Kept, reloaded
from kansci.verification.results import Results
from kansci.verification.rule import ruling
from kansci.verification.scan import scan
from kansci.verification.subject import Subject, of_zoo
from kansci.verification.trainings import trainings
from kansci.verification.variants import has_variant, variant
from kansci.verification.verdict import Compared, Fates, Verification, fates

FORMS = Path(import_module("kansci.models.forms").__file__ or "").parent
NETWORKS = [*FORMS.glob("*.py"), *(FORMS.parent / "published").glob("*.py")]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    in_this_process(monkeypatch)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a model, with weights; its file server is never asked."""
    home = tmp_path_factory.mktemp("records")
    trained(home, get_model("mlp-silu"), *TASKS)
    return home


@pytest.fixture(scope="module")
def results(records: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Results]:
    """Of a plan for them that was run."""
    subject, found = of_zoo("mlp-silu", records), Results(tmp_path_factory.mktemp("results"))
    plan = drawn(subject)
    with pytest.MonkeyPatch.context() as patch:
        in_this_process(patch)
        ran(plan, subject, found)
    return plan, found


def changed(subject: Subject, bundle: str, **changes: Any) -> Subject:
    edited = tuple(record.updated(**changes) for record in subject.records)
    return Subject(subject.name, bundle, edited, subject.home)


def test_the_rule_is_a_one_sided_t_test_with_a_least_difference() -> None:
    d = np.array([0.3, 0.1, 0.2, 0.4, -0.1, 0.25])
    found = ruling(d)
    statistic = d.mean() / (d.std(ddof=1) / len(d) ** 0.5)
    assert found.p == pytest.approx(student.sf(statistic, len(d) - 1))
    assert found.mean == pytest.approx(d.mean())
    assert not found.flagged
    assert ruling([0.3, 0.31, 0.29, 0.3]).flagged
    assert not ruling([0.03, 0.031, 0.029, 0.03]).flagged  # of no importance
    assert not ruling([-1.0, -1.1, -0.9]).flagged  # better seeds than submitted
    assert ruling([0.2, 0.2, 0.2]).flagged
    assert not ruling([0.0, 0.0]).flagged
    assert not ruling([5.0]).flagged


def test_a_member_that_failed_counts_as_the_trivial_predictor(records: Path) -> None:
    record = of_zoo("mlp-silu", records).records[0]
    errors = np.full_like(np.array(record.errors), 1e-2)
    fine = record.updated(errors=errors.tolist())
    lost = fine.updated(members=("diverged", "ok"))
    # Of two members one loses two decades.
    assert final(fine).mean() - final(lost).mean() == pytest.approx(1.0)


def test_a_plan_follows_from_the_secret_and_the_bundle_and_holds_no_secret(records: Path) -> None:
    subject = of_zoo("mlp-silu", records)
    plan = drawn(subject)
    assert drawn(subject) == plan
    other = drawn(subject, SECRET + b"!")
    moved = drawn(Subject(subject.name, "another", subject.records, subject.home))
    assert len({plan.seeds, other.seeds, moved.seeds}) == 3
    assert len({plan.variant, other.variant, moved.variant}) == 3
    assert SECRET.decode() not in plan.model_dump_json()
    assert len(set(plan.seeds)) == USUAL.seeds
    assert all(2**32 <= seed < 2**53 for seed in plan.seeds)
    assert {one.task for one in plan.audited} == {record.task for record in subject.records}
    with pytest.raises(UserError, match="at least 16 bytes"):
        drawn(subject, b"short")


def test_audited_cells_are_spread_over_families_and_budgets(records: Path) -> None:
    subject = of_zoo("mlp-silu", records)
    many = tuple(
        subject.records[0].updated(task=f"{family}{number}@1", family=family, budget=budget)
        for family, count in (("pde", 40), ("feynman", 8), ("continual", 5))
        for number in range(count)
        for budget in (250, 1_000)
    )
    keyed = tuple(one.updated(key=f"{one.task}/{one.budget}") for one in many)
    chosen = spread(keyed, Lot(SECRET, "bundle"), 12)
    assert len({one.task for one in chosen}) == 12
    assert [sum(one.family == f for one in chosen) for f in ("pde", "feynman", "continual")] == [
        *(4, 4, 4)
    ]
    assert sum(one.budget == 250 for one in chosen) == 6
    assert len(spread(keyed, Lot(SECRET, "bundle"), 100)) == 53  # as many as there are tasks


@pytest.mark.parametrize("name", ["poisson", "wave", "kovasznay", "advection", "biharmonic"])
def test_the_truth_of_a_variant_solves_its_equations_and_the_public_one_does_not(name: str) -> None:
    task = get_task(name)
    found = variant(task, 2**40)
    assert found is not None
    batch = found.stages[0].sample(stream("batch"), 64)
    truth, public = (one.judged_by("test")[0].answers for one in (found, task))
    assert callable(truth)
    assert callable(public)
    assert found.stages[0].loss(truth, *batch) < 1e-20
    assert found.stages[0].loss(public, *batch) > 1e-3
    assert handed(found).name == found.name  # what a sandbox is given


@pytest.mark.parametrize("name", ["feynman27/I.12.11", "bumps_1d", "bumps_2d", "drift_window"])
def test_a_variant_of_data_is_of_the_same_function_elsewhere(name: str) -> None:
    task, seed = get_task(name), 2**40
    found, again, other = (variant(get_task(name), one) for one in (seed, seed, seed + 1))
    assert found is not None
    assert again is not None
    assert other is not None
    assert found.content == again.content != other.content
    low, high = torch.tensor(found.domain, dtype=torch.double).T
    for old, new in zip(task.probes, found.probes, strict=True):
        assert ((new.x >= low - 1e-12) & (new.x <= high + 1e-12)).all()
        assert (new.x - old.x).abs().max() > 1e-2
        known = torch.corrcoef(torch.cat([old.y, new.y], 1).T)[0, 1]  # a y + c
        assert abs(known) == pytest.approx(1.0)
    x, y = found.stages[0].sample(stream("points"), 20)
    old = task.stages[0].sample(stream("points"), 20)
    assert (x - old[0]).abs().max() > 1e-2
    assert abs(torch.corrcoef(torch.cat([old[1], y], 1).T)[0, 1]) == pytest.approx(1.0)
    assert handed(found).name == found.name


def test_images_and_references_have_no_variants() -> None:
    for name in ("digits_classes", "burgers", "poisson[boundary=hard]", "inverse_diffusion"):
        assert not has_variant(name), name
        assert variant(get_task(name), 1) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import sys; f = sys._getframe(1)", "frames"),
        ("import gc", "objects of others"),
        ("import ctypes", "memory"),
        ("import subprocess", "processes"),
        ("from socket import socket", "network"),
        ("open('x')", "files"),
        ("import os; os.environ['X']", "environment"),
        ("import importlib", "at run time"),
        ("eval('1')", "as code"),
        ("exec('1')", "as code"),
        ("__import__('os')", "at run time"),
        ("import pickle", "pickle"),
        ("print(__file__)", "where its file is"),
        ("import torch; torch.load('x')", "from a file"),
        ("from kansci.discover import get_task", "which no network needs"),
        ("import kansci.task", "which no network needs"),
        ("from . import beside", "not submitted"),
        (f"table = {list(range(400))}", "writes out 400 numbers"),
        (f"table = {'9f' * 2_000!r}", "longer than a network"),
        ("def broken(:", "does not parse"),
    ],
)
def test_a_scan_says_in_words_what_no_network_needs(line: str, said: str) -> None:
    assert any(said in str(one) for one in scan(line)), scan(line)


def test_a_scan_finds_nothing_in_the_networks_of_the_zoo() -> None:
    # The packages' own files import the others by name, which is what they are warned of.
    files = [path for path in NETWORKS if path.name != "__init__.py"]
    assert len(files) > 20
    assert {path.name: scan(path.read_text(encoding="utf-8")) for path in files} == {
        path.name: [] for path in files
    }


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        memory = torch.rand(10)
        self.whole = nn.Parameter(memory)
        self.part = nn.Parameter(memory[2:5])
        self.wide = nn.Parameter(torch.rand(1).expand(100))
        self.fixed = nn.Parameter(torch.rand(7), requires_grad=False)


def test_numbers_that_share_memory_count_once() -> None:
    assert leaves(Shared()) == 10 + 1
    for name in ("kan", "grkan", "mlp-spline"):
        network = get_model(name).build(2, 1, 250)
        assert leaves(network) == sum(w.numel() for w in network.parameters() if w.requires_grad)


def test_what_differs_between_members_or_from_the_start_is_adapted() -> None:
    start = {"a": torch.zeros(2, 4), "b": torch.tensor([[1.0], [1.0]])}
    now = {"a": start["a"].clone(), "b": start["b"] + 1}  # all alike, and yet changed
    now["a"][0, 2] = 1
    assert adapted(now, start) == 2
    assert adapted(start, start) == 0
    assert learned(now, start, share=0) == 2
    nearly = {**start, "b": start["b"] * (1 + 1e-7)}
    assert [learned(nearly, start, share=share) for share in (0, 1e-6)] == [1, 0]
    with pytest.raises(ValueError, match="another state"):
        learned(now, {"a": start["a"]}, share=0)


def test_sums_that_cancel_are_not_learned_though_another_machine_leaves_a_rest() -> None:
    start = {"a": torch.tensor([[0.5, 0.0, -1.0]] * 2)}
    rest = {"a": start["a"] + torch.tensor([0.0, 3e-9, 0.0])}
    assert [learned(rest, start, share=share) for share in (0, 1e-6)] == [1, 0]
    more = {"a": start["a"] + torch.tensor([0.0, 3e-7, 0.0])}  # beyond a spacing at 1
    assert learned(more, start, share=1e-6) == 1
    seeds = {"a": start["a"] + torch.tensor([[0.0], [3e-9]])}  # is not said to be one
    assert learned(seeds, start, share=1e-6) == 1


@pytest.mark.parametrize("odd", [float("inf"), -float("inf"), float("nan")])
def test_what_begins_as_no_number_hides_nothing_that_was_learned(odd: float) -> None:
    start = {"a": torch.tensor([[odd, 0.0, 1.0]] * 2), "b": torch.zeros(2, 0)}
    same = 0 if odd == odd else 1
    assert learned(start, start, share=1e-6) == same
    now = {"a": torch.tensor([[7.0, 7.0, 1.0]] * 2), "b": start["b"]}
    assert learned(now, start, share=1e-6) == 2
    counts = {"a": torch.zeros(2, 1, dtype=torch.long)}
    assert learned({"a": counts["a"] + 1}, counts, share=1e-6) == 1


@pytest.mark.parametrize("model", ["mlp-silu", "kan", "mlp-rff", "linear-rbf", "legendre"])
def test_networks_of_the_zoo_answer_as_before_when_they_are_reloaded(
    model: str, tmp_path: Path
) -> None:
    (record,) = trained(tmp_path, get_model(model), "feynman27/I.12.11")
    found = reloaded(Origin(model), Kept(record, tmp_path, "submitted"))
    assert found.reason == ""
    assert found.away <= 1
    assert (found.parameters, found.adapted) == (record.parameters, record.adapted)
    assert found.learned <= found.parameters + found.adapted
    assert found.held >= found.learned


class Hider(nn.Module):
    """Keeps numbers where no state has them: a plain attribute, drawn when it is built."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__()
        self.line = nn.Linear(8, dim_out)
        self.hidden = [torch.rand(dim_in, 8)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.line(torch.sin(x @ self.hidden[0].to(x.dtype)))


def hiding(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
    return Hider(dim_in, dim_out)


@pytest.fixture
def hider(monkeypatch: pytest.MonkeyPatch) -> Model:
    model = Model("hider", hiding)

    def asked(origin: Origin, function: str, *, seconds: float, purpose: str, **given: Any) -> Any:
        module, _, name = function.partition(":")
        return getattr(import_module(module), name)(model, **given)

    monkeypatch.setattr(reload, "errand", asked)
    return model


def test_a_network_that_hides_numbers_outside_its_state_does_not_reload(
    hider: Model, tmp_path: Path
) -> None:
    (record,) = trained(tmp_path, hider, "feynman27/I.12.11")
    found = reloaded(Origin("hider"), Kept(record, tmp_path, "secret"))
    assert found.reason == ""
    assert found.away > 100


def test_weights_that_are_torn_or_of_another_model_are_a_reason(records: Path) -> None:
    subject = of_zoo("mlp-silu", records)
    kept = Kept(subject.records[0], records, "submitted")
    found = reloaded(Origin("kan"), kept)
    assert "want weights that fit the model" in found.reason
    nowhere = reloaded(Origin("mlp-silu"), kept._replace(home=records / "nowhere"))
    assert "no answers" in nowhere.reason


@pytest.mark.parametrize(
    "counts",
    [
        torch.tensor(3),
        torch.tensor([float("nan"), 0.0]),
        torch.tensor([1, 2, 3]),
    ],
)
def test_answers_that_make_no_sense_are_a_reason(
    counts: torch.Tensor, records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = of_zoo("mlp-silu", records)
    real = reload._asked
    monkeypatch.setattr(reload, "_asked", lambda *what: {**real(*what), "counts": counts})
    found = reloaded(Origin("mlp-silu"), Kept(subject.records[0], records, "submitted"))
    assert found.reason.startswith("no answers: ")


def test_honest_records_are_verified(records: Path, results: tuple[Plan, Results]) -> None:
    found = judged(results[0], of_zoo("mlp-silu", records), results[1])
    assert found.reasons == ()
    assert found.status == "verified"
    assert [one.away for one in found.retuned] == [0.0] * 3
    assert len(found.varied) == len(found.compared) == len(TASKS)
    assert found.excess is not None
    wanted = [(of, task) for of in ("secret", "submitted") for task in TASKS]
    assert sorted((one.of, one.task) for one in found.reloads) == sorted(wanted)
    assert SECRET.decode() not in found.model_dump_json()
    again = Verification.model_validate_json(found.model_dump_json())
    assert again.model_dump_json() == found.model_dump_json()


def with_fates(*cells: tuple[int, int, int, int]) -> list[Compared]:
    """Failed and all of the submitted members, then of those from secret seeds."""
    rest: dict[str, Any] = {"task": "one", "budget": 250, "submitted": 0, "secret": 0}
    return [
        Compared(**rest, status="ok", fates=Fates(failed=a, of=b), again=Fates(failed=c, of=d))
        for a, b, c, d in cells
    ]


def test_members_that_fail_from_secret_seeds_alone_are_flagged() -> None:
    def flagged(*cells: tuple[int, int, int, int]) -> bool:
        return any(True for _ in fails(with_fates(*cells)))

    assert flagged(*[(0, 5, 1, 3)] * 5, *[(0, 5, 0, 3)] * 7)  # p = 0.0062
    assert not flagged(*[(0, 5, 1, 3)] * 4, *[(0, 5, 0, 3)] * 8)
    assert not flagged(*[(2, 5, 1, 3)] * 12)  # as they say
    assert not flagged(*[(5, 5, 0, 3)] * 12)  # fewer
    assert not flagged((0, 5, 1, 1), (0, 5, 1, 1), *[(0, 5, 0, 3)] * 10)  # two processes
    assert not flagged()
    (said,) = fails(with_fates((0, 60, 9, 36)))
    assert "9 of 36 members fail, the Records say 0 of 60" in str(said)
    assert f"p = {comb(36, 9) / comb(96, 9):.2g};" in str(said)


def test_failures_that_decades_do_not_show_are_flagged(
    records: Path, results: tuple[Plan, Results]
) -> None:
    """A model that is as bad as the trivial predictor loses nothing where it fails."""
    plan, found = results
    honest = of_zoo("mlp-silu", records)

    def bad(record: Record, status: str = "ok") -> Record:
        errors = np.full_like(np.array(record.errors), record.trivial)
        members = (status,) * len(record.members)
        return record.updated(errors=errors.tolist(), members=members)

    groups = {n: found.records(n) for n in ("secret", "retuned", "variants", "yardsticks")}
    groups["secret"] = [bad(one, "diverged") for one in groups["secret"]]
    told = Subject("mlp-silu", honest.bundle, tuple(map(bad, honest.records)), records)
    verdict = judge(plan, told, groups, found.apart())
    assert "9 of 9 members fail, the Records say 0 of 6" in reasons(verdict)
    assert "errors end" not in reasons(verdict)
    assert [(one.again.failed, one.fates.of) for one in verdict.compared] == [(3, 2)] * 3


def test_members_of_a_process_of_which_nothing_came_have_one_fate(records: Path) -> None:
    record = of_zoo("mlp-silu", records).records[0]
    assert fates(record) == Fates(failed=0, of=2)
    assert fates(record.updated(members=("ok", "diverged"))) == Fates(failed=1, of=2)
    late = record.updated(status="timeout", members=("timeout",) * 2, errors=())
    assert fates(late) == Fates(failed=1, of=1)


def test_verdicts_from_before_failures_were_compared_can_be_read(
    records: Path, results: tuple[Plan, Results]
) -> None:
    said = json.loads(judged(results[0], of_zoo("mlp-silu", records), results[1]).model_dump_json())
    for one in said["compared"]:
        del one["fates"], one["again"]
    found = Verification.model_validate(said)
    assert {one.again for one in found.compared} == {Fates()}


def test_submitted_code_that_nothing_isolated_is_not_verified(
    records: Path, results: tuple[Plan, Results], tmp_path: Path
) -> None:
    plan, found = results
    file = tmp_path / "model.py"
    file.write_text("", encoding="utf-8")
    honest = of_zoo("mlp-silu", records)
    mine = Subject(honest.name, honest.bundle, honest.records, honest.home, file=file)
    groups = {n: found.records(n) for n in ("secret", "retuned", "variants", "yardsticks")}
    for isolated, status in ((True, "verified"), (False, "flagged")):
        apart = found.apart().model_copy(update={"isolated": isolated})
        verdict = judge(plan, mine, groups, apart)
        assert verdict.status == status
        assert judge(plan, honest, groups, apart).status == "verified"  # is ours
    assert "nothing isolated the submitted code" in reasons(verdict)
    assert [one.check for one in verdict.reasons] == ["isolation"]


def test_a_plan_that_was_run_leaves_nothing_to_train(
    records: Path, results: tuple[Plan, Results]
) -> None:
    left = trainings(results[0], of_zoo("mlp-silu", records), results[1])
    assert [len(one.work.missing) for one in left] == [0, 0, 0, 0]


def test_records_that_were_edited_are_flagged(records: Path, results: tuple[Plan, Results]) -> None:
    plan, found = results
    honest = of_zoo("mlp-silu", records)
    edited = tuple(
        record.updated(errors=(np.array(record.errors) / 100).tolist()) for record in honest.records
    )
    verdict = judged(plan, Subject("mlp-silu", honest.bundle, edited, records), found)
    assert verdict.status == "flagged"
    assert "from secret seeds errors end" in reasons(verdict)
    other = changed(honest, honest.bundle, model_source="0" * 64)
    said = reasons(judged(plan, other, found))
    assert "of another source than there is now" in said
    assert "key is not that of its contents" in said
    for name, value in (("cluster", "all"), ("trivial", 1e3), ("family", "mine")):
        told = changed(honest, honest.bundle, **{name: value})
        assert f"want the {name} of" in reasons(judged(plan, told, found))
    fewer = changed(honest, honest.bundle, parameters=3)
    assert "the Record says 3 parameters" in reasons(judged(plan, fewer, found))
    best = changed(honest, honest.bundle, rate=1.0)
    assert "tuned again" in reasons(judged(plan, best, found))
    small = found.apart().model_copy(
        update={"reloads": tuple(_more(one) for one in found.apart().reloads)}
    )
    groups = {n: found.records(n) for n in ("secret", "retuned", "variants", "yardsticks")}
    said = reasons(judge(plan, honest, groups, small))
    assert "trainable numbers, the Record says" in said
    assert "numbers differ between seeds or from their start" in said


def reasons(verdict: Verification) -> str:
    return " ".join(map(str, verdict.reasons))


def test_forgetting_that_was_edited_away_is_flagged(
    records: Path, results: tuple[Plan, Results]
) -> None:
    plan, found = results
    honest = of_zoo("mlp-silu", records)

    def learns(record: Record) -> Record:
        """In truth every stage is learned and lost; a few evaluations have shown neither."""
        errors = np.array(record.errors)  # (stage, probe, member)
        for stage in range(len(record.stages) - 1):
            errors[stage, stage] = 1e-3
        return record.updated(errors=errors.tolist())

    groups = {n: found.records(n) for n in ("secret", "retuned", "variants", "yardsticks")}
    groups["secret"] = [learns(one) for one in groups["secret"]]
    verdict = judge(plan, honest, groups, found.apart())
    assert "decades more are forgotten on 1 tasks in stages" in reasons(verdict)

    def before(record: Record) -> Record:
        untrained = (np.array(record.untrained) * 100).tolist()
        return record.updated(untrained=untrained) if record.untrained else record

    edited = tuple(map(before, honest.records))
    verdict = judged(plan, Subject("mlp-silu", honest.bundle, edited, records), found)
    assert "decades from those of secret seeds, want at most 0.5" in reasons(verdict)
    for untrained in (lambda one: (np.array(one.untrained) * np.nan).tolist(), lambda one: ()):
        edited = tuple(
            one.updated(untrained=untrained(one)) if one.untrained else one
            for one in honest.records
        )
        verdict = judged(plan, Subject("mlp-silu", honest.bundle, edited, records), found)
        assert "errors of untrained networks are" in reasons(verdict)


def tame(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
    return nn.Sequential(nn.Linear(dim_in, 9), nn.Tanh(), nn.Linear(9, dim_out))


def test_a_model_that_declares_too_few_derivatives_breaks_a_law(
    records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def examined(origin: Origin, function: str, **given: Any) -> Any:
        size = {name: given[name] for name in ("dim_in", "dim_out", "parameters")}
        return json.loads(json.dumps(check(Model("tame", tame, derivatives=count), **size).json()))

    monkeypatch.setattr(lawful, "errand", examined)
    found = of_zoo("mlp-silu", records).records
    count = None
    assert lawful.broken(Origin("tame"), found) == ()
    count = 1
    (said,) = lawful.broken(Origin("tame"), found[:1])
    assert "law 'derivatives'" in said
    monkeypatch.setattr(lawful, "errand", lambda *what, **given: {"laws": []})
    assert "says nothing of" in lawful.broken(Origin("tame"), found[:1])[0]

    def shy(*what: Any, **given: Any) -> Any:
        raise DoesNotFit("not here")

    monkeypatch.setattr(lawful, "errand", shy)
    assert "could not be examined: not here" in lawful.broken(Origin("tame"), found[:1])[0]


def test_more_numbers_than_the_budget_are_flagged_however_they_are_declared(
    records: Path, results: tuple[Plan, Results]
) -> None:
    plan, found = results
    wide = [_wide(one) for one in found.apart().reloads]
    groups = {n: found.records(n) for n in ("secret", "retuned", "variants", "yardsticks")}
    apart = found.apart().model_copy(update={"reloads": tuple(wide)})
    verdict = judge(plan, of_zoo("mlp-silu", records), groups, apart)
    assert "and 20000 adapted numbers are over the budget" in reasons(verdict)


def _wide(one: Any) -> Any:
    """As a model with frozen random features has it."""
    return one.model_copy(update={"adapted": 20_000, "declared_adapted": 20_000})


def _more(one: Any) -> Any:
    return one.model_copy(update={"parameters": 900, "learned": 900, "adapted": 3})


def test_what_only_knows_public_truths_is_flagged(
    records: Path, results: tuple[Plan, Results]
) -> None:
    plan, found = results
    subject = of_zoo("mlp-silu", records)
    groups = {n: found.records(n) for n in ("secret", "retuned", "variants", "yardsticks")}
    known = [
        one.updated(errors=(np.zeros_like(np.array(one.errors)) + 1e-5).tolist())
        for one in groups["secret"]
    ]
    verdict = judge(plan, subject, groups | {"secret": known}, found.apart())
    assert "does it know the public truths" in reasons(verdict)
    assert verdict.excess is not None
    assert verdict.excess > 3


def test_results_of_another_plan_or_bundle_are_refused(
    records: Path, results: tuple[Plan, Results]
) -> None:
    subject = of_zoo("mlp-silu", records)
    other = drawn(subject, SECRET + b"!")
    with pytest.raises(UserError, match="results of this plan"):
        judged(other, subject, results[1])
    moved = Subject("mlp-silu", "0" * 64, subject.records, records)
    with pytest.raises(UserError, match="want the plan of bundle"):
        trainings(other, moved, results[1])
    with pytest.raises(UserError, match="want the plan of bundle"):
        judged(results[0], moved, results[1])
    with pytest.raises(UserError, match="want a readable file"):
        Results(records / "nowhere").apart()
    with pytest.raises(UserError, match="want Records of kan"):
        of_zoo("kan", records)


def test_the_command_draws_and_judges_in_steps(
    records: Path, results: tuple[Plan, Results], tmp_path: Path
) -> None:
    secret, plan = tmp_path / "secret", tmp_path / "plan.json"
    secret.write_bytes(SECRET)
    words = ("verify", "mlp-silu", "--records", str(records))
    drawing = call(*words, "--draw", str(plan), "--secret", str(secret))
    assert drawing.code == 0, drawing.stderr
    assert Plan.model_validate_json(plan.read_text()).secret == results[0].secret
    assert SECRET.decode() not in plan.read_text()
    plan.write_text(results[0].model_dump_json())
    step = ("--judge", str(plan), "--out", str(results[1].folder))
    judging = call(*words, *step, "--json")
    assert judging.code == 0, judging.stderr
    assert json.loads(judging.stdout)["status"] == "verified"
    assert "mlp-silu: verified" in call(*words, *step).stdout


def test_a_secret_never_goes_where_submitted_code_runs(
    records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("verify", "mlp-silu", "--records", str(records))
    assert "want a secret" in call(*words, "--draw", "plan.json").stderr
    monkeypatch.setenv("KANSCI_VERIFY_SECRET", SECRET.decode())
    for more in ((), ("--run", "plan.json", "--out", "out")):
        found = call(*words, *more)
        assert found.code == 2
        assert "a secret is for --draw alone" in found.stderr


def test_every_yardstick_is_there() -> None:
    assert set(YARDSTICKS) <= set(list_models())


def test_the_workflow_has_its_secret_in_the_job_that_runs_nothing_submitted() -> None:
    path = Path(__file__).parent.parent / ".github" / "workflows" / "verify.yml"
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    holding = {name: "secrets." in json.dumps(job) for name, job in jobs.items()}
    assert holding == {"draw": True, "run": False, "judge": False}
    for job in jobs.values():
        assert job["permissions"] == {"contents": "read"}
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")  # a text of the request would be run as code
            if "uses" in step:
                assert len(step["uses"].partition("@")[2]) == 40, step  # a commit
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False
    said = json.dumps(jobs["draw"])
    assert said.count("--draw") == 1
    assert "--run" not in said
    assert "--run" in json.dumps(jobs["run"])
