"""Malformed files of bundles: each ends in one line, and changes nothing.

    python benchmarks/fuzz.py --bundle leaderboards/models/NAME

Hypothesis draws from a fixed seed: bytes that are flipped, cut and repeated, fields that are
swapped, lost, new or of another type, numbers and depths without end, names with ../ and control
characters, NaN, coding comments. Each file is read by itself, and as boards read it: with the whole
ledger. The test suite runs a sample of the same.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kansci.errors import UserError
from kansci.ledger import load
from kansci.submission.bundle import installed_of, read
from kansci.submission.entry import Entry, parsed
from kansci.submission.ledger import LEDGER, MODELS, load_ledger
from kansci.submission.manifest import LATER, Manifest, digest_of
from kansci.submission.source import source_text
from kansci.submission.status import status_of

RECORD = "records/mykan/poisson/demo-250.json"
KINDS: dict[str, Callable[[Path], object]] = {
    "entry.json": lambda path: parsed(path, Entry),
    "manifest.json": lambda path: parsed(path, Manifest),
    RECORD: load,
    "environment.txt": installed_of,
    "model.py": lambda path: source_text(path.read_bytes(), path),
    LATER: lambda path: status_of(read(path.parent)),
}
UNLISTED = ("manifest.json", LATER)
NASTY = (
    *("", " ", "../../etc/passwd", "a/../../b", "<script>alert(1)</script>", "\x00", "\x1b[2J"),
    *("CON", "NaN", "-Infinity", "é" * 400, "\u202egnp.exe", "\ud800", "a\nb", "/", ".", ".git"),
)
CODINGS = ("utf-7", "unicode_escape", "utf-8", "utf_8_sig", "latin-1", "rot13", "\x00", "none")
LINES = (
    *(f"# -*- coding: {one} -*-" for one in CODINGS),
    *("\f# coding=utf-7", "\ufeff# coding: utf-8", "\r# coding: utf-7", "\x85", "\u2028", "=="),
    *("torch @ file:///etc/passwd", "torch==1 ; import os", "-e git+https://x"),
)
TEXTS = st.text(max_size=400) | st.sampled_from(NASTY) | st.sampled_from(LINES)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**18), 2**63, 0, -1]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(NASTY),
)
VALUES = st.recursive(
    LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one)
)
DEEP = ("[" * 200_000, '{"a":' * 100_000, "[" * 500 + "]" * 500, "1" * 10_000, "", "\ufeff{}")


@st.composite
def malformed(draw: st.DrawFn, text: str) -> bytes:
    """A file that was sound, after something has happened to it."""
    way = draw(st.integers(0, 9))
    if way == 0:
        return draw(st.sampled_from(DEEP)).encode()
    if way == 1:
        return draw(st.binary(max_size=60))
    if way <= 4:
        return draw(_bytes(text.encode()))
    if not text.startswith("{"):
        return draw(_lines(text.splitlines())).encode(errors="surrogatepass")
    content = json.loads(text)
    for _ in range(draw(st.integers(1, 3))):
        _spoil(draw, content)
    return json.dumps(content).encode()


@st.composite
def _lines(draw: st.DrawFn, lines: list[str]) -> str:
    """Lines of a text, of which some are lost, moved, or others."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, 2) | st.integers(0, len(lines)))
        lines = [*lines[:place], draw(TEXTS), *lines[place + draw(st.integers(0, 2)) :]]
        if draw(st.booleans()):
            lines = lines[place:] + lines[:place]
    return draw(st.sampled_from(["\n", "\r", "\r\n"])).join(lines)


@st.composite
def _bytes(draw: st.DrawFn, data: bytes) -> bytes:
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 40)))
    middle = draw(
        st.binary(max_size=8)
        | st.just(data[start:end] * 2)
        | st.sampled_from([b"NaN", b"1e999", b"-0", b"null", b"\\u0000", b'"', b"\xff"])
    )
    return data[:start] + middle + data[end:]


