"""No container has more rights, memory, processors or disk for logs than it was given on purpose."""

from __future__ import annotations

from components.docker.files import MODE
from tests.infra.conftest import Container, RunningStack

DEFAULT_BRIDGE = "bridge"


def host_config(container: Container) -> dict[str, object]:
    found: dict[str, object] = container.details["HostConfig"]
    return found


def test_nothing_runs_as_root(stack: RunningStack) -> None:
    for one in stack.containers:
        assert int(one.host.check_output("id -u")) >= 10_000, one.name


def test_no_process_holds_a_capability_or_can_gain_one(stack: RunningStack) -> None:
    for one in stack.containers:
        status = one.host.check_output("cat /proc/1/status")
        fields = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
        # effective, permitted, inheritable, bounding and ambient sets
        assert {int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")} == {0}, one.name
        assert fields["NoNewPrivs"] == "1", one.name


def test_the_root_is_read_only_and_scratch_is_not(stack: RunningStack) -> None:
    for one in stack.containers:
        assert one.host.run("touch /usr/written").rc != 0, one.name
        assert one.host.run("touch /run/ainp/written && rm /run/ainp/written").rc == 0, f"{one.name}: control"


def test_memory_processors_and_processes_are_limited(stack: RunningStack) -> None:
    for one in stack.containers:
        limits = host_config(one)
        assert limits["Memory"], one.name
        assert limits["MemorySwap"] == limits["Memory"], f"{one.name}: swap would hide a memory limit"
        assert limits["NanoCpus"], one.name
        assert "unlimited" not in one.host.check_output("grep 'Max processes' /proc/1/limits"), one.name


def test_limits_are_those_of_the_settings(stack: RunningStack) -> None:
    for one in stack.containers:
        if one.service == "nats":
            assert host_config(one)["Memory"] == stack.settings.nats.memory_mib * 1024 * 1024
            assert host_config(one)["NanoCpus"] == int(stack.settings.nats.cpus * 10**9)


def test_logs_are_rotated(stack: RunningStack) -> None:
    wanted = {"max-size": f"{stack.settings.logs.max_size_mib}m", "max-file": str(stack.settings.logs.max_files)}
    for one in stack.containers:
        log = one.details["HostConfig"]["LogConfig"]
        assert (log["Type"], log["Config"]) == ("json-file", wanted), one.name


def test_files_and_secrets_are_readable_by_the_service_alone(stack: RunningStack) -> None:
    for one in stack.containers:
        user = one.details["Config"]["User"].split(":")[0]
        listed = one.host.check_output("find /etc/ainp -type f -printf '%m %U %p\\n'").splitlines()
        assert listed, f"{one.name} has no files at all"
        for line in listed:
            mode, owner, path = line.split(" ", 2)
            assert (mode.zfill(4), owner) == (MODE, user), f"{one.name}: {path}"


def test_nothing_is_on_dockers_default_network(stack: RunningStack) -> None:
    for one in stack.containers:
        assert DEFAULT_BRIDGE not in one.addresses, one.name
