"""Changing the source of a tool: what keeps its meaning, and one place at a time what does not."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator

Edit = Callable[[], object]
"""Changes one place of the tree it was found in."""


def function_of(module: ast.Module, name: str) -> ast.FunctionDef:
    """The function of a module."""
    return next(n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == name)


def paraphrased(source: str, function: str, name: str, rng: random.Random) -> str:
    """The same tool by another hand: other names inside, other docstring, branches turned round."""
    module = ast.parse(source)
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            _rename_locals(node)
    _rename(module, function, name)
    main = function_of(module, name)
    module = _Turned(rng).visit(module)
    main.body[0:1] = ast.parse(f'"""{_reworded_docstring(main)}"""').body
    return ast.unparse(ast.fix_missing_locations(module)) + "\n"


def wrapped(source: str, function: str, body: str, before: str = "") -> str:
    """``function`` with a new body; the old one is there as ``_plain``, ``before`` at module level."""
    module = ast.parse(source)
    shell = copy.deepcopy(function_of(module, function))
    _rename(module, function, "_plain")
    shell.body = [shell.body[0], *ast.parse(body).body]
    module.body += [*ast.parse(before).body, shell]
    return ast.unparse(ast.fix_missing_locations(module)) + "\n"


def edited(
    source: str, places: Callable[[ast.Module], Iterator[Edit]], rng: random.Random
) -> Iterator[str]:
    """The source with one place changed, in a random order of the places."""
    number = sum(1 for _ in places(ast.parse(source)))
    for at in rng.sample(range(number), number):
        module = ast.parse(source)
        list(places(module))[at]()
        yield ast.unparse(ast.fix_missing_locations(module)) + "\n"


def signature_call(source: str, function: str) -> tuple[list[str], str]:
    """The parameters' names, and the text of a call that passes them on."""
    arguments = function_of(ast.parse(source), function).args
    names = [a.arg for a in (*arguments.args, *arguments.kwonlyargs)]
    return names, f"_plain({', '.join(f'{n}={n}' for n in names)})"


def _rename(module: ast.Module, old: str, new: str) -> None:
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
        elif isinstance(node, ast.FunctionDef) and node.name == old:
            node.name = new


def _rename_locals(function: ast.FunctionDef) -> None:
    nodes = list(ast.walk(function))
    arguments = {n.arg for n in nodes if isinstance(n, ast.arg)}
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names = {name: f"{name}_value" for name in stored - arguments}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in names:
            node.id = names[node.id]
        elif isinstance(node, ast.Nonlocal | ast.Global):
            node.names = [names.get(name, name) for name in node.names]


def _reworded_docstring(function: ast.FunctionDef) -> str:
    text = (ast.get_docstring(function) or function.name).replace("\\", "\\\\").replace('"', "'")
    return reworded(text)


class _Turned(ast.NodeTransformer):
    """Some branches the other way round, some returned values named first."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        if self._rng.random() < 0.5:
            return node
        test = ast.UnaryOp(op=ast.Not(), operand=node.test)
        return ast.IfExp(test=test, body=node.orelse, orelse=node.body)

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if not node.orelse or self._rng.random() < 0.5 or _walrus(node.test):
            return node
        test = ast.UnaryOp(op=ast.Not(), operand=node.test)
        return ast.If(test=test, body=node.orelse, orelse=node.body)

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.stmt]:
        if node.value is None or self._rng.random() < 0.5:
            return node
        name = "outcome"
        store = ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=node.value)
        return [store, ast.Return(value=ast.Name(id=name, ctx=ast.Load()))]


def _walrus(node: ast.AST) -> bool:
    return any(isinstance(one, ast.NamedExpr) for one in ast.walk(node))


_WORDS = {
    "Find": "Work out", "Convert": "Change", "Count": "Tell the number of", "Take": "Keep",
    "Compute": "Calculate", "Calculate": "Compute", "Check": "Tell", "Return": "Give",
    "Make": "Build", "Get": "Fetch", "Remove": "Drop", "Join": "Put together", "list": "sequence",
    "text": "string of text", "number": "numeric value", "numbers": "numeric values",
    "words": "single words", "date": "calendar date", "wanted": "asked for", "whole": "entire",
}  # fmt: skip


def reworded(text: str) -> str:
    """The same said with other words, where there are some."""
    return " ".join(_WORDS.get(word, word) for word in text.split(" "))
