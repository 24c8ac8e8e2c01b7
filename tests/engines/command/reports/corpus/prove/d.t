ok 1 - one
Bail out!  no disk
