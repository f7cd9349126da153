"""Arrow against PEFT's `create_arrow_model`, on a small Llama."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import ArrowConfig, LoraConfig, PeftModel, create_arrow_model, get_peft_model
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from skillweave.skills import gates
from skillweave.skills.factors import Factors, read_factors

EXPERTS = 4
TOKENS = torch.arange(24).reshape(2, 12)


def base() -> LlamaForCausalLM:
    """The same weights at every call."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=40,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=64,
    )
    model: LlamaForCausalLM = LlamaForCausalLM(config).eval()
    return model


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Adapters with one dominant direction each, to which 15 power iterations of PEFT converge."""
    made = []
    for index in range(EXPERTS):
        torch.manual_seed(index + 1)
        config = LoraConfig(
            r=3,
            lora_alpha=5,
            target_modules=["q_proj", "v_proj", "down_proj"],
            init_lora_weights=False,
            task_type="CAUSAL_LM",
        )
        model = get_peft_model(base(), config)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_A" in name:
                    parameter[0] *= 12
        made.append(tmp_path_factory.mktemp(f"expert{index}"))
        model.save_pretrained(made[-1])
    return made


def peft_model(folders: list[Path], top: int, temperature: float) -> PeftModel:
    config = ArrowConfig(top_k=top, router_temperature=temperature, rng_seed=0)
    model: PeftModel = create_arrow_model(base(), [str(folder) for folder in folders], config)
    return model.eval()


def ours(folders: list[Path], top: int, temperature: float) -> LlamaForCausalLM:
    """The base model with a hook on every adapted module that adds what the gate lets through."""
    model = base()
    adapters = [read_factors(folder) for folder in folders]
    prototypes = [gates.prototypes_of(adapter) for adapter in adapters]
    options = {"top": float(top), "temperature": temperature}
    for name in adapters[0]:
        parts = [adapter[name] for adapter in adapters]
        stacked = torch.stack([one[name] for one in prototypes])
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        layer.register_forward_hook(GatedSum(parts, stacked, options))
    return model


class GatedSum:
    """Adds the gated sum of the experts to the output of a linear layer."""

    def __init__(self, parts: list[Factors], prototypes: Tensor, options: dict[str, float]):
        self.parts, self.prototypes, self.options = parts, prototypes, options

    def __call__(self, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        hidden = inputs[0].reshape(-1, inputs[0].shape[-1])
        weights = gates.get("arrow")(hidden, self.prototypes, self.options)
        total = output.reshape(-1, output.shape[-1]).clone()
        for column, part in enumerate(self.parts):
            total += weights[:, column, None] * (hidden @ part.a.T @ part.b.T)
        return total.reshape(output.shape)


@pytest.mark.parametrize(("top", "temperature"), [(1, 1.0), (2, 1.0), (2, 0.3), (4, 2.0)])
def test_logits_are_those_of_peft(folders: list[Path], top: int, temperature: float) -> None:
    with torch.no_grad():
        wanted = peft_model(folders, top, temperature)(TOKENS).logits.log_softmax(-1)
        found = ours(folders, top, temperature)(TOKENS).logits.log_softmax(-1)
        plain = base()(TOKENS).logits.log_softmax(-1)
    assert float((found - wanted).abs().max()) < 1e-4
    assert float((plain - wanted).abs().max()) > 0.05


def test_prototypes_are_those_of_peft(folders: list[Path]) -> None:
    model = peft_model(folders, 2, 1.0)
    with torch.no_grad():
        model(TOKENS)
    prototypes = [gates.prototypes_of(read_factors(folder)) for folder in folders]
    checked = 0
    for name, module in model.base_model.model.named_modules():
        arrow = getattr(module, "lora_arrow", None)
        if not arrow:
            continue
        wanted = arrow["arrow_router"].prototypes
        found = torch.stack([one[name] for one in prototypes])
        cosines = torch.nn.functional.cosine_similarity(found, wanted).abs()
        torch.testing.assert_close(cosines, torch.ones(EXPERTS), rtol=0, atol=1e-5)
        checked += 1
    assert checked == 6
