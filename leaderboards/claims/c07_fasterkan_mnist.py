"""With a convolutional extractor FasterKAN is as good on MNIST as an MLP, with fewer numbers."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kansci.claims import Claim, Measurement, Quantity, Verdict
from kansci.claims.experiments import network
from kansci.claims.measurement import exactly, mean
from kansci.claims.verdict import within
from kansci.draws import Draws
from kansci.errors import UserError
from kansci.models import trainable
from kansci.models.convolution import FEATURES, Body

VARIABLE = "KANSCI_MNIST"  # folder of the four files as their authors published them, unpacked
SEEDS = (0, 1, 2)
KAN, MLP, ALONE = "FasterKAN", "the MLP of the report", "the extractor of FasterKAN and no KAN"
NETWORKS = {  # whether the extractor is the larger one, and what stands on its features
    KAN: (False, "fasterkan-published", (FEATURES, 128, 64, 32, 16, 10)),
    MLP: (True, "mlp-silu", (FEATURES, 10)),
    ALONE: (False, "mlp-silu", (FEATURES, 10)),
}
BATCH, RATE, EPOCHS = 64, 1e-3, 22
ON_MNIST = "images of MNIST"
BEHIND = "accuracy of the MLP of the report less that of FasterKAN"
AS_GOOD = 0.1  # % of accuracy


class Run(NamedTuple):
    """Accuracy at the end, and CPU seconds an epoch."""

    share: float
    seconds: float


class Images(NamedTuple):
    """Pixels `(image, side^2)` in [-1, 1] and classes `(image,)`."""

    x: Tensor
    y: Tensor


def mnist(folder: Path) -> tuple[Images, Images]:
    """60 000 images to learn from, 10 000 to be judged on."""

    def read(name: str, start: int) -> np.ndarray:
        path = folder / name
        if not path.is_file():
            raise UserError(f"{path}: want the unpacked files of MNIST in {VARIABLE}, got none")
        return np.frombuffer(path.read_bytes(), np.uint8, offset=start)

    def images(part: str) -> Images:
        pixels = read(f"{part}-images-idx3-ubyte", 16).reshape(-1, 784)
        classes = read(f"{part}-labels-idx1-ubyte", 8)
        x = torch.from_numpy(pixels / np.float32(127.5) - 1)
        return Images(x, torch.from_numpy(classes.astype(np.int64)))

    return images("train"), images("t10k")


def made(label: str) -> nn.Module:
    """One of the networks, untrained."""
    deep, model, widths = NETWORKS[label]
    return nn.Sequential(Body(deep=deep), network(model, widths=widths))


def learned(label: str, data: tuple[Images, Images], seed: int) -> Run:
    """A network that was trained on batches."""
    training, test = data
    begun = time.process_time()
    with Draws("mnist", seed):
        net = made(label)
        optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(training.x)).split(BATCH):
                optimizer.zero_grad()
                F.cross_entropy(net(training.x[rows]), training.y[rows]).backward()
                optimizer.step()
        seconds = (time.process_time() - begun) / EPOCHS
        net.eval()
        with torch.inference_mode():
            found = torch.cat([net(part).argmax(-1) for part in test.x.split(500)])
    return Run((found == test.y).float().mean().item(), seconds)


def measure() -> Iterator[Quantity | str]:
    folder = os.environ.get(VARIABLE)
    yield exactly(ON_MNIST, float(bool(folder)))
    for label in NETWORKS:
        yield exactly(f"numbers of {label}", trainable(made(label)))
    if not folder:
        return
    data, shares = mnist(Path(folder)), {}
    for label in NETWORKS:
        runs = [learned(label, data, seed) for seed in SEEDS]
        shares[label] = [100 * run.share for run in runs]
        yield mean(f"accuracy of {label}", shares[label], "%")
        yield mean(f"seconds an epoch of {label}", [run.seconds for run in runs])
    yield mean(BEHIND, np.subtract(shares[MLP], shares[KAN]), "%")


def verdict(found: Measurement) -> Verdict:
    numbers = {label: found[f"numbers of {label}"] for label in NETWORKS}
    if not found[ON_MNIST].value:
        counts = ", ".join(f"{count} ({label})" for label, count in numbers.items())
        return Verdict(
            "cannot be tested here",
            f"It needs MNIST on disk, its folder in {VARIABLE}. The networks have the numbers of "
            f"the report, and one more, which it left out: {counts}.",
        )
    said = ", ".join(
        f"{found[f'accuracy of {label}']} with {count} numbers and "
        f"{found[f'seconds an epoch of {label}']} seconds an epoch ({label})"
        for label, count in numbers.items()
    )
    return Verdict(within(found[BEHIND], AS_GOOD), f"On MNIST {said}.")


claim = Claim(
    id="C7",
    title="FasterKAN on MNIST beside an MLP",
    claim=(
        "Behind convolutions FasterKAN has 99.5 % on MNIST with 1 427 488 numbers, 22 epochs of "
        "7 min 50 s; an MLP 99.5 % with 3 272 842, 17 epochs of 58 s."
    ),
    source="Pham Huy Chau Long 2024, report on FasterKAN",
    cited=("pham2024report", "delis2024fasterkan"),
    setting=(
        "A smaller extractor before [256,128,64,32,16,10] with 8 switches than before a linear "
        "layer, which is the MLP."
    ),
    ours=(
        "Both networks of the report, and the smaller extractor before a linear layer, as the "
        "printed counts differ by convolutions alone. Adam at 1e-3, batches of 64, 22 epochs, "
        f"three seeds. It holds if FasterKAN is at most {AS_GOOD} % behind; times are reported "
        "and do not decide."
    ),
    measure=measure,
    verdict=verdict,
)
