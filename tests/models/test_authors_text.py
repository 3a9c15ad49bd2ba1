"""Pieces of three books as word numbers, and the archive that they come from."""

from __future__ import annotations

import functools
import hashlib
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.task_data import MODELS, Arrays, digest

from models.data import make_authors
from models.data_makers import text

WORDS_OF_TEXTS = "8b3c952f34f37f78"


@functools.cache
def made() -> Arrays:
    """The data set, made once."""
    return text.authors()


def test_the_same_text_gives_the_same_arrays() -> None:
    """Every number is known by its digest, made twice and on every version of NumPy."""
    assert digest(made()) == "3d8a2848c8d9d829"
    assert digest(text.authors()) == "3d8a2848c8d9d829"


def test_the_archive_is_small_and_holds_three_texts_without_notes_of_their_editions() -> None:
    """What is embedded is at most 300 kB, as the maker wrote it, and no edition's own words."""
    archive = MODELS / "data" / "authors.zip"
    assert archive.stat().st_size < 300_000
    total = hashlib.sha256()
    with zipfile.ZipFile(archive) as opened:
        assert [f"{author}.txt" for author in text.AUTHORS] == opened.namelist()
        for name in opened.namelist():
            content = opened.read(name)
            total.update(content)
            assert 100_000 < len(content) < 150_000
            unwanted = rb"gutenberg|\betext|fulcrum|copyright|chapter|dramatis|exeunt|\nbook "
            assert not re.search(unwanted, content.lower())
    assert total.hexdigest()[:16] == WORDS_OF_TEXTS


def test_sequences_are_padded_in_front_and_within_the_vocabulary() -> None:
    """Numbers are int32 below `WORDS`; padding is never after or between words."""
    for part in ("train", "test"):
        sequences, labels = made()[f"x_{part}"], made()[f"y_{part}"]
        assert (str(sequences.dtype), str(labels.dtype)) == ("int32", "uint8")
        assert (len(labels), text.LONGEST) == sequences.shape
        assert (sequences.min(), sequences.max()) == (0, text.WORDS - 1) or part == "test"
        padded = sequences == text.PADDING
        assert not (np.diff(padded.astype(int), axis=1) > 0).any()
        lengths = (~padded).sum(axis=1)
        assert (lengths.min(), lengths.max()) == (text.SHORTEST, text.LONGEST)
    assert set(range(text.WORDS)) == set(made()["x_train"].ravel().tolist())


def test_authors_are_as_frequent_as_each_other() -> None:
    """In each part, and in its first few already."""
    for part in ("train", "test"):
        assert len(set(np.bincount(made()[f"y_{part}"]).tolist())) == 1
        assert {0, 1, 2} == set(made()[f"y_{part}"][:3].tolist())
    assert (len(made()["y_train"]), len(made()["y_test"])) == (2448, 813)


def test_known_words_are_used_by_all_three_authors() -> None:
    """No word that only one of them uses has a number: not the name of a character, for one."""
    words = [set(sequence[sequence > 1].tolist()) for sequence in made()["x_train"]]
    by_author = [
        set.union(
            *(of for of, label in zip(words, made()["y_train"], strict=True) if label == author)
        )
        for author in range(3)
    ]

    assert by_author[0] == by_author[1] == by_author[2]


def test_pieces_follow_each_other_without_sharing_a_word() -> None:
    """Put together again, pieces are the text's words in their order; only its end is left out."""
    for words in text._texts(text.FILE):
        pieces = text._pieces(words, 0)
        together = [word for piece in pieces for word in piece]
        assert words[: len(together)] == together
        assert len(words) - len(together) < text.LONGEST


def test_no_piece_is_in_both_parts() -> None:
    """Nor is a sequence of the test part one of the training part by chance."""
    known = {sequence.tobytes() for sequence in made()["x_train"]}

    assert not [sequence for sequence in made()["x_test"] if sequence.tobytes() in known]


SOURCES = {
    "carroll": (
        "Title\nCHAPTER I\n\n  Down\n\nAlice.\n CHAPTER II\n\n The Pool\nShe.\nTHE END",
        "Alice.She.",
    ),
    "shakespeare": (
        "CAST\nSCENE I\tA wood.\n\n[Enter]\n\nADAM\tSir."
        "\nACT II\n\tNo, [to\nAdam] yes.\nEPILOGUE\n",
        "Sir.No,yes.",
    ),
    "milton": (
        "Notes\nBook I \nOf Man's first disobedience\nBook II  \nHigh\nBook IV \nNot this",
        "OfMan'sfirstdisobedienceHigh",
    ),
}


@pytest.mark.parametrize("author", SOURCES)
def test_the_maker_leaves_out_what_is_no_authors(author: str) -> None:
    """Titles, headings, speakers' names and stage directions go; the author's words stay."""
    source, kept = SOURCES[author]

    cleaned = getattr(make_authors, author)(source)

    assert kept == "".join(cleaned.split())


def test_the_maker_refuses_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rules were written for three files, byte for byte; the one that differs is named."""
    monkeypatch.setattr(make_authors, "TARGET", tmp_path / "authors.zip")
    (tmp_path / "alice29.txt").write_text("CHAPTER I\n\nAnother book\nTHE END", "ascii")

    with pytest.raises(SystemExit, match=r"alice29\.txt is not the file"):
        make_authors.main(tmp_path)
