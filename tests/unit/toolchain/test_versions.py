from __future__ import annotations

import re
import tomllib

import pytest

from toolchain.paths import CHECKOUT, GO_MODULES
from toolchain.versions import PINS, accepts, pinned, version_in

TOOLS_BUILT = ("pulumi", "pulumi-language-python", "pulumi-resource-docker")


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ("v3.259.0", True),
        ("3.272.0", True),
        ("3.258.9", False),
        ("4.0.0", False),
        ("", False),
        ("no version at all", False),
    ],
)
def test_a_version_is_accepted_by_its_range(said: str, accepted: bool) -> None:
    assert accepts("pulumi", said) is accepted


def test_a_short_version_counts_as_if_zeros_followed() -> None:
    assert accepts("go", "go1.26")
    assert not accepts("go", "go1.25.9")


def test_a_version_is_found_in_what_programs_say() -> None:
    assert version_in("Docker version 20.10.24+dfsg1, build 297e128") == "20.10.24"
    assert version_in("uv 0.13.9 (x86_64-unknown-linux-gnu)") == "0.13.9"


@pytest.mark.parametrize("tool", ["uv", "go", "pulumi", "plugin-docker"])
def test_what_is_fetched_or_built_is_itself_accepted(tool: str) -> None:
    assert accepts(tool, pinned(tool))


def test_the_docker_plugin_is_that_of_the_locked_package() -> None:
    locked = tomllib.loads((CHECKOUT / "uv.lock").read_text())["package"]
    package = next(entry for entry in locked if entry["name"] == "pulumi-docker")
    assert pinned("plugin-docker") == package["version"]


def test_no_version_stands_both_in_a_go_mod_and_in_versions_toml() -> None:
    modules = "".join((GO_MODULES / tool / "go.mod").read_text() for tool in TOOLS_BUILT)
    versions = re.findall(r'^version = "(.+)"', PINS.read_text(), re.MULTILINE)
    assert not [version for version in versions if re.search(rf"^\s*\S+/pulumi\S* v{version}$", modules, re.MULTILINE)]


@pytest.mark.parametrize("tool", TOOLS_BUILT)
def test_the_pinned_go_is_recent_enough_for_every_build(tool: str) -> None:
    wanted = re.search(r"^go (\S+)", (GO_MODULES / tool / "go.mod").read_text(), re.MULTILINE)
    assert wanted
    assert [int(part) for part in wanted[1].split(".")] <= [int(part) for part in pinned("go").split(".")]
    assert accepts("go", wanted[1])


@pytest.mark.parametrize("tool", TOOLS_BUILT)
def test_everything_that_is_compiled_is_fixed_by_a_checksum(tool: str) -> None:
    sums = (GO_MODULES / tool / "go.sum").read_text()
    assert "github.com/pulumi/pulumi/sdk/v3" in sums
