"""Adapters become one: what is put side by side, what a gate gets, and what is kept in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from skillweave.agent.serving.plugin import components
from skillweave.agent.serving.plugin.components import Components
from skillweave.agent.serving.plugin.compose import compose
from skillweave.skills.errors import AdapterError
from skillweave.skills.factors import Factors, read_factors, write_adapter
from skillweave.skills.gates import prototypes_of
from skillweave.skills.mix import parse_mix
from skillweave.skills.model import AdapterInfo, Skill

UP, DOWN = "model.layers.0.mlp.up_proj", "model.layers.0.mlp.down_proj"


def factors(rank: int, seed: int) -> Factors:
    generator = torch.Generator().manual_seed(seed)
    return Factors(
        torch.randn(rank, 6, generator=generator), torch.randn(5, rank, generator=generator)
    )


def skill(root: Path, name: str, rank: int, seed: int) -> Skill:
    write_adapter({UP: factors(rank, seed)}, root / name / "adapter")
    info = AdapterInfo(base="", rank=rank, alpha=rank, targets=("up_proj",), parameters=0)
    return Skill(
        name=name,
        description="random",
        kind="adapter",
        digest=f"{seed:064x}",
        path=root / name,
        adapter=info,
    )


class TestCompose:
    def test_constant_weights_are_in_the_factors(self) -> None:
        one, two = {UP: factors(2, 1), DOWN: factors(2, 2)}, {UP: factors(3, 3)}
        composed = compose(parse_mix("one:0.5+two:-2"), [one, two])
        assert (composed.rank, composed.gates) == (5, {})
        dense = 0.5 * one[UP].b @ one[UP].a - 2 * two[UP].b @ two[UP].a
        torch.testing.assert_close(composed.factors[UP].b @ composed.factors[UP].a, dense)
        assert composed.factors[DOWN].rank == 2

    def test_a_gate_gets_the_adapters_that_have_the_module(self) -> None:
        adapters = [{UP: factors(2, 1), DOWN: factors(4, 2)}, {UP: factors(3, 3)}]
        directions = [prototypes_of(adapter) for adapter in adapters]
        composed = compose(parse_mix("arrow(one,two;top=1)"), adapters, directions)
        assert composed.gates[UP].ranks == (2, 3)
        assert composed.gates[DOWN].ranks == (4,)
        assert composed.gates[UP].prototypes.shape == (2, 6)
        assert torch.equal(composed.gates[UP].prototypes[1], directions[1][UP])
        assert composed.gates[UP](torch.randn(7, 6)).shape == (7, 5)
        assert torch.equal(composed.gates[DOWN](torch.randn(7, 6)), torch.ones(7, 4))

    @pytest.mark.parametrize(
        ("module", "embedding"), [("model.embed_tokens", True), ("lm_head", False)]
    )
    def test_gates_are_for_linear_layers(self, module: str, embedding: bool) -> None:
        part = factors(2, 1)
        adapters = [{module: Factors(part.a, part.b, embedding)}] * 2
        with pytest.raises(AdapterError, match=f"not on {module}; mix with constant weights"):
            compose(parse_mix("arrow(one,two)"), adapters, [{}, {}])
        assert compose(parse_mix("one+two"), adapters).rank == 4


class TestComponents:
    def test_adapters_are_read_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        parts = Components(tmp_path / "prototypes")
        skills = [skill(tmp_path, "one", 2, 1), skill(tmp_path, "two", 3, 2)]
        first = parts.composed(parse_mix("one+two"), skills)
        monkeypatch.setattr(components, "read_factors", pytest.fail)
        again = parts.composed(parse_mix("one+two:0"), skills)
        assert torch.equal(first.factors[UP].a, again.factors[UP].a)

    def test_prototypes_are_kept_beside_the_library(self, tmp_path: Path) -> None:
        skills = [skill(tmp_path, "one", 2, 1), skill(tmp_path, "two", 3, 2)]
        parts = Components(tmp_path / "prototypes")
        parts.composed(parse_mix("one+two"), skills)
        assert not (tmp_path / "prototypes").exists()
        parts.composed(parse_mix("arrow(one,two)"), skills)
        assert len(list((tmp_path / "prototypes").iterdir())) == 2

    def test_a_library_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "prototypes").write_text("a file is in the way")
        skills = [skill(tmp_path, "one", 2, 1), skill(tmp_path, "two", 3, 2)]
        parts = Components(tmp_path / "prototypes")
        assert parts.composed(parse_mix("arrow(one,two)"), skills).gates

    def test_the_least_used_are_forgotten(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[str] = []

        def recorded(path: Path) -> dict[str, Factors]:
            read.append(path.parent.name)
            return read_factors(path)

        monkeypatch.setattr(components, "read_factors", recorded)
        parts = Components(tmp_path / "prototypes", limit=100)  # room for one of these
        skills = {name: skill(tmp_path, name, 2, i) for i, name in enumerate(("one", "two"))}
        for name in ("one", "one", "two", "one"):
            parts.composed(parse_mix(f"{name}:2"), [skills[name]])
        assert read == ["one", "two", "one"]

    def test_a_damaged_adapter(self, tmp_path: Path) -> None:
        damaged = skill(tmp_path, "one", 2, 1)
        (tmp_path / "one/adapter/adapter_model.safetensors").write_bytes(b"x")
        with pytest.raises(AdapterError, match="not a whole safetensors file"):
            Components(tmp_path).composed(parse_mix("one:2"), [damaged])
