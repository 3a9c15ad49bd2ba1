"""Operations, the checks before them, and the records that become of their outcomes."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import dataclasses
import gzip
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.answering import CLASSIFICATION
from helpers.evaluations import evaluations_of
from helpers.support import results_of
from helpers.tiny import registrations_undone

from weighin import registry
from weighin.build.artifacts import Artifacts
from weighin.build.jobs import job_for
from weighin.build.keys import BuildContext
from weighin.core import Failure, Figure, Record, Skip, WeighinError
from weighin.core.case import Case
from weighin.datasets.search import SearchPaths
from weighin.definitions import default_definitions, load_definitions
from weighin.grammar import parse
from weighin.measure.cell import Cell
from weighin.measure.context import RunContext
from weighin.measure.figures import figures
from weighin.outcomes import Inferences
from weighin.report.table import render

CASE = Case("tiny", "tiny", "baseline", 0, "tflite", "litert", 1)
MEGABYTE = 2**20


def test_a_metric_that_fails_leaves_the_others_alone():
    """Its record says why; the figures of the same operation stay."""
    with registrations_undone():

        @registry.metric("explodes", scope="inference")
        def explodes(samples):
            """Never works."""
            raise ValueError(f"no sense in {len(samples.seconds)} samples")

        @registry.metric("abstains", unit="s", scope="inference")
        def abstains(samples):
            """Never applies."""
            return Skip("not today")

        @registry.metric("counts", scope="inference")
        def counts(samples):
            """How many there are."""
            return Figure(len(samples.seconds), 1.0, 9.0, 3, tuple(samples.seconds))

        records = {
            each.metric: each
            for each in figures(
                CASE, "inference", Inferences([2.0, 1.0, 3.0]), "ab", CLASSIFICATION
            )
        }

    blank = Record(
        Case("tiny", "tiny", "baseline", 0, "tflite", "litert", 1), "", "", "ok", artifact="ab"
    )
    reason = "ValueError: no sense in 3 samples"
    assert (
        dataclasses.replace(blank, metric="explodes", status="failed", reason=reason)
        == records["explodes"]
    )
    assert (
        dataclasses.replace(
            blank, metric="abstains", unit="s", status="skipped", reason="not today"
        )
        == records["abstains"]
    )
    assert (
        dataclasses.replace(
            blank, metric="counts", value=3, low=1.0, high=9.0, n=3, samples=(2.0, 1.0, 3.0)
        )
        == records["counts"]
    )
    assert ("ok", 2.0, "s") == (
        records["latency"].status,
        records["latency"].value,
        records["latency"].unit,
    )


def test_only_the_metrics_of_an_operation_are_asked():
    """An inference yields no sizes and no accuracy."""
    outcome = Inferences([1.0, 2.0])
    records = figures(CASE, "inference", outcome, "", CLASSIFICATION)
    asked = {record.metric for record in records}

    assert {each.name for each in registry.metrics.values() if each.scope == "inference"} == asked
    assert "latency" in asked
    assert "top1" not in asked


@pytest.mark.parametrize(("n", "p90", "p99"), [(63, 0, 0), (64, 1, 0), (661, 1, 0), (662, 1, 1)])
def test_a_quantile_wants_as_many_inferences_as_it_speaks_of(n, p90, p99):
    """There is no p99 of 50 inferences, and the record says why."""
    outcome = Inferences([1.0] * n)
    records = {
        each.metric: each for each in figures(CASE, "inference", outcome, "", CLASSIFICATION)
    }

    told = [records[name].status for name in ("latency_p90", "latency_p99")]
    assert [("not measured", "ok")[own] for own in (p90, p99)] == told
    reason = f"{n} inferences: 99% of them are told from 662 on"
    assert ("" if p99 else reason) == records["latency_p99"].reason
    ends = (records["latency_p90"].low, records["latency_p90"].high)
    assert ends == ((1.0, 1.0) if p90 else (None, None))


@pytest.fixture(scope="module")
def bench(shop):
    """A context in this process on the shared artifacts; the project is registered meanwhile."""
    with registrations_undone():
        definitions = default_definitions(shop.project)
        load_definitions(definitions)
        places = SearchPaths(None, shop.cache.folder, offline=True)
        build_context = BuildContext(shop.cache, places, tuple(definitions))
        yield RunContext(Artifacts(build_context, "quick"))


def _records(cell, outcome):
    cell.record(outcome)
    cell.close()
    return {record.metric: record for record in cell.records}


def test_a_file_is_compressed_alike_every_time(bench, shop):
    """The compressed bytes hold the file and no time or name."""
    cell = Cell(dataclasses.replace(CASE, runtime="", threads=0), "artifact", bench)
    compressed = cell.compress()
    records = _records(cell, compressed)

    assert shop.artifact().path.read_bytes() == gzip.decompress(compressed.gzipped)
    assert cell.compress().gzipped == compressed.gzipped
    assert bytes(4) == compressed.gzipped[4:8]
    assert len(compressed.gzipped) == records["gzip_bytes"].value
    assert shop.artifact().path.stat().st_size == records["file_bytes"].value
    assert {shop.artifact().sha256} == {record.artifact for record in records.values()}


def test_a_variant_is_evaluated_against_its_baseline(bench):
    """The baseline's answers are found or made, on the same runtime."""
    cell = Cell(dataclasses.replace(CASE, variant="prune(0.5)"), "evaluation", bench)
    records = _records(cell, cell.evaluate())
    evaluation = bench.evaluation(cell.case)
    baseline = bench.evaluation(CASE)

    few = {"top5", "top5_delta"}  # of three classes
    alone = {"top1_delta_control", "top5_delta_control"}
    assert few | alone == {name for name, record in records.items() if record.status != "ok"}
    assert {"not measured"} == {records[name].status for name in few}
    assert {"no .tflite of finetune is in this run"} == {records[name].reason for name in alone}
    predicted, before = (each.answers["highest"][:, 0] for each in (evaluation, baseline))
    assert float(np.mean(predicted == evaluation.targets["class"])) == records["top1"].value
    assert float(np.mean(predicted == before)) == records["agreement"].value
    assert 60 == records["top1"].n
    assert {} == evaluation.outputs, "those of variants are not kept"
    assert 60 == len(next(iter(baseline.outputs.values())))


