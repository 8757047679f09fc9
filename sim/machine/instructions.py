"""Functions that are machine instructions: what they do to NumPy arrays, and what LLVM is told instead.

Numba has doors of its own for this, `intrinsic` and `overload`. An intrinsic looks at every call whether any
library has declared something new meanwhile (an eighth of the time that kernels take to compile), and an
overload is a function of its own, linked and inlined in every kernel (another eighth). Here the type of a
call is looked up once, and its code is written where it stands.
"""

from collections.abc import Callable
from typing import Any

from numba.core import types
from numba.core.registry import cpu_target
from numba.core.typing.templates import AbstractTemplate, Signature, infer_global
from numba.extending import lower_builtin

Generate = Callable[[Any, Any, Signature, Any], Any]
Define = Callable[..., tuple[Signature, Generate] | None]


def instruction(python: Any, *kinds: tuple[Any, ...], literal: bool = False) -> Callable[[Define], Define]:
    """A decorator: the function below it says, for the types of the arguments, the signature of a call of
    `python` (an operator, or a function on NumPy arrays) and what writes its code; None where it is no such
    call. `kinds` are the classes of arguments of an operator's cases, without them any; with `literal` the
    types of constants hold their values.
    """

    def register(define: Define) -> Define:
        signatures: dict[Any, Signature | None] = {}
        code: dict[Any, Generate] = {}

        @infer_global(python)
        class _Typed(AbstractTemplate):
            prefer_literal = literal

            def generic(self, args: Any, kws: Any) -> Signature | None:
                if args not in signatures:
                    made = define(*args)
                    signatures[args] = made[0] if made else None
                    if made:
                        code[made[0].args] = made[1]
                return signatures[args]

        def lowered(context: Any, builder: Any, sig: Signature, args: Any) -> Any:
            return code[sig.args](context, builder, sig, args)

        for each in kinds or ((types.VarArg(types.Any),),):  # type: ignore[attr-defined]
            lower_builtin(python, *each)(lowered)
        return define

    return register


def ask_first(*operators: Any) -> None:
    """Numba asks one library after another what an operator does, lists, arrays, sets and dates before
    numbers: the sum of two integers took 0.3 ms to type, three times over. Which of them answers does not
    depend on the order; ours and numbers are asked first now.
    """
    typing = cpu_target.typing_context
    typing.refresh()
    for python in operators:
        known = typing.resolve_value_type(python)
        known.templates = tuple(sorted(known.templates, key=_turn))


def _turn(template: Any) -> int:
    places = [cls.__module__ for cls in template.__mro__]
    return 0 if __name__ in places else 1 if "numba.core.typing.builtins" in places else 2
