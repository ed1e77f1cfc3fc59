"""Pages are a pure function of Records: safe, whole, and linked."""

import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import site_records
from hypothesis import given
from hypothesis import strategies as st
from site_records import CLAIM, EVIL, TASKS, site, write

from kansci.api import list_boards
from kansci.cli import main
from kansci.errors import UserError
from kansci.ledger import load_records, save
from kansci.models import list_models
from kansci.recipe import Recipe
from kansci.record import Record
from kansci.site import build
from kansci.site.bars import Interval, bars
from kansci.site.formula import mathml, prose
from kansci.site.lines import Series, chart
from kansci.site.pages import replacing
from kansci.site.paths import unique
from kansci.site.portrait import portrait
from kansci.site.scale import scale_of
from kansci.site.subject import subject
from kansci.statistics.standing import final

SOURCE = re.compile(r"https://(arxiv\.org/abs|doi\.org)/[\w./()-]+$")  # a reader may click it


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, and text."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, name):
        return [found[name] for _, found in self.elements if found.get(name)]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("built") / "site"
    return out, site(out)


@pytest.fixture(scope="module")
def pages(built):
    return {path.relative_to(built[0]): Page(path) for path in sorted(built[0].rglob("*.html"))}


def named(pages, start):
    """The page whose name begins so."""
    return next(page for path, page in pages.items() if str(path).startswith(start))


def test_the_same_records_give_the_same_bytes(built, tmp_path):
    write(built[1], tmp_path / "again", built[0].parent / "kept")

    def content(folder):
        files = (path for path in folder.rglob("*") if path.is_file())
        return {p.relative_to(folder): sha256(p.read_bytes()).hexdigest() for p in files}

    assert content(tmp_path / "again") == content(built[0])


def test_there_is_a_page_for_every_model_and_every_task(pages):
    folders = [path.parent.name for path in pages]
    assert (folders.count("models"), folders.count("tasks"), folders.count("")) == (5, 4, 5)


def test_every_link_leads_to_something_in_the_site(built, pages):
    ids = {path: set(page.all("id")) for path, page in pages.items()}
    for path, page in pages.items():
        for link in [*page.all("href"), *page.all("src")]:
            if link == "data:,":
                continue
            if SOURCE.match(link):
                continue
            assert "//" not in link, f"{path} leads out of the site: {link}"
            target, _, anchor = link.partition("#")
            place = path.parent / unquote(target) if target else path
            found = (built[0] / place).resolve()
            assert found.is_file(), f"{path}: {link} leads nowhere"
            here = found.relative_to(built[0].resolve())
            if anchor and here.name != "compare.html":
                assert anchor in ids[here], f"{path}: {link} names no place"


def test_style_and_scripts_ask_the_network_for_nothing(built):
    for path in (*built[0].glob("*.js"), *built[0].glob("*.css")):
        addresses = set(re.findall(r"\w+://[^\s\"']+|url\([^)]*\)", path.read_text()))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path


def test_what_a_submission_says_is_text(pages):
    own = {"site.js", "compare.js"}
    for path, page in pages.items():
        for tag, found in page.elements:
            assert not any(name.startswith("on") for name in found), f"{path}: {found}"
            if tag == "script" and found.get("type") != "application/json":
                assert found["src"].rpartition("/")[2] in own
    home, model = named(pages, "index"), named(pages, "models/script")
    assert home.text.count(EVIL.partition("/")[0]) >= len(list_boards()) - 1
    assert f"crashed{EVIL}" in re.sub(r"\s", "", model.text)
    assert EVIL in named(pages, "claims").text


def test_the_data_of_the_comparison_are_the_decades_of_the_records(built, pages):
    page = (built[0] / "compare.html").read_text(encoding="utf-8")
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    data = json.loads(block[1])
    places = [tuple(place) for place in data["places"]]
    cells = {model["name"]: model["cells"] for model in data["models"]}
    used = [r for r in built[1] if isinstance(r, Record) and r.key != "old"]
    for record in used:
        found = cells[record.model][places.index((record.family, record.task, record.budget))]
        if record.status == "not_applicable":
            assert found is None
        else:
            np.testing.assert_allclose(found, final(record), atol=5e-4)


def test_every_record_can_be_downloaded(built):
    there = load_records(built[0] / "records")
    texts = [sorted(record.model_dump_json() for record in some) for some in (there, built[1])]
    assert texts[0] == texts[1]


