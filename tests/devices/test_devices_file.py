"""The devices file: where it is found, and its mistakes."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import WeighinError
from weighin.devices import settings
from weighin.devices.settings import Entry


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project folder to be in, and a user's settings folder."""
    project, config = tmp_path / "project", tmp_path / "config"
    project.mkdir()
    config.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setattr(settings, "user_config_path", lambda name: config)
    return project, config


def write(path, name):
    """A file with one device."""
    path.write_text(f'[devices.{name}]\ncommand = "ssh {name} weighin agent"\n')
    return path


def test_a_file_that_is_named_comes_first_then_the_projects_then_the_users(home, tmp_path):
    """One of them is read, and no other."""
    project, config = home
    assert {} == settings.read().entries
    write(config / "devices.toml", "users")
    assert ["users"] == list(settings.read().entries)
    write(project / "weighin-devices.toml", "projects")
    assert ["projects"] == list(settings.read().entries)
    named = write(tmp_path / "mine.toml", "named")
    assert ["named"] == list(settings.read(named).entries)


def test_a_command_is_split_into_words_as_a_shell_would(home, tmp_path):
    """But no shell runs it."""
    path = tmp_path / "d.toml"
    told = "command = \"ssh -i 'my key' pi5 $HOME;ls\", timeout = 5"
    path.write_text(f"# mine\n[devices]\n'pi-5.local' = {{{told}}}\n")

    words = ("ssh", "-i", "my key", "pi5", "$HOME;ls")
    assert {"pi-5.local": Entry("pi-5.local", words, 5.0)} == settings.read(path).entries


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("[devices.a]\n", 1, "device a has no command: command = .ssh a weighin agent"),
        ('[devices.a]\ncomand = "x"\n', 2, "device a has no 'comand': did you mean 'command'"),
        ('[devices.a]\ncommand = "x"\n\nshell = 1', 4, "no 'shell': there are command, timeout"),
        ("\n[devices.a]\ncommand = [\n'x',\n]\n", 5, r"command of device a is a text, not \['x'\]"),
        ("[devices.a]\ncommand = 'x'\ntimeout = true", 3, "a number of seconds, not True"),
        ("[devices.a]\ncommand = 'x'\ntimeout = 0", 3, "is a number above 0"),
        ("[devices.a]\ncommand = 'x'\ntimeout = inf", 3, "is a number above 0"),
        ('[devices.a]\ncommand = "a \'b"', 2, "command of device a: no closing quotation"),
        ("[devices.a]\ncommand = ' '", 2, "command of device a is empty"),
        ("[devices.a]\ncommand = 'x'\n[devices.'b@c']\ncommand = 'x'", 3, "'b@c' is no name"),
        ("[devices]\na = 'ssh a'", 2, r"a is a table: \[devices.a\] and below it command"),
        ("devices = 3", 1, r"devices are tables: \[devices.NAME\]"),
        ("x = 1\n[devices.a]\ncommand = 'x'", 1, "there is no 'x' here"),
        ("[device.a]\ncommand = 'x'", 1, "there is no 'device' here"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, text, line, problem):
    """Also where a value takes several lines: the last of them."""
    path = tmp_path / "d.toml"
    path.write_text(text)

    with pytest.raises(WeighinError, match=rf"d\.toml, line {line}: .*{problem}"):
        settings.read(path)


def test_what_is_no_toml_is_named_with_its_line(tmp_path):
    """As the parser says."""
    path = tmp_path / "d.toml"
    path.write_text("[devices.a]\ncommand ssh\n")
    with pytest.raises(WeighinError, match=r"d\.toml is no TOML: .*\(at line 2, column 9\)"):
        settings.read(path)

    path.write_bytes(b"\xff\xfe")
    with pytest.raises(WeighinError, match="no text in UTF-8"):
        settings.read(path)
    with pytest.raises(WeighinError, match="cannot be read: No such file"):
        settings.read(tmp_path / "missing.toml")


def test_an_unknown_device_names_those_that_there_are(home):
    """And the file; where there is none, where to write one."""
    project, _ = home
    with pytest.raises(WeighinError, match=r"no device 'pi5', and no devices file: write one as"):
        settings.read().entry("pi5")
    path = write(project / "weighin-devices.toml", "pi5")
    with pytest.raises(
        WeighinError, match=rf"no device 'p5': did you mean 'pi5'\? {path.name} has"
    ):
        settings.read().entry("p5")
    assert "pi5" == settings.read().entry("pi5").device().name


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
    | st.text("[]devics.am='\"\n\\ 1", max_size=80)
)
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    """By name of the file, never otherwise."""
    path = tmp_path_factory.mktemp("any") / "d.toml"
    path.write_text(text, "utf-8")
    try:
        assert settings.read(path).path == path
    except WeighinError as error:
        said = str(error)
    else:
        said = str(path)
    assert str(path) in said
