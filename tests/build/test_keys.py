"""What the key of an artifact covers, and what it does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers.keying import THIS, key_of_chain, rewrite
from helpers.tiny import tiny_arrays, write_project

from weighin import registry
from weighin.build import keys
from weighin.targets import machine
from weighin.targets.machine import Processor


def test_keys_do_not_depend_on_folders(plain: Path, tmp_path: Path) -> None:
    """The same project elsewhere has the same keys, and each stage has its own."""
    other = write_project(tmp_path / "other")

    keys = key_of_chain(plain)

    assert keys == key_of_chain(other)
    assert len(set(keys)) == len(keys) == 3


def test_the_key_covers_the_models_file(plain: Path) -> None:
    """A changed line anywhere in the model's file changes every key."""
    before = key_of_chain(plain)

    rewrite(plain, "layers.Dense(32,", "layers.Dense(33,")

    assert not set(before) & set(key_of_chain(plain))


@pytest.mark.parametrize(
    "change",
    [
        "epochs=3, finetune_epochs=1, batch_size=8, learning_rate=0.01",
        "epochs=2, finetune_epochs=1, batch_size=9, learning_rate=0.01",
        "epochs=2, finetune_epochs=1, batch_size=8, learning_rate=0.02",
        "epochs=2, finetune_epochs=1, batch_size=8, learning_rate=0.01, validation_split=0.1",
        "epochs=2, finetune_epochs=1, batch_size=8, learning_rate=0.01, optimizer='sgd'",
        "epochs=2, finetune_epochs=1, batch_size=8, learning_rate=0.01, decay='cosine'",
        "epochs=2, finetune_epochs=1, batch_size=8, learning_rate=0.01, shift=1",
    ],
)
def test_the_key_covers_the_recipe(plain: Path, change: str) -> None:
    """Any other recipe of the same file changes every key."""
    rewrite(plain, "@model(", f'@model(other=Recipe("tiny", {change}),')

    assert not set(key_of_chain(plain)) & set(key_of_chain(plain, profile="other"))


@pytest.mark.parametrize(
    "change",
    [
        "finetune_epochs=2",
        "finetune_learning_rate=0.1",
        "finetune_decay='cosine'",
        "density={'dense': 2}",
    ],
)
def test_what_concerns_steps_alone_leaves_the_dense_start(plain: Path, change: str) -> None:
    """A recipe that trains on otherwise shares its dense start, and nothing after it."""
    same = "epochs=2, batch_size=8, learning_rate=0.01"
    more = change if "finetune_epochs" in change else f"finetune_epochs=1, {change}"
    rewrite(plain, "@model(", f'@model(other=Recipe("tiny", {same}, {more}),')

    shared = set(key_of_chain(plain)) & set(key_of_chain(plain, profile="other"))

    assert {key_of_chain(plain)[0]} == shared


def test_the_key_does_not_cover_the_profiles_name(plain: Path) -> None:
    """Two profiles of the same recipe share their artifacts."""
    same = "epochs=2, finetune_epochs=1, batch_size=8, learning_rate=0.01"
    rewrite(plain, "@model(", f'@model(other=Recipe("tiny", {same}),')

    assert key_of_chain(plain) == key_of_chain(plain, profile="other")


def test_the_key_covers_the_data(plain: Path) -> None:
    """One other pixel changes every key."""
    before = key_of_chain(plain)
    arrays = tiny_arrays()
    arrays["x_train"][5, 4, 3] ^= 1

    np.savez(plain / "models" / "data" / "tiny.npz", **arrays)

    assert not set(before) & set(key_of_chain(plain))


def test_the_key_covers_the_scale(plain: Path) -> None:
    """The same pixels, scaled otherwise, are other model inputs: every key changes."""
    assert key_of_chain(plain) == key_of_chain(plain, scale=1 / 255)
    assert not set(key_of_chain(plain)) & set(key_of_chain(plain, scale=1 / 127))


def test_the_key_covers_the_seed(plain: Path) -> None:
    """Another seed changes every key."""
    assert not set(key_of_chain(plain)) & set(key_of_chain(plain, seed=1))


