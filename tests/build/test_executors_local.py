"""How many processes of this machine build: as many as have work that is worth starting one."""

from __future__ import annotations

import pytest

from weighin import grammar
from weighin.build.executors.local import at_once
from weighin.build.jobs import Job, job_for


def jobs(*names: str, model: str = "m", seeds: int = 1) -> list[Job]:
    """All jobs of some variants, parents too."""
    last = [
        job_for(model, "quick", seed, grammar.parse(name), "tflite")
        for name in names
        for seed in range(seeds)
    ]
    return list(dict.fromkeys(job for each in last for job in each.chain))


@pytest.mark.parametrize(
    ("todo", "count"),
    [
        (jobs("int8", "dynamic", "float16"), 1),  # exports follow one another
        (jobs("prune(0.8)", "prune(0.8)+int8", "int8"), 1),
        (jobs("prune(0.8)+cluster(16)+int8", "prune(0.8)+cluster(8)+int8"), 2),
        (jobs("finetune", "prune(0.8)+int8", "cluster(16)+qat+int8"), 3),
        (jobs("int8", seeds=3), 3),
        (jobs("int8") + jobs("int8", model="n"), 2),
        (jobs("prune(0.8)+int8")[2:], 1),  # all but the file is there
    ],
)
def test_models_and_what_trains_have_processes_of_their_own(todo: list[Job], count: int) -> None:
    assert count == at_once(todo)
