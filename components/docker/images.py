"""Container images: built from images/ on this machine, or taken by a pinned reference.

An image's tag is the hash of all that goes into it, so that editing an entrypoint changes image and container in one
update, and two checkouts on one machine never overwrite each other's images. What goes into a build is assembled
below .build/ in the checkout, because Docker takes one folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions

from config.settings import ImagesSettings
from toolchain import wheels

IMAGES = Path("images")
SHARED = IMAGES / "shared"
"""Commands that every image carries, the entry point among them; they lie below shared/ in each build."""
BUILD = Path(".build") / "images"
EXTRA_CA = "extra-ca.pem"
"""Always present in a build, possibly empty; needed for HTTPS during the build only, so it is not part of the hash."""

BUILT_ON = {"toolbox": {"NATS_IMAGE": "nats", "SCHEDULER_IMAGE": "scheduler"}}
"""Image -> build argument -> the image whose name it takes; BuildKit looks an id up in a registry."""
PYTHON_GROUPS = {"toolbox": ("toolbox", "jobs")}
"""Image -> dependency group of its wheels, and package of ours that it runs."""


class Images:
    """The images of one stack; each is built when it is first asked for."""

    def __init__(self, settings: ImagesSettings, parent: pulumi.Resource) -> None:
        self._settings = settings
        self._parent = parent
        self._made: dict[str, docker.RemoteImage] = {}

    def id(self, name: str) -> Output[str]:
        """Return the id (sha256:…) of the image in folder images/`name`."""
        return self._image(name).image_id

    def _image(self, name: str) -> docker.RemoteImage:
        if name not in self._made:
            reference = self._settings.references.get(name)
            self._made[name] = self._pulled(name, reference) if reference else self._built(name)
        return self._made[name]

    def _pulled(self, name: str, reference: str) -> docker.RemoteImage:
        return docker.RemoteImage(
            f"{name}-image", name=reference, keep_locally=True, opts=ResourceOptions(parent=self._parent)
        )

    def _built(self, name: str) -> docker.RemoteImage:
        content = assemble(name, self._settings.extra_ca_file or os.environ.get("SSL_CERT_FILE", ""))
        arguments: Mapping[str, Input[str]] = {
            argument: self._image(base).name for argument, base in BUILT_ON.get(name, {}).items()
        }
        return docker.RemoteImage(
            f"{name}-image",
            name=tag(name, content),
            build={"context": str(BUILD / name), "build_args": arguments, "remove": True, "force_remove": True},
            triggers={"content": content},
            # the next stack, and the next `up`, find it there: a rebuild costs minutes
            keep_locally=True,
            opts=ResourceOptions(parent=self._parent),
        )


def tag(name: str, content: str) -> str:
    """Return the tag of an image whose build has the hash `content`."""
    return f"ainp/{name}:{content[:12]}"


def assemble(name: str, extra_ca_file: str) -> str:
    """Lay out the build folder of an image and return the hash of its content.

    Raises:
        pulumi.RunError: there is no such image, or the CA file cannot be read.
    """
    if not (IMAGES / name / "Dockerfile").is_file():
        raise pulumi.RunError(f"images/{name}/Dockerfile does not exist; workloads name a folder below images/")
    target = BUILD / name
    content = _files(IMAGES / name) | {f"{SHARED.name}/{path}": file for path, file in _files(SHARED).items()}
    if name in PYTHON_GROUPS:
        group, package = PYTHON_GROUPS[name]
        content |= {f"{package}/{path}": file for path, file in _files(Path(package)).items()}
        content |= {f"site-packages/{path}": file for path, file in _files(wheels.site_packages(group)).items()}
    digest = _digest(content)
    stamp = target.with_suffix(".content")
    if not (stamp.is_file() and stamp.read_text() == digest):
        shutil.rmtree(target, ignore_errors=True)
        for path, file in content.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target / path)
        stamp.write_text(digest)
    _copy_ca(extra_ca_file, target / EXTRA_CA)
    return digest


def _copy_ca(source: str, target: Path) -> None:
    try:
        target.write_bytes(Path(source).read_bytes() if source else b"")
    except OSError as error:
        raise pulumi.RunError(
            f"ainp:images.extra_ca_file = {source!r}: cannot be read ({error.strerror}); name a PEM file, or leave the "
            "setting out if builds need no CA of their own"
        ) from error


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in _walk(folder)}


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _digest(content: Mapping[str, Path]) -> str:
    total = hashlib.sha256()
    for path in sorted(content):
        executable = os.access(content[path], os.X_OK)
        total.update(f"{path}\0{executable}\0".encode())
        total.update(hashlib.sha256(content[path].read_bytes()).digest())
    return total.hexdigest()
