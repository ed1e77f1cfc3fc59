"""Submissions made up for tests: a file, and Records with the keys that it has, untrained."""

from pathlib import Path

from kansci.discover import find_model
from kansci.ledger import save
from kansci.models import Model
from kansci.recipe import Recipe
from kansci.record import Trial
from kansci.runner import unfinished
from kansci.submission.bundle import Bundle
from kansci.submission.facts import counts, size_of
from kansci.submission.submitting import submit
from kansci.submission.template import write_template
from kansci.suite import cells, get_suite

WHO = {"authors": "A. One, B. Two", "url": "https://example.org/mykan", "licence": "MIT"}


def here(file: Path) -> Model:
    """In place of `sandbox.foreign`, for files that are our own: a sandbox takes seconds."""
    return find_model(str(file))


def written(folder: Path, name: str = "mykan", suite: str = "demo") -> Path:
    """The template of a name, and Records of all cells of a suite in `made` beside it."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.py"
    write_template(file)
    model = here(file)
    every = cells(get_suite(suite), models=[model])
    sizes = counts(model, map(size_of, every))
    for cell in every:
        what = (cell.task, cell.model, cell.budget, cell.recipe)
        record = unfinished(*what, suite=cell.suite)
        members = len(record.members)
        save(
            record.updated(
                status="ok",
                members=("ok",) * members,
                rate=cell.recipe.rates[0],
                tuning=tuning(cell.recipe),
                errors=[[[0.5] * members for _ in record.probes] for _ in record.stages],
                parameters=sizes[size_of(cell)],
                environment=record.environment.model_copy(update={"dirty": False}),
            ),
            folder / "made",
        )
    return file


def tuning(recipe: Recipe) -> tuple[Trial, ...]:
    """In which the first rate ends best."""
    return tuple(
        Trial(rate=rate, seed=seed, score=place)
        for place, rate in enumerate(recipe.rates)
        for seed in recipe.tuning_seeds
    )


def submitted(folder: Path, name: str = "mykan", **changes: str) -> Bundle:
    """Its bundle, in `models` beside the file."""
    file = written(folder, name)
    home, out = folder / "made", folder / "models"
    return submit(file, suite="demo", records=home, out=out, **{**WHO, **changes})  # type: ignore[arg-type]
