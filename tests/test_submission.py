"""Bundles: written whole or not at all, and refused with a reason."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from calling import call
from submissions import WHO, here, submitted, written

from kansci.errors import UserError
from kansci.ledger import load_records, save
from kansci.submission import submitting
from kansci.submission.bundle import Bundle, read
from kansci.submission.ledger import bundles
from kansci.submission.manifest import manifest_of
from kansci.submission.names import free_name
from kansci.submission.submitting import submit

Spoil = Callable[[Path], object]


@pytest.fixture(autouse=True, scope="module")
def in_this_process() -> Iterator[None]:
    """The file is our own template: a sandbox for each copy of it would only take its seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submitting, "foreign", here)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file, its Records and its bundle; read it, and change copies."""
    folder = tmp_path_factory.mktemp("submitted")
    submitted(folder)
    return folder


@pytest.fixture
def bundle(home: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to be spoilt."""
    return Path(shutil.copytree(home / "models" / "mykan", tmp_path / "models" / "mykan"))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def again(home: Path, out: Path, **changes: object) -> Bundle:
    """Submits the file of `home` into another folder."""
    given = {"suite": "demo", "records": home / "made", "out": out, **WHO, **changes}
    return submit(home / "mykan.py", **given)  # type: ignore[arg-type]


def listed_again(bundle: Path) -> None:
    """Writes the manifest that the files have now, as whoever spoils them would."""
    contents = snapshot(bundle)
    contents.pop("manifest.json")
    (bundle / "manifest.json").write_text(manifest_of(contents).model_dump_json())


def test_a_bundle_holds_the_file_byte_for_byte_its_records_and_what_was_installed(
    home: Path,
) -> None:
    found = read(home / "models" / "mykan")
    assert found.model.read_bytes() == (home / "mykan.py").read_bytes()
    assert [r.key for r in found.records] == [r.key for r in load_records(home / "made")]  # type: ignore[union-attr]
    assert any(one.startswith("torch==") for one in found.environment)
    assert (found.entry.authors, found.entry.licence) == ("A. One, B. Two", "MIT")


def test_the_same_submission_has_the_same_digest(home: Path, tmp_path: Path) -> None:
    assert again(home, tmp_path / "models").digest == read(home / "models" / "mykan").digest


def test_the_command_says_what_to_do_with_the_bundle_and_does_none_of_it(
    home: Path, tmp_path: Path
) -> None:
    words = ["submit", home / "mykan.py", "--suite", "demo", "--records", home / "made"]
    words += ["--name", "mykan", "--authors", "me", "--url", "https://example.org"]
    said = call(*words, "--licence", "apache-2.0", "--out", tmp_path / "models")
    assert said.code == 0, said.stderr
    assert "git add" in said.stdout
    assert {p.name for p in tmp_path.iterdir()} == {"models"}
    assert read(tmp_path / "models" / "mykan").entry.licence == "Apache-2.0"


def test_a_bundle_is_checked_in_the_sandbox_of_its_file(home: Path) -> None:
    said = call("submit", "--check", "mykan", "--out", home / "models", "--json")
    assert said.code == 0, said.stderr
    assert json.loads(said.stdout)["status"] == "self-reported"
    assert not [name for name in sys.modules if name.startswith("kansci_file_model")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "other"}, "calls its model 'mykan'"),
        ({"licence": "mine"}, "want the SPDX name"),
        ({"licence": "LicenseRef-mine"}, "want the SPDX name"),
        ({"licence": ""}, "want the SPDX name"),
        ({"url": "javascript:alert(1)"}, "want https://"),
        ({"authors": "A\n\x1b[31mB"}, "want one line that prints"),
        ({"suite": "quick"}, "got 0: none of .* and 9 more; make it: kansci run --model .*quick"),
        ({"records": Path("nowhere")}, "want all 3 Records of the suite demo, got 0"),
    ],
)
def test_what_is_not_whole_is_refused_and_nothing_is_written(
    changes: dict[str, object], reason: str, home: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=reason) as error:
        again(home, tmp_path / "models", **changes)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "models").exists()


