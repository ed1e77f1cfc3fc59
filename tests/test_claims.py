"""Laws of the ledger of claims: verdicts follow from measurements, and what is shown is current."""

import ast
import json
import math
import struct
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from kansci.bases import BSpline
from kansci.claims import Claim, Measurement, Verdict
from kansci.claims.experiments import adam, calls_faster, inputs, trained
from kansci.claims.functions import MatrixForm, Recursion
from kansci.claims.measurement import (
    NotMeasured,
    Quantity,
    exactly,
    geometric_mean,
    mean,
    median,
    ratio,
    share,
    short,
)
from kansci.claims.originals import EdgeByEdge, Expanded, Kept, drawn
from kansci.claims.packages import lacking
from kansci.claims.page import full, page, verdict_of
from kansci.claims.running import measure, pooled
from kansci.claims.shelf import (
    Entry,
    content,
    digest,
    entries,
    folder,
    get_claims,
    list_claims,
    read,
    results,
    save,
    sources,
)
from kansci.claims.verdict import above, concluded, times, together, within
from kansci.cli import main
from kansci.discover import get_model, get_task, load
from kansci.errors import UserError
from kansci.runner import run
from kansci.speed.clock import Compared

ROOT = Path(__file__).resolve().parent.parent
MEASURED = [one for one in entries(list_claims(), results()) if one.found]
WORDS = {"holds", "holds in part", "does not hold", "cannot be tested here", "cannot be judged"}


def call(monkeypatch, *words):
    """Runs the command in this process; returns its exit code."""
    monkeypatch.setattr(sys, "argv", ["kansci", "claims", *map(str, words)])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


def found(*quantities, claim="C5", content="other"):
    """A measurement made up for the purpose."""
    like = MEASURED[0].found
    update = {"claim": claim, "content": content, "quantities": quantities, "remarks": ()}
    return like.model_copy(update=update)


def between(low, high):
    return exactly("gain", (low + high) / 2).model_copy(update={"low": low, "high": high})


def test_every_claim_has_a_number_of_its_own_and_none_is_missing():
    assert [one.id for one in list_claims()] == [f"C{n}" for n in range(1, len(list_claims()) + 1)]
    assert len(list_claims()) >= 24


def test_every_source_is_cited_and_every_citation_is_a_source():
    assert {key for one in list_claims() for key in one.cited} == set(sources())
    for key, entry in sources().items():
        assert entry.count("{") == entry.count("}"), key


def test_claims_import_kansci_and_numeric_libraries_alone():
    for path in folder().glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                top = (node.module or "").partition(".")[0]
                allowed = {"kansci", "torch", "scipy", "sklearn", *sys.stdlib_module_names}
                assert top in allowed, f"{path}: {node.module}"


@pytest.mark.parametrize("entry", MEASURED, ids=lambda entry: entry.claim.id)
def test_what_is_committed_has_a_verdict_and_was_measured_by_the_code_that_there_is(entry):
    assert entry.verdict.word in WORDS
    assert entry.verdict.sentence.endswith(".")
    assert entry.verdict == entry.claim.judged(entry.found)
    assert not entry.stale


def test_the_page_of_claims_is_current():
    text = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    assert text == page(entries(list_claims(), results()))


def test_what_was_measured_by_other_code_is_marked():
    claim = get_claims(["c22"])[0]
    other = read(results() / "C22.json").model_copy(update={"content": "other"})
    assert verdict_of(Entry(claim, other, stale=True)).endswith("(stale)")
    assert "run it again" in full(Entry(claim, other, stale=True))


def test_what_a_cpu_says_of_a_gpu_is_marked():
    claim = get_claims(["C22"])[0]
    measured = read(results() / "C22.json")
    of_gpu = replace(claim, hardware="V100")
    word = verdict_of(Entry(claim, measured))
    assert verdict_of(Entry(of_gpu, measured)) == f"{word} (on a CPU)"
    gpu = measured.environment.model_copy(update={"device": "NVIDIA V100"})
    assert verdict_of(Entry(of_gpu, measured.model_copy(update={"environment": gpu}))) == word
    assert verdict_of(Entry(of_gpu, None)) == "not run yet"


