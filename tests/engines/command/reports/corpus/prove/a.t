ok 1 - adds
not ok 2 - compares

#   Failed test 'compares'
#   at t/a.t line 3.
#          got: '1'
#     expected: '2'
ok 3 # skip no network
ok 4 # skip no network
not ok 5 - later # TODO not done
#   Failed (TODO) test 'later'
#   at t/a.t line 5.
ok 6 - already # TODO not done
# Subtest: a group
    1..2
    ok 1 - inside
    not ok 2 - deep \# hash

    #   Failed test 'deep # hash'
    #   at t/a.t line 6.
    #     Structures begin differing at:
    #          $got->[0] = '1'
    #     $expected->[0] = '2'
    # Looks like you failed 1 test of 2.
not ok 7 - a group

#   Failed test 'a group'
#   at t/a.t line 6.
# Subtest: good group
    ok 1 - x
    # Subtest: deeper
        ok 1 - y
        1..1
    ok 2 - deeper
    1..2
ok 8 - good group
ok 9
printed by the test
1..9
# Looks like you failed 2 tests of 9.
