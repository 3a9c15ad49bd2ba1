"""Folders of images become data sets: which files, which classes, which pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.data import paths_in
from PIL import Image

from weighin.core import Dataset, WeighinError
from weighin.datasets.bringing import Brought, Reading, bring, register
from weighin.datasets.kinds import pictures
from weighin.datasets.loading import load

PLAIN = Reading()


def loaded(brought: Brought, folder: Path) -> Dataset:
    """What was brought, as any data set is loaded."""
    register(brought)
    return load(brought.name, paths_in(folder))


def image(
    path: Path, value: int, size: tuple[int, int] = (6, 5), mode: str = "RGB", **options: object
) -> Path:
    """An image of one colour, `value` in each channel, of a width and height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = (value,) * 3 if mode == "RGB" else value
    Image.new(mode, size, colour).save(path, **options)
    return path


def folder_of(root: Path, *parts: str, count: int = 10, **options: object) -> Path:
    """Class folders `cat` and `dog` in each part: cats are dark, dogs are bright."""
    for part in parts or ("",):
        for label, name in enumerate(("cat", "dog")):
            for number in range(count):
                value = 100 * label + number
                image(root / part / name / f"{number:02}.png", value, **options)
    return root


def test_classes_are_numbered_by_the_names_of_their_folders(tmp_path: Path) -> None:
    """And each image stands beside its own class, in both parts, with its pixels as they are."""
    brought = bring(folder_of(tmp_path / "pets"), PLAIN, tmp_path)

    data = loaded(brought, tmp_path)

    assert (data.name, data.classes) == ("pets", 2)
    assert (len(data.train), len(data.test)) == (16, 4)
    for split in (data.train, data.test):
        values = split.stored["x"]
        assert values.dtype == np.uint8
        assert values.shape[1:] == (5, 6, 3)
        assert np.array_equal(values[:, 0, 0, 0] // 100, split.target)
    marks = np.concatenate([data.train.stored["x"], data.test.stored["x"]])[:, 0, 0, 0]
    assert sorted(marks.tolist()) == [*range(10), *range(100, 110)]
    assert brought.summary == (
        "16 for training and 4 images to test on, 5×6×3 uint8; 2 classes: cat, dog; 5×6 RGB; "
        "no test part came: split 80:20 by seed 0, each class by itself "
        "(a model that was trained on all of it has seen these examples)"
    )


def test_training_images_are_shuffled(tmp_path: Path) -> None:
    """Who calibrates takes the first, which are not of one class alone."""
    root = folder_of(tmp_path / "pets", "train", "test", count=20)

    data = loaded(bring(root, PLAIN, tmp_path), tmp_path)
    other = loaded(bring(root, Reading(seed=1), tmp_path), tmp_path)

    assert {0, 1} == set(data.train.target[:10].tolist())
    assert (len(data.train), len(data.test)) == (40, 40)
    assert data.digest != other.digest


@pytest.mark.parametrize(
    ("parts", "counts"),
    [
        (("train", "val"), (20, 20)),
        (("train", "validation", "test"), (20, 20)),
        (("test",), (0, 20)),
        (("train",), (16, 4)),
    ],
)
def test_parts_are_told_by_their_folders(
    tmp_path: Path, parts: tuple[str, ...], counts: tuple[int, int]
) -> None:
    """`val` is a test part where there is no other, and left out where there is."""
    brought = bring(folder_of(tmp_path / "pets", *parts), PLAIN, tmp_path)

    data = loaded(brought, tmp_path)

    assert (data.training_examples, len(data.test)) == counts
    assert ("validation left out" in brought.summary) == ("validation" in parts)


def test_a_folder_that_is_called_a_test_part_is_one(tmp_path: Path) -> None:
    """Nothing is split off it."""
    brought = bring(folder_of(tmp_path / "val"), PLAIN, tmp_path)

    assert loaded(brought, tmp_path).test_only
    assert "a test part alone, as the folder's name says" in brought.summary


def test_classes_may_be_called_like_parts(tmp_path: Path) -> None:
    """A group of patients beside one of controls is no test part."""
    for name, value in (("control", 10), ("test", 200)):
        for number in range(5):
            image(tmp_path / "own" / name / f"{number}.png", value)

    brought = bring(tmp_path / "own", PLAIN, tmp_path)

    assert "2 classes: control, test" in brought.summary


def test_images_without_classes_have_no_targets(tmp_path: Path) -> None:
    """As they come: quality is not measured on them."""
    for number in range(10):
        image(tmp_path / "own" / f"{number}.png", number)

    data = loaded(bring(tmp_path / "own", PLAIN, tmp_path), tmp_path)

    assert (len(data.train), len(data.test)) == (8, 2)
    assert data.unlabelled


@pytest.mark.parametrize("suffix", ["png", "bmp", "webp", "gif", "JPG", "jpeg"])
def test_all_kinds_of_images_are_read(tmp_path: Path, suffix: str) -> None:
    """Lossless ones as they are, JPEG within a step or two."""
    for number in range(10):
        image(
            tmp_path / "own" / f"{number}.{suffix}",
            10 * number,
            **({"lossless": True} if suffix == "webp" else {}),
        )

    data = loaded(bring(tmp_path / "own", PLAIN, tmp_path), tmp_path)

    marks = sorted(np.concatenate([data.train.stored["x"], data.test.stored["x"]])[:, 2, 2, 0])
    np.testing.assert_allclose(np.asarray(marks, int), np.arange(0, 100, 10), atol=2)


@pytest.mark.parametrize(
    ("modes", "channels"), [(("L", "L"), 1), (("1", "L"), 1), (("LA", "I;16"), 1), (("L", "P"), 3)]
)
def test_images_are_grey_where_all_are(
    tmp_path: Path, modes: tuple[str, str], channels: int
) -> None:
    """Else all become RGB; of 16 bits the upper 8 are kept."""
    for number in range(10):
        mode = modes[number % 2]
        path = tmp_path / "own" / f"{number}.png"
        value = {"LA": (1, 255), "I;16": 257, "1": 1}.get(mode, 1)
        image(path, value, mode=mode)  # type: ignore[arg-type]

    values = loaded(bring(tmp_path / "own", PLAIN, tmp_path), tmp_path).train.stored["x"]

    assert values.shape[1:] == (5, 6, channels)
    if "1" not in modes and channels == 1:
        assert set(values.ravel().tolist()) == {1}


def test_photographs_stand_upright(tmp_path: Path) -> None:
    """As their EXIF orientation says, also in comparing sizes."""
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90° clockwise
    for number in range(5):
        pixels = np.zeros((4, 8, 3), np.uint8)
        pixels[:, :4] = 255
        path = tmp_path / "own" / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path, exif=turned, quality=100, subsampling=0)
        image(tmp_path / "own" / f"{number}.png", 0, size=(4, 8))

    values = loaded(bring(tmp_path / "own", PLAIN, tmp_path), tmp_path).train.stored["x"]

    bright = values[values[:, 0, 0, 0] > 128]
    assert len(bright)
    assert values.shape[1:] == (8, 4, 3)
    assert bright[:, :4].min() > 200
    assert bright[:, 4:].max() < 55


