"""The tutorial of docs/submitting.md in an empty folder, as a first-time user types it, timed.

    python benchmarks/tutorial.py                  # on `quick`, as far as a row on a local board
    python benchmarks/tutorial.py --verify         # and on to a verdict

Commands are read from the page; the suite that they name is replaced. What `kansci` is, and which
checkout it was installed from, is the business of whoever starts this.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "submitting.md"
NAMED = "demo"  # the suite of the page
BUDGET = 600.0  # seconds until there is a row


def commands(suite: str) -> list[list[str]]:
    """The lines of the tutorial's blocks, as a shell splits them, on another suite."""
    section = PAGE.read_text(encoding="utf-8").split("\n## ")[1]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    text = "".join(blocks).replace(f"--suite {NAMED}", f"--suite {suite}")
    text = text.replace(f"kansci-records/{NAMED}", f"kansci-records/{suite}")
    return [shlex.split(line, comments=True) for line in text.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--suite", default="quick")
    parser.add_argument("--verify", action="store_true", help="not only as far as a row")
    chosen = parser.parse_args()
    found = commands(chosen.suite)
    last = len(found) if chosen.verify else [words[1] for words in found].index("verify")
    with tempfile.TemporaryDirectory(prefix="kansci-tutorial-") as folder:
        total, row = 0.0, ""
        for _, *words in found[:last]:
            begun = time.monotonic()
            said = subprocess.run(
                [sys.executable, "-m", "kansci", *words], cwd=folder, capture_output=True, text=True
            )
            took = time.monotonic() - begun
            total += took
            print(f"{took:7.1f} s  kansci {shlex.join(words)}", flush=True)
            if said.returncode:
                sys.exit(f"exit code {said.returncode}: {said.stderr.strip()[-500:]}")
            if words[0] == "board":
                row = next((line for line in said.stdout.splitlines() if "mykan" in line), "")
    print(f"{total:7.1f} s  in all, on {chosen.suite}")
    if not row:
        sys.exit("want a row of mykan on the last board, got none")
    print(row.strip())
    if total > BUDGET and not chosen.verify:
        sys.exit(f"want a row in {BUDGET:.0f} s, got it in {total:.0f} s")


if __name__ == "__main__":
    main()
