"""Arrays as descriptions and bytes."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from weighin.core import WeighinError
from weighin.devices.packing import Described, packed, unpacked

ARRAYS = st.dictionaries(
    st.text(max_size=5),
    hnp.arrays(
        hnp.boolean_dtypes()
        | hnp.integer_dtypes()
        | hnp.unsigned_integer_dtypes()
        | hnp.floating_dtypes(sizes=(16, 32, 64)),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
    ),
    max_size=3,
)


@given(ARRAYS)
@settings(max_examples=40)
def test_arrays_come_as_they_went(arrays):
    """Of any type, order of bytes and shape; through JSON."""
    described, content = packed(arrays)
    told = msgspec.json.decode(msgspec.json.encode(described), type=tuple[Described, ...])
    got = unpacked(told, content)

    assert list(arrays) == list(got)
    for name, values in arrays.items():
        assert values.shape == got[name].shape
        assert values.dtype.newbyteorder("=") == got[name].dtype.newbyteorder("=")
        np.testing.assert_array_equal(values, got[name])


@pytest.mark.parametrize("values", [np.array(["a"]), np.array([object()]), np.array([1j])])
def test_nothing_but_numbers_is_sent(values):
    """No texts and no objects."""
    with pytest.raises(WeighinError, match="is not sent to devices"):
        packed({"x": values})


@pytest.mark.parametrize("dtype", ["|O", ">f4", "<U9", "<c8", "f4", "|V8"])
def test_nothing_but_numbers_is_taken(dtype):
    """Whatever a message says."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "x", "dtype": dtype, "shape": [1]}, Described)


@given(ARRAYS.filter(lambda arrays: any(v.nbytes for v in arrays.values())), st.integers(1, 9))
@settings(max_examples=30)
def test_a_block_holds_its_arrays_and_nothing_else(arrays, n):
    """Neither less nor more."""
    described, content = packed(arrays)
    for other in (content[:-1], content + bytes(n)):
        with pytest.raises(WeighinError, match="describes arrays of"):
            unpacked(described, other)


def test_a_name_stands_once():
    """Else one array would hide another."""
    one = Described("x", "|u1", (1,))
    with pytest.raises(WeighinError, match="one name"):
        unpacked([one, one], b"ab")