def test_networks_can_be_downloaded_beside_their_record(built, pages):
    kept = [one for one in built[1] if isinstance(one, Record) and one.weights]
    there = {sha256(path.read_bytes()).hexdigest() for path in built[0].rglob("*.safetensors")}
    assert there == {one.weights for one in kept}
    page = named(pages, "tasks/poisson")
    links = [link for link in page.all("href") if link.endswith(".safetensors")]
    assert len(links) == 2
    assert re.search(r"weights\s+\d+ kB", page.text)


def test_functions_that_were_learned_are_drawn_where_there_are_edges(pages):
    titles = {name: named(pages, f"models/{name}").text for name in ("kan-", "mlp-silu", "KAN-")}
    drawn = [name for name, text in titles.items() if "Functions that it learned" in text]
    assert drawn == ["kan-"]
    tips = [tip for tip in named(pages, "models/kan-").all("data-tip") if "importance" in tip]
    assert tips[0].startswith("x to node ")
    assert tips[-1].endswith(tuple("0123456789"))
    assert " to u: " in tips[-1]


def test_where_networks_err_is_mapped_and_what_they_answer_drawn(built, pages):
    poisson, bumps = named(pages, "tasks/poisson"), named(pages, "tasks/bumps_1d")
    images = [link for link in poisson.all("href") if link.endswith(".png")]
    assert images == [f"../pictures/poisson-1{end}.png" for end in ("", "-1", "-2")]
    assert {"answers"} <= set(poisson.all("id")) & set(bumps.all("id"))
    answers = bumps.text.partition("What networks answer")[2].partition("Who is accurate")[0]
    assert "kan" in answers
    assert "linear-rbf" not in answers, "its error is not what was recorded"


def test_pages_without_networks_say_nothing_of_them(pages):
    page = named(pages, "tasks/feynman27-I.12.11")
    assert "answers" not in page.all("id")
    assert "weights" not in page.text


def test_boards_have_figures_with_texts(built, pages):
    home = named(pages, "index")
    figures = [(found["src"], found["alt"]) for tag, found in home.elements if tag == "img"]
    stems = {Path(src).stem for src, _ in figures}
    assert stems == {"accuracy-tasks", "critical", "efficiency-parameters", "forgetting-plane"}
    assert all(len(text) > 40 for _, text in figures)
    assert all((built[0] / src).read_bytes().startswith(b"<?xml") for src, _ in figures)


def test_missing_failed_not_applicable_and_old_records_are_shown_as_such(pages):
    assert "missing" in named(pages, "models/mlp-silu").text
    assert "not applicable" in named(pages, "models/linear-rbf").text
    assert "1 of 3 failed" in named(pages, "tasks/feynman27-I.12.11").text
    poisson = named(pages, "tasks/poisson").text
    assert all(word in poisson for word in ("crashed", "not applicable", "stale"))
    home = named(pages, "index").text
    assert all(word in home for word in ("1 missing", "1 not applicable", "1 stale", "control"))


def test_every_board_is_on_the_first_page_and_on_those_of_its_models(pages):
    home, model = named(pages, "index"), named(pages, "models/kan")
    assert set(list_boards()) <= set(home.all("id"))
    assert all(f"../index.html#{name}" in model.all("href") for name in list_boards())


def test_models_by_a_method_lead_to_the_page_of_the_model(tmp_path):
    naive = site_records.record("kan", TASKS[4], 2.0)
    recipe = Recipe.model_validate({**dict(naive.recipe), "method": "ewc"})
    write([naive, naive.updated(recipe=recipe, key="ewc")], tmp_path / "site", tmp_path)
    page = Page(tmp_path / "site" / "index.html")
    assert "kan + ewc" in page.text
    assert (tmp_path / "site" / "models" / "kan.html").exists()


def test_claims_have_a_page_only_if_there_are_any(built, pages, tmp_path):
    assert CLAIM.sentence in named(pages, "claims").text
    build([], built[1], tmp_path / "none")
    assert not (tmp_path / "none" / "claims.html").exists()
    assert "claims.html" not in (tmp_path / "none" / "index.html").read_text()


def test_a_verdict_about_a_gpu_says_that_a_cpu_measured_it(built, tmp_path):
    build([], built[1], tmp_path, claims=[CLAIM._replace(word="holds", where="on a CPU")])
    chip = '<span class="chip good">holds (on a CPU)</span>'
    assert (tmp_path / "claims.html").read_text().count(chip) == 2


@given(st.lists(st.text(), unique=True))
def test_file_names_are_safe_and_differ_on_every_system(names):
    found = unique(names)
    assert list(found) == names
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", slug) for slug in found.values())
    assert all(len(slug) < 100 for slug in found.values())
    assert len({slug.casefold() for slug in found.values()}) == len(names)


