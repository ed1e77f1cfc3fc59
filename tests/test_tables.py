"""What every table says, in every format."""

import csv
import io
import json

import pytest
from rich.console import Console

from kansci.boards import tables
from kansci.boards.board import Board, Row
from kansci.boards.latex import latex
from kansci.errors import UnknownName

BOARD = Board(
    name="accuracy",
    question="How accurate?",
    about="",
    score_label="decades",
    rows=lambda records, reference: [],
    columns={"lead": "over the reference"},
)
PIPED = "a|b_c[widths=1-1,grid=200]"
ROWS = [
    Row(model="linear-rbf", rank=1, rank_low=1, rank_high=3, score=2.345, low=2.1, high=2.6,
        seed_low=2.3, seed_high=2.4, tasks=12, control=True,
        columns={"pde": 3.0, "lead": -0.004, "median error": 0.00123, "parameters": 990}),
    Row(model=PIPED, rank=2, rank_low=2, rank_high=2, score=-0.001, low=-0.5, high=0.5,
        tasks=11, failed=2, not_applicable=1, columns={"pde": None, "lead": 0.5}),
    Row(model="kan", missing=3, tasks=9, stale=1, unused=2, note="50 % & more",
        columns={"pde": 1.0}),
]  # fmt: skip


def shown(width=100, **options):
    out = io.StringIO()
    table = tables.terminal(BOARD, ROWS, **options)
    Console(file=out, width=width, color_system=None).print(table)
    return out.getvalue()


@pytest.mark.parametrize("table", [tables.markdown, latex])
def test_every_table_names_its_metric_and_shows_intervals(table):
    text = table(BOARD, ROWS).replace("{[}", "[")
    for said in ("NRMSE", "relative L2", "higher is better", "2.35 [2.10, 2.60]", "[2.30, 2.40]"):
        assert said in text


def test_the_terminals_table_fits_and_takes_no_name_for_markup():
    text = shown()
    assert max(map(len, text.splitlines())) <= 100
    for said in (
        "NRMSE",
        "2.35 [2.10, 2.60]",
        PIPED,
        "kan: 3 missing; 1 stale; 2 not used; 50 % & more",
    ):
        assert said in text


def test_the_terminals_table_says_what_its_columns_are_if_asked():
    assert "lead: over the reference" in shown(legend=True)
    assert "lead: over the reference" not in shown()


def test_a_narrow_terminal_folds_names_and_keeps_numbers():
    assert "2.35 [2.10, 2.60]" in shown(80)


def test_ranks_are_ranges_and_models_without_one_show_none():
    lines = tables.markdown(BOARD, ROWS).splitlines()
    assert [line.split(" | ")[0] for line in lines if line.startswith("| ")] == [
        "| rank", "| ---:", "| 1-3", "| 2", "| -",
    ]  # fmt: skip


def test_pipes_in_names_do_not_break_markdown_tables():
    lines = [line for line in tables.markdown(BOARD, ROWS).splitlines() if line.startswith("| ")]
    assert len({line.replace(r"\|", "").count("|") for line in lines}) == 1


def test_latex_escapes_what_it_would_read_as_commands():
    text = latex(BOARD, ROWS)
    assert r"a\textbar{}b\_c{[}widths=1-1,grid=200]" in text
    assert r"50 \% \& more" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len({line.replace(r"\&", "").count("&") for line in rows}) == 1


def test_latex_has_minus_signs_dashes_a_label_and_equal_remarks_once():
    rows = [*ROWS, ROWS[2].model_copy(update={"model": "mlp-silu"})]
    text = latex(BOARD, rows)
    assert "0.00 {[}$-$0.50, 0.50]" in text
    assert "1--3 & linear-rbf" in text
    assert r"\label{tab:accuracy}" in text
    assert text.count(r"3 missing") == 1
    assert r"\par kan, mlp-silu: 3 missing" in text


def test_latex_has_the_columns_that_are_asked_for():
    text = latex(BOARD, ROWS, ["lead"])
    assert "rank & model & decades {[}95 \\%] & lead & cells & failed" in text
    assert "% further columns, in the CSV: pde, median error, parameters" in text
    with pytest.raises(UnknownName, match="did you mean 'lead'"):
        latex(BOARD, ROWS, ["leed"])


def test_controls_are_marked_and_the_mark_is_explained():
    for text in (tables.markdown(BOARD, ROWS), shown()):
        assert "linear-rbf †" in text
        assert "† a control" in text
    assert "†" not in tables.markdown(BOARD, ROWS[1:])


def test_numbers_have_two_decimals_and_no_negative_zero():
    text = tables.markdown(BOARD, ROWS)
    assert "| 3.00 | 0.00 | 1.2e-03 | 990 |" in text
    assert "| 0.00 [-0.50, 0.50] |" in text


def test_csv_and_dicts_hold_every_number_in_full():
    read = list(csv.DictReader(io.StringIO(tables.csv(BOARD, ROWS))))
    assert [row["model"] for row in read] == ["linear-rbf", PIPED, "kan"]
    assert (read[0]["score"], read[0]["lead"], read[2]["score"]) == ("2.345", "-0.004", "")
    first, *_, last = json.loads(json.dumps(tables.dicts(BOARD, ROWS)))
    assert first["columns"]["median error"] == 0.00123
    assert (last["score"], last["missing"], last["board"]) == (None, 3, "accuracy")
    assert "NRMSE" in last["label"]


def test_a_board_without_rows_is_a_table_without_rows():
    assert tables.markdown(BOARD, []).startswith("**How accurate?**")
    assert r"\midrule" in latex(BOARD, [])
    assert tables.dicts(BOARD, []) == []
    Console(file=io.StringIO()).print(tables.terminal(BOARD, []))
