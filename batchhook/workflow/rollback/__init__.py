"""Rolling back, undoing and redoing.

Each operation is planned, shown, pinned, recorded and carried out, in this order:

- ``selection``: the changes that a request names;
- ``worktree_session``: exclusive access to a work tree, with a snapshot of it;
- ``request``, ``undo``: the reversal that a rollback, an undo or a redo asks for;
- ``partial``: reverting recorded changes from an index and a HEAD that hold only some of them;
- ``plan``: from a reversal to a plan, refused if anything stands against it;
- ``autostash``: uncommitted work that is in the way;
- ``execute``: a plan that can be carried out; everything is pinned and the intent recorded before anything is touched;
- ``recovery``: interrupted operations, finished or taken back;
- ``commit_message``: the prepared message for the commit of what was rolled back.
"""
