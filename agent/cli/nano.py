"""`skillweave nano`: train and measure the embedded model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from skillweave.agent.nano.score import Scores
    from skillweave.agent.nano.train import TrainProgress

app = typer.Typer(help="Train and measure nano, the embedded model.")

Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights", help="A folder that `nano train` wrote.", file_okay=False, exists=True
    ),
]
Batch = Annotated[
    int | None, typer.Option(min=400, help="Tokens of a batch; a GPU wants some 32,000.")
]
SAID_EVERY = 0.05
"""Share of the tokens after which a run without a terminal says where it stands."""


@app.command()
def train(
    out: Annotated[Path, typer.Option("--out", help="Where weights and checkpoints go.")],
    size: Annotated[Literal["nano", "nano-plus"], typer.Option(help="Which model.")] = "nano",
    tokens: Annotated[int | None, typer.Option(min=1, help="How many tokens to see.")] = None,
    batch: Batch = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same corpus and weights.")] = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Train this model further.", file_okay=False, exists=True),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Train nano by the recipe of this repository, from scratch or from an earlier model.

    It can be stopped at any time; --resume goes on from the last checkpoint.

    Example: skillweave nano train --out ./nano --tokens 16000000
    """
    from skillweave.agent.nano.train import Recipe, train

    usual = Recipe(size=size)
    recipe = replace(usual, batch=batch or usual.batch, seed=usual.seed if seed is None else seed)
    if tokens is not None:
        recipe = recipe.scaled(tokens)
    with _reporting(recipe.tokens) as report:
        train(out, recipe, start=start, resume=resume, threads=threads, progress=report)
    typer.echo(f"the model is in {out}")


