from pathlib import Path

import pytest

from ops import stack, stack_settings
from ops.errors import OperatorError


def load(tmp_path: Path, text: str):  # type: ignore[no-untyped-def]
    file = tmp_path / "Pulumi.t-x.yaml"
    file.write_text(text)
    return stack_settings.load("t-x", file)


def test_a_file_that_does_not_exist_deviates_in_nothing(tmp_path: Path) -> None:
    assert stack_settings.load("t-x", tmp_path / "absent.yaml").nats.replicas == 1


def test_settings_are_read_as_the_program_reads_them(tmp_path: Path) -> None:
    settings = load(tmp_path, "config:\n  ainp:nats:\n    replicas: 3\n  ainp:protect: 'true'\n  size: production\n")
    assert (settings.nats.replicas, settings.protect, settings.size) == (3, True, "production")


def test_secrets_and_settings_of_others_are_skipped() -> None:
    config = {"ainp:token": {"secure": "v1:abc"}, "docker:host": "unix:///x", "ainp:size": "development"}
    assert stack_settings.deviations({"config": config}) == {"size": "development"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ainp:nats: {replica: 3}", "ainp:nats.replica: no such setting; did you mean 'replicas'?"),
        ("ainp:nats: {replicas: many}", "ainp:nats.replicas = 'many': input should be a valid integer"),
        ("ainp:nats: {replicas: 2}", "ainp:nats.replicas = 2: must be odd"),
        ("ainp:nats: {replicas: 0}", "ainp:nats.replicas = 0"),
        ("ainp:nats: {memory_mib: 16}", "ainp:nats.memory_mib = 16"),
    ],
)
def test_a_bad_setting_is_refused_by_path_value_and_rule(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(OperatorError) as refused:
        load(tmp_path, f"config:\n  {text}\n")
    assert said in refused.value.what
    assert "docs/settings.md" in refused.value.what


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"Pulumi\.t-x\.yaml: is no YAML"):
        load(tmp_path, "config: [")


@pytest.mark.parametrize("name", ["Dev", "a_b", "1st", "a" * 31, "ends-"])
def test_a_stack_name_that_is_no_dns_label_is_refused(name: str) -> None:
    with pytest.raises(OperatorError, match="must be a DNS label"):
        stack.named(name)


def test_every_published_port_is_found_with_its_setting(tmp_path: Path) -> None:
    settings = load(tmp_path, "config:\n  ainp:nats:\n    client_port: 24222\n")
    assert dict(stack_settings.ports(settings))["nats.client_port"] == 24222


def test_memory_counts_every_replica(tmp_path: Path) -> None:
    one = stack_settings.memory_mib(load(tmp_path, "config:\n  ainp:nats: {memory_mib: 512}\n"))
    three = stack_settings.memory_mib(load(tmp_path, "config:\n  ainp:nats: {memory_mib: 512, replicas: 3}\n"))
    assert three - one == 2 * 512
