"""What a page says of what is not there: budgets, scores, figures, curves, and what is cut off."""

import re
from html import unescape
from pathlib import Path

import pytest
import site_records
from site_records import TASKS, write
from torch import nn

from kansci.boards.reference import Reference
from kansci.figures import Typical
from kansci.record import Curve
from kansci.site import build
from kansci.site.answers import curves
from kansci.site.edition import edition
from kansci.site.formula import linked, mathml
from kansci.site.kept import Shown
from kansci.site.results import Result
from kansci.site.subject import subject
from kansci.statistics.standing import Place

STAGED = TASKS[4]
SPACE = "\N{NO-BREAK SPACE}"
ONCE = Curve(stage="stage 0", evaluations=(1,), losses=((0.5, 0.2, 0.1),))


def text(path: Path, section: str = "") -> str:
    """What a page says, or one of its sections, without its elements."""
    page = path.read_text(encoding="utf-8")
    if section:
        page = re.split(rf'<h2 id="{section}">', page)[1].partition("</section>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """One budget, one staged task, far off on one probe; a model that is fitted at once."""
    out = tmp_path_factory.mktemp("slice") / "site"
    off = [[[300.0] * 3, [0.1] * 3, [0.1] * 3]] * 3
    found = [
        site_records.record("kan", STAGED, errors=off),
        site_records.record("mlp-silu", STAGED),
        site_records.record("legendre", STAGED, curves=[ONCE]),
        site_records.record("kan", TASKS[0], rough=True),
        site_records.record("mlp-silu", TASKS[0], rough=True, status="not_applicable", errors=()),
        site_records.record("legendre", TASKS[0], curves=[ONCE]),
    ]
    write(found, out, out.parent)
    return out


def test_a_site_of_one_budget_says_that_it_is_a_slice_and_at_which(built):
    said = text(built / "index.html")
    assert "with the same work and at most 250 trainable numbers" in said
    assert "a slice at one budget: it does not say what more numbers would buy" in said
    assert "budget 250 on 2 tasks: a slice at one budget" in text(built / "index.html", "edition")


def test_a_site_of_several_budgets_names_them_all(tmp_path):
    found = [site_records.record("kan", place) for place in TASKS[1:3]]
    write(found, tmp_path / "site", tmp_path)
    said = text(tmp_path / "site" / "index.html")
    assert "with the same work and at most 250 or 1 000 trainable numbers" in said
    assert "budgets 250 on 1 task, 1 000 on 1 task" in said
    assert "a slice at one budget" not in said
    assert not edition([]).budgets


def test_a_budget_that_some_tasks_lack_is_said_with_how_many_ran():
    small, large = sorted(TASKS[1:3], key=lambda place: place[2])
    other = (small[0], "other", small[2])
    found = edition([site_records.record("kan", place) for place in (large, other, small)])
    assert found.sizes == f"at most 250 trainable numbers; on 1 task also 1{SPACE}000"


def test_a_budget_of_other_tasks_is_not_said_to_be_theirs_also():
    places = [("feynman", name, 250) for name in "ab"] + [("digits", "c", 4000)]
    found = edition([site_records.record("kan", place) for place in places])
    assert found.sizes == f"at most 250 trainable numbers; on 1 task 4{SPACE}000"


@pytest.mark.parametrize("board", ["speed", "efficiency", "recovery"])
def test_a_board_without_a_score_says_why_and_of_every_model(built, board):
    said = text(built / "index.html", board)
    if makes := {"recovery": "kansci recover", "speed": "kansci speed"}.get(board):
        assert f"There are no Records for this board here: {makes} makes them." in said
        return
    assert re.search(r"Nobody has a score here: .* \(\d of 3 rows\)\.", said)
    assert "All 3 models, and why" in said
    assert all(f"{name} " in said for name in ("kan", "mlp-silu", "legendre"))
    page = (built / "index.html").read_text()
    assert "<table" not in page.split(f'<h2 id="{board}">')[1].partition("</section>")[0]


def test_a_table_in_which_every_row_has_but_a_remark_says_why(built, tmp_path):
    elsewhere = Reference.from_records([site_records.record("mlp-silu", TASKS[1])])
    found = [site_records.record(name, TASKS[0]) for name in ("kan", "mlp-silu")]
    build([], found, tmp_path / "site", reference=elsewhere)
    said = text(tmp_path / "site" / "statistics.html", "profiles")
    assert "No row has a number: 1 of 1 cells have no frozen reference (2 of 2 rows)." in said
    assert "All 2 rows, and why kan : 1 of 1" in said


def test_a_figure_that_cannot_be_drawn_is_named_with_the_reason(built):
    said = text(built / "index.html", "efficiency")
    assert "No figure says what more parameters buy: want" in said


def test_an_error_above_the_trivial_one_beside_decades_is_marked_and_explained(built):
    said = text(built / "tasks" / "bumps_1d-1.html", "ranking")
    assert "There are 3 probes: decades are the mean over probes" in said
    assert re.search(r"kan 0\.67 .* worse than trivial 1\.0e\+02", said)
    assert said.count("worse than trivial") == 1
    assert "probes: decades" not in text(built / "tasks" / "poisson-1.html")
    assert "A probe is a set of test points" in text(built / "methods.html")


def test_an_error_that_is_the_trivial_one_up_to_rounding_is_not_worse():
    place = Place(*STAGED)
    record = site_records.record("kan", STAGED)
    errors = (record.trivial * factor for factor in (1.000001, 1.01, 0.5))
    found = [Result("kan", place, "ok", record=record, error=error).worse for error in errors]
    assert found == [False, True, False]


def test_what_is_fitted_at_once_has_no_learning_curves_and_says_so(built):
    fitted, trained = (text(built / "models" / f"{name}.html") for name in ("legendre", "kan"))
    assert "Learning curves" in trained
    assert "Learning curves" not in fitted
    assert "not trained step by step: there are no learning curves" in fitted


def test_only_what_applies_can_be_rough(built):
    rows = (built / "tasks" / "poisson-1.html").read_text().split("<tr")[2:]
    rough = {re.search(r"models/([\w-]+)\.html", row)[1] for row in rows if ">rough<" in row}
    assert rough == {"kan"}


def test_answers_that_leave_the_frame_are_said_to_be_cut():
    record = site_records.record("kan", STAGED)
    result = Result("kan", Place(*STAGED), "ok", record=record)
    found = []
    for factor in (0.1, 50.0):
        network = nn.Linear(1, 1)
        nn.init.constant_(network.weight, factor)
        nn.init.constant_(network.bias, 0.5)
        shown = Shown(result, record, Typical(network, seed=0, member=0, error=0.1))
        found.append(curves(subject("bumps_1d@1"), [shown]).cut)
    assert found == [(), ("kan",)]


def test_sources_lead_to_papers_and_all_else_is_text():
    found = linked("<b> arXiv:2404.19756, section 3; doi:10.1016/j.jcp.2018.10.045.")
    assert re.findall(r'href="([^"]*)"', found) == [
        "https://arxiv.org/abs/2404.19756",
        "https://doi.org/10.1016/j.jcp.2018.10.045",
    ]
    assert found.startswith("&lt;b&gt;")
    assert linked('arXiv:1"onclick=') == "arXiv:1&#34;onclick="


def test_a_name_of_several_letters_is_one_sign():
    (equation,) = subject("inverse_diffusion@1").equations
    assert "<mi>&#x003BB;</mi><mi>u</mi>" in equation
    assert "<mi>l</mi><mi>a</mi>" not in equation


def test_an_exponent_is_of_both_brackets():
    found = mathml(r"\big(\tfrac{d}{2}\big)^d")
    assert found.count('stretchy="true"') == 2
    assert "<msup><mrow><mo" in found
    assert "<code>" not in mathml(r"\big(a")
