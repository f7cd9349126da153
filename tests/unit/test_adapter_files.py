"""Adapters are checked before anything serves them: config, header, factors, numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import JsonValue
from safetensors.numpy import save_file

from skillweave.skills import AdapterError, UserError, read_adapter, read_skill
from skillweave.skills.weights import read_header

Array = NDArray[np.generic]
RANK, WIDTH = 4, 8
BASE = "0123456789abcdef" * 4
CONFIG: dict[str, JsonValue] = {
    "peft_type": "LORA",
    "r": RANK,
    "lora_alpha": 8,
    "target_modules": ["q_proj", "v_proj"],
    "bias": "none",
    "modules_to_save": None,
    "use_dora": False,
    "rank_pattern": {},
    "alpha_pattern": {},
    "init_lora_weights": True,
}


def key(module: str, side: str, layer: int = 0) -> str:
    """The name of a factor as PEFT writes it."""
    return f"base_model.model.model.layers.{layer}.self_attn.{module}.lora_{side}.weight"


def factors(rank: int = RANK) -> dict[str, Array]:
    """Both factors of two modules in two layers."""
    rng = np.random.default_rng(0)
    tensors: dict[str, Array] = {}
    for layer in (0, 1):
        for module in ("q_proj", "v_proj"):
            tensors[key(module, "A", layer)] = rng.normal(size=(rank, WIDTH)).astype(np.float32)
            tensors[key(module, "B", layer)] = rng.normal(size=(WIDTH, rank)).astype(np.float32)
    return tensors


def adapter(
    folder: Path,
    tensors: Mapping[str, Array] | None = None,
    changes: Mapping[str, JsonValue] | None = None,
) -> Path:
    """An adapter folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps({**CONFIG, **(changes or {})}))
    save_file(dict(factors() if tensors is None else tensors), folder / "adapter_model.safetensors")
    return folder


def store_raw(path: Path, tensors: Mapping[str, tuple[str, tuple[int, ...], bytes]]) -> None:
    """A safetensors file with any element types."""
    header: dict[str, JsonValue] = {}
    data = b""
    for name, (dtype, shape, raw) in tensors.items():
        offsets: list[JsonValue] = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def bfloat16(values: Array) -> bytes:
    """The upper halves of float32 numbers."""
    return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()


def refused(folder: Path, max_rank: int = 64) -> str:
    """The one line with which the adapter is refused."""
    with pytest.raises(AdapterError) as caught:
        read_adapter(folder, max_rank=max_rank)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(folder))
    assert "; " in message
    return message


def test_a_good_adapter(tmp_path: Path) -> None:
    info = read_adapter(adapter(tmp_path))
    assert (info.rank, info.alpha, info.base) == (RANK, 8.0, "")
    assert info.targets == ("q_proj", "v_proj")
    assert info.parameters == 4 * 2 * RANK * WIDTH


def test_the_base_is_named_by_the_config(tmp_path: Path) -> None:
    folder = adapter(tmp_path, changes={"skillweave_base": f"sha256:{BASE.upper()}"})
    assert read_adapter(folder).base == BASE


def test_the_base_is_named_by_the_skill(tmp_path: Path) -> None:
    root = tmp_path / "some-skill"
    adapter(root / "adapter")
    text = "---\nname: some-skill\ndescription: d\nmetadata:\n  skillweave-base: {}\n---\n"
    (root / "SKILL.md").write_text(text.format(BASE))
    skill = read_skill(root)
    assert skill.kind == "adapter"
    assert skill.adapter is not None
    assert skill.adapter.base == BASE
    assert read_adapter(root).rank == RANK
    adapter(root / "adapter", changes={"skillweave_base": "f" * 64})
    with pytest.raises(AdapterError, match=r"is not SKILL\.md's skillweave-base") as caught:
        read_skill(root)
    assert str(root / "adapter" / "adapter_config.json") in str(caught.value)


def test_ranks_of_their_own(tmp_path: Path) -> None:
    tensors = factors()
    tensors[key("v_proj", "A", 1)] = np.ones((2, WIDTH), dtype=np.float32)
    tensors[key("v_proj", "B", 1)] = np.ones((WIDTH, 2), dtype=np.float32)
    folder = adapter(tmp_path, tensors, {"rank_pattern": {"layers.1.self_attn.v_proj": 2}})
    assert read_adapter(folder).rank == RANK
    assert "not rank 4" in refused(adapter(tmp_path, tensors))
    adapter(tmp_path, tensors, {"rank_pattern": {"layers.1.self_attn.v_proj": 32}})
    assert "rank 32 is above the limit 16" in refused(tmp_path, max_rank=16)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_types(tmp_path: Path, dtype: type[np.floating]) -> None:
    tensors = {name: array.astype(dtype) for name, array in factors().items()}
    assert read_adapter(adapter(tmp_path, tensors)).rank == RANK


