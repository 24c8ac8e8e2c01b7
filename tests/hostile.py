"""Git as other people have configured it: everything set that changes what git prints, or how it reads paths.

The tests in ``TESTS`` run twice, the second time under these settings. Commits are signed, by a program that only
pretends to, so that ``log.showSignature`` prints its lines wherever git reads commits for people.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

TESTS = {
    "test_affected.py": (
        "test_only_the_tests_that_run_a_changed_function",
        "test_a_new_module_affects_the_tests_that_may_import_it",
    ),
    "test_counting.py": (
        "test_five_fill_a_batch_and_the_sixth_begins_the_next",
        "test_the_file_edits_of_a_change",
        "test_amend_replaces",
        "test_a_merge_counts_one",
        "test_pulled_commits_do_not_count",
        "test_a_rebase_keeps_the_count",
        "test_a_rebase_without_the_post_rewrite_hook_is_recognised",
        "test_a_detached_head_has_its_own_open_batch",
        "test_the_ordinary_commit_needs_no_python",
    ),
    "test_batch.py": (
        "test_two_changes_that_broke_a_test_each",
        "test_a_renamed_test_is_the_same_test",
        "test_a_merge_in_the_batch_is_one_change",
    ),
    "test_bisect.py": ("test_a_culprit_on_a_merged_branch", "test_a_command_with_all_its_exit_codes"),
    "test_ranges.py": ("test_a_merge_that_github_made_is_searched_inside",),
    "test_checkout.py": (
        "test_what_is_tested_is_the_checkout_as_it_is",
        "test_a_baseline_in_a_note_of_the_nearest_commit",
    ),
    "test_rollback.py": (
        "test_the_files_are_as_before_the_batch",
        "test_undo_restores_the_exact_state",
        "test_a_dry_run_shows_the_diff_and_changes_nothing",
        "test_strange_names_symlinks_and_modes",
    ),
    "test_modes.py": (
        "test_each_mode_keeps_work_that_is_not_in_the_way_and_can_be_undone_and_redone",
        "test_a_commit_has_the_users_identity_and_a_trailer",
        "test_commits_on_other_refs_are_not_reset",
    ),
    "test_stash.py": (
        "test_it_is_put_aside_and_undo_brings_it_back",
        "test_other_entries_stay",
        "test_files_that_are_going_to_be_added_are_a_refusal",
    ),
    "test_record.py": (
        "test_the_snapshot_is_what_git_would_add",
        "test_five_fill_a_batch_whose_culprit_is_found_and_rolled_back",
    ),
    "test_worktrees.py": ("test_the_suite_finds_its_submodule_in_each_batch",),
    "test_attempt.py": ("test_applied_and_undone",),
}

_CONFIG = """
[core]
    abbrev = 5
    attributesFile = {home}/attributes
    commentChar = ";"
    fsmonitor = {home}/monitor
    pager = false
    quotePath = true
    untrackedCache = true
[color]
    ui = always
[column]
    ui = always
[commit]
    gpgSign = true
    verbose = true
[diff]
    algorithm = patience
    colorMoved = zebra
    context = 0
    dirstat = files,cumulative
    external = false
    ignoreSubmodules = all
    indentHeuristic = false
    interHunkContext = 9
    mnemonicPrefix = true
    noprefix = true
    orderFile = {home}/order
    relative = true
    renames = copies
    submodule = log
    suppressBlankEmpty = true
    wordRegex = .
    wsErrorHighlight = all
[diff "hostile"]
    cachetextconv = true
    command = false
    textconv = false
[fetch]
    prune = true
    writeCommitGraph = true
[format]
    pretty = fuller
[gpg]
    program = {home}/gpg
[grep]
    column = true
    fullName = true
    lineNumber = true
[i18n]
    commitEncoding = ISO-8859-1
    logOutputEncoding = ISO-8859-1
[index]
    version = 4
[log]
    abbrevCommit = true
    date = human
    decorate = full
    diffMerges = combined
    follow = true
    graphColors = red
    mailmap = true
    showRoot = false
    showSignature = true
[mailmap]
    file = {home}/mailmap
[merge]
    conflictStyle = diff3
    log = true
    renames = false
    verbosity = 5
[notes]
    displayRef = *
[pager]
    diff = false
    log = false
    rev-list = false
[stash]
    showIncludeUntracked = true
    showPatch = true
[status]
    branch = true
    renames = copies
    short = true
    showStash = true
    showUntrackedFiles = no
    submoduleSummary = true
[submodule]
    recurse = true
[tag]
    gpgSign = true
    sort = -refname
[worktree]
    guessRemote = true
"""

_FILES = {
    "attributes": "* diff=hostile\n",
    "order": "z*\n*\n",
    "mailmap": "Somebody Else <else@example.org> <ada@example.org>\n",
    "monitor": "#!/bin/sh\nexit 1\n",
    "gpg": """#!/bin/sh
case " $* " in
*" --verify "*)
    echo "gpg: Signature made just now" >&2
    echo "[GNUPG:] GOODSIG 0123456789ABCDEF Ada"
    ;;
*)
    cat >/dev/null
    echo "[GNUPG:] SIG_CREATED D" >&2
    printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'
    ;;
esac
""",
}

# No GIT_LITERAL_PATHSPECS: git itself refuses it beside GIT_ICASE_PATHSPECS.
_VARIABLES = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "log.showSignature",
    "GIT_CONFIG_VALUE_0": "true",
    "GIT_CONFIG_KEY_1": "diff.renames",
    "GIT_CONFIG_VALUE_1": "copies",
    "GIT_DIFF_OPTS": "--unified=0",
    "GIT_EXTERNAL_DIFF": "false",
    "GIT_ICASE_PATHSPECS": "1",
    "GIT_NOTES_REF": "refs/notes/hostile",
    "GIT_PAGER": "false",
    "GIT_PAGER_IN_USE": "1",
    "GIT_PRINT_SHA1_ELLIPSIS": "yes",
}


_PRINTING = ("branch", "diff", "log", "reflog", "show", "stash", "status")


def is_listed(function: object, file: Path) -> bool:
    """Whether a test runs under these settings, too."""
    return getattr(function, "__name__", "") in TESTS.get(file.name, ())


def configure(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the settings to the user's configuration, and the variables to this process's."""
    for name, text in _FILES.items():
        (home / name).write_text(text)
    for name in ("gpg", "monitor"):
        (home / name).chmod(stat.S_IRWXU)
    plain = (home / ".gitconfig").read_text()
    (home / ".gitconfig").write_text(plain.replace("gpgSign = false", "") + _CONFIG.format(home=home))
    (home / ".gitconfig.plain").write_text(plain)
    for name, value in _VARIABLES.items():
        monkeypatch.setenv(name, value)


def variables_for(arguments: Sequence[str], variables: dict[str, str]) -> dict[str, str]:
    """Take the settings out of an environment, where a test itself reads what git prints for people."""
    home = Path(variables["HOME"])
    if arguments[0] not in _PRINTING or not (home / ".gitconfig.plain").exists():
        return variables
    kept = {name: value for name, value in variables.items() if name not in _VARIABLES}
    return {**kept, "GIT_CONFIG_GLOBAL": os.fspath(home / ".gitconfig.plain")}
