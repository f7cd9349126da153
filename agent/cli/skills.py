"""`skillweave skills`: look at, find, add and retire skills."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue

from skillweave.agent.cli import options as opt
from skillweave.skills.model import SkillKind, SkillState

app = typer.Typer(help="Look at, find, add and retire skills.")

Name = Annotated[str, typer.Argument(help="NAME, or NAME@VERSION.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OnlyKind = Annotated[SkillKind | None, typer.Option("--kind", help="Only this kind.")]


@app.command("list")
def list_skills(
    ctx: typer.Context,
    kind: OnlyKind = None,
    state: Annotated[SkillState | None, typer.Option("--state", help="Only in this state.")] = None,
    json: AsJson = False,
    library: opt.LibraryFolder = None,
) -> None:
    """List the skills.

    Example: skillweave skills list --kind tool
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.tables import entry_json, skills_table

    with opt.options_of(ctx, library=library).open_library() as lib:
        found = [
            entry
            for entry in lib.entries()
            if kind in (None, entry.skill.kind) and state in (None, entry.state)
        ]
    if json:
        print_json([entry_json(entry) for entry in found])
    else:
        open_console().print(skills_table(found))


@app.command()
def show(
    ctx: typer.Context,
    name: Name,
    json: AsJson = False,
    library: opt.LibraryFolder = None,
) -> None:
    """Show one skill: what it does, its signature, cases, state and body.

    Example: skillweave skills show word-count
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.tables import skill_view

    with opt.options_of(ctx, library=library).open_library() as lib:
        skill, entry = lib.get(name), lib.entry(name)
    if json:
        print_json(skill.model_dump(mode="json"))
    else:
        open_console().print(skill_view(skill, entry))


@app.command()
def search(
    ctx: typer.Context,
    query: Annotated[list[str], typer.Argument(help="What the skill should do.")],
    kind: OnlyKind = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many.")] = 5,
    explain: Annotated[bool, typer.Option("--explain", help="Show what made the score.")] = False,
    json: AsJson = False,
    library: opt.LibraryFolder = None,
) -> None:
    """Find skills by what they do.

    Example: skillweave skills search count the words -k 3 --explain
    """
    from skillweave.agent.cli.console import open_console
    from skillweave.agent.cli.tables import hit_json, hits_table

    with opt.options_of(ctx, library=library).open_library() as lib:
        hits = lib.search(" ".join(query), kinds=[kind] if kind else None, k=k, explain=explain)
    if json:
        print_json([hit_json(hit) for hit in hits])
    elif hits:
        open_console().print(hits_table(hits, explain=explain))
    else:
        typer.echo("no skill fits", err=True)


@app.command()
def add(
    ctx: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(help="A skill folder, a zip, a .py, a .md or a PEFT adapter.", exists=True),
    ],
    library: opt.LibraryFolder = None,
) -> None:
    """Copy a skill into the library; one of the same name becomes its new version.

    A tool must pass the cases it declares, in the sandbox; one without cases is on probation.

    Example: skillweave skills add ./my_tool.py
    """
    from skillweave.agent.checked import CheckedCases
    from skillweave.agent.growth.admission import check_of_drops
    from skillweave.skills.sandbox import Sandbox

    options = opt.options_of(ctx, library=library)
    checked = CheckedCases(options.settings().state_dir / "checked.jsonl")
    with options.open_library() as lib, Sandbox.open(workers=1) as sandbox:
        added = lib.take(path, check=check_of_drops(lib, sandbox, checked))
    for skill in added:
        typer.echo(f"+ {skill.versioned_name} ({skill.kind})")
        for warning in skill.warnings:
            typer.secho(f"warning: {warning}", fg="yellow", err=True)


@app.command()
def history(
    ctx: typer.Context,
    name: Name,
    json: AsJson = False,
    library: opt.LibraryFolder = None,
) -> None:
    """What happened to a skill: added, used, succeeded, changed state.

    Example: skillweave skills history word-count
    """
    from skillweave.agent.cli.tables import event_line

    with opt.options_of(ctx, library=library).open_library() as lib:
        lib.get(name)
        events = lib.history(name)
    if json:
        print_json([event.model_dump(mode="json") for event in events])
        return
    if not events:
        typer.echo(f"nothing happened to {name} yet", err=True)
    for event in events:
        typer.echo(event_line(event))


@app.command()
def archive(ctx: typer.Context, name: Name, library: opt.LibraryFolder = None) -> None:
    """Take a skill out of use; nothing is deleted.

    Example: skillweave skills archive word-count
    """
    with opt.options_of(ctx, library=library).open_library() as lib:
        lib.archive(name)
    typer.echo(f"archived {name}; skillweave skills restore {name} brings it back")


@app.command()
def restore(ctx: typer.Context, name: Name, library: opt.LibraryFolder = None) -> None:
    """Bring an archived skill, or an earlier version (NAME@VERSION), back into use.

    Example: skillweave skills restore word-count
    """
    with opt.options_of(ctx, library=library).open_library() as lib:
        lib.restore(name)
    typer.echo(f"restored {name}")


@app.command()
def pin(ctx: typer.Context, name: Name, library: opt.LibraryFolder = None) -> None:
    """Exempt a skill from going stale and from being archived by itself.

    Example: skillweave skills pin word-count
    """
    with opt.options_of(ctx, library=library).open_library() as lib:
        lib.pin(name)
    typer.echo(f"pinned {name}")


@app.command()
def unpin(ctx: typer.Context, name: Name, library: opt.LibraryFolder = None) -> None:
    """Undo a pin.

    Example: skillweave skills unpin word-count
    """
    with opt.options_of(ctx, library=library).open_library() as lib:
        lib.unpin(name)
    typer.echo(f"unpinned {name}")


def print_json(value: JsonValue) -> None:
    """Print a value as JSON on stdout, without colour."""
    typer.echo(dumps(value, indent=2, ensure_ascii=False))