def test_bfloat16(tmp_path: Path) -> None:
    folder = adapter(tmp_path)
    raw = {name: ("BF16", array.shape, bfloat16(array)) for name, array in factors().items()}
    store_raw(folder / "adapter_model.safetensors", raw)
    assert read_adapter(folder).rank == RANK
    bad = np.ones((RANK, WIDTH), dtype=np.float32)
    bad[1, 2] = np.inf
    raw[key("q_proj", "A")] = ("BF16", bad.shape, bfloat16(bad))
    store_raw(folder / "adapter_model.safetensors", raw)
    assert f"{key('q_proj', 'A')!r} holds NaN or infinity" in refused(folder)


def test_other_types_are_refused(tmp_path: Path) -> None:
    tensors = factors()
    tensors[key("q_proj", "A")] = np.ones((RANK, WIDTH), dtype=np.int8)
    assert "has the type 'I8'; save it as bfloat16" in refused(adapter(tmp_path, tensors))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_numbers_that_are_not_finite(
    tmp_path: Path, value: float, dtype: type[np.floating]
) -> None:
    tensors = factors()
    bad = np.ones((WIDTH, RANK), dtype=dtype)
    bad[-1, -1] = value
    tensors[key("v_proj", "B", 1)] = bad
    assert "holds NaN or infinity" in refused(adapter(tmp_path, tensors))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"use_dora": True}, "DoRA (use_dora)"),
        ({"lora_bias": True}, "LoRA bias"),
        ({"bias": "all"}, "bias='all'"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save=['lm_head']"),
        ({"modules_to_save": "lm_head"}, "modules_to_save=lm_head"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights='pissa'"),
        ({"alora_invocation_tokens": [1]}, "Activated LoRA"),
        ({"layer_replication": [[0, 1]]}, "layer replication"),
        ({"use_qalora": True}, "QALoRA"),
        ({"peft_type": "IA3"}, "peft_type 'IA3' is not LORA"),
        ({"r": 0}, "r is 0"),
        ({"r": "4"}, "r is '4'"),
        ({"r": True}, "r is True"),
        ({"r": None}, "r is None"),
        ({"r": 65}, "rank 65 is above the limit 64"),
        ({"r": 10**30}, "is above the limit 64"),
        ({"lora_alpha": None}, "lora_alpha is None"),
        ({"lora_alpha": 10**400}, "lora_alpha is not a finite number"),
        ({"lora_alpha": float("nan")}, "lora_alpha is not a finite number"),
        ({"target_modules": None}, "target_modules is missing"),
        ({"target_modules": ["q_proj", "k_proj"]}, "no tensors for the target 'k_proj'"),
        ({"rank_pattern": [1]}, "rank_pattern is not an object"),
        ({"rank_pattern": {"q_proj": -1}}, "rank_pattern 'q_proj' is -1"),
        ({"rank_pattern": {"(": 4}}, "is no pattern"),
        ({"rank_pattern": {"(a+)+x": 4}}, "repeats a group"),
        ({"r": 5}, "is not rank 5"),
        ({"skillweave_base": 1}, "skillweave_base is not a string"),
    ],
)
def test_configs_that_cannot_be_served(
    tmp_path: Path, changes: Mapping[str, JsonValue], reason: str
) -> None:
    assert reason in refused(adapter(tmp_path, changes=changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"use_rslora": True},
        {"init_lora_weights": "gaussian"},
        {"modules_to_save": ["score"]},
        {"target_modules": "all-linear"},
        {"target_modules": r".*\.(q|v)_proj"},
    ],
)
def test_configs_that_can_be_served(tmp_path: Path, changes: Mapping[str, JsonValue]) -> None:
    assert read_adapter(adapter(tmp_path, changes=changes)).rank == RANK


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{\n  'r': 4\n}", "adapter_config.json:2: not valid JSON"),
        (b"[]", "adapter_config.json:1: not a JSON object"),
        (b"\xff\xfe\0", "adapter_config.json:1: not JSON text"),
        (b"[" * 100_000, "adapter_config.json:1: not JSON text"),
        (b"", "adapter_config.json:1: not valid JSON"),
    ],
)
def test_unreadable_configs(tmp_path: Path, text: bytes, reason: str) -> None:
    (adapter(tmp_path) / "adapter_config.json").write_bytes(text)
    assert reason in refused(tmp_path)


