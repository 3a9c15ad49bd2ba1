"""Is what a model's function returns decided by its file, the seed and installed versions alone?

Told by reading the function, without calling it. It is plainly pure if it uses nothing but what is
known to read nothing from outside: its Keras module's layers, its own locals, a few built-in
functions, constants, and functions of the same file for which the same holds. Anything else makes
it doubtful, which is no fault: its model is then asked for (`weighin.build.scheduler`).

Names are looked up in the function as it is now, so that no alias deceives. A constant's value
counts, not how its file came to it, so that it may be read from the environment or a file.
"""

from __future__ import annotations

import ast
import builtins
import math
import types
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from weighin.build._pure_names import APPLICATIONS, ATTRIBUTES, BUILTINS, READING, SET

_SCALARS = (bool, int, float, complex, str, bytes, type(None), type(...))
_ALLOWED = (
    *(ast.Return, ast.Assign, ast.AugAssign, ast.If, ast.While, ast.Expr, ast.Pass, ast.Break),
    *(ast.Continue, ast.Raise, ast.Assert, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Dict),
    *(ast.List, ast.Tuple, ast.Constant, ast.JoinedStr, ast.FormattedValue, ast.Slice),
    *(ast.keyword, ast.operator, ast.boolop, ast.unaryop, ast.cmpop, ast.expr_context),
)
_OF_MATH = frozenset(name for name in dir(math) if not name.startswith("_"))
_OWN_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Reading:
    """What a function's source says.

    Attributes:
        doubt: the first thing that may bring something from outside, and its line; empty if the
            function is plainly pure.
        constants: what it takes from around itself, by names, as text.
    """

    doubt: str
    constants: dict[str, str]


def read(create: Any) -> Reading:
    """Read a model's function and the functions of its file that it uses."""
    reader = _Reader()
    try:
        reader.follow(create)
    except _DoubtError as doubt:
        return Reading(str(doubt), {})
    return Reading("", reader.constants)


class _DoubtError(Exception):
    """Something may come from outside."""


@dataclass
class _Reader:
    constants: dict[str, str] = field(default_factory=dict)
    _followed: list[types.FunctionType] = field(default_factory=list)

    def follow(self, function: Any) -> None:
        """Read a function, unless it was read.

        Raises:
            _DoubtError: if something in it may come from outside.
        """
        if any(function is known for known in self._followed):
            return
        if not isinstance(function, types.FunctionType) or hasattr(function, "__wrapped__"):
            raise _DoubtError(f"{function!r} is not a plain function")
        self._followed.append(function)
        place = f"{len(self._followed)}. {function.__qualname__}"  # two may have the same name
        self.constants[place] = f"line {function.__code__.co_firstlineno}"
        for values in (function.__defaults__ or (), (function.__kwdefaults__ or {}).items()):
            if not _is_immutable(tuple(values)):
                raise _DoubtError(f"a default argument of {function.__name__}")
            self.constants[place] += f", {tuple(values)!r}"
        _Body(function, place, self).read()


