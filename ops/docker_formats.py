"""What the docker command prints and takes, translated: pure functions, no process is started here."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from config import topology
from ops.runtime import STOPPED, Network, Replica, Volume

SETTINGS_FOLDER = "/etc/ainp"
READ_BY_OWNER = 0o400
ENTERED_BY_OWNER = 0o500


def replica(details: Mapping[str, Any]) -> Replica:
    """Return a container as inspected."""
    labels = details["Config"]["Labels"] or {}
    number = labels.get(topology.LABEL_REPLICA, "1")
    return Replica(
        id=details["Id"],
        name=details["Name"].lstrip("/"),
        service=labels.get(topology.LABEL_SERVICE, ""),
        kind=labels.get(topology.LABEL_KIND, ""),
        number=int(number) if number.isdigit() else 1,
        health=health(details["State"]),
        endpoints=_endpoints(details["HostConfig"].get("PortBindings") or {}),
        image=details["Image"],
    )


def health(state: Mapping[str, Any]) -> str:
    """Return ``healthy`` if the container runs and its health command says so, else what is wrong."""
    status = str(state["Status"])
    if status != "running":
        code = f" (exit code {state['ExitCode']})" if status == "exited" else ""
        return f"{STOPPED if status == 'exited' else status}{code}"
    says = (state.get("Health") or {}).get("Status", "none")
    return "unknown (no health command)" if says == "none" else str(says)


def network(details: Mapping[str, Any]) -> Network:
    """Return a network as inspected."""
    labels = details["Labels"] or {}
    ranges = (details["IPAM"] or {}).get("Config") or []
    return Network(
        id=details["Id"],
        name=details["Name"],
        stack=labels.get(topology.LABEL_STACK, ""),
        service=labels.get(topology.LABEL_SERVICE, ""),
        subnets=tuple(each["Subnet"] for each in ranges if each.get("Subnet")),
    )


def volume(details: Mapping[str, Any]) -> Volume:
    """Return a volume as inspected."""
    labels = details["Labels"] or {}
    return Volume(
        name=details["Name"],
        kind=labels.get(topology.LABEL_KIND, ""),
        service=labels.get(topology.LABEL_SERVICE, ""),
        state=labels.get(topology.LABEL_STATE, ""),
    )


def archive(files: Mapping[str, str], user: int) -> bytes:
    """Return `files` (absolute path below /etc/ainp -> text) as a tar archive that only `user` may read."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as packed:
        for folder in sorted({str(parent) for path in files for parent in PurePosixPath(path).parents}):
            if folder.startswith(f"{SETTINGS_FOLDER}/"):
                entry = tarfile.TarInfo(folder.removeprefix(f"{SETTINGS_FOLDER}/"))
                entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, ENTERED_BY_OWNER, user, user
                packed.addfile(entry)
        for path, text in sorted(files.items()):
            content = text.encode()
            entry = tarfile.TarInfo(path.removeprefix(f"{SETTINGS_FOLDER}/"))
            entry.size, entry.mode, entry.uid, entry.gid = len(content), READ_BY_OWNER, user, user
            entry.mtime = int(time.time())
            packed.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def _endpoints(bindings: Mapping[str, Any]) -> tuple[str, ...]:
    """A service's main port is its lowest: 4222 before 8222, 5432 before 8008."""
    found = [
        (int(inside.partition("/")[0]), f"{binding['HostIp'] or '127.0.0.1'}:{binding['HostPort']}")
        for inside, several in bindings.items()
        for binding in several or []
    ]
    return tuple(endpoint for _, endpoint in sorted(found))
