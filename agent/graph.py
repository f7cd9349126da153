"""The graph.

    plan -> [retrieve -> compose -> execute -> verify] -> replan -> ... -> learn -> answer
             one such chain per step that is ready,
             all at the same time

A checkpoint is written after every node, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Send

from skillweave.agent.deps import Deps
from skillweave.agent.nodes.answer import answer
from skillweave.agent.nodes.compose import compose
from skillweave.agent.nodes.execute import execute
from skillweave.agent.nodes.learn import learn
from skillweave.agent.nodes.plan import plan
from skillweave.agent.nodes.replan import first_failure, replan
from skillweave.agent.nodes.retrieve import retrieve
from skillweave.agent.nodes.verify import verify
from skillweave.agent.plan import Literal, Step
from skillweave.agent.state import State, StepOutput, StepState, finished

Graph = CompiledStateGraph[State, Deps, State, State]


def build_graph(checkpointer: BaseCheckpointSaver[str] | None = None) -> Graph:
    """The graph of a whole run, ready to be run with a `Deps` as its context."""
    graph = StateGraph(State, context_schema=Deps)
    graph.add_node("plan", plan)
    graph.add_node("step", step_graph().compile())
    graph.add_node("replan", replan)
    graph.add_node("learn", learn)
    graph.add_node("answer", answer)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", next_steps, ["step", "learn", "answer"])
    graph.add_edge("step", "replan")
    graph.add_conditional_edges("replan", next_steps, ["step", "learn", "answer"])
    graph.add_edge("learn", "answer")
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=checkpointer)


def step_graph() -> StateGraph[StepState, Deps, StepState, StepOutput]:
    """The graph of one step."""
    graph = StateGraph(StepState, context_schema=Deps, output_schema=StepOutput)
    graph.add_node("retrieve", retrieve)
    graph.add_node("compose", compose)
    graph.add_node("execute", execute)
    graph.add_node("verify", verify)
    graph.add_edge(START, "retrieve")
    graph.add_conditional_edges("retrieve", _until_reported, ["compose", END])
    graph.add_edge("compose", "execute")
    graph.add_edge("execute", "verify")
    graph.add_conditional_edges("verify", _until_reported, ["compose", END])
    return graph


def next_steps(state: State) -> list[Send] | str:
    """All steps that are ready; else what comes after the last one."""
    plan = state.get("plan")
    if plan is None or first_failure(state) is not None:
        return "answer"
    ready = plan.ready(frozenset(done.step.id for done in finished(state)))
    return [Send("step", _input(state, step)) for step in ready] or "learn"


def _input(state: State, step: Step) -> StepState:
    done = {d.step.id: d.value for d in (*state.get("history", ()), *finished(state))}
    plan = state.get("plan")
    folded = [one for one in state.get("folded", ()) if one.step == step.id]
    return StepState(
        run=state["run"],
        step=step,
        values=tuple(i.text if isinstance(i, Literal) else done[i.step] for i in step.inputs),
        pinned=state.get("pinned", ()),
        alone=plan is not None and len(plan.steps) == 1,
        folded=folded[0] if folded else None,
    )


def _until_reported(state: StepState) -> str:
    return END if state.get("reports") else "compose"
