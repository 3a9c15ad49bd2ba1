"""Every registered object keeps the rules of its kind: weighin's own and the reference suite's."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import inspect
import json
import math
import os
import re
import sys
import typing
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import answer
from helpers.evaluations import evaluations_of, with_figure
from helpers.needing import need_tensorflow
from helpers.tiny import registrations_undone

import weighin
from weighin import registry
from weighin.core import Figure, Recipe, Scope, Skip, WeighinError
from weighin.datasets import search
from weighin.definitions import load_definitions
from weighin.grammar import arguments, parameters, parse
from weighin.measure import vela
from weighin.outcomes import Arena, ColdStart, Compressed, Engines, Inferences, Memory, Pair, Starts

ROOT = Path(weighin.__file__).resolve().parent.parent
DEFINITIONS = (ROOT / "models", ROOT / "bench" / "suite.py")
NAME = re.compile(r"[a-z][a-z0-9_]*")
CANDIDATES = (
    "dynamic_wi8_afp32",
    "0.5",
    "2",
    "16",
    "1",
    "0",
    "4:8",
    "int8",
)  # some of them suits any argument there is


def _kinds():
    """Every registered object by kind and name; the suite's definitions leave no trace."""
    with registrations_undone():
        load_definitions(DEFINITIONS)
        return {
            kind: {name: held[name] for name in held} for kind, held in registry.kinds().items()
        }


KINDS = _kinds()
CALLS = KINDS["steps"] | KINDS["exports"]
RECIPES = [
    pytest.param(model, recipe, id=f"{model.name}-{profile}")
    for model in KINDS["models"].values()
    for profile, recipe in model.profiles.items()
]


def _python(code, *words, environment):
    """What Python code prints in a fresh process, as JSON."""
    return answer(code, *words, environment=environment)


def test_every_kind_is_registered():
    """Nothing below runs on an empty list: each kind has objects, the known ones among them."""
    known = {
        "tasks": {"classification", "multilabel", "regression", "segmentation", "detection"}
        | {"reconstruction", "sequence", "unlabelled"},
        "models": {"mnist_cnn", "fashion_cnn", "lenet_300_100", "lenet5", "resnet8", "ds_cnn"}
        | {"kws_ds_cnn", "mobilenet_v1_025_96", "mobilenet_v1_100_224", "VGG16", "NASNetLarge"},
        "data sets": {"mnist", "fashion_mnist", "cifar10", "cifar10_raw_test1k", "mnist10k"}
        | {"fsdd", "kws01", "noise_96", "noise_600"},
        "suites": {"quick", "full", "cifar10", "cifar10_test1k", "keywords", "mobilenet"}
        | {"applications", "curve"},
        "steps": {"prune", "cluster", "qat", "channels", "finetune"},
        "exports": {
            *("float32", "float16", "dynamic", "int8", "int16x8", "int4", "sparse", "compact"),
            *("onnx", "onnx_int8", "onnx_dynamic"),
            "reorder",
            "litert",
        },
        "runtimes": {"litert", "litert-builtin", "keras-cpu", "keras-gpu", "keras-jit", "openvino"}
        | {"openvino-bf16", "litert-compiled", "litert-gpu", "onnxruntime", "tflite-micro"},
        "metrics": {"file_bytes", "gzip_bytes", "top1", "agreement", "latency", "cold_start"},
    }

    assert {} == {
        kind: names - set(KINDS[kind]) for kind, names in known.items() if names - set(KINDS[kind])
    }


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in KINDS if kind != "suites" for name in KINDS[kind]]
)
def test_everything_says_what_it_is(kind, name):
    """The first line of a docstring is what `weighin list` shows: short and without full stop."""
    item = KINDS[kind][name]
    shown = {"models": lambda: registry.summary(item.create), "metrics": lambda: item.summary}
    text = shown.get(kind, lambda: registry.summary(item))()

    assert 10 <= len(text) <= 100
    assert not text.endswith(".")
    assert text == text.strip()


@pytest.mark.parametrize("name", CALLS)
def test_names_of_steps_and_exports_can_be_written(name):
    """A name is one that the grammar can read, and no name is both a step and an export."""
    assert NAME.fullmatch(name)
    assert "baseline" != name
    assert (name in KINDS["steps"]) != (name in KINDS["exports"])


