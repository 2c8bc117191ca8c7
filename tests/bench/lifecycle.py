"""How long a stack takes to come up, to preview and to go, beside what Docker alone takes for the same containers.

``python -m tests.bench.lifecycle [--runs N]`` prints a table and JSON, and keeps the latter in evidence/. Images are
built beforehand; the cold set-up of the toolchain is read from the cache's own record of its steps, if there is one.
Left out: throughput of services, which their own benches measure.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from config import topology
from tests.e2e.sandbox import Sandbox
from toolchain.paths import cache_root

REPORT = Path("evidence/bench/lifecycle.json")
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
Action = Callable[[], str]


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def checked(*command: str, env: dict[str, str] | None = None) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout


def pulumi(sandbox: Sandbox, command: str) -> Action:
    """Return plain pulumi, in the environment of `ainp env`, which is read beforehand and not measured."""
    exported = checked("bash", "-c", f'eval "$({_ainp(sandbox)} env)" && env -0', env=sandbox.environment)
    environment = dict(entry.partition("=")[::2] for entry in exported.split("\0") if entry)
    arguments = command.split()
    return lambda: checked("pulumi", *arguments, "--stack", sandbox.name, env=environment)


def _ainp(sandbox: Sandbox) -> str:
    return str(sandbox.root / ".venv" / "bin" / "ainp")


def ainp(sandbox: Sandbox, *arguments: str) -> Action:
    def run() -> str:
        done = sandbox.ainp(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def docker_alone(sandbox: Sandbox) -> tuple[float, float]:
    """Make and remove the stack's NATS with Docker commands only: network, volume, container, until it is healthy.

    It takes over the image, files and health command of the running stack, so what differs is the engine above Docker.
    """
    name = f"{topology.resource_name(sandbox.name, 'raw')}"
    (files,) = checked("docker", "volume", "ls", "-q", "--filter", f"name=ainp-{sandbox.name}-nats-1-files").split()
    image = json.loads(checked("docker", "inspect", sandbox.container().id))[0]["Image"]
    label = f"{topology.LABEL_STACK}={sandbox.name}"

    def up() -> None:
        checked("docker", "network", "create", "--internal", "--label", label, name)
        checked("docker", "volume", "create", "--label", label, name)
        checked(
            "docker", "run", "--detach", "--name", name, "--hostname", name, "--network", name, "--label", label,
            "--read-only", "--cap-drop=ALL", "--tmpfs", "/run/ainp:uid=10010", "--volume", f"{files}:/etc/ainp:ro",
            "--volume", f"{name}:/data", "--health-cmd", "/usr/local/bin/health", "--health-interval", "3s", image,
            "nats-start",
        )  # fmt: skip
        while checked("docker", "inspect", "--format", "{{.State.Health.Status}}", name).strip() != "healthy":
            time.sleep(0.1)

    def down() -> None:
        checked("docker", "stop", name)
        checked("docker", "rm", "--volumes", name)
        checked("docker", "volume", "rm", name)
        checked("docker", "network", "rm", name)

    return seconds(up), seconds(down)


def memory_mib(sandbox: Sandbox) -> dict[str, float]:
    """Return each container's proportional set size; `docker stats` depends on how control groups are mounted."""
    found = {}
    for each in sandbox.runtime.replicas(sandbox.name):
        pids = checked("docker", "top", each.id, "-eo", "pid").split()[1:]
        kib = sum(int(PSS.findall(Path(f"/proc/{pid}/smaps_rollup").read_text())[0]) for pid in pids)
        found[each.name.removeprefix(f"ainp-{sandbox.name}-")] = round(kib / 1024, 1)
    return found


def cold_setup() -> dict[str, float]:
    """Return the seconds of every step that the toolchain last did for real, from its own record."""
    record = cache_root() / "timings.jsonl"
    steps = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    return {f"{one['tool']}: {one['step']}": one["seconds"] for one in steps if one["outcome"] == "done"}


def measure(runs: int) -> dict[str, Any]:
    sandbox = Sandbox("bench")
    timings: dict[str, list[float]] = {}

    def record(what: str, value: float) -> None:
        timings.setdefault(what, []).append(round(value, 2))

    try:
        sandbox.up()  # builds the images, if nothing has
        for _ in range(runs):
            sandbox.ainp("down", "--volumes", "--yes")
            record("up, images built, to healthy", seconds(ainp(sandbox, "up")))
            record("preview without change", seconds(pulumi(sandbox, "preview --expect-no-changes")))
            record(
                "preview --refresh without change", seconds(pulumi(sandbox, "preview --refresh --expect-no-changes"))
            )
            record("ainp up without change", seconds(ainp(sandbox, "up")))
            raw_up, raw_down = docker_alone(sandbox)
            record("docker alone: one NATS to healthy", raw_up)
            record("docker alone: remove it", raw_down)
            used = memory_mib(sandbox)
            resources = len(json.loads(pulumi(sandbox, "stack export")())["deployment"]["resources"])
            record("down, data deleted", seconds(ainp(sandbox, "down", "--volumes", "--yes")))
            sandbox.up()
    finally:
        sandbox.remove()
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "runs": runs,
        "resources": resources,
        "memory_mib": used,
        "seconds": {
            what: {"median": statistics.median(v), "min": min(v), "max": max(v)} for what, v in timings.items()
        },
        "cold_setup_seconds": cold_setup(),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=3)
    report = measure(arguments.parse_args().runs)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    table = Table("what", "median s", "min s", "max s")
    for what, value in report["seconds"].items():
        table.add_row(what, *(f"{value[key]:.1f}" for key in ("median", "min", "max")))
    console = Console()
    console.print(table)
    console.print_json(json.dumps(report))


if __name__ == "__main__":
    main()
