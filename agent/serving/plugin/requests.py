"""Names in requests of the HTTP interface: resolved to exact versions, or answered with what is wrong.

vLLM caches the resolution of a name for good and hides why an adapter could not be loaded. Here a
name is resolved at every request, so that a new version of a skill is used from then on; the
request goes on under the canonical name with versions, which is what vLLM's caches are keyed on.
"""

from __future__ import annotations

import asyncio
import os
import re
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from vllm.exceptions import VLLMNotFoundError, VLLMServerError, VLLMValidationError
from vllm.lora.request import LoRARequest
from vllm.lora.resolver import LoRAResolver

from skillweave.agent.serving.plugin import BASE_HASH_VARIABLE
from skillweave.agent.serving.plugin.library import SCHEME, served_library
from skillweave.skills.errors import SkillNotFoundError, SkillweaveError

WRAPPED = (
    re.compile(r"Call to \w+ method failed: (.*)"),
    re.compile(r"Worker failed with error '(.*)', please check the stack trace.*"),
)
"""What vLLM puts around an error that comes from another process."""
FILE = re.compile(r"\S*/([a-z0-9-]+)/adapter/([\w.-]+)")
"""A file of a skill. vLLM makes ``<path>`` of a path, which would hide whose it is."""
KEPT_NAMES = 1024
"""Far more than the engine keeps in memory."""


class LibraryResolver(LoRAResolver):  # type: ignore[misc]
    """vLLM's interface for names it does not know: skills, versions of them, mix expressions."""

    async def resolve_lora(self, base_model_name: str, lora_name: str) -> LoRARequest:
        """The request for the exact version of what ``lora_name`` means now.

        Raises:
            VLLMNotFoundError: there is no such skill; answered with 404.
            VLLMValidationError: it cannot be served; answered with 400.
        """
        try:
            return await asyncio.to_thread(request_for, lora_name, base_model_name)
        except SkillNotFoundError as error:
            raise VLLMNotFoundError(one_line(error)) from None
        except SkillweaveError as error:
            raise VLLMValidationError(one_line(error)) from None


def request_for(text: str, base_model: str = "", lora_int_id: int = 1) -> LoRARequest:
    """The request for a skill or a mix, for use with vLLM's own interfaces such as ``LLM.generate``.

    ``lora_int_id`` must be different for different mixes; ``base_model`` is the folder or the name
    of the served model, for adapters that say what they were trained for.

    Raises:
        UserError: the library cannot serve it; see `AdapterLibrary.resolve`.
    """
    name = str(served_library().resolve(text, base_hash(base_model)))
    return LoRARequest(lora_name=name, lora_int_id=lora_int_id, lora_path=SCHEME + name)


async def check_model(serving: Any, request: Any) -> Any:
    """Make the adapter that a request names ready, and name its exact version in the request.

    Comes before vLLM's own check, which it leaves the names that are not ours. Returns None or
    vLLM's answer that says what is wrong.
    """
    models, name = serving.models, request.model
    if not name or models.is_base_model(name) or not hasattr(models, "lora_resolver_lock"):
        return None
    known = models.lora_requests.get(name)
    if known is not None and not known.lora_path.startswith(SCHEME):
        return None
    try:
        resolved = await asyncio.to_thread(request_for, name, models.model_config.model)
        await _load(models, resolved)
    except SkillNotFoundError as error:
        return serving.create_error_response(
            one_line(error), "NotFoundError", HTTPStatus.NOT_FOUND, param="model"
        )
    except VLLMServerError:
        raise
    except Exception as error:  # noqa: BLE001 - an engine in another process says no more than that
        return serving.create_error_response(one_line(error), param="model")
    request.model = resolved.lora_name
    return None


async def _load(models: Any, request: LoRARequest) -> None:
    """Have the engine load an adapter now, where what is wrong harms no other request."""
    known = models.lora_requests
    async with models.lora_resolver_lock[request.lora_name]:
        if request.lora_name in known:
            known[request.lora_name] = known.pop(request.lora_name)  # the last one to be forgotten
            return
        request.lora_int_id = models.lora_id_counter.inc(1)
        await models.engine_client.add_lora(request)
        known[request.lora_name] = request
    _forget(models)


def _forget(models: Any) -> None:
    """Forget the names that were not asked for the longest: there is no end of different mixes."""
    own = [n for n, known in models.lora_requests.items() if known.lora_path.startswith(SCHEME)]
    for name in own[: max(0, len(own) - KEPT_NAMES)]:
        del models.lora_requests[name]
    locks = models.lora_resolver_lock
    if len(locks) > 2 * KEPT_NAMES:
        for name in [name for name, lock in locks.items() if not lock.locked()]:
            del locks[name]


@cache
def base_hash(base_model: str) -> str:
    """sha256 of the served model's weights; empty when they are not on this machine."""
    given = os.environ.get(BASE_HASH_VARIABLE, "")
    if given or not base_model:
        return given
    # Not above: it brings LangChain, a third of a second that the start need not wait for.
    from skillweave.agent.serving.weights import hub_folder, weights_hash

    folder = Path(base_model)
    found = folder if folder.is_dir() else hub_folder(base_model)
    return weights_hash(found) if found is not None else ""


def one_line(error: Exception) -> str:
    """What an error says, without what vLLM adds on its way from the engine, and without paths."""
    text = " ".join(str(error).split())
    for wrapped in WRAPPED:
        if match := wrapped.fullmatch(text):
            text = match[1]
    return FILE.sub(r"\1's \2", text) or type(error).__name__
