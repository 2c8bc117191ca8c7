import json

from ops import events
from ops.events import Diagnostic, Phase, Step, Summary

URN = "urn:pulumi:dev::ainp::ainp:index:NatsCluster$docker:index/container:Container::nats-1"
WRAPPED = f"1 error occurred:\n\t* creating {URN}: 1 error occurred:\n\t* container failed to be in healthy state\n\n\n"


def line(**event: object) -> str:
    return json.dumps({"sequence": 1, "timestamp": 2, **event}, separators=(",", ":"))


def step(kind: str, op: str, type_: str = "docker:index/container:Container") -> str:
    return line(**{kind: {"metadata": {"op": op, "urn": URN, "type": type_, "new": {"id": "c0ffee"}, "old": None}}})


def diagnostic(message: str, severity: str = "error", urn: str = "") -> str:
    return line(diagnosticEvent={"urn": urn, "prefix": "", "message": message, "color": "never", "severity": severity})


def test_a_resource_being_created_is_a_started_step() -> None:
    assert events.parse(step("resourcePreEvent", "create")) == Step(
        URN, Phase.STARTED, "create", "container", "nats-1", "c0ffee", "docker:index/container:Container"
    )


def test_outputs_end_a_step_and_a_failure_fails_it() -> None:
    done, failed = events.parse(step("resOutputsEvent", "create")), events.parse(step("resOpFailedEvent", "create"))
    assert isinstance(done, Step)
    assert isinstance(failed, Step)
    assert (done.phase, failed.phase) == (Phase.DONE, Phase.FAILED)


def test_what_stays_the_same_and_what_only_groups_is_not_told() -> None:
    assert events.parse(step("resourcePreEvent", "same")) is None
    assert events.parse(step("resourcePreEvent", "create", "ainp:index:NatsCluster")) is None
    assert events.parse(step("resourcePreEvent", "create", "pulumi:providers:docker")) is None


def test_a_refusal_of_the_program_keeps_its_lines() -> None:
    refusal = "Pulumi.dev.yaml: 1 setting is refused\n  ainp:nats.replicas = 2: must be odd"
    found = events.parse(diagnostic(refusal + "\n"))
    assert found == Diagnostic("error", refusal)
    assert events.tidy(refusal) == refusal


def test_an_error_is_freed_from_the_wrapping_of_each_layer() -> None:
    assert events.tidy(WRAPPED) == "container failed to be in healthy state"


def test_noise_of_the_engine_is_dropped() -> None:
    for noise in (
        "using pulumi-resource-docker from $PATH at /somewhere\n",
        "update failed\n",
        "an unhandled error occurred: program exited with non-zero exit code: 1\n",
    ):
        assert events.parse(diagnostic(noise, "warning")) is None


def test_debug_messages_are_neither_shown_nor_kept() -> None:
    debug = diagnostic("the provider's secrets", "debug")
    assert events.parse(debug) is None
    assert not events.is_for_the_log(debug)
    assert events.is_for_the_log(diagnostic("a message", "info"))


def test_the_word_debug_within_a_resource_does_not_drop_it_from_the_log() -> None:
    resource = line(resourcePreEvent={"metadata": {"filler": "x" * 100, "inputs": {"severity": "debug"}}})
    assert '"severity":"debug"' in resource
    assert events.is_for_the_log(resource)


def test_the_summary_says_how_the_run_ended() -> None:
    found = events.parse(line(summaryEvent={"result": "failed", "resourceChanges": {"same": 5}, "durationSeconds": 13}))
    assert found == Summary("failed", {"same": 5}, 13)


def test_what_is_no_json_is_ignored() -> None:
    assert events.parse("panic: something\n") is None
