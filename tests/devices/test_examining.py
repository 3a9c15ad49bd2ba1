"""What doctor says of devices."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import shlex

from helpers import agents

from weighin.devices import examining


def test_each_device_has_its_engines_or_why_it_cannot_be_used(tmp_path):
    """Side by side, in the file's order."""
    good, bad = agents.command(tmp_path / "agent"), agents.faulty("refuses")
    path = tmp_path / "devices.toml"
    path.write_text(
        f"[devices.bad]\ncommand = {shlex.join(bad)!r}\n"
        f"[devices.good]\ncommand = {shlex.join(good)!r}\n"
    )
    told = dict(examining.examine(path))

    assert ["bad", "good"] == list(told)
    assert (
        "not to be used: env ended with 1; it said: Permission denied (publickey)." == told["bad"]
    )
    for part in ("weighin 0.", "engines litert", "keras-jit: an agent loads no", "not calibrated"):
        assert part in told["good"]
    assert told["good"].count("an agent loads no TensorFlow") == 1
    assert "not keras-cpu, keras-gpu, keras-jit: " in told["good"]


def test_where_there_are_none_it_says_where_to_name_them(tmp_path, monkeypatch):
    """No file, or an empty one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("weighin.devices.settings.user_config_path", lambda name: tmp_path / "no")
    ((name, said),) = examining.examine()

    assert ("none", "weighin-devices.toml") == (name, said.partition(" ")[0])
