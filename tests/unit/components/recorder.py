"""Records what a program declares, without an engine, and reads containers out of it as plain values.

Left out: stack transforms and anything an apply does with unknown values; `pulumi preview` in the end-to-end tests
sees those.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, mocks
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import wait_for_rpcs

SECRET_MARK = "4dabf18193072939515e22adb298388d"
"""The engine's key of a wrapped secret (pulumi, `sdk/.../rpc.py`)."""


class Recorder(Mocks):
    """Every resource that was registered, in order."""

    def __init__(self) -> None:
        self.resources: list[MockResourceArgs] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        outputs = dict(args.inputs)
        if args.typ == "pulumi:index:Stash":
            outputs["output"] = args.inputs["input"]
        if args.typ == "docker:index/remoteImage:RemoteImage":
            outputs["imageId"] = f"sha256:{args.name}"
        return f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program called {args.token}")

    def of_type(self, token: str) -> dict[str, dict[str, Any]]:
        """Return name -> inputs of the resources of one type."""
        return {one.name: one.inputs for one in self.resources if one.typ == token}


def record(program: Callable[[], None], *, stack: str = "t-unit") -> Recorder:
    """Run a program and return what it declared."""
    recorder = Recorder()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        mocks.set_mocks(recorder, project="ainp", stack=stack, preview=False)
        SETTINGS.rpc_manager.clear()
        SETTINGS.outputs.clear()

        async def run() -> None:
            try:
                program()
            finally:
                await wait_for_rpcs()

        loop.run_until_complete(run())
    finally:
        loop.close()
    return recorder


def plain(value: Any) -> Any:
    """Return a recorded value without the marks of secrets."""
    if isinstance(value, dict):
        if SECRET_MARK in value:
            return plain(value["value"])
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def is_secret(value: Any) -> bool:
    """Whether a recorded value, or anything in it, is marked secret."""
    if isinstance(value, dict):
        return SECRET_MARK in value or any(is_secret(one) for one in value.values())
    return isinstance(value, list) and any(is_secret(one) for one in value)
