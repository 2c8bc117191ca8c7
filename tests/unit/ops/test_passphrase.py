from pathlib import Path

import pytest

from ops import passphrase
from ops.errors import OperatorError
from ops.stack import Stack


@pytest.fixture
def dev(tmp_path: Path) -> Stack:
    return new(tmp_path, "dev")


def new(root: Path, name: str) -> Stack:
    stack = Stack(name, root)
    stack.make_folders()
    return stack


def test_dev_gets_the_well_known_one_in_a_file_of_its_owner(dev: Stack) -> None:
    assert passphrase.variables(dev, {}) == {"PULUMI_CONFIG_PASSPHRASE_FILE": str(dev.passphrase_file)}
    assert dev.passphrase_file.read_text().strip() == passphrase.DEVELOPMENT_PASSPHRASE
    assert dev.passphrase_file.stat().st_mode & 0o777 == 0o600


def test_a_stack_of_ones_own_gets_a_random_one_that_stays(tmp_path: Path) -> None:
    one, other = new(tmp_path, "t-one"), new(tmp_path, "t-other")
    for stack in (one, one, other):
        passphrase.variables(stack, {})
    assert len(one.passphrase_file.read_text().strip()) >= 32
    assert one.passphrase_file.read_text() != other.passphrase_file.read_text()


@pytest.mark.parametrize("given", [{"PULUMI_CONFIG_PASSPHRASE": ""}, {"PULUMI_CONFIG_PASSPHRASE_FILE": "/mine"}])
def test_the_operators_own_is_left_alone(dev: Stack, given: dict[str, str]) -> None:
    assert passphrase.variables(dev, given) == {}
    assert not dev.passphrase_file.exists()


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_nothing_is_invented_for_staging_and_production(tmp_path: Path, name: str) -> None:
    with pytest.raises(OperatorError, match="its passphrase is not known here") as refused:
        passphrase.variables(new(tmp_path, name), {})
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" in refused.value.remedy


def test_nothing_is_invented_where_secrets_are_encrypted_already(tmp_path: Path) -> None:
    stack = new(tmp_path, "mine")
    stack.settings_file.write_text("encryptionsalt: v1:abc\n")
    with pytest.raises(OperatorError, match="its passphrase is not known here"):
        passphrase.variables(stack, {})


def test_a_key_management_service_needs_no_passphrase(tmp_path: Path) -> None:
    stack = new(tmp_path, "prod")
    stack.settings_file.write_text("secretsprovider: awskms://alias/ainp\n")
    assert passphrase.variables(stack, {}) == {}
