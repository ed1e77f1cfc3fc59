"""All boards at a glance say what each of them says in full."""

import pytest
from ledgers import ladder, pool

from kansci.api import get_board
from kansci.boards import sheets
from kansci.boards.board import Row, rank
from kansci.boards.glance import glance, leaders
from kansci.boards.tables import NONE
from kansci.cli.board import ordered
from kansci.cli.written import filled


@pytest.fixture(scope="module")
def standings():
    records, reference = pool(), ladder()
    return [(board, rank(board, records, reference)) for board in map(get_board, ordered())]


def test_every_model_has_a_row_in_the_order_of_the_headline(standings):
    rows = glance(standings).rows
    models = [row.model for row in standings[0][1]]
    assert [str(row["model"]).removesuffix(" †") for row in rows] == models


def test_a_cell_is_the_score_and_the_range_of_ranks_of_its_board(standings):
    board, rows = standings[0]
    found = glance(standings).rows
    for row, shown in zip(rows, found, strict=True):
        low, high = row.rank_low, row.rank_high
        ranks = f"{low}" if low == high else f"{low}-{high}"
        assert shown[f"{board.name} ↑"] == f"{row.score:.2f} ({ranks})"


def test_boards_that_order_nothing_are_left_out_and_models_without_a_score_are_not(standings):
    board, rows = standings[0]
    alone = [rows[0], *(row.model_copy(update={"score": None}) for row in rows[1:])]
    assert glance([(board, alone)]).rows == []
    pair = [*rows[:2], rows[2].model_copy(update={"score": None, "rank": None})]
    assert [row[f"{board.name} ↑"] for row in glance([(board, pair)]).rows][2] == NONE


def test_who_may_be_first_is_a_contender_that_leads_or_that_none_is_surely_better_than(standings):
    board, _ = standings[0]
    assert board.higher_is_better
    first, level, last = (
        Row(model=f"m{score}", rank=1, score=score, low=score - 2, high=score + 2)
        for score in (9, 6, 1)
    )
    control = first.model_copy(update={"model": "yardstick", "control": True})
    ahead = control.model_copy(update={"score": 99, "low": 98, "high": 100})
    rows = [ahead, first, level, last, Row(model="unranked")]
    assert leaders(board, rows) == ["m9", "m6"]
    said = [row.model_copy(update={"columns": {"leading": ""}}) for row in rows]
    said[2] = rows[2].model_copy(update={"columns": {"leading": "yes"}})
    assert leaders(board, said) == ["m6"]


def test_the_page_links_every_board_in_full(standings, tmp_path):
    page = tmp_path / "README.md"
    page.write_text("<!-- boards -->\n<!-- /boards -->\n")
    text = filled(page, standings, pool(), tmp_path / "a" / "boards")
    for board, _ in standings:
        assert f"- **[{board.name}](a/boards/{board.name}.md)**: {board.question}" in text
    assert sheets.markdown(glance(standings)) in text
