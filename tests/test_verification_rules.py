"""What verifying counts cell by cell, and what honest but unusual networks may do."""

from contextlib import suppress
from math import comb
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from auditing import in_this_process, trained
from torch import nn

from kansci.children.parcels import facts_of
from kansci.discover import Origin, get_model
from kansci.errors import UserError
from kansci.models import Model
from kansci.sandbox import describe, errands
from kansci.sandbox.foreign import SAYS, digest_of
from kansci.sandbox.servers import close_servers
from kansci.sandbox.walls import available
from kansci.testing import check
from kansci.verification import running
from kansci.verification.reasons import separates
from kansci.verification.reload import Kept, reloaded
from kansci.verification.rule import FEW_WIDE, TIE, WIDE, gap, separation
from kansci.verification.scan import scan
from kansci.verification.verdict import Compared

USUAL, DEEP = (5, 3), (5, 5)


@pytest.mark.parametrize(("members", "cells"), [(USUAL, 12), (DEEP, 20), (USUAL, 2)])
def test_cells_where_all_secret_seeds_end_worse_are_counted_against_chance(members, cells):
    chance = 1 / comb(sum(members), members[1])

    def beyond(count: int) -> float:
        """The chance of more than so many."""
        at_most = (
            comb(cells, k) * chance**k * (1 - chance) ** (cells - k) for k in range(count + 1)
        )
        return 1 - sum(at_most)

    found = separation([2 * TIE] * cells, members)
    assert beyond(found.most) <= 0.005 < beyond(found.most - 1)
    assert found.count == cells
    for count in range(cells + 1):
        gaps = [2 * TIE] * count + [-0.1] * (cells - count)
        assert separation(gaps, members).flagged == (count > found.most)


def test_ties_and_overlaps_are_no_difference_and_one_wide_gap_is():
    assert gap([1.0, 2.0], [0.5, 0.9]) == pytest.approx(0.1)
    assert gap([1.0, 2.0], [0.5, 1.5]) < 0
    assert not separation([TIE / 2] * 12, USUAL).flagged
    assert not separation([WIDE - 0.01, *[-1.0] * 11], USUAL).flagged
    assert separation([WIDE + 0.01, *[-1.0] * 11], USUAL).flagged
    assert not separation([FEW_WIDE - 0.01, *[-1.0] * 11], (3, 3)).flagged
    assert separation([FEW_WIDE + 0.01, *[-1.0] * 11], (3, 3)).flagged


def test_lies_in_a_few_cells_are_flagged_however_large_they_are():
    def cells(count: int, submitted: float, gap: float) -> list[Compared]:
        told = {"budget": 250, "submitted": submitted, "secret": 1, "status": "ok", "gap": gap}
        return [Compared.model_validate({"task": f"{submitted}-{i}", **told}) for i in range(count)]

    honest, lies = cells(10, 1, -0.1), cells(2, 5, 3.9)
    assert list(separates(honest, USUAL)) == []
    said = [reason.said for reason in separates([*honest, *lies], USUAL)]
    assert len(said) == 2
    assert said[0].startswith("5-0 at 250: the best of the secret seeds ends 3.90 decades worse")


def test_what_a_task_does_not_know_is_no_number_of_the_network(tmp_path: Path, monkeypatch):
    in_this_process(monkeypatch)
    (record,) = trained(tmp_path, get_model("mlp-silu"), "inverse_diffusion")
    for of in ("submitted", "secret"):
        found = reloaded(Origin("mlp-silu"), Kept(record, tmp_path, of))
        assert found.reason == ""
        assert found.parameters == record.parameters
        assert found.learned <= found.parameters


def test_networks_may_call_their_numbers_as_they_like_and_have_many():
    names = ["layer-in.weight", "0->3", "numbers of edge 7", *map(str, range(2_000))]
    learned: Any = SimpleNamespace(
        curves=(), parameters=1, adapted=0, lifted=True, gear="eager",
        state={name: torch.zeros(2, 1) for name in names},
    )  # fmt: skip
    assert [held.name for held in facts_of(learned).state] == names
    for name in ("__metadata__", "a\nb", ""):
        learned.state = {name: torch.zeros(2, 1)}
        with pytest.raises(ValueError, match="name"):
            facts_of(learned)


class Turning(nn.Module):
    """Keeps complex numbers, of which a training in real ones would leave the real part."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__()
        self.line = nn.Linear(dim_in, dim_out)
        self.register_buffer("turn", torch.exp(1j * torch.arange(3.0)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.line(x)


def test_complex_numbers_are_refused_and_not_halved(tmp_path: Path):
    model = Model("turning", lambda dim_in, dim_out, parameters: Turning(dim_in, dim_out))
    laws = {law.name: law for law in check(model, dim_in=2, dim_out=1, parameters=250).laws}
    law = laws["runs"]
    assert (law.status, "complex" in law.sentence) == ("broken", True)
    (record,) = trained(tmp_path, model, "feynman27/I.12.11", weights=False)
    assert record.status == "crashed"
    assert "complex" in record.reason


@pytest.mark.skipif(not available().isolated, reason="nothing isolates here")
def test_a_file_that_stops_its_server_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch):
    file = tmp_path / "stop.py"
    file.write_text(
        "import os, signal\nfrom kansci import Model\nos.kill(os.getppid(), signal.SIGSTOP)\n"
        "model = Model('stop', print)\n"
    )
    with suppress(UserError):
        describe(file)  # its process goes on, though the one that begins all others does not
    monkeypatch.setattr(errands, "STARTING", 3.0)
    with pytest.raises(UserError, match="its sandbox does not answer"):
        errands.errand(Origin("", str(file), digest_of(file)), SAYS)
    close_servers(file)


def test_laws_are_those_of_sizes_that_were_trained(monkeypatch):
    asked = []
    monkeypatch.setattr(running, "broken", lambda origin, records: asked.extend(records) or ())
    monkeypatch.setattr(running, "timed", lambda origin, budget: None)
    monkeypatch.setattr(running, "_on_file", lambda *what: [])
    monkeypatch.setattr(running, "_isolation", lambda *what: (True, ""))
    ok, gone = SimpleNamespace(errors=((1,),)), SimpleNamespace(errors=())
    monkeypatch.setattr(running, "audited_of", lambda plan, subject: [ok, gone])
    nowhere: Any = SimpleNamespace(file=None)
    subject: Any = SimpleNamespace(origin=lambda folder: nowhere, file="mine.py")
    results: Any = SimpleNamespace(folder=Path(), write=lambda found: None)
    plan: Any = SimpleNamespace(digest="", suite="quick")
    monkeypatch.setattr(running, "close_servers", lambda file: None)
    running.look(plan, subject, results, say=lambda text: None)
    assert asked == [ok]


@pytest.mark.parametrize(
    "line", ["class A(Model):\n def source_hash(self): 1", "A.source_hash = 1", "source_hash = 1"]
)
def test_a_scan_says_who_answers_for_the_hash_of_their_code(line: str):
    assert any("hash of its code" in str(one) for one in scan(line))
