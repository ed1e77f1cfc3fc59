"""The first step of verifying in continuous integration: which bundle a pull request changes."""

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

PATH = Path(__file__).parent.parent / ".github" / "workflows" / "verify.yml"
JOBS = yaml.safe_load(PATH.read_text(encoding="utf-8"))["jobs"]
(STEP,) = (step for step in JOBS["draw"]["steps"] if step.get("id") == "find")
MODELS = "leaderboards/models"
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")


class Found(NamedTuple):
    """Exit code, and what the step wrote."""

    code: int
    stderr: str
    summary: str
    draws: bool
    name: str


class Request:
    """A pull request in a scratch folder: `theirs` is its checkout, beside that of the base."""

    def __init__(self, home: Path) -> None:
        self.home, self.theirs = home, home / "theirs"
        self.theirs.mkdir()
        self.git("init", "-q", "-b", "main")
        self.write("README.md", "a project")
        self.bundle("oldkan")
        self.write(f"{MODELS}/oldkan/verification.json", "{}")
        self.commit()
        self.git("switch", "-q", "-c", "request")

    def git(self, *words: str) -> str:
        done = subprocess.run(
            [*GIT, *words], cwd=self.theirs, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        (self.theirs / path).parent.mkdir(parents=True, exist_ok=True)
        (self.theirs / path).write_text(text, encoding="utf-8")

    def bundle(self, name: str, text: str = "model = 1") -> None:
        said = {"authors": f"A. Müller of {name} <b>& Co</b>"}
        self.write(f"{MODELS}/{name}/entry.json", json.dumps(said))
        self.write(f"{MODELS}/{name}/model.py", text)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a change")

    def merged(self, name: str) -> None:
        """Somebody else's bundle reaches the base after this request was cut off."""
        self.git("stash", "-q", "-u")
        self.git("switch", "-q", "main")
        self.bundle(name)
        self.commit()
        self.git("switch", "-q", "request")
        self.git("stash", "pop", "-q")

    def found(self) -> Found:
        """What the step says of it, run as the workflow runs it."""
        self.commit()
        self.git("worktree", "add", "-q", "--detach", "../base", "main")
        (self.home / "base" / ".git").unlink()
        self.theirs.rename(self.home / "base" / "theirs")
        files = {name: self.home / name for name in ("output", "summary")}
        done = subprocess.run(
            ["bash", "-e", "-c", STEP["run"]],
            cwd=self.home / "base",
            check=False,
            capture_output=True,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "BASE": self.base,
                "GITHUB_OUTPUT": str(files["output"]),
                "GITHUB_STEP_SUMMARY": str(files["summary"]),
            },
        )
        output, summary = (
            one.read_text(encoding="utf-8") if one.exists() else "" for one in files.values()
        )
        ready = self.home / "base" / "ready" / "name"
        name = ready.read_text(encoding="utf-8").strip() if ready.exists() else ""
        return Found(done.returncode, done.stderr, summary, output == "draw=yes\n", name)

    @property
    def base(self) -> str:
        return subprocess.run(
            ["git", "rev-parse", "main"],
            cwd=self.home / "base" / "theirs",
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()


@pytest.fixture
def request_of(tmp_path: Path) -> Request:
    return Request(tmp_path)


def test_a_new_bundle_is_drawn_for_and_copied_as_it_is(request_of: Request) -> None:
    request_of.bundle("mykan", "model = 2")
    found = request_of.found()
    assert (found.code, found.draws, found.name, found.summary) == (0, True, "mykan", "")
    ready = request_of.home / "base" / "ready" / "bundle"
    assert (ready / "model.py").read_text(encoding="utf-8") == "model = 2"


def test_what_others_merged_since_is_not_its_doing(request_of: Request) -> None:
    request_of.bundle("mykan")
    request_of.merged("theirkan")
    found = request_of.found()
    assert (found.code, found.draws, found.name) == (0, True, "mykan"), found.stderr


def test_a_bundle_that_is_replaced_is_said_loudly_and_safely(request_of: Request) -> None:
    request_of.bundle("oldkan", "model = 2")
    found = request_of.found()
    assert (found.code, found.draws, found.name) == (0, True, "oldkan"), found.stderr
    assert (
        "ATTENTION: replaces the bundle of A. Müller of oldkan &lt;b&gt;&amp; Co" in found.summary
    )
    ready = request_of.home / "base" / "ready" / "bundle"
    assert {one.name for one in ready.iterdir()} == {"entry.json", "model.py"}  # no old verdict


def test_a_verdict_alone_is_let_through_and_nothing_is_drawn(request_of: Request) -> None:
    request_of.write(f"{MODELS}/oldkan/verification.json", '{"status": "verified"}')
    found = request_of.found()
    assert (found.code, found.draws, found.name) == (0, False, "")
    assert "the verdict on oldkan alone" in found.summary


def spoilt(request: Request, how: str) -> None:
    request.bundle("mykan")
    if how == "another file":
        request.write("leaderboards/records/kan/a.json", "{}")
    elif how == "a file of the project":
        request.write("README.md", "mine now")
    elif how == "two bundles":
        request.bundle("another")
    elif how == "its own verdict":
        request.write(f"{MODELS}/mykan/verification.json", "{}")
    elif how == "a verdict on none":
        request.git("clean", "-fdq")
        request.write(f"{MODELS}/newkan/verification.json", "{}")
    elif how == "a verdict that is a link":
        request.git("clean", "-fdq")
        (request.theirs / MODELS / "oldkan" / "verification.json").unlink()
        (request.theirs / MODELS / "oldkan" / "verification.json").symlink_to("/etc/hostname")
    elif how == "another's verdict":
        request.write(f"{MODELS}/oldkan/verification.json", '{"status": "flagged"}')
    elif how == "a file that is no bundle":
        request.write(f"{MODELS}/note", "hello")
    elif how == "a name that is not plain":
        request.bundle("$(touch ran)\n::error::x")
    elif how == "a name that differs in case":
        (request.theirs / MODELS / "mykan").rename(request.theirs / MODELS / "OldKan")
    elif how == "a link":
        (request.theirs / MODELS / "mykan" / "model.py").unlink()
        (request.theirs / MODELS / "mykan" / "entry.json").unlink()
        (request.theirs / MODELS / "mykan").rmdir()
        (request.theirs / MODELS / "mykan").symlink_to("/etc")
    elif how == "a bundle removed":
        request.git("rm", "-rq", f"{MODELS}/oldkan")
        request.git("clean", "-fdq")


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("another file", "got a change of leaderboards/"),
        ("a file of the project", "got a change of README.md"),
        ("two bundles", "nothing else changed"),
        ("its own verdict", "want a bundle without a verification.json of its own"),
        ("a verdict on none", "want a bundle without a verification.json of its own"),
        ("a verdict that is a link", "want a bundle without a verification.json of its own"),
        ("another's verdict", "nothing else changed"),
        ("a file that is no bundle", "nothing else changed"),
        ("a name that is not plain", r"got a change of $'leaderboards/models/$(touch ran)\n::er"),
        ("a name that differs in case", "differs in more than case from oldkan, got OldKan"),
        ("a link", "got a change of leaderboards/models/mykan;"),
        ("a bundle removed", "maintainers alone remove one"),
    ],
)
def test_anything_else_is_refused_in_one_line(request_of: Request, how: str, reason: str) -> None:
    spoilt(request_of, how)
    found = request_of.found()
    assert (found.code, found.draws, found.name) == (1, False, ""), found.stderr
    assert found.stderr.count("\n") == 1
    assert reason in found.stderr
    assert not list(request_of.home.rglob("ran"))


def test_nothing_is_drawn_or_run_unless_there_is_a_bundle() -> None:
    steps = JOBS["draw"]["steps"]
    later = steps[steps.index(STEP) + 1 :]
    assert {step["if"] for step in later} == {"steps.find.outputs.draw == 'yes'"}
    assert JOBS["run"]["if"] == "needs.draw.outputs.draw == 'yes'"
    assert JOBS["judge"]["needs"] == ["draw", "run"]


def test_the_history_is_there_back_to_where_the_request_was_cut_off() -> None:
    (theirs,) = (
        one for one in JOBS["draw"]["steps"] if one.get("with", {}).get("path") == "theirs"
    )
    assert theirs["with"]["fetch-depth"] == 0
