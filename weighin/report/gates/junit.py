"""What became of gates as a JUnit file, which continuous integration shows as tests.

One `testcase` for each gate and row; of the elements in https://github.com/testmoapp/junitxml those
that all readers know.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from weighin.files import replacing
from weighin.report.gates.judging import Judged
from weighin.report.gates.rendering import message, row_of, summary
from weighin.report.layout import one_line


def write(path: Path, judged: Judged) -> None:
    """Write what became of gates, whole or not at all.

    Raises:
        WeighinError: if it cannot be written.
    """
    failing = [outcome for outcome in judged.outcomes if not judged.passes(outcome)]
    counts = {"tests": str(len(judged.outcomes)), "failures": str(len(failing))}
    suites = ElementTree.Element("testsuites", counts)
    named = {"name": f"weighin gates, mode {judged.mode.name}", **counts}
    suite = ElementTree.SubElement(suites, "testsuite", named)
    for outcome in judged.outcomes:
        gate, row = one_line(outcome.gate.text), one_line(row_of(outcome.record)) or "no row"
        case = ElementTree.SubElement(suite, "testcase", name=gate, classname=row)
        if outcome in failing:
            told = one_line(message(judged, outcome))
            ElementTree.SubElement(case, "failure", message=told, type=outcome.verdict).text = told
    ElementTree.SubElement(suite, "system-out").text = f"{judged.mode.told}\n{summary(judged)}"
    ElementTree.indent(suites)
    with replacing(path) as partial:
        ElementTree.ElementTree(suites).write(partial, "utf-8", xml_declaration=True)
