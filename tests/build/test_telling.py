"""What errors of Keras and TensorFlow say, taken out of the traces around it."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighin.build.telling import LONGEST, reason, telling

GRAPH = """Graph execution error:

Detected at node sequential/g/GatherV2 defined at (most recent call last):
  File "<string>", line 1, in <module>

  File "/usr/lib/python3.11/multiprocessing/spawn.py", line 122, in spawn_main

  File "{own}", line 15, in call

indices[1] = 40 is not in [0, 32)
\t [[{{{{node sequential/g/GatherV2}}}}]] [Op:__inference_train_function_831]"""

# As TensorFlow 2.13 has it: the lines of code too, and the node once more
OLDER = """Graph execution error:

Detected at node 'sequential/g/GatherV2' defined at (most recent call last):
    File "/usr/lib/python3.11/runpy.py", line 196, in _run_module_as_main
      return _run_code(code, main_globals, None,
    File "{own}", line 15, in call
      return tf.gather(x, [0, 40], axis=1)
Node: 'sequential/g/GatherV2'
indices[1] = 40 is not in [0, 32)
\t [[{{{{node sequential/g/GatherV2}}}}]] [Op:__inference_train_function_831]"""

ROOTS = """Graph execution error:

Detected at node 'IteratorGetNext' defined at (most recent call last):
    File "{own}", line 15, in call
      return model.fit(x)
Detected at node 'IteratorGetNext' defined at (most recent call last):
    File "{own}", line 15, in call
      return model.fit(x)
2 root error(s) found.
  (0) INVALID_ARGUMENT:  indices[1] = 40 is not in [0, 32)
\t [[{{{{node IteratorGetNext}}}}]]
  (1) CANCELLED:  Function was cancelled before it was started
0 successful operations.
0 derived errors ignored. [Op:__inference_train_function_831]"""

PYTHON = """Graph execution error:

Detected at node loss/EagerPyFunc defined at (most recent call last):
  File "{own}", line 15, in loss

KeyError: 'no such class'
Traceback (most recent call last):

  File "/usr/lib/python3.11/site-packages/tensorflow/script_ops.py", line 270, in __call__
    return func(device, token, args)

KeyError: 'no such class'


\t [[{{{{node loss/EagerPyFunc}}}}]] [Op:__inference_train_function_1529]"""

USER_CODE = """in user code:

    File "/usr/lib/python3.11/site-packages/tf_keras/src/engine/training.py", line 1401, in step  *
        return step_function(self, iterator)
    File "{own}", line 15, in loss  *
        return tf.reduce_mean(p - y)

    ValueError: Dimensions must be equal, but are 4 and 3 for 'sub'.
"""

LAYER = """Exception encountered when calling layer "b" (type B).

in user code:

    File "{own}", line 15, in call  *
        return x @ x

    ValueError: Dimensions must be equal, but are 3 and 32 for 'matmul'.


Call arguments received by layer "b" (type B):
  • x=tf.Tensor(shape=(None, 32, 32, 3), dtype=float32)"""

EAGER = """Exception encountered when calling layer "b" (type B).

{{{{function_node __wrapped__MatMul_device_/device:CPU:0}}}} Matrix size-incompatible: \
In[0]: [1,2], In[1]: [3,4] [Op:MatMul]

Call arguments received by layer "b" (type B):
  • x=Error"""


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (GRAPH, "ValueError: indices[1] = 40 is not in [0, 32) (mine.py, line 15)"),
        (OLDER, "ValueError: indices[1] = 40 is not in [0, 32) (mine.py, line 15)"),
        (
            ROOTS,
            "ValueError: INVALID_ARGUMENT:  indices[1] = 40 is not in [0, 32) (mine.py, line 15)",
        ),
        (PYTHON, "ValueError: KeyError: 'no such class' (mine.py, line 15)"),
        (
            USER_CODE,
            "ValueError: Dimensions must be equal, but are 4 and 3 for 'sub'. (mine.py, line 15)",
        ),
        (
            LAYER,
            'ValueError: in layer "b" (type B): ValueError: Dimensions must be equal, but are 3 '
            "and 32 for 'matmul'. (mine.py, line 15)",
        ),
        (
            EAGER,
            'ValueError: in layer "b" (type B): Matrix size-incompatible: In[0]: [1,2], '
            "In[1]: [3,4]",
        ),
        ("", "ValueError"),
        ("  plain\n  and more", "ValueError: plain"),
        ("Graph execution error:\n", "ValueError: Graph execution error:"),
        ("in user code:\n", "ValueError: in user code:"),
        ('Exception encountered when calling layer "b".', 'when calling layer "b".'),
    ],
)
def test_the_cause_is_told_and_not_what_surrounds_it(
    message: str, told: str, tmp_path: Path
) -> None:
    """With the line of the user's own file, where one stands in the trace."""
    own = tmp_path / "models" / "mine.py"
    said = reason(ValueError(message.format(own=own)), [own.parent])

    assert told in said
    assert "\n" not in said


def test_the_line_of_a_users_own_file_is_told_with_its_code(tmp_path: Path) -> None:
    """As where its function raises; lines of others' files are none of theirs."""
    own = tmp_path / "mine.py"
    own.write_text("def create():\n    raise KeyError('units')\n")
    scope: dict[str, object] = {}
    exec(compile(own.read_text(), str(own), "exec"), scope)  # noqa: S102 - a definition's file
    with pytest.raises(KeyError) as caught:
        scope["create"]()  # type: ignore[operator]

    assert "KeyError: 'units' (mine.py, line 2: raise KeyError('units'))" == (
        reason(caught.value, [tmp_path])
    )
    assert "KeyError: 'units'" == reason(caught.value, [tmp_path / "models"])


@given(
    st.lists(
        st.sampled_from(
            [
                *("in user code:", "Graph execution error:", "2 root error(s) found.", "", "why"),
                *('Exception encountered when calling layer "b" (type B).', "    ValueError: no"),
                *('  File "a.py", line 1, in b', "Call arguments received by layer", "  (0) A: b"),
            ]
        )
    )
)
def test_whatever_is_said_is_told_in_one_line(lines: list[str]) -> None:
    """Of a message that is not empty something is told; nothing raises or grows too long."""
    message = "\n".join(lines)

    assert bool(message.strip()) == bool(telling(message))
    assert "\n" not in telling(message)
    assert len(reason(ValueError(message * 50), [])) <= LONGEST
