"""The speed lane: real, tiny measurements; what is asked for is what the Record says."""

import json
import sys
import tempfile
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

import kansci.cli.apart
import kansci.speed.clock
from kansci.cli import main
from kansci.cli.apart import Asked, timed_lap
from kansci.cli.child import PROCESSES
from kansci.ledger import load, load_records
from kansci.models import Model, get_model
from kansci.record import Speed
from kansci.speed.alone import alone
from kansci.speed.lane import no_compiler, perform
from kansci.speed.laps import PIECES, Lap, done, lane_key, laps_of, pieces_of
from kansci.speed.pooled import pooled
from kansci.speed.work import call_of, kept

CPU = torch.device("cpu")
ONE = (("inference", 1),)
SMALL = ("--seconds", "0.1", "--work", "inference", "--batch", "2")


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch, tmp_path):
    """And a lock of the test's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(kansci.speed.clock, "BLOCKS", 3)
    monkeypatch.setattr(kansci.speed.clock, "BLOCK_SECONDS", 1e-4)


def lap(model="fastkan", place=250, dtype="float32", gear="eager", pieces=ONE):
    found = get_model(model) if isinstance(model, str) else model
    return Lap(found, place, dtype, gear, CPU, pieces)


def submitted(make):
    def build(dim_in, dim_out, parameters):
        return make(dim_in, dim_out)

    return Model("submitted", build)


def call(monkeypatch, tmp_path, *words):
    out = ("--out", str(tmp_path / "out"), "--processes", "1")
    return kansci_in_here(monkeypatch, ["speed", "--device", "cpu", *out, *words])


def kansci_in_here(monkeypatch, words):
    monkeypatch.setattr(sys, "argv", ["kansci", *words])
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0


def test_every_piece_of_work_is_timed_and_survives_json():
    record = perform(lap(pieces=PIECES), precision=1e3, seconds=5)
    assert (record.status, record.reason, record.left_out) == ("ok", "", ())
    assert tuple((one.work, one.batch) for one in record.timings) == PIECES
    assert all(one.settled and one.low <= one.ratio <= one.high for one in record.timings)
    assert Speed.model_validate_json(record.model_dump_json()) == record
    for one in record.timings:
        assert (one.kept is not None) == (one.work in ("forward + backward", "training step"))
    assert record.stem == "speed-250-float32-eager-cpu"


def test_an_interval_that_stays_wide_is_not_settled_and_more_time_measures_it_again():
    record = perform(lap(), precision=1e-9, seconds=0.05)
    assert [one.settled for one in record.timings] == [False]
    assert done(record, 0.05)
    assert not done(record, 10)
    assert done(perform(lap(), precision=1e3, seconds=5), 10)


def test_widths_are_those_of_both_networks():
    record = perform(lap("linearkan", (3, 4, 2)), precision=1e3, seconds=5)
    assert (record.budget, record.widths, record.timings[0].shape) == (0, (3, 4, 2), "equal width")
    assert f"against {3 * 4 + 4 + 4 * 2 + 2} trainable" in record.timings[0].network


def test_the_dtype_asked_for_is_the_dtype_of_weights_and_points():
    seen = set()

    class Listens(nn.Linear):
        def forward(self, x):
            seen.add((x.dtype, self.weight.dtype))
            return super().forward(x)

    record = perform(lap(submitted(Listens), dtype="float64"), precision=1e3, seconds=5)
    assert (record.status, record.timings[0].dtype) == ("ok", "float64")
    assert seen == {(torch.float64, torch.float64)}


def test_memory_kept_is_what_a_hand_counts():
    x = torch.rand(10, 2)
    first, last = nn.Linear(2, 8), nn.Linear(8, 1)
    numbers = 10 * 2 + 10 * 8  # the batch, and the output of tanh, which the last layer needs, too
    assert kept(nn.Sequential(first, nn.Tanh(), last), x) == 4 * numbers
    assert kept(nn.Sequential(first, nn.Tanh(), last).double(), x.double()) == 8 * numbers
    assert kept(nn.Linear(2, 1, bias=False).requires_grad_(False), x) == 0


def test_a_timed_training_step_leaves_the_network_as_it_is():
    network = nn.Linear(2, 1)
    before = network.weight.clone()
    call_of(network, torch.rand(5, 2), "training step")()
    assert torch.equal(network.weight, before)
    assert network.weight.grad is not None
    call_of(network, torch.rand(5, 2), "inference")
    assert not network.training


def test_a_key_depends_on_all_that_is_asked_for_and_the_time_limit_is_no_part_of_it():
    varied = [
        lap(), lap("kan"), lap(place=1000), lap(place=(2, 4, 1)), lap(dtype="float64"),
        lap(gear="compiled"), lap(pieces=PIECES), lap()._replace(device=torch.device("cuda")),
    ]  # fmt: skip
    assert len({lane_key(one, 0.05) for one in varied}) == len(varied)
    assert len({(one.model.name, one.name) for one in varied}) == len(varied)
    assert lane_key(lap(), 0.05) != lane_key(lap(), 0.01)
    assert lane_key(lap(), 0.05) == perform(lap(), precision=0.05, seconds=0.01).key


def test_pieces_are_the_usual_ones_or_those_of_batches_of_ones_own():
    assert pieces_of(["inference"], []) == PIECES[4:]
    assert pieces_of(["inference", "forward"], [7]) == (("forward", 7), ("inference", 7))


def test_models_without_widths_are_timed_at_budgets_alone():
    models = [get_model("linear-rbf"), get_model("kan")]
    found = laps_of(models, [250, (2, 3, 1)], ["float32"], ["eager"], CPU)
    assert [(one.model.name, one.place) for one in found] == [
        ("linear-rbf", 250),
        ("kan", 250),
        ("kan", (2, 3, 1)),
    ]


@pytest.mark.parametrize("gear", ["eager", "compiled"])
def test_a_model_that_fails_is_a_record_with_its_reason(gear):
    class Breaks(nn.Linear):
        def forward(self, x):
            raise RuntimeError("no\nway")

    record = perform(lap(submitted(Breaks), gear=gear), precision=1e3, seconds=1)
    assert (record.status, record.reason) == ("crashed", "RuntimeError: no way")


def test_what_cannot_be_compiled_is_left_out_with_a_reason_and_is_no_failure(monkeypatch):
    def refuses(*args, **options):
        raise RuntimeError("no such operation")

    monkeypatch.setattr(torch, "compile", refuses)
    record = perform(lap(gear="compiled"), precision=1e3, seconds=1)
    assert (record.status, record.timings) == ("ok", ())
    assert record.left_out == ("inference, batch 1: RuntimeError: no such operation",)


def test_a_compiled_timing_says_how_long_its_first_call_took(monkeypatch):
    """Captured and not generated: a C++ compiler takes 20 s, of which these numbers say nothing."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    linear = lap(submitted(lambda i, o: nn.Linear(i, o)), gear="compiled")
    (one,) = perform(linear, precision=1e3, seconds=5).timings
    assert one.gear == "compiled"
    assert one.first_call > 1e-3 * one.wall_ms
    assert one.reference_first_call > 0


