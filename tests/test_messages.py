"""What children say is checked as if strangers had said it."""

import io

import numpy as np
import pytest
import torch
from numpy.lib import format as npy

from kansci.children.hearing import Hearing
from kansci.children.messages import (
    HEADER,
    SIZES,
    Answer,
    Facts,
    Inbox,
    Nonsense,
    Note,
    Partial,
    Steps,
    read,
)
from kansci.children.parcels import bytes_of, facts_of, packed, unpacked
from kansci.discover import get_model, get_task
from kansci.recipe import Optimizer, Recipe
from kansci.record import Curve
from kansci.runner import Judge
from kansci.suite import Cell
from kansci.together import Job
from kansci.training import Learned, tune

# Of each task: untrained networks, two stages, and what is asked beside.
SHAPES = [
    [[(2, 5, 1)], [(2, 5, 1), (2, 3, 1)], [(2, 5, 1), (2, 3, 1)], [(2, 1, 3)]],
    [[], [(2, 4, 1)], [(2, 4, 1)], []],
]
FACTS = Facts(curves=(), parameters=3, adapted=0, lifted=True, gear="eager")


def learned(stages, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    untrained, *predictions, beside = [
        [torch.rand(shape, generator=generator).to(dtype) for shape in row] for row in stages
    ]
    predictions[0][0][0, 0, 0] = torch.nan
    return Learned(
        untrained=untrained,
        predictions=predictions,
        beside=beside,
        own=torch.tensor([1.0, torch.inf]),
        finite=torch.tensor([True, False]),
        curves=(Curve(stage="a", evaluations=(1, 2), losses=((1.0, float("nan")), (0.5, 2.0))),),
        parameters=3,
        adapted=1,
        lifted=False,
    )


def framed(message, payload=b""):
    header = message.model_dump_json().encode()
    return SIZES.pack(len(header), len(payload)) + header + payload


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_what_is_packed_is_unpacked_bit_by_bit(dtype):
    every = [learned(stages, dtype) for stages in SHAPES]
    facts = [facts_of(one) for one in every]
    again = unpacked(packed(every), facts, 2, SHAPES)
    for one, other in zip(every, again, strict=True):
        arrays = dict.fromkeys(("untrained", "predictions", "beside", "own", "finite"))
        assert other._replace(**arrays, curves=()) == one._replace(**arrays, curves=())
        assert str(other.curves) == str(one.curves)
        torch.testing.assert_close(
            (other.own, other.finite, other.untrained, other.predictions, other.beside),
            (one.own, one.finite, one.untrained, one.predictions, one.beside),
            rtol=0,
            atol=0,
            equal_nan=True,
        )


def test_bytes_are_counted_as_large_as_they_come():
    every = [learned(stages, torch.float64) for stages in SHAPES]
    assert len(packed(every)) <= bytes_of(2, SHAPES)


def test_messages_arrive_whole_however_they_are_cut():
    said = [
        Steps(count=3),
        Note(text="a word"),
        Partial(place=1, curve=learned(SHAPES[0]).curves[0]),
    ]
    stream = b"".join(framed(one, b"x" * index) for index, one in enumerate(said))
    inbox, heard = Inbox(largest=10), []
    for start in range(0, len(stream), 7):
        heard += inbox.feed(stream[start : start + 7])
    assert [str(message) for message, _ in heard] == [str(one) for one in said]
    assert [payload for _, payload in heard] == [b"", b"x", b"xx"]


@pytest.mark.parametrize(("header", "payload"), [(HEADER + 1, 0), (2, 11)])
def test_a_message_that_is_too_large_is_refused_before_it_comes(header, payload):
    with pytest.raises(Nonsense, match="a message of"):
        list(Inbox(largest=10).feed(SIZES.pack(header, payload)))


@pytest.mark.parametrize(
    "text",
    [
        b"", b"null", b"{}", b"[1]", b"\xff", b"[" * 10_000,
        b'{"kind": "records"}',
        b'{"kind": "steps", "count": 0}',
        b'{"kind": "steps", "count": 1, "more": 2}',
        b'{"kind": "failed", "status": "ok", "reason": ""}',
        b'{"kind": "learned", "facts": [], "memory": NaN}',
        b'{"kind": "note", "text": "' + b"x" * 2_000 + b'"}',
    ],
    ids=lambda text: str(text)[:40],
)  # fmt: skip
def test_what_is_no_message_is_nonsense(text):
    with pytest.raises(Nonsense):
        read(text)


def array(values, **how):
    file = io.BytesIO()
    npy.write_array(file, values, **how)
    return file.getvalue()


def claiming(shape):
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue()


GOOD = array(np.zeros(2)) + array(np.ones(2, bool))
ANSWER = array(np.zeros((2, 4, 1)))
BAD = {
    "nothing": b"",
    "a part": (GOOD + ANSWER)[:-1],
    "no array": GOOD + b"x" * 100,
    "more": GOOD + ANSWER + b"x",
    "another shape": GOOD + array(np.zeros((2, 5, 1))),
    "a larger one than memory": GOOD + claiming((10**15,)),
    "the other order": GOOD + array(np.zeros((2, 4, 2), order="F")),
    "bytes the other way round": GOOD + array(np.zeros((2, 4, 1), ">f8")),
    "another version": GOOD + array(np.zeros((2, 4, 1)), version=(2, 0)),
    "integers": GOOD + array(np.zeros((2, 4, 1), int)),
    "complex numbers": GOOD + array(np.zeros((2, 4, 1), complex)),
    "pickled objects": GOOD + array(np.full((2, 4, 1), None, object)),
}


@pytest.mark.parametrize("payload", BAD.values(), ids=BAD)
def test_arrays_that_were_not_asked_for_are_nonsense(payload):
    shapes = [[[], [(2, 4, 1)], []]]
    assert len(unpacked(GOOD + ANSWER, [FACTS], 2, shapes)) == 1
    with pytest.raises(Nonsense):
        unpacked(payload, [FACTS], 2, shapes)


def test_answers_for_another_number_of_tasks_are_nonsense():
    with pytest.raises(Nonsense, match="want answers for 2 tasks, got 1"):
        unpacked(GOOD + ANSWER, [FACTS], 2, SHAPES)


def test_an_answer_survives_its_json():
    said = Answer(kind="learned", facts=(facts_of(learned(SHAPES[0])),), memory=12.5)
    assert str(read(said.model_dump_json().encode())) == str(said)


def test_a_child_that_asks_for_its_rates_again_learns_nothing_of_the_truth():
    recipe = Recipe(
        optimizers=(Optimizer(evaluations=1),),
        rates=(1e-2, 1e-3),
        evaluation_seeds=(0,),
        points=8,
    )
    what = (get_task("feynman27/I.12.11"), get_model("mlp-silu"), 60, recipe)
    said: list[bytes] = []
    judge = Judge(Job((Cell(*what, "custom"),)))
    hearing = Hearing(judge, lambda cell, steps: None, said.append, said.append)
    (tuned,) = tune([what[0]], *what[1:])
    answer = Answer(kind="tuned", facts=(facts_of(tuned, curves=False),), memory=1)
    hearing.feed(framed(answer, packed([tuned])))
    assert len(said) == 1
    with pytest.raises(Nonsense, match="asked for the rates twice"):
        hearing.feed(framed(answer, packed([tuned])))
    assert len(said) == 1
