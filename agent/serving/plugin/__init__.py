"""vLLM serves a library of adapters, and mixtures of them, without a fork.

`register` is the entry point ``vllm.general_plugins``, which vLLM calls in each of its processes. It
does nothing unless ``SKILLWEAVE_LIBRARY`` names the folder of a library. Then the model name of
a request may be an adapter of the library (``formal-tone``, ``formal-tone@9f2c41d0``) or a mix
expression (``formal-tone:0.7+medical:0.3``, ``arrow(math,code,law;top=2)``).

Reading order: `install` and `versions` (what is hooked in, and when not), `library` (names become
content-addressed versions), `requests` and `models` (names become answers or errors of the HTTP
interface), `scheduler` with `turns` and `meter` (a fair share, and counters), `compose` (adapters
become one), `worker` (vLLM's managers of adapters), and what runs in a forward pass: `batch` and
`dense` (the arithmetic), `cpu` and `static` (the layers of CPU and GPU).

Importing this package imports neither vLLM nor torch.
"""

from __future__ import annotations

import os

LIBRARY_VARIABLE = "SKILLWEAVE_LIBRARY"
"""Environment variable that names the library's folder."""
BASE_HASH_VARIABLE = "SKILLWEAVE_BASE_HASH"
"""Environment variable with the sha256 of the base model's weights; else they are hashed once."""

__all__ = ["BASE_HASH_VARIABLE", "LIBRARY_VARIABLE", "register"]


def register() -> None:
    """Hook into the vLLM of this process, if a library is to be served. May be called again."""
    if os.environ.get(LIBRARY_VARIABLE):
        from skillweave.agent.serving.plugin.install import install

        install()