def test_a_machine_without_a_compiler_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert "no-such-compiler" in no_compiler(CPU)
    assert no_compiler(torch.device("cuda")) == ""
    words = ("--model", "mlp-silu", "--shape", "budget", "--gear", "compiled", *SMALL)
    assert call(monkeypatch, tmp_path, *words) == 2
    assert "no C++ compiler" in capsys.readouterr().err
    assert call(monkeypatch, tmp_path, *words, "--gear", "eager") == 0
    assert capsys.readouterr().err.count("no C++ compiler") == 1


def test_the_command_measures_once_and_speaks_json(monkeypatch, tmp_path, capsys):
    words = ("--model", "mlp-silu", "--shape", "2-3-1", *SMALL, "--precision", "1", "--json")
    assert call(monkeypatch, tmp_path, *words) == 0
    said = capsys.readouterr()
    (row,) = json.loads(said.out)["records"]
    assert row["timings"][0]["work"] == "inference"
    assert "1 to do" in said.err
    (path,) = (tmp_path / "out").rglob("*.json")
    before = path.read_bytes()
    assert call(monkeypatch, tmp_path, *words) == 0
    assert "nothing to time" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert load(path).model_dump(mode="json") == row


def test_other_work_has_a_file_of_its_own_and_the_table_shows_every_model(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(kansci.speed.clock, "BLOCKS", 1_000_000)  # too many for the time allowed
    words = ("--model", "mlp-silu", "--model", "linear-rbf", "--seconds", "0.1")
    words += ("--shape", "budget", "--work", "inference")
    for batch in ("2", "3"):
        assert call(monkeypatch, tmp_path, *words, "--batch", batch, "--precision", "0.01") == 0
    out = capsys.readouterr().out
    assert "linear-rbf" in out
    assert "* did not become narrower than 1 %" in out
    assert len(load_records(tmp_path / "out")) == 4


def test_a_second_command_does_not_measure_beside_the_first(monkeypatch, tmp_path, capsys):
    with alone():
        assert call(monkeypatch, tmp_path, "--model", "mlp-silu", *SMALL, "--no-wait") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "measures speed on this machine" in line
    assert not list((tmp_path / "out").rglob("*.json"))


@pytest.mark.parametrize(
    ("model", "place", "dtype"),
    [("mlp-silu", 250, "float64"), ("kan[grid=3]", (2, 3, 1), "float32")],
)
def test_each_process_times_the_lap_that_was_asked_for(
    model, place, dtype, monkeypatch, tmp_path, capsys
):
    made = []

    def in_here(words, *, aloud):
        assert kansci_in_here(monkeypatch, words) == 0
        made.extend(load_records(Path(words[words.index("--out") + 1])))

    monkeypatch.setattr(kansci.cli.apart, "run_child", in_here)
    one = lap(model, place, dtype, pieces=(("inference", 2),))
    words = {one.model.name: ["--model", model]}
    asked = Asked(1.0, 0.5, PROCESSES, words, ["--work=inference", "--batch=2"])
    with alone():  # as the command that measures: what it starts must not wait for it
        found = timed_lap(one, asked, lambda what: None)
    assert {each.key for each in made} == {lane_key(one, 1.0)}
    assert found.key == asked.key(one) == lane_key(one, 1.0, PROCESSES)
    (timing,) = found.timings
    ratios = sorted(each.timings[0].ratio for each in made)
    assert (timing.low, timing.high) == (ratios[0], ratios[-1])
    assert timing.ratio == pytest.approx((ratios[2] + ratios[3]) / 2)
    assert timing.processes == 6
    assert timing.blocks == sum(each.timings[0].blocks for each in made)


def test_processes_are_pooled_in_any_order_and_one_that_fails_is_the_outcome():
    few = [perform(lap(pieces=PIECES[-3:]), precision=1e3, seconds=1) for _ in range(3)]
    less = few[0].model_copy(update={"timings": few[0].timings[1:], "left_out": ("inference",)})
    found = pooled([*few, *few], "key")
    assert pooled([*few[::-1], *few], "key").timings == found.timings
    assert [one.batch for one in found.timings] == [1, 256, 4_096]
    part = pooled([*few, *few, less], "key")
    assert ([one.batch for one in part.timings], part.left_out) == ([256, 4_096], ("inference",))
    bad = few[0].model_copy(update={"status": "crashed", "reason": "killed", "timings": ()})
    assert pooled([*few, bad], "key") == bad.model_copy(update={"key": "key"})
    with pytest.raises(ValueError, match="want 6 values or more"):
        pooled(few, "key")


def test_a_process_that_dies_is_a_record_with_its_reason(monkeypatch):
    def dies(words, *, aloud):
        raise ChildProcessError("its process ended with -11")

    monkeypatch.setattr(kansci.cli.apart, "run_child", dies)
    found = timed_lap(lap(), Asked(0.1, 1, PROCESSES, {"fastkan": []}, []), lambda what: None)
    assert (found.status, found.model, found.lane) == ("crashed", "fastkan", lap().name)
    assert "-11" in found.reason


def test_a_speed_of_a_suite_from_before_the_lane_loads_and_keeps_its_file_name():
    old = load(Path(__file__).parent / "data" / "records_v1" / "speed.json")
    assert isinstance(old, Speed)
    assert (old.stem, old.lane, old.gear) == (f"speed-{old.budget}", "", "eager")
    assert {(one.settled, one.kept, one.first_call) for one in old.timings} == {(None, None, None)}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--shape", "784"), "want 'budget' or widths"),
        (("--shape", "2--1"), "want 'budget' or widths"),
        (("--gear", "fast"), "unknown gear 'fast'"),
        (("--work", "inferense"), "did you mean 'inference'"),
        (("--dtype", "float16"), "unknown dtype"),
        (("--parameters", "0"), "want at least 1"),
        (("--processes", "3"), "want 1, or 6 or more"),
        (("--model", "linear-rbf", "--shape", "2-3-1"), "use --shape budget"),
    ],
    ids=str,
)
def test_what_a_user_can_mend_is_one_line(monkeypatch, tmp_path, capsys, words, said):
    assert call(monkeypatch, tmp_path, *words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
@pytest.mark.parametrize("gear", ["eager", "compiled"])
def test_on_a_gpu_the_ratio_is_of_events(gear):
    there = lap("kan", gear=gear, pieces=PIECES[1:3])._replace(device=torch.device("cuda"))
    record = perform(there, precision=1e3, seconds=5)
    assert (record.status, record.left_out) == ("ok", ())
    assert [one.device_ms > 0 for one in record.timings] == [True] * len(PIECES[1:3])
