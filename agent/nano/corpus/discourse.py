"""Wordings that tie clauses into a request. Those after ``HELD_OUT`` never occur in training."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import NamedTuple


class Wordings(NamedTuple):
    train: tuple[str, ...]
    """Common ones; those said twice are the most common."""
    held_out: tuple[str, ...]
    rarer: tuple[str, ...] = ()
    """For training as well; all of them are as frequent as all of ``train``."""


_RARER: dict[str, list[str]] = json.loads(
    files("skillweave.agent.nano.corpus").joinpath("wordings.json").read_text("utf-8")
)


JOIN = Wordings(
    (
        ", then", " and then", ", and then", ". Then", ", after that", ". After that,", ". Next,", ", next", " and",
        ", and", ". Afterwards,", "; then", " then", ". Now", ". And", ". From there,", ";", ". Following that,",
        ".", ",", ", then please", ". Then please", "\nThen", ". With the result,", ", and after that,", ". Then",
        ". Then", ", then", " and after that", ". And then", ". Next", ", next,", ". After this,",
        ". Then, with the result,", ", now", ". Now please", "; next,", "; and", " and next", ". When you have it,",
        ", afterwards", " and afterwards", ". As a next step,", ". In a second step,", " - then",
        ". Following this,", "; finally", ". Also,", ". Please also", ", and please", "; after this,",
        ". Once that is done,", ", and once you have that,", ". Thereafter", ", subsequently", ". When done,",
        ", whereupon", ". Then do this:", ". Once done,", ", once done,", ". As soon as you have that,",
        ", and from that", ". From that,", ". Out of that,", ". Take the result and", ", take the result and",
        ". Now,", ". So now", ", and now", ". Next up,", ". Next up:", ". Step two:", ". The next step:",
        ". Then I need you to", ", then I want you to", ". I also want you to", ". After all that,",
        ". After doing so,", ", after doing so,", ". And after that", ". Second,", ". Secondly,", ". Third,",
        ", second,", ", third,", " & then", " & ", ", +", " then also", ", then also", ". Then you can",
        ". You can then", ", and lastly please", ". Continue:", ". Continue, and", ". Carry on and", ". Go on and",
        ". Straight after,", ". Immediately afterwards,", ", straight away", ". Another thing:", ". One more thing:",
        ", plus", " >", " ->", "; thereafter", ". On top of that,", ". Based on that,", ". Using that,",
        ". Using the result,", ". With the outcome,", ". With that result,", ". Then use that and", ", before you",
        ". Here's the next bit:",
        ". Having done that,", ", and with that in hand,", ". Right after that,", "; when that is ready,",
        ". Once you've got it,", ", at which point", ". The next thing to do:", " before you go on to",
        ". That done,",
    ),
    (
        ". With that out of the way,", ", and with that done,", ", upon which", ". Move on to this:",
        ", and in the next step", ", and once that is through,", ". Continuing from that,", ", and thereafter",
    ),
    tuple(_RARER["JOIN"]),
)  # fmt: skip
JOIN_QUESTION = Wordings(
    (
        "?", "?", "? Then", "? Now", "? And", "? After that,", "? Next,", "? Please", "? Also", "? And then",
        "? Then please", "? Afterwards,", "? Once you know,", "? With that,", "? Second,", "? Once you have it,",
        "? When you have that,", "? Now please", "? I also need you to", "? With the result,", "? Afterwards please",
        "? Finally,", "? Lastly,",
        "? Having found that,", "? As soon as you have it,", "? From that,",
    ),
    (
        "? Having got that,", "? That answered,", "? When you have the answer,", "? And with the answer,",
        "? Moving on,", "? After you tell me,", "? Go on:", "? In a next step,", "? Knowing that,", "? Right after,",
    ),
    tuple(_RARER["JOIN_QUESTION"]),
)  # fmt: skip
LEFT = (" that remain", " that are left", " there", " in it", " you get", " that remains", " left")
WITHIN = ("in ", "from ", "with ", "for ", "using ", "on ", "given ")
LAST = Wordings(
    (
        ", and finally", ". Finally,", " and finally", ". Lastly,", ", then finally", ". At the end,", ", and last",
        ". And finally,", ", lastly", ", finally", ". Last,", " and at the end", ". As the last step,",
        " and lastly", "; finally,", ", and to finish", ". To wrap up,", ". In the end,", ", ultimately",
        ". To finish,", ". To end,", ". As a final step,", ", as a final step,", ". Last of all,", ", last of all",
        ". Last thing:", ". Final step:", ". At last,", ". To close,", ". And in the last step", ". Then, to end,",
        ". Finally please",
        ". To round things off,", ", and as a final touch,", ". One last thing:", "; to conclude,",
        ". Before you stop,",
    ),
    (
        ", and to round it off,", ". To top it off,", ", ending with this:", ". To wrap things up,",
        ", and in closing,", ". The final thing:", ", and for the final step", ", and the very last thing:",
        ", and to end with,",
    ),
    tuple(_RARER["LAST"]),
)  # fmt: skip
PREAMBLE = Wordings(
    (
        "please", "please", "can you", "could you", "could you please", "i want you to", "i need you to", "first",
        "to start,", "i would like you to", "can you please", "i'd like to", "hey,", "hi,", "let's", "now",
        "go ahead and", "help me to", "your task is to", "ok,", "so", "i want to", "i need to", "hello,",
        "hi there,", "hey there, can you", "would you", "would you please", "would you mind to", "i'd like you to",
        "it would be great if you could", "you should", "just", "quickly", "for my homework,",
        "here is what i need:", "here's the task:", "task:", "my request:", "do this:", "simply",
        "i have a question: can you", "i was wondering if you could", "are you able to", "will you",
        "may i ask you to", "try to", "start by:", "the first thing to do:", "what i want you to do:",
        "hello, please", "ok, please", "next task:", "please help me", "would you kindly",
        "would you be so good as to", "begin by:", "i'd love it if you could", "be a dear and", "kindly", "the job:",
        "quick question:", "quick one:", "morning!", "good evening,", "good morning,", "hey there,", "hi! could you",
        "hello! please", "dear agent,", "listen,", "look,", "okay,", "okay then,", "well,", "all right, please",
        "when you get a chance,", "when you have time,", "do me a favour and", "do me a favor:", "could you quickly",
        "can you quickly", "could you just", "can you just", "would you mind", "i'd need you to", "i'd want you to",
        "we need to", "we want to", "we have to", "let us", "please could you", "please can you", "pls", "plz",
        "can u", "could u", "for a report,", "for work,", "for a friend,", "for my notes,", "it's simple:",
        "first of all,", "first off,", "firstly,", "step one:", "to start with,", "to begin with,",
        "start with this:", "my first wish:", "what i'd like:", "what i need is this:", "this is what to do:",
        "the assignment:", "the exercise:", "exercise:", "question:", "request:", "please do this for me:",
        "i beg you to", "i ask you to", "you are asked to", "you're asked to", "you have to", "you need to",
        "you must", "your turn:", "attempt to", "proceed to", "let me ask you to", "i'm asking you to", "time to",
        "be so kind and", "be nice and", "it'd be nice if you could", "can somebody", "could someone", "hmm,", "um,",
        "so,", "right,", "now then,", "next,", "one thing:", "another one:", "a small task:", "small job:",
        "be quick and", "carefully", "thanks in advance, please",
        "any chance you could", "do me a favor and", "i'm hoping you can", "quick favor:", "if possible,",
        "alright,", "i'd be grateful if you could", "mind helping me to", "what i'm after:",
    ),
    (
        "the following, if i may:", "your task:", "once more,", "i was hoping you could", "for a start,",
        "here goes:", "if it is no trouble,", "be so good as to", "mind if i ask you to",
    ),
    tuple(_RARER["PREAMBLE"]),
)  # fmt: skip
ASK = Wordings(
    (
        "what is", "what is", "what's", "what's", "tell me", "give me", "i need", "show me", "i want",
        "can you tell me", "", "", "please give me", "could you give me", "i would like to know", "please tell me",
        "could you tell me", "i want to know", "i'd like to know", "i need to know", "i would like", "i'd like",
        "can you give me", "can you show me", "please show me", "what would be", "what will be", "do tell me",
        "i have to know", "help me find", "and what is", "so what is", "then what is", "can i have", "could i get",
        "i am interested in", "let me see", "please let me have", "i am trying to find", "hey, what is",
        "any idea what is", "do you happen to know", "would you tell me", "i'd love to know", "just tell me",
        "just give me", "i was asked for", "we need", "we want to know", "they want", "let me know",
        "i'm looking for", "may i have", "do you know", "i wonder what is", "i'd be glad to know", "please say",
        "say", "and now", "next i need", "now give me", "now tell me", "i am after", "could i have",
        "would you give me", "would you show me", "will you tell me", "what exactly is", "and what's", "so what's",
        "what is then", "what was", "i was wondering about", "please report", "report", "output", "print out",
        "display", "list for me", "name", "i am curious about", "i'm interested in", "we'd like",
        "we would like to know", "she wants", "he asked for", "my boss wants", "my teacher wants", "please provide",
        "provide", "can you provide", "hand me", "fetch me", "get me", "i must know", "i have to find",
        "help me with", "remind me what is", "can you say", "could you say", "do you know what is",
        "can anyone tell me", "please write down", "write down", "note down", "quickly tell me", "then tell me",
        "the question is", "we are asked for",
        "i'm curious about", "fill me in on", "could you let me have", "i'm after", "would you mind telling me",
        "i need to find out",
    ),
    (
        "let me hear", "i'd love to see", "enlighten me on", "i could do with", "would you share", "kindly state",
        "it would help to know", "what might be",
    ),
    tuple(_RARER["ASK"]),
)  # fmt: skip
FIND = Wordings(
    (
        "find", "compute", "calculate", "determine", "get", "return", "print", "work out", "find out", "please find",
        "please compute", "please calculate", "can you find", "can you work out", "could you compute",
        "could you calculate", "i need you to find", "i want you to calculate", "please work out",
        "please determine", "let's find", "let's compute", "would you find", "help me to calculate",
        "i'd like you to work out", "try to determine", "find me", "please get", "could you find",
        "could you work out", "can you calculate", "can you compute", "can you determine", "could you determine",
        "i need to find", "i need to work out", "i have to calculate", "we need to find", "we have to compute",
        "help me find", "help me calculate", "you should find", "you should compute", "now find", "now compute",
        "now calculate", "now work out", "first find", "first compute",
        "have a go at finding", "go and find", "i'd like you to calculate", "could you track down",
        "see if you can find",
    ),
    (
        "figure out", "establish", "please establish", "kindly work out", "look up", "try to find", "derive",
        "please report", "go find", "come up with",
    ),
    tuple(_RARER["FIND"]),
)  # fmt: skip
"""As `ASK`, but only before ``the`` or ``how``: ``find 'a' in`` is something to do."""
HERE = ("this {noun}", "this {noun}", "this", "the following {noun}", "the following", "the {noun} below", "the {noun}", "the {noun} that follows", "what follows", "my {noun}")  # fmt: skip
CLOSE = Wordings(
    (
        ".", ".", ".", "?", "", "", "!", ", please.", " please", ". Thanks!", ", thank you.", " for me.", " now.",
        ". Thank you!", ". Thank you very much.", ", would you?", ", ok?", " for me, please.", " quickly.",
        ". That is all.", ". Please.", " right now.", ", if you can.", ", cheers.", ". Much obliged!", ". Thx!",
        ". Thx.", ", thx.", " thx", " thanks", ", thanks.", ". Thank you so much!", ". Many thanks.",
        ". Many thanks!", ". Thanks a lot!", ". Thanks a lot.", ". Thanks in advance.", ". Thanks so much.",
        ". That's it.", ". That's all.", ". That would be all.", ". That is everything.", ". This is all I need.",
        ". That's all I need.", ". Nothing else.", ". Done.", ". Can you?", ". Could you?", ", can you?",
        ", could you?", ", alright?", ", right?", ", okay?", ", if possible.", ". If possible.",
        ", if you don't mind.", ", if that is ok.", ", if you would.", ", when you can.", ". Take your time.",
        ". No rush.", ". No hurry!", ". Quick, please!", ". Quickly please.", ", quick.", " asap", ", asap.",
        " asap please", ". It is urgent.", ". It's urgent!", ". I'm in a hurry.", ". I'd appreciate it.",
        ". I would appreciate that.", ". Appreciated!", ". Very kind of you.", ". You're great!",
        ". You are a star.", ". Great!", ". Nice!", ". Bye!", ". Good luck!", ". See you!", ". I owe you one.",
        ". Just that.", ". Only that.", ". Nothing more.", ". Hope that's clear.", ". Is that clear?", ". Got it?",
        ". Understood?", ". Does that work?", ". Is that possible?", ". Is that ok?", ". Can you do that?",
        ". Let me know.", ". Let me know!", ". I am waiting.", ". I need it today.", ". It's for school.",
        ". It is for my boss.", ". It's for a friend.", ". For my records.", ", for my notes.",
        ". Please and thank you.", ". Sorry to bother you.", ". Much appreciated.", ". Tell me when you have it.",
        ". I can't do it myself.", ". That'd be great.", ". That would be great!", ". That would help.",
        ". It would help me a lot.", " :)", " :-)", " !!", "...", " ...", "!!", " - thanks", " - thank you!",
        " - please", " (thanks)", " (please)", "?!", "??", " ?", " !", " .",
        ". Many thanks in advance.", ", if it's no trouble.", " when you get a chance.", ". I appreciate it!",
    ),
    (
        ", if that works.", " as fast as you can.", " when you get a moment.", ". Looking forward to the answer.",
        ", pretty please.", " when you can spare a second.", ". Ta very much!", ". Hope that makes sense.",
    ),
    tuple(_RARER["CLOSE"]),
)  # fmt: skip
GIVEN = Wordings(
    (
        "take {x} and", "given {x},", "here is a {type}: {x}.", "i have {x}.", "my {type} is {x}.", "with {x},",
        "for {x},", "start with {x},", "take {x},", "this is my {type}: {x}\n", "consider {x}.", "here is {x}.",
        "the {type} is {x}.", "from {x},", "input: {x}\n", "the following {type}: {x}.", "in {x},", "in {x}",
        "from {x}", "in the {type} {x}", "from the {type} {x}", "for the {type} {x},", "on {x},", "using {x},",
        "suppose we have {x}.", "let us begin with {x},", "{type}: {x}\n", "below you find a {type}: {x}.",
        "grab {x} and", "so i have {x}.", "i've got {x}.", "we have {x}.", "there is {x}.", "assume {x}.",
        "imagine {x}.", "look at {x}.", "look at this {type}: {x}.", "i wrote {x}.", "i got {x}.", "this is {x}.",
        "use {x}.", "use {x} and", "use the {type} {x}.", "start from {x}.", "beginning with {x},",
        "starting with {x},", "looking at {x},", "considering {x},", "about {x}:", "regarding {x}:",
        "about the {type} {x}:", "for this {type}: {x},", "data: {x}\n", "my input is {x}.", "the input is {x}.",
        "{x}:", "{x} -", "we are given {x}.", "you are given {x}.", "let x be {x}.", "someone sent me {x}.",
        "my friend sent {x}.", "here goes: {x}.", "here you go: {x}.", "here's {x}.", "here's my {type}: {x}.",
        "here comes a {type}: {x}.", "get {x} and", "a {type}: {x}.", "one {type}: {x}.",
        "let's say i've got {x}.", "i'm giving you a {type}, {x}.", "let's work with {x}.", "starting from {x},",
        "you've got {x} to work with.", "my {type} reads {x}.", "pick up {x} and",
    ),
    (
        "suppose the {type} is {x}.", "the {type} in question is {x}.", "let us work on {x}.",
        "imagine you have {x}.", "we are dealing with {x}.", "this {type} came in today: {x}.",
        "on the basis of {x},", "using {x} as the {type},", "you get {x}.",
    ),
    tuple(_RARER["GIVEN"]),
)  # fmt: skip
TASK_LIST = Wordings(
    (
        "do the following:", "please do this:", "steps:", "follow these steps:", "tasks:",
        "do these things in order:", "i need this:", "do this step by step:", "please follow these steps:",
        "work through this list:", "carry out these steps:", "to do:", "here is the procedure:", "do:", "please:",
        "i want this done:", "here is what to do:", "what to do:", "the steps are:", "my list:", "in this order:",
        "do all of this:", "the following tasks:", "instructions:", "perform these steps:", "execute these steps:",
        "go through these steps:", "todo:",
        "here's my checklist:", "go through these one at a time:", "complete each of these in turn:",
    ),
    (
        "work down this list:", "my to-do list:", "here is what has to happen:", "i want all of this done:",
        "run through the following:", "perform these actions one by one:", "the plan is this:",
        "take these steps one after another:", "get this done:",
    ),
    tuple(_RARER["TASK_LIST"]),
)  # fmt: skip
AND = Wordings(
    (
        " and", ", and", " and also", " as well as", ", and also", " plus", "; also", ". Also", " and separately",
        ". And", " and then also", ". Then", ", then", ". Separately,", "; and", ". Furthermore,", ", along with",
        ". In addition,", ", besides", ", and then also", ", and besides", ". Besides,", ". Moreover,",
        ". Additionally,", ", additionally", ". On the side,", ", at the same time", " & also", ". Likewise,",
        ". I also need you to", ", while you also", ". Independently,", ". Apart from that,", ", apart from that,",
        ". Next to that,", ". Second,", ". Another thing:", ". Aside from that,",
        ", together with", ". On top of that,", ", and likewise", ". At the same time,",
    ),
    (
        ", and independently", " and in addition", ", and besides that", ", and on the side", ". Meanwhile,",
        ", not to forget", ". For another thing,", ". Unrelated to that,", ", and next to that",
    ),
    tuple(_RARER["AND"]),
)  # fmt: skip
AFTER = Wordings(
    (
        "after", "once you are done", "when you have finished", "having finished", "right after",
        "as soon as you are done", "once finished", "first of all", "when done",
        "upon", "as soon as you are through with",
    ),
    (
        "immediately after", "following", "on", "just after", "shortly after", "subsequent to", "once done with",
        "as soon as you finish", "when you are through with", "having completed",
    ),
    tuple(_RARER["AFTER"]),
)  # fmt: skip

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
    "the eighth",
    "the ninth",
    "the tenth",
)
COMBINE = Wordings(
    (
        "add {x}", "add {x} together", "multiply {x}", "join {x}", "combine {x}", "compare {x}", "concatenate {x}",
        "sum {x}", "merge {x}", "find the larger of {x}", "take the average of {x}", "check whether {x} are equal",
        "compute the difference between {x}", "VERB {x}", "compute the NOUN of {x}", "find the smaller of {x}",
        "give me the sum of {x}", "tell me the product of {x}", "which of {x} is larger", "put {x} into one list",
        "apply the NOUN to {x}", "VERB {x} with {w}", "join {x} with {w}", "work out the total of {x}",
        "stick {x} together", "say whether {x} match", "subtract {x}", "glue {x} with {w}", "put {x} together",
        "link {x}", "mix {x}", "bring {x} together", "total {x}", "average {x}", "find the maximum of {x}",
        "find the minimum of {x}", "take the larger of {x}", "take the smaller of {x}", "give me the greater of {x}",
        "are {x} the same", "are {x} equal", "is there a difference between {x}", "what do {x} add up to",
        "what is the sum of {x}", "what is the product of {x}", "divide {x}", "what is the gap between {x}",
        "VERB and NOUN {x}", "make one text of {x}", "write {x} side by side", "list {x}", "string {x} together",
        "multiply {x} with each other", "pair {x}", "check if {x} agree", "see if {x} are the same",
        "tell me whether {x} are the same",
        "pick the bigger of {x}", "work out the gap between {x}", "chain {x} together", "find the mean of {x}",
        "string {x} together with {w}", "see if there is any difference between {x}", "use the NOUN on {x}",
    ),
    (
        "put {x} side by side", "take the difference of {x}", "glue {x} together", "pick the longer of {x}",
        "weave {x} together", "take the product of {x}", "VERB {x} against each other",
        "work out the NOUN between {x}", "VERB {x} into a single NOUN", "pack {x} into one list",
    ),
    tuple(_RARER["COMBINE"]),
)  # fmt: skip
COMBINE_TWO = Wordings(
    (
        "subtract {n} from {x}", "divide {x} by {n}", "multiply {x} by {n}", "add {x} to {n}",
        "check whether {x} contains {n}", "append {n} to {x}", "compare {x} with {n}", "VERB {x} by {n}",
        "repeat {x} as often as {n} says", "is {x} larger than {n}", "VERB {x} with {n}", "what is {x} minus {n}",
        "what is {x} plus {n}", "take {n} away from {x}", "put {x} before {n}", "what is the ratio of {x} to {n}",
        "take {n} off {x}", "subtract {x} from {n}", "is {x} the same as {n}", "is {x} bigger than {n}",
        "is {x} equal to {n}", "does {x} contain {n}", "attach {n} to {x}", "what is {x} times {n}",
        "what is {x} divided by {n}", "what percentage of {n} is {x}", "what share of {n} is {x}",
        "raise {x} to {n}", "join {x} and {n}", "VERB {x} from {n}", "VERB {x} and {n}", "VERB {n} into {x}",
        "find the gap between {x} and {n}", "the difference between {x} and {n}", "merge {x} into {n}",
        "deduct {n} from {x}", "stick {n} on the end of {x}", "how many times does {n} go into {x}",
        "see whether {x} matches {n}",
    ),
    (
        "put {n} behind {x}", "see how many times {n} goes into {x}", "find out if {x} equals {n}",
        "express {x} as a percentage of {n}", "tack {n} onto {x}", "VERB {x} against {n}",
        "find the NOUN between {x} and {n}", "multiply {n} into {x}", "increase {x} by {n}", "check {x} for {n}",
    ),
    tuple(_RARER["COMBINE_TWO"]),
)  # fmt: skip