def test_wording_is_no_part_of_what_measures(tmp_path):
    path = next(folder().glob("c24_*.py"))
    before = content(get_claims(["C24"])[0])
    words = path.read_text(encoding="utf-8")
    for change, same in ((("it is bounded", "it is not"), True), (("eigvalsh", "eigvals"), False)):
        copy = tmp_path / path.name
        copy.write_text(words.replace(*change), encoding="utf-8")
        assert (digest(copy) == before) is same


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (3.0, 4.0, "holds"),
        (4.0, 5.0, "holds"),
        (1.1, 3.0, "holds in part"),
        (1.1, 90.0, "holds in part"),
        (0.9, 5.0, "cannot be judged"),
        (0.9, 1.1, "cannot be judged"),
        (0.2, 0.5, "does not hold"),
    ],
)
def test_n_times_holds_if_the_interval_reaches_n_from_above_its_half(low, high, word):
    assert times(between(low, high), 3.33) == word


def test_a_claim_of_less_than_twice_holds_above_one_alone():
    assert times(between(0.9, 1.6), 1.5) == "cannot be judged"
    assert times(between(1.1, 1.6), 1.5) == "holds"
    with pytest.raises(ValueError, match="more than 1"):
        times(between(1, 2), 1.0)


@pytest.mark.parametrize("claimed", [1.5, 3.33, 100])
def test_a_wider_interval_about_the_same_value_earns_no_word_but_what_it_reaches(claimed):
    narrow, wide = between(0.999 * claimed, 1.001 * claimed), between(1.001, 2 * claimed)
    assert times(narrow, claimed) == "holds"
    assert times(wide, claimed) == ("holds" if claimed < 2 else "holds in part")


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.1, 0.9, "holds"), (0.9, 1.1, "cannot be judged"), (1.1, 2.0, "does not hold")],
)
def test_a_bound_that_the_interval_lies_across_is_undecided(low, high, word):
    assert within(between(low, high), 1.0) == word


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.9), (0.9, 1.1), (1.1, 2.0)])
def test_more_than_a_bound_is_no_more_than_it_turned_round(low, high):
    turned = {"holds": "does not hold", "does not hold": "holds"}
    word = within(between(low, high), 1.0)
    assert above(between(low, high), 1.0) == turned.get(word, word)


HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be judged"


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ([HOLDS, HOLDS], HOLDS),
        ([HOLDS, FAILS], "holds in part"),
        (["holds in part", FAILS, FAILS], FAILS),
        ([FAILS], FAILS),
        ([OPEN, OPEN], OPEN),
        ([HOLDS, HOLDS, OPEN], HOLDS),
        ([HOLDS, OPEN], OPEN),
        ([FAILS, FAILS, OPEN], FAILS),
        ([HOLDS, FAILS, FAILS, OPEN], FAILS),
        ([HOLDS, FAILS, HOLDS, OPEN], "holds in part"),
    ],
)
def test_places_that_are_decided_judge_a_claim_if_they_are_most(words, word):
    assert together(words) == word
    assert together(reversed(words)) == word


def test_a_claim_without_places_has_no_word():
    with pytest.raises(ValueError, match="one word"):
        together([])


def test_a_sentence_says_how_many_places_are_undecided():
    assert concluded([HOLDS, HOLDS], "So.") == Verdict(HOLDS, "So.")
    said = concluded([HOLDS, HOLDS, OPEN], "So.")
    assert said == Verdict(HOLDS, "So. Undecided, as the interval lies across: 1 of 3.")


def test_what_was_not_measured_has_no_figure_and_what_cannot_be_has_a_reason():
    tested = next(one for one in list_claims() if one.measure)
    assert tested.judged(None).word == "not run yet"
    cannot = next(one for one in list_claims() if one.untestable)
    assert cannot.judged(None) == Verdict("cannot be tested here", cannot.untestable)
    with pytest.raises(ValueError, match="untestable"):
        replace(cannot, untestable="")


@pytest.mark.parametrize("entry", MEASURED, ids=lambda entry: entry.claim.id)
def test_a_claim_whose_quantities_are_nan_or_missing_cannot_be_judged(entry):
    numbers = {"value": math.nan, "low": math.nan, "high": math.nan}
    unknown = tuple(one.model_copy(update=numbers) for one in entry.found.quantities)
    for quantities in ((), unknown):
        less = entry.found.model_copy(update={"quantities": quantities})
        said = entry.claim.judged(less)
        assert said.word == "cannot be judged"
        assert said.sentence.endswith(f"; `{entry.claim.command}` measures again.")


