"""All tests: loopback only, no model hub, one thread, and a home folder of their own."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

# Read when torch, tokenizers and huggingface_hub are imported, hence before any test module.
os.environ.update(
    OMP_NUM_THREADS="1",
    TOKENIZERS_PARALLELISM="false",
    HF_HUB_OFFLINE="1",
    ANONYMIZED_TELEMETRY="false",
    DO_NOT_TRACK="1",
)
for _name in [name for name in os.environ if name.startswith("SKILLWEAVE_")]:
    del os.environ[_name]

# A busy machine is no failure; in CI the same examples come every time.
hypothesis_settings.register_profile(
    "skillweave",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("skillweave")

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


class NetworkRefusedError(OSError):
    """A test reached for a machine other than this one."""


def _refuse_beyond_loopback(family: int, address: object) -> None:
    if family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
        return
    host = str(address[0]).split("%")[0]
    if host == "localhost" or ip_address(host).is_loopback:
        return
    raise NetworkRefusedError(f"a test may not connect to {address}")


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Connections of this process end at loopback; its servers get the offline variables above."""

    def connect(self: socket.socket, address: object) -> None:
        _refuse_beyond_loopback(self.family, address)
        _connect(self, address)  # type: ignore[arg-type]

    def connect_ex(self: socket.socket, address: object) -> int:
        _refuse_beyond_loopback(self.family, address)
        return _connect_ex(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr(socket.socket, "connect_ex", connect_ex)
        yield


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nothing of the user's library or configuration is read or written."""
    home = tmp_path_factory.mktemp("home")
    caches = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CACHE_HOME", caches)
        patch.delenv("XDG_CONFIG_HOME", raising=False)
        yield home


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything under tests/integration carries the marker, so that no file can forget it."""
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.integration)
