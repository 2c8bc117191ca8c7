"""Pulumi's own downloads: the archive of its command line, and `pulumi plugin install`.

Whether they can be reached is asked first, briefly, so that a locked-down machine loses seconds. The archive's origin
is vouched for by TLS alone: the vendor publishes no checksum that could be pinned before it is fetched.
"""

from __future__ import annotations

import functools
import http
import platform
import queue
import shutil
import tarfile
import threading
import urllib.request
from pathlib import Path

from toolchain import cache, steps
from toolchain.commands import CommandError, run
from toolchain.environment import installed_plugin, tool_environment, vendor_pulumi
from toolchain.errors import ToolchainError
from toolchain.lookup import ask
from toolchain.versions import pinned

RELEASES = "https://get.pulumi.com/releases/sdk"
ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}
CONNECT_SECONDS = 4
"""Until the vendor counts as not reachable; name look-ups that never end are included."""
DOWNLOAD_SECONDS = 600
STALL_SECONDS = 30


@functools.cache
def unreachable() -> str:
    """Return why the vendor's downloads cannot be had here; empty if they can."""
    answers: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: answers.put(_probe()), daemon=True).start()
    try:
        return answers.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        return f"the vendor did not answer within {CONNECT_SECONDS} s"


def _probe() -> str:
    address = archive_address()
    if not address:
        return f"the vendor has no archive for {platform.machine()}"
    request = urllib.request.Request(address, method="HEAD")  # noqa: S310 - the address is a constant
    try:
        with urllib.request.urlopen(request, timeout=CONNECT_SECONDS) as answer:  # noqa: S310
            return "" if answer.status == http.HTTPStatus.OK else f"the vendor answered {answer.status}"
    except OSError as error:  # URLError and time-outs are OSErrors
        reason = getattr(error, "reason", error)
        return f"the vendor cannot be reached: {reason}"


def archive_address() -> str:
    """Return where the pinned command line is published for this machine; empty if it is not."""
    machine = ARCHITECTURES.get(platform.machine())
    return f"{RELEASES}/pulumi-v{pinned('pulumi')}-linux-{machine}.tar.gz" if machine else ""


def install_pulumi() -> str:
    """Unpack the vendor's archive into the cache; return nothing, or why that cannot be."""
    refusal = unreachable()
    if refusal or vendor_pulumi().is_dir():
        return refusal
    try:
        with steps.step("pulumi", f"download {pinned('pulumi')} from its vendor"):
            cache.entry("tools", "pulumi-vendor", pinned("pulumi"), _unpack)
    except (ToolchainError, CommandError) as error:
        return str(error)
    return ""


def _unpack(folder: Path) -> dict[str, str]:
    archive = folder / "pulumi.tar.gz"
    try:
        with (
            urllib.request.urlopen(archive_address(), timeout=STALL_SECONDS) as answer,  # noqa: S310
            archive.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)
        with tarfile.open(archive) as content:
            content.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise CommandError(f"the download failed: {error}") from error
    archive.unlink()
    (folder / "pulumi").rename(folder / "bin")
    version = ask(folder / "bin" / "pulumi", "version")
    if version != pinned("pulumi"):
        raise CommandError(f"the downloaded pulumi reports version {version or 'none'}")
    return {"version": version, "how": "vendor's archive"}


def install_plugin(name: str) -> str:
    """Let the engine install a plugin in its own way; return nothing, or why that cannot be."""
    refusal = unreachable()
    if refusal:
        return refusal
    version = pinned(f"plugin-{name}")
    try:
        with cache.locked(f"plugin-{name}"), steps.step(f"plugin-{name}", f"pulumi plugin install {name} {version}"):
            argv = ["pulumi", "plugin", "install", "resource", name, f"v{version}"]
            run(argv, env=tool_environment(), timeout_seconds=DOWNLOAD_SECONDS)
    except CommandError as error:
        return str(error)
    return "" if installed_plugin(name).is_dir() else "pulumi plugin install left no plugin"
