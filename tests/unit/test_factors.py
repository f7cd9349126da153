"""The algebra of factors is that of the dense weight differences, and compression is the best there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from skillweave.skills.errors import AdapterError
from skillweave.skills.factors import (
    Factors,
    compress,
    difference,
    inner,
    norm,
    relative_error,
    scaled,
    singular_values,
    truncate,
    weighted_sum,
)
from skillweave.skills.factors.compression import decompose

Adapter = Mapping[str, Factors]
SHAPES = {"q": (7, 5), "k": (3, 6), "up": (4, 4)}
weights = st.floats(-2, 2, allow_subnormal=False)


def factors(rank: int, shape: tuple[int, int], seed: int, dtype: torch.dtype) -> Factors:
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(rank, shape[1], generator=generator, dtype=torch.float64)
    b = torch.randn(shape[0], rank, generator=generator, dtype=torch.float64)
    return Factors(a.to(dtype), b.to(dtype))


@st.composite
def adapters(draw: st.DrawFn, dtype: torch.dtype = torch.float64) -> dict[str, Factors]:
    """An adapter of some of the modules, each with a rank of its own (above full rank, too)."""
    modules = draw(st.sets(st.sampled_from(sorted(SHAPES)), min_size=1))
    return {
        module: factors(draw(st.integers(1, 8)), SHAPES[module], draw(st.integers(0, 2**31)), dtype)
        for module in sorted(modules)
    }


def dense(adapter: Adapter, module: str) -> Tensor:
    """The weight difference, zero for a module the adapter leaves alone."""
    if module not in adapter:
        return torch.zeros(SHAPES[module], dtype=torch.float64)
    return adapter[module].b.double() @ adapter[module].a.double()


def dense_sum(parts: Sequence[Adapter], scales: Sequence[float], module: str) -> Tensor:
    total = torch.zeros(SHAPES[module], dtype=torch.float64)
    for part, scale in zip(parts, scales, strict=True):
        total += scale * dense(part, module)
    return total


def assert_same(one: Adapter, other: Adapter, tolerance: float = 1e-10) -> None:
    for module in SHAPES:
        torch.testing.assert_close(
            dense(one, module), dense(other, module), rtol=tolerance, atol=tolerance
        )


@given(st.lists(st.tuples(adapters(), weights), min_size=1, max_size=4))
def test_weighted_sum_is_the_dense_sum(parts: list[tuple[dict[str, Factors], float]]) -> None:
    found = weighted_sum([a for a, _ in parts], [w for _, w in parts])
    for module in SHAPES:
        wanted = dense_sum([a for a, _ in parts], [w for _, w in parts], module)
        torch.testing.assert_close(dense(found, module), wanted, rtol=1e-12, atol=1e-12)
    for module, one in found.items():
        assert one.rank == sum(a[module].rank for a, _ in parts if module in a)


@given(adapters(), adapters(), weights, weights)
def test_linearity(x: Adapter, y: Adapter, s: float, t: float) -> None:
    whole = scaled(weighted_sum([x, y], [s, t]), 3.0)
    assert_same(whole, weighted_sum([x, y], [3.0 * s, 3.0 * t]))
    assert_same(weighted_sum([x, x], [s, t]), scaled(x, s + t))


@given(adapters(), adapters(), adapters())
def test_sums_may_be_nested_and_turned_around(x: Adapter, y: Adapter, z: Adapter) -> None:
    left = weighted_sum([weighted_sum([x, y], [1, 1]), z], [1, 1])
    assert_same(left, weighted_sum([x, weighted_sum([y, z], [1, 1])], [1, 1]))
    assert_same(left, weighted_sum([z, x, y], [1, 1, 1]))


@given(adapters(), adapters(), weights)
def test_difference_undoes_the_sum(x: Adapter, y: Adapter, weight: float) -> None:
    assert_same(difference(weighted_sum([x, y], [1, weight]), y, weight=weight), x)


def test_a_sum_of_factors_would_be_wrong() -> None:
    """Traps T10 and T11: the cross terms of (B1+B2)(A1+A2) are as large as the sum itself."""
    x, y = (factors(4, (64, 64), seed, torch.float64) for seed in (1, 2))
    exact = weighted_sum([{"m": x}, {"m": y}], [0.7, 0.3])
    crossed = {"m": Factors(0.7**0.5 * x.a + 0.3**0.5 * y.a, 0.7**0.5 * x.b + 0.3**0.5 * y.b)}
    assert relative_error(crossed, exact) > 0.5


@given(adapters())
def test_compression_to_the_full_rank_changes_nothing(x: Adapter) -> None:
    assert_same(compress(x, 4), compress(compress(x, 4), 4))
    full = {module: truncate(one, min(SHAPES[module])) for module, one in x.items()}
    assert_same(full, x)
    assert all(full[m].rank == min(x[m].rank, *SHAPES[m]) for m in full)


@given(adapters(), st.integers(1, 8))
def test_compression_is_the_best_of_its_rank(x: Adapter, rank: int) -> None:
    """Eckart and Young: what is lost are exactly the smaller singular values of the dense matrix."""
    for module, one in compress(x, rank).items():
        assert one.rank <= rank
        left, values, right = torch.linalg.svd(dense(x, module), full_matrices=False)
        best = left[:, :rank] * values[:rank] @ right[:rank]
        lost = torch.linalg.matrix_norm(one.b @ one.a - dense(x, module))
        torch.testing.assert_close(lost, values[rank:].square().sum().sqrt(), rtol=1e-9, atol=1e-9)
        if rank < len(values) and values[rank - 1] - values[rank] > 1e-3 * values[0]:
            torch.testing.assert_close(one.b @ one.a, best, rtol=1e-8, atol=1e-8)


@given(adapters(torch.float32))
def test_singular_values_are_those_of_the_dense_matrix(x: Adapter) -> None:
    for module, one in x.items():
        wanted = torch.linalg.svdvals(dense(x, module))[: len(singular_values(one))]
        torch.testing.assert_close(
            singular_values(one).double(), wanted, rtol=1e-5, atol=1e-5 * float(wanted[0])
        )


@given(adapters())
def test_decomposition_is_orthonormal_with_a_fixed_sign(x: Adapter) -> None:
    for one in x.values():
        left, values, right = decompose(one)
        identity = torch.eye(len(values), dtype=torch.float64)
        torch.testing.assert_close(left.T @ left, identity)
        torch.testing.assert_close(right.T @ right, identity)
        assert bool((values[1:] <= values[:-1]).all())
        assert bool((right.amax(dim=0) >= -right.amin(dim=0)).all())
        flipped = decompose(Factors(-one.a, -one.b))
        torch.testing.assert_close(flipped.right, right)


@given(adapters(), adapters(), weights)
def test_inner_product_and_norm(x: Adapter, y: Adapter, weight: float) -> None:
    wanted = sum(float((dense(x, m) * dense(y, m)).sum()) for m in SHAPES)
    assert inner(x, y) == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    assert norm(x) ** 2 == pytest.approx(inner(x, x))
    assert inner(scaled(x, weight), y) == pytest.approx(weight * inner(x, y), rel=1e-9, abs=1e-9)
    assert relative_error(x, x) < 1e-12
    assert norm(weighted_sum([x, y], [1, 1])) <= norm(x) + norm(y) + 1e-9


@settings(max_examples=10)
@given(adapters(torch.bfloat16))
def test_half_precision_is_computed_in_single(x: Adapter) -> None:
    for module, one in compress(x, 2).items():
        assert one.a.dtype == one.b.dtype == torch.bfloat16
        exact = truncate(x[module].to(torch.float64), 2)
        size = torch.linalg.matrix_norm(exact.b @ exact.a)
        error = torch.linalg.matrix_norm(one.b.double() @ one.a.double() - dense(x, module))
        best = torch.linalg.matrix_norm(exact.b @ exact.a - dense(x, module))
        assert error <= best + 0.02 * size


def test_no_dense_difference_is_formed() -> None:
    """A dense difference of this module would take 160 GB."""
    x = factors(4, (200_000, 200_000), 0, torch.float32)
    mixed = compress(weighted_sum([{"m": x}, {"m": x}], [1.0, -0.5]), 4)["m"]
    assert relative_error({"m": mixed}, scaled({"m": x}, 0.5)) < 1e-4


def test_what_does_not_fit_is_refused() -> None:
    x = {"model.q": factors(2, (4, 4), 0, torch.float32)}
    with pytest.raises(AdapterError, match=r"model\.q is \[4, 4\] in one adapter and \[4, 5\]"):
        weighted_sum([x, {"model.q": factors(2, (4, 5), 0, torch.float32)}], [1, 1])
    with pytest.raises(AdapterError, match="give one weight for each"):
        weighted_sum([x], [1, 1])
    with pytest.raises(AdapterError, match="give one weight for each"):
        weighted_sum([], [])
    with pytest.raises(AdapterError, match="the weight nan is not finite"):
        weighted_sum([x], [float("nan")])
    with pytest.raises(AdapterError, match="rank 0 is too small"):
        compress(x, 0)
    with pytest.raises(AdapterError, match=r"\[2, 4\] and \[4, 3\] do not fit"):
        Factors(torch.zeros(2, 4), torch.zeros(4, 3))
    embedding = Factors(x["model.q"].a, x["model.q"].b, embedding=True)
    with pytest.raises(AdapterError, match="mix adapters of one base model"):
        weighted_sum([x, {"model.q": embedding}], [1, 1])


def test_a_zero_adapter() -> None:
    zero = {"q": Factors(torch.randn(3, 5), torch.zeros(7, 3))}
    assert norm(compress(zero, 1)) == 0.0
    assert relative_error(zero, zero) == 0.0
    other = {"q": factors(1, SHAPES["q"], 0, torch.float32)}
    assert relative_error(other, zero) == float("inf")