def test_the_baseline_is_not_compared_with_itself(bench):
    """What compares with the baseline is skipped for it, with a reason."""
    cell = Cell(CASE, "evaluation", bench)
    records = _records(cell, cell.evaluate())

    assert "ok" == records["top1"].status
    for metric in ("agreement", "top1_delta", "sqnr", "cosine"):
        assert ("skipped", "this is the baseline") == (
            records[metric].status,
            records[metric].reason,
        )


def test_labels_that_mean_nothing_are_not_measured(bench):
    """Accuracy has the data set's reason, in the records and the table; all else is measured.

    So is agreement: the model is trained, whatever these labels are.
    """
    reason = "the images are noise"
    loaded = bench.load_dataset("tiny")
    wrong = dataclasses.replace(loaded.test, targets={"y": (loaded.test.target + 1) % 3})
    with registrations_undone():
        registry.dataset("tiny")(
            lambda places: dataclasses.replace(loaded, test=wrong, unlabelled=reason)
        )
        apart = dataclasses.replace(bench, _evaluations={})
        records = []
        for variant in ("baseline", "int8"):
            cell = Cell(dataclasses.replace(CASE, variant=variant), "evaluation", apart)
            records += _records(cell, cell.evaluate()).values()
    missing = {record.metric: record for record in records if record.status != "ok"}
    skipped = [record.metric for record in records if record.status == "skipped"]

    beside_control = {"top1_delta_control", "top5_delta_control"}
    assert {"agreement", "sqnr", "cosine"} | beside_control == set(skipped)
    assert {"top1", "top5", "top1_delta", "top5_delta"} == set(missing) - set(skipped)
    missing = {name: record for name, record in missing.items() if name not in skipped}
    assert {("not measured", reason, None)} == {
        (record.status, record.reason, record.value) for record in missing.values()
    }
    table = render([results_of({}, tuple(records))], "text")
    assert "top-1" not in table.splitlines()[2]  # nothing to be seen in the column
    assert reason in table