@app.command()
def train_reader(
    out: Annotated[Path, typer.Option("--out", help="Where weights and checkpoints go.")],
    examples: Annotated[int | None, typer.Option(min=1, help="How many examples to see.")] = None,
    batch: Batch = None,
    rate: Annotated[float | None, typer.Option(min=0.0, help="Learning rate at its peak.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same examples.")] = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Train this reader further.", file_okay=False, exists=True),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Train nano's reader, which cuts requests into steps: LoRA on MiniLM, and a decoder.

    It can be stopped at any time; --resume goes on from the last checkpoint.

    Example: skillweave nano train-reader --out ./reader --examples 20000
    """
    from skillweave.agent.nano.reader.train import Recipe, train_reader

    usual = Recipe()
    recipe = replace(
        usual,
        examples=examples or usual.examples,
        batch=batch or usual.batch,
        rate=usual.rate if rate is None else rate,
        seed=usual.seed if seed is None else seed,
    )
    with _reporting(recipe.examples) as report:
        train_reader(out, recipe, start=start, resume=resume, threads=threads, progress=report)
    typer.echo(f"the reader is in {out}")


@app.command()
def mean_reader(
    readers: Annotated[
        list[Path], typer.Argument(help="Folders of `train-reader`.", file_okay=False, exists=True)
    ],
    out: Annotated[Path, typer.Option("--out", help="Where their mean goes.")],
) -> None:
    """Average readers that went on from the same one, on other examples each.

    The first may also be the one that the others went on from.

    Example: skillweave nano mean-reader ./first ./second --out ./reader
    """
    from skillweave.agent.nano.reader.mean import mean_reader

    mean_reader(readers, out)
    typer.echo(f"the mean of {len(readers)} readers is in {out}")


@app.command()
def card(weights: Weights = None) -> None:
    """Print the model card: data, tokens, loss, scores.

    Example: skillweave nano card
    """
    from skillweave.skills.errors import UserError

    file = _model_in(weights) / "README.md"
    if not file.is_file():
        raise UserError(
            f"{file}: there is no model card; `skillweave nano score` measures the model"
        )
    typer.echo(file.read_text(encoding="utf-8"))


@app.command()
def score(
    weights: Weights = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Requests of each sort.")] = 500,
    seed: Annotated[int, typer.Option(help="Same seed, same requests.")] = 7,
    alone: Annotated[bool, typer.Option(help="Also plan without the reader.")] = True,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write the scores to this file, as JSON.")
    ] = None,
    card: Annotated[bool, typer.Option("--card", help="Also write the model card.")] = False,
) -> None:
    """Measure nano on the held-out sets.

    Example: skillweave nano score -n 100 --out scores.json
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.nano.score import score

    progress = open_console(stderr=True)
    with progress.status("loading the model") as status:
        scores = score(
            _model_in(weights),
            n=n,
            seed=seed,
            alone=alone,
            progress=lambda kind: status.update(f"scoring {kind}"),
        )
    open_console().print(_scores_table(scores))
    if out is not None:
        out.write_text(scores.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if card:
        from skillweave.agent.nano.card import write_card

        typer.echo(f"wrote {write_card(_model_in(weights), scores)}")


@app.command()
def adapters(
    skills: Annotated[Path, typer.Option("--skills", help="The folder of the skills.")],
    weights: Weights = None,
    task: Annotated[
        list[str] | None, typer.Option("--task", help="One adapter only; may be repeated.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Training seeds; the first one ships.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Train the adapter skills that ship with nano, and measure them on held-out pairs.

    Example: skillweave nano adapters --skills skills/builtin --task sentiment
    """
    from rich.console import Console

    from skillweave.agent.nano.adapters.build import build
    from skillweave.agent.nano.adapters.tasks import TASKS
    from skillweave.skills.errors import UserError

    unknown = sorted(set(task or ()) - TASKS.keys())
    if unknown:
        raise UserError(f"--task {unknown[0]}: the adapters are {', '.join(TASKS)}")
    console = Console(stderr=True, highlight=False)

    def report(name: str, at: TrainProgress | None) -> None:
        if at is None:
            console.print(name)
        else:
            status.update(f"{name}: {at.seen / at.total:.0%}  {_told(at)}")

    with console.status("loading the model") as status:
        build(
            _model_in(weights),
            skills,
            tasks=task or tuple(TASKS),
            seeds=range(1, seeds + 1),
            threads=threads,
            progress=report,
        )


def _model_in(weights: Path | None) -> Path:
    """The given folder, or the one that is shipped; refused when it holds no model."""
    from skillweave.agent.serving.weights import NANO
    from skillweave.skills.errors import UserError

    folder = weights or NANO
    if not (folder / "config.json").is_file():
        raise UserError(
            f"{folder} holds no model; `skillweave nano train --out {folder}` makes one"
        )
    return folder


def _scores_table(scores: Scores) -> RenderableType:
    from rich.console import Group
    from rich.table import Table

    table = Table("sort", "exact", "95 % interval", "without reader", "what", box=None)
    for row in scores.scores:
        alone = "" if row.alone is None else f"{row.alone:.1%}"
        interval = f"{row.low:.1%} - {row.high:.1%}"
        table.add_row(row.kind, f"{row.exact:.1%}", interval, alone, row.what)
    refusals = f"false refusals {scores.false_refusals:.1%}"
    return Group(table, f"{refusals}, false attempts {scores.false_attempts:.1%}")


@contextmanager
def _reporting(total: int) -> Iterator[Callable[[TrainProgress], None]]:
    """A bar on a terminal, else a line every 5 %."""
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from skillweave.agent.cli.console import open_console

    console = open_console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (
        TextColumn("training"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %  {task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("training", total=total, told="getting ready")

        def report(at: TrainProgress) -> None:
            bar.update(task, completed=at.seen, told=_told(at))

        yield report


def _lines(console: Console) -> Callable[[TrainProgress], None]:
    said = -SAID_EVERY

    def report(at: TrainProgress) -> None:
        nonlocal said
        share = min(1.0, at.seen / at.total)  # the last batch goes over
        if share >= said + SAID_EVERY:
            said = share
            console.print(f"{share:.0%}  {_told(at)}", soft_wrap=True)

    return report


def _told(at: TrainProgress) -> str:
    return f"{at.seen:,} {at.unit}, loss {at.loss:.3f}, {at.per_second:,.0f}/s"