@pytest.mark.parametrize("name", CALLS)
def test_parameters_of_steps_and_exports_are_annotated(name):
    """After the two that are always given, each says what it may be; defaults are keywords."""
    function = CALLS[name]
    hints = typing.get_type_hints(function, include_extras=True)
    fixed = list(inspect.signature(function).parameters)[:2]
    wanted = ["model", "trainer"] if name in KINDS["steps"] else ["model", "calibration"]

    assert wanted == fixed
    for parameter in parameters(function):
        assert parameter.name in hints
        has_default = parameter.default is not parameter.empty
        assert has_default == (parameter.kind is parameter.KEYWORD_ONLY)


@pytest.mark.parametrize("name", CALLS)
def test_what_steps_and_exports_are_built_on_counts(name):
    """Every module beside its own that one imports is named in `uses`, so that a change counts.

    So is what these import in turn.
    """
    function = CALLS[name]
    module = sys.modules[function.__module__]
    used = {each.__module__ for each in vars(function).get("uses", ())}
    missing, looked_at, ahead = set(), set(), {module.__name__}
    while ahead:
        one = ahead.pop()
        looked_at.add(one)
        beside = _beside(sys.modules[one]) - {module.__name__}
        missing |= beside - used
        ahead |= beside - looked_at

    assert missing == set()


def _beside(module):
    """The modules of its own folder that one imports."""
    held = {
        each.__name__ if inspect.ismodule(each) else getattr(each, "__module__", None) or ""
        for each in vars(module).values()
    }
    return {each for each in held if each.startswith(f"{module.__package__}.")}


def _written(name):
    """A call of a step or export with nothing but what it needs, found by trying."""
    needed = [each for each in parameters(CALLS[name]) if each.default is each.empty]
    if not needed:
        return name
    for value in CANDIDATES:
        text = f"{name}({','.join([value] * len(needed))})"
        try:
            parse(text)
        except WeighinError:
            continue
        return text
    raise AssertionError(f"add a value that {name} takes to CANDIDATES")


@pytest.mark.parametrize("name", CALLS)
def test_steps_and_exports_are_read_by_the_grammar(name):
    """Written with their defaults or without, they mean the same and have one name."""
    short = _written(name)
    bare = parse(short)
    (call,) = bare.steps or [bare.export]
    given = arguments(call, CALLS[name])
    required = [each.name for each in parameters(CALLS[name]) if each.default is each.empty]
    words = [str(given[key]) for key in required]
    words += [
        f"{key.removesuffix('_')}={value}" for key, value in given.items() if key not in required
    ]
    long = f"{name}({','.join(words)})" if words else name

    assert {each.name for each in parameters(CALLS[name])} == set(given)
    assert bare == parse(long)
    assert bare == parse(bare.name)
    assert ("baseline" if name == "float32" else short) == bare.name


@pytest.mark.parametrize("name", KINDS["runtimes"])
def test_runtimes_have_what_the_protocol_asks(name):
    """A runtime is registered by its own name, and says what it opens."""
    runtime = KINDS["runtimes"][name]

    assert name == runtime.name
    assert re.fullmatch(r"[a-z][a-z0-9-]*", name)
    assert set(runtime.formats) <= set(registry.formats)
    assert len(runtime.formats) >= 1
    assert isinstance(runtime.formats, tuple)
    assert isinstance(runtime.needs_tensorflow, bool)
    assert isinstance(runtime.on_request, bool)
    assert [] == list(inspect.signature(runtime.available).parameters)
    assert [] == list(inspect.signature(runtime.load).parameters)
    assert ["path", "threads"] == list(inspect.signature(runtime.open).parameters)


def test_asking_what_is_available_loads_nothing_heavy(child_environment):
    """Every runtime says in one line why it cannot be used, or None, and imports no TensorFlow."""
    code = (
        "import json, sys; from weighin import registry; "
        "reasons = {each.name: each.available() for each in registry.runtimes.values()}; "
        "heavy = {'tensorflow', 'keras', 'tf_keras', 'ai_edge_litert', 'openvino', 'tflite_micro', "
        "'ethosu', 'onnxruntime'} & set(sys.modules); "
        "print(json.dumps([reasons, sorted(heavy)]))"
    )
    reasons, heavy = _python(code, environment=child_environment)

    assert [] == heavy
    assert set(KINDS["runtimes"]) == set(reasons)
    for reason in reasons.values():
        assert reason is None or (10 < len(reason) and "\n" not in reason)


@pytest.mark.parametrize("name", KINDS["metrics"])
def test_metrics_say_what_they_measure(name):
    """Unit, direction and scope are known ones; what depends on the machine says so."""
    metric = KINDS["metrics"][name]

    assert name == metric.name
    assert NAME.fullmatch(name)
    assert metric.unit in ("", "B", "s", "1/s", "dB")
    assert metric.better in ("", "lower", "higher")
    assert metric.scope in typing.get_args(Scope)
    assert isinstance(metric.machine_bound, bool)
    if metric.unit in ("s", "1/s") or metric.scope in ("start", "pair"):
        assert metric.machine_bound == (metric.scope != "memory")  # there seconds are an estimate


