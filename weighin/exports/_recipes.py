"""Recipes of litert-quantizer, as the installed version registers them, and options upon them.

A recipe is a list of entries: which layers and operators, by which algorithm, in how many bits of
weights and activations. Nothing of that is known here: names come from the package's own
registries, and what an operator can be is asked of its own policy.
"""

from __future__ import annotations

import copy
import functools
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin import packages
from weighin.core import nearest

PACKAGE = "litert-quantizer"
OWN = "recipe"  # an option that leaves what the recipe says
WEIGHTS, ACTIVATIONS = "weight_tensor_config", "activation_tensor_config"
Entry = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """What a variant's name says of a recipe.

    Attributes:
        recipe: its name.
        algorithm: another algorithm than the recipe's, or `recipe`.
        bits: of the weights, or 0 for the recipe's.
        granularity: how many weights share a scale, or `recipe`.
    """

    recipe: str
    algorithm: str = OWN
    bits: int = 0
    granularity: str = OWN


@dataclass(frozen=True)
class Stored:
    """How an entry stores what it quantizes, as the schema calls types.

    Attributes:
        weights: `INT8`, `INT4`, `INT2`, `FLOAT16` …
        activations: of the same layer: `INT8`, `INT16`, or `FLOAT32` where they stay.
        block: how many weights share a scale where they do so by blocks; else 0.
        per_tensor: whether all weights of a kernel share one.
    """

    weights: str
    activations: str
    block: int = 0
    per_tensor: bool = False


def available() -> str | None:
    """Why there are no recipes here, or None; loads nothing."""
    return packages.missing(PACKAGE)


def called() -> str:
    """The package and its version, in messages."""
    return f"{PACKAGE} {packages.version(PACKAGE) or ''}".strip()


@functools.cache
def recipes() -> tuple[str, ...]:
    """Names of the installed version's recipes that are of one file: functions and JSON files.

    Those of bundles of several files (LiteRT-LM) are left out.
    """
    from importlib import resources

    from litert_quantizer import recipe

    functions = [name for name, _ in inspect.getmembers(recipe, inspect.isfunction)]
    files = [
        file.name.removesuffix(".json").removesuffix("_recipe")
        for file in resources.files("litert_quantizer").joinpath("recipes").iterdir()
        if file.name.endswith(".json")
    ]
    names = sorted({name for name in (*functions, *files) if not name.startswith("_")})
    return tuple(name for name in names if isinstance(_resolved(name), list))


def algorithms() -> dict[str, Any]:
    """The installed version's algorithms by the names that a variant gives them: `gptq`."""
    from litert_quantizer.algorithm_manager import AlgorithmName, is_algorithm_registered

    return {each.name.lower(): each for each in AlgorithmName if is_algorithm_registered(each)}


def granularities() -> dict[str, Any]:
    """Its granularities, likewise: `channel`, `tensor`, `block_32`."""
    from litert_quantizer.qtyping import QuantGranularity

    return {each.name.lower().replace("wise", ""): each for each in QuantGranularity}


def _resolved(name: str) -> Any:
    from litert_quantizer.utils.recipe_utils import resolve_recipe

    return resolve_recipe(name)


def check(options: Options) -> None:
    """Refuse options that make no sense together.

    Raises:
        ValueError: saying what is known; of names only where the package is installed.
    """
    if available():
        return
    known = {
        "recipe": (options.recipe, recipes()),
        "algorithm": (options.algorithm, (OWN, *algorithms())),
        "granularity": (options.granularity, (OWN, *granularities())),
    }
    for what, (word, words) in known.items():
        if word not in words:
            near = nearest(word, words)
            hint = f"did you mean {near!r}?" if near else f"it has: {', '.join(words)}"
            raise ValueError(f"{what} {word!r} is none of {called()} ({hint})")
    if options != Options(options.recipe) and not covered(entries(options)):
        raise ValueError(f"nothing can be quantized so: no operator is by {called()}")


def entries(options: Options) -> list[Entry]:
    """A recipe's entries with the options upon them, as litert-quantizer takes them."""
    from litert_quantizer.recipe_manager import RecipeManager

    manager = RecipeManager()
    manager.load_quantization_recipe(_resolved(options.recipe))
    return [_changed(entry, options) for entry in manager.get_quantization_recipe()]


def _changed(entry: Entry, options: Options) -> Entry:
    if not does(entry):
        return entry
    weights = entry["op_config"][WEIGHTS]
    if options.algorithm != OWN:
        entry["algorithm_key"] = algorithms()[options.algorithm]
    if options.bits:
        weights["num_bits"] = options.bits
    if options.granularity != OWN:
        weights["granularity"] = granularities()[options.granularity]
    if options.algorithm != OWN and not covered([entry]):
        _let_cover(entry)
    return entry


