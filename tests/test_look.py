"""A model looks the same in every figure, and like no other of the zoo."""

import pytest

from kansci.boards.board import Row
from kansci.boards.reference import MODEL
from kansci.figures import look
from kansci.figures.look import BLACK, FIRST, MARKERS, drawn, style_of
from kansci.models import list_models
from kansci.models.zoo import is_control


def row(model):
    return Row(model=model, control=is_control(model))


def test_no_two_models_of_the_zoo_look_alike_not_even_without_their_lines():
    styles = [style_of(name) for name in list_models()]
    assert len({(one.colour, one.marker) for one in styles}) == len(styles)
    shown = [drawn(row(name)) for name in list_models()]
    assert len({(d["color"], d["marker"], str(d["linestyle"])) for d in shown}) == len(shown)


def test_the_models_of_most_figures_are_of_the_zoo_and_by_sixes_of_six_colours():
    assert set(FIRST) < set(list_models())
    for start in range(0, len(FIRST), 6):
        six = FIRST[start : start + 6]
        assert len({style_of(name).colour for name in six}) == len(six)


def test_the_reference_alone_is_black():
    names = [*list_models(), "mine", "kan[grid=200]"]
    assert [name for name in names if style_of(name).colour == BLACK] == [MODEL]
    assert style_of("kan").marker != style_of(MODEL).marker


def test_a_model_that_is_added_changes_nobody(monkeypatch):
    names = list_models()
    before = {name: style_of(name) for name in names}
    monkeypatch.setattr(look, "list_models", lambda: [*names, "new"])
    assert {name: style_of(name) for name in names} == before
    assert style_of("new") not in before.values()


@pytest.mark.parametrize("name", ["mine", "kan[grid=200]", "kan + ewc"])
def test_a_model_that_the_zoo_does_not_have_has_a_marker_that_no_model_of_the_zoo_has(name):
    assert style_of(name).marker not in {*MARKERS, style_of(MODEL).marker}


def test_a_style_is_the_same_on_every_machine():
    assert style_of("kan") == ("#0072B2", "o", "-")
    assert style_of("mine")[:2] == ("#D55E00", "8")


def test_controls_are_hollow_dashed_and_marked():
    shown = drawn(row("linear-rbf"))
    assert (shown["linestyle"], shown["markerfacecolor"]) == ("--", "white")
    assert shown["label"] == "linear-rbf †"
