"""TensorFlow in one process: which devices it may use, and with how many threads."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from weighin.core import WeighinError
from weighin.frameworks import process


@dataclass(frozen=True)
class Device:
    """A device as TensorFlow lists it."""

    name: str
    device_type: str


CPU = Device("/physical_device:CPU:0", "CPU")
GPUS = [Device(f"/physical_device:GPU:{number}", "GPU") for number in range(2)]
OTHER = Device("/physical_device:XPU:0", "XPU")


@dataclass
class FakeTensorFlow:
    """TensorFlow's settings, on a machine with accelerators; it computes nothing.

    Attributes:
        visible: the devices that may be used.
        threads: of an operation; 0 before anybody has said.
        running: whether devices are in use already.
    """

    visible: list[Device] = field(default_factory=lambda: [CPU, *GPUS, OTHER])
    threads: int = 0
    deterministic: bool = False
    running: bool = False
    rounds_to_tf32: bool = True
    growing: list[str] = field(default_factory=list)

    @property
    def config(self) -> Any:
        """The functions of `tensorflow.config` that are called."""
        return SimpleNamespace(
            list_physical_devices=self._listed,
            set_visible_devices=self._show,
            threading=SimpleNamespace(
                set_intra_op_parallelism_threads=self._let_threads,
                set_inter_op_parallelism_threads=lambda threads: None,
                get_intra_op_parallelism_threads=lambda: self.threads,
            ),
            experimental=SimpleNamespace(
                enable_op_determinism=self._be_deterministic,
                enable_tensor_float_32_execution=self._round,
                set_memory_growth=self._grow,
            ),
        )

    def _listed(self, kind: str | None = None) -> list[Device]:
        everything = [CPU, *GPUS, OTHER]
        return [device for device in everything if kind in (None, device.device_type)]

    def _show(self, devices: list[Device], kind: str | None = None) -> None:
        self._refuse_if_running()
        others = [device for device in self.visible if device.device_type != kind] if kind else []
        self.visible = [*others, *devices]

    def _let_threads(self, threads: int) -> None:
        self._refuse_if_running()
        self.threads = threads

    def _round(self, allowed: bool) -> None:
        self.rounds_to_tf32 = allowed

    def _grow(self, device: Device, enable: bool) -> None:
        self._refuse_if_running()
        self.growing += [device.name] * enable

    def _be_deterministic(self) -> None:
        self.deterministic = True

    def _refuse_if_running(self) -> None:
        if self.running:
            raise RuntimeError("cannot be modified after it has been initialized")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTensorFlow:
    """A TensorFlow that sees two GPUs and an accelerator of another kind."""
    tensorflow = FakeTensorFlow()
    monkeypatch.setattr(process, "tensorflow", lambda: tensorflow)
    return tensorflow


def test_what_is_deterministic_runs_on_the_cpu_alone(fake: FakeTensorFlow) -> None:
    """No accelerator is left to be used, of whatever kind."""
    process.make_deterministic(1)

    assert fake.visible == [CPU]
    assert fake.threads == 1
    assert fake.deterministic


def test_devices_in_use_cannot_be_hidden(fake: FakeTensorFlow) -> None:
    """Where TensorFlow has begun, nothing is trained: on which device, nobody knows."""
    fake.running = True

    with pytest.raises(RuntimeError, match="after it has been initialized"):
        process.make_deterministic(1)


def test_others_still_see_gpus(fake: FakeTensorFlow) -> None:
    """Counting GPUs and setting threads, as runtimes do, hides none."""
    process.set_threads(3)

    assert process.gpu_count() == 2
    assert len(fake.visible) == 4
    assert fake.threads == 3


def test_gpus_compute_in_float32_and_leave_memory_to_others(fake: FakeTensorFlow) -> None:
    """TF32 is off, also where an earlier opening uses the GPUs already."""
    process.compute_in_float32()

    assert not fake.rounds_to_tf32
    assert fake.growing == [gpu.name for gpu in GPUS]

    fake.running = fake.rounds_to_tf32 = True
    process.compute_in_float32()

    assert not fake.rounds_to_tf32


def test_threads_are_fixed_once_tensorflow_runs(fake: FakeTensorFlow) -> None:
    """The number that it runs with may be asked for again; another is refused with a way out."""
    process.set_threads(2)
    fake.running = True

    process.set_threads(2)
    with pytest.raises(WeighinError, match=r"\(now 2\): measure 4 in a run of its own"):
        process.set_threads(4)


def test_gpus_are_hidden_from_drivers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user has set before counts no more, in this process and those that it starts."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.delenv("HIP_VISIBLE_DEVICES", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", dict(os.environ))

        process.hide_gpus()

        assert os.environ["CUDA_VISIBLE_DEVICES"] == "-1"
        assert os.environ["HIP_VISIBLE_DEVICES"] == "-1"