def _outcomes(metric, shop):
    """Several outcomes of a metric's operation, extreme ones too."""
    scope = metric.scope
    if scope == "artifact":
        found = [shop.artifact(variant, format, model) for model, variant, format in shop.keys]
        return [Compressed(each, each.path.read_bytes()[::2]) for each in found]
    if scope == "evaluation":
        return evaluations_of(with_figure(metric.quality))
    if scope == "start":
        runs = [ColdStart(0.004 * number, 60_000_000 + number, (0.5,)) for number in range(1, 6)]
        return [Starts(tuple(runs)), Starts(tuple(runs[:1])), Starts(tuple(runs[::-1]))]
    if scope == "memory":
        npus = dict.fromkeys(vela.NPUS, (2e-4, "Vela: 500 MHz"))
        none = dict.fromkeys(vela.NPUS, Skip("no operator fits the NPU"))
        return [Memory(Arena(24_272, 16_000, 8_272), each) for each in (npus, none, {})]
    times = np.random.default_rng(4).lognormal(-9, 0.2, 1000).tolist()
    if scope in ("pair", "engines"):
        ratios = tuple(np.random.default_rng(5).lognormal(0.7, 0.05, 40).tolist())
        outcomes = [ratios, ratios[:5], (1.0,) * 40, tuple(1 / ratio for ratio in ratios)]
        pairs = [Pair(tuple((r, 1.0) for r in each), "time", True) for each in outcomes]
        missing = Engines("litert", None, "nothing to be beside")
        return pairs if scope == "pair" else [*(Engines("litert", each) for each in pairs), missing]
    return [
        Inferences(times),
        Inferences(times[:50], (7, 8), 3e-7, accelerated=True),
        Inferences(times[:1], (0, 1), 1e-6),
        Inferences([1e-6] * 100),
    ]


@pytest.mark.parametrize("name", KINDS["metrics"])
def test_metrics_yield_figures_of_their_kind(name, shop):
    """Every outcome has a figure in range, with its value between the ends, or a reason."""
    metric = KINDS["metrics"][name]
    if metric.quality in ("map", "map50"):
        pytest.importorskip("faster_coco_eval", reason="pip install -e '.[detection]'")
    packers = {"brotli_bytes": "brotli", "zstd_bytes": "zstandard", "zopfli_bytes": "zopfli"}
    if packer := packers.get(name):
        pytest.importorskip(packer, reason="pip install -e '.[transfer]'")
    figures = [metric.compute(outcome) for outcome in _outcomes(metric, shop)]

    assert any(isinstance(figure, Figure) for figure in figures)
    for figure in figures:
        if isinstance(figure, Skip):
            assert len(figure.reason) > 10
            continue
        assert math.isfinite(figure.value)
        if metric.kind not in ("number", "change", "points"):
            assert figure.value >= 0
        assert (figure.low is None) == (figure.high is None)
        if figure.low is not None:
            assert figure.low <= figure.value <= figure.high
        if metric.kind in ("share", "points") and figure.low is not None:
            assert (0 if metric.kind == "share" else -1) <= figure.low <= figure.high <= 1
        if metric.unit == "B":
            assert figure.value >= 1
        assert figure.n is None or (isinstance(figure.n, int) and figure.n >= 1)
        assert all(isinstance(sample, float) for sample in figure.samples)
        assert not figure.samples or len(figure.samples) == figure.n


@pytest.mark.parametrize("name", KINDS["suites"])
def test_suites_name_what_there_is(name):
    """Models, their profile and their variants exist; variants are written as they are named."""
    suite = KINDS["suites"][name]

    assert name == suite.name
    assert suite.seeds >= 1
    assert len(set(suite.models)) == len(suite.models) >= 1
    for model in suite.models:
        variants = [parse(variant).name for variant in suite.variants_of(model)]
        assert list(suite.variants_of(model)) == variants
        assert len(set(variants)) == len(variants) >= 1
        assert "baseline" in variants
        assert KINDS["models"][model].recipe(suite.profile).dataset in KINDS["data sets"]


@pytest.mark.parametrize("name", list(registry.anchors))
def test_published_figures_say_what_they_are(name):
    """Who, of which model, how many times smaller than what, and whether that compares."""
    assert name in KINDS["models"]
    for anchor in registry.anchors[name]:
        assert re.search(r"\b(19|20)\d\d\b", anchor.source)
        assert anchor.times > 1
        assert len(anchor.counted) > 10
        assert isinstance(anchor.alike, bool)


