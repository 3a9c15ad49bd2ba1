"""Which functions are plainly pure: told by their source, the doubtful ones by a line of it."""

from __future__ import annotations

import importlib.util
import itertools
import keyword
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.tiny import registrations_undone
from hypothesis import assume, given
from hypothesis import strategies as st

from weighin import registry
from weighin.build import purity
from weighin.build._pure_names import APPLICATIONS, ATTRIBUTES, BUILTINS
from weighin.definitions import load_definitions

ROOT = Path(__file__).resolve().parents[2]
Load = Callable[..., Any]


def loaded(path: Path, source: str) -> Any:
    """The function `create` of a file of this source."""
    path.write_text(textwrap.dedent(source), "utf-8")
    spec = importlib.util.spec_from_file_location("file_of_a_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.create


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Writes a file, whose function `create` it answers."""
    numbers = itertools.count()
    return lambda source: loaded(tmp_path / f"file{next(numbers)}.py", source)


def body(lines: str, before: str = "") -> str:
    """A file whose function is made of these lines."""
    inner = textwrap.indent(textwrap.dedent(lines).strip("\n"), "    ")
    return f"{textwrap.dedent(before)}\ndef create(keras):\n{inner}\n"


PURE = {
    "layers": "layers = keras.layers\nreturn keras.Sequential([layers.Dense(3)])",
    "functional": "x = keras.Input((4,))\nreturn keras.models.Model(x, keras.layers.Dense(2)(x))",
    "initializers": "return keras.layers.Dense(3, kernel_initializer=keras.initializers.Zeros())",
    "applications": "return keras.applications.MobileNetV2((32, 32, 3), weights=None)",
    "by a known name": "return getattr(keras.applications, 'VGG16')(weights=None)",
    "arithmetic": "n = 2 ** 3 // 2\nn += 1\nreturn keras.layers.Dense(n if n > 3 else -n)",
    "loops": "x = []\nfor i, n in enumerate(range(4)):\n    x.append(n * i)\nreturn keras, x",
    "while": "n = 64\nwhile n > 1:\n    n //= 2\nreturn keras.layers.Dense(n)",
    "comprehensions": "return [keras.layers.Dense(n, name=f'd{n}') for n in (1, 2) if n % 2]",
    "generators": "return sum(n for row in [(1, 2)] for n in row), {n: -n for n in (1, 2)}",
    "inner functions": "def twice(x, n=2):\n    return x * n\nreturn twice(keras.Input((1,)))",
    "lambdas": "act = lambda x: keras.layers.ReLU()(x)\nreturn act(keras.Input((1,)))",
    "frozen layers": "m = keras.Sequential()\nm.trainable = False\nreturn m",
    "refusals": "assert keras\nif not keras:\n    raise ValueError('none')\nreturn keras",
    "a local called like a built-in": "open = keras.layers.Dense\nreturn open(3)",
    "annotations": "x: int = 3\ndef f(y: list[int]) -> int:\n    return y\nreturn f(x)",
    "names that read": "open = 1\nreturn [open for open in (open, 2)]",
}


@pytest.mark.parametrize("lines", PURE.values(), ids=PURE)
def test_what_a_function_does_by_itself_is_pure(load: Load, lines: str) -> None:
    """Layers, locals and arithmetic are decided by the source."""
    assert not purity.read(load(body(lines))).doubt


AROUND = {
    "a constant": ("WIDTH = 8", "return keras.layers.Dense(WIDTH)"),
    "a table that is read": (
        "SIZES = {'a': (1, 2)}",
        "return [n for n in SIZES['a']], len(SIZES), [k for k, v in SIZES.items()], 'a' in SIZES",
    ),
    "options": ("MORE = {'units': 3}", "return keras.layers.Dense(**MORE)"),
    "a list that is gone through": ("ALL = [1, 2]", "return [n for n in ALL], sorted(ALL), *ALL"),
    "a function": ("def f(k, n=3):\n    return k.layers.Dense(n)", "return f(keras)"),
    "a function that calls itself": ("def f(n):\n    return f(n - 1) if n else 0", "return f(3)"),
    "mathematics": ("import math", "return keras.layers.Dense(math.ceil(2.5))"),
}


@pytest.mark.parametrize(("before", "lines"), AROUND.values(), ids=AROUND)
def test_constants_and_functions_of_the_file_are_pure(load: Load, before: str, lines: str) -> None:
    """As long as nothing in them can change from call to call."""
    assert not purity.read(load(body(lines, before))).doubt


DOUBTFUL = {
    "open": ("", "return open('net.json').read()", "open"),
    "load_model": ("", "return keras.models.load_model('a.h5')", "keras.models.load_model"),
    "load_model by an alias": ("", "m = keras.models\nreturn m.load_model('a')", "m.load_model"),
    "load_model by a computed name": (
        "",
        "return getattr(keras.models, 'load_' + 'model')('a')",
        "getattr",
    ),
    "load_model by a name": ("", "return getattr(keras.models, 'load_model')('a')", "getattr"),
    "load_weights": ("", "m = keras.Sequential()\nm.load_weights('w')\nreturn m", "load_weights"),
    "clone": ("", "return keras.models.clone_model(keras.Sequential())", "clone_model"),
    "get_file": ("", "return keras.utils.get_file('a', 'b')", "keras.utils"),
    "a data set": ("", "return keras.datasets.mnist.load_data()", "keras.datasets"),
    "a policy for all": ("", "keras.backend.set_floatx('float16')", "keras.backend"),
    "a vocabulary": ("", "return keras.layers.StringLookup(vocabulary='a')", "StringLookup"),
    "ImageNet": ("", "return keras.applications.VGG16()", "VGG16"),
    "weights from a file": ("", "return keras.applications.VGG16(weights='a.h5')", "VGG16"),
    "an application to call later": ("", "f = keras.applications.VGG16\nreturn f()", "VGG16"),
    "a computed application": (
        "",
        "return [getattr(keras.applications, n)(weights=None) for n in ('VGG16',)]",
        "getattr",
    ),
    "import": ("", "import numpy\nreturn numpy.zeros(3)", "import numpy"),
    "from … import": ("", "from os import environ\nreturn environ", "from os import environ"),
    "__import__": ("", "return __import__('os').environ", "__import__"),
    "eval": ("", "return eval('1')", "eval"),
    "globals": ("", "return globals()", "globals"),
    "environment": ("import os", "return keras.layers.Dense(int(os.environ['N']))", "os.environ"),
    "numpy": ("import numpy as np", "return np.load('a.npy')", "np.load"),
    "random": ("import random", "return random.random()", "random.random"),
    "a path": ("from pathlib import Path\nP = Path('a')", "return P.read_text()", "P.read_text"),
    "another file's function": ("from textwrap import dedent", "return dedent('a')", "dedent"),
    "a class": ("class Mine:\n    pass", "return Mine()", "Mine"),
    "an object": ("NET = object()", "return NET", "NET"),
    "a growing list": ("SEEN = []", "SEEN.append(1)\nreturn len(SEEN)", "SEEN.append"),
    "a list under another name": ("SEEN = []", "a = SEEN\na.append(1)", "SEEN"),
    "a list handed out": ("SEEN = []", "max(SEEN, [1]).append(1)", "SEEN"),
    "a changed table": ("T = {}", "T['a'] = 1\nreturn T", "T"),
    "a table of lists": ("T = {'a': []}", "T['a'].append(1)", "T"),
    "global": ("N = 1", "global N\nN += 1\nreturn N", "global N"),
    "nonlocal": ("", "n = 1\ndef f():\n    nonlocal n\n    n = 2\nreturn f()", "nonlocal n"),
    "a set's order": ("", "return [n for n in {'a', 'b'}]", "{'a', 'b'}"),
    "a set made": ("", "return set(['a', 'b'])", "set"),
    "addresses": ("", "return id(keras)", "id"),
    "try": ("", "try:\n    return 1\nexcept ValueError:\n    return 2", "try:"),
    "with": ("", "with keras:\n    return 1", "with keras"),
    "a class inside": ("", "class A:\n    pass\nreturn A()", "class A"),
    "a decorator inside": ("", "@keras\ndef f():\n    return 1\nreturn f()", "keras"),
    "an annotation that calls": ("", "def f(x: print('a')):\n    return x\nreturn f(1)", "print"),
    "private parts": ("", "return keras.layers.Dense.__init__.__globals__", "__globals__"),
    "a doubtful function": ("def f():\n    return open('a')", "return f()", "open"),
    "a doubtful argument": ("def f(g):\n    return g('a')", "return f(open)", "open"),
    "a doubtful default": ("def f(g=open):\n    return g('a')", "return f()", "default argument"),
    "a list as default": ("def f(g=[]):\n    return g", "return f()", "default argument"),
    "a doubtful default inside": ("", "def f(g=open):\n    return g\nreturn f()", "open"),
    "a built-in in a comprehension's own": ("", "return [open for open in open('a')]", "open"),
    "a local of a comprehension": ("", "[open for open in (1,)]\nreturn open('a')", "open"),
    "an unknown name": ("", "return nowhere", "nowhere"),
}


@pytest.mark.parametrize(("before", "lines", "named"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_may_come_from_outside_is_doubtful(
    load: Load, before: str, lines: str, named: str
) -> None:
    """The line is named, and nothing of the function is called."""
    doubt = purity.read(load(body(lines, before))).doubt

    assert named in doubt


def test_a_doubt_names_its_line(load: Load) -> None:
    """So that whoever wants it pure knows where to look."""
    doubt = purity.read(load(body("x = 1\nreturn open('net.json')"))).doubt

    assert doubt == "line 4: open"


@pytest.mark.parametrize(
    "decorator",
    [
        "import functools\n@functools.cache",
        "import functools\ndef d(f):\n    @functools.wraps(f)\n    def g(keras):\n"
        "        return f(keras)\n    return g\n@d",
        "def d(f):\n    return open\n@d",
        "class D:\n    def __init__(self, f):\n        pass\n@D",
    ],
)
def test_a_decorated_function_is_doubtful(load: Load, decorator: str) -> None:
    """What is registered then is something else."""
    assert purity.read(
        load(f"{decorator}\ndef create(keras):\n    return keras.Sequential()")
    ).doubt


FACTORY = """
def made(width, layers=None):
    def create(keras):
        return keras.layers.Dense(width)
    return create

create = made({})
"""


def test_a_factorys_constants_count(load: Load) -> None:
    """Two functions of one factory are told apart by what is around them."""
    eight, nine = (purity.read(load(FACTORY.format(width))) for width in (8, 9))

    assert not eight.doubt
    assert eight.constants != nine.constants


def test_a_factorys_objects_are_doubtful(load: Load) -> None:
    """Around a function may be anything."""
    assert "width" in purity.read(load(FACTORY.format("object()"))).doubt


@pytest.mark.parametrize(
    "source",
    [
        "N = {}\ndef create(keras):\n    return N",
        "def create(keras, n={}):\n    return n",
        "def create(keras, *, n={}):\n    return n",
        "T = {{'a': {}}}\ndef create(keras):\n    return T['a']",
        "def a(): return 1\ndef b(): return 2\nf = (a, b)[{} > 8]\ndef create(keras): return f()",
        "f = (min, max)[{} > 8]\ndef create(keras):\n    return f(1, 2)",
    ],
)
def test_values_count_however_a_file_came_to_them(load: Load, source: str) -> None:
    """A constant may have been read from the environment: what it is now is what counts."""
    eight, nine = (purity.read(load(source.format(value))) for value in (8, 9))

    assert (eight.doubt, nine.doubt) == ("", "")
    assert eight.constants != nine.constants


SWAPPED = """
def made(width):
    def net(keras):
        return keras.layers.Dense(width)
    return net

one, two = made({}), made({})

def create(keras):
    return one(keras), two(keras)
"""


def test_which_function_has_which_constant_counts(load: Load) -> None:
    """Of two with the same name, too."""
    first, second = (
        purity.read(load(SWAPPED.format(*widths))).constants for widths in ((8, 9), (9, 8))
    )

    assert first != second


def test_a_file_that_has_changed_since_is_doubtful(load: Load, tmp_path: Path) -> None:
    """What was loaded is no longer what can be read."""
    create = load(body("return 1"))
    (file,) = tmp_path.glob("*.py")
    file.write_text(body("return 2"), "utf-8")

    assert "not what its file says now" in purity.read(create).doubt
    file.unlink()
    assert "cannot be read" in purity.read(create).doubt


@given(st.from_regex("[a-zA-Z_][a-zA-Z_0-9]{0,12}", fullmatch=True))
def test_unknown_attributes_are_doubtful(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    """Whatever is not known by name to be harmless is not taken to be."""
    assume(name not in ATTRIBUTES and not keyword.iskeyword(name))
    path = tmp_path_factory.mktemp("file") / "file.py"
    create = loaded(path, f"def create(keras):\n    return keras.layers.{name}(3)\n")

    assert purity.read(create).doubt


def test_no_name_on_the_lists_reads_or_sets_anything() -> None:
    """Whoever adds a name meets this list of those that must never be on it."""
    never = {
        *("load_model", "load_weights", "save", "get_file", "from_config", "deserialize", "get"),
        *("clone_model", "utils", "backend", "datasets", "preprocessing", "mixed_precision"),
        *("experimental", "src", "saving", "TFSMLayer", "StringLookup", "IntegerLookup"),
        *("TextVectorization", "DenseFeatures", "Layer", "set_weights", "keys", "format"),
    }

    assert not never & ATTRIBUTES
    assert not APPLICATIONS & ATTRIBUTES
    assert not BUILTINS & {"open", "eval", "exec", "getattr", "vars", "globals", "set", "id"}
    assert not {name for name in ATTRIBUTES if name.startswith("_")}


def test_the_repositorys_models_are_pure() -> None:
    """A warm run of the reference suite starts no process to ask for them."""
    with registrations_undone():
        load_definitions([ROOT / "models", ROOT / "bench" / "suite.py"])
        doubts = {
            name: purity.read(registry.models[name].create).doubt
            for name in registry.models
            if registry.models[name].create.__code__.co_filename.startswith(str(ROOT / "models"))
        }

    assert len(doubts) >= 39
    assert not any(doubts.values()), doubts
