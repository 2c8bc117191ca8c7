"""The image that ours are built on: pulled, else made from the distribution's packages under the same name."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from toolchain import apt, steps
from toolchain.cache import locked
from toolchain.commands import CommandError, run, tail
from toolchain.errors import ToolchainError
from toolchain.versions import pins

PULL_SECONDS = 300
"""For a slow network; where the registry cannot be reached at all, the engine gives up within seconds."""
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LEFT_OUT = ("usr/share/doc/*", "usr/share/man/*", "usr/share/info/*", "usr/share/locale/*")
"""What the published slim image leaves out too, also of packages that are installed later."""
UNSHIPPED = ("./dev/*", "./proc/*", "./sys/*", "./var/cache/apt/archives/*.deb", "./var/lib/apt/lists/*_*")


def image_name() -> str:
    """Return the name under which images of ours refer to it."""
    return str(pins("base-image")["name"])


def image_id() -> str:
    """Return the id of the base image that the engine has; empty if it has none or does not answer."""
    try:
        return run(["docker", "image", "inspect", "--format", "{{.Id}}", image_name()], timeout_seconds=15).strip()
    except CommandError:
        return ""


def ensure_base_image() -> None:
    """Return when the engine has the base image.

    Raises:
        ToolchainError: it can neither be pulled nor made.
    """
    name = image_name()
    if not image_id():
        with locked("base-image"):
            if not image_id():
                refusal = _pull()
                if refusal:
                    _make(refusal)
    steps.found("base-image", f"{name} is {image_id()[:19]}")


def _pull() -> str:
    """Pull; return nothing, or why not."""
    try:
        with steps.step("base-image", f"pull {image_name()}"):
            run(["docker", "pull", "--quiet", image_name()], timeout_seconds=PULL_SECONDS)
    except CommandError as error:
        return str(error)
    return ""


def _make(refusal: str) -> None:
    by_hand = f"bring {image_name()} to this machine: docker pull where that works, docker save, and docker load here"
    if not apt.usable():
        why = f"it cannot be pulled: {refusal}\nonly root on Debian or Ubuntu can make it with debootstrap"
        raise ToolchainError("base-image: cannot be had", why=why, by_hand=by_hand)
    if shutil.which("debootstrap") is None or not Path(KEYRING).exists():
        apt.install(["debootstrap", "debian-archive-keyring"], reason="to make the base image, which cannot be pulled")
    with (
        steps.step("base-image", f"make {image_name()} with debootstrap", "it cannot be pulled"),
        tempfile.TemporaryDirectory(prefix="ainp-base-image.") as scratch,
    ):
        try:
            _bootstrap(Path(scratch) / "root")
        except CommandError as error:
            raise ToolchainError("base-image: debootstrap failed", why=str(error), by_hand=by_hand) from error


def _bootstrap(root: Path) -> None:
    suite = str(pins("base-image")["suite"])
    mirrors = apt.mirrors()
    # Another Debian's mirror has this suite too; another distribution's has not, and debootstrap knows its own default.
    main = next((at for release, at in mirrors.items() if at.rsplit("/", 1)[-1] == "debian" and "-" not in release), "")
    security = next((at for release, at in mirrors.items() if release.endswith("-security") and main), "")
    run(["debootstrap", "--variant=minbase", f"--keyring={KEYRING}", suite, str(root), *([main] if main else [])])
    listed = root / "etc/apt/sources.list"
    main = main or listed.read_text().split()[1]
    listed.unlink()
    (root / "etc/apt/sources.list.d/debian.sources").write_text(_sources(suite, main, security))
    excluded = "".join(f"path-exclude /{pattern}\n" for pattern in LEFT_OUT)
    (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(f"{excluded}path-include /usr/share/doc/*/copyright\n")
    for pattern in LEFT_OUT:
        for left in root.glob(pattern):
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    _import(root)


def _sources(suite: str, main: str, security: str) -> str:
    """Return the sources of packages as the published image lists them, from the mirrors of this machine."""
    entries = [(main, f"{suite} {suite}-updates")] + ([(security, f"{suite}-security")] if security else [])
    return "\n".join(
        f"Types: deb\nURIs: {at}\nSuites: {suites}\nComponents: main\nSigned-By: {KEYRING}\n" for at, suites in entries
    )


def _import(root: Path) -> None:
    excluded = [f"--exclude={pattern}" for pattern in UNSHIPPED]
    with subprocess.Popen(
        ["tar", "--directory", str(root), "--numeric-owner", *excluded, "--create", "."],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as archive:
        done = subprocess.run(
            ["docker", "import", "--change", 'CMD ["bash"]', "-", image_name()],
            stdin=archive.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
        if archive.stdout:
            archive.stdout.close()  # else tar would wait for a reader that has gone
        said = archive.stderr.read().decode(errors="replace") if archive.stderr else ""
    if archive.returncode != 0 or done.returncode != 0:
        raise CommandError(tail(done.stderr + said))
