"""The signature of a tool's function, read from its source. The source is never executed."""

from __future__ import annotations

import ast
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from skillweave.skills.annotations import SchemaReader, UnsupportedTypeError, json_type, union
from skillweave.skills.docstring import example_cases, json_of, parameter_notes, summary_of
from skillweave.skills.errors import SkillFormatError
from skillweave.skills.model import Case, Parameter, Signature

MAX_SOURCE: Final = 1024 * 1024
_TYPES_THAT_WORK: Final = "use str, int, float, bool, list[...], dict[str, ...], Literal or None"
_filters = threading.Lock()


def public_functions(source: str, *, file: Path | str = "tool.py") -> tuple[str, ...]:
    """Names of the functions a module offers, in order: of ``__all__``, else all without _."""
    module = parse_module(source, file=file)
    names = dict.fromkeys(node.name for node in module.body if isinstance(node, ast.FunctionDef))
    offered = _constants(module).get("__all__")
    if isinstance(offered, ast.List | ast.Tuple):
        listed = {item.value for item in offered.elts if isinstance(item, ast.Constant)}
        return tuple(name for name in names if name in listed)
    return tuple(name for name in names if not name.startswith("_"))


def signature_of(source: str, function: str, *, file: Path | str = "tool.py") -> Signature:
    """Read the signature of one function; a return annotation may be missing, others not."""
    module = parse_module(source, file=file)
    node = _find(module, function, file)
    _refuse_uncallable(node, file)
    constants = _constants(module)
    reader = SchemaReader(constants)
    docstring = ast.get_docstring(node) or ""
    notes = parameter_notes(docstring)
    arguments = node.args
    positional = len(arguments.args) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [None] * positional
    defaults.extend(arguments.defaults)
    pairs = [
        *zip(arguments.args, defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    builder = _Builder(reader, constants, function, file)
    parameters = tuple(
        builder.parameter(argument, default, notes.get(argument.arg, ""))
        for argument, default in pairs
    )
    return Signature(
        function=function,
        parameters=parameters,
        returns=builder.returns(node),
        summary=summary_of(docstring),
    )


def check_fully_typed(source: str, function: str, *, file: Path | str = "tool.py") -> None:
    """Refuse a function without a return annotation (``signature_of`` refuses the rest)."""
    node = _find(parse_module(source, file=file), function, file)
    if node.returns is None:
        raise SkillFormatError(
            file,
            f"{function} has no return type",
            line=node.lineno,
            remedy=f"write 'def {function}(...) -> str:' or whatever it returns",
        )


def cases_of(source: str, function: str, *, file: Path | str = "tool.py") -> tuple[Case, ...]:
    """The docstring's ``>>> function(literals)`` examples as cases."""
    node = _find(parse_module(source, file=file), function, file)
    names = [argument.arg for argument in node.args.args]
    return example_cases(ast.get_docstring(node) or "", function, names)


def docstring_of(source: str, function: str, *, file: Path | str = "tool.py") -> str:
    """The function's docstring without its indentation; may be empty."""
    return ast.get_docstring(_find(parse_module(source, file=file), function, file)) or ""


def line_of(source: str, function: str, *, file: Path | str = "tool.py") -> int:
    """The line of the function's ``def``."""
    return _find(parse_module(source, file=file), function, file).lineno


def parse_module(source: str, *, file: Path | str = "tool.py") -> ast.Module:
    """The syntax tree of a tool's source, or one clear error with its line."""
    if len(source) > MAX_SOURCE:
        raise SkillFormatError(file, "more than 1 MB of source", remedy="split the file", line=1)
    try:
        # The parser reports odd escapes as warnings; they are the author's business, not ours.
        with _filters, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        reason = f"not valid Python ({error.msg})"
        raise SkillFormatError(
            file, reason, line=error.lineno or 1, remedy="correct the syntax"
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SkillFormatError(
            file, f"not readable as Python ({error})", line=1, remedy="write plain source text"
        ) from error


def _find(module: ast.Module, function: str, file: Path | str) -> ast.FunctionDef:
    found: ast.FunctionDef | None = None
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            found = node
        elif isinstance(node, ast.AsyncFunctionDef) and node.name == function:
            raise SkillFormatError(
                file, f"{function} is async", line=node.lineno, remedy="write a plain def"
            )
    if found is None:
        raise SkillFormatError(
            file,
            f"no function {function!r} at the top level",
            line=1,
            remedy="define it, or name another one in skillweave-function",
        )
    return found


def _refuse_uncallable(node: ast.FunctionDef, file: Path | str) -> None:
    arguments = node.args
    star = arguments.vararg or arguments.kwarg
    if star is not None:
        raise SkillFormatError(
            file,
            f"{node.name} takes *{star.arg}, which has no JSON Schema",
            line=star.lineno,
            remedy="name every parameter",
        )
    if arguments.posonlyargs:
        raise SkillFormatError(
            file,
            f"{node.name} has positional-only parameters",
            line=arguments.posonlyargs[0].lineno,
            remedy="remove the '/', arguments are passed by name",
        )


def _constants(module: ast.Module) -> dict[str, ast.expr]:
    """Module-level ``NAME = expression``: aliases of types and constants used as defaults."""
    constants: dict[str, ast.expr] = {}
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                constants[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                constants[name] = value
    return constants


class _Builder:
    """Builds parameters and the return schema of one function."""

    def __init__(
        self,
        reader: SchemaReader,
        constants: Mapping[str, ast.expr],
        function: str,
        file: Path | str,
    ):
        self._reader = reader
        self._constants = constants
        self._function = function
        self._file = file

    def parameter(self, arg: ast.arg, default: ast.expr | None, note: str) -> Parameter:
        if arg.annotation is None:
            raise SkillFormatError(
                self._file,
                f"parameter {arg.arg!r} of {self._function} has no type",
                line=arg.lineno,
                remedy=f"write '{arg.arg}: str' or what it is",
            )
        schema = self._schema(arg.annotation, f"parameter {arg.arg!r} of {self._function}")
        value = None if default is None else self._default(arg, default)
        if default is not None and value is None:
            schema = union([schema, {"type": "null"}])
        return Parameter(
            name=arg.arg,
            type=json_type(schema),
            json_schema=schema,
            description=note,
            required=default is None,
            default=value,
        )

    def returns(self, node: ast.FunctionDef) -> dict[str, JsonValue]:
        if node.returns is None:
            return {}
        return self._schema(node.returns, f"the result of {self._function}")

    def _schema(self, annotation: ast.expr, what: str) -> dict[str, JsonValue]:
        try:
            return self._reader.schema(annotation)
        except (UnsupportedTypeError, RecursionError) as error:
            raise SkillFormatError(
                self._file,
                f"{what} has the type {error} that JSON cannot hold",
                line=annotation.lineno,
                remedy=_TYPES_THAT_WORK,
            ) from error

    def _default(self, arg: ast.arg, default: ast.expr) -> JsonValue:
        named = self._constants.get(default.id) if isinstance(default, ast.Name) else None
        try:
            return json_of(ast.literal_eval(default if named is None else named))
        except (ValueError, TypeError, RecursionError) as error:
            raise SkillFormatError(
                self._file,
                f"the default of parameter {arg.arg!r} of {self._function} is not a JSON value",
                line=default.lineno,
                remedy="use a literal number, text, list, dict or None",
            ) from error
