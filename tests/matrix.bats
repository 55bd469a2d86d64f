# Every address against every other.  Small here; `tests/matrix` alone takes
# 256 MiB each way.

load lib.bash

@test "every ordered pair of addresses carries 1 MiB each way, byte-exact" {
	run "$TESTS_DIR/matrix" 1
	echo "$output" | grep -A20 '^not ok' || :
	[ "$status" = 0 ]
}
