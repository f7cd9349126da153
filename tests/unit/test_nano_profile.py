"""nano's prompts and readers, without a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillweave.agent.nano.literals import unquoted
from skillweave.agent.plan import Literal, Ref, Step
from skillweave.agent.profiles.base import Done
from skillweave.agent.profiles.grammar import plan_grammar, quoted
from skillweave.agent.profiles.nano import NanoProfile, read
from skillweave.skills.errors import PlanError, UserError
from skillweave.skills.model import Parameter, Signature

PROFILE = NanoProfile()
REVERSE = Step(id=1, goal="reverse {}", inputs=(Literal(text="abc def"),))
MULTIPLY = Signature(
    function="multiply",
    parameters=(Parameter(name="number", type="number"), Parameter(name="factor", type="number")),
)
ROUND = Signature(
    function="round_number",
    parameters=(
        Parameter(name="number", type="number"),
        Parameter(name="digits", type="integer", required=False, default=0),
    ),
)


def _takes(function: str, kind: str, *names: str) -> Signature:
    return Signature(
        function=function, parameters=tuple(Parameter(name=name, type=kind) for name in names)
    )


REPLACE = _takes("replace_text", "string", "text", "old", "new")
SHARE = _takes("percentage_share", "number", "part", "whole")
SUBTRACT = _takes("subtract", "number", "number", "amount")
POWER = _takes("power", "number", "base", "exponent")
CONVERT = Signature(
    function="convert_volume",
    parameters=(
        Parameter(name="value", type="number"),
        Parameter(name="from_unit", type="string"),
        Parameter(name="to_unit", type="string"),
    ),
)


@pytest.mark.parametrize(
    ("goal", "said", "signature", "given"),
    [
        ("replace {} with {} in {}", ["a", "b", "abc"], REPLACE, ["abc", "a", "b"]),
        ("in {} , change {} to {}", ["abc", "a", "b"], REPLACE, ["abc", "a", "b"]),
        ("{} out of {} in percent", ["42", "150"], SHARE, ["42", "150"]),
        ("raise {} to the power of {}", ["2", "10"], POWER, ["2", "10"]),
        ("how many more {} than {}", ["8", "3"], SUBTRACT, ["8", "3"]),
        ("how many {} {} {}", ["litres", "5", "gal"], CONVERT, ["5", "gal", "litres"]),
        ("{} {} in {}", ["5", "gal", "litres"], CONVERT, ["5", "gal", "litres"]),
    ],
)
def test_words_before_a_value_say_what_it_is_for(
    goal: str, said: list[str], signature: Signature, given: list[str]
) -> None:
    step = Step(id=1, goal=goal, inputs=tuple(Literal(text=text) for text in said))
    assert PROFILE.fill(step, [*said], signature, ()) is None
    filled = PROFILE.read_fill(None, step, [*said], signature).arguments
    assert [str(filled[p.name]) for p in signature.parameters] == given


def test_where_no_word_says_it_the_model_is_asked() -> None:
    step = Step(id=1, goal="{} and {} percentage", inputs=(Literal(text="4"), Literal(text="9")))
    assert PROFILE.fill(step, ["4", "9"], SHARE, ()) is not None


def test_a_plan_is_read_with_its_literals_unquoted() -> None:
    text = "#1 Reverse<<A>>\n#2 count<<#1>> vowels\n#3 split<<#2>> at<< comma>> into<<B>> parts"
    request = "Reverse 'abc def', count its vowels, and split that at comma into 3 parts"
    plan = PROFILE.read_plan(text, request, ()).plan
    assert plan is not None
    assert [s.render() for s in plan.steps] == [
        "Reverse abc def",
        "count #1 vowels",
        "split #2 at comma into 3 parts",
    ]


def test_a_step_that_is_said_twice_is_done_once() -> None:
    text = "#1 reverse<<A>>\n#2 reverse<<A>>\n#3 count<<#2>> letters\n#4 count<<#1>> letters"
    plan = PROFILE.read_plan(text, "Reverse 'ab', count its letters", ()).plan
    assert plan is not None
    assert [step.render() for step in plan.steps] == ["reverse ab", "count #1 letters"]
    assert [step.id for step in plan.leaves()] == [3]


def test_a_literal_may_hold_line_breaks_and_brackets() -> None:
    request = "Sort 'a,b\n1,2' by a and give me the keys of {\"x\": [1]}"
    text = "#1 Sort<<A>> by<< a>>\n#2 the keys of<<B>>"
    plan = PROFILE.read_plan(text, request, ()).plan
    assert plan is not None
    assert plan.steps[0].inputs == (Literal(text="a,b\n1,2"), Literal(text="a"))
    assert plan.steps[1].inputs[0] == Literal(text='{"x": [1]}')


def test_values_are_asked_by_letter_and_cannot_be_changed() -> None:
    prompt = PROFILE.plan("add 3 to the length of 'abc'", (), ())
    assert prompt.messages[-1].content == " add<<A number>> to the length of<<B text>>"
    assert prompt.structure is not None
    rules = (prompt.structure.grammar or "").split("\n")
    assert 'slot2 ::= "<<" (span | "A" | "B" | "#1") ">>"' in rules


def test_a_long_text_may_be_quoted_but_not_bare() -> None:
    text = "word " * 5000
    assert PROFILE.plan(f"count the words in '{text}'", (), ()).messages[-1].content == (
        " count the words in<<A text>>"
    )
    with pytest.raises(UserError, match="in quotes"):
        PROFILE.plan(f"count the words in {text}", (), ())


def test_words_and_beyond_are_read() -> None:
    assert PROFILE.read_plan("beyond", "", ()).beyond
    assert PROFILE.read_plan("say Hello!", "", ()).say == "Hello!"


def test_nonsense_is_refused() -> None:
    with pytest.raises(PlanError, match="not a step"):
        PROFILE.read_plan("reverse it", "", ())


def test_numbers_go_on_after_the_conversation() -> None:
    history = (
        Done(
            step=Step(id=7, goal="add {} to {}", inputs=(Literal(text="2"), Ref(step=3))), value=9
        ),
        Done(step=Step(id=8, goal="double {}", inputs=(Ref(step=7),)), value=18),
    )
    prompt = PROFILE.plan("halve it", history, ())
    question = prompt.messages[-1].content
    assert question == "#2 add<<number>> to<<#1>>\n#3 double<<#2>>\n halve it"
    plan = PROFILE.read_plan("#4 halve<<#3>>\n#5 negate<<#4>>", "halve it", history).plan
    assert plan is not None
    assert [(s.id, s.inputs) for s in plan.steps] == [(9, (Ref(step=8),)), (10, (Ref(step=9),))]


def test_a_replan_starts_with_what_is_done() -> None:
    failed = Step(id=2, goal="count {} vowels", inputs=(Ref(step=1),))
    done = (Done(step=REVERSE, value="fed cba"),)
    prompt = PROFILE.replan("reverse 'abc def', count its vowels", (), done, failed, "no skill")
    assert prompt.structure is not None
    assert prompt.structure.grammar is not None
    assert prompt.structure.grammar.startswith('root ::= "#1 reverse<<A>>\\n" step2')
    assert prompt.temperature > 0


def test_arguments_are_asked_by_letter_and_read_back() -> None:
    step = Step(id=2, goal="multiply {} by {}", inputs=(Ref(step=1), Literal(text="3")))
    prompt = PROFILE.fill(step, [57, "3"], MULTIPLY, ())
    assert prompt is not None
    assert prompt.messages[-1].content == (
        " multiply<< A 57>> by<< B 3>>\n multiply(number: number, factor: number)"
    )
    filled = PROFILE.read_fill(" number=A factor=B", step, [57, "3"], MULTIPLY)
    assert filled.arguments == {"number": 57, "factor": "3"}


def test_an_experience_is_told_where_it_sets_an_optional_parameter() -> None:
    step = Step(id=1, goal="round the price {}", inputs=(Literal(text="3.14159"),))
    note = "# Money\n\nRound once, at the end. When rounding money, use digits = 2. Yen have none."
    prompt = PROFILE.fill(step, ["3.14159"], ROUND, [note])
    assert prompt is not None
    assert prompt.messages[-1].content == (
        " round the price<< A 3.14159>>\n round_number(number: number, digits: number = 0)"
        "\n note: when rounding money, use digits = 2"
    )
    filled = PROFILE.read_fill(" number=A digits=<< 2>>", step, ["3.14159"], ROUND)
    assert filled.arguments == {"number": "3.14159", "digits": "2"}
    assert PROFILE.fill(step, ["3.14159"], ROUND, ["When splitting, use separator = ;."]) is None


@pytest.mark.parametrize(
    ("goal", "digits"),
    [("round {} to two decimals", 2), ("{} , no decimals", 0), ("{} with one decimal place", 1)],
)
def test_decimal_places_may_be_said_in_words(goal: str, digits: int) -> None:
    step = Step(id=1, goal=goal, inputs=(Literal(text="3.14159"),))
    assert PROFILE.fill(step, ["3.14159"], ROUND, ["When rounding money, use digits = 4."]) is None
    filled = PROFILE.read_fill(None, step, ["3.14159"], ROUND)
    assert filled.arguments == {"number": "3.14159", "digits": digits}


JOIN = Signature(
    function="join_list",
    parameters=(
        Parameter(name="items", type="array"),
        Parameter(name="separator", type="string", required=False, default=", "),
    ),
)
SIGNS = """## What

