"""What must be so on this machine before `up` touches anything: ports, ranges, disk, memory.

Each check names what is in the way and what to do. Whether Docker answers is `Runtime.machine`'s to say, whether the
settings are right `ops.stack_settings`'. All checks run before any is reported, so that one run tells everything.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from ipaddress import IPv4Network

from config.settings import Settings
from ops import ports, stack_settings, subnets
from ops.errors import OperatorError
from ops.runtime import Network, Runtime

DISK_NEEDED_GIB = 3
"""Images of the stack with their build stages take 2 GiB; the rest is room for what the services write first."""
GIB = 1024**3


def check(stack: str, settings: Settings, runtime: Runtime) -> list[str]:
    """Return what the operator should know but what stops nothing.

    Raises:
        OperatorError: something is in the way; its text has a line for each.
    """
    machine = runtime.machine()
    own = {replica.name for replica in runtime.replicas(stack)}
    refused = [
        *port_refusals(stack, dict(stack_settings.ports(settings)), runtime.published(), own),
        *range_refusals(stack, settings.network.cidr, runtime.networks(), subnets.host_routes()),
        *disk_refusals(machine.data_folder),
    ]
    if refused:
        raise OperatorError("\n".join(refused))
    return memory_warnings(stack_settings.memory_mib(settings), machine.memory_mib)


def port_refusals(
    stack: str, wanted: Mapping[str, int], published: Mapping[int, str], own: Collection[str]
) -> Iterable[str]:
    """Yield a line for each port that another holds, or that two settings ask for."""
    first: dict[int, str] = {}
    for setting, port in wanted.items():
        if port in first:
            yield (
                f"ainp:{setting} = {port}: also the value of ainp:{first[port]}; set one of them to another port "
                f"in Pulumi.{stack}.yaml"
            )
            continue
        first[port] = setting
        holder = published.get(port)
        if holder in own or (holder is None and ports.is_free(port)):
            continue
        by = f"container {holder}" if holder else ports.holder(port)
        yield (
            f"ainp:{setting} = {port}: the port is taken by {by}; end that, or choose another: "
            f"`pulumi config set --path 'ainp:{setting}' {ports.next_free(port, set(wanted.values()))} --stack {stack}`"
        )


def range_refusals(
    stack: str, cidr: str, networks: Iterable[Network], routes: Mapping[IPv4Network, str]
) -> Iterable[str]:
    """Yield a line for each network or route that shares addresses with the stack's range."""
    wanted = IPv4Network(cidr)
    networks = list(networks)
    others = [each for each in networks if each.stack != stack]
    known = {IPv4Network(text): each.name for each in networks for text in each.subnets if ":" not in text}
    foreign = {
        IPv4Network(text): f"Docker network {each.name}" for each in others for text in each.subnets if ":" not in text
    }
    for taken, holder in (foreign | {route: name for route, name in routes.items() if route not in known}).items():
        if wanted.overlaps(taken):
            free = subnets.free_range(wanted.prefixlen, [*known, *routes])
            yield (
                f"ainp:network.cidr = {cidr}: overlaps {taken}, which is {holder}; two networks cannot share "
                f"addresses; take another: `pulumi config set --path 'ainp:network.cidr' {free} --stack {stack}`"
            )


def disk_refusals(folder: str) -> Iterable[str]:
    """Yield a line when there is too little room where images and volumes lie."""
    if not folder:
        return
    free = shutil.disk_usage(folder).free
    if free < DISK_NEEDED_GIB * GIB:
        yield (
            f"disk of {folder}: {free / GIB:.1f} GiB free, {DISK_NEEDED_GIB} GiB are needed; make room, for example "
            "with `docker system prune`"
        )


def memory_warnings(needed_mib: int, found_mib: int) -> list[str]:
    """Return a line when all replicas at their limits need more than the machine has."""
    if needed_mib <= found_mib:
        return []
    warning = (
        f"the memory limits of all replicas add up to {needed_mib} MiB, the machine has {found_mib} MiB; under full "
        "load the kernel will end some of them"
    )
    return [warning]
