"""Wordings that tie clauses into a request. Those after ``HELD_OUT`` never occur in training."""

from __future__ import annotations

from typing import NamedTuple


class Wordings(NamedTuple):
    train: tuple[str, ...]
    held_out: tuple[str, ...]


JOIN = Wordings(
    (
        ", then", " and then", ", and then", ". Then", ", after that", ". After that,", ". Next,", ", next", " and",
        ", and", ". Afterwards,", "; then", " then", ". Now", ". And", ". From there,", ";", ". Following that,", ".", ",",
        ", then please", ". Then please", "\nThen", ". With the result,", ", and after that,",
    ),
    ("; after this,", ". Once that is done,", ", and once you have that,", ". Thereafter", ", subsequently", ". When done,", ", whereupon"),
)  # fmt: skip
JOIN_QUESTION = Wordings(
    ("?", "?", "? Then", "? Now", "? And", "? After that,", "? Next,", "? Please", "? Also"),
    ("? Once you know,", "? With that,"),
)
LEFT = (" that remain", " that are left", " there", " in it", " you get", " that remains", " left")
WITHIN = ("in", "from", "with", "for", "using", "on", "given")
LAST = Wordings(
    (
        ", and finally",
        ". Finally,",
        " and finally",
        ". Lastly,",
        ", then finally",
        ". At the end,",
        ", and last",
    ),
    (", and to finish", ". To wrap up,", ". In the end,", ", ultimately"),
)
PREAMBLE = Wordings(
    ("please", "can you", "could you", "could you please", "i want you to", "i need you to", "i would like you to", "can you please", "first", "to start,", "i'd like to", "hey,", "hi,", "let's", "now", "go ahead and", "help me to", "your task is to", "ok,", "so"),
    ("would you kindly", "would you be so good as to", "begin by:", "i'd love it if you could", "be a dear and", "kindly", "the job:"),
)  # fmt: skip
ASK = Wordings(
    ("what is", "what's", "tell me", "give me", "i need", "find", "compute", "calculate", "show me", "determine", "get", "i want", "can you tell me", "please give me", "work out", "could you give me", "i would like to know", "return", "print", ""),
    ("let me know", "i'm looking for", "may i have", "do you know", "state", "i wonder what is"),
)  # fmt: skip
CLOSE = Wordings(
    (
        ".",
        ".",
        ".",
        "?",
        "",
        "",
        "!",
        ", please.",
        " please",
        ". Thanks!",
        ", thank you.",
        " for me.",
    ),
    (", if you can.", ", cheers.", ". Much obliged!"),
)
GIVEN = Wordings(
    ("take {x} and", "given {x},", "here is a {type}: {x}.", "i have {x}.", "my {type} is {x}.", "with {x},", "for {x},", "start with {x},", "take {x},", "this is my {type}: {x}\n", "consider {x}.", "here is {x}.", "the {type} is {x}.", "from {x},", "input: {x}\n", "the following {type}: {x}.", "in {x},", "in {x}", "from {x}", "in the {type} {x}", "from the {type} {x}", "for the {type} {x},", "on {x},", "using {x},"),
    ("suppose we have {x}.", "let us begin with {x},", "{type}: {x}\n", "below you find a {type}: {x}.", "grab {x} and"),
)  # fmt: skip
TASK_LIST = Wordings(
    (
        "do the following:",
        "please do this:",
        "steps:",
        "follow these steps:",
        "tasks:",
        "do these things in order:",
    ),
    ("to do:", "here is the procedure:"),
)
AND = Wordings(
    (
        " and",
        ", and",
        " and also",
        " as well as",
        ", and also",
        " plus",
        "; also",
        ". Also",
        " and separately",
    ),
    (", along with", ". In addition,", ", besides"),
)
AFTER = Wordings(("after", "once you are done", "when you have finished"), ("having finished",))

IT = {
    "text": ("it", "it", "that", "the result", "the new text", "this", "the resulting text", "the outcome", "the text you get", "the string", "what is left", "what remains", "the rest", "the outcome of that"),
    "number": ("it", "that", "the result", "that number", "the answer", "this number", "the number", "the value", "the total", "the count", "what you get", "the sum"),
    "list": ("it", "them", "the list", "the result", "that list", "the new list", "those", "the resulting list", "these", "what is left", "what remains", "the rest", "the items"),
    "table": ("it", "the table", "the result", "the new table", "that table", "the remaining rows"),
    "date": ("it", "that date", "that day", "the date", "the result", "this day"),
    "other": ("it", "that", "the result", "this", "the outcome", "what you get", "the output"),
}  # fmt: skip
AGAIN = {
    "text": (
        "the original text",
        "the original",
        "the same text",
        "the text i gave you",
        "the first text",
    ),
    "list": ("the original list", "the same list", "the original", "that same list"),
    "number": ("the original number", "the same number", "the number i gave you"),
    "other": ("the original", "the same input", "what i gave you"),
}
TYPE_NOUN = {
    "text": ("text", "sentence", "string", "phrase", "word"),
    "number": ("number", "value", "amount"),
    "list": ("list", "set of values", "series", "list of values"),
    "table": ("table", "csv", "csv table"),
    "date": ("date", "day"),
    "json": ("json", "json object"),
    "time": ("time", "duration"),
    "other": ("input", "value", "thing"),
}
INTRO = ("the {w} {noun}", "the {noun}", "the {noun}", "this {noun}:", "the following {noun}:", "the {noun}:", "my {noun}", "this {noun}", "the given {noun}")  # fmt: skip
BOTH = ("both", "both results", "the two results", "them", "the two", "the results", "the two numbers", "both of them", "these two", "the two values", "the two counts", "the two lengths", "both values", "the pair")  # fmt: skip
ORDINALS = ("the first", "the second", "the third", "the fourth", "the fifth")
COMBINE = Wordings(
    ("add {x}", "add {x} together", "multiply {x}", "join {x}", "combine {x}", "compare {x}", "concatenate {x}", "sum {x}", "merge {x}", "find the larger of {x}", "take the average of {x}", "check whether {x} are equal", "compute the difference between {x}", "VERB {x}", "compute the NOUN of {x}", "find the smaller of {x}", "give me the sum of {x}", "tell me the product of {x}", "which of {x} is larger", "put {x} into one list", "apply the NOUN to {x}", "VERB {x} with {w}", "join {x} with {w}"),
    ("work out the total of {x}", "stick {x} together", "say whether {x} match", "subtract {x}", "glue {x} with {w}"),
)  # fmt: skip
COMBINE_TWO = Wordings(
    ("subtract {n} from {x}", "divide {x} by {n}", "multiply {x} by {n}", "add {x} to {n}", "check whether {x} contains {n}", "append {n} to {x}", "compare {x} with {n}", "VERB {x} by {n}", "repeat {x} as often as {n} says", "is {x} larger than {n}", "VERB {x} with {n}", "what is {x} minus {n}", "what is {x} plus {n}"),
    ("take {n} away from {x}", "put {x} before {n}", "what is the ratio of {x} to {n}"),
)  # fmt: skip