def test_sizes_that_differ_want_one_to_be_given(tmp_path: Path) -> None:
    """Two are named; then all are resized, or their middle is cut out."""
    root = folder_of(tmp_path / "own")
    image(root / "dog" / "large.png", 120, size=(60, 50))

    with pytest.raises(WeighinError, match=r"00\.png has 5×6 .*large\.png 50×60\. .*--size"):
        bring(root, PLAIN, tmp_path)
    with pytest.raises(WeighinError, match="--size 0x4: each is 1 to"):
        bring(root, Reading(size=(0, 4)), tmp_path)
    with pytest.raises(WeighinError, match="--crop wants to know what size is cut out"):
        bring(root, Reading(crop=True), tmp_path)
    for crop in (False, True):
        brought = bring(root, Reading(size=(7, 4), crop=crop), tmp_path)
        assert loaded(brought, tmp_path).test.stored["x"].shape[1:] == (7, 4, 3)
        assert ("middle cut out" in brought.summary) == crop


def test_the_middle_is_cut_out_of_images_an_eighth_larger(tmp_path: Path) -> None:
    """The shorter side becomes 256/224 of the size; what lies beside it is gone."""
    pixels = np.zeros((256, 512, 3), np.uint8)
    pixels[16:240, 144:368] = 255  # what an evaluation of ImageNet sees of such an image
    for number in range(4):
        (tmp_path / "own").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "own" / f"{number}.png")

    cropped, squeezed = (
        loaded(bring(tmp_path / "own", Reading(size=(224, 224), crop=crop), tmp_path), tmp_path)
        for crop in (True, False)
    )

    assert cropped.test.stored["x"].min() == 255
    assert squeezed.test.stored["x"].min() == 0


def test_a_few_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    """Their labels too; the first are named, and more than 1 % is refused."""
    root = folder_of(tmp_path / "own", count=150)
    (root / "cat" / "00.png").write_bytes(b"")
    whole = (root / "dog" / "07.png").read_bytes()
    (root / "dog" / "07.png").write_bytes(whole[:45])
    (root / "dog" / "notes.txt").write_text("no image", "utf-8")

    brought = bring(root, PLAIN, tmp_path)

    data = loaded(brought, tmp_path)
    assert len(data.train) + len(data.test) == 298
    assert "2 of 300 images cannot be read: cat/00.png, dog/07.png" in brought.summary
    for number in range(2):
        (root / "cat" / f"{number + 10}.png").write_bytes(b"\x89PNG")
    with pytest.raises(WeighinError, match=r"4 of 300 images cannot be read: cat/00\.png.*, …"):
        bring(root, PLAIN, tmp_path)


