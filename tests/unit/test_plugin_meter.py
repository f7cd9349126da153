"""What is counted for every adapter, and under how many labels."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from skillweave.agent.serving.plugin.meter import Labels, Meter


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def meter(registry: CollectorRegistry) -> Meter:
    return Meter(registry, limit=2)


def samples(registry: CollectorRegistry) -> dict[str, float]:
    """Every counter as Prometheus reads it, without the time of its creation."""
    lines = generate_latest(registry).decode().splitlines()
    values = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {
        name.removeprefix("skillweave_adapter_"): float(value)
        for name, value in values
        if "_created" not in name
    }


def test_labels_are_names_without_versions() -> None:
    labels = Labels(limit=2)
    asked = ["law", "law@0123abcd", "law@ffff", "code-2", "medical", "law", "", "law+code-2"]
    expected = ["law", "law", "law", "code-2", "(other)", "law", "(base)", "(mix)"]
    assert [labels.of(name) for name in asked] == expected
    assert labels.of("arrow(law,code-2;top=1)") == labels.of("law@0123:0.5") == "(mix)"


def test_what_is_counted(meter: Meter, registry: CollectorRegistry) -> None:
    meter.loaded("law@01")
    meter.began("law@01", 0.5)
    meter.began("law@01", 1.0)
    meter.began("", -0.001)
    meter.ended("law@01", 10, 4)
    meter.ended("law@01", 12, 5)
    assert samples(registry) == {
        'requests_total{adapter="law"}': 2,
        'requests_total{adapter="(base)"}': 1,
        'hits_total{adapter="law"}': 1,
        'loads_total{adapter="law"}': 1,
        'tokens_total{adapter="law",kind="prompt"}': 22,
        'tokens_total{adapter="law",kind="generated"}': 9,
        'wait_seconds_count{adapter="law"}': 2,
        'wait_seconds_sum{adapter="law"}': 1.5,
        'wait_seconds_count{adapter="(base)"}': 1,
        'wait_seconds_sum{adapter="(base)"}': 0,
    }


def test_a_thousand_adapters_have_few_labels(meter: Meter, registry: CollectorRegistry) -> None:
    for number in range(1000):
        for name in (f"skill-{number}@{number:06x}", f"skill-{number}:0.5"):
            meter.loaded(name)
            meter.began(name, 0.0)
            meter.ended(name, 1, 1)
    found = samples(registry)
    requests = {name: value for name, value in found.items() if name.startswith("requests")}
    assert requests == {
        'requests_total{adapter="skill-0"}': 1,
        'requests_total{adapter="skill-1"}': 1,
        'requests_total{adapter="(other)"}': 998,
        'requests_total{adapter="(mix)"}': 1000,
    }
    assert len(found) < 40


def test_an_engine_in_another_process_is_counted_too(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    code = "from skillweave.agent.serving.plugin.meter import meter; meter().ended('law', 3, 4)"
    for _ in range(2):
        environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    MultiProcessCollector(registry, str(tmp_path))  # type: ignore[no-untyped-call]
    assert samples(registry)['tokens_total{adapter="law",kind="generated"}'] == 8
