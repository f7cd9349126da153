"""What identifies a base model: the hash of its weights, and the profile its folder names."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from skillweave.agent.handle import ProfileName

NANO = Path(__file__).parents[1] / "nano" / "weights"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def weights_hash(folder: Path) -> str:
    """sha256 of ``model.safetensors``; of several shards, the sha256 of their hashes in name order.

    In the Hugging Face cache a large file is a link to a blob named by its sha256: it is not read.
    Empty when the folder has no safetensors weights.
    """
    hashes = [_file_hash(file) for file in sorted(folder.glob("*.safetensors"))]
    if len(hashes) <= 1:
        return "".join(hashes)
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def hub_folder(name: str) -> Path | None:
    """Where the Hugging Face cache holds a model; None when it does not."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(name, "config.json")
    return Path(config).parent if isinstance(config, str) else None


def profile_of(folder: Path, name: str) -> ProfileName:
    """``nano`` when the model's ``config.json`` says ``"skillweave_profile": "nano"``."""
    if name == "nano":
        return "nano"
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "chat"
    return "nano" if config.get("skillweave_profile") == "nano" else "chat"


def _file_hash(file: Path) -> str:
    blob = file.resolve().name
    if _SHA256.fullmatch(blob):
        return blob
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