@pytest.mark.parametrize(("model", "recipe"), RECIPES)
def test_recipes_can_be_followed(model, recipe):
    """A recipe names a registered data set, and trains, unless weights or noise are its point."""
    assert isinstance(recipe, Recipe)
    assert recipe.dataset in KINDS["data sets"]
    if recipe.weights is not None:
        assert Path(recipe.weights.file).suffix in (".h5", ".keras")
        assert recipe.weights.application or re.fullmatch(r"[0-9a-f]{64}", recipe.weights.sha256)
    elif not recipe.dataset.startswith("noise"):
        assert recipe.epochs >= 1
        assert recipe.finetune_epochs >= 1
    assert recipe.epochs >= 0
    assert recipe.finetune_epochs >= 0
    assert recipe.batch_size >= 1
    assert 0 <= recipe.validation_split < 1
    assert 0 < recipe.learning_rate < 1


@pytest.mark.parametrize("name", KINDS["data sets"])
def test_data_sets_load_or_say_why_not(name, tmp_path):
    """Offline, a data set is whole and checked, or its message names it and the ways to get it."""
    places = search.SearchPaths(None, tmp_path, offline=True)
    try:
        loaded = KINDS["data sets"][name](places)
    except WeighinError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert name == loaded.name
        assert re.fullmatch(r"[0-9a-f]{64}", loaded.digest)
        for part in (loaded.train, loaded.test):
            assert all(len(part) == len(values) > 0 for values in part.targets.values())
            if loaded.classes:
                assert set(np.unique(part.target)) <= set(range(loaded.classes))
            for key, values in part.inputs(0, 100).items():
                assert np.isfinite(values).all()
                if key in part.scales and part.scales[key] != 1:  # pixels
                    assert 0 <= values.min() <= values.max() <= 1

    if refusal:
        assert "was not found" in refusal
        assert "WEIGHIN_DATA_DIR" in refusal
        assert "mnist10k" != name
    assert [] == list(tmp_path.iterdir())


MODELS = """
import json, sys
from pathlib import Path
from weighin import registry
from weighin.definitions import load_definitions
from weighin.frameworks import heads, process, tf_keras

load_definitions([Path(path) for path in sys.argv[2:]])
facts = {}
for name in json.loads(sys.argv[1]):
    model = registry.models[name]
    tf_keras.start_afresh(0)
    made = model.create(process.keras())
    named = [recipe.task is not None for recipe in model.profiles.values()]
    facts[model.name] = [heads.signature_of(made).as_json(), all(named),
                         made.count_params(), bool(made.optimizer)]
print(json.dumps(facts))
"""


def _promised(name):
    """How many parameters a model's docstring, or else that of its file, promises; or None."""
    create = KINDS["models"][name].create
    for text in (create.__doc__, Path(inspect.getsourcefile(create)).read_text("utf-8")):
        found = re.search(r"([\d,]+) parameters", text)
        if found:
            return int(found[1].replace(",", ""))
    return None


SMALL = [name for name in KINDS["models"] if (_promised(name) or 0) < 5_000_000]
LARGE = [name for name in KINDS["models"] if name not in SMALL]


def test_every_large_model_promises_its_parameters():
    """What is created on request only is one of keras.applications, and says how large it is."""
    assert {"VGG16", "ResNet50", "NASNetMobile", "EfficientNetB7"} <= set(LARGE)
    assert {"MobileNet", "MobileNetV2", "resnet8", "mobilenet_v1_100_224"} <= set(SMALL)


@pytest.mark.parametrize("names", [SMALL, LARGE], ids=["small", "large"])
def test_models_are_what_their_files_say(names, child_environment):
    """Each tells what its outputs are, is untrained, and has the parameters it promises."""
    if names is LARGE and not os.environ.get("WEIGHIN_LARGE_MODELS"):
        pytest.skip("creates models of up to 144 million parameters: set WEIGHIN_LARGE_MODELS=1")
    need_tensorflow()
    facts = _python(
        MODELS, json.dumps(names), *map(str, DEFINITIONS), environment=child_environment
    )

    assert set(names) == set(facts)
    for name, (signature, has_task, count, compiled) in facts.items():
        assert signature["inputs"]
        for port in signature["outputs"]:
            assert has_task or port["activation"] in ("softmax", "sigmoid", "linear")
            assert None not in port["shape"]
        assert not compiled
        assert (_promised(name) or count) == count
