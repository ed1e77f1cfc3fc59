"""One model beside another, and beside published numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from calling import call
from scipy import stats

from kansci.discover import home
from kansci.errors import UnknownName, UserError
from kansci.ledger import load_records, save
from kansci.papers import Result, beside, get_paper, list_papers
from kansci.record import Record
from kansci.statistics.differences import compared
from kansci.statistics.standing import final

LEDGER = home("leaderboards") / "records"
PUBLISHED = home("leaderboards") / "published"
RECORDS = [
    record
    for record in load_records(LEDGER)
    if isinstance(record, Record) and record.model in ("kan", "mlp-silu", "fastkan")
]


def run(*words: str):
    return call("compare", *words, "--records", LEDGER)


def test_what_one_gains_the_other_loses():
    there, back = compared(RECORDS, "kan", "mlp-silu"), compared(RECORDS, "mlp-silu", "kan")
    assert there
    assert back
    assert there.mean == pytest.approx(-back.mean)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.count("win") == back.count("loss")
    assert there.improvement[0] == pytest.approx(1 - back.improvement[0])


def test_a_model_beside_itself_ties_everywhere():
    result = compared(RECORDS, "kan", "kan")
    assert result is None  # one model is no pair


def test_members_are_paired_by_their_seeds():
    """Reversed seeds with their errors are the same Record, and give the same differences."""

    def turned(record: Record) -> Record:
        seeds = record.recipe.evaluation_seeds[::-1]
        errors = [[probe[::-1] for probe in stage] for stage in record.errors]
        recipe = record.recipe.model_copy(update={"evaluation_seeds": seeds})
        return record.updated(recipe=recipe, errors=errors, members=record.members[::-1])

    mixed = [turned(one) if one.model == "kan" else one for one in RECORDS]
    before, after = (compared(records, "kan", "mlp-silu") for records in (RECORDS, mixed))
    assert before
    assert after
    for one, other in zip(before.cells, after.cells, strict=True):
        assert one.pairs == 3
        assert one.mean == pytest.approx(other.mean)
    one = before.cells[0]
    ours, theirs = (
        final(next(r for r in RECORDS if (r.model, r.task) == (model, one.place.task)))
        for model in ("kan", "mlp-silu")
    )
    assert one.mean == pytest.approx(np.mean(ours - theirs))
    wanted = stats.ttest_1samp(ours - theirs, 0).confidence_interval()
    assert (one.low, one.high) == pytest.approx(tuple(wanted))


def test_a_seed_alone_tells_nothing_apart_and_strangers_are_welchs():
    def seeded(record: Record, *seeds: int) -> Record:
        errors = [[probe[: len(seeds)] for probe in stage] for stage in record.errors]
        recipe = record.recipe.model_copy(update={"evaluation_seeds": seeds})
        return record.updated(recipe=recipe, errors=errors, members=record.members[: len(seeds)])

    alone = compared([seeded(one, 0) for one in RECORDS], "kan", "mlp-silu")
    assert alone
    assert {(one.low, one.high, one.verdict) for one in alone.cells} == {(None, None, "tie")}
    other = [seeded(one, 7, 8, 9) if one.model == "kan" else one for one in RECORDS]
    found = compared(other, "kan", "mlp-silu")
    assert found
    for cell in found.cells:
        ours, theirs = (
            final(next(r for r in other if (r.model, r.task) == (model, cell.place.task)))
            for model in ("kan", "mlp-silu")
        )
        exact = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval()
        assert cell.pairs == 0
        assert cell.low is not None
        assert cell.high is not None
        assert cell.low <= exact.low + 1e-9  # as degrees of freedom are rounded down
        assert cell.high >= exact.high - 1e-9


def test_cells_that_only_one_has_are_counted_and_not_compared():
    fewer = [r for r in RECORDS if not (r.model == "kan" and r.name == "poisson")]
    whole, part = (compared(records, "kan", "mlp-silu") for records in (RECORDS, fewer))
    assert whole
    assert part
    assert (whole.alone, part.alone) == (0, 1)
    assert len(part.cells) == len(whole.cells) - 1


def test_the_command_says_wins_ties_and_losses():
    result = run("kan", "mlp-silu")
    assert result.code == 0, result.stderr
    assert "kan wins" in result.stdout
    assert "probability of improvement" in result.stdout
    found = json.loads(run("kan", "mlp-silu", "--json").stdout)
    assert {cell["verdict"] for cell in found["cells"]} <= {"win", "tie", "loss"}
    assert found["unit"] == "decades"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["kan"], "want a second model or --paper"),
        (["kan", "mlp-silu", "--paper", "pykan"], "not both"),
        (["kan", "fastkann"], "did you mean 'fastkan'"),
        (["kan", "--paper", "kan-feinman"], "did you mean 'kan-feynman'"),
        (["kan", "--paper", "kan-special"], "kansci run --model kan --task"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_line(words: list[str], said: str):
    result = run(*words)
    assert result.code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_published_numbers_are_read_and_belong_to_tasks():
    from kansci.discover import list_tasks

    known = set(list_tasks())
    for name in list_papers(PUBLISHED):
        paper = get_paper(name, PUBLISHED)
        assert paper.results
        assert {result.task for result in paper.results} <= known
    assert {path.stem for path in PUBLISHED.glob("*.csv")} == set(list_papers(PUBLISHED))


def test_no_paper_says_that_our_medians_are_means():
    """The column beside a paper's numbers is the median over seeds with its range."""
    assert not any(
        "ours are means" in get_paper(x, PUBLISHED).differs for x in list_papers(PUBLISHED)
    )


