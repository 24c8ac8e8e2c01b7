"""Decide which of git's environment variables reach our own processes, and which the project's code.

A hook's environment names the repository that it runs for (githooks(5)), and describes the commit that is being made:
its author, its date, the steps of a rebase. A test suite that inherits it and calls git writes into the user's
repository, or commits under a foreign name. Git has no complete list of these variables (``git rev-parse
--local-env-vars`` names neither the author's nor the sequencer's), so the rule is: every ``GIT_*`` variable is dropped
unless it is listed here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

_EXEC_PATH = "GIT_EXEC_PATH"

# Git sets none of these for a hook; they come from the user's session, so `python -m unittest` sees them as well. The
# values are prefixes of names.
_SESSION = (
    # Configuration: its files, and the entries that stand beside them (git-config(1), ENVIRONMENT).
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_ATTR_NOSYSTEM"),
    *("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"),
    # Limits of the search for a repository.
    *("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"),
    # Connections and credentials.
    *("GIT_SSH", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_", "GIT_ASKPASS", "GIT_TERMINAL_PROMPT"),
    *("GIT_ALLOW_PROTOCOL", "GIT_PROTOCOL_FROM_USER", "GIT_NO_LAZY_FETCH"),
    # Defaults of `git init`.
    *("GIT_TEMPLATE_DIR", "GIT_DEFAULT_"),
    # Settings of GitPython and Git LFS rather than of git.
    *("GIT_PYTHON_", "GIT_LFS_"),
)

# Our own git calls go on under the user's `git -c name=value` (`safe.directory`, for instance), with the programs of
# the git that called the hook, and commit under the user's identity.
_OWN = (*_SESSION, "GIT_CONFIG_PARAMETERS", _EXEC_PATH, "GIT_AUTHOR_", "GIT_COMMITTER_")

# `git commit` exports the author and the date of its commit, and `git rebase` the date of the committer.
_OF_ONE_COMMIT = ("GIT_AUTHOR_", "GIT_COMMITTER_DATE")


def scrub_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for our own git calls: they point at no repository, and do not change what git prints."""
    return _without_git(environment, _OWN)


def background_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for our own processes that outlive a hook: without those of the commit being made.

    The user's identity may be known from variables only. Git does not export the committer's, so these hold for both.
    """
    variables = scrub_environment(environment)
    clean = {name: value for name, value in variables.items() if not name.startswith(_OF_ONE_COMMIT)}
    for field in ("NAME", "EMAIL"):
        if f"GIT_COMMITTER_{field}" in clean:
            clean[f"GIT_AUTHOR_{field}"] = clean[f"GIT_COMMITTER_{field}"]
    return clean


def project_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for the project's code: its tests, and the commands that its configuration names.

    Git also adds the folder of its programs to the ``PATH`` of a hook.
    """
    variables = _without_git(environment, _SESSION)
    path, exec_path = variables.get("PATH", "").split(os.pathsep), environment.get(_EXEC_PATH)
    if exec_path in path:
        path.remove(exec_path)
        variables["PATH"] = os.pathsep.join(path)
    return variables


def _without_git(environment: Mapping[str, str], prefixes: tuple[str, ...]) -> dict[str, str]:
    return {
        name: value for name, value in environment.items() if not name.startswith("GIT_") or name.startswith(prefixes)
    }