@pytest.mark.parametrize(("name", "package"), [("C13", "kanditioned"), ("C16", "inkan")])
def test_a_claim_about_a_package_is_not_judged_without_it(name, package, monkeypatch):
    def none(distribution):
        raise PackageNotFoundError(distribution)

    monkeypatch.setattr("kansci.claims.packages.version", none)
    remark = lacking(package)
    claim, own = get_claims([name])[0], read(results() / f"{name}.json")
    others = [one for one in own.quantities if "arm" in one.name]
    update = {"quantities": tuple(others), "remarks": (remark,)}
    said = claim.judged(own.model_copy(update=update))
    assert said.word == "cannot be judged"
    assert f"{package} is left out, as it is not installed: pip install 'kansci" in said.sentence


def test_a_package_that_compiles_itself_needs_a_compiler(monkeypatch):
    monkeypatch.setattr("kansci.claims.packages.version", lambda name: "1.0")
    monkeypatch.setattr("kansci.claims.packages.no_compiler", lambda device: "no C++ compiler")
    assert lacking("inkan") == "inkan is left out, as it compiles itself: no C++ compiler"


def test_a_bound_of_nan_is_no_number_of_a_rule():
    half = exactly("gain", 2).model_copy(update={"high": math.nan})
    with pytest.raises(NotMeasured, match=r"^The quantity 'gain' is "):
        found(half)["gain"]
    with pytest.raises(NotMeasured, match=r"^No quantity 'ga'\.\.\. was measured$"):
        found().starting("ga")
    assert found().starting("ga", needed=False) == []


def test_intervals_are_students():
    values = np.array([1.0, 4.0, 2.0, 2.5])
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    one = mean("x", values)
    assert (one.low, one.high) == pytest.approx(tuple(expected), rel=1e-5)
    logs = stats.ttest_1samp(np.log(values), 0).confidence_interval(0.95)
    other = geometric_mean("x", values)
    assert (other.low, other.high) == pytest.approx(tuple(np.exp(logs)), rel=1e-5)
    with pytest.raises(ValueError, match="two seeds"):
        mean("x", [1.0])


def test_a_share_has_wilsons_interval():
    one = share("x", [True, True, False, True, True])
    low, high = stats.binomtest(4, 5).proportion_ci(method="wilson")
    assert (one.value, one.low, one.high) == pytest.approx((0.8, low, high), rel=1e-5)


def test_a_ratio_turned_over_is_the_inverse_ratio():
    a, b = [1.0, 2.0, 3.0], [2.0, 1.0, 5.0]
    one, other = ratio("x", a, b), ratio("x", b, a)
    assert one.value == pytest.approx(1 / other.value, rel=1e-5)
    assert one.low == pytest.approx(1 / other.high, rel=1e-5)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.04309, "0.0431"), (1234.0, "1 230"), (1.52e-7, "1.52e-07"), (0.0, "0"), (-2.5, "-2.5")],
)
def test_figures_have_three_digits(value, text):
    assert short(value) == text


@pytest.mark.parametrize("degree", [1, 2, 3, 5, 10])
def test_the_recursion_and_its_matrix_are_the_same_splines(degree):
    x = 1.9 * torch.rand(200, 3, dtype=torch.double) - 0.95
    recursion, matrix = Recursion(5, degree).double(), MatrixForm(5, degree).double()
    torch.testing.assert_close(matrix(x), recursion(x), rtol=1e-5, atol=1e-6)
    if degree == 3:
        torch.testing.assert_close(recursion(x), BSpline(3).double()(x), rtol=1e-5, atol=1e-6)


def test_edges_one_by_one_are_one_product():
    coef = drawn(4, 3, 8)
    product = Expanded(3, 4, Recursion(), 8, base=False)
    with torch.no_grad():
        product.product.weight.copy_(coef.flatten(1))
    x = 1.8 * torch.rand(50, 3) - 0.9
    torch.testing.assert_close(EdgeByEdge(Recursion(), coef)(x), product(x))


