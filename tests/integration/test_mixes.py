"""Mixes served by real vLLM on the CPU say what PEFT says, whatever else is in the batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skillweave.agent.serving.plugin import LIBRARY_VARIABLE
from skillweave.skills.mix import Mix, parse_mix

if TYPE_CHECKING:
    from torch import Tensor

ENGINE = Path(__file__).with_name("mixes_engine.py")
CLOSE = 1e-4
"""Of log-probabilities in float32."""
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS: dict[str, dict[str, Any]] = {
    "one": {"r": 4, "lora_alpha": 8, "target_modules": ALL},
    "two": {"r": 4, "lora_alpha": 8, "target_modules": ALL},
    "three": {"r": 4, "lora_alpha": 16, "target_modules": ALL},
    "wide": {
        "r": 16,
        "lora_alpha": 16,
        "use_rslora": True,
        "target_modules": ["q_proj", "v_proj"],
        "rank_pattern": {"v_proj": 6},
        "alpha_pattern": {"v_proj": 3},
    },
    "ends": {"r": 2, "lora_alpha": 4, "target_modules": ["embed_tokens", "lm_head", "down_proj"]},
}
MODELS = (
    "",
    "one",
    "wide",
    "ends",
    "one:0.7+two:0.3",
    "two+three:-0.5",
    "one:0.25+two:0.25+three:0.25+wide:0.25",
    "",
    "arrow(one,two,three;top=2)",
    "arrow(one,wide;top=2,temperature=0.5)",
)
"""Every combination that is to be right in one batch."""
OTHERS = tuple(f"{name}:{weight}" for name in ("one", "two", "three", "wide") for weight in (2, 3))
"""As many as fit into memory: they drive all of `MODELS` out."""
SHORT = [[(7 * row + 3 * i) % 250 + 1 for i in range(6 + row)] for row in range(len(MODELS))]
LONG = [[(11 * i) % 250 + 1 for i in range(70)]] * len(MODELS)
"""The same for all models: what one has cached must not serve another."""
APART = [[(row + 11 * i) % 250 + 1 for i in range(40)] for row in range(len(MODELS))]
"""One of its own for every row, so that a batch of base requests shares no more than a mixed one.

The second is cut up, since the first leaves it too little room.
"""
BASE = ("",) * len(MODELS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with random weights and fewer keys than queries."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=256,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=256,
        initializer_range=0.2,
        tie_word_embeddings=False,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def library(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Adapters with random weights, made with PEFT.

    One direction of each is far stronger than the others: PEFT finds it by a few power iterations.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    root = tmp_path_factory.mktemp("library")
    for seed, (name, options) in enumerate(ADAPTERS.items()):
        torch.manual_seed(seed)
        config = LoraConfig(init_lora_weights=False, **options)
        model = get_peft_model(LlamaForCausalLM.from_pretrained(folder), config)
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                if "lora_A" in parameter_name:
                    parameter[1:] *= 0.125
        skill = root / "skills" / name
        model.save_pretrained(skill / "adapter", save_embedding_layers=False)
        text = f"---\nname: {name}\ndescription: random\n---\n"
        (skill / "SKILL.md").write_text(text, encoding="utf-8")
    return root


def job(
    prompts: Sequence[Sequence[int]],
    models: Sequence[str],
    tokens: int,
    *,
    cached: bool = False,
    scored: bool = False,
) -> dict[str, Any]:
    """``cached`` keeps what earlier jobs cached, ``scored`` asks for the prompt's log-probabilities."""
    return {
        "prompts": prompts,
        "models": models,
        "tokens": tokens,
        "cached": cached,
        "scored": scored,
    }


JOBS = {
    "mixed": job(SHORT, MODELS, 12),
    "base": job(SHORT, BASE, 12),
    "cut up": job(LONG, MODELS, 6),
    "cached": job(LONG, MODELS, 6, cached=True),
    "apart": job(APART, MODELS, 6),
    "apart cached": job(APART, MODELS, 6, cached=True),
    "base apart": job(APART, BASE, 6),
    "base apart cached": job(APART, BASE, 6, cached=True),
    "scored": job(LONG, MODELS, 3, scored=True),
    "crowded": job(SHORT, MODELS, 90),
    "base crowded": job(SHORT, BASE, 90),
    "others": job(SHORT[: len(OTHERS)], OTHERS, 2),
    "again": job(SHORT, MODELS, 12),
}
PAIRS = [
    ("mixed", "base"),
    ("apart", "base apart"),
    ("apart cached", "base apart cached"),
    ("crowded", "base crowded"),
    ("again", "base"),
]
"""Of jobs: mixed batches, and the same requests to the base model alone."""


