"""Where the MLflow store lies, and whether it can be reached at all.

MLflow would try for minutes: here a store that is away, locked or no database is found within
seconds, before MLflow is even imported.
"""

from __future__ import annotations

import os
import re
import socket
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from ssl import SSLError
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit, urlunsplit
from urllib.request import urlopen

from kansci.discover import checkout
from kansci.errors import UserError

SECONDS = 5
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
USER = re.compile(r"(?<=://)[^:/@]*(?::[^@]*)?@")  # of a database; a password may have a slash
SECRET = re.compile(r"://[^:/@]*:(.*)@")  # to the last @, as some passwords are not encoded
PASSWORD = re.compile(r"((?:password|passwd|pwd|sslpassword)(?:=|%3D))([^&\s]*)", re.IGNORECASE)


class Place(NamedTuple):
    """A tracking URI, and a folder for artifacts; None where a server keeps them."""

    uri: str
    artifacts: Path | None


def default_place() -> Place:
    """`MLFLOW_TRACKING_URI`, else `mlflow/` of a checkout, else `./kansci-mlflow/`."""
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    return place_of(uri) if uri else sqlite_place(_home())


def place_of(uri: str, artifacts: Path | None = None) -> Place:
    """A store that somebody named.

    Args:
        artifacts: where files go that no server takes; by default beside a SQLite file, else where
            a store that nobody named would lie.
    """
    uri = _with_driver(uri)
    if is_server(uri):
        return Place(uri, None)
    if artifacts is not None:
        return Place(uri, artifacts.absolute())
    file = sqlite_file(uri)
    return Place(uri, (file.parent if file else _home()) / "artifacts")


def _home() -> Path:
    project = checkout()
    return project / "mlflow" if project else Path.cwd() / "kansci-mlflow"


def _with_driver(uri: str) -> str:
    """PostgreSQL by psycopg, the driver of kansci's extra, where the address names no driver."""
    return re.sub(r"^postgres(?:ql)?://", "postgresql+psycopg://", uri)


def sqlite_place(folder: Path) -> Place:
    """A SQLite file in a folder, artifacts beside it."""
    folder = folder.absolute()
    if "?" in str(folder):
        raise UserError(
            f"{folder}: want a path without '?', which the address of a database cannot hold; "
            "work in another folder or set MLFLOW_TRACKING_URI"
        )
    return Place(f"sqlite:///{(folder / 'mlflow.db').as_posix()}", folder / "artifacts")


def is_server(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def sqlite_file(uri: str) -> Path | None:
    """The file of a SQLite address, whose path is not percent-encoded; None for other stores."""
    found = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?", uri)
    return Path(found[1]).absolute() if found else None


def reachable(uri: str) -> None:
    """Raises an ordinary exception that says why a store cannot be used."""
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if is_server(uri):
        _answers(uri)
    elif (file := sqlite_file(uri)) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, timeout=SECONDS)) as database:
            database.execute("BEGIN IMMEDIATE")  # fails where nothing can be written
            database.execute("SELECT count(*) FROM sqlite_master")
            database.rollback()
    elif scheme in PORTS:
        _listens(uri, PORTS[scheme])
    elif scheme != "databricks":
        raise ValueError(
            "an address that is neither sqlite:////FILE nor postgresql://, mysql://, mssql:// or "
            "http(s)://; MLflow no longer keeps runs in plain folders"
        )


def _listens(uri: str, port: int) -> None:
    """At an address, or at the socket file of a folder, as in `postgresql:///NAME?host=/FOLDER`."""
    found = urlsplit(USER.sub("", uri))
    if "@" in found.netloc:
        raise ValueError("an @ in the name or the password; write it as %40")
    query = parse_qs(found.query)
    host = found.hostname or query.get("host", ["localhost"])[0]
    port = found.port or int(query.get("port", [port])[0])
    if not host.startswith("/"):
        with socket.create_connection((host, port), SECONDS):
            return
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(SECONDS)
        client.connect(f"{host}/.s.PGSQL.{port}")


def _answers(uri: str) -> None:
    """A refusal is an answer, too: MLflow's client may have the password, or trust the server.

    Name and password are left out, which `urlopen` would take for a part of the host.
    """
    found = urlsplit(uri)
    bare = urlunsplit(found._replace(netloc=found.netloc.rpartition("@")[2]))
    try:
        with urlopen(f"{bare.rstrip('/')}/health", timeout=SECONDS):
            pass
    except HTTPError as refusal:
        refusal.close()
    except URLError as error:
        if not isinstance(error.reason, SSLError):
            raise ConnectionError(f"no answer ({error.reason})") from error


def analyze(uri: str) -> None:
    """Renews SQLite's statistics: ordered pages of 10,000 runs took 4.8 s without, 0.2 s with."""
    file = sqlite_file(uri)
    if file is not None:
        with suppress(sqlite3.Error), closing(sqlite3.connect(file, timeout=SECONDS)) as database:
            database.execute("ANALYZE")


def shown(text: str) -> str:
    """Without passwords: before the last @ of an address, and in its query."""
    return PASSWORD.sub(r"\1***", re.sub(r"//\S*@", "//***@", text))


def without_secrets(text: str, uri: str) -> str:
    """What was said of an address, without its password, or a piece of it, by itself.

    Who takes an address apart at the wrong letter says a piece: `Port could not be cast to integer
    value as 'se'`.
    """
    text = text.replace(uri, shown(uri))
    for secret in _secrets(uri):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    return shown(text)


def _secrets(uri: str) -> list[str]:
    """Passwords of an address and the pieces between the letters it is split at, longest first."""
    said = [*SECRET.findall(uri), *(found[2] for found in PASSWORD.finditer(uri))]
    whole = [form for one in said for form in (one, unquote(one), unquote_plus(one))]
    pieces = [piece for one in whole for piece in re.split(r"[/@:?#&\[\]]", one)]
    return sorted({*whole, *pieces} - {""}, key=len, reverse=True)
