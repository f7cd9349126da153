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
        ", then please", ". Then please", "\nThen", ". With the result,", ", and after that,", ". Then", ". Then", ", then",
        " and after that", ". And then", ". Next", ", next,", ". After this,", ". Then, with the result,", ", now",
        ". Now please", "; next,", "; and", " and next", ". When you have it,", ", afterwards", " and afterwards", ". As a next step,",
        ". In a second step,", " - then", ". Following this,", "; finally", ". Also,", ". Please also", ", and please",
    ),
    ("; after this,", ". Once that is done,", ", and once you have that,", ". Thereafter", ", subsequently", ". When done,", ", whereupon"),
)  # fmt: skip
JOIN_QUESTION = Wordings(
    (
        "?",
        "?",
        "? Then",
        "? Now",
        "? And",
        "? After that,",
        "? Next,",
        "? Please",
        "? Also",
        "? And then",
        "? Then please",
        "? Afterwards,",
    ),
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
        ". And finally,",
        ", lastly",
        ", finally",
        ". Last,",
        " and at the end",
        ". As the last step,",
        " and lastly",
        "; finally,",
    ),
    (", and to finish", ". To wrap up,", ". In the end,", ", ultimately"),
)
PREAMBLE = Wordings(
    (
        "please", "please", "can you", "could you", "could you please", "i want you to", "i need you to", "first", "to start,",
        "i would like you to", "can you please", "i'd like to", "hey,", "hi,", "let's", "now", "go ahead and", "help me to",
        "your task is to", "ok,", "so", "i want to", "i need to", "hello,", "hi there,", "hey there, can you", "would you",
        "would you please", "would you mind to", "i'd like you to", "it would be great if you could", "you should", "just",
        "quickly", "for my homework,", "here is what i need:", "here's the task:", "task:", "my request:", "do this:", "simply",
        "i have a question: can you", "i was wondering if you could", "are you able to", "will you", "may i ask you to", "try to",
        "start by:", "the first thing to do:", "what i want you to do:", "hello, please", "ok, please", "next task:", "please help me",
    ),
    ("would you kindly", "would you be so good as to", "begin by:", "i'd love it if you could", "be a dear and", "kindly", "the job:"),
)  # fmt: skip
ASK = Wordings(
    (
        "what is", "what is", "what's", "what's", "tell me", "give me", "i need", "show me", "i want", "can you tell me", "", "",
        "please give me", "could you give me", "i would like to know", "please tell me", "could you tell me", "i want to know",
        "i'd like to know", "i need to know", "i would like", "i'd like", "can you give me", "can you show me", "please show me",
        "what would be", "what will be", "do tell me", "i have to know", "help me find", "and what is", "so what is", "then what is",
        "can i have", "could i get", "i am interested in", "let me see", "please let me have", "i am trying to find", "hey, what is",
        "any idea what is", "do you happen to know", "would you tell me", "i'd love to know", "just tell me", "just give me",
        "i was asked for", "we need", "we want to know", "they want",
    ),
    ("let me know", "i'm looking for", "may i have", "do you know", "i wonder what is"),
)  # fmt: skip
FIND = Wordings(
    (
        "find", "compute", "calculate", "determine", "get", "return", "print", "work out", "find out", "please find",
        "please compute", "please calculate", "can you find", "can you work out", "could you compute", "could you calculate",
        "i need you to find", "i want you to calculate", "please work out", "please determine", "let's find", "let's compute",
    ),
    ("would you find", "help me to calculate", "i'd like you to work out", "try to determine"),
)  # fmt: skip
"""As `ASK`, but only before ``the`` or ``how``: ``find 'a' in`` is something to do."""
HERE = ("this {noun}", "this {noun}", "this", "the following {noun}", "the following", "the {noun} below", "the {noun}", "the {noun} that follows", "what follows", "my {noun}")  # fmt: skip
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
        " now.",
        ". Thank you!",
        ". Thank you very much.",
        ", would you?",
        ", ok?",
        " for me, please.",
        " quickly.",
        ". That is all.",
        ". Please.",
        " right now.",
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
        "i need this:",
        "do this step by step:",
        "please follow these steps:",
        "work through this list:",
        "carry out these steps:",
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
        ". And",
        " and then also",
        ". Then",
        ", then",
        ". Separately,",
        "; and",
        ". Furthermore,",
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
INTRO = ("the {noun}", "the {noun}", "the {noun}", "the following {noun}", "my {noun}", "this {noun}", "the given {noun}")  # fmt: skip
BOTH = ("both", "both results", "the two results", "them", "the two", "the results", "the two numbers", "both of them", "these two", "the two values", "the two counts", "the two lengths", "both values", "the pair")  # fmt: skip
ORDINALS = (
    "the first",
    "the second",
    "the third",
    "the fourth",
    "the fifth",
    "the sixth",
    "the seventh",
)
COMBINE = Wordings(
    ("add {x}", "add {x} together", "multiply {x}", "join {x}", "combine {x}", "compare {x}", "concatenate {x}", "sum {x}", "merge {x}", "find the larger of {x}", "take the average of {x}", "check whether {x} are equal", "compute the difference between {x}", "VERB {x}", "compute the NOUN of {x}", "find the smaller of {x}", "give me the sum of {x}", "tell me the product of {x}", "which of {x} is larger", "put {x} into one list", "apply the NOUN to {x}", "VERB {x} with {w}", "join {x} with {w}"),
    ("work out the total of {x}", "stick {x} together", "say whether {x} match", "subtract {x}", "glue {x} with {w}"),
)  # fmt: skip
COMBINE_TWO = Wordings(
    ("subtract {n} from {x}", "divide {x} by {n}", "multiply {x} by {n}", "add {x} to {n}", "check whether {x} contains {n}", "append {n} to {x}", "compare {x} with {n}", "VERB {x} by {n}", "repeat {x} as often as {n} says", "is {x} larger than {n}", "VERB {x} with {n}", "what is {x} minus {n}", "what is {x} plus {n}"),
    ("take {n} away from {x}", "put {x} before {n}", "what is the ratio of {x} to {n}"),
)  # fmt: skip