- When the parts are separated by slashes, use separator = "/".
- When the parts are separated by arrows, use separator = ">".
"""


@pytest.mark.parametrize(
    ("goal", "separator"),
    [
        ("join {} with dashes", "-"),
        ("{} joined by a comma and a space", ", "),
        ("{} as one text", None),
        ("put a vertical bar between {}", "|"),
        ("write {} , each item on its own line", "\n"),
    ],
)
def test_signs_are_called_by_their_names(goal: str, separator: str | None) -> None:
    step = Step(id=1, goal=goal, inputs=(Literal(text="a, b"),))
    assert PROFILE.fill(step, [["a", "b"]], JOIN, [SIGNS]) is None
    filled = PROFILE.read_fill(None, step, [["a", "b"]], JOIN).arguments
    assert filled.get("separator") == separator


def test_of_several_cases_the_one_that_the_goal_speaks_of_is_told() -> None:
    step = Step(id=1, goal="join {} with arrows", inputs=(Literal(text="a, b"),))
    prompt = PROFILE.fill(step, [["a", "b"]], JOIN, [SIGNS])
    assert prompt is not None
    assert 'separated by arrows, use separator = ">"' in prompt.messages[-1].content


def test_an_obvious_assignment_asks_nothing() -> None:
    one = Signature(function="f", parameters=(Parameter(name="text", type="string"),))
    assert PROFILE.fill(REVERSE, ["abc def"], one, ()) is None
    assert PROFILE.read_fill(None, REVERSE, ["abc def"], one).arguments == {"text": "abc def"}


def test_what_the_types_decide_is_not_asked() -> None:
    step = Step(id=2, goal="round {} to {} decimals", inputs=(Ref(step=1), Literal(text="1")))
    assert PROFILE.fill(step, [26.21, "1"], ROUND, ()) is None
    filled = PROFILE.read_fill(None, step, [26.21, "1"], ROUND)
    assert filled.arguments == {"number": 26.21, "digits": "1"}


def test_the_model_chooses_among_what_the_types_allow() -> None:
    step = Step(id=2, goal="multiply {} by {}", inputs=(Ref(step=1), Literal(text="3")))
    prompt = PROFILE.fill(step, [57, "3"], MULTIPLY, ())
    assert prompt is not None
    assert prompt.structure is not None
    first = (prompt.structure.grammar or "").split("\n")[0]
    assert first == 'root ::= " number=A" " factor=B" | " factor=A" " number=B"' or first == (
        'root ::= " number=A" " factor=B" | " number=B" " factor=A"'
    )


def test_a_result_that_goes_without_saying_is_what_the_tool_works_on() -> None:
    step = Step(id=2, goal="multiply by {} {}", inputs=(Literal(text="3"), Ref(step=1)))
    assert PROFILE.fill(step, ["3", 57], MULTIPLY, ()) is None
    filled = PROFILE.read_fill(None, step, ["3", 57], MULTIPLY)
    assert filled.arguments == {"number": 57, "factor": "3"}


def test_several_values_make_one_list() -> None:
    total = Signature(function="total", parameters=(Parameter(name="items", type="array"),))
    step = Step(id=3, goal="add {} {}", inputs=(Ref(step=1), Ref(step=2)))
    assert PROFILE.read_fill(" items=A+B", step, [1, 2], total).arguments == {"items": [1, 2]}


@given(st.text(max_size=60))
def test_the_grammar_can_be_built_for_any_request(text: str) -> None:
    rules = plan_grammar(read(text).text, 1, ()).split("\n")
    assert rules[0] == 'root ::= "" step1 | "beyond" | "say " reply'
    assert all("::=" in rule for rule in rules)


@given(st.text(max_size=40))
def test_quoted_text_stays_on_one_line(text: str) -> None:
    assert "\n" not in quoted(text)


@given(st.text(alphabet="abc ", min_size=1, max_size=10), st.sampled_from(["'", '"', ""]))
def test_quotes_are_taken_off_once(text: str, quote: str) -> None:
    assert unquoted(f" {quote}{text.strip()}{quote}") == text.strip()
