"""The Pulumi program: load the settings, choose the platform, build the stack, export its outputs."""

import pulumi

from config.loader import load
from stacks import ainp, platforms

settings = load()
for name, value in ainp.build(settings, platforms.choose(settings)).items():
    pulumi.export(name, value)
