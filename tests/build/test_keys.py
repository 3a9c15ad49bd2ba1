"""What the key of an artifact covers, and what it does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.building import context_of, job, write_odd_project
from helpers.tiny import registrations_undone, tiny_arrays, write_project

import weighin
from weighin import grammar, npz_dataset, registry
from weighin.build import keys
from weighin.datasets import loading
from weighin.definitions import load_definitions
from weighin.targets import machine
from weighin.targets.machine import Processor

THIS = Processor("Example CPU", "x86_64", ("avx2", "fma"))


def key_of_chain(
    project: Path,
    name: str = "prune(0.5)+int8",
    processor: Processor | None = THIS,
    **changes: Any,
) -> list[str]:
    """The keys of a variant of the tiny model, dense start first, as `build` would have them."""
    build_context = context_of(project, project / "cache", processor)
    with registrations_undone():
        load_definitions(build_context.definitions)
        if "scale" in changes:
            data = project / "models" / "data" / "tiny.npz"
            npz_dataset("tiny", data, classes=3, scale=changes.pop("scale"))
        last = dataclasses.replace(job("tiny", name), **changes)
        recipe = registry.models[last.model].recipe(last.profile)
        digest = loading.load(recipe.dataset, build_context.search).digest
        return [build_context.key(one, digest) for one in last.chain]


def rewrite(project: Path, old: str, new: str) -> None:
    """Change the text of the tiny model's file."""
    file = project / "models" / "tiny.py"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A project of its own with the tiny model."""
    return write_project(tmp_path / "plain")


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


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A project with a model that has published weights, and one that is never trained."""
    return write_odd_project(tmp_path / "odd")


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


# Source files

BUILT_BY = {"dense start", "published"}
SCALED = {"dynamic", "int8", "int16x8", "int4", "sparse", "compact", "reorder"}
REORDERING = ("channels", "channel_rules", "editing", "idle", "orders")
EDITED = {  # the stages whose own account, parents aside, changes with a file
    "frameworks/process.py": BUILT_BY,
    "frameworks/tf_keras.py": BUILT_BY,
    "frameworks/fitting.py": BUILT_BY,
    "frameworks/flattening.py": BUILT_BY,
    "frameworks/heads.py": BUILT_BY,
    "frameworks/training.py": BUILT_BY,
    **dict.fromkeys(("frameworks/loading.py", "frameworks/keras3.py"), BUILT_BY),
    "frameworks/direct.py": BUILT_BY,
    "core/data.py": BUILT_BY,
    "core/signature.py": BUILT_BY,
    "core/tasks.py": BUILT_BY,
    "tasks/inferring.py": BUILT_BY,
    "tasks/regression.py": BUILT_BY,
    "tasks/scoring.py": set(),
    "frameworks/fingerprint.py": set(),
    "frameworks/toolkit.py": {"prune", "qat", "channels"},
    "frameworks/clustering.py": {"cluster"},
    "frameworks/schemes.py": {"cluster", "qat"},
    "frameworks/guarding.py": set(),
    "frameworks/sessions.py": set(),
    "frameworks/signal.py": set(),
    "frameworks/downloads.py": set(),
    "frameworks/versions.py": set(),
    "frameworks/__init__.py": set(),
    "formats/keras.py": {"published"},
    "formats/tflite.py": set(),
    "steps/_masks.py": {"prune"},
    "steps/_channel_groups.py": {"channels"},
    "steps/_channel_pruning.py": {"channels"},
    "steps/_channel_rules.py": {"channels"},
    "steps/finetune.py": {"finetune"},
    "frameworks/onnx_files.py": {"onnx", "onnx_int8", "onnx_dynamic"},
    "exports/_onnx.py": {"onnx", "onnx_int8", "onnx_dynamic"},
    "exports/_quantized.py": SCALED | {"onnx_int8"},
    "exports/float32.py": {"float32", "int4", "sparse", "compact", "reorder", "litert"},
    "exports/float16.py": {"float16", "sparse", "compact", "reorder"},
    "exports/dynamic.py": {"dynamic", "sparse", "compact", "reorder"},
    "exports/int8.py": {"int8", "sparse", "compact", "reorder"},
    "exports/int16x8.py": {"int16x8", "compact", "reorder"},
    "exports/int4.py": {"int4", "compact", "reorder"},
    "exports/compact.py": {"compact", "reorder"},
    **{f"exports/_{name}.py": {"reorder"} for name in REORDERING},
    "exports/litert.py": {"litert"},
    "exports/_exceptions.py": {"litert"},
    "exports/_recipes.py": {"int4", "compact", "reorder", "litert"},
    "exports/_quantizing.py": {"int4", "compact", "reorder", "litert"},
    "exports/_completing.py": {"int4", "compact", "reorder", "litert"},
    "formats/layer_names.py": {"litert"},
}
VARIANTS = [
    *("prune(0.5)", "cluster(4)", "qat", "channels(0.5)", "finetune"),
    *("float32", "float16", "dynamic", "int8", "int16x8", "int4", "sparse", "compact(int8)"),
    *("onnx", "onnx_int8", "onnx_dynamic"),
    "reorder(int8)",
    "litert(dynamic_wi8_afp32)",
]


