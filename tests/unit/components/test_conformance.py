"""What every adapter must do with the same description. Adding a platform means adding it to the fixture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.workload import Health, Job, Platform, Resources, Schedule, Storage, Volume, Workload
from tests.unit.components.conftest import Adapter
from tests.unit.components.recorder import is_secret

PASSWORD = "correct-horse-battery-staple"


def cluster(**changes: Any) -> Workload:
    """Made within each program, because an Output belongs to the event loop that it was made in."""
    workload = Workload(
        image="nats",
        command=("serve", "--fast"),
        user=10_010,
        replicas=3,
        resources=Resources(cpus=0.5, memory_mib=256, pids=64),
        ports={"client": 4222},
        files={"/etc/ainp/server.conf": "answer = 42"},
        secrets={"/etc/ainp/password": pulumi.Output.secret(changes.pop("password", PASSWORD))},
        env={"GOMEMLIMIT": "200MiB"},
        volumes=(
            Volume(path="/data", storage=Storage.DATA, size_mib=1024),
            Volume(path="/tmp/work", storage=Storage.SCRATCH, size_mib=16),
            Volume(path="/dev/shm", storage=Storage.SHARED_MEMORY, size_mib=128),
        ),
        health=Health(command=("/usr/local/bin/health",)),
        grace_seconds=45,
        publish={"client": 14_222},
    )
    return replace(workload, **changes)


def job() -> Job:
    return Job(
        image="nats",
        command=("migrate",),
        user=10_001,
        resources=Resources(cpus=0.5, memory_mib=64, pids=16),
        secrets={"/etc/ainp/password": pulumi.Output.secret(PASSWORD)},
    )


def run(**changes: Any) -> Any:
    return lambda platform, parent: platform.run("nats", cluster(**changes), parent=parent)


def test_peer_names_are_known_before_anything_exists(adapter: Adapter) -> None:
    names: list[tuple[str, ...]] = []
    adapter.declare(lambda platform, _parent: names.append(platform.hosts("nats", 2)))
    assert names == [("ainp-t-unit-nats-1", "ainp-t-unit-nats-2")]


def test_each_replica_has_a_data_volume_of_its_own(adapter: Adapter) -> None:
    replicas = adapter.declare(run())
    volumes = [volume for replica in replicas.values() for volume in replica.data]
    assert len(volumes) == len(set(volumes)) == 3


def test_a_secret_is_in_a_file_and_nowhere_in_the_clear(adapter: Adapter) -> None:
    recorder = adapter.recorder(run())
    found = [one for one in recorder.resources if PASSWORD in repr(one.inputs)]
    assert found, "the secret reaches no replica at all"
    for one in found:
        clear = {key: value for key, value in one.inputs.items() if PASSWORD in repr(value) and not is_secret(value)}
        assert not clear, f"{one.name} shows the secret in {list(clear)}"


def test_a_secret_is_in_no_environment_and_no_argument(adapter: Adapter) -> None:
    for replica in adapter.declare(run()).values():
        assert PASSWORD not in repr((replica.env, replica.command, replica.raw))
        assert replica.files["/etc/ainp/password"] == PASSWORD
        assert replica.secret_files


@pytest.mark.parametrize(
    "changed",
    [
        {"files": {"/etc/ainp/server.conf": "answer = 43"}},
        {"password": "another"},
    ],
    ids=["file", "secret"],
)
def test_changed_configuration_rolls_every_replica(adapter: Adapter, changed: dict[str, Any]) -> None:
    before, same, after = (adapter.declare(run(**changes)) for changes in ({}, {}, changed))
    for name, replica in before.items():
        assert replica.configuration == same[name].configuration
        assert replica.configuration != after[name].configuration


def test_every_replica_is_watched_limited_and_given_its_grace(adapter: Adapter) -> None:
    for replica in adapter.declare(run()).values():
        assert replica.health[-1] == "/usr/local/bin/health"
        assert replica.grace_seconds == 45
        assert (replica.memory_mib, replica.cpus) == (256, 0.5)
        assert replica.processes >= 64


def test_an_image_is_taken_by_its_id(adapter: Adapter) -> None:
    for replica in adapter.declare(run()).values():
        assert "sha256:" in replica.image


def test_nothing_runs_as_root(adapter: Adapter) -> None:
    for replica in adapter.declare(run()).values():
        assert replica.user.split(":")[0] == "10010"


def test_a_command_to_run_before_stopping_reaches_the_replica(adapter: Adapter) -> None:
    replicas = adapter.declare(run(pre_stop=("lame-duck", "--now")))
    for replica in replicas.values():
        assert "lame-duck --now" in repr(replica.raw)


def test_a_file_outside_the_mounted_folder_is_refused(adapter: Adapter) -> None:
    with pytest.raises(ValueError, match="/root/x must lie below /etc/ainp"):
        adapter.declare(run(files={"/root/x": ""}))


def test_a_job_is_watched_until_it_has_succeeded(adapter: Adapter) -> None:
    (task,) = adapter.declare(lambda platform, parent: platform.run_job("migrate", job(), parent=parent)).values()
    assert task.command[-1] == "migrate"
    assert task.health
    assert task.secret_files


def test_a_schedule_carries_its_expression_and_its_command(adapter: Adapter) -> None:
    def declare(platform: Platform, parent: pulumi.Resource) -> None:
        platform.run_schedule("nightly", Schedule(job=job(), cron="0 3 * * *"), parent=parent)

    (schedule,) = adapter.declare(declare).values()
    assert "0 3 * * *" in schedule.command
    assert schedule.command[-1] == "migrate"
