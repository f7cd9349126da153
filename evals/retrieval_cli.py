"""``skillweave eval retrieval``: only wiring."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer
from pydantic import BaseModel
from rich.console import Console

Part = Literal["quality", "terms", "shadowing", "scale"]


class Given(NamedTuple):
    """The options, parsed."""

    data: Path
    command: str
    seeds: int
    asked: int
    sizes: tuple[int, ...]
    cache: Path
    root: Path | None
    rebuild: bool
    before: str
    tell: Callable[[str], None]
    write: Callable[[BaseModel, str], None]
    """Figures and their plot, as far as they go."""


def retrieval(  # noqa: PLR0913 - the options of a command
    data: Annotated[
        Path | None, typer.Option(help="Folder with metatool and bfcl; else SKILLWEAVE_DATA.")
    ] = None,
    part: Annotated[
        Part,
        typer.Option(help="Right skills found; terms of their own; among many others; cost."),
    ] = "quality",
    seeds: Annotated[int, typer.Option(min=1, help="Splits of the queries.")] = 3,
    asked: Annotated[int, typer.Option(min=1, help="Queries asked in each split.")] = 2000,
    size: Annotated[
        list[int] | None, typer.Option(help="Other skills (shadowing), or skills (scale).")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Keep embeddings in this file, for the next time.")
    ] = None,
    library: Annotated[
        Path | None, typer.Option(help="Shadowing leaves its library here; scale measures it.")
    ] = None,
    rebuild: Annotated[bool, typer.Option(help="Scale: measure a rebuild too.")] = True,
    go_on: Annotated[
        bool, typer.Option("--go-on", help="Scale: keep the sizes that --out holds already.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Write here, and a plot beside, as it goes."),
    ] = None,
) -> None:
    """Ask libraries for the right skill: MetaTool and BFCL, each ranking term left out in turn.

    Example: skillweave eval retrieval --data data --out evals/figures/retrieval.json
    """
    from skillweave.evals.retrieval_data import data_folder

    folder = data_folder(data)
    console = Console(stderr=True)
    words = ["skillweave eval retrieval", f"--part {part}"]
    words += [f"--seeds {seeds}"] if part == "quality" else []
    words += [f"--asked {asked}"] if part != "scale" else []
    words += [f"--size {one}" for one in size or ()]
    words += ["--library ..."] if library is not None else []
    words += ["--no-rebuild"] if not rebuild else []
    latest: list[BaseModel] = []

    def write(figures: BaseModel, plot: str) -> None:
        latest[:] = [figures]
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(figures.model_dump_json(indent=2) + "\n", encoding="utf-8")
            if plot:
                out.with_suffix(".svg").write_text(plot, encoding="utf-8")

    with tempfile.TemporaryDirectory() as temporary:
        before = ""
        if go_on and out is not None:
            with suppress(FileNotFoundError):
                before = out.read_text(encoding="utf-8")
        given = Given(
            data=folder,
            command=" ".join(words),
            seeds=seeds,
            asked=asked,
            sizes=tuple(size or ()),
            cache=cache or Path(temporary) / "vectors.sqlite",
            root=library,
            rebuild=rebuild,
            before=before,
            tell=lambda text: console.print(text, highlight=False),
            write=write,
        )
        {"quality": _quality, "terms": _terms, "shadowing": _shadowing, "scale": _scale}[part](
            given
        )
    if out is None:
        typer.echo(latest[0].model_dump_json(indent=2))
    else:
        typer.echo(f"written to {out}", err=True)


def _quality(given: Given) -> None:
    from skillweave.evals.retrieval import run_retrieval
    from skillweave.evals.retrieval_embed import BulkMiniLM
    from skillweave.evals.retrieval_plots import growth_svg
    from skillweave.store.embed import EmbeddingCache

    run_retrieval(
        given.data,
        EmbeddingCache(BulkMiniLM(), given.cache),
        seeds=given.seeds,
        asked=given.asked,
        command=given.command,
        tell=given.tell,
        keep=lambda figures: given.write(figures, growth_svg(figures)),
    )


def _terms(given: Given) -> None:
    from skillweave.evals.retrieval_embed import BulkMiniLM
    from skillweave.evals.retrieval_terms import run_terms
    from skillweave.store.embed import EmbeddingCache

    embedder = EmbeddingCache(BulkMiniLM(), given.cache)
    found = run_terms(
        given.data, embedder, asked=given.asked, command=given.command, tell=given.tell
    )
    given.write(found, "")


def _shadowing(given: Given) -> None:
    from skillweave.evals.retrieval_embed import BulkMiniLM
    from skillweave.evals.retrieval_plots import shadowing_svg
    from skillweave.evals.retrieval_shadowing import JOINING, run_shadowing
    from skillweave.store.embed import EmbeddingCache

    figures = run_shadowing(
        given.data,
        EmbeddingCache(BulkMiniLM("bfloat16"), given.cache),
        given.sizes or JOINING,
        asked=given.asked,
        command=given.command,
        tell=given.tell,
        keep=lambda figures: given.write(figures, shadowing_svg(figures)),
        root=given.root,
    )
    given.write(figures, shadowing_svg(figures))


def _scale(given: Given) -> None:
    from skillweave.evals.retrieval_figures import ScaleFigures
    from skillweave.evals.retrieval_plots import scale_svg
    from skillweave.evals.retrieval_scale import SIZES, Job, run_scale

    earlier = ScaleFigures.model_validate_json(given.before).sizes if given.before else ()
    run_scale(
        Job(given.data, given.cache, root=given.root, rebuild=given.rebuild),
        given.sizes or SIZES,
        command=given.command,
        tell=given.tell,
        keep=lambda figures: given.write(figures, scale_svg(figures)),
        before=earlier,
    )
