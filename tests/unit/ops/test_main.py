import json
import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops import docker_formats, environment, nats_client
from ops.access import NatsSecrets
from ops.docker_runtime import DockerRuntime
from ops.errors import OperatorError
from ops.main import app

DEAD = "unix:///nowhere/docker.sock"


def test_every_command_is_there() -> None:
    listed = CliRunner().invoke(app, ["--help"]).output
    for command in ("up", "down", "status", "logs", "env", "nats", "verify", "reset", "doctor", "agent", "preview"):
        assert f" {command} " in listed


def test_a_fault_ends_with_its_text_a_remedy_and_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from ops.main import app; app()", "status", "--stack", "Not_A_Label"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "must be a DNS label" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_docker_that_does_not_answer_is_said_with_where_and_what_to_do() -> None:
    runtime = DockerRuntime({**os.environ, "DOCKER_HOST": DEAD})
    with pytest.raises(OperatorError, match=f"Docker Engine at DOCKER_HOST={DEAD}: does not answer") as refused:
        runtime.machine()
    assert "unset DOCKER_HOST" in refused.value.remedy


def test_a_docker_that_is_not_installed_is_said(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="docker command is not on PATH"):
        DockerRuntime({"PATH": str(tmp_path)}).machine()


def test_variables_are_quoted_for_the_shell() -> None:
    lines = environment.shell_lines({"B": "with space", "A": "$HOME'"})
    done = subprocess.run(["sh", "-c", f'{lines}\nprintf \'%s|%s\' "$A" "$B"'], stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode() == "$HOME'|with space"


def test_the_clients_files_are_readable_by_its_user_alone() -> None:
    secrets = NatsSecrets(ca_certificate="PEM", identities=None, token="s3cret")
    packed = docker_formats.archive(nats_client.files(secrets), nats_client.TOOLBOX_USER)
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        members = {member.name: member for member in archive.getmembers()}
        context = archive.extractfile("nats/context/admin.json")
        assert context is not None
        assert json.load(context) == {"url": "tls://nats:4222", "ca": "/etc/ainp/ca.pem", "token": "s3cret"}
    assert {(member.uid, member.mode & 0o077) for member in members.values()} == {(nats_client.TOOLBOX_USER, 0)}
    assert "nats/context" in members


def test_the_clients_secrets_do_not_show_in_its_repr() -> None:
    assert "s3cret" not in repr(NatsSecrets(ca_certificate="PEM", identities=None, token="s3cret"))
