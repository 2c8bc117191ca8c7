import pytest

from ops import repair
from ops.errors import OperatorError
from ops.runtime import Network, Volume
from tests.unit.ops.fakes import FakeRuntime, replica

STATE = "0123456789abcdef"


def data(name: str = "ainp-dev-nats-1-data", state: str = STATE) -> Volume:
    return Volume(name=name, kind="data", service="nats", state=state)


def test_what_no_state_knows_is_an_orphan_and_the_rest_is_not() -> None:
    runtime = FakeRuntime(
        found=[replica("known"), replica("lost")],
        carrying=[replica("lost-files", kind="files")],
        nets=[
            Network(id="n1", name="known-net", stack="dev", service="", subnets=()),
            Network(id="n2", name="lost-net", stack="dev", service="", subnets=()),
            Network(id="n3", name="foreign", stack="other", service="", subnets=()),
        ],
        vols=[data(), Volume(name="lost-volume", kind="files", service="nats-1", state="")],
    )
    found = repair.orphans("dev", runtime, {"id-known", "n1", "ainp-dev-nats-1-data"}, lambda: STATE)
    assert list(found.replicas.values()) == ["lost", "lost-files"]
    assert list(found.networks.values()) == ["lost-net"]
    assert found.volumes == ("lost-volume",)


def test_a_data_volume_is_never_an_orphan_to_remove() -> None:
    runtime = FakeRuntime(vols=[data()])
    assert repair.orphans("dev", runtime, set(), lambda: STATE).volumes == ()


def test_data_of_another_state_is_refused_with_the_recovery() -> None:
    runtime = FakeRuntime(found=[replica("lost")], vols=[data(state="another")])
    with pytest.raises(
        OperatorError, match="data volumes exist that the state does not know: ainp-dev-nats-1-data"
    ) as e:
        repair.orphans("dev", runtime, set(), lambda: STATE)
    assert "ainp reset --stack dev" in e.value.what


@pytest.mark.parametrize("kept", [f'"{STATE}"', None])
def test_the_identity_is_read_from_an_export_with_secrets(kept: str | None) -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47", "plaintext": kept} if kept else STATE
    resource = {"urn": "urn:pulumi:dev::ainp::x$pulumi:index:Stash::state-identity", "outputs": {"output": secret}}
    assert repair.identity_in({"deployment": {"resources": [resource]}}) == STATE


def test_an_empty_state_has_no_identity() -> None:
    assert repair.identity_in(None) == ""
    assert repair.identity_in({"deployment": {"resources": None}}) == ""


def test_an_errand_that_runs_is_left_alone_and_one_that_ended_is_removed() -> None:
    runtime = FakeRuntime(
        carrying=[
            replica("busy", kind="errand", health="unknown (no health command)"),
            replica("over", kind="errand", health="stopped (exit code 137)"),
        ]
    )
    assert list(repair.orphans("dev", runtime, set(), lambda: STATE).replicas.values()) == ["over"]
