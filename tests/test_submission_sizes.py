"""Sizes of networks: as strangers say them, of builders that crash, and of what nobody counts."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from submissions import here, written
from torch import nn

from kansci.discover import Origin
from kansci.draws import Draws
from kansci.errors import DoesNotFit, UserError
from kansci.ledger import load_records
from kansci.models import get_model, list_models, trainable
from kansci.record import Record
from kansci.runner import unfinished
from kansci.sandbox import Foreign
from kansci.submission.facts import Size, counted, counts, laden
from kansci.submission.grid import complete
from kansci.suite import cells, get_suite

strangers = import_module("kansci.sandbox.foreign")  # of whose name its package has a function
SIZES = [Size(1, 1, 250, 1), Size(2, 1, 250, 1)]
UNITS = 150  # numbers of a task's units, at most: of 64 inputs and 10 outputs


def nowhere(dim_in: int, dim_out: int, parameters: int) -> nn.Module:
    raise AssertionError("it is built in its sandbox")


def stranger() -> Foreign:
    return Foreign("mykan", build=nowhere, origin=Origin("mykan", "my.py"))


@pytest.mark.parametrize(
    "said",
    [7, None, [None], [None] * 3, ["x", 1], [True, 1], [1.5, 1], [-1, 1], {}, [[1], 1], "ab",
     [10**30, 1]],
)  # fmt: skip
def test_an_answer_that_is_no_count_is_one_line(said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "errand", lambda *what, **given: said)
    with pytest.raises(UserError, match=r"my\.py: want the numbers of 2 networks") as error:
        counts(stranger(), SIZES)
    assert "\n" not in str(error.value)


def test_an_answer_of_counts_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "errand", lambda *what, **given: [None, 240])
    assert counts(stranger(), SIZES) == dict(zip(SIZES, [None, 240], strict=True))


def test_where_nothing_has_to_fit_nothing_is_unfit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unfit(*what: object, **given: object) -> object:
        raise DoesNotFit("too\nlarge")

    monkeypatch.setattr(strangers, "errand", unfit)
    file = tmp_path / "unfit.py"
    file.write_text("", encoding="utf-8")
    asked = (
        lambda: strangers.describe(file),
        lambda: stranger().source_hash(1, 1, 250),
        lambda: counts(stranger(), SIZES),
    )
    for ask in asked:
        with pytest.raises(UserError, match="want an answer, got that something") as error:
            ask()
        assert "\n" not in str(error.value)


LARGE = """
def build(dim_in, dim_out, parameters):
    if dim_in == 2:
        {crash}
    return sound(dim_in, dim_out, parameters)

sound, model = model.build, Model(model.name, build)
"""
CRASHES = {
    "it raises": "raise ValueError('of two inputs I know nothing')",
    "it ends": "raise SystemExit",
    "it is over the budget": "return nn.Linear(dim_in, 1000)",
}


def cut(folder: Path, crash: str) -> tuple[Path, list[Record]]:
    """A file whose builder crashes for two inputs, and the Records that the engine makes of it."""
    file = written(folder)
    sound = {one.name: one for one in load_records(folder / "made") if isinstance(one, Record)}
    text = file.read_text(encoding="utf-8") + LARGE.format(crash=CRASHES[crash])
    file.write_text(f"from torch import nn\n{text}", encoding="utf-8")
    records = []
    for cell in cells(get_suite("demo"), models=[here(file)]):
        blank = unfinished(cell.task, cell.model, cell.budget, cell.recipe, suite=cell.suite)
        own = sound[cell.task.name]
        clean = blank.updated(environment=own.environment)
        whole = own.updated(key=blank.key, model_source=blank.model_source)
        records.append(clean if cell.task.dim_in == 2 else whole)
    assert {one.status for one in records} == {"crashed", "ok"}
    return file, records


@pytest.mark.parametrize("crash", CRASHES)
def test_cells_whose_network_cannot_be_built_are_submitted_as_failures(
    crash: str, tmp_path: Path
) -> None:
    file, records = cut(tmp_path, crash)
    found = complete(here(file), get_suite("demo"), records, "again")
    assert len(found) == len(records)


@pytest.mark.parametrize("crash", CRASHES)
@pytest.mark.parametrize("told", [None, 200])
def test_a_cell_whose_network_cannot_be_built_has_no_errors(
    crash: str, told: int | None, tmp_path: Path
) -> None:
    file, records = cut(tmp_path, crash)
    good = next(one for one in records if one.status == "ok")
    lies = [
        one.updated(
            status="ok",
            members=("ok",) * len(one.members),
            errors=[[[0.5] * len(one.members)] * len(one.probes)] * len(one.stages),
            parameters=told,
            rate=good.rate,
            tuning=good.tuning,
        )
        if one.status == "crashed"
        else one
        for one in records
    ]
    with pytest.raises(UserError, match=r"want (a failure|.* parameters|numbers within)"):
        complete(here(file), get_suite("demo"), lies, "again")


def test_a_record_with_errors_says_how_many_numbers_there_are(tmp_path: Path) -> None:
    file = written(tmp_path)
    silent = [one.updated(parameters=None) for one in load_records(tmp_path / "made")]  # type: ignore[union-attr]
    with pytest.raises(UserError, match="parameters, as its network has, got None"):
        complete(here(file), get_suite("demo"), silent, "again")


@pytest.mark.parametrize("name", [one for one in list_models() if not get_model(one).fitted])
def test_no_trained_network_of_the_zoo_holds_too_much(name: str) -> None:
    model = get_model(name)
    for size in ((1, 1, 60), (2, 1, 250), (64, 10, 1000)):
        if not counted(model, [[*size, 1]])[0]:
            continue
        with Draws("trial"):
            network = model.build(*size)
        held = sum(one.numel() for one in (*network.parameters(), *network.buffers()))
        assert laden(held + UNITS, trainable(network)) == ""


def test_features_that_are_alike_for_all_seeds_are_remarked_upon() -> None:
    assert laden(800, 250) == ""
    assert "holds 1250 numbers and counts 250 of them" in laden(1250, 250)
