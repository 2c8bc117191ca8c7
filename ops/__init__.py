"""The operator's command line `ainp`: drives the real pulumi program; there is no second way to run a stack."""
