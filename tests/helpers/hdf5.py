"""HDF5 files as they lie on a disk, made without Keras."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import h5py


def hdf5(arrays: Mapping[str, Any], **attributes: str) -> bytes:
    """An HDF5 file of arrays and attributes."""
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
        for name, text in attributes.items():
            file.attrs[name] = text
    return target.getvalue()