@pytest.fixture(scope="module", params=["cpu", "gpu"])
def results(
    request: pytest.FixtureRequest,
    folder: Path,
    library: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """What one engine answers to all jobs, one after the other.

    With the layers of a GPU too: all they do there, save that plain torch stands in for the kernels.
    """
    jobs = tmp_path_factory.mktemp("jobs") / "jobs.json"
    jobs.write_text(json.dumps(JOBS), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(ENGINE), str(folder), str(jobs), request.param],
        env={**os.environ, LIBRARY_VARIABLE: str(library), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def reference(folder: Path, library: Path) -> Callable[[str], Any]:
    """Models computed apart, by name: weights of PEFT's differences, PEFT's Arrow, or plain hooks."""

    @cache
    def model(name: str) -> Any:
        if not name:
            return _base(folder)
        mix = parse_mix(name)
        if mix.gate == "constant":
            return _merged(folder, library, mix)
        ranks = {str(ADAPTERS[term.name]["target_modules"]) for term in mix.terms}
        return (_arrow if len(ranks) == 1 else _hooked)(folder, library, mix)

    return model


def _base(folder: Path) -> Any:
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM.from_pretrained(folder).eval()


def _deltas(folder: Path, library: Path, name: str) -> dict[str, Any]:
    """PEFT's layers of an adapter, by the module's name."""
    from peft import PeftModel

    model = PeftModel.from_pretrained(_base(folder), library / "skills" / name / "adapter")
    return {
        path.removeprefix("base_model.model."): module
        for path, module in model.named_modules()
        if hasattr(module, "get_delta_weight")
    }


def _merged(folder: Path, library: Path, mix: Mix) -> Any:
    import torch

    model = _base(folder)
    with torch.no_grad():
        for term in mix.terms:
            for path, layer in _deltas(folder, library, term.name).items():
                delta = layer.get_delta_weight("default")
                model.get_submodule(path).weight += term.weight * delta
    return model


def _arrow(folder: Path, library: Path, mix: Mix) -> Any:
    from peft import ArrowConfig, create_arrow_model

    config = ArrowConfig(
        top_k=int(mix.options["top"]),
        router_temperature=mix.options.get("temperature", 1.0),
        rng_seed=0,
    )
    paths = [str(library / "skills" / term.name / "adapter") for term in mix.terms]
    return create_arrow_model(_base(folder), paths, config).eval()


def _hooked(folder: Path, library: Path, mix: Mix) -> Any:
    """Arrow over adapters of different ranks and modules, which PEFT refuses."""
    import torch

    model = _base(folder)
    layers = [_deltas(folder, library, term.name) for term in mix.terms]
    for path in set().union(*layers):
        deltas = [each[path].get_delta_weight("default") for each in layers if path in each]
        directions = torch.stack([torch.linalg.svd(delta).Vh[0] for delta in deltas])

        add = _AddGated(deltas, directions, mix.options["temperature"])
        model.get_submodule(path).register_forward_hook(add)
    return model


class _AddGated:
    """A forward hook: adds the differences, weighed by where the input lies."""

    def __init__(self, deltas: Sequence[Tensor], directions: Tensor, temperature: float) -> None:
        self._deltas, self._directions, self._temperature = deltas, directions, temperature

    def __call__(self, module: Any, inputs: tuple[Tensor], output: Tensor) -> Tensor:
        hidden = inputs[0]
        shares = ((hidden @ self._directions.T).abs() / self._temperature).softmax(dim=-1)
        for i, delta in enumerate(self._deltas):
            output = output + shares[..., i : i + 1] * (hidden @ delta.T)
        return output


def error(model: Any, prompt: Sequence[int], row: dict[str, Any]) -> float:
    """The largest difference of a log-probability, all tokens of the answer being given."""
    import torch

    steps = [*row["prompt"], *row["logprobs"]]
    with torch.inference_mode():
        ids = torch.tensor([[*prompt, *row["tokens"]]])
        logits = model(input_ids=ids, use_cache=False).logits[0, -len(steps) - 1 :]
    expected = logits.double().log_softmax(dim=-1).tolist()
    differences: list[float] = [
        abs(expected[step][int(token)] - logprob)
        for step, found in enumerate(steps)
        for token, logprob in found.items()
    ]
    return max(differences)


@pytest.mark.parametrize("name", [name for name in JOBS if name != "others"])
def test_log_probabilities_are_those_of_peft(
    name: str, results: Any, reference: Callable[[str], Any]
) -> None:
    models, prompts = JOBS[name]["models"], JOBS[name]["prompts"]
    found = {
        f"{row} {model}": error(reference(model), prompts[row], results[name]["rows"][row])
        for row, model in enumerate(models)
    }
    assert {row: each for row, each in found.items() if each > CLOSE} == {}


@pytest.mark.parametrize(("mixed", "base"), PAIRS, ids=lambda name: name)
def test_rows_of_the_base_model_are_exactly_those_of_a_batch_of_their_own(
    mixed: str, base: str, results: Any
) -> None:
    found, alone = results[mixed]["rows"], results[base]["rows"]
    assert [row for row, model in enumerate(MODELS) if not model] == [0, 7]
    assert found[0] == alone[0]
    assert found[7] == alone[7]
    assert found[1] != alone[1]


def test_what_happened_on_the_way(results: Any) -> None:
    """The jobs did what they are there for."""
    for first, second in (("cut up", "cached"), ("apart", "apart cached")):
        assert min(row["cached"] for row in results[second]["rows"]) >= 32
        assert results[first]["rows"][0]["cached"] == 0
        assert [row["tokens"] for row in results[second]["rows"]] == [
            row["tokens"] for row in results[first]["rows"]
        ]
    at_once = results["engine"]["tokens_at_once"]
    assert len(LONG[0]) > at_once
    assert len(APART[0]) < at_once < 2 * len(APART[0])
    assert results["engine"]["vllm"].startswith(os.environ.get("SKILLWEAVE_TEST_VLLM", ""))
    assert all(len(row["prompt"]) == len(LONG[0]) - 1 for row in results["scored"]["rows"])
    assert results["crowded"]["preemptions"] == results["base crowded"]["preemptions"] > 0
    assert results["others"]["loaded_before"] == 0
    assert results["again"]["loaded_before"] == 0


def test_every_model_has_an_answer_of_its_own(results: Any) -> None:
    rows = results["cut up"]["rows"]
    answers = {model: str(rows[i]["logprobs"]) for i, model in enumerate(MODELS)}
    assert len(set(answers.values())) == len(answers)
