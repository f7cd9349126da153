"""What adapters and mixes should answer on the GPU: computed by transformers and PEFT, without vLLM."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillweave.evals.gpu_system import Row
from skillweave.skills.mix import Mix, parse_mix

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Reference:
    """Computes the log-probabilities of answers, all their tokens being given."""

    def __init__(self, model: Path, library: Path, dtype: torch.dtype, device: str) -> None:
        """``dtype`` is that of the products: float32, or the engines' to see what rounding does."""
        self._model, self._library = model, library
        self._dtype, self._device = dtype, device
        self._deltas = cache(self._read_deltas)
        self._models = cache(self._make)

    def row(self, name: str, prompt: Sequence[int], row: Row) -> Row:
        """What the model, adapter or mix of that name gives the same tokens in a row."""
        import torch

        ids = torch.tensor([[*prompt, *row.tokens]], device=self._device)
        with torch.inference_mode():
            logits = self._models(name)(input_ids=ids, use_cache=False).logits[0]
        found = logits[-len(row.tokens) - 1 : -1].double().log_softmax(dim=-1).tolist()
        steps = (
            {token: own[token] for token in step}
            for own, step in zip(found, row.steps, strict=True)
        )
        return Row(tokens=row.tokens, steps=tuple(steps))

    def _base(self) -> Any:
        import torch
        from transformers import LlamaForCausalLM

        return LlamaForCausalLM.from_pretrained(self._model, dtype=torch.float32).eval()

    def _make(self, name: str) -> Any:
        import torch

        model = self._base()
        if name:
            with torch.no_grad():
                self._change(model, parse_mix(name))
        return model.to(self._device, self._dtype)

    def _change(self, model: Any, mix: Mix) -> None:
        """Add to every module what the adapters of a mix do, which all have the same modules."""
        for path in self._deltas(mix.terms[0].name):
            deltas = [self._deltas(term.name)[path] * term.weight for term in mix.terms]
            layer = model.get_submodule(path)
            if mix.gate == "constant":
                layer.weight += sum(deltas)
            else:
                layer.register_forward_hook(Gated(deltas, mix, self._dtype, self._device))

    def _read_deltas(self, name: str) -> dict[str, Tensor]:
        """What an adapter adds to the weights of every module."""
        from peft import PeftModel

        folder = self._library / "skills" / name / "adapter"
        model = PeftModel.from_pretrained(self._base(), folder)
        return {
            path.removeprefix("base_model.model."): module.get_delta_weight("default").detach()
            for path, module in model.named_modules()
            if hasattr(module, "get_delta_weight")
        }


def differences(one: Row, two: Row) -> list[float]:
    """Of the log-probabilities of two rows that agree on their tokens."""
    steps = zip(one.steps, two.steps, strict=True)
    return [abs(left[token] - right[token]) for left, right in steps for token in left]


class Gated:
    """A forward hook: Arrow over weight differences, whose directions come from a decomposition."""

    def __init__(self, deltas: list[Tensor], mix: Mix, dtype: torch.dtype, device: str) -> None:
        import torch

        self._deltas = torch.stack(deltas).to(device, dtype)
        directions = torch.stack([torch.linalg.svd(delta).Vh[0] for delta in deltas])
        self._directions = directions.to(device, dtype)
        self._top = int(mix.options["top"])
        self._temperature = mix.options.get("temperature", 1.0)

    def __call__(self, module: Any, inputs: tuple[Tensor], output: Tensor) -> Tensor:
        import torch

        hidden = inputs[0]
        logits = (hidden @ self._directions.T).abs().float()
        least = logits.topk(self._top, dim=-1).values[..., -1:]
        kept = logits.masked_fill(logits < least, -torch.inf)
        shares = (kept / self._temperature).softmax(dim=-1).to(hidden.dtype)
        changes = torch.einsum("bti,koi->btko", hidden, self._deltas)
        return output + (shares.unsqueeze(-1) * changes).sum(dim=-2)
