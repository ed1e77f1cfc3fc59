"""A source says to Python what it says to whoever reads it, or is refused."""

import codecs
from pathlib import Path

import pytest
from submissions import WHO, here, submitted, written

from kansci.discover import load
from kansci.errors import UserError
from kansci.submission import submitting
from kansci.submission.bundle import read
from kansci.submission.manifest import manifest_of
from kansci.submission.source import disguised
from kansci.submission.submitting import frozen, submit
from kansci.verification.scan import scan

HIDDEN = {
    "unicode_escape": b"# coding: unicode_escape\n# plain comment \\u000aimport gc\n",
    "utf-7": b"# -*- coding: utf-7 -*-\n# plain comment +AAo-import gc\n",
    "in the second line": b"#!/usr/bin/python\n# vim: set fileencoding=utf-7 :\n#+AAo-import gc\n",
    "after a return": b"\r# coding: utf-7\r\n# plain comment +AAo-import gc\r\n",
    "after a form feed": b"\x0c# coding:utf_7\n# plain comment +AAo-import gc\n",
    "a mark": codecs.BOM_UTF8 + b"import gc\n",
}
OTHERS = {
    "latin-1": b"# coding: latin-1\n",
    "no codec": b"# coding: nonsense\n",
    "a mark of UTF-16": "import gc".encode("utf-16"),
    "a mark and a cookie": codecs.BOM_UTF8 + b"# coding: utf-7\n",
}
PLAIN = (
    b"",
    b"# -*- coding: utf-8 -*-\n",
    b"# coding=UTF8\r\n",
    b"#!/usr/bin/python\n# coding: utf_8\n",
    b"x = 1\n# coding: utf-7\n",  # in the second line, which is no comment's second
    b'"""\n# coding: utf-7\n"""\n',
    b"\n\n# coding: utf-7\n",
)


@pytest.mark.parametrize("how", HIDDEN)
def test_an_import_that_only_python_sees_is_seen_by_the_scan(how: str, tmp_path: Path) -> None:
    file = tmp_path / "hidden.py"
    file.write_bytes(HIDDEN[how])
    assert "gc" in vars(load(file))  # it runs
    for source in (HIDDEN[how], HIDDEN[how].decode()):
        said = list(map(str, scan(source)))
        assert any("read otherwise than it looks" in one for one in said)
        assert any("can find objects of others by gc" in one for one in said)


@pytest.mark.parametrize("how", {**HIDDEN, **OTHERS})
def test_it_is_refused_before_anything_runs(how: str, tmp_path: Path) -> None:
    file = tmp_path / "mykan.py"
    file.write_bytes({**HIDDEN, **OTHERS}[how])
    with pytest.raises(UserError, match=r"mykan\.py: want .*; save it as UTF-8") as said:
        submit(file, suite="demo", records=tmp_path, out=tmp_path / "models", **WHO)
    assert "\n" not in str(said.value)


def test_a_bundle_of_such_a_source_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "foreign", here)
    folder = submitted(tmp_path).folder
    model = folder / "model.py"
    model.write_bytes(HIDDEN["utf-7"] + model.read_bytes())
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    del found["manifest.json"]
    manifest = manifest_of({path: one.read_bytes() for path, one in found.items()})
    (folder / "manifest.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    with pytest.raises(UserError, match="want the coding UTF-8, got utf-7"):
        read(folder)


@pytest.mark.parametrize("data", PLAIN)
def test_utf_8_may_be_named_and_what_is_no_cookie_is_none(data: bytes) -> None:
    assert disguised(data) == ""
    assert not any("otherwise" in str(one) for one in scan(data))


def test_the_template_is_frozen_byte_for_byte(tmp_path: Path) -> None:
    file = written(tmp_path)
    assert frozen(file) == file.read_bytes()