def test_a_variant_whose_baseline_failed_has_its_own_figures(bench):
    """Only what compares with the baseline is missing, with the baseline's reason."""
    job = job_for("tiny", "quick", 0, parse("baseline"), "tflite")
    burnt = dataclasses.replace(bench.artifacts, built={job: Failure("the oven broke")})
    alone = dataclasses.replace(bench, artifacts=burnt, _evaluations={})
    cell = Cell(dataclasses.replace(CASE, variant="int8"), "evaluation", alone)
    records = _records(cell, cell.evaluate())

    assert {"ok"} == {records[metric].status for metric in ("top1", "throughput")}
    for metric in ("agreement", "top1_delta"):
        assert records[metric].value is None
        assert "the oven broke" in records[metric].reason


class WithControl:
    """A run that has the control's answers beside a variant's, or fails to give them."""

    def __init__(self, task, answers, has=True):
        """Hold the answers of each variant; of one that has none asking for them fails."""
        self.fidelities, self.margin = {}, 0.005
        self.artifacts = SimpleNamespace(
            variant=lambda case: parse(case.variant), has=lambda case: has
        )
        self._task, self._answers = task, answers

    def evaluation(self, case):
        """The answers of a case."""
        if case.variant not in self._answers:
            raise WeighinError("the oven broke")
        return self._answers[case.variant]

    def artifact(self, case):
        """A file with a digest."""
        return SimpleNamespace(sha256="ab" * 32)

    def task(self, case):
        """What is asked."""
        return self._task

    def remember(self, case, evaluation):
        """Nothing is kept."""


@pytest.mark.parametrize(
    ("variant", "known", "has", "expected"),
    [
        ("prune(0.5)+int8", ("baseline", "finetune"), True, ("ok", "")),
        ("int8", ("baseline", "finetune"), True, ("skipped", "nothing here trains further")),
        ("finetune", ("baseline",), True, ("skipped", "this is the control")),
        ("baseline", (), True, ("skipped", "nothing here trains further")),
        ("prune(0.5)", ("baseline",), False, ("skipped", "no .tflite of finetune is in this run")),
        (
            "prune(0.5)",
            ("baseline",),
            True,
            ("not measured", "finetune could not be evaluated: the oven broke"),
        ),
    ],
)
def test_what_trains_further_is_held_against_the_control(variant, known, has, expected):
    """And nothing else; where the control is missing, or failed, the record says so."""
    usual, *_ = evaluations_of(CLASSIFICATION)
    run = WithControl(CLASSIFICATION, dict.fromkeys(known, usual), has)
    cell = Cell(dataclasses.replace(CASE, variant=variant), "evaluation", run)
    cell.record(dataclasses.replace(usual))
    (record,) = (each for each in cell.records if each.metric == "top1_delta_control")

    assert expected == (record.status, record.reason)


def test_what_has_a_record_keeps_it(bench):
    """A status is given to the metrics that have no record yet."""
    cell = Cell(CASE, "inference", bench)
    cell.record(Inferences([1.0, 2.0, 3.0]))
    kept = list(cell.records)
    cell.record_status("failed", "too late")
    other = Cell(CASE, "evaluation", bench)
    other.record_status("failed", "too hot")

    assert kept == cell.records
    assert {("failed", "too hot", None)} == {(r.status, r.reason, r.value) for r in other.records}
    assert {
        each.name
        for each in registry.metrics.values()
        if each.scope == "evaluation" and each.applies({"top1", "top5"})
    } == {record.metric for record in other.records}


def test_an_artifact_names_all_that_went_into_it(bench, shop):
    """Its origin lists every stage with its provenance, the dense start first."""
    case = dataclasses.replace(CASE, variant="prune(0.5)+int8")
    bench.build([case])
    sha256 = shop.artifact("prune(0.5)+int8").sha256
    origin = bench.artifacts.origins({sha256})[sha256]

    assert ["dense start", "prune(0.5)", "int8"] == [stage["stage"] for stage in origin]


def test_what_could_not_be_built_is_said_with_its_reason(bench):
    """Asking for a failed file raises what went wrong with it."""
    job = job_for("tiny", "quick", 0, parse("float16"), "tflite")
    built = {job: Failure("the chisel broke")}
    broken = dataclasses.replace(bench, artifacts=dataclasses.replace(bench.artifacts, built=built))

    with pytest.raises(WeighinError, match="not built: the chisel broke"):
        broken.artifact(dataclasses.replace(CASE, variant="float16"))


