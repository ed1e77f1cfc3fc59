"""What the store says: nothing while all is well, else one line."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from kansci.errors import UserError
from kansci.store.place import shown, without_secrets

QUIET = {  # set unless the user has; a server that is away must not hold a benchmark up
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class StoreError(UserError):
    """The store does not do what it should; Records are safe, whatever it is."""


def installed() -> None:
    """Raises a StoreError without MLflow.

    `import mlflow` would succeed: as a namespace, wherever a folder has that name.
    """
    try:
        version("mlflow")
    except PackageNotFoundError:
        raise StoreError(
            "MLflow is not installed: `pip install 'mlflow>=3.13,<4'`, or go on with --no-mlflow; "
            "Records need no MLflow"
        ) from None


@contextmanager
def told(uri: str, wanted: str) -> Iterator[None]:
    """Turns whatever MLflow raises into one line: wanted, got, what to do."""
    try:
        yield
    except StoreError:
        raise
    except ModuleNotFoundError as error:
        raise StoreError(
            f"MLflow store {shown(uri)}: want the driver of that database, got: {error}; "
            "for PostgreSQL `pip install 'kansci[postgres]'`"
        ) from error
    except Exception as error:
        got = " ".join(without_secrets(str(error), uri).split()) or type(error).__name__
        raise StoreError(
            f"MLflow store {shown(uri)}: want {wanted}, got: {got[:300]}; mend it, name "
            "another (MLFLOW_TRACKING_URI, or `kansci sync --to`), or go on with --no-mlflow: "
            "Records are JSON files, nothing is lost"
        ) from error


@contextmanager
def quietly() -> Iterator[None]:
    """MLflow's settings unless the user has others, and none of its warnings."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    logger = logging.getLogger("mlflow")  # who imported MLflow before has its level of logging
    level = logger.level
    logger.setLevel(os.environ["MLFLOW_LOGGING_LEVEL"].upper())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
