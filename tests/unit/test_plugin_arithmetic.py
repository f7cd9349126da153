"""The arithmetic of a batch on the CPU, against one token at a time."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from skillweave.agent.serving.plugin import batch as batches
from skillweave.agent.serving.plugin.batch import Batch, Layout, weights_of
from skillweave.agent.serving.plugin.compose import ModuleGate
from skillweave.agent.serving.plugin.cpu import WORTH_PREPARING, CpuLayer
from skillweave.agent.serving.plugin.dense import Product
from skillweave.skills import gates

SLOTS, MAX_RANK, INPUTS = 4, 8, 6
OUTPUTS = (5, 3)
"""The slices of the layer: like q and k, of different sizes."""
RANKS = (2, 3, 8)
"""Of the adapters in the first slots; the last slot is empty."""


@pytest.fixture(params=["together", "apart"], autouse=True)
def few_are_many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is tried as in decoding, and as for prompts."""
    if request.param == "apart":
        monkeypatch.setattr(batches, "MANY", 0)


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def stacked(seed: int) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """vLLM's tensors of all slots, padded with zeros beyond the rank of each adapter."""
    a = [randn(SLOTS, 1, MAX_RANK, INPUTS, seed=seed + i) for i in range(len(OUTPUTS))]
    b = [randn(SLOTS, 1, out, MAX_RANK, seed=seed + 9 + i) for i, out in enumerate(OUTPUTS)]
    for slot, rank in enumerate((*RANKS, 0)):
        for i in range(len(OUTPUTS)):
            a[i][slot, :, rank:] = 0
            b[i][slot, :, :, rank:] = 0
    return tuple(a), tuple(b)


def reference(x: Tensor, slots: list[int], a: Tensor, b: Tensor) -> Tensor:
    """What the adapters add for one slice: one token after the other."""
    rows = [
        b[slot, 0] @ (a[slot, 0] @ token) if slot >= 0 else torch.zeros(b.shape[2]).double()
        for token, slot in zip(x, slots, strict=True)
    ]
    return torch.stack(rows)


class Layer:
    """A layer with adapters in its first slots, as vLLM would drive it."""

    def __init__(self) -> None:
        self.a, self.b = stacked(1)
        self.shared = SimpleNamespace(sampler_indices=None)
        self.batch = Batch(SLOTS)
        self.wrapper = CpuLayer(self.shared, self.batch)
        for slot, rank in enumerate(RANKS):
            self.wrapper.set_slot(slot, (True, True), (None, None))
            self.batch.occupy(slot, rank)

    def run(self, x: Tensor, slots: list[int], y: Tensor | None = None) -> Tensor:
        self.batch.update(torch.tensor(slots))
        y = torch.zeros(len(x), sum(OUTPUTS), dtype=x.dtype) if y is None else y
        self.wrapper.add_lora_linear(y, x, self.a, self.b, 1.0, OUTPUTS)
        return y

    def expected(self, x: Tensor, slots: list[int]) -> Tensor:
        pairs = zip(self.a, self.b, strict=True)
        return torch.cat([reference(x, slots, a, b) for a, b in pairs], dim=1)


@given(st.lists(st.integers(-1, len(RANKS) - 1), min_size=1, max_size=12))
def test_every_token_gets_its_own_adapter(slots: list[int]) -> None:
    layer = Layer()
    x = randn(len(slots), INPUTS)
    torch.testing.assert_close(layer.run(x, slots), layer.expected(x, slots))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rows_of_the_base_model_do_not_change_by_one_bit(dtype: torch.dtype) -> None:
    layer = Layer()
    layer.a = tuple(a.to(dtype) for a in layer.a)
    layer.b = tuple(b.to(dtype) for b in layer.b)
    before = randn(6, sum(OUTPUTS), seed=3).to(dtype)
    after = layer.run(randn(6, INPUTS).to(dtype), [-1, 2, 0, -1, 1, -1], before.clone())
    assert torch.equal(after[[0, 3, 5]], before[[0, 3, 5]])
    assert not torch.equal(after[[1, 2, 4]], before[[1, 2, 4]])


