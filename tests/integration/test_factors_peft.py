"""Factors against PEFT: its scalings, its merges where they are exact, and its forward pass."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from pydantic import JsonValue
from torch import Tensor, nn

from skillweave.skills import AdapterError, read_adapter
from skillweave.skills.factors import (
    Factors,
    compress,
    difference,
    read_factors,
    relative_error,
    scaled,
    weighted_sum,
    write_adapter,
)

VOCABULARY, WIDTH, INNER = 11, 8, 12
TARGETS = ("embed", "up", "down")


class Tiny(nn.Module):
    """Two residual layers over an embedding; the same weights at every call."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList(
            nn.ModuleDict({"up": nn.Linear(WIDTH, INNER), "down": nn.Linear(INNER, WIDTH)})
            for _ in range(2)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        hidden: Tensor = self.embed(tokens)
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleDict)
            hidden = hidden + layer["down"](torch.tanh(layer["up"](hidden)))
        return hidden


CONFIGS: Mapping[str, Mapping[str, JsonValue]] = {
    "plain": {"r": 4, "lora_alpha": 8},
    "rslora": {"r": 4, "lora_alpha": 8, "use_rslora": True},
    "patterns": {
        "r": 4,
        "lora_alpha": 6,
        "rank_pattern": {"layers.0.up": 2, "down": 3, "up": 5},
        "alpha_pattern": {"down": 5, r"layers\.1\.up": 0.5},
    },
    "rslora-patterns": {
        "r": 2,
        "lora_alpha": 3,
        "use_rslora": True,
        "rank_pattern": {"^layers.1.down": 1, "embed": 6},
        "alpha_pattern": {"up": 7},
    },
    "up-only": {"r": 3, "lora_alpha": 3, "target_modules": ["up"]},
}


def trained(kind: str, seed: int = 1) -> PeftModel:
    """A PEFT model with random factors."""
    values = {"target_modules": list(TARGETS), "init_lora_weights": False, **CONFIGS[kind]}
    torch.manual_seed(seed)
    return get_peft_model(Tiny(), LoraConfig(**values)).eval()


def saved(kind: str, folder: Path, seed: int = 1) -> Path:
    trained(kind, seed).save_pretrained(folder, save_embedding_layers=False)
    return folder


def peft_deltas(model: PeftModel) -> dict[str, Tensor]:
    """The weight difference of every adapted module as ``[out, in]``."""
    deltas = {}
    for name, layer in model.base_model.model.named_modules():
        if hasattr(layer, "get_delta_weight"):
            delta = layer.get_delta_weight("default").detach()
            deltas[name] = delta.T if isinstance(layer.get_base_layer(), nn.Embedding) else delta
    return deltas


def write(adapter: Mapping[str, Factors], folder: Path) -> Path:
    """Write for a model that is no language model."""
    write_adapter(adapter, folder, task=None)
    return folder


def forward(folder: Path) -> Tensor:
    """What PEFT's own forward pass makes of an adapter folder."""
    model = PeftModel.from_pretrained(Tiny(), str(folder)).eval()
    with torch.no_grad():
        result: Tensor = model(torch.arange(VOCABULARY))
    return result


def forward_with(deltas: Mapping[str, Tensor]) -> Tensor:
    """The forward pass with the weight differences merged into the weights."""
    model = Tiny().eval()
    with torch.no_grad():
        for name, delta in deltas.items():
            layer = model.get_submodule(name)
            assert isinstance(layer.weight, Tensor)
            layer.weight += delta.T if isinstance(layer, nn.Embedding) else delta
        result: Tensor = model(torch.arange(VOCABULARY))
    return result


def deltas_of(adapter: Mapping[str, Factors]) -> dict[str, Tensor]:
    return {name: one.b @ one.a for name, one in adapter.items()}


