"""The control without skills: a small network from the words of a command to its actions.

An encoder and a decoder of one GRU layer each with attention (https://arxiv.org/abs/1409.0473),
trained on the same commands that the grammar is learned from. Part of these is held back and says how
well it learned what its split shows.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillweave.evals.suites.scan_grammar import Actions, Phrase
from skillweave.skills.model import Frozen

if TYPE_CHECKING:
    from torch import Tensor, nn

WIDTH = 128
STEPS = 1500
BATCH = 64
RATE = 3e-3
HELD_BACK = 200
LONGEST = 64
PAD, END = 0, 1
Pair = tuple[Phrase, Actions]


class Words(Frozen):
    """Both vocabularies; the numbers 0 and 1 are padding and end."""

    words: tuple[str, ...]
    actions: tuple[str, ...]

    @classmethod
    def of(cls, train: Sequence[Pair]) -> Words:
        words = {word for phrase, _ in train for word in phrase}
        actions = {action for _, told in train for action in told}
        return cls(words=tuple(sorted(words)), actions=tuple(sorted(actions)))

    def asked(self, phrase: Phrase) -> list[int]:
        return [self.words.index(word) + 2 for word in phrase] + [END]

    def told(self, actions: Actions) -> list[int]:
        return [self.actions.index(action) + 2 for action in actions] + [END]


class Direct:
    """A trained network."""

    def __init__(self, words: Words, net: nn.ModuleDict) -> None:
        self._words, self._net = words, net

    def actions(self, phrases: Sequence[Phrase]) -> list[Actions]:
        """What it makes of commands: the likeliest action, one after another."""
        import torch

        with torch.inference_mode():
            asked = _padded([self._words.asked(phrase) for phrase in phrases])
            states, last, mask = _encoded(self._net, asked)
            token = torch.full((len(phrases), 1), END)
            rows: list[list[int]] = [[] for _ in phrases]
            for _ in range(LONGEST):
                scores, last = _decoded(self._net, token, states, last, mask)
                token = scores.argmax(-1)
                for row, value in zip(rows, token[:, 0].tolist(), strict=True):
                    row.append(value)
                if all(END in row or PAD in row for row in rows):
                    break
        return [self._read(row) for row in rows]

    def _read(self, row: Sequence[int]) -> Actions:
        end = next((n for n, value in enumerate(row) if value in (PAD, END)), len(row))
        return tuple(self._words.actions[value - 2] for value in row[:end])


def trained(train: Sequence[Pair], seed: int, cache: Path | None) -> tuple[Direct, float]:
    """A network, and its share of right answers on commands held back from its training.

    Args:
        train: the lines of a split, those too that it repeats: so often should they be seen.
        cache: a folder that keeps the weights for the next time.
    """
    import torch

    rng = random.Random(seed)
    words = Words.of(train)
    held = rng.sample(sorted(set(train)), HELD_BACK if len(train) > 10 * HELD_BACK else 0)
    kept = set(held)
    pairs = [pair for pair in train if pair not in kept]
    torch.manual_seed(seed)
    net = _net(len(words.words) + 2, len(words.actions) + 2)
    file = None if cache is None else cache / f"scan-{_key(train, seed)}.pt"
    if file is not None and file.is_file():
        net.load_state_dict(torch.load(file, weights_only=True))
    else:
        _train(net, words, pairs, rng)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.save(net.state_dict(), file.with_suffix(".new"))
            file.with_suffix(".new").replace(file)
    direct = Direct(words, net)
    answers = direct.actions([phrase for phrase, _ in held]) if held else []
    right = sum(a == told for a, (_, told) in zip(answers, held, strict=True))
    return direct, right / len(held) if held else 0.0


def _train(net: nn.ModuleDict, words: Words, pairs: Sequence[Pair], rng: random.Random) -> None:
    import torch

    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=STEPS)
    coded = [(words.asked(phrase), words.told(actions)) for phrase, actions in pairs]
    coded = sorted(rng.sample(coded, len(coded)), key=lambda pair: len(pair[1]))
    for _ in range(STEPS):
        start = rng.randrange(max(1, len(coded) - BATCH + 1))
        batch = coded[start : start + BATCH]  # of like lengths: padding costs as much as actions do
        told = _padded([one for _, one in batch])
        before = torch.cat([torch.full((len(batch), 1), END), told[:, :-1]], dim=1)
        states, last, mask = _encoded(net, _padded([one for one, _ in batch]))
        scores, _ = _decoded(net, before, states, last, mask)
        loss = torch.nn.functional.cross_entropy(
            scores.flatten(0, 1), told.flatten(), ignore_index=PAD
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()


def _net(words: int, actions: int) -> nn.ModuleDict:
    from torch import nn

    return nn.ModuleDict(
        {
            "words": nn.Embedding(words, WIDTH),
            "actions": nn.Embedding(actions, WIDTH),
            "encoder": nn.GRU(WIDTH, WIDTH, batch_first=True, bidirectional=True),
            "bridge": nn.Linear(2 * WIDTH, WIDTH),
            "key": nn.Linear(2 * WIDTH, WIDTH),
            "decoder": nn.GRU(WIDTH, WIDTH, batch_first=True),
            "out": nn.Linear(2 * WIDTH, actions),
        }
    )


def _encoded(net: nn.ModuleDict, asked: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """States [batch, words, width], the decoder's first state [1, batch, width], mask [batch, words]."""
    import torch

    states, last = net["encoder"](net["words"](asked))
    first = torch.tanh(net["bridge"](torch.cat([last[0], last[1]], dim=-1)))
    return net["key"](states), first.unsqueeze(0), asked != PAD


def _decoded(
    net: nn.ModuleDict, before: Tensor, states: Tensor, last: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Scores [batch, actions, vocabulary] and the decoder's last state."""
    import torch

    found, last = net["decoder"](net["actions"](before), last)
    match = found @ states.transpose(1, 2)
    match = match.masked_fill(~mask.unsqueeze(1), float("-inf"))
    seen = torch.softmax(match, dim=-1) @ states
    scores: Tensor = net["out"](torch.cat([found, seen], dim=-1))
    return scores, last


def _padded(rows: Sequence[Sequence[int]]) -> Tensor:
    import torch

    longest = max(map(len, rows))
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


def _key(train: Sequence[Pair], seed: int) -> str:
    told = repr((train, seed, WIDTH, STEPS, BATCH, RATE, HELD_BACK))
    return hashlib.sha256(told.encode()).hexdigest()[:16]
