"""What fields of other people's files may hold: names that are safe as paths, lines that print."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import AfterValidator, Field

NAME = r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*"
PORTS = {f"{port}{i}" for port in ("com", "lpt") for i in "123456789"}
RESERVED = {"aux", "con", "nul", "prn", *PORTS}
UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}  # Unicode's categories of what does not print


def safe_name(text: str) -> str:
    """A name that is the same on every file system, and as HTML.

    Raises:
        ValueError: for any other.
    """
    if not re.fullmatch(NAME, text, re.ASCII) or len(text) > 40:
        raise ValueError(
            f"want a name of letters and digits, with single - or _ between them, 40 at most, "
            f"that begins with a letter, got {text[:60]!r}"
        )
    if text.lower() in RESERVED:
        raise ValueError(f"want a name that no system keeps for itself, got {text!r}")
    return text


def line(text: str) -> str:
    """A text of one line.

    Raises:
        ValueError: for none, or for what does not print.
    """
    unseen = sorted({ascii(sign) for sign in text if unicodedata.category(sign) in UNSEEN})
    if unseen:
        raise ValueError(f"want one line that prints, got {', '.join(unseen[:3])}")
    if not text.strip():
        raise ValueError("want some text, got none")
    return text.strip()


def url(text: str) -> str:
    """Where more is to be read.

    Raises:
        ValueError: for anything but http and https.
    """
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?(/[^\s\"'<>\\`]*)?", text):
        raise ValueError(f"want https://HOST/..., got {text[:60]!r}")
    return line(text)


def licence(text: str) -> str:
    """An SPDX expression in its own spelling, `Apache-2.0`, `MIT OR BSD-3-Clause`.

    Source: https://spdx.org/licenses, as `packaging` ships it.

    Raises:
        ValueError: for what names none, references to licences of one's own among them.
    """
    try:
        found = canonicalize_license_expression(text[:200])
    except InvalidLicenseExpression as error:
        found, reason = "", f": {error}"
    else:
        reason = ""
    if not found or "LicenseRef-" in found:
        raise ValueError(
            f"want the SPDX name of a licence, such as MIT, BSD-3-Clause or Apache-2.0 (all: "
            f"https://spdx.org/licenses), got {text[:60]!r}{reason}"
        )
    return found


Name = Annotated[str, AfterValidator(safe_name)]
Line = Annotated[str, Field(max_length=300), AfterValidator(line)]
Url = Annotated[str, Field(max_length=300), AfterValidator(url)]
Licence = Annotated[str, Field(max_length=200), AfterValidator(licence)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
