"""The command line in this process, for tests of commands."""

import contextlib
import io
import sys
from typing import NamedTuple
from unittest import mock

from kansci.cli import main


class Called(NamedTuple):
    """Exit code, and what was written."""

    code: int
    stdout: str
    stderr: str


def call(*words: object) -> Called:
    """`kansci` with these words."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", ["kansci", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Called(code, out.getvalue(), err.getvalue())