@pytest.mark.parametrize("functions", [Recursion(), MatrixForm()], ids=["recursion", "matrix"])
def test_edges_that_are_kept_sum_to_one_product(functions):
    kept, product = Kept(3, 4, functions, 8), Expanded(3, 4, Recursion(), 8, scaled=True)
    with torch.no_grad():
        product.product.weight.copy_(kept.coef.transpose(0, 1).flatten(1))
        for one in (kept.scale, product.factors):
            one.fill_(0.5)
        product.base.weight.fill_(1.0)
        product.base.bias.fill_(0.0)
    x = inputs(50, 3)
    torch.testing.assert_close(kept(x), product(x))


def test_a_training_of_a_claim_is_a_run_without_tuning():
    recipe = adam(20, 1e-2, evaluation_seeds=(0, 1))
    what = get_task("relukan/f1"), get_model("kan", widths=(1, 1))
    ours, theirs = trained(*what, recipe), run(*what, 10_000, recipe)
    np.testing.assert_allclose(ours.errors, theirs.errors, rtol=1e-5)


def test_a_gain_is_the_slow_side_over_the_fast_one(monkeypatch):
    def compared(ours, theirs, **_):
        value = ours() / theirs()
        return Compared(value, value, value, 0.0, np.ones((2, 3)), 15, True)

    monkeypatch.setattr("kansci.claims.experiments.compare", compared)
    one = calls_faster("gain", lambda: 2.0, lambda: 6.0)
    assert (one.value, one.over, one.count) == (3.0, "blocks", 15)


def test_images_of_mnist_are_read_as_their_authors_wrote_them(tmp_path):
    module = load(next(folder().glob("c07_*.py")))
    pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    classes = np.array([7, 0, 9], dtype=np.uint8)
    for part in ("train", "t10k"):
        head = struct.pack(">4i", 2051, 3, 28, 28)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
        head = struct.pack(">2i", 2049, 3)
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(head + classes.tobytes())
    training, test = module.mnist(tmp_path)
    assert training.x.shape == (3, 784)
    assert test.y.tolist() == [7, 0, 9]
    np.testing.assert_allclose((training.x.numpy() + 1) * 127.5, pixels.reshape(3, -1), atol=1e-4)
    with pytest.raises(UserError, match="KANSCI_MNIST"):
        module.mnist(tmp_path / "nowhere")


def test_quick_claims_run_are_resumed_and_are_shown(tmp_path, monkeypatch, capfd):
    def made():
        return {path.stem: path.read_bytes() for path in tmp_path.glob("*.json") if path.is_file()}

    quick = {one.id for one in list_claims() if one.quick}
    first = min(quick)
    (tmp_path / f"{first}.json").mkdir()  # where its file would be
    once = ("--processes", "1", "--out", tmp_path)
    assert call(monkeypatch, "--run", "--quick", *once) == 2
    assert f"not measured, for the reasons above: {first}" in capfd.readouterr().err
    others = made()
    assert set(others) == quick - {first} != set()  # one that fails does not end the others
    (tmp_path / f"{first}.json").rmdir()
    assert call(monkeypatch, "--run", "--quick", *once) == 0
    assert f"{len(others)} are there" in capfd.readouterr().err
    assert others.items() < made().items()
    assert set(made()) == quick
    assert call(monkeypatch, "--json", "--out", tmp_path) == 0
    shown = {one["id"]: one for one in json.loads(capfd.readouterr().out)}
    assert all(shown[name]["verdict"] in WORDS for name in quick)


def in_turn(monkeypatch, *outcomes):
    """What processes that measure a claim end with, in place of them."""
    left = iter(outcomes)

    def run(*_, **__):
        outcome = next(left)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr("kansci.cli.claims.in_child", run)


def test_an_interrupted_claim_leaves_no_file_and_the_others_stay(tmp_path, monkeypatch):
    in_turn(monkeypatch, read(results() / "C22.json"), KeyboardInterrupt())
    assert call(monkeypatch, "C22", "C24", "--run", "--out", tmp_path) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["C22.json"]


