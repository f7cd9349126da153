import ast
import math
import operator
from collections.abc import Callable


def _tidy(value: float) -> float:
    """A whole number as int, any other without the noise of binary floating point."""
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise ValueError("the result is too large")
    rounded = float(f"{value:.15g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def _evaluate(node: ast.expr) -> float:
    """The value of one node of the expression."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_evaluate(inner)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _evaluate(inner)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            base, exponent = _evaluate(left), _evaluate(right)
            if abs(base) > 1 and exponent * math.log2(abs(base)) > 10_000:
                raise ValueError("a power in the expression is too large")
            result = base**exponent
            if isinstance(result, complex):
                raise ValueError("a negative number is raised to a broken power")
            return float(result) if isinstance(result, float) else int(result)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(left), _evaluate(right))
    raise ValueError("only numbers, + - * / // % ** and parentheses are understood")


def evaluate_expression(expression: str) -> float:
    """Calculate an arithmetic expression.

    Args:
        expression: The expression to calculate.
    """
    plain = expression.strip().rstrip("=?").replace("^", "**").replace("\u00d7", "*")
    plain = plain.replace("\u00f7", "/").replace("\u2212", "-").strip()
    try:
        return _tidy(_evaluate(ast.parse(plain, mode="eval").body))
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{expression!r} is not an arithmetic expression") from None
    except (ZeroDivisionError, OverflowError) as error:
        raise ValueError(f"the expression has no value: {error}") from None
