"""Every option of the agent, in one frozen value: ``Settings``.

An option comes from, first wins: the call (or the command line), the environment
(``SKILLWEAVE_MAX_STEPS=12``), the TOML configuration file, the default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from skillweave.skills.errors import SettingsError

CONFIG_FILE = Path("~/.config/skillweave/config.toml")
ENV_PREFIX = "SKILLWEAVE_"

UserPath = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """Options of the agent. Get one with `Settings.load`, which explains what is wrong in one line."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, frozen=True, extra="forbid", validate_default=True
    )

    library: UserPath = Path("~/.skillweave/library")
    """The folder tree of skills."""
    state_dir: UserPath = Path("~/.skillweave")
    """Checkpoints, traces, server logs and the register of running servers."""
    model: str = Field(default="nano", min_length=1)
    """``nano``, ``org/name``, ``provider:name``, or the URL of an OpenAI-compatible server."""

    max_steps: Positive = 24
    """Steps executed in one run, re-planned ones included."""
    max_tokens: Positive = 8192
    """Tokens generated in one run."""
    max_seconds: Seconds = 300.0
    """Wall time of one run."""
    max_replans: int = Field(default=2, ge=0)
    """How often the rest of a plan may be planned anew."""
    max_parallel: Positive = 4
    """Steps that may run at the same time."""

    min_match: float = Field(default=0.63, ge=0.0, le=1.0)
    """Relevance of a skill to a step's goal below which the skill does not fit.

    Measured by ``skillweave eval thresholds --part match``: the highest value that refuses at most
    2 % of the goals whose right skill was found; a plan has several steps, and each must pass."""
    min_confidence: float | None = Field(default=None, ge=0.0, le=1.0)
    """Confidence in a plan below which the agent declines instead of trying; None: what was measured
    for the model's profile."""

    learn: bool = True
    """Whether verified plans become skills."""
    distil_every: int = Field(default=0, ge=0)
    """Runs after which what they teach is distilled by contrast, without a model; 0: only when asked."""
    lane: Literal["auto", "bubblewrap", "landlock"] = "auto"
    """The sandbox lane; ``auto`` takes the strongest that works."""
    sandbox_workers: Positive = 2
    """Warm sandbox processes."""

    start_seconds: Seconds = 600.0
    """How long a model server may take to start."""
    ask_seconds: Seconds = 120.0
    """How long one answer of the model may take."""
    threads: Positive = 1
    """Threads of the model server on the CPU; more is slower on a busy machine."""
    api_key: SecretStr = SecretStr("local")
    """Sent to the server that ``model`` names by its URL."""
    port: int = Field(default=0, ge=0, le=65535)
    """Port of the model server on 127.0.0.1; 0 takes a free one."""

    @classmethod
    def load(cls, config: Path | None = None, /, **options: object) -> Self:
        """Read the configuration file and the environment; ``options`` win over both.

        Options that are None count as not given, so that a command line can pass all of its own.
        Raises `SettingsError`, in one line that names the option and where it came from.
        """
        given = {name: value for name, value in options.items() if value is not None}
        environment = EnvSettingsSource(cls)()
        file = config if config is not None else CONFIG_FILE.expanduser()
        from_file = _read_toml(file) if config is not None or file.is_file() else {}
        try:
            return cls.model_validate({**from_file, **environment, **given})
        except ValidationError as error:
            raise SettingsError(
                "; ".join(
                    _explain(detail, file, from_file.keys() - environment.keys() - given.keys())
                    for detail in error.errors()
                )
            ) from None


def _read_toml(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: is not TOML: {error}") from None


def _explain(detail: ErrorDetails, file: Path, from_file: frozenset[str] | set[str]) -> str:
    """One clause for one wrong option: ``config.toml: max_steps = -1: should be greater than 0``."""
    name = ".".join(str(part) for part in detail["loc"])
    where = f"{file}: " if name in from_file else ""
    if detail["type"] == "extra_forbidden":
        known = ", ".join(sorted(Settings.model_fields))
        return f"{where}there is no option {name}; the options are {known}"
    reason = detail["msg"].removeprefix("Input ")
    return f"{where}{name} = {detail['input']!r}: {reason}"
