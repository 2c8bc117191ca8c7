import os
import signal
import subprocess
import sys
import time
from io import StringIO

import pytest
from rich.console import Console

from ops import logs
from ops.errors import OperatorError
from ops.stack import Stack
from tests.unit.ops.fakes import FakeRuntime, replica

DEV = Stack("dev")
FOLLOWING = """
import os, sys
from rich.console import Console
from ops import logs
from tests.unit.ops.fakes import FakeRuntime, replica
class Endless(FakeRuntime):
    def log_command(self, replica, *, follow, tail):
        return ["sh", "-c", "echo $$; exec sleep 60"]
logs.show([replica("a")], Endless(), Console(), follow=True, tail="1", environment=os.environ)
"""


def printed(*names: str) -> str:
    console = Console(file=StringIO(), width=80)
    replicas = [replica(name) for name in names]
    logs.show(replicas, FakeRuntime(), console, follow=False, tail="all", environment=os.environ)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_several_replicas_are_marked_and_one_is_not() -> None:
    assert printed("a") == "a says hello\n"
    assert printed("a", "b") == "a | a says hello\nb | b says hello\n"


def test_a_service_that_a_stack_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(OperatorError, match="no service 'redis'") as refused:
        logs.choose(DEV, [replica()], "redis")
    assert refused.value.remedy == "it has: nats"


def test_a_service_means_all_its_replicas_and_a_name_one() -> None:
    found = [replica("ainp-dev-nats-1"), replica("ainp-dev-nats-2", number=2), replica("x", service="other")]
    assert len(logs.choose(DEV, found, "nats")) == 2
    assert len(logs.choose(DEV, found, "ainp-dev-nats-2")) == 1
    assert len(logs.choose(DEV, found, None)) == 3


def test_following_ends_with_its_command() -> None:
    with subprocess.Popen([sys.executable, "-c", FOLLOWING], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        follower = int(command.stdout.readline())
        time.sleep(0.1)
        command.send_signal(signal.SIGTERM)
        assert command.wait(timeout=10) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(follower, 0)
