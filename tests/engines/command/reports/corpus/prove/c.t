1..3
ok 1 - one
died here
# Looks like your test exited with 255 just after 1.
