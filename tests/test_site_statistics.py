"""What stands beside boards: tests, robustness, profiles, both arms of a model, measured claims."""

import re
from html import unescape
from pathlib import Path

import pytest
import site_records
from site_records import CLAIM, TASKS, write

from kansci.boards.profiles import leads, profile
from kansci.boards.reference import Reference
from kansci.discover import home
from kansci.recipe import Optimizer, Recipe
from kansci.site import build
from kansci.site.arms import other_arm
from kansci.site.shared import Shared
from kansci.statistics.differences import compared
from kansci.statistics.significance import compare, load_comparisons
from kansci.statistics.standing import standings

PLACES = (TASKS[0], TASKS[1], TASKS[2], TASKS[4])
LEVELS = {"kan": 2.0, "mlp-silu": 1.6, "kan-published": 1.9, "fastkan": 1.2}


@pytest.fixture(scope="module")
def records():
    return [
        site_records.record(model, place, level)
        for model, level in LEVELS.items()
        for place in PLACES
    ]


@pytest.fixture(scope="module")
def built(records, tmp_path_factory):
    out = tmp_path_factory.mktemp("statistics") / "site"
    write(records, out, out.parent)
    return out


def text(path: Path, section: str = "") -> str:
    """What a page says, or one of its sections, without its elements."""
    page = path.read_text(encoding="utf-8")
    if section:
        page = re.split(rf'<h2 id="{section}">', page)[1].partition("</section>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_comparisons_named_beforehand_have_their_p_and_chance_with_its_interval(built, records):
    said = text(built / "statistics.html", "significance")
    assert "Friedman's test that all 4 contenders are alike" in said
    named = load_comparisons(home("leaderboards") / "comparisons.toml")
    tested = [one for one in compare(named, standings(records)) if one.p is not None]
    assert len(tested) == 4
    for one in tested:
        pair = f"{one.comparison.model} {one.comparison.against} {one.comparison.reason}"
        chance = f"{one.improvement:.2f} [{one.low:z.2f}, {one.high:z.2f}]"
        numbers = f"{one.tasks} {one.difference:.2f} {one.p:.3f} {one.holm:.3f} {chance}"
        assert f"{pair} {numbers}" in said
    assert re.search(r"hrkan mlp-silu the same, [^-]* - - - - -", said)
    assert "no Record of hrkan" in said


def test_robustness_says_where_there_are_no_records(built):
    said = text(built / "statistics.html", "robustness")
    assert re.search(r"cap at 4 decades 4 4 1.00 cap at 8 decades 4 4 1.00 ", said)
    assert "the other dtype - - - no Records of it" in said
    assert "4 times the work - - - no Records of it" in said


def test_records_by_another_recipe_are_taken_from_the_others(records, tmp_path):
    more = (Optimizer(evaluations=4 * records[0].recipe.evaluations),)
    recipe = Recipe.model_validate({**dict(records[0].recipe), "optimizers": more})
    others = [one.updated(recipe=recipe, key=f"{one.key}/4") for one in records]
    build([], records, tmp_path / "site", others=others)
    said = text(tmp_path / "site" / "statistics.html", "robustness")
    assert "4 times the work 4 4 1.00" in said


def test_profiles_have_areas_with_intervals(records, tmp_path):
    own = Reference.from_records(records)
    build([], records, tmp_path / "site", reference=own)
    said = text(tmp_path / "site" / "statistics.html", "profiles")
    for one in standings(records):
        found = profile(leads(one, own))
        low, high = found.areas
        assert f"{one.model} {found.area:.2f} [{low:.2f}, {high:.2f}]" in said
    page = (tmp_path / "site" / "statistics.html").read_text()
    assert len(re.findall(r'data-tip="[^"]*: area', page)) == len(LEVELS)


def test_the_home_page_leads_to_statistics_and_its_scores_to_what_they_are_made_of(built):
    home_page = (built / "index.html").read_text()
    assert 'href="statistics.html"' in home_page
    assert 'href="models/kan.html#records"' in home_page
    assert "models/kan.html#timings" not in home_page, "there is no score of speed"


def test_every_rule_of_the_statistics_has_its_place_on_the_page_of_methods(built):
    page = (built / "methods.html").read_text()
    for name in ("efficiency", "recovery", "profiles", "significance", "robustness", "ties"):
        assert f'id="{name}"' in page
    assert "<code>\\" not in page, "a formula was not read"
    assert "All models share the draws" not in page
    assert "models with the same cells share them" in page


def test_both_arms_lead_to_each_other_with_their_paired_difference(built, records):
    found = compared(records, "kan", "kan-published")
    said = text(built / "models" / "kan.html", "arm")
    less = f"{found.mean:+z.2f} decades [{found.low:z.2f}, {found.high:z.2f}]"
    assert f"kan minus kan-published: {less}" in said
    assert f"over the {len(PLACES)} cells that both have" in said
    for one, other in (("kan", "kan-published"), ("kan-published", "kan")):
        page = (built / "models" / f"{one}.html").read_text()
        assert f'href="../models/{other}.html"' in page
        assert f'href="../compare.html#{one}/{other}"' in page
    assert "There are no Records of it here." in text(built / "models" / "fastkan.html", "arm")
    assert 'id="arm"' not in (built / "models" / "mlp-silu.html").read_text()


def test_arms_are_pairs_of_one_name_and_the_same_options(records):
    shared = Shared([], records, None)
    assert other_arm(shared, "kan-published").name == "kan"
    assert other_arm(shared, "kan[grid=3]").name == "kan-published[grid=3]"
    assert other_arm(shared, "kan[grid=3]").less == ""
    assert other_arm(shared, "mine-published") is None
    assert other_arm(shared, "efficientkan-published") is None, "there is no form of that name"


def test_a_claim_leads_to_the_file_of_its_measurement_with_its_load_and_commit(built, records):
    out = built.parent / "claimed"
    measured = CLAIM._replace(made="2026-11-22, a desk")
    build([], records, out, claims=[measured, measured._replace(id="C0", title="Unmeasured")])
    committed = home("leaderboards") / "claims" / "results" / "C1.json"
    assert (out / "claims" / "C1.json").read_bytes() == committed.read_bytes()
    assert [path.name for path in (out / "claims").iterdir()] == ["C1.json"]
    said = text(out / "claims.html")
    assert re.search(r"2026-11-22, a desk, load \S+ on \d+ cores.* commit \w+.* CPU seconds", said)
    assert 'href="claims/C1.json"' in (out / "claims.html").read_text()
