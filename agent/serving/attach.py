"""Attaching to an OpenAI-compatible server that somebody else runs."""

from __future__ import annotations

from pathlib import Path

import httpx
from pydantic import SecretStr

from skillweave.agent.serving.handle import Served, ServedModel
from skillweave.agent.serving.weights import profile_of, weights_hash
from skillweave.agent.settings import Settings
from skillweave.skills.errors import ServerError
from skillweave.skills.model import Frozen

ATTACH_SECONDS = 10.0


class Card(Frozen):
    """What ``/v1/models`` says of a base model."""

    id: str
    root: str = ""


async def attach(address: str, settings: Settings) -> ServedModel:
    """Attach to ``http://host:port[/v1][#model]``; without ``#model`` to its first base model."""
    url, _, wanted = address.partition("#")
    url = url.rstrip("/")
    url = url if url.endswith("/v1") else f"{url}/v1"
    headers = {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"}
    async with httpx.AsyncClient(timeout=ATTACH_SECONDS, headers=headers) as client:
        card = await _card(client, url, wanted)
        adapters = await _loads_adapters(client, url)
    return ServedModel(_served(card, url, settings.api_key, supports_adapters=adapters), settings)


def _served(card: Card, url: str, api_key: SecretStr, *, supports_adapters: bool) -> Served:
    """What is known of the model; its hash only when its folder is on this machine."""
    folder = Path(card.root)
    local = folder.is_absolute() and folder.is_dir()
    return Served(
        url=url,
        name=card.id,
        profile=profile_of(folder, card.id) if local or card.id == "nano" else "chat",
        base_hash=weights_hash(folder) if local else "",
        supports_adapters=supports_adapters,
        api_key=api_key,
    )


async def _card(client: httpx.AsyncClient, url: str, wanted: str) -> Card:
    try:
        response = await client.get(f"{url}/models")
        response.raise_for_status()
        models = response.json()["data"]
        cards = [Card(id=m["id"], root=m.get("root") or "") for m in models if not m.get("parent")]
    except httpx.HTTPError as error:
        raise ServerError(f"no model server answers at {url}: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ServerError(f"{url}/models does not list models as OpenAI's interface does") from None
    for card in cards:
        if card.id == wanted or not wanted:
            return card
    names = ", ".join(card.id for card in cards) or "none"
    raise ServerError(f"{url} serves no model {wanted!r}; it serves {names}")


async def _loads_adapters(client: httpx.AsyncClient, url: str) -> bool:
    """Whether adapters can be loaded at run time: the route exists, and refuses an empty request."""
    try:
        response = await client.post(f"{url}/load_lora_adapter", json={})
    except httpx.HTTPError:
        return False
    return response.status_code in (400, 422)