def test_records_of_another_source_are_no_records_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path)
    file.write_text(file.read_text().replace("size=6", "size=7"))
    with pytest.raises(UserError, match="3 there are of another source than the file has now"):
        again(tmp_path, tmp_path / "models")


def test_records_of_a_checkout_with_changes_are_refused(tmp_path: Path) -> None:
    written(tmp_path)
    record = load_records(tmp_path / "made")[0]
    changed = record.environment.model_copy(update={"dirty": True})
    save(record.model_copy(update={"environment": changed}), tmp_path / "made")
    with pytest.raises(UserError, match="got 1 made in a checkout with changes"):
        again(tmp_path, tmp_path / "models")


def test_who_has_all_derivatives_of_a_task_cannot_call_it_not_applicable(tmp_path: Path) -> None:
    written(tmp_path)
    record = load_records(tmp_path / "made")[0]
    none = {"status": "not_applicable", "members": (), "errors": (), "parameters": None}
    save(record.model_copy(update=none), tmp_path / "made")
    with pytest.raises(UserError, match=r"want answers on .*, of which it has all derivatives"):
        again(tmp_path, tmp_path / "models")


@pytest.mark.parametrize("taken", ["mykan", "MyKAN"])
@pytest.mark.parametrize("where", ["models", "records", "standard"])
def test_a_name_that_somebody_has_is_refused(
    taken: str, where: str, home: Path, tmp_path: Path
) -> None:
    (tmp_path / where / taken).mkdir(parents=True)
    with pytest.raises(UserError, match=f"has '{taken}'; choose another name"):
        again(home, tmp_path / "models")


def test_the_folder_of_an_editions_tables_is_nobodys_name(tmp_path: Path) -> None:
    (tmp_path / "standard" / "boards").mkdir(parents=True)
    assert free_name("boards", tmp_path / "models") == "boards"


@pytest.mark.parametrize("name", ["mypkg.kans:model", "theirs"])
def test_a_model_of_a_package_is_to_be_put_into_one_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "list_installed", lambda: {"theirs": "mypkg 1.0"})
    words = ["submit", name, "--authors", "me", "--url", "https://example.org", "--licence", "MIT"]
    said = call(*words, "--out", tmp_path / "models")
    assert (said.code, said.stderr.count("\n")) == (2, 1)
    assert f"{name}: want a Python file, got a model of an installed package; put" in said.stderr


def test_ones_own_model_is_submitted_again_once_its_bundle_is_removed(
    home: Path, tmp_path: Path
) -> None:
    first = again(home, tmp_path / "models")
    with pytest.raises(UserError, match=f"or remove {first.folder} to submit your own again"):
        again(home, tmp_path / "models")
    shutil.rmtree(first.folder)
    assert again(home, tmp_path / "models").digest == first.digest


