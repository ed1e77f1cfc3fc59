"""With a convolutional extractor FasterKAN is as good on MNIST as an MLP, with fewer numbers."""

import math
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
from kansci.claims.measurement import exactly, mean, ratio
from kansci.claims.verdict import Word, together, within
from kansci.draws import Draws
from kansci.errors import UserError
from kansci.models import trainable
from kansci.models.convolution import FEATURES, Body

VARIABLE = "KANSCI_MNIST"  # folder of the four files as their authors published them, unpacked
SEEDS = (0, 1, 2)
HEADS = {  # of as many numbers, on the same 256 features
    "FasterKAN": ("fasterkan-published", (FEATURES, 128, 64, 32, 16, 10)),
    "MLP": ("mlp-silu", (FEATURES, 570, 350, 10)),
}
BATCH, RATE = 64, 1e-3
ON_MNIST = "images of MNIST"
BEHIND = "accuracy of the MLP less that of FasterKAN"
REACHED = "seeds that reach it with "
SLOWER = "time to that accuracy, FasterKAN over MLP"
MNIST, DIGITS = (22, 0.995), (6, 0.95)  # epochs, and the accuracy that is waited for


class Run(NamedTuple):
    """Accuracy after each epoch, and CPU seconds of each, `(epoch,)`."""

    shares: Tensor
    seconds: Tensor


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


def digits() -> tuple[Images, Images]:
    """scikit-learn's 8 x 8 images, each pixel four times: 1 257 to learn from, 540 to be judged."""
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    small = torch.as_tensor(np.asarray(pixels) / 8 - 1).float().reshape(-1, 8, 8)
    x = small.repeat_interleave(2, 1).repeat_interleave(2, 2).flatten(1)
    y = torch.as_tensor(np.asarray(classes), dtype=torch.long)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    return Images(x[order[:1257]], y[order[:1257]]), Images(x[order[1257:]], y[order[1257:]])


def learned(head: nn.Module, data: tuple[Images, Images], epochs: int, seed: int) -> Run:
    """A head behind the extractor, trained on batches."""
    training, test = data
    shares, seconds = [], []
    with Draws("mnist", seed):
        net = nn.Sequential(Body(), head)
        optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
        for _ in range(epochs):
            begun = time.process_time()
            net.train()
            for rows in torch.randperm(len(training.x)).split(BATCH):
                optimizer.zero_grad()
                F.cross_entropy(net(training.x[rows]), training.y[rows]).backward()
                optimizer.step()
            seconds.append(time.process_time() - begun)
            net.eval()
            with torch.inference_mode():
                found = torch.cat([net(part).argmax(-1) for part in test.x.split(500)])
            shares.append((found == test.y).float().mean().item())
    return Run(torch.tensor(shares), torch.tensor(seconds))


def waited(run: Run, goal: float) -> float:
    """CPU seconds until the accuracy is reached; infinite where it never is."""
    reached = run.shares >= goal
    if not reached.any():
        return math.inf
    return run.seconds[: int(reached.int().argmax()) + 1].sum().item()


def measure() -> Iterator[Quantity | str]:
    folder = os.environ.get(VARIABLE)
    data, (epochs, goal) = (mnist(Path(folder)), MNIST) if folder else (digits(), DIGITS)
    yield exactly(ON_MNIST, float(bool(folder)))
    yield exactly(f"accuracy that is waited for, {epochs} epochs at most", 100 * goal, "%")
    last, spent = {}, {}
    for label, (model, widths) in HEADS.items():
        runs = [learned(network(model, widths=widths), data, epochs, seed) for seed in SEEDS]
        last[label] = [100 * run.shares[-1].item() for run in runs]
        spent[label] = [waited(run, goal) for run in runs]
        yield mean(f"accuracy with {label}", last[label], "%")
        yield exactly(f"numbers of {label}", trainable(network(model, widths=widths)))
        yield mean(f"seconds an epoch with {label}", [run.seconds.mean().item() for run in runs])
    yield mean(BEHIND, np.subtract(*reversed(last.values())), "%")
    for label, seconds in spent.items():
        yield exactly(REACHED + label, 100 * np.isfinite(seconds).mean(), "%")
    if np.isfinite([*spent.values()]).all():
        yield ratio(SLOWER, *spent.values())


def verdict(found: Measurement) -> Verdict:
    kan, mlp = (found[f"accuracy with {label}"] for label in HEADS)
    less, reached = found[BEHIND], [found[REACHED + label] for label in HEADS]
    heads = ", ".join(f"{found[f'numbers of {label}']} ({label})" for label in HEADS)
    said = f"{kan} with FasterKAN and {mlp} with an MLP, heads of {heads} numbers; "
    said += f"{reached[0]} and {reached[1]} of the seeds reach the accuracy that is waited for"
    said += f", in {found[SLOWER]} the time" if SLOWER in found else ""
    if not found[ON_MNIST].value:
        return Verdict(
            "cannot be tested here",
            f"It needs MNIST on disk, its folder in {VARIABLE}. On scikit-learn's digits, as an "
            f"illustration: {said}.",
        )
    in_time: Word = within(found[SLOWER], 1.0) if SLOWER in found else "does not hold"
    return Verdict(together([within(less, 0.1), in_time]), f"{said}.")


claim = Claim(
    id="C7",
    title="FasterKAN on MNIST beside an MLP",
    claim=(
        "Behind convolutions FasterKAN has 99.5 % on MNIST with 1 427 488 numbers, 22 epochs of "
        "7 min 50 s; an MLP 99.5 % with 3 272 842, 17 epochs of 58 s."
    ),
    source="Pham Huy Chau Long 2024, report on FasterKAN",
    cited=("pham2024report", "delis2024fasterkan"),
    setting="A smaller extractor before [256,128,64,32,16,10] than before the MLP; 8 switches.",
    ours=(
        "One extractor, heads of as many numbers swapped on it: the printed counts differ by the "
        "convolutions. Adam at 1e-3, batches of 64, three seeds; accuracy "
        "after the last epoch, and the time until an accuracy is reached, if all seeds get there."
    ),
    measure=measure,
    verdict=verdict,
)
