"""Finished files that a user brings, all of one format: read, matched, asked one question.

They take the place of `weighin.build.artifacts` in a run: the first file is the baseline, the
others are its variants, each by its own name. Nothing is built, and no TensorFlow is loaded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from weighin import registry
from weighin.build.keys import BuildContext
from weighin.core import (
    USUAL_FORMAT,
    Artifact,
    Case,
    Format,
    Port,
    Signature,
    Task,
    Variant,
    WeighinError,
)
from weighin.datasets import loading
from weighin.files import sha256
from weighin.formats import known
from weighin.formats.graph import Graph
from weighin.formats.holding import (
    held,
    refuse_batches,
    refuse_unbatched,
    signature_of,
    variant_held,
)
from weighin.tasks import inferring

PROFILE = "finished files"


@dataclass
class FinishedFiles:
    """The finished files of one run.

    Attributes:
        context: where things are.
        model: what their records call the model: the first file's name without its ending.
        paths: the files by their variants' names, the baseline first.
        dataset: the data set that they are asked.
        task: what they are asked, if it is named.
        format: of all of them.
    """

    context: BuildContext
    model: str
    paths: Mapping[str, Path]
    dataset: str
    task: str | Task | None = None
    profile: str = PROFILE
    format: str = USUAL_FORMAT
    _artifacts: dict[str, Artifact] = field(default_factory=dict)

    @classmethod
    def read(
        cls, context: BuildContext, paths: Sequence[Path], dataset: str, task: str | None = None
    ) -> Self:
        """Read files, and match the later ones' inputs and outputs to the first one's.

        Raises:
            WeighinError: if a file cannot be read, is damaged, or takes no examples one by one; or
                if it takes or gives other things than the first: both are listed.
        """
        names = _names(paths)
        whole = [path.resolve() for path in paths]  # processes may have another folder
        by_name = dict(zip(names, whole, strict=True))
        files = cls(context, paths[0].stem, by_name, dataset, task, format=format_of(paths).name)
        for name in names:
            files._artifacts[name] = files._read(name)
        return files

    def beside(self, variants: Mapping[str, Path]) -> Self:
        """The first of these files, and others as its variants by their names.

        Raises:
            WeighinError: if a file cannot be read, or takes or gives other things.
        """
        first = self._artifacts["baseline"]
        whole = {name: path.resolve() for name, path in variants.items()}
        files = dataclasses.replace(
            self,
            paths={"baseline": self.paths["baseline"], **whole},
            _artifacts={"baseline": first},
        )
        for name in whole:
            read = files._read(name)
            facts = {**read.facts, "task": first.facts["task"]}
            files._artifacts[name] = dataclasses.replace(read, facts=facts)
        return files

    @property
    def cases(self) -> list[Case]:
        """The files' cases, on no runtime, in their order."""
        return [Case(self.model, self.dataset, name, 0, self.format) for name in self.paths]

    @property
    def signature(self) -> Signature:
        """What the first file takes and gives."""
        return self._artifacts["baseline"].signature

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Between what the values of the first file's quantized inputs can lie."""
        graph = self._graph(self.paths["baseline"])
        reaches = {name: graph.tensors[n].reach for name, n in graph.inputs_by_name().items()}
        return {name: reach for name, reach in reaches.items() if reach is not None}

    def build(self, cases: Iterable[Case], **report: Callable[..., None]) -> None:
        """Find out what the files are asked, from the first one's outputs and the targets.

        Raises:
            WeighinError: if data, outputs and task do not fit together.
        """
        dataset = loading.load_cached(self.dataset, self.context.search)
        fed = dataset.fed_to(self.signature)
        # of random inputs nothing is asked; a task that is named all the same is refused
        named = self.task or ("unlabelled" if dataset.drawn else None)
        task = inferring.checked(self.signature, fed, named, None)
        self._artifacts = {
            name: dataclasses.replace(artifact, facts={**artifact.facts, "task": task.name})
            for name, artifact in self._artifacts.items()
        }

    def of(self, case: Case) -> Artifact:
        """The case's file."""
        return self._artifacts[case.variant]

    def has(self, case: Case) -> bool:
        """Whether the case's file is one of these."""
        return case.variant in self.paths

    def files(self, model: str) -> list[Artifact]:
        """All files."""
        return list(self._artifacts.values())

    def origins(self, digests: Collection[str] | None = None) -> dict[str, list[dict[str, Any]]]:
        """For each file's sha256 what is known of it: its name, and what it holds."""
        return {
            artifact.sha256: [dict(artifact.provenance)]
            for artifact in self._artifacts.values()
            if digests is None or artifact.sha256 in digests
        }

    def told(self) -> list[dict[str, str]]:
        """The files as results tell them: variant, file, digest and what each holds."""
        return [
            {
                "variant": name,
                "file": str(artifact.provenance["file"]),
                "sha256": artifact.sha256,
                "holds": str(artifact.provenance["holds"]),
            }
            for name, artifact in self._artifacts.items()
        ]

    def named_task(self, model: str) -> str | Task | None:
        """The task that was named, if one was."""
        return self.task

    def variant(self, case: Case) -> Variant:
        """The variant whose files are stored as this one is: a file's name claims nothing."""
        return variant_held(self._graph(self.of(case).path))

    def unavailable(self, case: Case) -> str | None:
        """None: what is finished needs nothing to be built."""
        return None

    def _graph(self, path: Path) -> Graph:
        return known.graph(self.format, path)

    def _read(self, name: str) -> Artifact:
        path = self.paths[name]
        self._graph(path)  # says in clear words if it cannot be read
        digest = sha256(path)
        graph = self._graph(path)  # read anew if it has changed before it was hashed
        signature, own_names = signature_of(graph), dict[str, dict[str, str]]()
        for side in ("inputs", "outputs"):
            if not getattr(signature, side):
                raise WeighinError(f"{path} has no {side}: there is nothing to ask it.")
        refuse_unbatched(graph, str(path))
        if not registry.formats[self.format].resized:
            refuse_batches(graph, str(path))
        if self._artifacts:
            signature, own_names = matched(self.signature, signature, path.name)
        return Artifact(
            key="",
            path=path,
            format=self.format,
            sha256=digest,
            bytes=path.stat().st_size,
            answers=None,
            provenance={"stage": "finished", "file": path.name, "holds": held(graph)},
            seconds=0.0,
            facts={"signature": signature.as_json(), "task": "", "own_names": own_names},
        )


