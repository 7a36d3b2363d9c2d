#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Users that turnadmin wrote into Redis, as coturn has them, allocate; while Redis is away those that are known go on, and unknown
# ones are refused at once.
LAB_UP=(--regions 3)
# shellcheck source=tests/smoke/_init.sh
. "${BASH_SOURCE[0]%/*}/_init.sh"
# shellcheck source=tests/smoke/_regions.sh
. "$SMOKE/_regions.sh"

admin() { lab exec a/dp turnadmin -N "ip=127.0.0.1 dbname=0 connect_timeout=3" -r sluice "$@" >/dev/null 2>&1; }

at_exit lab heal redis a
await 15 all_healthy
admin -a -u carol -p wonder
assert_equal "$(redis a --raw exists turn/realm/sluice/user/carol/key)" 1 "turnadmin's key"
assert_equal "$(client_python allocate.py carol wonder)" allocated "a user from Redis"
assert_equal "$(client_python allocate.py carol wrong)" 401 "a wrong password"
assert_equal "$(client_python allocate.py nobody wonder)" 401 "a user that is nowhere"
assert lab kill redis a
assert_equal "$(client_python allocate.py carol wonder)" allocated "a known user without Redis"
await 5 eval '[[ $(client_python allocate.py nobody2 wonder) == 401 ]]'
clock_start
assert_equal "$(client_python allocate.py nobody3 wonder)" 401 "an unknown user without Redis"
assert_within 1000 "the refusal"
