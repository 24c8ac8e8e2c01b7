"""Rolling back, undoing, redoing: planned, shown, pinned, written down, done; in this order.

- ``selecting``: which changes are taken out;
- ``scene``: the work tree, looked at while nobody else works in it;
- ``target``: what is to be taken out of it, and how; the plan that comes of it;
- ``rollback``, ``undo``: the targets of these; ``difference``: what the one had made different that is undone;
- ``planning``: from a target to a plan, with all that stands against it;
- ``aside``: uncommitted work that is put aside on the way;
- ``intent``: what is pinned and written down before anything is done;
- ``carrying_out``: from a plan to a deed;
- ``interrupted``: what became of a deed that was cut short, and how to end it;
- ``message``: the message that waits for the commit of what was done;
- ``committed``: which commits hold that, and so fill no batch.
"""
