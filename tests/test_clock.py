"""Two calls timed in turns: until the interval is narrow, or the comparison says that it is not."""

import pytest
import torch

import kansci.speed.clock
from kansci.speed.clock import compare

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    monkeypatch.setattr(kansci.speed.clock, "BLOCKS", 5)
    monkeypatch.setattr(kansci.speed.clock, "BLOCK_SECONDS", 1e-3)


def work(size):
    numbers = range(size)
    return lambda: sum(numbers)


def test_what_is_asked_for_decides_when_a_comparison_is_settled():
    wide = compare(work(2_000), work(2_000), device=CPU, precision=1e3, seconds=60)
    assert (wide.settled, wide.blocks) == (True, 5)
    never = compare(work(2_000), work(2_000), device=CPU, precision=1e-9, seconds=0.1)
    assert not never.settled
    assert never.settled is not None
    nobody_asked = compare(work(2_000), work(2_000), device=CPU)
    assert (nobody_asked.settled, nobody_asked.blocks) == (None, 5)


def test_few_blocks_settle_nothing_however_narrow(monkeypatch):
    monkeypatch.setattr(kansci.speed.clock, "BLOCKS", 1_000_000)
    found = compare(work(100), work(100), device=CPU, precision=1e3, seconds=0)
    assert (found.settled, found.blocks) == (False, kansci.speed.clock.FEWEST)


def test_the_interval_narrows_as_blocks_are_added():
    found = compare(work(3_000), work(3_000), device=CPU, precision=0.2, seconds=60)
    assert found.settled
    assert (found.high - found.low) / found.ratio < 0.2


def test_more_work_takes_more_time():
    found = compare(work(20_000), work(1_000), device=CPU)
    assert found.ratio > 2
    assert found.low <= found.ratio <= found.high
    assert found.times.shape == (2, 3)
    assert torch.tensor(found.times[:, 2]).isnan().all()  # no events without a GPU


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
def test_on_a_gpu_events_are_the_clock():
    device = torch.device("cuda")
    a, b = (torch.rand(size, size, device=device) for size in (2_048, 128))
    found = compare(lambda: a @ a, lambda: b @ b, device=device)
    assert found.ratio > 2
    assert (found.times > 0).all()