def test_keys_do_not_depend_on_which_task_was_registered_first(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That differs from process to process, and workers must find what a run has asked for."""
    before = key_of_chain(plain)
    turned = dict(reversed(registry.tasks._objects.items()))
    monkeypatch.setattr(registry.tasks, "_objects", turned)

    assert before == key_of_chain(plain)


OWN = """
from weighin import task

@task("closeness", better="lower", loss="mse")
def closeness(answers, targets):
    return abs(answers - targets).mean(axis=1)

def weighted(by):
    def make(keras):
        return lambda wanted, given: by * (wanted - given) ** 2
    return make

@model(other=
"""


@pytest.mark.parametrize(
    ("said", "then", "changed"),
    [
        ("task='closeness'", "task='closeness'", False),
        ("task='closeness'", "task='regression'", True),
        ("loss=weighted(2.0)", "loss=weighted(2.0)", False),
        ("loss=weighted(2.0)", "loss=weighted(3.0)", True),
        ("loss=weighted(2.0)", "loss=weighted(2.0), task='regression'", True),
    ],
)
def test_the_key_covers_losses_and_tasks_of_ones_own(
    plain: Path, said: str, then: str, changed: bool
) -> None:
    """By their files and what they were made with."""
    recipe = 'Recipe("tiny", epochs=2, finetune_epochs=1, '
    more = f"{recipe}{said}), then={recipe}{then}),"
    rewrite(plain, "@model(", OWN.rstrip() + more)
    before = key_of_chain(plain, profile="other")

    assert changed == (before != key_of_chain(plain, profile="then"))


def test_the_key_covers_the_loss_that_a_task_of_ones_own_names(plain: Path) -> None:
    """What a recipe says by name alone is what is registered under it."""
    recipe = 'Recipe("tiny", epochs=2, finetune_epochs=1, task="closeness"),'
    rewrite(plain, "@model(", OWN.rstrip() + recipe)
    tasks = plain / "models" / "closeness.py"
    text = (plain / "models" / "tiny.py").read_text("utf-8")
    own = text[text.index("from weighin import task") : text.index("def weighted")]
    (plain / "models" / "tiny.py").write_text(text.replace(own, ""), "utf-8")
    tasks.write_text(own, "utf-8")
    before = key_of_chain(plain, profile="other")
    tasks.write_text(own.replace("mse", "mae"), "utf-8")

    assert not set(before) & set(key_of_chain(plain, profile="other"))


def accounts(project: Path) -> dict[str, dict[str, Any]]:
    """What goes into the key of every stage, its parent's key aside."""
    build_context = context_of(project, project / "cache", THIS)
    with registrations_undone():
        load_definitions(build_context.definitions)
        stages = {
            "dense start": job("tiny", "baseline", "h5"),
            "published": job("published", "baseline", "h5"),
        }
        for name in VARIANTS:
            wanted = grammar.parse(name)
            format = "h5" if wanted.steps else registry.export_format(wanted.export.name)
            stages[name.partition("(")[0]] = job("tiny", name, format)
        account = {stage: build_context.provenance(one, "data") for stage, one in stages.items()}
    return {stage: account[stage] | {"parent": ""} for stage in account}


def edit(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    """Let a file of weighin have one line more, for all who read it."""
    edited, read = Path(weighin.__file__).parent / file, Path.read_bytes
    assert edited.is_file()

    def read_bytes(path: Path) -> bytes:
        return read(path) + (b"\n# edited" if path == edited else b"")

    monkeypatch.setattr(Path, "read_bytes", read_bytes)


@pytest.mark.parametrize(("file", "expected"), EDITED.items())
def test_an_edit_changes_what_the_file_decides(
    odd: Path, monkeypatch: pytest.MonkeyPatch, file: str, expected: set[str]
) -> None:
    """What is built by a file is built anew when it changes, and nothing else."""
    before = accounts(odd)
    edit(monkeypatch, file)
    after = accounts(odd)

    assert expected == {stage for stage in before if before[stage] != after[stage]}


def test_every_file_that_loads_tensorflow_is_edited_above() -> None:
    """A file that is added beside them has to be given what it decides."""
    package = Path(weighin.__file__).parent
    files = {f"frameworks/{path.name}" for path in (package / "frameworks").glob("*.py")}

    assert files == {file for file in EDITED if file.startswith("frameworks/")}
    assert {*registry.steps, *registry.exports} == {name.partition("(")[0] for name in VARIANTS}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("frameworks/fitting.py", [False, False, False]),
        ("frameworks/toolkit.py", [True, False, False]),
        ("frameworks/signal.py", [True, True, True]),
    ],
)
def test_what_comes_after_is_built_anew_too(
    plain: Path, monkeypatch: pytest.MonkeyPatch, file: str, expected: list[bool]
) -> None:
    """By its parent's key an export depends on whatever made the model that it is of."""
    before = key_of_chain(plain)
    edit(monkeypatch, file)

    assert expected == [a == b for a, b in zip(before, key_of_chain(plain), strict=True)]
