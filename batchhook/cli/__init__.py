"""The command line: one module per command, named after it, over the use cases of ``batchhook.workflow``.

A command's module imports at its top only what describes its options, and in its function what it runs: help and usage
errors then load none of the use cases.
"""
