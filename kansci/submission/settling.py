"""Writing a bundle: whole, or not at all, whenever the process dies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import psutil
from pydantic import ValidationError

from kansci.errors import UserError
from kansci.ledger import write_atomically
from kansci.submission.bundle import Bundle, read
from kansci.submission.entry import refusal
from kansci.submission.manifest import MANIFEST, manifest_of


def settle(contents: Mapping[str, bytes], out: Path, name: str) -> Bundle:
    """Files by their path, and their manifest, as the bundle of a name.

    They are written into a hidden folder beside, which is read as others will read it and renamed
    when all of it is on the disk.

    Raises:
        UserError: if what was written is no bundle, there is one of that name, or no place for it.
    """
    _sweep(out)
    aside = out / f".submitting~{os.getpid()}"
    try:
        manifest = manifest_of(contents)
        for path, data in contents.items():
            write_atomically(aside / name / path, data)
        write_atomically(aside / name / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
        read(aside / name)
        os.rename(aside / name, out / name)
    except ValidationError as error:
        raise UserError(f"{name}: {refusal(error)}; --no-weights leaves networks out") from error
    except OSError as error:
        raise UserError(f"{out / name}: want a folder to write into, got: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return read(out / name)


def _sweep(out: Path) -> None:
    """Removes what killed processes left; nobody reads it."""
    for aside in out.glob(".submitting~*"):
        process = aside.name.partition("~")[2]
        if process.isdecimal() and _gone(int(process)):
            shutil.rmtree(aside, ignore_errors=True)


def _gone(process: int) -> bool:
    """Whether nobody writes under this number; what is there under ours, another one left."""
    return process == os.getpid() or not psutil.pid_exists(process)
