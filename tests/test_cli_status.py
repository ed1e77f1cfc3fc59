"""What is done and what is ahead is told in terms of what a suite itself would make."""

from pathlib import Path

import pytest
import site_records

from kansci.cli.ahead import Ahead, look_ahead
from kansci.cli.selection import select
from kansci.cli.status import sentences

CHOSEN = select("quick", ["kan", "mlp-silu"], None, None)


def ahead(*lanes: str) -> Ahead:
    """With a timing of `kan` for each lane of the speed lane."""
    timings = [site_records.speed("kan", 2.0).model_copy(update={"lane": lane}) for lane in lanes]
    return look_ahead(CHOSEN, timings)


@pytest.mark.parametrize(
    ("lanes", "said"),
    [
        ((), "Speed: 0 of 2 models are timed by the suite."),
        (
            ("250-float32-eager-cpu", "250-float64-eager-cpu"),
            "Speed: 0 of 2 models are timed by the suite; 1 by `kansci speed`, which boards rank, "
            "too.",
        ),
    ],
)
def test_timings_of_the_speed_lane_are_told_apart_from_the_suites(
    lanes: tuple[str, ...], said: str
) -> None:
    assert sentences(Path(), ahead(*lanes))[0] == said


def test_timings_are_counted_apart_from_trainings() -> None:
    found = ahead()
    assert f"{found.missing} Records, 2 of them timings, on cpu: 0 are" in found.said("", "cpu", 1)
    assert found.missing == len(CHOSEN.cells) + 2