@pytest.mark.parametrize(
    ("variant", "runtime", "told"),
    [
        ("baseline", "litert", None),
        ("int8", "", None),
        ("int4", "litert", "no chisel"),
        ("int4", "", "no chisel"),
        ("compact(int4)", "litert", "no chisel"),
        ("compact(int8)", "litert", None),
        ("baseline", "keras-gpu7", "no such chip"),
    ],
)
def test_what_is_not_to_be_had_is_told_before_it_is_built(
    bench, monkeypatch, variant, runtime, told
):
    """A case says why its export, the one inside it, or its runtime cannot be used here."""
    monkeypatch.setitem(vars(registry.exports["int4"]), "available", lambda: "no chisel")
    with registrations_undone():
        gone = SimpleNamespace(name="keras-gpu7", available=lambda: "no such chip")
        registry.runtimes.add("keras-gpu7", gone)
        case = dataclasses.replace(CASE, variant=variant, runtime=runtime)

        assert told == Cell(case, "inference", bench).unavailable()


LIAR = '''
import numpy as np
from weighin import runtime


@runtime
class Liar:
    """Opens anything at once and always answers the same."""

    name, formats, needs_tensorflow = "liar", ("tflite",), False
    opened, closed, delegated = 0, 0, None

    def available(self):
        return None

    def load(self):
        pass

    def call_overhead(self):
        return None

    def open(self, path, threads):
        self.opened += 1
        return self

    def predict(self, inputs):
        (images,) = inputs.values()
        return {"scores": np.full((len(images), 3), 1 / 3, np.float32)}

    def inference(self, inputs):
        return lambda: None

    def answer(self):
        return {"scores": np.full((1, 3), 1 / 3, np.float32)}

    def close(self):
        self.closed += 1
'''


def test_a_runtime_that_answers_nonsense_is_never_timed(bench, tmp_path):
    """A cell's session is checked before it is handed out, and closed when it is refused."""
    (tmp_path / "liar.py").write_text(LIAR)
    definitions = (*bench.build_context.definitions, tmp_path / "liar.py")
    shop = dataclasses.replace(bench.build_context, definitions=definitions)
    artifacts = dataclasses.replace(bench.artifacts, context=shop)
    with registrations_undone():
        load_definitions(definitions)
        liar = registry.runtimes["liar"]
        case = dataclasses.replace(CASE, runtime="liar")
        cell = Cell(case, "inference", dataclasses.replace(bench, artifacts=artifacts))
        with pytest.raises(WeighinError, match="from the Keras model's"):
            cell.inference()
        with pytest.raises(WeighinError, match="from the Keras model's"):
            cell.pair()

    assert (2, 2) == (liar.opened, liar.closed)


@pytest.mark.parametrize(
    ("targets", "classes", "named"),
    [
        (np.arange(12) % 3, 3, "classification"),
        (np.linspace(0, 1, 12), None, ""),
        (np.zeros((12, 6, 6), int), 3, ""),
    ],
)
def test_what_nothing_was_built_of_is_called_by_no_other_tasks_figure(
    bench, monkeypatch, targets, classes, named
):
    """Class numbers are for a classifier; what else is asked, nobody knows yet."""
    tiny = bench.load_dataset("tiny")
    split = dataclasses.replace(tiny.test, targets={"y": targets})
    data = dataclasses.replace(tiny, test=split, classes=classes)
    unbuilt = dataclasses.replace(
        bench, artifacts=dataclasses.replace(bench.artifacts, built={}), _evaluations={}
    )
    monkeypatch.setattr(unbuilt, "load_dataset", lambda name: data)
    cell = Cell(dataclasses.replace(CASE, variant="int8"), "evaluation", unbuilt)
    cell.record_status("failed", "no layers left")
    text = render([results_of({}, tuple(cell.records))], "text")

    assert bool(named) == ("top1" in {record.metric for record in cell.records})
    assert bool(named) == ("top-1" in text)
    assert "no layers left" in text
