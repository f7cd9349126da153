"""The command line: help, options, errors, chat; with an agent that follows a script."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import EntryPoint
from io import StringIO
from pathlib import Path
from typing import Self

import pytest
import typer
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console
from typer.testing import CliRunner

from skillweave.agent.cli import errors, plugins, start
from skillweave.agent.cli.app import app
from skillweave.agent.cli.chat import converse
from skillweave.agent.cli.chat_input import LineReader, PromptReader
from skillweave.agent.cli.chat_session import Session
from skillweave.agent.cli.options import Options
from skillweave.agent.cli.render import RunView, follow
from skillweave.agent.plan import Literal, Plan, Ref, Step
from skillweave.agent.result import (
    Attempt,
    Event,
    Finished,
    Outcome,
    PlanMade,
    Result,
    SkillLearned,
    StepFinished,
    StepReport,
    StepStarted,
    Verdict,
)
from skillweave.agent.runs import Run
from skillweave.agent.words import checked_in_words
from skillweave.skills.errors import ModelError, SkillNotFoundError
from skillweave.skills.model import Skill

COMMANDS = [
    "chat",
    "run",
    *(
        f"skills {name}"
        for name in [
            "list",
            "show",
            "search",
            "add",
            "history",
            "archive",
            "restore",
            "pin",
            "unpin",
            "find-by-example",
            "mine",
            "write",
            "distil",
            "revise",
            "repair",
        ]
    ),
    *(f"library {name}" for name in ["rebuild", "check", "path"]),
    "serve",
    "doctor",
    "review",
    "practise",
    *(f"nano {name}" for name in ["train", "card", "score"]),
    "version",
]

PLAN = Plan(
    steps=(
        Step(id=1, goal="count the words in {}", inputs=(Literal(text="to be or not"),)),
        Step(id=2, goal="multiply {} by {}", inputs=(Ref(step=1), Literal(text="7"))),
    )
)


def report(number: int, goal: str, skill: str, value: int) -> StepReport:
    verdict = Verdict(ok=True, method="cases", detail="5 of 5 hold")
    attempt = Attempt(
        skill=skill,
        kind="tool",
        arguments={"a": value},
        value=value,
        verdict=verdict,
        seconds=0.004,
    )
    return StepReport(id=number, goal=goal, value=value, ok=True, attempts=(attempt,))


STEPS = (
    report(1, "count the words in to be or not", "word-count@aaaabbbbcccc", 4),
    report(2, "multiply 4 by 7", "multiply@ddddeeeeffff", 28),
)


def result_of(task: str, outcome: Outcome = "solved") -> Result:
    return Result(
        run="run-1",
        task=task,
        outcome=outcome,
        answer=f"28\n\n{checked_in_words(STEPS)}" if outcome == "solved" else "no skill fits",
        value=28,
        plan=PLAN,
        steps=STEPS if outcome == "solved" else (),
        skills=("word-count@aaaabbbbcccc", "multiply@ddddeeeeffff"),
        confidence=0.93,
    )


def events_of(result: Result) -> list[Event]:
    events: list[Event] = [PlanMade(plan=PLAN, confidence=0.93)]
    for step in result.steps:
        events.append(StepStarted(id=step.id, goal=step.goal, skill=step.attempts[-1].skill))
        events.append(StepFinished(step=step))
    return [*events, Finished(result=result)]


class ScriptedLibrary:
    """A library of one skill."""

    skill = Skill(name="word-count", description="Count words.", kind="tool", digest="a" * 64)

    def list(self) -> list[Skill]:
        return [self.skill]

    def get(self, name: str) -> Skill:
        if name != self.skill.name:
            raise SkillNotFoundError(f"no skill is named {name}")
        return self.skill


class ScriptedAgent:
    """An agent that answers 28; ``slow`` requests are interrupted, ``broken`` ones fail, and ``vague`` ones
    need the skill that is meant."""

    def __init__(self) -> None:
        self.library = ScriptedLibrary()
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.threads: set[str | None] = set()

    def stream(
        self, task: str, *, skills: Sequence[str] = (), thread: str | None = None
    ) -> Iterator[Event]:
        self.asked.append((task, tuple(skills)))
        self.threads.add(thread)
        if task == "slow":
            raise KeyboardInterrupt
        if task == "broken":
            raise ModelError("the server went away")
        if task == "bug":
            raise ZeroDivisionError("an internal\nmistake")
        outcome: Outcome = "declined" if task in ("beyond", "vague") and not skills else "solved"
        nearest = "multiply" if task == "vague" and not skills else ""
        yield from events_of(result_of(task, outcome).model_copy(update={"nearest": nearest}))

    def watch(self, callback: object) -> AbstractContextManager[None]:
        return nullcontext()

    def resume(self, run_id: str) -> Result:
        return result_of(f"resumed {run_id}")

    def runs(self, limit: int = 20) -> tuple[Run, ...]:
        return (Run(id="run-9", thread="t", task="slow", status="cancelled", started=""),)

    def save(self, name: str) -> Skill:
        return self.library.skill.model_copy(update={"name": name})

    def __enter__(self) -> Self:
        return self


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ScriptedAgent:
    scripted = ScriptedAgent()

    @contextmanager
    def opened(options: Options, console: Console) -> Iterator[ScriptedAgent]:
        yield scripted

    monkeypatch.setattr(start, "open_agent", opened)
    monkeypatch.setenv("SKILLWEAVE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return scripted


def invoke(*arguments: str, input: str | None = None) -> tuple[int, str, str]:
    outcome = CliRunner().invoke(app, list(arguments), input=input)
    return outcome.exit_code, outcome.stdout, outcome.stderr


def session_of(agent: ScriptedAgent, tmp_path: Path) -> tuple[Session, StringIO]:
    out = StringIO()
    console = Console(file=out, width=100, highlight=False)
    return Session(agent, console, tmp_path), out  # type: ignore[arg-type]


def converse_with(agent: ScriptedAgent, tmp_path: Path, text: str) -> tuple[Session, str]:
    session, out = session_of(agent, tmp_path)
    converse(session, LineReader(StringIO(text)))
    return session, out.getvalue()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    code, out, _ = invoke(*command.split(), "--help")
    assert code == 0
    assert "Example: " in out


def test_help_lists_every_command() -> None:
    code, out, _ = invoke("--help")
    assert code == 0
    assert all(name.split()[0] in out for name in COMMANDS)


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from skillweave.agent.cli.app import app\n"
        "app(['--help'], standalone_mode=False)\n"
        "heavy = {'torch', 'chromadb', 'langgraph', 'langchain_core', 'numpy', 'vllm', 'transformers'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert "HEAVY []" in done.stdout


def test_run_prints_the_answer_first_and_then_how_it_came(agent: ScriptedAgent) -> None:
    code, out, err = invoke("run", "words times 7", "--skill", "word-count")
    assert code == 0
    assert out.splitlines() == [
        "28",
        "verified: the tool's own cases hold (word-count, multiply).",
        "skills: word-count -> multiply",
    ]
    assert err == ""
    assert agent.asked == [("words times 7", ("word-count",))]


def test_run_json_is_the_result(agent: ScriptedAgent) -> None:
    code, out, _ = invoke("run", "words times 7", "--json")
    assert code == 0
    assert Result.model_validate(json.loads(out)) == result_of("words times 7")


def test_run_trace_explains_on_stderr(agent: ScriptedAgent) -> None:
    code, out, err = invoke("run", "words times 7", "--trace")
    assert code == 0
    assert out.startswith("28\n")
    for words in ("round 1", "chosen: word-count@aaaabbbbcccc", "arguments: ", "trace.jsonl"):
        assert words in err


def test_run_resumes(agent: ScriptedAgent) -> None:
    code, out, _ = invoke("run", "--resume", "run-7", "--json")
    assert code == 0
    assert json.loads(out)["task"] == "resumed run-7"
    assert json.loads(invoke("run", "--resume", "last", "--json")[1])["task"] == "resumed run-9"


@pytest.mark.parametrize("arguments", [(), ("task", "--resume", "run-7")])
def test_run_wants_a_task_or_a_run(agent: ScriptedAgent, arguments: tuple[str, ...]) -> None:
    code, _, err = invoke("run", *arguments)
    assert code == 2
    assert "give a task, or --resume ID" in " ".join(err.split())


@pytest.mark.parametrize(
    ("task", "code", "line"),
    [
        ("broken", 2, "error: the server went away"),
        ("bug", 1, "error: unexpected ZeroDivisionError: an internal (details: "),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    agent: ScriptedAgent, task: str, code: int, line: str
) -> None:
    got, out, err = invoke("run", task)
    assert got == code
    assert out == ""
    assert err.startswith(line)
    assert len(err.splitlines()) == 1


def test_an_interrupted_run_says_how_to_go_on(agent: ScriptedAgent) -> None:
    code, _, err = invoke("run", "slow")
    assert code == errors.INTERRUPTED
    assert err == "to go on: skillweave run --resume run-9\nerror: interrupted\n"


def test_a_crash_report_has_the_traceback(agent: ScriptedAgent, tmp_path: Path) -> None:
    invoke("run", "bug")
    (saved,) = (tmp_path / "state" / "crashes").iterdir()
    assert "ZeroDivisionError" in saved.read_text()
    assert "Python 3" in saved.read_text()


def test_debug_shows_the_traceback(agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLWEAVE_DEBUG", "1")
    _, _, err = invoke("run", "broken")
    assert "Traceback" in err
    assert err.splitlines()[-1] == "error: the server went away"


def test_declined_is_exit_code_3(agent: ScriptedAgent) -> None:
    code, out, _ = invoke("run", "beyond")
    assert code == errors.UNSOLVED
    assert out.splitlines()[0] == "no skill fits"


def test_options_stand_before_or_behind_the_command(tmp_path: Path) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    assert invoke("--library", one, "library", "path")[1].strip() == one
    assert invoke("library", "path", "--library", two)[1].strip() == two
    assert invoke("--library", one, "library", "path", "--library", two)[1].strip() == two


def test_settings_come_from_file_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'library = "{tmp_path}/from-file"\n')
    assert invoke("--config", str(config), "library", "path")[1].strip().endswith("from-file")
    monkeypatch.setenv("SKILLWEAVE_LIBRARY", str(tmp_path / "from-env"))
    assert invoke("--config", str(config), "library", "path")[1].strip().endswith("from-env")


def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLWEAVE_MAX_STEPS", "many")
    code, _, err = invoke("library", "path")
    assert code == 2
    assert err.startswith("error: ")
    assert "max_steps" in err
    assert len(err.splitlines()) == 1


third_party = typer.Typer(help="A plugin's commands.")


@third_party.command()
def hello() -> None:
    """Greet."""
    typer.echo("hello from outside")


@third_party.command()
def wave() -> None:
    """Raise what a plugin should not."""
    raise ModelError("the plugin's model is out")


not_a_typer = "a string"


def plugin(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=plugins.GROUP)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "test_cli_plugins", sys.modules[__name__])
    points = {
        "good": plugin("good", "test_cli_plugins:third_party"),
        "absent": plugin("absent", "no_such_module:app"),
        "odd": plugin("odd", "test_cli_plugins:not_a_typer"),
    }
    monkeypatch.setattr(plugins, "plugins", lambda: points)


def test_a_plugin_adds_its_commands(installed: None) -> None:
    assert invoke("good", "hello")[:2] == (0, "hello from outside\n")


def test_a_plugins_error_is_one_line_too(installed: None) -> None:
    code, _, err = invoke("good", "wave")
    assert (code, err) == (2, "error: the plugin's model is out\n")


def test_a_broken_plugin_warns_in_one_line(installed: None) -> None:
    code, out, err = invoke("--help")
    assert code == 0
    assert "good" in out
    assert [line.partition(":")[0] for line in err.splitlines()] == ["warning"] * 2
    assert "'absent' is left out: No module named 'no_such_module'" in err
    assert "'odd' is left out: test_cli_plugins:not_a_typer is a str" in err


def test_other_commands_do_not_load_plugins(installed: None) -> None:
    code, _, err = invoke("version")
    assert (code, err) == (0, "")


def test_chat_reads_piped_lines(agent: ScriptedAgent) -> None:
    code, out, _ = invoke("chat", input="words times 7\nwords \\\ntimes 8\n")
    assert code == 0
    assert [task for task, _ in agent.asked] == ["words times 7", "words \ntimes 8"]
    assert len(agent.threads) == 1
    assert out.splitlines()[0] == "28"


def test_chat_survives_errors_and_ctrl_c(agent: ScriptedAgent, tmp_path: Path) -> None:
    _, out = converse_with(agent, tmp_path, "slow\nbroken\nwords\n")
    assert out.splitlines()[:3] == ["cancelled", "error: the server went away", "28"]


def test_chat_explains_the_last_turn(agent: ScriptedAgent, tmp_path: Path) -> None:
    _, out = converse_with(agent, tmp_path, "words\n/plan\n/why\n")
    for words in (
        "#2 multiply #1 by 7 = 28  (answer)",
        "solved, plan confidence 0.93",
        "chosen: multiply@ddddeeeeffff",
        'arguments: {"a": 28}',
        "verdict: the tool's own cases hold (5 of 5 hold)",
    ):
        assert words in out


def test_a_pinned_skill_counts_for_one_request(agent: ScriptedAgent, tmp_path: Path) -> None:
    _, out = converse_with(agent, tmp_path, "/skill word-count\none\ntwo\n/skill nope\n")
    assert agent.asked == [("one", ("word-count",)), ("two", ())]
    assert "error: no skill is named nope" in out


def test_yes_takes_the_nearest_skill(agent: ScriptedAgent, tmp_path: Path) -> None:
    converse_with(agent, tmp_path, "vague\nYes\nyes\n")
    assert agent.asked == [("vague", ()), ("vague", ("multiply",)), ("yes", ())]


def test_chat_saves_a_plan(agent: ScriptedAgent, tmp_path: Path) -> None:
    _, out = converse_with(agent, tmp_path, "words\n/save words-times\n/save\n")
    assert "+ words-times@aaaaaaaaaaaa" in out
    assert "give the skill a name" in out


def test_quit_ends_the_chat(agent: ScriptedAgent, tmp_path: Path) -> None:
    session, _ = converse_with(agent, tmp_path, "/quit\nwords\n")
    assert session.over
    assert agent.asked == []


def test_an_unknown_command_is_said(agent: ScriptedAgent, tmp_path: Path) -> None:
    _, out = converse_with(agent, tmp_path, "/nope\n/help\n/plan\n")
    assert "there is no command /nope" in out
    assert "/save NAME" in out
    assert "nothing was asked yet" in out


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("one\r", "one"),
        ("one\\\rtwo\r", "one\ntwo"),
        ("one\x1b\rtwo\r", "one\ntwo"),
        ("\x04", None),
    ],
)
def test_the_prompt_takes_several_lines(tmp_path: Path, keys: str, text: str | None) -> None:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(keys)
        assert PromptReader(tmp_path / "history").read() == text


def test_the_prompt_keeps_a_history(tmp_path: Path) -> None:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text("one\r")
        PromptReader(tmp_path / "history").read()
        pipe.send_text("\x1b[A\r")
        assert PromptReader(tmp_path / "history").read() == "one"


def drawn(view: RunView) -> str:
    out = StringIO()
    Console(file=out, width=120).print(view)
    return out.getvalue()


def test_the_view_follows_a_run() -> None:
    view = RunView()
    assert "planning" in drawn(view)
    events = events_of(result_of("words"))
    for event in events[:2]:
        view.see(event)
    assert "multiply #1 by 7" in drawn(view)
    assert "word-count" in drawn(view)
    for event in [*events[2:], SkillLearned(skill="words-times@1")]:
        view.see(event)
    lines = drawn(view).splitlines()
    assert ["✓" in line for line in lines] == [True, True]
    assert "4 ms" in lines[0]
    assert view.learned[0].skill == "words-times@1"


def test_a_new_plan_keeps_what_is_done() -> None:
    view = RunView()
    failed = STEPS[1].model_copy(update={"ok": False})
    for event in (PlanMade(plan=PLAN), StepFinished(step=STEPS[0]), StepFinished(step=failed)):
        view.see(event)
    rest = Plan(steps=(Step(id=3, goal="add {} seven times", inputs=(Literal(text="4"),)),))
    view.see(PlanMade(plan=rest, replan=True))
    assert {number: row.state for number, row in view.rows.items()} == {1: "done", 3: "waiting"}


def test_a_run_without_a_result_is_the_models_fault() -> None:
    with pytest.raises(ModelError, match="without a result"):
        follow([], Console(file=StringIO()), live=False)
