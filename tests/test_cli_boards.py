"""What boards and listings say in a terminal beside their tables."""

from pathlib import Path

import pytest
from calling import call
from ledgers import grid

from kansci.ledger import save


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trainings alone: no timing, and no formula."""
    home = tmp_path_factory.mktemp("boards") / "records"
    for name in ("kan", "mlp-silu"):
        for one in grid(name, 0):
            save(one, home)
    return home


def test_boards_that_no_record_answers_are_named_in_place_of_an_empty_table(records: Path) -> None:
    said = call("board", "--records", records).stdout
    assert "No Record here answers: forgetting, recovery, speed." in said
    assert "How often is the formula" not in said
    assert "How accurate is a model" in said
    assert "kansci board NAME" in said


def test_a_board_alone_says_what_its_columns_are_and_all_say_their_suites(records: Path) -> None:
    said = call("board", "accuracy", "--records", records).stdout
    assert "lead: decades beyond the frozen reference MLP on the same cells" in said
    suites = sorted({one.suite for one in grid("kan", 0)})
    ending = f"{records}, suite{'s' * (len(suites) > 1)} {', '.join(suites)}.\n"
    assert said.endswith(ending)
    assert call("compare", "kan", "mlp-silu", "--records", records).stdout.endswith(ending)


def test_the_listing_of_tasks_says_which_have_which_options() -> None:
    lines = call("tasks").stdout.splitlines()
    (soft,) = (line for line in lines if "NAME[boundary=soft]" in line)
    assert "poisson" in soft.partition("]: ")[2].split(", ")
    (noise,) = (line for line in lines if "NAME[noise=0.0]" in line)
    assert "feynman/*" in noise
    assert call("tasks", "poisson").stdout.splitlines()[-1].endswith("NAME[boundary=soft]: poisson")