def test_a_name_of_two_lines_is_told_on_one(tmp_path: Path) -> None:
    """A file's name cannot look like a message of its own."""
    root = folder_of(tmp_path / "own", count=60)
    (root / "cat" / "a\nError: all is well.png").write_bytes(b"")

    summary = bring(root, PLAIN, tmp_path).summary

    assert "cat/a Error: all is well.png" in summary


def test_a_link_to_its_own_folder_is_no_class(tmp_path: Path) -> None:
    """Its images would be a third class, of all the others."""
    root = folder_of(tmp_path / "own")
    (root / "again").symlink_to(root)
    (root / "above").symlink_to(tmp_path)

    assert loaded(bring(root, PLAIN, tmp_path), tmp_path).classes == 2


def test_labels_stay_beside_images_when_some_are_left_out(tmp_path: Path) -> None:
    """Whichever part they would have been in."""
    root = folder_of(tmp_path / "own", "train", "test", count=100)
    for part, name in (("train", "cat"), ("test", "dog")):
        path = root / part / name / "50.png"
        path.write_bytes(path.read_bytes()[:45])

    data = loaded(bring(root, PLAIN, tmp_path), tmp_path)

    assert (len(data.train), len(data.test)) == (199, 199)
    for split in (data.train, data.test):
        assert np.array_equal(split.stored["x"][:, 0, 0, 0] // 100, split.target)


def test_an_image_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its header, before memory is taken."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    root = folder_of(tmp_path / "own")

    for size in ((40, 30), (400, 300)):
        bomb = image(root / "dog" / "bomb.png", 0, size=size)
        with pytest.raises(WeighinError, match=rf"{bomb} would unpack to more pixels"):
            bring(root, PLAIN, tmp_path)


def test_other_formats_are_not_tried(tmp_path: Path) -> None:
    """A file is read only as what images here may be, whatever else Pillow knows."""
    root = folder_of(tmp_path / "own")
    Image.new("RGB", (6, 5)).save(root / "dog" / "own.tiff")
    (root / "dog" / "own.tiff").rename(root / "dog" / "own.png")

    with pytest.raises(WeighinError, match=r"1 of 21 images cannot be read: dog/own\.png"):
        bring(root, PLAIN, tmp_path)


def test_large_folders_are_decoded_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few fit into memory, they are the same data, and how far it is is told."""
    root, said = folder_of(tmp_path / "own", "train", "test"), []
    at_once = loaded(bring(root, PLAIN, tmp_path / "one"), tmp_path)
    monkeypatch.setattr(pictures, "AT_ONCE", 7 * 5 * 6 * 3)

    def progress(what: str, done: int, total: int) -> None:
        said.append((what, done, total))

    in_pieces = loaded(bring(root, PLAIN, tmp_path / "two", progress), tmp_path)

    assert in_pieces.digest == at_once.digest
    assert [word for word in said if word[0] == "images decoded"] == [
        ("images decoded", done, 20) for _ in range(2) for done in (7, 14, 20)
    ]
    assert isinstance(in_pieces.train.stored["x"].base, np.memmap)


def test_prepared_images_are_floats(tmp_path: Path) -> None:
    """By channel, from bytes."""
    reading = Reading(scale=1 / 255, mean=(0.0, 0.1, 0.2), std=(0.5,))
    data = loaded(bring(folder_of(tmp_path / "own"), reading, tmp_path), tmp_path)
    plain = loaded(bring(tmp_path / "own", PLAIN, tmp_path), tmp_path)

    wanted = (plain.test.stored["x"] / 255 - np.array([0, 0.1, 0.2])) / 0.5
    np.testing.assert_allclose(data.test.inputs()["x"], wanted, rtol=1e-5, atol=1e-6)


def test_folders_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    """Classes that are tested but not trained, one class alone, a part without images."""
    strange = folder_of(tmp_path / "strange", "train", "test")
    image(strange / "test" / "cow" / "a.png", 0)
    image(tmp_path / "alone" / "images" / "a.png", 0)
    folder_of(tmp_path / "half", "train")
    (tmp_path / "half" / "test").mkdir()

    for name, message in {
        "strange": "class folders cow are not in .*train",
        "alone": "one class folder alone, images: name the folder .* or --data .*alone/images",
        "half": "half/test holds no images",
    }.items():
        with pytest.raises(WeighinError, match=message):
            bring(tmp_path / name, PLAIN, tmp_path)
