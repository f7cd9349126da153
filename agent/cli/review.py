"""`skillweave review`: what growth proposes and a person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skillweave.agent.cli import options as opt
from skillweave.agent.cli.skills import AsJson, print_json

if TYPE_CHECKING:
    from skillweave.agent.growth.desk import Desk, Waiting
    from skillweave.store.library import Library


def review(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="A candidate: show its diff, evidence and permissions.")
    ] = None,
    approve: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="Admit NAME, if its content has this digest."),
    ] = None,
    reject: Annotated[
        str | None, typer.Option(metavar="REASON", help="Refuse NAME; it is kept on record.")
    ] = None,
    auto: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=POLICY",
            help="auto: admit without asking; known: only what is composed of known tools; ask.",
        ),
    ] = None,
    tidy: Annotated[
        bool,
        typer.Option("--tidy", help="Judge the library's candidates; put unused skills away."),
    ] = False,
    json: AsJson = False,
    library: opt.LibraryFolder = None,
) -> None:
    """List what waits for approval; show, approve or reject one candidate; set policies.

    Example: skillweave review word-count --approve 3f2a9c01b7de
    """
    from skillweave.agent.growth.desk import Desk
    from skillweave.agent.growth.lifecycle import advance

    if (approve or reject) and name is None:
        raise typer.BadParameter("say which candidate: NAME")
    with opt.options_of(ctx, library=library).open_library() as lib:
        desk = Desk(lib)
        for text in auto or ():
            desk.set_policy(text)
        if auto:
            told = ", ".join(f"{k}={v}" for k, v in desk.policies.model_dump().items())
            typer.echo(f"policies: {told}")
        elif tidy:
            _judge(lib)
            for change in advance(lib):
                typer.echo(f"{change.skill} is {change.state} now: {change.reason}")
        elif name is None:
            _list(desk, json=json)
        elif approve:
            skill = desk.approve(name, approve)
            typer.echo(f"+ {skill.versioned_name} ({skill.kind}), on probation")
        elif reject:
            desk.reject(name, reject)
            typer.echo(f"refused {name}")
        else:
            _show(desk, desk.find(name), json=json)


def _judge(library: Library) -> None:
    """What was mined or found lies in the library as a candidate, unused until the gate has seen it."""
    from skillweave.agent.growth.admission import Admission
    from skillweave.skills.sandbox import Sandbox

    found = library.list(states={"candidate"})
    if not found:
        return
    with Sandbox.open(workers=1) as sandbox:
        admission = Admission(library, sandbox)
        most = sum(admission.cost(skill.name) for skill in found)
        typer.echo(f"{len(found)} candidates, at most {most} runs of tools", err=True)
        for skill in found:
            typer.echo(f"{skill.name}  {admission.decide(skill.name).line()}")


def _list(desk: Desk, *, json: bool) -> None:
    found = desk.waiting()
    if json:
        print_json([one.verdict.model_dump(mode="json") for one in found])
    elif not found:
        typer.echo("nothing waits for approval", err=True)
    else:
        for one in found:
            digest = one.skill.digest[:12]
            typer.echo(f"{one.skill.name}  {digest}  {one.skill.kind}  {one.verdict.reason}")


def _show(desk: Desk, one: Waiting, *, json: bool) -> None:
    verdict = one.verdict
    if json:
        print_json({**verdict.model_dump(mode="json"), "diff": "\n".join(desk.diff(one))})
        return
    typer.echo(f"{one.skill.name} ({one.skill.kind}, by {verdict.author}): {verdict.reason}")
    typer.echo(f"permissions: {', '.join(verdict.permissions) or 'none'}")
    for finding in verdict.findings:
        mark = "+" if finding.ok else "-"
        typer.echo(f"{mark} {finding.stage}: {finding.detail}")
    typer.echo(f"runs of tools: {verdict.calls} of at most {verdict.planned_calls}\n")
    for line in desk.diff(one):
        typer.echo(line)
    digest = one.skill.digest[:12]
    typer.echo(f"\nskillweave review {one.skill.name} --approve {digest}")
