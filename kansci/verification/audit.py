"""Which cells are audited, and by which seeds: drawn by HMAC, so that nobody can foresee them.

Everything follows from the maintainers' secret and the hash of the bundle. Who submits knows the
hash and not the secret; a changed bundle draws anew, but what it draws cannot be seen, and so not
be improved by trying. A plan holds the seeds and never the secret: it may go where submitted code
runs. Bundles that are verified together draw from the hash of all their hashes: they have seeds and
variants in common, and yardsticks learn these once for all.

Source: Krawczyk, Bellare, Canetti 1997, "HMAC: keyed-hashing for message authentication", RFC 2104.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Literal, NamedTuple

from kansci.errors import UserError
from kansci.record import Frozen, Record
from kansci.verification.variants import has_variant

LEAST = 16  # bytes of a secret
FIRST = 2**32  # secret seeds begin here: public ones are small
RETUNED, VARIED, RELOADED = 3, 6, 6  # cells at most
YARDSTICKS = ("mlp-silu", "kan", "fastkan")


class Depth(NamedTuple):
    """How much is audited."""

    tasks: int
    seeds: int


USUAL, FIRST_FIVE = Depth(12, 3), Depth(20, 5)


class Audited(Frozen, frozen=True):
    """A cell whose submitted Record is put to the test."""

    key: str
    task: str
    budget: int


class Plan(Frozen, frozen=True):
    """What a verification does.

    Attributes:
        bundle: hash of what is verified.
        lot: the hash that all was drawn for: of the bundle, or of those verified together.
        suite: whose Records are audited.
        secret: SHA-256 of the secret that all was drawn from.
        seeds: of the trainings that are compared.
        audited: cells that are trained again from these seeds.
        retuned: keys of those whose rate is chosen again.
        varied: names of tasks whose variants are learned.
        variant: the seed of the variants.
        yardsticks: models of the zoo that learn the variants as well.
    """

    schema_version: Literal[1] = 1
    name: str
    bundle: str
    lot: str
    suite: str
    secret: str
    seeds: tuple[int, ...]
    audited: tuple[Audited, ...]
    retuned: tuple[str, ...]
    varied: tuple[str, ...]
    variant: int
    yardsticks: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of all of it: results say of which plan they are."""
        return sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def common(self) -> str:
        """A name for the seeds and variants, which plans of bundles verified together share."""
        return sha256(f"{self.secret}/{self.lot}/{self.seeds}".encode()).hexdigest()[:12]


class Lot:
    """Numbers that a secret and a hash give, each for a purpose."""

    def __init__(self, secret: bytes, name: str) -> None:
        self._secret, self._name = secret, name

    def number(self, purpose: str) -> int:
        """Uniform in [0, 2**52): exact in JSON wherever it is read."""
        said = f"{self._name}/{purpose}".encode()
        return int.from_bytes(hmac.new(self._secret, said, sha256).digest()[:8], "big") >> 12

    def seed(self, purpose: str) -> int:
        return FIRST + self.number(purpose)


def lot_of(bundles: Iterable[str]) -> str:
    """What bundles that are verified together are drawn for; one that is alone is its own lot."""
    every = sorted(set(bundles))
    return every[0] if len(every) == 1 else sha256("\n".join(every).encode()).hexdigest()


def draw(
    records: Sequence[Record],
    *,
    name: str,
    bundle: str,
    secret: bytes,
    lot: str | None = None,
    depth: Depth = USUAL,
    yardsticks: Iterable[str] = YARDSTICKS,
) -> Plan:
    """The plan for a bundle with these Records, which are of one suite.

    Args:
        lot: of bundles that are verified together; by default it is alone.

    Raises:
        UserError: for a secret that can be guessed, or too few Records with trained networks.
    """
    if len(secret) < LEAST:
        raise UserError(
            f"want a secret of at least {LEAST} bytes, got {len(secret)}: "
            "`openssl rand -hex 32` makes one"
        )
    drawn_for = lot or bundle
    numbers = Lot(secret, drawn_for)
    chosen = spread([record for record in records if record.members], numbers, depth.tasks)
    if len(chosen) < 2:
        raise UserError(f"{name}: want at least 2 tasks with trained networks, got {len(chosen)}")
    tuned = [record.key for record in chosen if record.rate is not None]
    varied = [name for name in dict.fromkeys(one.name for one in chosen) if has_variant(name)]
    return Plan(
        name=name,
        bundle=bundle,
        lot=drawn_for,
        suite=chosen[0].suite,
        secret=sha256(secret).hexdigest(),
        seeds=tuple(numbers.seed(f"seed {number}") for number in range(depth.seeds)),
        audited=tuple(Audited(key=r.key, task=r.task, budget=r.budget) for r in chosen),
        retuned=tuple(tuned[:RETUNED]),
        varied=tuple(varied[:VARIED]),
        variant=numbers.seed("variant"),
        yardsticks=tuple(yardsticks),
    )


def spread(records: Iterable[Record], lot: Lot, count: int) -> list[Record]:
    """So many Records, each of another task, spread evenly over families and then budgets.

    Among equals those with the smallest HMAC; fewer, where there are fewer tasks.
    """
    left = sorted(records, key=lambda one: lot.number(f"{one.task}/{one.budget}"))
    chosen: list[Record] = []
    families, budgets = Counter[str](), Counter[tuple[str, int]]()
    while left and len(chosen) < count:
        one = min(left, key=lambda r: (families[r.family], budgets[r.family, r.budget]))
        chosen.append(one)
        families[one.family] += 1
        budgets[one.family, one.budget] += 1
        left = [other for other in left if other.task != one.task]
    return chosen
