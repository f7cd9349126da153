"""The library of the games: four tools, and one adapter of nano for every game, trained here.

The adapters are trained by behaviour cloning on the train fold (`twx_demos`) and kept in the state folder
under the hash of the base they were trained on; other weights of nano need other adapters.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from skillweave.agent.nano.lora import BASE, LoraRecipe, train_adapter
from skillweave.agent.nano.train import TrainProgress
from skillweave.agent.serving.weights import NANO, weights_hash
from skillweave.agent.settings import Settings
from skillweave.evals.sources import DataMissingError
from skillweave.evals.suites.twx_demos import Demo, Lessons, demos_of
from skillweave.evals.suites.twx_games import GAMES
from skillweave.skills.drop import WrappedSkill, wrap
from skillweave.skills.folder import PREFIX
from skillweave.skills.model import Skill

TOOLS = Path(__file__).with_name("twx_tools.py")
RANK = 16
EXAMPLES = 8
"""Tasks of the train fold that say, as example requests, what an adapter is for."""
BATCH = 256
"""Pieces in a step: few, because what must be learned is where to look, which takes steps."""
TOKENS: Mapping[str, int] = {
    "cookingworld": 120_000,
    "twc": 80_000,
    "coin": 8_000,
    "arithmetic": 90_000,
    "mapreader": 110_000,
    "sorting": 30_000,
    "simonsays": 40_000,
    "peckingorder": 14_000,
}
"""Pieces that an adapter is trained on, padding included."""
ABOUT: Mapping[str, str] = {
    "cookingworld": "Cook a delicious meal: check the cookbook for the recipe, once done, enjoy it.",
    "twc": "Pick up objects, and place them in their usual locations.",
    "coin": "Search the environment for the coin, and take it.",
    "arithmetic": "Solve the math problem, pick up the item with the same quantity as the answer, and "
    "place it in the box.",
    "mapreader": "Take the coin from one place on a map, and put it into the box found in another.",
    "sorting": "Sort objects by quantity: place them in the box, the smallest quantity first.",
    "simonsays": "Do exactly what Simon says.",
    "peckingorder": "Read and follow the instructions book, repeat until the game is completed.",
}
NEEDS: Mapping[str, tuple[str, ...]] = {
    "twc": ("first-unused",),
    "arithmetic": ("calculate", "thing-of-quantity"),
    "sorting": ("sort-by-quantity",),
    "mapreader": ("next-place",),
    "simonsays": ("list-items",),
}
"""Tools that a game's policy was taught to ask for."""


def name_of(game: str) -> str:
    """Of a game's adapter."""
    return f"play-{game}"


def right_for(game: str) -> tuple[str, ...]:
    """All skills that are right for a game."""
    return (name_of(game), *NEEDS.get(game, ()))


def home() -> Path:
    """Where the adapters for nano's present weights are kept."""
    return Settings.load().state_dir / "evals" / "twx" / weights_hash(NANO)[:12]


def skills_in(folder: Path) -> list[WrappedSkill]:
    """Tools and adapters.

    Raises:
        DataMissingError: an adapter is missing.
    """
    for game in GAMES:
        if not (folder / name_of(game)).is_dir():
            raise DataMissingError(
                f"nano has no adapter for {game} yet; `skillweave eval twx` trains those of all games"
            )
    return [*wrap(TOOLS), *(one for game in GAMES for one in wrap(folder / name_of(game)))]


def train_all(
    folder: Path,
    games: Sequence[str] = GAMES,
    *,
    seeds: Sequence[int] | None = None,
    tokens: Mapping[str, int] = TOKENS,
    tell: Callable[[str, float], None] = lambda told, done: None,
) -> None:
    """Train the adapters of these games and write them as skills; those there are, are replaced.

    Args:
        seeds: of the train fold; all when None.
        tell: hears what goes on, and how far the game at work is.
    """
    for game in games:
        tell(f"{game}: playing the train fold", 0.0)
        train_one(folder, game, demos_of(game, seeds), tokens[game], tell)


def train_one(
    folder: Path,
    game: str,
    demos: Sequence[Demo],
    tokens: int,
    tell: Callable[[str, float], None] = lambda told, done: None,
) -> None:
    """Train the adapter of one game on demonstrations, and write it as a skill; see `train_all`."""

    def heard(at: TrainProgress) -> None:
        tell(f"{game}: loss {at.loss:.4f}", at.seen / at.total)

    recipe = LoraRecipe(rank=RANK, tokens=tokens, tokens_per_batch=BATCH)
    with tempfile.TemporaryDirectory(prefix="skillweave-twx-") as scratch:
        adapter = Path(scratch) / "adapter"
        train_adapter(NANO, Lessons(demos).draw, adapter, recipe, progress=heard)
        _wrapped(game, weights_hash(NANO), tasks_of(demos), adapter).write(folder / name_of(game))


def tasks_of(demos: Sequence[Demo]) -> tuple[str, ...]:
    """The first different tasks of demonstrations, as example requests."""
    return tuple(dict.fromkeys(demo.state.task for demo in demos))[:EXAMPLES]


def _wrapped(game: str, base: str, tasks: tuple[str, ...], adapter: Path) -> WrappedSkill:
    skill = Skill(
        name=name_of(game),
        description=ABOUT[game],
        kind="adapter",
        body=f"A LoRA adapter of {BASE} that says what to do next in the game {game}.\n",
        metadata={f"{PREFIX}base": base},
        requests=tasks,
    )
    files = {f"adapter/{file.name}": file.read_bytes() for file in adapter.iterdir()}
    return WrappedSkill(skill=skill, files=files, source=adapter)
