"""Settings: where an option comes from, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from skillweave.agent.settings import Settings
from skillweave.skills.errors import SettingsError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_defaults_need_no_file() -> None:
    settings = Settings.load()
    assert settings.model == "nano"
    assert settings.library == Path.home() / ".skillweave" / "library"
    assert (settings.max_steps, settings.max_tokens, settings.max_seconds) == (24, 8192, 300.0)


def test_file_then_environment_then_call(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text('max_steps = 3\nmodel = "from-file"\nlearn = false\n')
    monkeypatch.setenv("SKILLWEAVE_MAX_STEPS", "4")
    monkeypatch.setenv("SKILLWEAVE_MODEL", "from-environment")
    settings = Settings.load(config, model="from-call", max_seconds=None)
    assert settings.model == "from-call"
    assert settings.max_steps == 4
    assert settings.learn is False


def test_the_file_in_the_home_folder_is_read() -> None:
    file = Path.home() / ".config" / "skillweave" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("max_steps = 7\n")
    try:
        assert Settings.load().max_steps == 7
    finally:
        file.unlink()


def test_paths_are_absolute_and_know_the_home_folder() -> None:
    settings = Settings.load(library="~/skills", state_dir="here")
    assert settings.library == Path.home() / "skills"
    assert settings.state_dir == Path.cwd() / "here"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Settings.load().model = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_steps": 0}, "max_steps = 0: should be greater than 0"),
        ({"lane": "chroot"}, "lane = 'chroot': should be 'auto', 'bubblewrap' or 'landlock'"),
        ({"colour": 1}, "there is no option colour; the options are api_key, "),
    ],
)
def test_a_wrong_option_is_said_in_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.load(None, **options)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_wrong_option_of_the_file_names_the_file(config: Path) -> None:
    config.write_text("max_steps = -1\n")
    with pytest.raises(SettingsError, match=r"config\.toml: max_steps = -1: "):
        Settings.load(config)


def test_a_wrong_variable_does_not_blame_the_file(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("max_steps = 1\n")
    monkeypatch.setenv("SKILLWEAVE_MAX_STEPS", "many")
    with pytest.raises(SettingsError, match=r"^max_steps = 'many': "):
        Settings.load(config)


@pytest.mark.parametrize("text", ["max_steps = ", "= 3", "\x00"])
def test_a_file_that_is_not_toml(config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(SettingsError, match=r"config\.toml: is not TOML"):
        Settings.load(config)


def test_a_missing_file_that_was_named(config: Path) -> None:
    with pytest.raises(SettingsError, match=r"config\.toml: cannot be read: No such file"):
        Settings.load(config)