def test_a_file_that_is_too_large_is_refused(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mykan.py"
    file.write_bytes((home / "mykan.py").read_bytes() + b"#" * 5_000_000)
    with pytest.raises(UserError, match="want at most 5_000_000 bytes"):
        submit(file, suite="demo", records=home / "made", out=tmp_path / "models", **WHO)


def test_what_a_killed_process_left_is_swept_up(home: Path, tmp_path: Path) -> None:
    left = tmp_path / "models" / ".submitting~4194305"  # beyond the largest process number
    shutil.copytree(home / "models" / "mykan", left / "mykan")
    assert bundles(tmp_path / "models") == []
    again(home, tmp_path / "models")
    assert not left.exists()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def relist(spoil: Spoil) -> Spoil:
    """Spoils, and writes a manifest that agrees."""

    def both(bundle: Path) -> None:
        spoil(bundle)
        listed_again(bundle)

    return both


def twin(bundle: Path) -> None:
    (bundle / "records" / "MYKAN" / "poisson").mkdir(parents=True)
    shutil.copy(bundle / RECORD, bundle / "records" / "MYKAN" / "poisson" / "demo-250.json")


RECORD = "records/mykan/poisson/demo-250.json"
SPOILT = {
    "changed source": (lambda b: edit(b / "model.py", "6", "8"), "has changed since"),
    "changed Record": (lambda b: edit(b / RECORD, "0.5", "0.1"), "has changed since"),
    "missing Record": (lambda b: (b / RECORD).unlink(), "is missing"),
    "another file": (lambda b: (b / "notes").write_text(""), "is not in the manifest"),
    "hidden file": (lambda b: (b / ".env").write_text(""), "is not in the manifest"),
    "no manifest": (lambda b: (b / "manifest.json").unlink(), "want a bundle with a manifest"),
    "another folder": (
        lambda b: b.rename(b.with_name("other")),
        "want the folder of a bundle, got none",
    ),
    "a link": (
        lambda b: (b / "model.py").unlink() or (b / "model.py").symlink_to("/etc/passwd"),
        "no links",
    ),
    "a linked folder": (lambda b: (b / "records" / "x").symlink_to("/tmp"), "no links"),
    "a pipe": (lambda b: os.mkfifo(b / "records" / "pipe.json"), "regular files alone"),
    "a large file": (
        lambda b: (b / "model.py").write_bytes(b"#" * 5_000_001),
        "at most 5_000_000 bytes a file",
    ),
    "deep folders": (lambda b: (b / "/".join("abcdefghij")).mkdir(parents=True), "at most 8"),
    "path out": (lambda b: edit(b / "manifest.json", "model.py", "../model.py"), "want a path of"),
    "script": (lambda b: edit(b / "entry.json", '"mykan"', '"<script>"'), "has changed since"),
    "name": (
        relist(lambda b: edit(b / "entry.json", '"mykan"', '"<script>"')),
        "want a name of letters and digits",
    ),
    "name out": (
        relist(lambda b: edit(b / "entry.json", '"mykan"', '"../../records"')),
        "want a name of letters and digits",
    ),
    "another name": (
        relist(lambda b: edit(b / "entry.json", '"mykan"', '"yourkan"')),
        "want the folder of 'yourkan' to have that name",
    ),
    "further field": (
        relist(lambda b: edit(b / "entry.json", '"name"', '"admin": 1, "name"')),
        "admin: Extra inputs",
    ),
    "another model": (
        relist(lambda b: edit(b / RECORD, '"model":"mykan"', '"model":"kan"')),
        "got one of 'kan'",
    ),
    "another suite": (
        relist(lambda b: edit(b / RECORD, '"suite":"demo"', '"suite":"quick"')),
        "want Records of the suite 'demo'",
    ),
    "another place": (
        relist(lambda b: (b / RECORD).rename(b / "records/mykan/demo-250.json")),
        "want this Record at",
    ),
    "fewer members": (relist(lambda b: edit(b / RECORD, "[0.5,0.5]", "[0.5]")), "want errors of"),
    "below zero": (relist(lambda b: edit(b / RECORD, "[0.5,0.5]", "[-1,0.5]")), "at least 0"),
    "verified by itself": (
        relist(lambda b: edit(b / RECORD, '"verified":"self"', '"verified":"ci"')),
        "want Records as they were made",
    ),
    "status by itself": (
        relist(lambda b: edit(b / RECORD, '{"schema', '{"submitted":"verified","schema')),
        "not for its Records to say",
    ),
    "weights of none": (
        relist(lambda b: (b / "records/mykan/x.safetensors").write_bytes(b"")),
        "want a Record beside the weights",
    ),
    "weights of another": (
        relist(lambda b: (b / RECORD).with_suffix(".safetensors").write_bytes(b"")),
        "want the weights of the Record beside it",
    ),
    "environment": (
        relist(lambda b: (b / "environment.txt").write_text("torch @ file:///x\n")),
        "want name==version",
    ),
    "no Records": (relist(lambda b: shutil.rmtree(b / "records")), "want Records, got none"),
}


@pytest.mark.parametrize("which", SPOILT)
def test_reading_refuses_a_spoilt_bundle_with_its_reason(which: str, bundle: Path) -> None:
    spoil, reason = SPOILT[which]
    spoil(bundle)
    with pytest.raises(UserError, match=reason):
        read(bundle)


def test_paths_that_differ_in_case_alone_are_refused(bundle: Path) -> None:
    twin(bundle)
    with pytest.raises(ValueError, match="differ in more than case"):
        listed_again(bundle)
