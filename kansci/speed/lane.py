"""The speed lane: a model timed at length beside the reference MLP, alone on the machine.

Each timing of a lap goes on until its interval is narrow, and memory is counted beside. What
cannot be compiled is left out with a reason, and is no failure.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from kansci.draws import Draws
from kansci.environment import environment
from kansci.errors import RAISED, in_a_line
from kansci.models import trainable
from kansci.record import Speed, Timing, Work
from kansci.speed.clock import Call, compare
from kansci.speed.laps import WITH_BACKWARD, Lap, lane_key, source
from kansci.speed.packages import package_of
from kansci.speed.ratio import REFERENCE, Pair, failed, pair_of, points, timing_of
from kansci.speed.work import call_of, compiled, first_call, kept, replayed


def perform(
    lap: Lap,
    *,
    precision: float,
    seconds: float,
    say: Callable[[str], None] = lambda what: None,
) -> Speed:
    """Times one lap; whatever happens ends in a Record.

    Args:
        precision: the relative width of an interval that ends a timing.
        seconds: time limit of each timing, compiling aside.
        say: gets what is timed now.
    """
    blank = unmeasured(lap, precision, seconds)
    left_out: list[str] = []
    try:
        with Draws("speed", device=lap.device), warnings.catch_warnings():
            if blank.package:
                warnings.simplefilter("ignore")  # other people's
            pair = _placed(lap)
            found = list(_timings(lap, pair, precision, seconds, say, left_out))
    except RAISED as problem:
        return failed(blank, problem)
    return blank.model_copy(
        update={
            "status": "ok",
            "parameters": trainable(pair.ours),
            "timings": tuple(found),
            "left_out": tuple(left_out),
            "load": round(os.getloadavg()[0], 2),
        }
    )


def unmeasured(lap: Lap, precision: float, seconds: float) -> Speed:
    """The Record of a lap that crashes before anything is timed."""
    place = lap.place
    return Speed(
        key=lane_key(lap, precision),
        suite="speed",
        model=lap.model.name,
        model_source=source(lap.model, place),
        package=package_of(lap.model),
        reference=REFERENCE,
        budget=place if isinstance(place, int) else 0,
        parameters=None,
        lane=lap.name,
        widths=() if isinstance(place, int) else place,
        dtype=lap.dtype,
        gear=lap.gear,
        precision=precision,
        limit=seconds,
        status="crashed",
        environment=environment(lap.device),
    )


def no_compiler(device: torch.device) -> str:
    """Why nothing can be compiled here; empty if it can."""
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if device.type == "cpu" and shutil.which(compiler) is None:
        return f"no C++ compiler ({compiler!r})"
    return ""


def _placed(lap: Lap) -> Pair:
    """Both networks on the device, in the dtype."""
    pair = pair_of(lap.model, lap.place)
    dtype = getattr(torch, lap.dtype)
    ours, theirs = (one.to(lap.device, dtype) for one in (pair.ours, pair.theirs))
    return pair._replace(ours=ours, theirs=theirs)


def _timings(
    lap: Lap,
    pair: Pair,
    precision: float,
    seconds: float,
    say: Callable[[str], None],
    left_out: list[str],
) -> Iterator[Timing]:
    for work, batch in lap.pieces:
        what = f"{work}, batch {batch}"
        say(what)
        x = points(batch, pair.dim_in).to(lap.device, getattr(torch, lap.dtype))
        call_of(pair.ours, x, work)()  # what fails in eager torch is a failure of the model
        try:
            yield _timing(lap, pair, work, x, precision, seconds)
        except Exception as problem:
            if lap.gear == "eager":
                raise
            left_out.append(f"{what}: {in_a_line(problem)}")


def _timing(
    lap: Lap, pair: Pair, work: Work, x: Tensor, precision: float, seconds: float
) -> Timing:
    networks: tuple[nn.Module, nn.Module] = (pair.ours, pair.theirs)
    update: dict[str, object] = {"dtype": lap.dtype, "gear": lap.gear}
    calls = [call_of(network, x, work) for network in networks]
    if lap.gear == "compiled":
        networks, calls, firsts = _compiled(networks, x, work, lap.device)
        update |= {"first_call": firsts[0], "reference_first_call": firsts[1]}
    if work in WITH_BACKWARD:
        bytes_kept = [kept(network, x) for network in networks]
        update |= {"kept": bytes_kept[0], "reference_kept": bytes_kept[1]}
    stance = "fail_on_recompile" if lap.gear == "compiled" else "default"
    with torch.compiler.set_stance(stance):  # else one that compiles at each call counts as fast
        found = compare(*calls, device=lap.device, precision=precision, seconds=seconds)
    timing = timing_of(pair, work, len(x), found)
    return Timing.model_validate({**dict(timing), **update})


def _compiled(
    networks: tuple[nn.Module, nn.Module], x: Tensor, work: Work, device: torch.device
) -> tuple[tuple[nn.Module, nn.Module], list[Call], list[float]]:
    """Both networks compiled and their first calls made, with no cache to start from."""
    torch.compiler.reset()
    ours, theirs = (compiled(network, device) for network in networks)
    calls = [call_of(network, x, work) for network in (ours, theirs)]
    if device.type == "cuda":
        calls = [replayed(call) for call in calls]
    with (
        torch.compiler.config.patch(force_disable_caches=True),  # type: ignore[attr-defined]
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "dynamo_pgo force disabled")  # as it should be
        firsts = [first_call(call, device) for call in calls]
    return (ours, theirs), calls, firsts
