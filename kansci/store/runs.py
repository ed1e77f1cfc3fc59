"""One run a Record: `create_run`, its artifacts, one `log_batch` and one `set_terminated`.

The status comes last, so what a killed process left half-written still runs: it is known, deleted
and done again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from kansci.ledger import AnyRecord
from kansci.record import PROTOCOL, Speed
from kansci.store.haste import without_waiting
from kansci.store.place import Place, analyze, default_place, reachable
from kansci.store.pushing import Log, processes_for, push
from kansci.store.speech import installed, quietly, told
from kansci.store.survey import content, may_go, milliseconds, newest, signature, survey
from kansci.store.view import NOTE, View, view

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Figures = Callable[[AnyRecord], Mapping[str, "Figure"]]

FAMILIES = ("feynman", "pde", "continual", "speed")
PAGE = 1000
MANY = 500  # runs that are worth processes of their own, and new statistics of the database
DRAWN = 200  # runs of a catch-up that get figures: drawing takes five times as long as logging


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
    with told(place.uri, "a store that opens"):
        installed()
        reachable(place.uri)
        with quietly():
            store = _connected(place)
            for family in families:
                store.experiment(family)
    return store


def _connected(place: Place) -> Store:
    from mlflow import MlflowClient

    logging.getLogger("alembic").setLevel(logging.ERROR)
    return Store(MlflowClient(place.uri, registry_uri=place.uri), place)


def _one_of_many(place: Place) -> Log:
    """What one of several processes logs with; another has made the store and its experiments."""
    with told(place.uri, "a store that opens"), quietly():
        without_waiting(place.uri)
        return _connected(place).write


class Store:
    """An open store; see `open_store`.

    Attributes:
        client: MLflow's; calls of it belong between `told` and `quietly`.
    """

    def __init__(self, client: Any, place: Place) -> None:
        self.place = place
        self.client = client
        self._experiments: dict[str, str] = {}

    def experiment(self, family: str) -> str:
        """The id of an experiment, `kansci/v1/<family>`, made where it is missing."""
        if family not in self._experiments:
            name = f"kansci/v{PROTOCOL}/{family}"
            found = self.client.get_experiment_by_name(name)
            if found is None:
                # MLflow's own choice would be a folder wherever one stands.
                home = self.place.artifacts and (self.place.artifacts / family).as_uri()
                tags = {"mlflow.note.content": NOTE}
                self._experiments[family] = self.client.create_experiment(name, home, tags)
            else:
                self._experiments[family] = found.experiment_id
                if found.lifecycle_stage == "deleted":
                    self._restore(family)
        return self._experiments[family]

    def _restore(self, family: str) -> None:
        """MLflow brings all runs back, replaced ones too; `sync` builds those that count again."""
        self.client.restore_experiment(self._experiments[family])
        for tag in ("kansci.record", "kansci.board"):
            self.delete([run.info.run_id for run in self.runs(family, tag)])

    def log(self, record: AnyRecord, figures: Mapping[str, Figure] | None = None) -> str:
        """Writes the run of a Record, which replaces others of its key, and returns its id.

        Args:
            figures: artifacts by their file name.

        Raises:
            StoreError: in one line; the Record is for the next `sync`.
        """
        identity = self.write(record, figures)
        with told(self.place.uri, "to read its runs"), quietly():
            own = list(self.runs(record.family, value=record.key))
        self.delete(one.info.run_id for one in own if one.info.run_id != identity and may_go(one))
        return identity

    def write(self, record: AnyRecord, figures: Mapping[str, Figure] | None = None) -> str:
        """Writes one run beside all others; see `log`."""
        with told(self.place.uri, "to write a run"), quietly():
            run = view(record)
            run.tags["kansci.content"] = content(record)
            start = milliseconds(record.environment.started)
            made = self.begin(record.family, run, start)
            identity: str = made.run_id
            self._attach(made.artifact_uri, "record.json", record.model_dump_json(indent=1))
            for name, figure in (figures or {}).items():
                self.client.log_figure(identity, figure, name)
            seconds = 0.0 if isinstance(record, Speed) else record.seconds
            self.end(identity, run, start, start + int(1000 * seconds))
        return identity

    def begin(self, family: str, run: View, start: int, parent: str | None = None) -> Any:
        """A run that waits for its files and numbers; returns what MLflow says of it.

        Args:
            start: milliseconds since 1970.
            parent: the id of the run that it is shown below.
        """
        tags = run.tags | signature() | {"mlflow.note.content": run.note}
        if parent:
            tags["mlflow.parentRunId"] = parent
        home = self.experiment(family)
        return self.client.create_run(home, start_time=start, tags=tags, run_name=run.name).info

    def _attach(self, home: str, name: str, text: str) -> None:
        """A file of a run. MLflow's client would read the whole run first, for its `home`."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        with TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_text(text, encoding="utf-8")
            get_artifact_repository(home, self.place.uri).log_artifact(str(path))

    def end(self, identity: str, run: View, start: int, end: int) -> None:
        """Gives a run its numbers and ends it; it counts as complete from here on."""
        from mlflow.entities import Metric, Param

        self.client.log_batch(
            identity,
            metrics=[
                Metric(key, value, start, step)
                for key, history in run.metrics.items()
                for step, value in history
            ],
            params=[Param(key, value) for key, value in run.params.items()],
        )
        self.client.set_terminated(identity, run.status, end_time=end)

    def sync(
        self,
        records: Iterable[AnyRecord],
        *,
        figures: Figures | None = None,
        progress: Callable[[int, int], object] = lambda done, total: None,
        processes: int | None = None,
    ) -> Sync:
        """Logs what is missing or has changed; doing it again does nothing.

        Half-written runs, but for those that another process is at, and those of older numbers are
        deleted first. Of Records of one key the newest counts, and it is never replaced by an older
        one. Many are logged by processes of
        their own: a script that calls this wants `if __name__ == "__main__":` around it.

        Args:
            figures: draws a Record, if it is among the first 200 that are missing.
            progress: called with the runs logged and the runs to log.
            processes: further ones that log; by default none for fewer than 500 Records.

        Raises:
            StoreError: in one line; the same call goes on with what is missing.
        """
        wanted = newest(records)
        families = sorted({record.family for record in wanted.values()})
        with told(self.place.uri, "to read its runs"), quietly():
            runs = (run for family in families for run in self.runs(family))
            missing, outdated = survey(wanted, runs)
        total = len(missing)
        if processes is None:
            processes = processes_for(self.place.uri) if total >= MANY else 0
        self.delete(outdated)
        progress(0, total)
        drawn = DRAWN if figures else 0
        here = drawn if processes else total  # figures are drawn by this process alone
        push(
            missing[here:],
            partial(_one_of_many, self.place),
            processes,
            beside=(
                self.write(record, figures(record) if figures and number < drawn else None)
                for number, record in enumerate(missing[:here])
            ),
            progress=lambda done: progress(done, total),
        )
        if total >= MANY:
            analyze(self.place.uri)
        return Sync(total, len(wanted) - total)

    def delete(self, runs: Iterable[str]) -> None:
        """Hides runs; `mlflow gc` removes them for good."""
        with told(self.place.uri, "to delete runs that are half-written or outdated"), quietly():
            for identity in runs:
                self.client.delete_run(identity)

    def runs(
        self, family: str, tag: str = "kansci.record", value: str | None = None
    ) -> Iterator[Any]:
        """All runs of an experiment that have a tag, or that have it with a value."""
        which = "!= ''" if value is None else f"= '{value}'"
        token = None
        while token != "":
            page = self.client.search_runs(
                [self.experiment(family)],
                filter_string=f"tags.`{tag}` {which}",
                max_results=PAGE,
                page_token=token,
            )
            yield from page
            token = page.token or ""
