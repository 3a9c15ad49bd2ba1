"""The tables of a run in the summary of a step on GitHub."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from helpers.support import results_of

from weighin.report.table import render

SIZES = ("-k=compress", "--weighin-runtimes=litert", "--weighin-variants=baseline,int8")


def test_tables_are_appended_to_the_summary_of_a_step(run, tmp_path):
    """As `weighin table --format github` has them, below what is there already."""
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n\n", "utf-8")

    ran = run(*SIZES, GITHUB_STEP_SUMMARY=str(summary))

    assert 0 == ran.code, ran.text
    own = results_of(ran.environment, ran.records)
    assert f"# Before\n\n{render([own], 'github')}\n\n" == summary.read_text("utf-8")
    assert "step summary" not in ran.text


def test_a_summary_that_cannot_be_written_fails_nothing(run, tmp_path):
    """A warning; the records are kept."""
    ran = run(*SIZES, GITHUB_STEP_SUMMARY=str(tmp_path))

    assert 0 == ran.code, ran.text
    assert "ok" == ran.one("gzip_bytes", "int8").status
    assert f"warning: no step summary: {tmp_path} cannot be written" in ran.text