def test_a_batch_without_adapters_is_left_alone() -> None:
    layer = Layer()
    assert not layer.run(randn(3, INPUTS), [-1, -1, -1]).any()


def test_an_adapter_that_does_not_change_the_layer() -> None:
    layer = Layer()
    layer.wrapper.set_slot(1, (False, False), (None, None))
    for part in (*layer.a, *layer.b):
        part[1] = 0
    assert not layer.run(randn(2, INPUTS), [1, 1]).any()
    x = randn(3, INPUTS)
    torch.testing.assert_close(layer.run(x, [1, 0, 1]), layer.expected(x, [1, 0, 1]))


def test_a_slice_that_no_adapter_changes() -> None:
    layer = Layer()
    for slot in range(len(RANKS)):
        layer.wrapper.set_slot(slot, (False, True), (None, None))
    y = layer.run(randn(3, INPUTS), [0, 1, 2])
    assert not y[:, : OUTPUTS[0]].any()
    assert y[:, OUTPUTS[0] :].any()


def test_a_new_adapter_in_a_slot_is_used_at_once() -> None:
    layer = Layer()
    x, slots = randn(3, INPUTS), [0, 1, -1]
    layer.run(x, slots)
    for part in (*layer.a, *layer.b):
        part[0] *= 2
    layer.wrapper.set_slot(0, (True, True), (None, None))
    layer.batch.occupy(0, RANKS[0])
    # vLLM does not announce a batch again that did not change.
    y = torch.zeros(3, sum(OUTPUTS), dtype=torch.float64)
    layer.wrapper.add_lora_linear(y, x, layer.a, layer.b, 1.0, OUTPUTS)
    torch.testing.assert_close(y, layer.expected(x, slots))


def test_products_are_prepared_when_a_layout_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MANY", 128)
    layer = Layer()
    made: list[Tensor] = []

    def make(matrix: Tensor) -> Product:
        made.append(matrix)
        return lambda x: x @ matrix

    layer.wrapper = CpuLayer(layer.shared, layer.batch, make)
    for slot in range(len(RANKS)):
        layer.wrapper.set_slot(slot, (True, True), (None, None))
    x, slots = randn(3, INPUTS), [0, 1, -1]
    for _ in range(WORTH_PREPARING - 1):
        layer.run(x, slots)
    assert not made
    for _ in range(3):
        torch.testing.assert_close(layer.run(x, slots), layer.expected(x, slots))
    assert len(made) == 1 + len(OUTPUTS)


def test_sampled_rows_of_the_output_layer() -> None:
    layer = Layer()
    layer.wrapper.set_slot(0, (True,), (None,))
    layer.wrapper.set_slot(1, (True,), (None,))
    layer.wrapper.set_slot(2, (True,), (None,))
    layer.batch.update(torch.tensor([0, 0, 0, 2, 2, -1]))
    layer.shared.sampler_indices = torch.tensor([0, 2, -1])
    x = randn(3, INPUTS)
    y = torch.zeros(3, OUTPUTS[0], dtype=torch.float64)
    layer.wrapper.add_lora_logits(y, x, layer.a[0], layer.b[0], 1.0)
    torch.testing.assert_close(y, reference(x, [0, 2, -1], layer.a[0], layer.b[0]))


@pytest.mark.parametrize(("first", "last"), [(0, 3), (3, 5), (2, 3), (0, 6)])
def test_rows_of_a_prompt_in_the_output_layer(first: int, last: int) -> None:
    """vLLM asks for them with a slice of all hidden states, whoever is to be sampled."""
    layer = Layer()
    for slot in range(len(RANKS)):
        layer.wrapper.set_slot(slot, (True,), (None,))
    slots = [0, 0, -1, 2, 2, 1]
    layer.batch.update(torch.tensor(slots))
    layer.shared.sampler_indices = torch.tensor([0, 2, -1])
    x = randn(6, INPUTS)[first:last]
    y = torch.zeros(len(x), OUTPUTS[0], dtype=torch.float64)
    layer.wrapper.add_lora_logits(y, x, layer.a[0], layer.b[0], 1.0)
    torch.testing.assert_close(y, reference(x, slots[first:last], layer.a[0], layer.b[0]))


