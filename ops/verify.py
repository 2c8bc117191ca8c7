"""`ainp verify`: the infrastructure tests against a stack that runs; ends with pytest's own closing line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from ops import environment
from ops.engine import Engine
from ops.errors import OperatorError
from ops.stack import Stack

TESTS = "tests/infra"


def verify(stack: Stack, arguments: Sequence[str]) -> int:
    """Run the tests with `arguments` of pytest added; returns pytest's exit code.

    Raises:
        OperatorError: the stack has never been up, or the tests are not there.
    """
    if not (stack.root / TESTS).is_dir():
        raise OperatorError(f"{TESTS} is missing", remedy="run from a checkout of the project")
    engine = Engine(stack)
    variables = {**engine.environment, **environment.client_variables(stack, engine.outputs())}
    command = [sys.executable, "-m", "pytest", TESTS, *arguments]
    return subprocess.run(command, env=variables, cwd=stack.root, check=False).returncode
