"""Which source files the key of an artifact covers, and which it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.building import context_of, job
from helpers.keying import THIS, key_of_chain, rewrite
from helpers.tiny import registrations_undone

import weighin
from weighin import grammar, registry
from weighin.definitions import load_definitions

BUILT_BY = {"dense start", "published"}
SCALED = {"dynamic", "int8", "int16x8", "int4", "sparse", "compact", "reorder"}
REORDERING = ("channels", "channel_rules", "editing", "idle", "orders")
QUANTIZING = ("exceptions", "recipes", "quantizing", "completing")
FITTING = ("asking", "fitting", "four_bits")
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
    "exports/_quantized.py": SCALED | {"onnx_int8", "litert"},
    "exports/float32.py": {"float32", "int4", "sparse", "compact", "reorder", "litert"},
    "exports/float16.py": {"float16", "sparse", "compact", "reorder"},
    "exports/dynamic.py": {"dynamic", "sparse", "compact", "reorder"},
    "exports/int8.py": {"int8", "sparse", "compact", "reorder"},
    "exports/int16x8.py": {"int16x8", "compact", "reorder"},
    "exports/int4.py": {"int4", "compact", "reorder"},
    "exports/compact.py": {"compact", "reorder"},
    **{f"exports/_{name}.py": {"reorder"} for name in REORDERING},
    "exports/litert.py": {"litert"},
    **{f"exports/_{name}.py": {"int4", "compact", "reorder", "litert"} for name in QUANTIZING},
    **{f"exports/_{name}.py": {"int4", "compact", "reorder"} for name in FITTING},
    "exports/_biases.py": {"compact", "reorder"},
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
