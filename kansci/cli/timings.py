"""Tables of timings: one for each place, dtype, gear and device, a row for each model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kansci.record import Speed, Timing

if TYPE_CHECKING:
    from rich.table import Table

UNSETTLED = "*"
SHORT = {
    "forward": "forward",
    "forward + backward": "forward + backward",
    "training step": "step",
    "inference": "infer",
}


def tables(records: Sequence[Speed]) -> list[Table]:
    """In the order of the Records; models in a table by their first ratio."""
    places = dict.fromkeys(record.lane for record in records)
    return [_table([one for one in records if one.lane == lane]) for lane in places]


def _table(records: Sequence[Speed]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    columns = list(dict.fromkeys(_heading(one) for record in records for one in record.timings))
    table = Table(
        title=Text(_title(records[0]), style="bold"),
        caption=Text(_caption(records), style="dim"),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        min_width=78,  # title and caption fold at the table's width
    )
    table.add_column("model", overflow="fold")
    for heading in [*columns, "kept"]:
        table.add_column(Text(heading), justify="right")
    for record in sorted(records, key=_first):
        found = {_heading(one): one for one in record.timings}
        cells = [_cell(found[name]) if name in found else "-" for name in columns]
        table.add_row(Text(record.model), *map(Text, cells), _kept(record.timings))
    return table


def _heading(timing: Timing) -> str:
    return f"{SHORT[timing.work]}\n{timing.batch}"


def _cell(timing: Timing) -> str:
    star = UNSETTLED if timing.settled is False else ""
    return f"{timing.ratio:.3g}{star}\n[{timing.low:.3g}, {timing.high:.3g}]"


def _kept(timings: Sequence[Timing]) -> str:
    """Bytes that the network keeps for the backward pass, over what the reference keeps."""
    for one in timings:
        if one.kept is not None and one.reference_kept:
            return f"{one.kept / one.reference_kept:.3g}"
    return "-"


def _first(record: Speed) -> tuple[bool, float, str]:
    ratios = [timing.ratio for timing in record.timings]
    return not ratios, ratios[0] if ratios else 0.0, record.model


def _title(record: Speed) -> str:
    place = (
        f"widths {'-'.join(map(str, record.widths))}"
        if record.widths
        else f"{record.budget} trainable numbers"
    )
    device = record.environment.device
    return f"Time over that of {record.reference}: {place}, {record.dtype}, {record.gear}, {device}"


def _caption(records: Sequence[Speed]) -> str:
    timings = [timing for record in records for timing in record.timings]
    clock = "events of the GPU" if any(one.device_ms for one in timings) else "CPU time"
    counts = sorted({one.processes for one in timings})
    over = f" over {' or '.join(map(str, counts))} processes" if counts[-1] > 1 else ""
    lines = [
        f"work and batch; ratio of {clock}, below it its 95 % interval{over}; less is faster",
        "kept: bytes kept for the backward pass, over those of the reference",
    ]
    if any(one.settled is False for one in timings):
        width = 100 * (records[0].precision or 0)
        lines.append(f"{UNSETTLED} did not become narrower than {width:g} % in the time allowed")
    return "\n".join(lines)