def _let_cover(entry: Entry) -> None:
    """Take the kind of numbers that an algorithm asks for, as casting does floats of 16 bits."""
    from litert_quantizer.qtyping import TensorDataType

    weights = entry["op_config"][WEIGHTS]
    usual = dict(weights)
    for kind in TensorDataType:
        for bits in (weights["num_bits"], 16):
            weights |= {"dtype": kind, "num_bits": bits}
            if covered([entry]):
                return
    weights.clear()
    weights |= usual


def does(entry: Entry) -> bool:
    """Whether an entry quantizes."""
    return bool(entry["algorithm_key"] != "no_quantize")


def searched() -> list[str]:
    """The arguments that a search tries first: each recipe, and few bits by each algorithm.

    What comes to the same entries is tried once. Of 8 bits the algorithms hardly differ.
    """
    if available():
        return []
    from litert_quantizer import recipe as functions

    known: set[str] = set()
    plain: list[str] = []
    others: dict[str, int] = {}  # each with its bits
    # those that the package has functions of first: its files say the same by other names
    for recipe in sorted(recipes(), key=lambda name: not hasattr(functions, name)):
        for algorithm in (OWN, *algorithms()):
            options = Options(recipe, algorithm)
            try:
                check(options)
            except ValueError:
                continue
            made = entries(options)
            told = json.dumps(made, sort_keys=True, default=str)
            bits = max((int(each.weights.lstrip("FLOATIN")) for each in stored(made)), default=8)
            if told in known or not (algorithm == OWN or bits < 8):
                continue
            known.add(told)
            if algorithm == OWN:
                plain.append(recipe)
            else:
                others[f"{recipe},algorithm={algorithm}"] = bits
    return [*plain, *sorted(others, key=lambda each: -others[each])]


def covered(made: Sequence[Entry]) -> list[str]:
    """The operators, as litert-quantizer calls them, that any of these entries quantizes."""
    from litert_quantizer import algorithm_manager

    kinds: dict[str, None] = {}
    for entry in filter(does, made):
        supported = algorithm_manager.get_supported_ops(entry["algorithm_key"])
        named = [each for each in supported if entry["operation"] in ("*", each)]
        kinds |= dict.fromkeys(str(each.value) for each in named if is_supported(entry, each))
    return [kind for kind in kinds if kind not in ("INPUT", "OUTPUT")]


def is_supported(entry: Entry, kind: Any) -> bool:
    from litert_quantizer import algorithm_manager, qtyping

    config = qtyping.OpQuantizationConfig.from_dict(copy.deepcopy(entry["op_config"]))
    try:
        algorithm_manager.check_op_quantization_config(entry["algorithm_key"], kind, config)
    except (ValueError, NotImplementedError):
        return False
    return True


def needs_calibration(made: Sequence[Entry]) -> bool:
    """Whether what is made depends on inputs: ranges of activations, or what an algorithm gathers.

    Such an algorithm registers a way of its own to add up what it sees.
    """
    from litert_quantizer import algorithm_manager, qtyping
    from litert_quantizer.utils import qsv_utils

    for entry in filter(does, made):
        key, config = entry["algorithm_key"], entry["op_config"]
        if (
            ACTIVATIONS in config
            and config["compute_precision"] == qtyping.ComputePrecision.INTEGER
        ):
            return True
        updates = {
            algorithm_manager.get_update_qsv_func(key, kind)
            for kind in algorithm_manager.get_supported_ops(key)
        }
        if updates - {qsv_utils.moving_average_update}:
            return True
    return False


def stored(made: Sequence[Entry]) -> list[Stored]:
    """How each entry that quantizes stores what it does."""
    return [_stored(entry) for entry in made if does(entry)]


def _stored(entry: Entry) -> Stored:
    weights = _plain(entry["op_config"][WEIGHTS])
    activations = _plain(entry["op_config"].get(ACTIVATIONS, {}))
    granularity = str(weights.get("granularity", ""))
    return Stored(
        f"{weights.get('dtype', 'INT')}{weights['num_bits']}",
        f"{activations.get('dtype', 'INT')}{activations['num_bits']}" if activations else "FLOAT32",
        int(granularity.rpartition("_")[2]) if granularity.startswith("BLOCK") else 0,
        granularity.startswith("TENSOR"),
    )


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(value, "value", value) for name, value in config.items()}
