"""The model card of nano: data, tokens, loss, scores, limits; written from what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from skillweave.agent.nano.reader import WEIGHTS
from skillweave.agent.nano.score import GOALS, Scores
from skillweave.agent.nano.train import read_log

CARD: Final = "README.md"

_TEXT: Final = """---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
---

# {size}

The embedded base model of skillweave, in two parts:

- the *reader* cuts a request in everyday English into steps, and says so when a request lies beyond
  it. It is a LoRA adapter on all-MiniLM-L6-v2, the encoder that the library searches with, and a
  decoder that points at words of the request: {reader_parameters:,} trained parameters;
- *nano* itself, a Llama of {parameters:,} parameters trained from scratch, served by vLLM: it fills
  the parameters of tools that retrieval found, finds words for small talk, plans anew when a step
  has failed, and carries the adapters.

Both know no skill by name and no facts, and cannot write prose or code.

## Data

Requests over text, numbers, lists, tables, dates, units and JSON with their plans, parameters to
fill, small talk, open questions to be declined, and small text tasks (`agent/nano/corpus`). A little
under half of the requests are composed of phrases at random; the others are wordings written by
hand (`handwritten/`), with values drawn anew each time. One handwritten request in ten is held out (the
row `written` below), as are phrases, templates and wordings of every other part. Words come from
the vocabulary of all-MiniLM-L6-v2 (Apache-2.0) and from a syllable generator; one word in ten is
kept out of training. Quoted texts, numbers, lists, tables, dates and their like are found by rules
(`agent/nano/literals.py`) and stand in the request as letters; the one request in fifty in which
the rules would cut a value otherwise than it was meant is drawn again, in training and for the
scores. A plan line is a clause of the request as it stands there, with its values marked, so that
planning is cutting and copying.

Requests of training have at most eight steps: a first run that stopped at four never planned more
than four lines, whatever was asked. Step numbers start anywhere between 1 and 12, as they do within
a conversation. The row `longer` below says how far this carries.

## Training

| | |
|---|---|
| optimiser | Muon for matrices, AdamW with {other_rate} times their rate for the rest |
| command | `skillweave nano train --out FOLDER`, and with `--from` for a further run |

nano:

| run | tokens, padding included | tokens of a batch | rate | seed | loss at the end, nats per answer token |
|---|---|---|---|---|---|
{runs}
{notes}
The reader (`skillweave nano train-reader --out FOLDER`, and with `--from` for a further run) learns the
plans of the same corpus by AdamW, at a rate that stays for a while and then falls along a cosine:

| run | examples | batch, tokens | rate, and the share after which it falls | seed | loss, nats per sign |
|---|---|---|---|---|---|
{reader_runs}
{reader_notes}
## Scores

Exact match of the whole answer, {n} held-out requests of each sort (`skillweave nano score`,
seed {score_seed}; 95 % Wilson interval): plans as the reader finds them first, arguments and words
by nano, greedily. The last column, where it was measured, has the plans that nano writes without
the reader. A goal in the third column is what a release should reach.

| sort | what | goal | exact | interval | without the reader |
|---|---|---|---|---|---|
{rows}

False refusals: {false_refusals:.1%} of plannable held-out requests are declared beyond it. False attempts:
{false_attempts:.1%} of held-out requests beyond it get a plan all the same; most of those end at
retrieval, where nothing fits.

{machine}; {versions}.
"""


def card_text(training: dict[str, Any], reader: dict[str, Any], scores: Scores) -> str:
    """The card as Markdown.

    Args:
        training: what the training of nano has written about itself.
        reader: the same of the reader.
    """
    rows = []
    for s in scores.scores:
        goal = f"{GOALS[s.kind]:.0%}" if s.kind in GOALS else ""
        alone = "" if s.alone is None else f"{s.alone:.1%}"
        interval = f"{s.low:.1%} - {s.high:.1%}"
        rows.append(f"| {s.kind} | {s.what} | {goal} | {s.exact:.1%} | {interval} | {alone} |")
    runs = list(_runs(training))
    return _TEXT.format(
        **{**training, "notes": _notes(training)},
        reader_parameters=reader["parameters"],
        reader_notes=_notes(reader),
        reader_runs="\n".join(
            _reader_row(number, run) for number, run in enumerate(_runs(reader), start=1)
        ),
        runs="\n".join(_row(number, run) for number, run in enumerate(runs, start=1)),
        rows="\n".join(rows),
        n=scores.scores[0].n,
        score_seed=scores.seed,
        false_refusals=scores.false_refusals,
        false_attempts=scores.false_attempts,
        machine=scores.machine,
        versions=", ".join(f"{name} {version}" for name, version in scores.versions.items()),
    )


def _runs(training: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The run that made the model, after those that it went on from."""
    if before := training.get("continues"):
        yield from _runs(before)
    yield training


def _notes(training: dict[str, Any]) -> str:
    return "".join(f"\n{note}\n" for run in _runs(training) for note in run.get("notes", ()))


def _row(number: int, run: dict[str, Any]) -> str:
    schedule = ", ".join(f"{rate:.4f} at {tokens / 1e6:.2f} M" for tokens, rate in run["schedule"])
    figures = (f"{run['tokens']:,}", f"{run['batch']:,}", schedule)
    return f"| {number} | {' | '.join(figures)} | {run['seed']} | {run['final_loss']:.4f} |"


def _reader_row(number: int, run: dict[str, Any]) -> str:
    figures = (f"{run['examples']:,}", f"{run['batch']:,}", f"{run['rate']}, {run['flat']:.0%}")
    return f"| {number} | {' | '.join(figures)} | {run['seed']} | {run['final_loss']:.4f} |"


def write_card(folder: Path, scores: Scores) -> Path:
    """Write the card beside the weights in ``folder``, which `train` has written."""
    card = folder / CARD
    card.write_text(card_text(read_log(folder), read_log(WEIGHTS.parent), scores), "utf-8")
    return card
