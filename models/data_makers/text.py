"""Who wrote this? Pieces of three books as sequences of word numbers.

The texts lie in `models/data/authors.zip`, which `models/data/make_authors.py` made.
"""

import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]

FILE = Path(__file__).parent.parent / "data" / "authors.zip"
AUTHORS = ("carroll", "shakespeare", "milton")
PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2  # what numbers of a sequence mean
WORDS = 400  # numbers there are, those of padding and unknown words included
LONGEST, SHORTEST = 24, 12  # words of a piece
TESTED = 4  # every fourth piece is in the test part


def authors(file: Path = FILE) -> Arrays:
    """Pieces of 12 to 24 words by Carroll, Shakespeare and Milton, as many of each.

    Each text is cut into pieces that do not overlap; every fourth is in the test part. A word's
    number is its rank in the training part among the words that all three use, so that no
    character's name gives its author away; all other words are `UNKNOWN`. Sequences are padded in
    front, so that a network that reads them ends on words.

    Returns:
        `x_train`, `x_test` `(n, 24)` int32 below `WORDS`; `y_train`, `y_test` `(n,)` uint8,
        indices of `AUTHORS`.
    """
    pieces = [_pieces(words, seed) for seed, words in enumerate(_texts(file))]
    count = min(map(len, pieces))
    trained = [[p for at, p in enumerate(of[:count]) if at % TESTED != TESTED - 1] for of in pieces]
    tested = [[p for at, p in enumerate(of[:count]) if at % TESTED == TESTED - 1] for of in pieces]
    numbers = {word: FIRST_WORD + rank for rank, word in enumerate(_vocabulary(trained))}
    arrays: Arrays = {}
    for part, by_author in (("train", trained), ("test", tested)):
        # authors in turn, so that any first few hold all of them
        together = [piece for group in zip(*by_author, strict=True) for piece in group]
        arrays[f"x_{part}"] = np.stack([_padded(piece, numbers) for piece in together])
        arrays[f"y_{part}"] = (np.arange(len(together)) % len(AUTHORS)).astype(np.uint8)
    return arrays


def _texts(file: Path) -> list[list[str]]:
    with zipfile.ZipFile(file) as archive:
        texts = [archive.read(f"{author}.txt").decode("ascii").lower() for author in AUTHORS]
    return [re.findall(r"[a-z]+(?:'[a-z]+)?", text) for text in texts]


def _pieces(words: list[str], seed: int) -> list[list[str]]:
    lengths = np.random.default_rng(seed).integers(SHORTEST, LONGEST + 1, len(words) // SHORTEST)
    ends = np.cumsum(lengths)
    ends = ends[ends <= len(words)]
    return [words[end - length : end] for end, length in zip(ends, lengths, strict=False)]


def _vocabulary(pieces_by_author: list[list[list[str]]]) -> list[str]:
    """The commonest words that all authors use, commonest first, else by alphabet."""
    counts = [Counter(word for piece in of for word in piece) for of in pieces_by_author]
    shared = set.intersection(*map(set, counts))
    total = sum(counts, Counter[str]())
    return sorted(shared, key=lambda word: (-total[word], word))[: WORDS - FIRST_WORD]


def _padded(piece: list[str], numbers: dict[str, int]) -> npt.NDArray[np.int32]:
    sequence = np.full(LONGEST, PADDING, np.int32)
    sequence[LONGEST - len(piece) :] = [numbers.get(word, UNKNOWN) for word in piece]
    return sequence
