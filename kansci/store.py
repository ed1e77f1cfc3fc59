"""The MLflow store: a view of Records for browsing, one run each.

Records are JSON files and stay the store of record: this one can be deleted and is rebuilt by
`kansci ui`. One process writes, and makes database and experiments before anything else starts:
of several that meet an empty database, all but one die. A run is one `create_run`, one
`log_batch`, its artifacts and one `set_terminated`; the tag `kansci.synced` comes last, so what
a killed process left half-written is known by its absence, deleted and done again.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, NamedTuple

from kansci.errors import UserError
from kansci.place import Place, analyze, default_place, reachable, shown
from kansci.record import PROTOCOL, Record, Speed
from kansci.view import NOTE, view

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AnyRecord = Record | Speed
Figures = Callable[[AnyRecord], Mapping[str, "Figure"]]

FAMILIES = ("feynman", "pde", "continual", "speed")
PAGE = 1000
MANY = 500  # runs after which the database's statistics are worth renewing
DRAWN = 200  # runs of a catch-up that get figures: drawing takes five times as long as logging

QUIET = {  # set unless the user has; a server that is away must not hold a benchmark up
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class StoreError(UserError):
    """The store does not do what it should; Records are safe, whatever it is."""


class Sync(NamedTuple):
    """What a catch-up did: runs logged, and runs that were there already."""

    logged: int
    known: int


def open_store(families: Iterable[str] = FAMILIES, place: Place | None = None) -> Store:
    """Makes the database and the experiments, where they are missing.

    Raises:
        StoreError: in one line and within seconds, if that cannot be.
    """
    place = place or default_place()
    with _told(place.uri, "a store that opens"):
        _installed()
        reachable(place.uri)
        with _quietly():
            from mlflow import MlflowClient

            logging.getLogger("alembic").setLevel(logging.ERROR)
            store = Store(MlflowClient(place.uri, registry_uri=place.uri), place)
            for family in families:
                store.experiment(family)
    return store


class Store:
    """An open store; see `open_store`."""

    def __init__(self, client: Any, place: Place) -> None:
        self.place = place
        self._client = client
        self._experiments: dict[str, str] = {}

    def experiment(self, family: str) -> str:
        """The id of a family's experiment, made where it is missing."""
        if family not in self._experiments:
            name = f"kansci/v{PROTOCOL}/{family}"
            found = self._client.get_experiment_by_name(name)
            if found is None:
                # MLflow's own choice would be a folder wherever one stands.
                home = self.place.artifacts and (self.place.artifacts / family).as_uri()
                tags = {"mlflow.note.content": NOTE}
                self._experiments[family] = self._client.create_experiment(name, home, tags)
            else:
                if found.lifecycle_stage == "deleted":
                    self._client.restore_experiment(found.experiment_id)
                self._experiments[family] = found.experiment_id
        return self._experiments[family]

    def log(self, record: AnyRecord, figures: Mapping[str, Figure] | None = None) -> str:
        """Writes one run and returns its id; `figures` are artifacts by their file name.

        Raises:
            StoreError: in one line; the Record is for the next `sync`.
        """
        with _told(self.place.uri, "to write a run"), _quietly():
            from mlflow.entities import Metric, Param

            run = view(record)
            start = _milliseconds(record.environment.started)
            seconds = record.seconds if isinstance(record, Record) else 0
            client, home = self._client, self.experiment(record.family)
            tags = run.tags | {"mlflow.note.content": run.note}
            made = client.create_run(home, start_time=start, tags=tags, run_name=run.name)
            identity = made.info.run_id
            client.log_batch(
                identity,
                metrics=[
                    Metric(key, value, start, step)
                    for key, history in run.metrics.items()
                    for step, value in history
                ],
                params=[Param(key, value) for key, value in run.params.items()],
            )
            client.log_text(identity, record.model_dump_json(indent=1), "record.json")
            for name, figure in (figures or {}).items():
                client.log_figure(identity, figure, name)
            client.set_terminated(identity, run.status, end_time=start + int(1000 * seconds))
            client.set_tag(identity, "kansci.synced", "1")
        return identity

    def missing(self, records: Iterable[AnyRecord]) -> list[AnyRecord]:
        """The Records, each key once, that have no complete run yet."""
        return self._survey(records)[0]

    def sync(
        self,
        records: Iterable[AnyRecord],
        *,
        figures: Figures | None = None,
        progress: Callable[[int, int], object] = lambda done, total: None,
    ) -> Sync:
        """Logs what is missing, after deleting half-written runs; doing it again does nothing.

        Args:
            figures: draws a Record, if it is among the first 200 that are missing.
            progress: called with the runs logged and the runs to log.
        """
        wanted = {record.key: record for record in records}
        missing, halves = self._survey(wanted.values())
        with _told(self.place.uri, "to delete half-written runs"), _quietly():
            for identity in halves:
                self._client.delete_run(identity)
        progress(0, len(missing))
        for done, record in enumerate(missing, start=1):
            self.log(record, figures(record) if figures and done <= DRAWN else None)
            progress(done, len(missing))
        if len(missing) >= MANY:
            analyze(self.place.uri)
        return Sync(len(missing), len(wanted) - len(missing))

    def _survey(self, records: Iterable[AnyRecord]) -> tuple[list[AnyRecord], list[str]]:
        """Records without a complete run, and the ids of half-written runs."""
        wanted = {record.key: record for record in records}
        halves = []
        with _told(self.place.uri, "to read its runs"), _quietly():
            for family in sorted({record.family for record in wanted.values()}):
                for run in self._runs(family):
                    if "kansci.synced" in run.data.tags:
                        wanted.pop(run.data.tags["kansci.record"], None)
                    else:
                        halves.append(run.info.run_id)
        return list(wanted.values()), halves

    def _runs(self, family: str) -> Iterator[Any]:
        token = None
        while token != "":
            page = self._client.search_runs(
                [self.experiment(family)],
                filter_string="tags.`kansci.record` != ''",
                max_results=PAGE,
                page_token=token,
            )
            yield from page
            token = page.token or ""


def _installed() -> None:
    # `import mlflow` would succeed without it: as a namespace, wherever a folder has that name.
    try:
        version("mlflow")
    except PackageNotFoundError:
        raise StoreError(
            "MLflow is not installed: `pip install 'mlflow>=3.13,<4'`, or go on with --no-mlflow; "
            "Records need no MLflow"
        ) from None


@contextmanager
def _told(uri: str, wanted: str) -> Iterator[None]:
    """Turns whatever MLflow raises into one line: wanted, got, what to do."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        got = " ".join(str(error).split()) or type(error).__name__
        raise StoreError(
            f"MLflow store {shown(uri)}: want {wanted}, got: {shown(got[:300])}; mend it, name "
            "another with MLFLOW_TRACKING_URI, or go on with --no-mlflow: Records are JSON files, "
            "nothing is lost"
        ) from error


@contextmanager
def _quietly() -> Iterator[None]:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _milliseconds(started: str) -> int:
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        moment = datetime.now(UTC)
    return int(1000 * moment.timestamp())
