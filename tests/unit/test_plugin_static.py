"""Gates with static buffers are the gates themselves, and nothing in them depends on values."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from skillweave.agent.serving.plugin.batch import Batch
from skillweave.agent.serving.plugin.compose import ModuleGate
from skillweave.agent.serving.plugin.cpu import CpuLayer
from skillweave.agent.serving.plugin.gpu import GpuLayer
from skillweave.agent.serving.plugin.static import MAX_GATED, StaticGates
from skillweave.skills import gates

SLOTS, MAX_RANK, INPUTS, OUTPUTS = 3, 12, 6, (5, 4)


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def stacked() -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    a = tuple(randn(SLOTS, 1, MAX_RANK, INPUTS, seed=i) for i in range(2))
    return a, tuple(randn(SLOTS, 1, out, MAX_RANK, seed=9 + out) for out in OUTPUTS)


def gate(ranks: tuple[int, ...], seed: int, **options: float) -> ModuleGate:
    return ModuleGate(gates.get("arrow"), options, ranks, randn(len(ranks), INPUTS, seed=seed))


class Kernels:
    """vLLM's wrapper without its kernels: one token after the other."""

    def __init__(self) -> None:
        self._token_lora_indices = torch.full((64,), 10**6)  # memory that nobody has set yet

    def add_shrink(self, y: Tensor, x: Tensor, a: tuple[Tensor, ...], scale: float) -> None:
        y.zero_()
        for index, part in enumerate(a):
            for token, slot in enumerate(self._token_lora_indices[: len(x)].tolist()):
                if 0 <= slot < SLOTS:
                    y[index, token] = part[slot, 0] @ x[token] * scale

    def add_expand(
        self, y: Tensor, x: Tensor, b: tuple[Tensor, ...], slices: Any, add_inputs: bool
    ) -> None:
        y *= add_inputs
        begin = 0
        for index, part in enumerate(b):
            for token, slot in enumerate(self._token_lora_indices[: x.shape[1]].tolist()):
                if 0 <= slot < SLOTS:
                    y[token, begin : begin + part.shape[2]] += part[slot, 0] @ x[index, token]
            begin += part.shape[2]


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=4),
    st.integers(1, 5),
    st.floats(0.1, 10),
    st.integers(0, 2**31),
)
def test_weights_are_those_of_the_gate(
    ranks: list[int], top: int, temperature: float, seed: int
) -> None:
    a, _ = stacked()
    static = StaticGates(a)
    one = gate(tuple(ranks), seed, top=top, temperature=temperature)
    static.set_slot(1, (one, None))
    x = randn(5, INPUTS, seed=seed + 1)
    weights = static.weights(x, torch.tensor([1, 0, 1, -1, 10**6]))
    columns = sum(ranks)
    torch.testing.assert_close(weights[0, [0, 2], :columns], one(x[[0, 2]]))
    assert torch.equal(weights[1], torch.ones(5, MAX_RANK))
    assert torch.equal(weights[0, 1], torch.ones(MAX_RANK))
    assert torch.equal(weights[0, [0, 2], columns:], torch.ones(2, MAX_RANK - columns))


@pytest.mark.parametrize("recorded", [True, False])
def test_the_layer_of_a_gpu_gives_what_the_layer_of_a_cpu_gives(recorded: bool) -> None:
    a, b = stacked()
    shared, batch = Kernels(), Batch(SLOTS)
    layers: list[GpuLayer | CpuLayer] = [
        GpuLayer(shared, batch, StaticGates(a) if recorded else None),
        CpuLayer(SimpleNamespace(), batch),
    ]
    both = (gate((3, 4, 5), 30, top=2), gate((3, 4, 5), 31, top=2))
    for slot, found in enumerate([(None, None), both, (None, None)]):
        for layer in layers:
            layer.set_slot(slot, (True, True), found)
        batch.occupy(slot, MAX_RANK)
    slots = torch.tensor([1, -1, 0, 1, 2])
    shared._token_lora_indices[:5] = slots
    batch.update(slots)
    x, start = randn(5, INPUTS, seed=2), randn(5, sum(OUTPUTS), seed=3)
    results = [start.clone() for _ in layers]
    for layer, y in zip(layers, results, strict=True):
        layer.add_lora_linear(y, x, a, b, 1.0, OUTPUTS)
    torch.testing.assert_close(results[0], results[1])
    assert torch.equal(results[0][1], start[1])


def test_a_stream_of_its_own_gets_the_change_alone() -> None:
    a, b = stacked()
    shared, batch = Kernels(), Batch(SLOTS)
    layer = GpuLayer(shared, batch, StaticGates(a))
    shared._token_lora_indices[:2] = torch.tensor([0, 1])
    x = randn(2, INPUTS, seed=2)
    added, alone = torch.ones(2, sum(OUTPUTS)), torch.ones(2, sum(OUTPUTS))
    layer.add_lora_linear(added, x, a, b, 1.0, OUTPUTS)
    layer.add_lora_linear(alone, x, a, b, 1.0, OUTPUTS, add_inputs=False)
    torch.testing.assert_close(added - 1, alone)


def test_buffers_stay_where_they_are() -> None:
    static = StaticGates(stacked()[0])
    places = {name: value.data_ptr() for name, value in vars(static).items()}
    for count in (1, MAX_GATED):
        static.set_slot(2, (gate((1,) * count, count), None))
    static.set_slot(2, (None, None))
    assert {name: value.data_ptr() for name, value in vars(static).items()} == places
    x = randn(4, INPUTS, seed=1)
    assert torch.equal(static.weights(x, torch.full((4,), 2)), torch.ones(2, 4, MAX_RANK))


def test_no_step_depends_on_values() -> None:
    """Tensors without values run through; what a CUDA graph cannot record would raise."""
    with FakeTensorMode():
        a = tuple(torch.empty(SLOTS, 1, MAX_RANK, INPUTS) for _ in OUTPUTS)
        tokens = torch.empty(7, dtype=torch.long)
        weights = StaticGates(a).weights(torch.empty(7, INPUTS), tokens)
        assert weights.shape == (2, 7, MAX_RANK)
        with pytest.raises(DataDependentOutputException):
            tokens.sum().item()


def test_what_was_recorded_once_follows_the_slots() -> None:
    """A graph keeps the steps and the places of the buffers, as a CUDA graph does."""
    static = StaticGates(stacked()[0])
    static.set_slot(0, (gate((2, 2), 1, top=1), None))

    def weights(x: Tensor, tokens: Tensor) -> Tensor:
        return static.weights(x, tokens)

    recorded = make_fx(weights)(randn(4, INPUTS, seed=1), torch.tensor([0, 1, -1, 0]))
    static.set_slot(0, (None, None))
    static.set_slot(1, (gate((3, 1, 2), 2, top=2), gate((4, 2), 3)))
    x, tokens = randn(4, INPUTS, seed=4), torch.tensor([1, 1, 0, -1])
    assert torch.equal(recorded(x, tokens), static.weights(x, tokens))
    assert not torch.equal(recorded(x, tokens), torch.ones(2, 4, MAX_RANK))
