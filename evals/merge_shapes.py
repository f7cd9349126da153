"""The shapes of large models, and random adapters for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from skillweave.skills.factors import Factors
from skillweave.skills.model import Frozen

if TYPE_CHECKING:
    import torch

Device = Literal["cpu", "cuda"]
ModelName = Literal["llama-8b", "tiny"]
Shape = tuple[int, int]
"""``(out, in)`` of a module's weight."""


class Llama(Frozen):
    """The linear layers of a Llama, all of which an adapter changes."""

    layers: int
    hidden: int
    inner: int
    keys: int
    """Outputs for the keys, and for the values: these have fewer heads than the queries."""

    @property
    def layer(self) -> dict[str, Shape]:
        """The modules of one layer."""
        return {
            "self_attn.q_proj": (self.hidden, self.hidden),
            "self_attn.k_proj": (self.keys, self.hidden),
            "self_attn.v_proj": (self.keys, self.hidden),
            "self_attn.o_proj": (self.hidden, self.hidden),
            "mlp.gate_proj": (self.inner, self.hidden),
            "mlp.up_proj": (self.inner, self.hidden),
            "mlp.down_proj": (self.hidden, self.inner),
        }


SHAPES: Final[Mapping[ModelName, Llama]] = {
    "llama-8b": Llama(layers=32, hidden=4096, inner=14336, keys=1024),
    "tiny": Llama(layers=2, hidden=64, inner=160, keys=32),
}


def draw(model: Llama, rank: int, seed: int, device: Device) -> dict[str, Factors]:
    """A random adapter in float32."""
    import torch

    generator = torch.Generator(device).manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, device=device)

    return {
        f"model.layers.{layer}.{module}": Factors(normal(rank, inputs), normal(out, rank))
        for layer in range(model.layers)
        for module, (out, inputs) in model.layer.items()
    }
