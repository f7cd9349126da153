"""Every gate keeps the contract of gates; a wrong one is refused; prototypes are kept apart."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from skillweave.skills import UserError, content_hash, gates, parse_mix
from skillweave.skills.factors import Factors
from skillweave.skills.gates import registry
from skillweave.skills.gates.prototypes import METHOD


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers is gone afterwards."""
    monkeypatch.setattr(registry, "_GATES", dict(registry._GATES))
    registry._load_third_parties.cache_clear()
    yield
    registry._load_third_parties.cache_clear()


def tensors(tokens: int, adapters: int, width: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(tokens, width, generator=generator)
    return hidden, torch.randn(adapters, width, generator=generator)


inputs = st.builds(
    tensors, st.integers(0, 4), st.integers(1, 6), st.integers(1, 8), st.integers(0, 2**31)
)
options = st.fixed_dictionaries(
    {}, optional={"top": st.integers(1, 8).map(float), "temperature": st.floats(0.1, 10)}
)


@pytest.mark.parametrize("name", gates.names())
@given(given_inputs=inputs, seed=st.integers(0, 100))
def test_contract_of_every_gate(name: str, given_inputs: tuple[Tensor, Tensor], seed: int) -> None:
    """Shape and type, finite, every token for itself, and adapters treated alike."""
    gate = gates.get(name)
    hidden, prototypes = given_inputs
    found = gate(hidden, prototypes)
    assert found.shape == (hidden.shape[0], prototypes.shape[0])
    assert found.dtype == prototypes.dtype
    assert bool(found.isfinite().all())
    assert gate(hidden.bfloat16(), prototypes).dtype == prototypes.dtype
    order = torch.randperm(len(prototypes), generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(gate(hidden, prototypes[order]), found[:, order])
    for row, token in enumerate(hidden):
        torch.testing.assert_close(gate(token[None], prototypes)[0], found[row])


@given(inputs, options)
def test_arrow(given_inputs: tuple[Tensor, Tensor], given_options: Mapping[str, float]) -> None:
    hidden, prototypes = given_inputs
    found = gates.get("arrow")(hidden, prototypes, given_options)
    top = min(int(given_options.get("top", 3)), len(prototypes))
    temperature = given_options.get("temperature", 1.0)
    for token, row in zip(hidden, found, strict=True):
        logits = (prototypes @ token).abs()
        chosen = logits.topk(top).indices
        wanted = torch.zeros(len(prototypes), dtype=torch.float64)  # exp would overflow in 32 bits
        wanted[chosen] = (logits[chosen].double() / temperature).exp()
        weights = (wanted / wanted.sum()).float()
        torch.testing.assert_close(row, weights, rtol=1e-4, atol=1e-5)
        assert int((row > 0).sum()) <= top
    torch.testing.assert_close(gates.get("arrow")(-hidden, -prototypes, given_options), found)


def test_arrow_takes_large_logits() -> None:
    hidden, prototypes = 1e4 * torch.ones(1, 4), torch.eye(4)
    found = gates.get("arrow")(hidden, prototypes, {"temperature": 0.001, "top": 2})
    assert float(found.sum()) == 1.0


def test_constant_is_one_for_all() -> None:
    hidden, prototypes = tensors(2, 3, 4, 0)
    assert gates.get("constant")(hidden, prototypes).tolist() == [[1.0] * 3] * 2
    assert not gates.get("constant").needs_prototypes
    assert gates.get("arrow").needs_prototypes


@pytest.mark.usefixtures("own_registry")
def test_a_gate_is_one_function_and_then_part_of_the_grammar() -> None:
    @gates.gate("loudest", limits={"floor": (0, 1)})
    def loudest(hidden: Tensor, prototypes: Tensor, *, floor: float = 0.25) -> Tensor:
        return (hidden @ prototypes.T).softmax(dim=1).clamp_min(floor)

    assert gates.names() == ("arrow", "constant", "loudest")
    mix = parse_mix("loudest(a,b;floor=0.5)")
    assert str(mix.canonical()) == "loudest(a,b;floor=0.5)"
    assert float(gates.get("loudest")(*tensors(2, 3, 4, 0), mix.options).min()) == 0.5
    with pytest.raises(UserError, match=r"give a number from 0 to 1"):
        parse_mix("loudest(a;floor=2)")


def no_prototypes(hidden: Tensor) -> Tensor:
    return hidden


def other_order(prototypes: Tensor, hidden: Tensor) -> Tensor:
    return hidden @ prototypes.T


def positional(hidden: Tensor, prototypes: Tensor, top: int = 1) -> Tensor:
    return hidden @ prototypes.T * top


def no_default(hidden: Tensor, prototypes: Tensor, *, top: int) -> Tensor:
    return hidden @ prototypes.T * top


def not_a_number(hidden: Tensor, prototypes: Tensor, *, mode: str = "x") -> Tensor:
    return hidden @ prototypes.T * len(mode)


def one_option(hidden: Tensor, prototypes: Tensor, *, top: int = 1) -> Tensor:
    return hidden @ prototypes.T * top


@pytest.mark.usefixtures("own_registry")
@pytest.mark.parametrize(
    ("name", "function", "limits", "says"),
    [
        ("fresh", no_prototypes, {}, "first parameters must be"),
        ("fresh", other_order, {}, "first parameters must be"),
        ("fresh", positional, {"top": (1, 2)}, "'top' must be keyword-only"),
        ("fresh", no_default, {"top": (1, 2)}, "'top' must be keyword-only"),
        ("fresh", not_a_number, {"mode": (1, 2)}, "'mode' must be keyword-only"),
        ("fresh", one_option, {}, "limits lack the option 'top'"),
        ("fresh", one_option, {"top": (2, 3)}, "top=1 is not a whole number from 2 to 3"),
        ("fresh", one_option, {"top": (1, 3), "x": (1, 2)}, r"limits for \['x'\]"),
        ("Fresh", one_option, {"top": (1, 3)}, "not a name"),
        ("arrow", one_option, {"top": (1, 3)}, "registered twice"),
    ],
)
def test_a_wrong_gate_is_refused_at_import(
    name: str, function: object, limits: Mapping[str, tuple[float, float]], says: str
) -> None:
    with pytest.raises(TypeError, match=says):
        gates.gate(name, limits=limits)(function)  # type: ignore[arg-type]


@pytest.mark.usefixtures("own_registry")
def test_gates_of_other_distributions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "from skillweave.skills.gates import gate\n"
        "@gate('evenly')\n"
        "def evenly(hidden, prototypes):\n"
        "    return prototypes.new_ones(len(hidden), len(prototypes)) / len(prototypes)\n"
    )
    (tmp_path / "evenly_gate.py").write_text(source)
    (tmp_path / "broken_gate.py").write_text("raise RuntimeError('no GPU here')\n")
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint("broken", "broken_gate", registry.ENTRY_POINTS),
        EntryPoint("evenly", "evenly_gate", registry.ENTRY_POINTS),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    with pytest.warns(UserWarning, match=r"gate broken .* left out: no GPU here"):
        assert gates.find("evenly") is not None
    assert str(parse_mix("evenly(b,a)").canonical()) == "evenly(a,b)"


def test_importing_takes_no_torch() -> None:
    code = (
        "import sys, skillweave.skills, skillweave.skills.factors, skillweave.skills.gates as gates\n"
        "skillweave.skills.parse_mix('arrow(a,b;top=1)'); gates.get('arrow')\n"
        "print(sorted({'torch', 'safetensors', 'numpy', 'peft'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def adapter(seed: int = 0) -> dict[str, Factors]:
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    return {
        "model.q_proj": Factors(random(3, 8), random(6, 3)),
        "model.up_proj": Factors(random(2, 5), random(9, 2)),
        "model.nothing": Factors(random(2, 5), torch.zeros(9, 2)),
        "model.embed": Factors(random(2, 20), random(5, 2), embedding=True),
    }


@given(st.integers(0, 1000), st.sampled_from([1.0, -1.0, 3.0]))
def test_a_prototype_is_the_first_right_singular_vector(seed: int, scale: float) -> None:
    factors = adapter(seed)
    found = gates.prototypes_of(factors)
    assert found.keys() == {"model.q_proj", "model.up_proj", "model.nothing"}
    assert not found["model.nothing"].any()
    for module in ("model.q_proj", "model.up_proj"):
        one = factors[module]
        dense = torch.linalg.svd(one.b.double() @ one.a.double()).Vh[0]
        assert abs(float(dense @ found[module].double())) == pytest.approx(1, abs=1e-6)
        assert float(found[module].max()) == float(found[module].abs().max())
        other = Factors(one.a, one.b * scale)
        torch.testing.assert_close(gates.prototypes_of({"m": other})["m"], found[module])


def test_prototypes_are_the_same_every_time() -> None:
    first, second = gates.prototypes_of(adapter()), gates.prototypes_of(adapter())
    assert all(torch.equal(first[module], second[module]) for module in first)


def test_prototypes_are_computed_once_and_kept(tmp_path: Path) -> None:
    key, reads = "ab" * 32, []

    def read() -> dict[str, Factors]:
        reads.append(1)
        return adapter()

    folder = tmp_path / "prototypes"
    assert gates.load_prototypes(folder, key) is None
    first = gates.kept_prototypes(folder, key, read)
    second = gates.kept_prototypes(folder, key, read)
    assert len(reads) == 1
    assert first.keys() == second.keys()
    assert all(torch.equal(first[module], second[module]) for module in first)
    assert [file.name for file in folder.iterdir()] == [f"{key}.{METHOD}.safetensors"]


def test_a_damaged_file_is_computed_again(tmp_path: Path) -> None:
    gates.save_prototypes(tmp_path, "ab12", gates.prototypes_of(adapter()))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    assert gates.load_prototypes(tmp_path, "ab12") is None
    assert gates.kept_prototypes(tmp_path, "ab12", adapter)
    assert gates.load_prototypes(tmp_path, "ab12") is not None


def test_a_folder_that_cannot_be_written_to_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert gates.kept_prototypes(tmp_path / "file", "ab12", adapter).keys() >= {"model.q_proj"}


@pytest.mark.parametrize("key", ["", "../up", "a/b", "AB", "a.b", "-"])
def test_a_key_stays_in_the_folder(key: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no key"):
        gates.save_prototypes(tmp_path, key, {})
    assert list(tmp_path.iterdir()) == []


def test_the_digest_of_a_skill_does_not_change(tmp_path: Path) -> None:
    """Kept under ``.skillweave``, prototypes are no part of any skill."""
    skill = tmp_path / "skills" / "formal"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: formal\ndescription: x\n---\n")
    before = content_hash(skill)
    gates.kept_prototypes(tmp_path / ".skillweave" / "prototypes", before, adapter)
    assert content_hash(skill) == before
