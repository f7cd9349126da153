"""What a train split of SCAN teaches: words with a meaning, operators, and which of them binds looser.

Written by hand is the space that is searched, and nothing of SCAN's words or actions: a command is a
word, or an operator of one or two words between, before or behind phrases; the actions of an operator
are those of its phrases in some order and number, with constants between. Learned are the words that
mean something and what, the operators with their templates, the words that name the constant of a
template (so that what is seen with one of them holds with the others), and the binding. Grammars of
such rules were induced from examples by https://arxiv.org/abs/2003.05562 too, there by a trained network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from skillweave.evals.suites.scan_templates import (
    Template,
    apply,
    best,
    common,
    lifted,
    solved,
)
from skillweave.skills.model import Frozen

Phrase = tuple[str, ...]
Actions = tuple[str, ...]
PHRASE = "_"
WORD = "*"
"""In a pattern: a phrase of any length, and a word that names a constant."""
SUPPORT = 2
"""Different examples that a rule must explain before it is believed."""
MOST_WORDS = 2


class Operator(Frozen):
    """``walk opposite left`` is ``("_", "opposite", "*")`` on ``walk`` and ``left``."""

    pattern: tuple[str, ...]
    template: Template

    @property
    def words(self) -> tuple[str, ...]:
        """Those that stand for themselves."""
        return tuple(part for part in self.pattern if part not in (PHRASE, WORD))

    def splits(self, phrase: Phrase) -> Iterator[tuple[Phrase, ...]]:
        """Every way to read a phrase by this pattern: what stands for each part that is open."""
        first = 1 if self.pattern[0] == PHRASE else 0
        last = 1 if self.pattern[-1] == PHRASE else 0
        middle = self.pattern[first : len(self.pattern) - last]
        for start in range(first, len(phrase) - len(middle) - last + 1):
            end = start + len(middle)
            if (start > 0) != bool(first) or (end < len(phrase)) != bool(last):
                continue
            inner = phrase[start:end]
            if all(part in (WORD, word) for part, word in zip(middle, inner, strict=True)):
                named = [(w,) for part, w in zip(middle, inner, strict=True) if part == WORD]
                yield (*[phrase[:start]] * first, *named, *[phrase[end:]] * last)


class Tree(Frozen):
    """A phrase, read: an operator on trees, or a word alone."""

    phrase: Phrase
    operator: Operator | None = None
    arguments: tuple[Tree, ...] = ()


class Grammar(Frozen):
    """What was learned."""

    lexicon: Mapping[str, Actions]
    """Words that are phrases."""
    names: Mapping[str, Actions]
    """Words that name a constant of templates."""
    operators: tuple[Operator, ...]
    """The one that binds loosest comes first."""

    @cached_property
    def _trees(self) -> dict[Phrase, Tree | None]:
        return {}

    def parse(self, phrase: Phrase) -> Tree | None:
        """How a phrase is to be read; None when it cannot be."""
        if phrase not in self._trees:
            self._trees[phrase] = self._parse(phrase)
        return self._trees[phrase]

    def _parse(self, phrase: Phrase) -> Tree | None:
        if len(phrase) == 1 and phrase[0] in self.lexicon:
            return Tree(phrase=phrase)
        for operator in self.operators:
            for split in operator.splits(phrase):
                open_parts = [part for part in operator.pattern if part in (PHRASE, WORD)]
                trees: list[Tree] = []
                for part, inner in zip(open_parts, split, strict=True):
                    tree = self._name(inner) if part == WORD else self.parse(inner)
                    if tree is None:
                        break
                    trees.append(tree)
                if len(trees) == len(split):
                    return Tree(phrase=phrase, operator=operator, arguments=tuple(trees))
        return None

    def _name(self, word: Phrase) -> Tree | None:
        return Tree(phrase=word) if word[0] in self.names else None

    def meaning(self, word: str) -> Actions:
        """The actions of a word."""
        return self.lexicon[word] if word in self.lexicon else self.names[word]

    def actions(self, tree: Tree) -> Actions:
        """What a phrase that was read means."""
        if tree.operator is None:
            return self.meaning(tree.phrase[0])
        return apply(tree.operator.template, [self.actions(one) for one in tree.arguments])


def induce(train: Mapping[Phrase, Actions]) -> Grammar:
    """Learn from the commands of a train split, the shortest first."""
    learner = _Learner(train)
    for length in sorted({len(phrase) for phrase in train}):
        learner.take_in([phrase for phrase in train if len(phrase) == length])
    return learner.grammar()


class _Learner:
    """Explains ever longer commands; a new rule comes only where the old ones do not suffice."""

    def __init__(self, train: Mapping[Phrase, Actions]) -> None:
        self._train = train
        self._lexicon: dict[str, Actions] = {}
        self._operators: list[Operator] = []
        self._read: dict[Phrase, Actions | None] = {}

    def take_in(self, phrases: Sequence[Phrase]) -> None:
        """All commands of one length."""
        if len(phrases[0]) == 1:
            self._lexicon.update({phrase[0]: self._train[phrase] for phrase in phrases})
            return
        for size in range(1, MOST_WORDS + 1):
            phrases = [phrase for phrase in phrases if not self._explained(phrase)]
            self._operators += self._proposed(phrases, size)
            self._lexicon.update(self._words_in(phrases))
            self._read.clear()

    def grammar(self) -> Grammar:
        """The rules, with the constants that words name made open, in the order of their binding."""
        names, rules = lifted({one.pattern: one.template for one in self._operators}, SUPPORT)
        operators = [Operator(pattern=p, template=t) for p, t in rules.items()]
        return Grammar(
            lexicon=self._lexicon, names=names, operators=self._ordered(operators, names)
        )

    def _value(self, phrase: Phrase) -> Actions | None:
        """What a phrase means: as a command, as a word, or as all readings have it that the rules allow."""
        known = self._train.get(phrase)
        if known is None and len(phrase) == 1:
            return self._lexicon.get(phrase[0])
        if known is None and phrase not in self._read:
            self._read[phrase] = None
            readings = set(self._readings(phrase))
            self._read[phrase] = readings.pop() if len(readings) == 1 else None
        return self._read[phrase] if known is None else known

    def _readings(self, phrase: Phrase) -> Iterator[Actions]:
        for operator in self._operators:
            for split in operator.splits(phrase):
                told = [value for inner in split if (value := self._value(inner)) is not None]
                if len(told) == len(split):
                    yield apply(operator.template, told)

    def _explained(self, phrase: Phrase) -> bool:
        return any(value == self._train[phrase] for value in self._readings(phrase))

    def _proposed(self, phrases: Sequence[Phrase], size: int) -> list[Operator]:
        """Operators of so many words that explain all unexplained commands they occur in."""
        found: dict[Phrase, dict[tuple[Actions, ...], Actions]] = defaultdict(dict)
        for phrase in phrases:
            for start in range(len(phrase) - size + 1):
                outer = [part for part in (phrase[:start], phrase[start + size :]) if part]
                values = [value for part in outer if (value := self._value(part)) is not None]
                if outer and len(values) == len(outer):
                    pattern = (
                        *[PHRASE] * (start > 0),
                        *phrase[start : start + size],
                        *[PHRASE] * (start + size < len(phrase)),
                    )
                    found[pattern][tuple(values)] = self._train[phrase]
        operators = []
        for pattern, examples in found.items():
            templates = common(list(examples.items())) if len(examples) >= SUPPORT else set()
            if templates:
                operators.append(Operator(pattern=pattern, template=best(templates)))
        return operators

    def _words_in(self, phrases: Sequence[Phrase]) -> dict[str, Actions]:
        """Words that are no command, from commands in which they are all that is unknown."""
        found: dict[str, list[Actions]] = defaultdict(list)
        for phrase in phrases:
            for operator in self._operators:
                for split in operator.splits(phrase):
                    values = [self._value(inner) for inner in split]
                    unknown = [n for n, value in enumerate(values) if value is None]
                    if len(unknown) == 1 and len(split[unknown[0]]) == 1:
                        meant = solved(operator.template, values, self._train[phrase])
                        if meant is not None:
                            found[split[unknown[0]][0]].append(meant)
        return {w: told[0] for w, told in found.items() if len(told) >= SUPPORT == len(told)
                or (len(told) > SUPPORT and len(set(told)) == 1)}  # fmt: skip

    def _ordered(
        self, operators: Sequence[Operator], names: Mapping[str, Actions]
    ) -> tuple[Operator, ...]:
        """The loosest first: where two readings of a command differ, its actions tell which holds."""
        wins: dict[tuple[int, int], int] = defaultdict(int)
        for phrase, actions in self._train.items():
            right: set[int] = set()
            wrong: set[int] = set()
            for number, operator in enumerate(operators):
                for split in operator.splits(phrase):
                    values = [names.get(s[0]) if s[0] in names else self._value(s) for s in split]
                    told = [value for value in values if value is not None]
                    if len(told) == len(values):
                        (right if apply(operator.template, told) == actions else wrong).add(number)
            for pair in ((a, b) for a in right for b in wrong - right):
                wins[pair] += 1
        numbers = range(len(operators))
        beaten = [sum(wins[n, m] > wins[m, n] for m in numbers) for n in numbers]
        return tuple(operators[n] for n in sorted(numbers, key=lambda n: -beaten[n]))
