"""``skillweave eval search``: only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from skillweave.evals.search_bench import SearchFigures, Tried


def search(
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Other functions than those that come along."
        ),
    ] = None,
    nodes: Annotated[int, typer.Option(min=1, help="Calls tried for each.")] = 100_000,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds for each.")] = 300,
    seed: Annotated[
        list[int] | None,
        typer.Option(help="Decides which examples are kept back; 0 and 1 if none."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", dir_okay=False, help="Write here.")] = None,
) -> None:
    """Find functions from examples of what they give, with and without mined fragments.

    Example: skillweave eval search --out runs/bench/search.json
    """
    from skillweave.agent.growth.search import Limit
    from skillweave.evals.search_bench import run_search
    from skillweave.evals.search_tasks import FUNCTIONS, builtin_tools, load_functions
    from skillweave.skills.sandbox import Sandbox

    functions = load_functions(file or FUNCTIONS)
    seeds = seed or [0, 1]
    practice = sum(one.part == "practice" for one in functions)
    total = practice + 2 * len(seeds) * (len(functions) - practice)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        Sandbox.open(workers=1) as sandbox,
        Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar,
    ):
        line = bar.add_task("searching", total=total)

        def show(tried: Tried) -> None:
            mark = "[green]right[/]" if tried.right else "[red]not found[/]"
            mark = "[red]wrong[/]" if tried.found and not tried.right else mark
            bar.update(line, advance=1, description=f"{mark} {escape(tried.name)}")

        limit = Limit(nodes=nodes, seconds=seconds)
        figures = run_search(
            functions, builtin_tools(), sandbox, seeds=seeds, limit=limit, on_tried=show
        )
    _write(figures, out)
    for told, one in (
        ("without fragments", figures.without_fragments),
        (f"with {figures.with_fragments.fragments} fragments", figures.with_fragments),
    ):
        line_ = f"{told}: {one.solved} of {one.solvable} solved, {one.wrong} wrong"
        typer.echo(f"{line_}, {one.nodes} calls tried, {one.seconds:g} s", err=True)


def _write(figures: SearchFigures, out: Path | None) -> None:
    text = figures.model_dump_json(indent=2) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    typer.echo(f"written to {out}", err=True)