def test_an_experiment_that_fails_leaves_no_file_and_its_whole_trace(tmp_path, monkeypatch):
    def failing(claim, say):
        raise RuntimeError("no luck")

    monkeypatch.setattr("kansci.cli.claims.measure", failing)
    with pytest.raises(RuntimeError, match="no luck"):
        call(monkeypatch, "C22", "--alone", "--out", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_ends_itself_costs_its_claim_alone(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert call(monkeypatch, "C22", "C24", "--run", "--out", tmp_path) == 2
    said = capfd.readouterr().err
    assert said.count("its process ended with 1") == 2
    assert "not measured, for the reasons above: C22, C24" in said
    assert list(tmp_path.iterdir()) == []


def several(values, over="blocks"):
    """What processes measured: a timing of each, and a number that is alike in all."""
    return [
        found(
            Quantity(
                name="gain", value=v, low=v - 1, high=v + 1, unit="times", over=over, count=15
            ),
            exactly("size", 250),
        )
        for v in values
    ]


def test_timings_of_several_processes_are_their_median_and_range():
    one = pooled(several([4.0, 9.0, 5.0, 6.0, 7.0, 1.0]))
    gain, size = one.quantities
    assert (gain.value, gain.low, gain.high, gain.over, gain.count) == (5.5, 1, 9, "processes", 6)
    assert size == exactly("size", 250)
    with pytest.raises(ValueError, match="want 6 values or more, got shape"):
        pooled(several([1.0, 2.0]))
    with pytest.raises(ValueError, match="want the same quantities of every process"):
        pooled([*several([1.0] * 5), found(exactly("size", 250))])


@pytest.mark.parametrize("count", [6, 8, 9, 20])
def test_an_interval_of_processes_has_their_median_19_times_in_20(count):
    rng = np.random.default_rng(0)
    intervals = [median("ratio", np.exp(rng.normal(size=count))) for _ in range(2_000)]
    inside = np.mean([one.low <= 1.0 <= one.high for one in intervals])
    assert inside > 0.94
    narrower = [np.sort(np.exp(rng.normal(size=count)))[[1, -2]] for _ in range(2_000)]
    if count < 9:  # to leave out the least and the greatest would be too little
        assert np.mean([low <= 1.0 <= high for low, high in narrower]) < 0.94


def test_a_claim_without_timings_is_measured_once_and_one_with_timings_in_six(
    tmp_path, monkeypatch, capfd
):
    in_turn(monkeypatch, read(results() / "C22.json"))
    assert call(monkeypatch, "C22", "--run", "--out", tmp_path) == 0
    timings = [one.model_copy(update={"claim": "C24"}) for one in several([3.0] * 5 + [4.0])]
    in_turn(monkeypatch, *timings)
    assert call(monkeypatch, "C24", "--run", "--out", tmp_path) == 0
    assert "gain: 3 [3, 4] times, over 6 processes" in capfd.readouterr().err
    assert read(tmp_path / "C24.json")["gain"].count == 6
    in_turn(monkeypatch, timings[0])
    once = ("--run", "--fresh", "--processes", "1", "--out", tmp_path)
    assert call(monkeypatch, "C24", *once) == 0
    assert read(tmp_path / "C24.json") == timings[0]


def test_committed_timings_are_of_several_processes():
    overs = {one.over for path in results().glob("*.json") for one in read(path).quantities}
    assert "processes" in overs
    assert "blocks" not in overs


def test_one_claim_is_shown_in_full_with_bibtex_and_command(monkeypatch, capsys):
    assert call(monkeypatch, "c5", "C15") == 0
    text = capsys.readouterr().out
    for part in ("@misc{li2024fastkan", "kansci claims --run C5", "cannot be tested here"):
        assert part in text or part.capitalize() in text


@pytest.mark.parametrize(
    "words", [["C99"], ["--quick"], ["--check", "README.md"], ["--run", "--processes", "3"]]
)
def test_mistakes_are_one_line(words, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert call(monkeypatch, *words) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_measurement_survives_its_file_and_anything_else_is_refused(tmp_path):
    one = found(exactly("gain", 3.0, "times"), exactly("x", float("inf")))
    assert read(save(one, tmp_path)).model_dump_json() == one.model_dump_json()
    (tmp_path / "C5.json").write_text("{}")
    with pytest.raises(UserError, match="measurement"):
        read(tmp_path / "C5.json")


def test_names_of_quantities_are_given_once():
    def twice():
        yield exactly("x", 1.0)
        yield exactly("x", 2.0)

    claim = replace(get_claims(["C24"])[0], measure=twice)
    with pytest.raises(ValueError, match="two quantities"):
        measure(claim)
    assert isinstance(claim, Claim)
    assert "x" not in found()
    with pytest.raises(NotMeasured, match="No quantity"):
        found()["x"]
    assert isinstance(found(), Measurement)
