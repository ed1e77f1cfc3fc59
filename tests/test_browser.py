"""The site in a real browser: what people click, what it asks for, and who can read it."""

import re
import shutil

import pytest
from site_records import EVIL, site

from kansci.record import Record
from kansci.statistics.differences import compared

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FOUND = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = pytest.mark.skipif(FOUND is None, reason=f"no browser: want one of {BROWSERS}")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

PAGES = (
    *("index", "models/kan-*", "tasks/poisson-1", "tasks/bumps_1d-1"),
    *("statistics", "compare", "claims", "methods"),
)
# Axe would load style sheets again, which the pages forbid. Only colours differ in the dark.
COMMON = {"preload": False, "resultTypes": ["violations"]}
RULES = {"light": COMMON, "dark": {**COMMON, "runOnly": ["color-contrast"]}}
MINUS = "\N{MINUS SIGN}"
ROW = "tbody tr:not([hidden])"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("built") / "site"
    return out, site(out)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        # Without a sandbox: continuous integration is root, and the pages are our own.
        started = driver.chromium.launch(executable_path=FOUND, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def show(browser, built):
    """Opens pages; whatever a page asked for outside, or complained of, fails the test."""
    contexts, asked, complaints = [], [], []

    def opened(page, **options):
        contexts.append(context := browser.new_context(**options))
        tab = context.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda said: complaints.append(said.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: complaints.append(dialog.message) or dialog.dismiss())
        name, _, anchor = page.partition("#")
        path = next(iter(sorted(built[0].glob(f"{name}.html"))))
        tab.goto(path.as_uri() + (f"#{anchor}" if anchor else ""))
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert not complaints
    assert all(url.startswith((built[0].as_uri(), "data:,")) for url in asked)


def numbers(text):
    """Decades in a text, with their signs."""
    return [float(one.replace(MINUS, "-")) for one in re.findall(rf"[+{MINUS}]\d+\.\d+", text)]


def models(table):
    """Names down a table."""
    return [text.split("\n")[0] for text in table.locator(f"{ROW} th a").all_inner_texts()]


def test_columns_sort_by_numbers_and_texts_and_say_so(show):
    table = show("index").locator("table", has_text="Thin").first
    heading = table.get_by_role("columnheader", name="model")
    before = [name.casefold() for name in models(table)]
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert [name.casefold() for name in models(table)] == sorted(before) != before
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    score = table.get_by_role("columnheader", name="decades").first
    score.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") is None
    column = [row.locator("td").nth(1).inner_text() for row in table.locator(ROW).all()]
    known = [float(text) for text in column if text != "-"]
    assert known == sorted(known, reverse=True)
    assert column[len(known) :] == ["-"] * (len(column) - len(known)), "nothing sorts last"


def test_columns_sort_by_the_keyboard_alone(show):
    tab = show("tasks/poisson-1")
    button = tab.get_by_role("button", name="model")
    button.focus()
    tab.keyboard.press("Enter")
    assert tab.get_by_role("columnheader", name="model").get_attribute("aria-sort") == "ascending"


def test_a_filter_leaves_rows_with_all_its_words_and_counts_them(show):
    tab = show("models/kan-*")
    rows = tab.locator('table[data-group="cells"]').locator(ROW)
    every = rows.count()
    tab.get_by_label("Filter cells").fill("feynman 1000")
    assert rows.count() == 1
    assert tab.get_by_text(f"1 of {every} rows").is_visible()
    tab.get_by_label("Filter cells").fill("")
    assert rows.count() == every
    assert tab.get_by_text(f"{every} of {every} rows").is_visible()


def test_two_models_are_compared_as_the_command_compares_them(show, built):
    tab = show("compare")
    tab.get_by_label("First").select_option("kan")
    tab.get_by_label("Second").select_option(EVIL)
    trained = [one for one in built[1] if isinstance(one, Record)]
    wanted = compared(trained, "kan", EVIL)
    whole = numbers(tab.locator("#summary").inner_text().partition(": ")[2])[:3]
    assert whole[0] == pytest.approx(wanted.mean, abs=0.006)
    assert whole[1:] == pytest.approx([wanted.low, wanted.high], abs=0.06)  # 2 000 other draws
    rows = [row.locator("td").all_inner_texts() for row in tab.locator(f"#differences {ROW}").all()]
    shown = [numbers(texts[1]) + numbers(texts[3]) for texts in rows]
    for found, cell in zip(shown, wanted.cells, strict=True):
        assert found[0] == pytest.approx(cell.mean, abs=0.006)
        assert found[1:] == pytest.approx([cell.low, cell.high], abs=0.05)


def test_the_address_names_the_models_that_are_compared(show):
    tab = show("compare#mlp-silu/linear-rbf")
    assert tab.locator("#summary").inner_text().startswith("mlp-silu minus linear-rbf")
    tab.get_by_role("button", name="Swap").press("Enter")
    assert tab.locator("#summary").inner_text().startswith("linear-rbf minus mlp-silu")
    assert tab.url.endswith("#linear-rbf/mlp-silu")
    link = tab.locator("#differences td a").first
    link.click()
    assert tab.locator(":target").count() == 1, "a number leads to its row among the Records"


@pytest.mark.parametrize(
    ("anchor", "said"),
    [
        ("mlp-silu/nope", "No model here is called nope. Choose two models."),
        ("mlp-silu/%3Cb%3E", "No model here is called <b>. Choose two models."),
        ("mlp-silu/%", "No model here is called %. Choose two models."),
        ("mlp-silu/mlp-silu", "Choose two models: both are mlp-silu."),
    ],
)
def test_an_address_that_names_no_pair_is_told_so(show, anchor, said):
    tab = show(f"compare#{anchor}")
    assert tab.locator("#summary").inner_text() == said
    assert not tab.locator("#differences").is_visible()
    assert tab.get_by_text("0 of 0 rows").is_visible()
    tab.get_by_label("First").select_option("kan")
    tab.get_by_label("Second").select_option("mlp-silu")
    assert tab.locator("#summary").inner_text().startswith("kan minus mlp-silu")
    assert tab.locator("#differences").is_visible()


def test_without_an_address_a_form_is_compared_with_the_reference(show):
    assert show("compare").locator("#summary").inner_text().startswith("kan minus mlp-silu")


def test_bars_and_lines_say_their_numbers_to_a_pointer(show):
    tab = show("models/kan-*")
    tip = tab.get_by_role("tooltip")
    tab.locator(".bar svg[data-tip]").first.hover()
    assert "decades" in tip.inner_text()
    assert "95 %" in tip.inner_text()
    tab.keyboard.press("Escape")
    assert not tip.is_visible()
    tab.locator(".chart path.hit").first.dispatch_event("pointermove")
    assert tip.inner_text()


def test_a_number_leads_to_its_record(show):
    tab = show("tasks/poisson-1")
    with tab.expect_navigation():
        tab.get_by_role("link", name="Record of kan at 250").first.click()
    assert '"task":"poisson@1"' in tab.locator("body").inner_text()


def test_a_submission_that_is_named_as_a_script_is_shown_as_text(show):
    tab = show("index")
    tab.get_by_role("link", name=EVIL).first.click()
    assert tab.locator("h1").inner_text() == EVIL
    assert tab.title().startswith(EVIL)
    assert tab.locator("main script").count() == 0


@pytest.mark.parametrize("page", PAGES)
def test_pages_have_no_serious_barriers_and_fit_a_phone(show, page):
    tab = show(page)
    for scheme, rules in RULES.items():
        tab.emulate_media(color_scheme=scheme)
        found = axe.Axe().run(tab, options=rules).response["violations"]
        grave = [one for one in found if one["impact"] in ("serious", "critical")]
        assert not grave, [(scheme, one["id"], one["nodes"][0]["html"]) for one in grave]
    tab.set_viewport_size({"width": 390, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_pages_can_be_read_without_scripts(show):
    tab = show("index", java_script_enabled=False)
    assert tab.locator("table").first.is_visible()
    assert not tab.get_by_label("Filter models").is_visible()
