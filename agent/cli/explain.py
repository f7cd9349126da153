"""`/plan` and `/why`: how a result came about."""

from __future__ import annotations

import json

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from skillweave.agent.cli.summary import (
    duration,
    levels,
    one_line,
    short_name,
    step_seconds,
    verdict_text,
)
from skillweave.agent.plan import Plan
from skillweave.agent.result import Attempt, Result, StepReport


def plan_view(plan: Plan, reports: tuple[StepReport, ...] = ()) -> RenderableType:
    """The plan as a graph: a round per branch, what may run together stands together."""
    by_id = {report.id: report for report in reports}
    answers = {step.id for step in plan.leaves()}
    tree = Tree(Text("plan", "bold"))
    for number, steps in enumerate(levels(plan), 1):
        branch = tree.add(
            Text(f"round {number}" + (" (in parallel)" if len(steps) > 1 else ""), "dim")
        )
        for step in steps:
            line = Text(f"#{step.id} ", "cyan").append(one_line(step.render(), 100), "default")
            report = by_id.get(step.id)
            if report is not None and report.ok:
                line.append(f" = {one_line(report.value)}", "green")
            elif report is not None:
                line.append(" failed", "red")
            if step.id in answers:
                line.append("  (answer)", "dim")
            branch.add(line)
    return tree


def why_view(result: Result, candidates: dict[int, tuple[str, ...]]) -> RenderableType:
    """Per step: candidates, chosen skill and version, arguments, verdict, experiences."""
    head = Text(f"{result.outcome}, plan confidence {result.confidence:.2f}", "bold")
    head.append(f"  {result.tokens} tokens, {duration(result.seconds)}", "dim")
    if result.replans:
        head.append(f", planned anew {result.replans} time(s)", "dim")
    parts: list[RenderableType] = [head]
    for step in sorted(result.steps, key=lambda s: s.id):
        parts.append(_step(step, candidates.get(step.id, ())))
    if not result.steps:
        parts.append(Text("no step was executed", "dim"))
    return Group(*parts)


def _step(step: StepReport, candidates: tuple[str, ...]) -> Tree:
    mark = Text("✓ ", "green") if step.ok else Text("✗ ", "red")
    title = mark.append(f"#{step.id} {one_line(step.goal, 100)}", "default")
    tree = Tree(title.append(f"  {duration(step_seconds(step))}", "dim"))
    if candidates:
        tree.add(Text("candidates: ", "dim").append(", ".join(candidates), "default"))
    for attempt in step.attempts:
        _attempt(tree.add(Text("chosen: ", "dim").append(attempt.skill, "magenta")), attempt)
    if not step.attempts:
        tree.add(Text("no skill fits", "red"))
    return tree


def _attempt(tree: Tree, attempt: Attempt) -> None:
    arguments = json.dumps(attempt.arguments, ensure_ascii=False)
    facts = [
        ("arguments", one_line(arguments, 200) if attempt.arguments else ""),
        ("model", attempt.model if attempt.kind in ("model", "adapter") else ""),
        ("error", attempt.error),
        ("value", "" if attempt.error else one_line(attempt.value, 200)),
        ("verdict", "" if attempt.error else verdict_text(attempt.verdict)),
        ("experiences", ", ".join(map(short_name, attempt.experiences))),
    ]
    for label, text in facts:
        if text:
            tree.add(
                Text(f"{label}: ", "dim").append(text, "red" if label == "error" else "default")
            )
