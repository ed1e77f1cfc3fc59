"""A submitted source as text: it is UTF-8, and says to Python what it says to whoever reads it.

Python's loader obeys a coding cookie, so that a comment can hold code: of `# coding: utf-7` the
next comment may end in the middle of its line.
"""

from __future__ import annotations

import codecs
import io
import tokenize
from pathlib import Path

from kansci.errors import UserError

MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)  # UTF-32's begin with these
ADVICE = "save it as UTF-8, with no coding comment"


def disguised(data: bytes) -> str:
    """Why Python would read another text than an editor shows, wanted and got; empty if not."""
    if data.startswith(MARKS):
        return f"want no byte order mark, got one; {ADVICE}"
    lines = io.BytesIO(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))  # as Python ends them
    try:
        coding, _ = tokenize.detect_encoding(lines.readline)
        name = codecs.lookup(coding).name
    except (SyntaxError, LookupError):
        coding = name = "an unknown one"
    return "" if name == "utf-8" else f"want the coding UTF-8, got {coding[:40]}; {ADVICE}"


def source_text(data: bytes, where: Path) -> str:
    """The text of a source.

    Raises:
        UserError: for any coding but UTF-8, and for a byte order mark.
    """
    if reason := disguised(data):
        raise UserError(f"{where}: {reason}")
    return utf8(data, where)


def utf8(data: bytes, where: Path) -> str:
    """The text of a file.

    Raises:
        UserError: for anything but UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{where}: want text in UTF-8, got {error.reason}") from error