def test_table_2_of_the_kan_paper_has_its_geometric_means():
    """1.46e-3, 4.9e-4, 7.6e-4 and 5.8e-4, as the table's columns give them."""
    paper = get_paper("kan-feynman", PUBLISHED)
    networks = {}
    for result in paper.results:
        networks.setdefault(result.network, []).append(result.value)
    means = {name: float(np.exp(np.mean(np.log(values)))) for name, values in networks.items()}
    assert all(len(values) == 27 for values in networks.values())
    assert means["KAN, human-constructed"] == pytest.approx(1.46e-3, rel=1e-2)
    assert means["KAN, pruned"] == pytest.approx(4.9e-4, rel=2e-2)
    assert means["KAN, unpruned"] == pytest.approx(7.6e-4, rel=2e-2)
    assert means["MLP"] == pytest.approx(5.8e-4, rel=2e-2)


def test_a_square_and_its_root_are_one_error():
    common = {"task": "t", "network": "n"}
    root, square = (
        Result(**common, metric=metric, value=value)
        for metric, value in (("rmse", 0.2), ("mse", 0.04))
    )
    assert root.converted(2.0) == pytest.approx(0.1)
    assert square.converted(2.0) == pytest.approx(0.1)
    assert Result(**common, metric="nrmse", value=0.2).converted(2.0) == 0.2
    assert Result(**common, metric="mse", value=0.04, scale=0.5).converted(2.0) == pytest.approx(
        0.4
    )


def test_what_rests_on_our_scale_is_marked_and_never_called_a_comparison():
    paper = get_paper("kan-feynman", PUBLISHED)
    rows = beside(paper, RECORDS)
    assert rows
    assert all(row.estimated for row in rows)
    shown = run("kan", "--paper", "kan-feynman").stdout
    assert "not a comparison" in shown
    assert "Where settings differ" in shown
    assert "wins" not in shown


def test_another_metric_than_ours_is_refused():
    record = next(one for one in RECORDS if one.name == "poisson")
    paper = get_paper("pykan", PUBLISHED).model_copy(
        update={"results": (Result(task="poisson", network="n", metric="nrmse", value=1.0),)}
    )
    with pytest.raises(UserError, match="want relative_l2"):
        beside(paper, [record])


def test_a_paper_that_nobody_wrote_down_is_unknown(tmp_path: Path):
    with pytest.raises(UnknownName):
        get_paper("nobody", PUBLISHED)
    with pytest.raises(UserError, match="table of papers"):
        list_papers(tmp_path)


def test_records_of_a_folder_are_compared(tmp_path: Path):
    for record in RECORDS:
        save(record, tmp_path)
    words = ["compare", "kan", "fastkan", "--records", str(tmp_path), "--json"]
    assert json.loads(call(*words).stdout)["against"] == "fastkan"
