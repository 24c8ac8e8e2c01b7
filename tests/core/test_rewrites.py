"""Matching of commits to those that they replaced, by content."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, strategies as st

from batchhook.core.commit import Commit
from batchhook.core.ledger import CommitOrigin
from batchhook.core.rewrites import equal_spans, find_rewrites, key_by_authorship, match_rewrites


def commit(oid: str, *, tree: str = "", base: str = "base", subject: str = "s", at: int = 0) -> Commit:
    return Commit(oid, tree or f"tree of {oid}", ("p",), base, "Ada <ada@example.org>", at, at, subject)


def line(prefix: str, trees: str, base: str = "0") -> list[Commit]:
    """Return commits along first parents, one for each tree, each with an author date of its own."""
    bases = base + trees
    return [
        commit(f"{prefix}{number}", tree=tree, base=bases[number], at=number, subject=f"{prefix}{number}")
        for number, tree in enumerate(trees)
    ]


def key_by_tree(commits: Sequence[Commit]) -> dict[str, object]:
    return {each.oid: each.tree for each in commits}


def no_patches(_: Sequence[Commit]) -> dict[str, object]:
    return {}


def test_most_reliable_key_is_applied_first() -> None:
    removed = [commit("old1", tree="t", subject="one"), commit("old2", subject="two"), commit("old3", subject="two")]
    new = [commit("new1", subject="two"), commit("new2", tree="t", subject="two"), commit("new3", subject="three")]
    matches = match_rewrites(new, removed, [key_by_tree, key_by_authorship])
    assert matches["new2"] == "old1"
    assert matches["new1"] in {"old2", "old3"}
    assert "new3" not in matches


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xy")), max_size=8),
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xy")), max_size=8),
)
def test_matching_is_one_to_one(news: list[tuple[str, str]], olds: list[tuple[str, str]]) -> None:
    new = [commit(f"new{place}", tree=tree, subject=subject) for place, (tree, subject) in enumerate(news)]
    removed = [commit(f"old{place}", tree=tree, subject=subject) for place, (tree, subject) in enumerate(olds)]
    matches = match_rewrites(new, removed, [key_by_tree, key_by_authorship])
    assert set(matches) <= {each.oid for each in new}
    assert len(set(matches.values())) == len(matches)


def test_rewording_replaces_one_by_one() -> None:
    assert find_rewrites(line("n", "abc"), [line("o", "abc")], {}, no_patches) == {
        ("o0", "n0"),
        ("o1", "n1"),
        ("o2", "n2"),
    }


def test_squashed_and_split_commits() -> None:
    assert find_rewrites(line("n", "bxc"), [line("o", "abc")], {}, no_patches) == {
        ("o0", "n0"),
        ("o1", "n0"),
        ("o2", "n1"),
        ("o2", "n2"),
    }


def test_swapped_commits_are_matched_by_their_patch() -> None:
    def patches(commits: Sequence[Commit]) -> dict[str, object]:
        return {each.oid: {"n0": 2, "n1": 1, "o0": 1, "o1": 2}[each.oid] for each in commits}

    origins = dict.fromkeys(("n0", "n1"), CommitOrigin.REBASED)
    assert find_rewrites(line("n", "xb"), [line("o", "ab")], origins, patches) == {("o1", "n0"), ("o0", "n1")}


def test_plain_commit_with_another_content_replaces_nothing() -> None:
    origins = {"n0": CommitOrigin.CREATED, "n1": CommitOrigin.AMENDED}
    assert find_rewrites(line("n", "xy"), [line("o", "ab")], origins, lambda _: {"n0": 1, "o0": 1}) == frozenset()


def test_commits_in_between_replace_nothing() -> None:
    new = [*line("n", "a"), *line("x", "0", base="a"), *line("m", "a", base="0")]
    origins = dict.fromkeys(("n0", "x0", "m0"), CommitOrigin.CREATED)
    assert find_rewrites(new, [line("o", "a")], origins, no_patches) == {("o0", "n0")}


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_spans_are_equal_disjoint_and_in_order(new_trees: str, old_trees: str) -> None:
    new, old = line("n", new_trees), line("o", old_trees)
    spans = list(equal_spans(new, old))
    for span in spans:
        assert (span.new[0].base_tree, span.new[-1].tree) == (span.old[0].base_tree, span.old[-1].tree)
    for side, commits in (("new", new), ("old", old)):
        covered = [each.oid for span in spans for each in getattr(span, side)]
        assert covered == [each.oid for each in commits if each.oid in covered]
        assert len(set(covered)) == len(covered)


@given(st.text("abcdef", min_size=1, max_size=8))
def test_same_trees_match_completely(trees: str) -> None:
    """Unless a commit changes nothing: then it needs no match."""
    new, old = line("n", trees), line("o", trees)
    matched = {new for _, new in find_rewrites(new, [old], {}, no_patches)}
    assert matched >= {each.oid for each in new if not each.is_empty}
