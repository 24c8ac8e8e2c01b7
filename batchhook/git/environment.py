"""Remove the environment variables that tie a process to a repository.

A hook's environment names the repository that it runs for (githooks(5)). A test suite that inherits it and calls git
writes into the user's repository.
"""

from __future__ import annotations

from collections.abc import Mapping

# What `git rev-parse --local-env-vars` prints, from git 2.20 to 2.51; a test compares it with the git at hand. Asking
# git each time would cost a process in every hook.
LOCAL_VARIABLES = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REF_FORMAT",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    },
)

# Set by git for one command; useless, and sometimes harmful, to a process that outlives it.
_PER_COMMAND = frozenset({"GIT_EDITOR", "GIT_EXEC_PATH", "GIT_LITERAL_PATHSPECS", "GIT_REFLOG_ACTION"})


def scrub_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of an environment that points at no repository."""
    drop = LOCAL_VARIABLES | _PER_COMMAND
    return {name: value for name, value in environment.items() if name not in drop}
