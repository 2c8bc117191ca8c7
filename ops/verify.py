"""`ainp verify` and `ainp prove`: pytest, against a running stack or on stacks of its own; ends with its closing line.

The tests themselves are no business of this module.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops import environment
from ops.engine import Engine
from ops.errors import OperatorError
from ops.stack import CHECKOUT, Stack
from toolchain.environment import tool_environment

TESTS = "tests/infra"
PROOFS = "tests/prove"


def verify(stack: Stack, arguments: Sequence[str]) -> int:
    """Run the tests with `arguments` of pytest added; returns pytest's exit code.

    Raises:
        OperatorError: the stack has never been up, or the tests are not there.
    """
    engine = Engine(stack)
    variables = {**engine.environment, **environment.client_variables(stack, engine.outputs())}
    return _pytest(TESTS, arguments, variables, stack.root)


def prove(arguments: Sequence[str]) -> int:
    """Prove at length, on stacks of the tests' own, and write evidence/; returns pytest's exit code.

    Raises:
        OperatorError: the tests are not there.
    """
    return _pytest(PROOFS, arguments, {**os.environ, **tool_environment()}, CHECKOUT)


def _pytest(tests: str, arguments: Sequence[str], variables: Mapping[str, str], root: Path) -> int:
    if not (root / tests).is_dir():
        raise OperatorError(f"{tests} is missing", remedy="run from a checkout of the project")
    command = [sys.executable, "-m", "pytest", tests, *arguments]
    return subprocess.run(command, env=variables, cwd=root, check=False).returncode