class _Body(ast.NodeVisitor):
    """One function's body, statement by statement; what is not known to be harmless is refused."""

    def __init__(self, function: types.FunctionType, place: str, reader: _Reader) -> None:
        self._function, self._place, self._reader = function, place, reader
        self._cells = dict(
            zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        )
        self._scopes: list[set[str]] = []
        self._only_read: set[ast.AST] = set()  # a list or dict cannot be changed or kept by these

    def read(self) -> None:
        node = _definition(self._function.__code__)
        with self._scope(_bound(node.args, node.body)):
            for statement in node.body:
                self.visit(statement)

    def generic_visit(self, node: ast.AST) -> None:
        if not isinstance(node, _ALLOWED):
            self._doubt(node)
        super().generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            self._doubt(node.decorator_list[0])
        self._visit_signature(node.args)
        self._check_annotation(node.returns)
        with self._scope(_bound(node.args, node.body)):
            for statement in node.body:
                self.visit(statement)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_signature(node.args)
        with self._scope(_bound(node.args, [])):
            self.visit(node.body)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._visit_comprehension(node.generators, node.elt)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._visit_comprehension(node.generators, node.elt)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._visit_comprehension(node.generators, node.key, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._check_annotation(node.annotation)
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_For(self, node: ast.For) -> None:
        self._only_read.add(node.iter)
        super().generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        self._only_read.add(node.value)
        super().generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load):
            self._only_read.add(node.value)
        super().generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for operator, value in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.In | ast.NotIn):
                self._only_read.add(value)
        super().generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store):
            allowed = SET
        elif isinstance(node.value, ast.Name) and not self._is_local(node.value):
            self._only_read.add(node.value)
            allowed = _OF_MATH if self._value(node.value) is math else READING
        else:
            allowed = ATTRIBUTES
        if node.attr not in allowed:
            self._doubt(node)
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        computed = self._computed_attribute(node)
        if computed is not None:
            if computed[1] not in ATTRIBUTES:
                self._doubt(node)
            self.visit(computed[0])
            return
        base, name = self._computed_attribute(node.func) or _attribute(node.func)
        if base is not None and name in APPLICATIONS:
            if not any(map(_is_weights_none, node.keywords)):
                self._doubt(node)
            self.visit(base)
        else:
            self.visit(node.func)
        if isinstance(node.func, ast.Name) and not self._is_local(node.func):
            function = self._value(node.func)
            if _is_builtin(function) and (len(node.args) == 1 or function in (enumerate, zip)):
                self._only_read.update(node.args)  # `max(a, b)` would hand one of them out
        self._only_read.update(word.value for word in node.keywords if word.arg is None)
        for part in (*node.args, *node.keywords):
            self.visit(part)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and not self._is_local(node):
            self._take(node)

    def _take(self, node: ast.Name) -> None:
        """Note what a name stands for that comes from around the function."""
        value = self._value(node)
        if _is_immutable(value) or (node in self._only_read and _is_shallow(value)):
            said = repr(value)
        elif _is_builtin(value):
            said = value.__name__
        elif value is math and node in self._only_read:
            said = "math"
        elif self._is_neighbour(value):
            said = f"{value.__qualname__}, line {value.__code__.co_firstlineno}"
            self._reader.follow(value)
        else:
            self._doubt(node)
        self._reader.constants[f"{self._place}: {node.id}"] = said

    def _value(self, node: ast.Name) -> Any:
        """What a name that is not local stands for now."""
        try:
            if node.id in self._cells:
                return self._cells[node.id].cell_contents
            names = self._function.__globals__
            return (names if node.id in names else vars(builtins))[node.id]
        except (KeyError, ValueError):  # ValueError: not bound yet
            self._doubt(node)

    def _computed_attribute(self, node: ast.AST) -> tuple[ast.expr, str] | None:
        """Of `getattr(base, name)` the base and what the name is, where it is a constant."""
        match node:
            case ast.Call(func=ast.Name("getattr") as called, args=[base, name], keywords=[]):
                is_known = not self._is_local(called) and self._value(called) is getattr
            case _:
                return None
        if not is_known:
            return None
        if isinstance(name, ast.Name) and not self._is_local(name):
            self.visit(name)
            value = self._value(name)
        else:
            value = name.value if isinstance(name, ast.Constant) else None
        return (base, value) if isinstance(value, str) else None

    def _visit_comprehension(self, generators: list[ast.comprehension], *results: ast.expr) -> None:
        first = generators[0].iter  # it alone is worked out in the scope around
        self._only_read.update(generator.iter for generator in generators)
        self.visit(first)
        with self._scope(_stored(generator.target for generator in generators)):
            for generator in generators:
                if generator.is_async:
                    self._doubt(first)
                parts = [generator.target, *generator.ifs]
                for part in parts if generator.iter is first else [generator.iter, *parts]:
                    self.visit(part)
            for result in results:
                self.visit(result)

    def _visit_signature(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *filter(None, arguments.kw_defaults)):
            self.visit(default)
        for argument in _arguments(arguments):
            self._check_annotation(argument.annotation)

    def _check_annotation(self, annotation: ast.expr | None) -> None:
        """Annotations are worked out too: they may name anything, but call nothing."""
        for node in ast.walk(annotation) if annotation else ():
            if isinstance(node, ast.Call | ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
                self._doubt(node)

    def _is_local(self, node: ast.Name) -> bool:
        return any(node.id in scope for scope in self._scopes)

    def _is_neighbour(self, value: Any) -> bool:
        """Whether it is a function of the same file, which is in the key as a whole."""
        return (
            isinstance(value, types.FunctionType)
            and value.__code__.co_filename == self._function.__code__.co_filename
        )

    @contextmanager
    def _scope(self, names: set[str]) -> Iterator[None]:
        self._scopes.append(names)
        yield
        self._scopes.pop()

    def _doubt(self, node: ast.AST) -> Any:
        text = ast.unparse(node).partition("\n")[0][:60]
        raise _DoubtError(f"line {getattr(node, 'lineno', '?')}: {text}")


@lru_cache(maxsize=64)
def _parsed(source: bytes, name: str) -> tuple[ast.Module, frozenset[types.CodeType]]:
    tree = ast.parse(source, name)
    left, codes = [compile(tree, name, "exec", dont_inherit=True)], set()
    while left:
        code = left.pop()
        codes.add(code)
        left += [value for value in code.co_consts if isinstance(value, types.CodeType)]
    return tree, frozenset(codes)


def _definition(code: types.CodeType) -> ast.FunctionDef:
    """Where a function is defined in its file, which must still be the one that was loaded."""
    try:
        tree, codes = _parsed(Path(code.co_filename).read_bytes(), code.co_filename)
    except (OSError, SyntaxError, ValueError):
        raise _DoubtError(f"the source of {code.co_name} cannot be read") from None
    for node in ast.walk(tree) if code in codes else ():
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            parts: list[ast.stmt | ast.expr] = [node, *node.decorator_list]
            if code.co_firstlineno == min(part.lineno for part in parts):
                return node
    raise _DoubtError(f"{code.co_name} is not what its file says now")


def _bound(arguments: ast.arguments, body: Iterable[ast.stmt]) -> set[str]:
    """A function's local names."""
    return {argument.arg for argument in _arguments(arguments)} | _stored(body)


def _stored(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that statements or targets give a value to, those of inner functions left out."""
    names, left = set(), list(nodes)
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif not isinstance(node, _OWN_SCOPES):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            left += ast.iter_child_nodes(node)
    return names


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]


def _attribute(node: ast.expr) -> tuple[ast.expr | None, str]:
    return (node.value, node.attr) if isinstance(node, ast.Attribute) else (None, "")


def _is_weights_none(keyword: ast.keyword) -> bool:
    value = keyword.value
    return keyword.arg == "weights" and isinstance(value, ast.Constant) and value.value is None


def _is_builtin(value: Any) -> bool:
    return any(value is getattr(builtins, name) for name in BUILTINS)


def _is_immutable(value: Any) -> bool:
    """Whether it is plain data that nothing can change: a number, text, a tuple of these."""
    if type(value) is tuple:
        return all(map(_is_immutable, value))
    return type(value) in _SCALARS


def _is_shallow(value: Any) -> bool:
    """Whether it is a list or dict of such data."""
    if type(value) is dict:
        return all(map(_is_immutable, (*value.keys(), *value.values())))
    return type(value) is list and all(map(_is_immutable, value))