@given(
    st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1),
    st.booleans(),
)
def test_scales_hold_their_values_in_order_and_mark_round_numbers_within(values, log):
    scale = scale_of(values, log=log)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    marks = [tick.at for tick in scale.ticks()]
    assert marks == sorted(marks)
    assert all(0 <= mark <= 1 for mark in marks)


def test_lines_end_where_values_leave_the_limits():
    line = Series("a", range(7), (0, 1, 9, 9, 9, 1, 0))
    drawn = chart("", [line], labels=("", ""), limits=(0, 2)).lines[0].path
    assert drawn.count("M") == 2
    assert drawn.count("L") == 4, "to the frame and back from it, and nothing along it"


def test_a_ratio_of_one_lies_in_the_middle_between_a_half_and_two():
    axis = bars([Interval(1.0, (0.5, 2.0))], log=True)
    assert axis.bar(Interval(1.0), "").value == axis.origin == 50
    assert [tick.label for tick in axis.ticks] == ["0.5", "1", "2"]


def test_lines_lift_the_pen_over_what_cannot_be_drawn():
    line = Series("a", (1, 2, 3, 4), (1, 0, 1, np.nan))
    drawn = chart("", [line], labels=("", ""), log=(False, True))
    assert re.fullmatch(r"M[\d.]+ [\d.]+M[\d.]+ [\d.]+", drawn.lines[0].path)


@pytest.mark.parametrize(
    "latex", [r"\text{<script>x</script>}", r"\text{<![CDATA[><b>x]]>}", r"\frac{", r"\href{x}{y}"]
)
def test_what_is_no_plain_formula_is_shown_as_it_was_written(latex):
    found = mathml(latex)
    assert found.startswith("<code>")
    assert found.count("<") == 2


def test_prose_sets_formulas_and_code_and_escapes_the_rest():
    assert prose("`a<b` <i>") == "<code>a&lt;b</code> &lt;i&gt;"
    assert "<mfrac>" in prose(r"so $\frac{1}{2}$ it is")
    assert "<code>" not in prose("$$x < y$$")


@pytest.mark.parametrize("name", [name for name in list_models() if "published" not in name])
def test_what_every_form_is_made_of_can_be_told(name):
    found = portrait(name)
    assert found.parts
    assert all("<code>\\" not in about for _, about in found.parts), "a formula was not read"


@pytest.mark.parametrize("key", ["poisson@1", "kovasznay@1", "feynman/I.12.1@1", "kdv@1"])
def test_equations_and_truths_are_set_as_formulas(key):
    found = subject(key)
    assert found.equations or found.truth
    told = [*found.equations, *found.truth, *(formula for formula, _ in found.conditions)]
    assert all(one.startswith("<math") for one in told)


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UserError, match="want an empty folder"), replacing(tmp_path):
        pytest.fail("it was opened")
    assert (tmp_path / "mine.txt").is_file()


def test_a_build_that_fails_leaves_the_old_site(tmp_path):
    with replacing(tmp_path / "site") as folder:
        (folder / "old").touch()

    def fail():
        with replacing(tmp_path / "site") as folder:
            (folder / "new").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "site" / "old").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_the_command_writes_a_site_from_a_folder_of_records(built, tmp_path, monkeypatch, capsys):
    for one in built[1]:
        if isinstance(one, Record) and one.name == TASKS[1][1] and one.model == "kan":
            save(one, tmp_path / "records")
    folders = ("--records", str(tmp_path / "records"), "--out", str(tmp_path / "out"))
    monkeypatch.setattr("sys.argv", ["kansci", "site", *folders])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "index.html" in capsys.readouterr().out
    assert (tmp_path / "out" / "models" / "kan.html").is_file()


def test_records_can_be_linked_where_they_lie_in_place_of_copies(built, tmp_path):
    """Those of submissions lie in bundles, where a site does not look for them, and are copied."""
    *own, last = (one for one in built[1] if isinstance(one, Record))
    for one in own:
        save(one, tmp_path / "ledger")
    own.append(last.updated(submitted="verified"))
    out = tmp_path / "pages"
    build([], own, out, kept=tmp_path / "ledger", link=True)
    assert len(list((out / "records").rglob("*.json"))) == 1
    linked = set()
    for path in out.rglob("*.html"):
        hrefs = (unquote(link) for link in Page(path).all("href") if ".json" in link)
        linked |= {(path.parent / href).resolve() for href in hrefs}
    assert all(one.is_file() for one in linked)
    assert {one for one in linked if "pages" not in one.parts} == {
        path.resolve() for path in (tmp_path / "ledger").rglob("*.json")
    }