@pytest.mark.parametrize("kind", CONFIGS)
def test_read_factors_are_peft_s_differences(kind: str, tmp_path: Path) -> None:
    model = trained(kind)
    model.save_pretrained(tmp_path, save_embedding_layers=False)
    found = deltas_of(read_factors(tmp_path))
    wanted = peft_deltas(model)
    assert found.keys() == wanted.keys()
    for name, delta in wanted.items():
        torch.testing.assert_close(found[name], delta, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", CONFIGS)
def test_read_and_written_again_it_does_the_same(kind: str, tmp_path: Path) -> None:
    original = saved(kind, tmp_path / "original")
    adapter = read_factors(original)
    write(adapter, tmp_path / "copy")
    assert relative_error(read_factors(tmp_path / "copy"), adapter) < 1e-6
    torch.testing.assert_close(forward(tmp_path / "copy"), forward(original), rtol=1e-5, atol=1e-5)
    assert read_adapter(tmp_path / "copy").targets == read_adapter(original).targets


@pytest.mark.parametrize("weights", [(0.7, 0.3), (1.0, -0.5), (0.0, 1.0)])
def test_weighted_sum_is_peft_s_cat(weights: tuple[float, float], tmp_path: Path) -> None:
    """Without rsLoRA and patterns PEFT's ``cat`` is exact (T10), negative weights included."""
    one, two = saved("plain", tmp_path / "1", seed=1), saved("plain", tmp_path / "2", seed=2)
    write(weighted_sum([read_factors(one), read_factors(two)], weights), tmp_path / "sum")
    model = PeftModel.from_pretrained(Tiny(), str(one), adapter_name="one").eval()
    model.load_adapter(str(two), "two")
    model.add_weighted_adapter(["one", "two"], list(weights), "cat", combination_type="cat")
    model.set_adapter("cat")
    with torch.no_grad():
        wanted = model(torch.arange(VOCABULARY))
    torch.testing.assert_close(forward(tmp_path / "sum"), wanted, rtol=1e-5, atol=1e-5)


def test_sum_of_different_ranks_scalings_and_targets(tmp_path: Path) -> None:
    """What PEFT cannot sum at all, or not rightly (T9): checked against merged weights."""
    scales = {"rslora": 0.7, "patterns": -0.4, "rslora-patterns": 0.5, "up-only": 2.0}
    wanted: dict[str, Tensor] = {}
    for kind, weight in scales.items():
        saved(kind, tmp_path / kind)
        for name, delta in peft_deltas(trained(kind)).items():
            wanted[name] = wanted.get(name, torch.zeros_like(delta)) + weight * delta
    parts = [read_factors(tmp_path / kind) for kind in scales]
    write(weighted_sum(parts, list(scales.values())), tmp_path / "sum")
    torch.testing.assert_close(
        forward(tmp_path / "sum"), forward_with(wanted), rtol=1e-4, atol=1e-4
    )


def test_subtracting_all_of_it_gives_the_base_model(tmp_path: Path) -> None:
    adapter = read_factors(saved("rslora-patterns", tmp_path / "x"))
    write(difference(adapter, adapter), tmp_path / "zero")
    torch.testing.assert_close(forward(tmp_path / "zero"), forward_with({}), rtol=1e-5, atol=1e-5)


def test_compression_is_peft_s_svd_merge(tmp_path: Path) -> None:
    """The result of the dense SVD (T12); the embedding is left out, where PEFT refuses it."""
    folders = [saved("up-only", tmp_path / str(seed), seed) for seed in (1, 2, 3)]
    model = PeftModel.from_pretrained(Tiny(), str(folders[0]), adapter_name="0").eval()
    for index in (1, 2):
        model.load_adapter(str(folders[index]), str(index))
    weights = [0.5, 0.3, -0.2]
    model.add_weighted_adapter(["0", "1", "2"], weights, "svd", combination_type="svd", svd_rank=4)
    model.set_adapter("svd")
    mixed = compress(weighted_sum([read_factors(f) for f in folders], weights), 4)
    write(mixed, tmp_path / "mix")
    with torch.no_grad():
        wanted = model(torch.arange(VOCABULARY))
    torch.testing.assert_close(forward(tmp_path / "mix"), wanted, rtol=1e-4, atol=1e-4)


def test_scaling_is_folded_once(tmp_path: Path) -> None:
    """Written and read again, and again, an adapter stays what it is."""
    adapter = read_factors(saved("rslora", tmp_path / "0"))
    folded = peft_deltas(trained("rslora"))["layers.0.up"]
    for step in range(3):
        write(adapter, tmp_path / str(step + 1))
        adapter = read_factors(tmp_path / str(step + 1))
    torch.testing.assert_close(deltas_of(adapter)["layers.0.up"], folded, rtol=1e-5, atol=1e-6)
    config = json.loads((tmp_path / "3" / "adapter_config.json").read_text())
    assert config["lora_alpha"] == config["r"]
    assert config["use_rslora"] is False


def test_ranks_that_differ_are_written_as_patterns(tmp_path: Path) -> None:
    adapter = read_factors(saved("patterns", tmp_path / "x"))
    write_adapter(adapter, tmp_path / "y", base_model="Qwen/Qwen3-8B", base="ab" * 32)
    config = json.loads((tmp_path / "y" / "adapter_config.json").read_text())
    assert config["r"] == 3
    assert config["rank_pattern"] == {"embed": 4, "layers.0.up": 2, "layers.1.up": 5}
    assert config["rank_pattern"] == config["alpha_pattern"]
    assert config["base_model_name_or_path"] == "Qwen/Qwen3-8B"
    assert read_adapter(tmp_path / "y").base == "ab" * 32


def test_types_and_the_skill_s_folder(tmp_path: Path) -> None:
    saved("plain", tmp_path / "skill" / "adapter")
    assert {f.a.dtype for f in read_factors(tmp_path / "skill").values()} == {torch.float32}
    half = read_factors(tmp_path / "skill", dtype=torch.bfloat16)
    assert {f.b.dtype for f in half.values()} == {torch.bfloat16}
    write(half, tmp_path / "half")
    again = read_factors(tmp_path / "half", dtype=torch.bfloat16)
    assert all(torch.equal(again[m].b, half[m].b) for m in half)


def test_damaged_adapters_are_refused(tmp_path: Path) -> None:
    good = saved("plain", tmp_path / "good")
    cut = shutil.copytree(good, tmp_path / "cut")
    weights = cut / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(AdapterError, match="not a whole safetensors file"):
        read_factors(cut)
    with pytest.raises(AdapterError, match="missing"):
        read_factors(tmp_path / "nothing")
    with pytest.raises(AdapterError, match="above the limit 2"):
        read_factors(good, max_rank=2)
    with pytest.raises(AdapterError, match="no factors to write"):
        write_adapter({}, tmp_path / "empty")
    nan = scaled(read_factors(good), 1.0)
    nan["layers.0.up"].b[0, 0] = math.nan
    write(nan, tmp_path / "nan")
    with pytest.raises(AdapterError, match="NaN or infinity"):
        read_factors(tmp_path / "nan")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"alpha_pattern": []}, None),
        ({"alpha_pattern": [1]}, "alpha_pattern is not an object"),
        ({"alpha_pattern": {"up": "x"}}, "alpha_pattern 'up' is 'x', not a number"),
        ({"alpha_pattern": {"(up)*": 1}}, "repeats a group"),
        ({"alpha_pattern": {"(": 1}}, "is no pattern"),
        ({"target_parameters": ["up.weight"]}, "target_parameters cannot be mixed"),
    ],
)
def test_configs_that_cannot_be_folded(
    changes: Mapping[str, JsonValue], says: str | None, tmp_path: Path
) -> None:
    file = saved("plain", tmp_path) / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    if says is None:
        assert read_factors(tmp_path)
        return
    with pytest.raises(AdapterError, match=says):
        read_factors(tmp_path)
