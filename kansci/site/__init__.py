"""Static pages of boards, models, tasks and claims: a pure function of Records.

No page asks the network for anything. What comes from submissions is shown as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile

from kansci.boards.reference import Reference
from kansci.discover import home
from kansci.ledger import AnyRecord
from kansci.record import Record
from kansci.site.claims import ClaimText as ClaimText
from kansci.site.claims import measurements
from kansci.site.comparing import data
from kansci.site.edition import edition
from kansci.site.figures import Material, illustrations
from kansci.site.glance import glanced
from kansci.site.methods import formulas
from kansci.site.models import write_model
from kansci.site.pages import check as check
from kansci.site.pages import replacing, write, write_static
from kansci.site.shared import Shared, Standings
from kansci.site.statistics import beside, tables
from kansci.site.tasks import write_task


def build(
    standings: Standings,
    records: Sequence[AnyRecord],
    out: Path,
    *,
    others: Sequence[AnyRecord] = (),
    reference: Reference | None = None,
    claims: Sequence[ClaimText] = (),
    kept: Path | None = None,
    also: Path | None = None,
    link: bool = False,
) -> int:
    """Writes all pages into a folder, which it replaces as a whole, and counts them.

    The same Records give the same bytes.

    Args:
        standings: boards with their rows, the best first.
        out: a folder that is not there, is empty, or holds a site.
        others: further Records; those by other recipes say whether the order holds.
        kept: the folder of the Records, if trained networks may be beside them.
        also: the folder of those Records that are not in that one.
        link: link the files of both folders, and do not copy them; the site stays where it is.

    Raises:
        UserError: if `out` is something else.
    """
    folders = tuple(folder for folder in (kept, also) if folder)
    shared = Shared(standings, records, reference, kept, folders if link else (), out)
    navigation = [
        ("boards", "index.html"),
        ("statistics", "statistics.html"),
        ("compare", "compare.html"),
        ("methods", "methods.html"),
    ]
    if claims:
        navigation.insert(-1, ("claims", "claims.html"))
    common = {"edition": edition(records), "navigation": navigation, "pages": shared.pages}
    with replacing(out) as folder:
        write_static(folder)
        families = _families(records)
        drawn = {
            board.name: illustrations(folder, board.name, Material(rows, records, reference))
            for board, rows in standings
        }
        more = {
            "boards": shared.boards,
            "glance": glanced(standings),
            "drawn": drawn,
            "reference": reference,
            "families": families,
        }
        write(folder, "index.html", "home.html", **more, **common)
        write(folder, "compare.html", "compare.html", data=data(shared), **common)
        write(folder, "methods.html", "methods.html", formulas=formulas(), **common)
        sheets = {"tables": tables(shared, others), "figures": beside(drawn)}
        write(folder, "statistics.html", "statistics.html", **sheets, **common)
        if claims:
            files = measurements(claims, home("leaderboards") / "claims" / "results", folder)
            write(folder, "claims.html", "claims.html", claims=claims, files=files, **common)
        for name in shared.pages.models:
            write_model(folder, shared, name, **common)
        for key in shared.pages.tasks:
            write_task(folder, shared, key, **common)
        for record in (one for one in records if id(one) not in shared.linked):
            path = folder / shared.urls[id(record)]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(record.model_dump_json() + "\n", encoding="utf-8")
        for one, weights in shared.weights.items():
            if one not in shared.linked:
                copyfile(weights.path, folder / weights.url)
        return sum(1 for _ in folder.rglob("*.html"))


def _families(records: Sequence[AnyRecord]) -> list[tuple[str, list[str]]]:
    """Families, and the tasks of each."""
    found: dict[str, set[str]] = {}
    for record in records:
        if isinstance(record, Record):
            found.setdefault(record.family, set()).add(record.task)
    return [(family, sorted(tasks)) for family, tasks in sorted(found.items())]
