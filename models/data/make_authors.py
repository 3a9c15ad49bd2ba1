"""Makes `authors.zip` of three texts of the Canterbury corpus: `python make_authors.py FOLDER`.

The folder holds alice29.txt, asyoulik.txt and plrabn12.txt, as the source of brotli does in
tests/testdata (`pip download --no-binary :all: Brotli`). What is no author's is left out: notes of
the edition, headings, the names of speakers, stage directions. Of Milton's twelve books the first
three are kept, which are about as long as the others' works.
"""

import hashlib
import re
import sys
import zipfile
from pathlib import Path

TARGET = Path(__file__).parent / "authors.zip"
SOURCES = {  # author: file and its sha256
    "carroll": (
        "alice29.txt",
        "7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0",
    ),
    "shakespeare": (
        "asyoulik.txt",
        "eaa3526fe53859f34ecdf255712f9ecf0b2c903451d4755b2edaa2e2599cb0fc",
    ),
    "milton": (
        "plrabn12.txt",
        "07e2e0b461af78c7c647cb53dab39de560198e16f799b4516eccf0fbd69f764c",
    ),
}


def carroll(text: str) -> str:
    """Alice's Adventures in Wonderland without title, chapter headings and its last line."""
    story = text[text.index("CHAPTER I\n") : text.rindex("THE END")]
    return re.sub(r"^ *CHAPTER \w+\n+ *.*$", "", story, flags=re.MULTILINE)


def shakespeare(text: str) -> str:
    """As You Like It: what is spoken."""
    play = text[text.index("SCENE I\t") :]
    play = re.sub(r"\[[^]]*\]", "", play)
    headings = r"^\t?(AS YOU LIKE IT|EPILOGUE|SONG\.|ACT .*|SCENE .*)$"
    play = re.sub(headings, "", play, flags=re.MULTILINE)
    return re.sub(r"^[A-Z][A-Za-z ]*(\([^)]*\))?:?\t", "", play, flags=re.MULTILINE)


def milton(text: str) -> str:
    """Books I to III of Paradise Lost without their headings."""
    poem = text[text.index("Of Man's first disobedience") : text.index("\nBook IV ")]
    return re.sub(r"^Book \w+ *$", "", poem, flags=re.MULTILINE)


def main(folder: Path) -> None:
    """Write the archive.

    Raises:
        SystemExit: if a file is another than the one that the rules above were written for.
    """
    with zipfile.ZipFile(TARGET, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for author, (name, digest) in SOURCES.items():
            content = (folder / name).read_bytes()
            if hashlib.sha256(content).hexdigest() != digest:
                raise SystemExit(f"{folder / name} is not the file that was expected.")
            cleaned = globals()[author](content.decode("ascii").replace("\r\n", "\n"))
            lines = [" ".join(line.split()) for line in cleaned.splitlines()]
            text = "\n".join(line for line in lines if line) + "\n"
            entry = zipfile.ZipInfo(f"{author}.txt", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, text, zipfile.ZIP_DEFLATED, compresslevel=9)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
