"""How often one inference runs each operator of a .tflite file, where subgraphs call others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from weighin.formats.calls import callees
from weighin.formats.nodes import Node
from weighin.formats.work import Work


@dataclass(frozen=True)
class Frequencies:
    """How often one inference runs what.

    Attributes:
        operators: of each operator, how often it is certain to run.
        uncounted: of each operator that runs, whether work of it is left out.
        macs: of each subgraph, the multiply-accumulates of one call; a lower bound unless `whole`.
        whole: of each subgraph, whether all that it calls could be counted.
    """

    operators: list[int]
    uncounted: list[bool]
    macs: list[int]
    whole: list[bool]


def frequencies(
    nodes: Sequence[Node],
    works: Sequence[Work],
    subgraphs: int,
    loops: Callable[[Node], int | None],
) -> Frequencies:
    """How often an inference, which runs the first subgraph once, runs every operator.

    Of a branch that depends on data, the one with less to do is certain; of a loop whose steps
    cannot be counted, none.

    Args:
        nodes: all operators.
        works: what each does once, without what it calls.
        subgraphs: how many there are.
        loops: how many steps a WHILE takes; None if it cannot be told.

    Raises:
        ValueError: if subgraphs call each other in a circle.
        IndexError: if one is called that is not there.
    """
    inside: list[list[int]] = [[] for _ in range(subgraphs)]
    for at, node in enumerate(nodes):
        inside[node.subgraph].append(at)
        if any(not 0 <= called < subgraphs for called in callees(node)):
            raise IndexError(f"{node.name} calls a subgraph that is not there")
    links = {
        number: {called for at in inside[number] for called in callees(nodes[at])}
        for number in range(subgraphs)
    }
    try:
        callees_first = list(TopologicalSorter(links).static_order())
    except CycleError:
        raise ValueError("its subgraphs call each other in a circle") from None
    macs, whole = [0] * subgraphs, [True] * subgraphs
    uncounted = [work.uncounted for work in works]
    calls: list[dict[int, int]] = [{} for _ in nodes]
    for number in callees_first:
        for at in inside[number]:
            calls[at], complete = _calls(nodes[at], macs, whole, loops)
            uncounted[at] |= not complete
            called = calls[at].items()
            macs[number] += works[at].macs + sum(macs[callee] * times for callee, times in called)
            whole[number] &= not uncounted[at]
            whole[number] &= all(whole[callee] for callee, times in called if times)
    runs = [1] + [0] * (subgraphs - 1)
    for number in reversed(callees_first):
        for at in inside[number]:
            for callee, times in calls[at].items():
                runs[callee] += runs[number] * times
    operators = [runs[node.subgraph] for node in nodes]
    left_out = [bool(run) and left for run, left in zip(operators, uncounted, strict=True)]
    return Frequencies(operators, left_out, macs, whole)


def _calls(
    node: Node, macs: Sequence[int], whole: Sequence[bool], loops: Callable[[Node], int | None]
) -> tuple[dict[int, int], bool]:
    """How often an operator is certain to call which subgraph, and whether that is all."""
    called = callees(node)
    if node.name == "WHILE":
        steps = loops(node)
        if steps is None:
            idle = all(whole[number] and not macs[number] for number in called)
            return {}, idle
        condition, body = called
        return ({condition: steps + 1, body: steps} if condition != body else {}), condition != body
    if node.name == "IF":
        same = all(whole[number] for number in called) and len({macs[n] for n in called}) == 1
        return {min(called, key=lambda number: macs[number]): 1}, same
    return dict.fromkeys(called, 1), True
