"""The data set that lies in this folder."""

from pathlib import Path

from weighin import npz_dataset

npz_dataset("mnist10k", Path(__file__).parent / "data" / "mnist10k.npz", classes=10)
