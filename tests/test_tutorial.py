"""The tutorial of docs/submitting.md, word for word: from `kansci new` to a verified row."""

import json
import re
import shlex
from pathlib import Path

import pytest
from calling import call

import kansci.cli.audits
import kansci.environment
import kansci.suite
from kansci.sandbox import available
from kansci.suite import Group, get_suite

DOC = Path(__file__).parent.parent / "docs" / "submitting.md"
TASKS = ("feynman27/I.12.11", "feynman27/I.6.2b")


def commands() -> list[list[str]]:
    """The lines of the tutorial's blocks, as a shell splits them."""
    section = DOC.read_text(encoding="utf-8").split("\n## ")[1]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


@pytest.mark.skipif(not available().isolated, reason="nothing isolates submitted code here")
def test_every_command_of_the_tutorial_does_what_it_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On two small tasks and beside one yardstick; in a checkout that may have changes."""
    suite = get_suite("demo")
    group = Group(tasks=TASKS, budgets=(250,))
    suites, recipes = kansci.suite._suites()
    narrow = {**suites, "demo": suite.model_copy(update={"groups": (group,)})}
    monkeypatch.setattr(kansci.suite, "_suites", lambda: (narrow, recipes))
    monkeypatch.setattr(kansci.cli.audits, "YARDSTICKS", ("mlp-silu",))
    monkeypatch.setattr(kansci.environment, "_commit", lambda: ("0" * 40, False))
    said = {}
    for program, *words in commands():
        assert program == "kansci"
        done = call(*words)
        assert done.code == 0, f"{words}: {done.stderr}"
        said[words[0]] = done.stdout
    verdict = json.loads(Path("leaderboards/models/mykan/verification.json").read_text("utf-8"))
    assert (verdict["status"], verdict["reasons"]) == ("verified", [])
    assert {one["task"] for one in verdict["compared"]} == set(TASKS)
    assert [one["reason"] for one in verdict["reloads"]] == ["", ""]
    assert re.search(r"1 +mykan +\d", said["board"]), "a row without the mark of the unverified"