def test_stock_steps_add_nothing_to_rows_of_the_base_model() -> None:
    layer = Layer()
    layer.batch.update(torch.tensor([-1, 1]))
    seen: list[Tensor] = []
    layer.shared.add_shrink = lambda y, x, *_, **__: [part.fill_(1.0) for part in y]
    layer.shared.add_lora_embedding = lambda y, x, b, add: seen.append(x)
    shrunk = torch.zeros(2, 2, MAX_RANK)
    layer.wrapper.add_shrink(shrunk, randn(2, INPUTS), layer.a, 1.0)
    layer.wrapper.add_lora_embedding(torch.zeros(2, 5), torch.ones(2, MAX_RANK), layer.b[0])
    assert shrunk.sum(dim=(0, 2)).tolist() == [0.0, 2.0 * MAX_RANK]
    assert seen[0].sum(dim=1).tolist() == [0.0, MAX_RANK]


class TestGates:
    def gate(self, ranks: tuple[int, ...], seed: int, **options: float) -> ModuleGate:
        return ModuleGate(gates.get("arrow"), options, ranks, randn(len(ranks), INPUTS, seed=seed))

    def test_weights_per_token_and_adapter(self) -> None:
        """Slot 2 holds adapters of the ranks 3 and 5, gated apart in both slices of the layer."""
        layer = Layer()
        both = (self.gate((3, 5), 20, top=2), self.gate((3, 5), 21, top=1))
        layer.wrapper.set_slot(2, (True, True), both)
        x, slots = randn(5, INPUTS, seed=4), [2, 0, 2, -1, 2]
        expected = layer.expected(x, slots)
        begin = 0
        for gate, a, b, out in zip(both, layer.a, layer.b, OUTPUTS, strict=True):
            weights = gate.gate(x, gate.prototypes, gate.options)
            for token in (0, 2, 4):
                first = b[2, 0, :, :3] @ (a[2, 0, :3] @ x[token]) * weights[token, 0]
                second = b[2, 0, :, 3:8] @ (a[2, 0, 3:8] @ x[token]) * weights[token, 1]
                expected[token, begin : begin + out] = first + second
            begin += out
        torch.testing.assert_close(layer.run(x, slots), expected)

    def test_columns_of_adapters_of_different_ranks(self) -> None:
        gate = self.gate((1, 3, 2), 7, top=3)
        columns = gate(randn(4, INPUTS))
        shares = gate.gate(randn(4, INPUTS), gate.prototypes, gate.options)
        assert torch.equal(columns, shares[:, [0, 1, 1, 1, 2, 2]])


class TestLayout:
    def test_weights(self) -> None:
        layout = Layout((1, 3), (2, 1), (0, 0))
        assert (layout.columns, layout.start(1), layout.start(3)) == (3, 0, 2)
        weights = weights_of(torch.tensor([3, -1, 1, 0]), layout, torch.float32)
        assert weights.tolist() == [[0, 0, 1], [0, 0, 0], [1, 1, 0], [0, 0, 0]]

    def test_runs_are_neighbours_with_one_adapter(self) -> None:
        batch = Batch(SLOTS)
        for slot in (0, 1):
            batch.occupy(slot, 4)
        batch.update(torch.tensor([0, 0, -1, 1, 1, 1, 0]))
        assert batch.plan.runs == ((0, 0, 2), (1, 3, 6), (0, 6, 7))

    def test_idle_adapters_are_packed_along_while_they_are_few(self) -> None:
        """Else the factors would be packed anew whenever a request comes or goes."""
        batch = Batch(SLOTS)
        for slot, rank in enumerate((4, 4, 8)):
            batch.occupy(slot, rank)
        batch.update(torch.tensor([0, 1, 0]))
        many = batch.plan
        assert (many.active, many.layout.slots) == ((0, 1), (0, 1, 2))
        batch.update(torch.tensor([0, -1]))
        few = batch.plan
        assert (few.layout.slots, few.uniform) == ((0,), False)
        batch.update(torch.tensor([0, 0]))
        assert batch.plan.uniform