def _spoil(draw: st.DrawFn, content: Any) -> None:
    """Changes one place of a tree: a value, a key, or whether it is there at all."""
    place = content
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        below = place[key]
        if isinstance(below, dict | list) and below and draw(st.booleans()):
            place = below
            continue
        what = draw(st.integers(0, 5))
        if what == 0:
            del place[key]
        elif what == 1 and isinstance(place, dict):
            place[draw(st.text(max_size=8) | st.sampled_from(NASTY))] = draw(VALUES)
        elif what == 2:
            place[key] = place[draw(st.sampled_from(keys))]
        elif what == 3 and isinstance(below, str):
            place[key] = draw(TEXTS)
        else:
            place[key] = draw(VALUES)
        return


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def ends(what: Callable[[], object]) -> str:
    """`read`, or `refused` in one line that prints; anything else is raised."""
    try:
        what()
    except UserError as error:
        said = str(error)
        if not said or not said.isprintable() or len(said) > 2_000:
            raise AssertionError(f"want one line, got {said!r}") from error
        return "refused"
    return "read"


def check(bundle: Path, name: str, data: bytes, *, listed: bool) -> str:
    """A file of a bundle with other bytes: by itself, then as the ledger has it.

    Args:
        bundle: in a ledger, as `fuzz` wants it.
        listed: whether the manifest agrees with the file, as a cheat's would.
    """
    path, manifest = bundle / name, bundle / "manifest.json"
    kept = {one: one.read_bytes() for one in (path, manifest)}
    try:
        path.write_bytes(data)
        if listed and name not in UNLISTED:
            manifest.write_bytes(_agreeing(bundle, kept[manifest], name, data))
        ledger = bundle.parents[1]
        before = snapshot(ledger)
        alone, whole = ends(lambda: KINDS[name](path)), ends(lambda: load_ledger(ledger))
        if snapshot(ledger) != before:
            raise AssertionError("a file has changed")
        if alone == "refused" and whole == "read":
            raise AssertionError("a bundle was read whose file is refused")
    finally:
        for one, content in kept.items():
            one.write_bytes(content)
    return f"{alone} alone, {whole} in a bundle"


def _agreeing(bundle: Path, manifest: bytes, name: str, data: bytes) -> bytes:
    found = Manifest.model_validate_json(manifest)
    one = found.files[name].model_copy(
        update={"sha256": sha256(data).hexdigest(), "size": len(data)}
    )
    files = {**found.files, name: one}
    other = found.model_copy(update={"files": files, "digest": digest_of(files)})
    return other.model_dump_json().encode()


def fuzz(bundle: Path, examples: int) -> Counter[tuple[str, str]]:
    """So many malformed files of each kind; how they ended, by kind.

    Args:
        bundle: in `leaderboards/models`; it gets a verification, if it has none.
    """
    if bundle.parents[1].name != LEDGER or bundle.parent.name != MODELS:
        raise ValueError(f"want a bundle in {LEDGER}/{MODELS}, got {bundle}")
    if not (bundle / LATER).exists():
        (bundle / LATER).write_text(json.dumps(verdict(bundle)), encoding="utf-8")
    found: Counter[tuple[str, str]] = Counter()
    for name in KINDS:
        _law(bundle, name, found, examples)()
    return found


def verdict(bundle: Path) -> dict[str, object]:
    """A verification of a bundle, as much of it as boards look at."""
    sound = read(bundle)
    return {
        **{"schema_version": 1, "kansci_protocol": 1, "name": sound.name, "seeds": [7]},
        **{"bundle": sound.digest, "suite": sound.entry.suite, "status": "verified"},
        **{"reasons": [], "secret": "a" * 64, "compared": [{"task": "poisson"}]},
    }


def _law(bundle: Path, name: str, found: Counter[tuple[str, str]], examples: int) -> Any:
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=malformed((bundle / name).read_text(encoding="utf-8")), listed=st.booleans())
    def law(data: bytes, listed: bool) -> None:
        found[name, check(bundle, name, data, listed=listed)] += 1

    return law


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--bundle", type=Path, required=True, help="a sound one; it is copied")
    options.add_argument("--examples", type=int, default=10_000, help="of each kind of file")
    given_ = options.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, LEDGER, MODELS, given_.bundle.name)
        found = fuzz(Path(shutil.copytree(given_.bundle, copy)), given_.examples)
    for (name, end), count in sorted(found.items()):
        print(f"{name:40} {end:40} {count:7}")
    print(f"{sum(found.values())} malformed files, {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
