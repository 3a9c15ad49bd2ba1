"""Which task is taken, and which is refused, before anything is built."""

from __future__ import annotations

import numpy as np
import pytest

from weighin.core import Dataset, Port, Quality, Signature, Split, Task, WeighinError
from weighin.tasks.inferring import task_of


def test_a_task_whose_figures_no_table_knows_is_refused() -> None:
    """One that is given itself, and was never registered, would be weighed without a figure."""

    class Own(Task):
        name = "own"
        figures = (Quality(name="own_figure", title="own", compute=lambda answers, targets: 1.0),)

    split = Split({"x": np.zeros((3, 1), np.float32)}, {"y": np.zeros(3)})
    model, data = Signature((Port("x"),), (Port("y"),)), Dataset("d", None, "", split, split)

    with pytest.raises(WeighinError, match=r"not registered \(own_figure\): write @task before"):
        task_of(model, data, Own())