def test_missing_files(tmp_path: Path) -> None:
    adapter(tmp_path)
    (tmp_path / "adapter_model.safetensors").rename(tmp_path / "adapter_model.bin")
    assert "save the adapter with safe_serialization=True" in refused(tmp_path)
    (tmp_path / "adapter_config.json").unlink()
    assert "adapter_config.json: missing" in refused(tmp_path)


def drop_factor(tensors: dict[str, Array]) -> None:
    del tensors[key("q_proj", "B", 1)]


def add_magnitude(tensors: dict[str, Array]) -> None:
    tensors["base_model.model.model.layers.0.q_proj.lora_magnitude_vector"] = np.ones(4)


def turn(tensors: dict[str, Array]) -> None:
    tensors[key("q_proj", "A")] = np.ones((WIDTH, RANK), dtype=np.float32)


def flatten(tensors: dict[str, Array]) -> None:
    tensors[key("q_proj", "A")] = np.ones(RANK * WIDTH, dtype=np.float32)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (drop_factor, "lora_B of model.layers.1.self_attn.q_proj is missing"),
        (add_magnitude, "is no LoRA factor"),
        (turn, "has factors [8, 4] and [8, 4], which is not rank 4"),
        (flatten, "has factors [32] and [8, 4]"),
        (dict.clear, "holds no LoRA factors"),
    ],
)
def test_factors_that_do_not_fit(
    tmp_path: Path, change: Callable[[dict[str, Array]], None], reason: str
) -> None:
    tensors = factors()
    change(tensors)
    assert reason in refused(adapter(tmp_path, tensors))


def test_embeddings_and_base_weights_are_known(tmp_path: Path) -> None:
    prefix = "base_model.model.model.embed_tokens"
    tensors = {
        **factors(),
        f"{prefix}.lora_embedding_A": np.ones((RANK, 100), dtype=np.float32),
        f"{prefix}.lora_embedding_B": np.ones((WIDTH, RANK), dtype=np.float32),
        f"{prefix}.base_layer.weight": np.ones((100, WIDTH), dtype=np.float32),
    }
    info = read_adapter(adapter(tmp_path, tensors))
    assert info.targets == ("embed_tokens", "q_proj", "v_proj")
    assert info.parameters == 4 * 2 * RANK * WIDTH + RANK * (100 + WIDTH)


@pytest.mark.parametrize(
    "entry",
    [
        [],
        {"dtype": "F32"},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]},
        {"dtype": "F32", "shape": [10**30], "data_offsets": [0, 4 * 10**30]},
    ],
)
def test_headers_that_lie(tmp_path: Path, entry: JsonValue) -> None:
    text = json.dumps({"x": entry}).encode()
    weights = adapter(tmp_path) / "adapter_model.safetensors"
    weights.write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))
    assert "not a whole safetensors file" in refused(tmp_path)


@pytest.mark.parametrize(
    "data", [b"", b"\1", b"\xff" * 8, b"\xff" * 100, b"\2\0\0\0\0\0\0\0[]", b"\1\0\0\0\0\0\0\0{"]
)
def test_files_that_are_no_weights(tmp_path: Path, data: bytes) -> None:
    (adapter(tmp_path) / "adapter_model.safetensors").write_bytes(data)
    assert "not a whole safetensors file" in refused(tmp_path)


@given(place=st.integers(0, 10_000), value=st.integers(0, 255), cut=st.integers(0, 5_000))
@settings(deadline=None)
def test_damage_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int, cut: int
) -> None:
    folder = adapter(tmp_path_factory.mktemp("adapter"))
    weights = folder / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[place % len(data)] = value
    weights.write_bytes(data[:cut] if cut < len(data) // 2 else data)
    try:
        assert read_adapter(folder).rank == RANK
    except UserError as error:
        assert "\n" not in str(error)


def test_the_header_agrees_with_safetensors(tmp_path: Path) -> None:
    weights = adapter(tmp_path) / "adapter_model.safetensors"
    header = read_header(weights, weights)
    assert {name: tensor.shape for name, tensor in header.items()} == {
        name: array.shape for name, array in factors().items()
    }


def test_torch_is_not_imported() -> None:
    code = "import sys, skillweave.skills; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