def format_of(paths: Sequence[str | Path]) -> Format:
    """The one format of finished files.

    Raises:
        WeighinError: if one is no finished file, or they are of several formats: like is compared
            with like.
    """
    formats = [known.of_file(path) for path in paths]
    for path, format in zip(paths, formats, strict=True):
        if format is None or not format.finished:
            raise WeighinError(
                f"{path} is no {' or '.join(known.endings(finished=True))} file: finished files "
                f"are compared with each other, and a Keras model is weighed by itself."
            )
        if format is not formats[0]:
            raise WeighinError(
                f"{paths[0]} and {path} are files of two formats, and a ratio between them would "
                f"be of formats, not of models. Weigh each beside files of its own format, or the "
                f"Keras model that they are of: weighin weigh MODEL.keras --variants "
                f"onnx,onnx_int8,int8 --runtimes litert,onnxruntime."
            )
    assert formats[0] is not None  # noqa: S101 - there is a file, and it was looked at
    return formats[0]


def matched(
    first: Signature, other: Signature, called: str
) -> tuple[Signature, dict[str, dict[str, str]]]:
    """Another file's signature under the first one's names, and its own names by these.

    By name where all are the same and of the same shapes, else by shape where that leaves no
    choice.

    Args:
        first: the first file's.
        other: the other file's.
        called: the other file, in messages.

    Returns:
        The signature, its ports in the first one's order; and for `inputs` and `outputs` the
        file's own name of each, where any differs.

    Raises:
        WeighinError: listing both, if it is not plain which is which.
    """
    sides: dict[str, dict[str, Port]] = {}
    for side in ("inputs", "outputs"):
        wanted, given = getattr(first, side), getattr(other, side)
        pairs = _paired(wanted, given, bytes_fit=side == "inputs")
        if pairs is None:
            raise WeighinError(
                f"{called} is not comparable with the first file: which of its {side} is which? "
                f"The first file has {_listed(wanted)}; {called} has {_listed(given)}."
            )
        sides[side] = pairs
    signature = Signature(
        *(
            tuple(dataclasses.replace(port, name=name) for name, port in sides[side].items())
            for side in ("inputs", "outputs")
        )
    )
    own_names = {
        side: {name: port.name for name, port in pairs.items()} for side, pairs in sides.items()
    }
    differs = any(name != own for pairs in own_names.values() for name, own in pairs.items())
    return signature, own_names if differs else {}


def _paired(
    wanted: Sequence[Port], given: Sequence[Port], *, bytes_fit: bool
) -> dict[str, Port] | None:
    """Which port given stands for which that is wanted; None if that is not plain."""
    if len(wanted) != len(given):
        return None
    by_name = {port.name: port for port in given}
    if set(by_name) == {port.name for port in wanted}:
        pairs = {port.name: by_name[port.name] for port in wanted}
        if all(_alike(port, pairs[port.name], bytes_fit) for port in wanted):
            return pairs
    pairs = {}
    for port in wanted:
        fitting = [each for each in given if _alike(port, each, bytes_fit)]
        if len(fitting) != 1:
            return None
        pairs[port.name] = fitting[0]
    return pairs if len({port.name for port in pairs.values()}) == len(given) else None


def _alike(one: Port, other: Port, bytes_fit: bool) -> bool:
    """Whether two ports are of one shape and kind of values: numbers, or whole numbers.

    An image's bytes fit an input of numbers. But bytes that a file answers without a scale, as an
    .onnx file that ends in QuantizeLinear does, are not the numbers that another one answers.
    """
    kinds = [port.dtype.startswith("float") for port in (one, other)]
    same_rank = len(one.shape) == len(other.shape)
    sizes = zip(one.shape, other.shape, strict=False)
    fits = same_rank and all(a == b or None in (a, b) for a, b in sizes)
    return fits and (kinds[0] == kinds[1] or (bytes_fit and "uint8" in (one.dtype, other.dtype)))


def _listed(ports: Iterable[Port]) -> str:
    return ", ".join(map(str, ports)) or "none"


def _names(paths: Sequence[Path]) -> list[str]:
    """What variants are called: the first `baseline`, the others by their files' names.

    Raises:
        WeighinError: if a file is named twice.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        twice = next(
            path for path in paths if [p.resolve() for p in paths].count(path.resolve()) > 1
        )
        raise WeighinError(f"{twice} is named twice.")
    later = paths[1:]
    plain = [path.name for path in later]
    unique = len(set(plain)) == len(plain)
    return ["baseline", *(path.name if unique else str(path) for path in later)]
