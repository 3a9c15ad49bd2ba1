"""The data set that lies in this folder."""

from pathlib import Path

from weighin import npz_dataset

npz_dataset(
    "mnist10k",
    Path(__file__).parent / "data" / "mnist10k.npz",
    classes=10,
    scale=1 / 255,
    digest="be021c146a9077719d91b63fc5d8bffe3cf131b305e77f46364280d665b83836",
)
