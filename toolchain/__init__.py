"""How a bare machine gets the tools that `pulumi up` on Docker needs.

For each tool the first that works: one on PATH in an accepted version, the vendor's own installer, a build from pinned
Go modules. Knows nothing of what the stacks hold.
"""
