"""Killed at any step of writing a bundle, a process leaves none or a whole one."""

import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from submissions import here, submitted

from kansci.submission import submitting
from kansci.submission.bundle import read
from kansci.submission.ledger import bundles
from kansci.submission.settling import settle

KILLED = 9
STEPS = ("mkdir", "open", "fsync", "chmod", "replace", "rename", "unlink", "rmdir")


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Of a sound bundle, without its manifest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submitting, "foreign", here)
        folder = submitted(tmp_path_factory.mktemp("whole")).folder
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    del found["manifest.json"]
    return found


def dying(real: Callable[..., object], left: list[int]) -> Callable[..., object]:
    """A step of the system at which the process ends when none is left, with nothing tidied up."""

    def step(*words: object, **more: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            os._exit(KILLED)
        return real(*words, **more)

    return step


def settled_in_a_child(contents: dict[str, bytes], models: Path, steps: int) -> int:
    """Writes the bundle in a process that ends itself after so many steps; its exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads of torch
        child = os.fork()
    if child == 0:
        left, code = [steps], 1
        try:
            for name in STEPS:
                setattr(os, name, dying(getattr(os, name), left))
            settle(contents, models, "mykan")
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_killed_at_any_step_it_leaves_no_bundle_or_a_whole_one_and_the_next_sweeps_up(
    contents: dict[str, bytes], tmp_path: Path
) -> None:
    whole, steps, code, parts = {*contents, "manifest.json"}, 0, KILLED, 0
    while code == KILLED:
        models = tmp_path / str(steps) / "models"
        code = settled_in_a_child(contents, models, steps)
        parts += any(one.is_file() for one in models.rglob(".*.part"))
        found = bundles(models)  # nobody reads what lies aside
        assert [one.name for one in found] in ([], ["mykan"])
        if found:
            shutil.rmtree(found[0].folder)
        settle(contents, models, "mykan")
        assert [one.name for one in models.iterdir()] == ["mykan"]
        assert set(read(models / "mykan").manifest.files) | {"manifest.json"} == whole
        assert not list(models.rglob("*.part"))
        steps += 1
    assert code == 0
    assert steps > 40  # six and more for each of seven files
    assert parts > 7  # torn files were among what was left