@pytest.mark.parametrize("package", keys.TRAINING_PACKAGES)
def test_the_key_covers_versions(
    plain: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    """Another version of anything that trains changes every key."""
    before = key_of_chain(plain)
    versions = keys._versions

    monkeypatch.setattr(keys, "_versions", lambda names: versions(names) | {package: "0.0"})

    assert not set(before) & set(key_of_chain(plain))


def test_a_key_covers_what_exports_are_made_by(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of the quantizer changes an export's key, and no training's."""
    before, versions = key_of_chain(plain), keys.version

    monkeypatch.setattr(
        keys, "version", lambda name: "9" if name == "litert-quantizer" else versions(name)
    )
    keys._versions.cache_clear()
    after = key_of_chain(plain)
    keys._versions.cache_clear()

    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False]


def test_the_key_covers_arguments(plain: Path) -> None:
    """Another argument of a step changes its key and its children's, not the dense start's."""
    first, second = key_of_chain(plain), key_of_chain(plain, "prune(0.6)+int8")

    assert [a == b for a, b in zip(first, second, strict=True)] == [True, False, False]


def test_the_key_covers_arguments_left_out(plain: Path) -> None:
    """An argument at its default counts like one that is written."""
    short, long = key_of_chain(plain), key_of_chain(plain, "prune(sparsity=0.5,begin=0.0)+int8")

    assert short == long


@pytest.mark.parametrize(
    ("name", "expected"),
    [("prune", [True, False, False]), ("int8", [True, True, False])],
)
def test_the_key_covers_the_code_of_steps_and_exports(
    plain: Path, monkeypatch: pytest.MonkeyPatch, name: str, expected: list[bool]
) -> None:
    """A changed step or export changes the keys from there on."""
    before = key_of_chain(plain)
    changed = registry.steps[name] if name in registry.steps else registry.exports[name]
    original = registry.source_digest

    def source_digest(item: object) -> str:
        return "changed" if item is changed else original(item)

    monkeypatch.setattr(registry, "source_digest", source_digest)

    assert expected == [a == b for a, b in zip(before, key_of_chain(plain), strict=True)]


# The processor


@pytest.mark.parametrize(
    "other",
    [
        Processor("Example CPU 2", "x86_64", ("avx2", "fma")),
        Processor("Example CPU", "aarch64", ("avx2", "fma")),
        Processor("Example CPU", "x86_64", ("avx2", "fma", "avx512f")),
    ],
)
def test_trained_weights_are_those_of_a_processor(plain: Path, other: Processor) -> None:
    """Another brand, architecture or instruction set changes every key of what was trained."""
    assert key_of_chain(plain) == key_of_chain(plain, processor=THIS)
    assert not set(key_of_chain(plain)) & set(key_of_chain(plain, processor=other))


@pytest.mark.parametrize(
    ("model", "name", "expected"),
    [
        ("published", "int8", [True, True]),
        ("published", "prune(0.5)+int8", [True, False, False]),
        ("published", "finetune", [True, False, False]),
        ("untrained", "int8", [False, False]),
    ],
)
def test_published_weights_and_exports_are_the_same_everywhere(
    odd: Path, model: str, name: str, expected: list[bool]
) -> None:
    """Only training, and settling random weights, depends on the processor."""
    other = dataclasses.replace(THIS, cpu="Other CPU")

    before, after = (key_of_chain(odd, name, processor, model=model) for processor in (THIS, other))

    assert expected == [a == b for a, b in zip(before, after, strict=True)]


def test_a_processor_that_was_handed_over_is_not_asked_for_again(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers are given it: asking the system takes longer than making all keys."""
    here = key_of_chain(plain, processor=machine.processor())
    assert here == key_of_chain(plain, processor=None)

    def refuse() -> Processor:
        raise AssertionError("the system was asked")

    monkeypatch.setattr(machine, "processor", refuse)

    assert len(key_of_chain(plain, processor=THIS)) == 3
    with pytest.raises(AssertionError, match="the system was asked"):
        key_of_chain(plain, processor=None)
