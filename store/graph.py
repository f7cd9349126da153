"""The graph of all-MiniLM-L6-v2 (https://arxiv.org/abs/2002.10957): ``python -m skillweave.store.graph``.

It starts from embeddings, which are looked up outside, and holds no weights:
`skillweave.store.minilm` hands ONNX Runtime those of ``model.safetensors``, or others of the same
shapes. There are two: one of 32-bit numbers, and a quick one that multiplies by whole numbers of 8
bits. Only writing them needs the package ``onnx``, of the extra ``dev``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import onnx
from onnx import TensorProto, helper

from skillweave.store.minilm import GRAPH, HEADS, QUICK, SCALES, WHOLE, WIDTH

LAYERS = 6
INNER = 4 * WIDTH
OPSET = 20
"""The first with GELU; ONNX Runtime knows it since 1.17."""
EXTRA = "com.microsoft"
"""Operators of ONNX Runtime's own."""


class _Drawing:
    """Collects nodes, the weights they name, and constants."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: dict[str, onnx.TensorProto] = {}

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; returns the name of what it gives."""
        name = f"{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def weight(self, name: str, *shape: int, kind: int = TensorProto.FLOAT) -> str:
        """Name a tensor that whoever runs the graph must provide."""
        tensor = onnx.TensorProto(name=name, dims=shape, data_type=kind)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="model.safetensors")
        self.tensors[name] = tensor
        return name

    def whole(self, *numbers: int) -> str:
        """A constant list of integers."""
        name = f"whole.{numbers}"
        self.tensors[name] = helper.make_tensor(name, TensorProto.INT64, [len(numbers)], numbers)
        return name

    def real(self, number: float) -> str:
        """A constant."""
        name = f"real.{number:g}"
        self.tensors[name] = helper.make_tensor(name, TensorProto.FLOAT, [], [number])
        return name

    def dense(self, x: str, name: str, inputs: int, outputs: int) -> str:
        """``[n, inputs]`` to ``[n, outputs]``."""
        bias = self.weight(f"{name}.bias", outputs)
        if not self.quick:
            weight = self.weight(f"{name}.weight", outputs, inputs)
            return self.node("Gemm", x, weight, bias, transB=1)
        whole = self.weight(f"{name}{WHOLE}", inputs, outputs, kind=TensorProto.INT8)
        scales = self.weight(f"{name}{SCALES}", outputs)
        return self.node("DynamicQuantizeMatMul", x, whole, scales, "", bias, domain=EXTRA)

    def norm(self, x: str, name: str) -> str:
        """Layer norm over the last axis."""
        weight, bias = self.weight(f"{name}.weight", WIDTH), self.weight(f"{name}.bias", WIDTH)
        return self.node("LayerNormalization", x, weight, bias, epsilon=1e-12)


def draw(quick: bool) -> onnx.ModelProto:
    """All layers of the encoder: see `skillweave.store.minilm.Encoder.states`."""
    d = _Drawing(quick)
    shape = d.node("Shape", "embedded")
    x = d.node("Reshape", d.norm("embedded", "embeddings.LayerNorm"), d.whole(-1, WIDTH))
    # 0 where a token is, -1e9 where none is: [n, 1, 1, length].
    there = d.node("Unsqueeze", "mask", d.whole(1, 2))
    hidden = d.node("Mul", d.node("Sub", there, d.real(1.0)), d.real(1e9))
    heads = d.node("Concat", d.node("Shape", "mask"), d.whole(HEADS, WIDTH // HEADS), axis=0)
    for n in range(LAYERS):
        name = f"encoder.layer.{n}"
        mixed = _attention(d, x, hidden, heads, f"{name}.attention.self")
        x = d.node("Add", d.dense(mixed, f"{name}.attention.output.dense", WIDTH, WIDTH), x)
        x = d.norm(x, f"{name}.attention.output.LayerNorm")
        inner = d.node("Gelu", d.dense(x, f"{name}.intermediate.dense", WIDTH, INNER))
        x = d.node("Add", d.dense(inner, f"{name}.output.dense", INNER, WIDTH), x)
        x = d.norm(x, f"{name}.output.LayerNorm")
    d.nodes.append(helper.make_node("Reshape", [x, shape], ["states"]))
    return helper.make_model(
        helper.make_graph(
            d.nodes,
            "all-MiniLM-L6-v2",
            [_open("embedded", "n", "length", WIDTH), _open("mask", "n", "length")],
            [_open("states", "n", "length", WIDTH)],
            list(d.tensors.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(EXTRA, 1)],
        ir_version=9,
        producer_name="skillweave",
    )


def _attention(d: _Drawing, x: str, hidden: str, heads: str, name: str) -> str:
    def part(of: str, order: Sequence[int]) -> str:
        y = d.node("Reshape", d.dense(x, f"{name}.{of}", WIDTH, WIDTH), heads)
        return d.node("Transpose", y, perm=order)

    query, key = part("query", (0, 2, 1, 3)), part("key", (0, 2, 3, 1))
    scale = d.real(1.0 / math.sqrt(WIDTH // HEADS))
    scores = d.node("Mul", d.node("MatMul", query, key), scale)
    shares = d.node("Softmax", d.node("Add", scores, hidden), axis=-1)
    mixed = d.node("MatMul", shares, part("value", (0, 2, 1, 3)))
    side_by_side = d.node("Transpose", mixed, perm=(0, 2, 1, 3))
    return d.node("Reshape", side_by_side, d.whole(-1, WIDTH))


def _open(name: str, *shape: str | int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def main() -> None:
    """Write the graphs."""
    for path, quick in ((GRAPH, False), (QUICK, True)):
        model = draw(quick)
        path.write_bytes(model.SerializeToString())
        sys.stdout.write(f"{path}: {len(model.graph.node)} nodes\n")


if __name__ == "__main__":
    main()
