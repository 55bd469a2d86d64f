# An upstream with faults: sockcat stands between the client and the service, and
# breaks the connection in a way that can be repeated.
# Copy this; it needs bats and sockcat.

setup() {
	SOCKCAT=${SOCKCAT:-sockcat}
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	kill "${servers[@]}" 2>/dev/null || :
	wait "${servers[@]}" 2>/dev/null || :
}

# serve ADDRESS...: see echo.bats
serve() {
	rm -f ready
	mkfifo ready
	"$SOCKCAT" --ready-format=port --ready-fd=4 "$@" 4>ready &
	servers+=($!)
	port=$(cat ready)
}

@test "the client copes with one byte at a time" {
	serve tcp4-listen:0,bind=127.0.0.1,fork pipe
	serve tcp4-listen:0,bind=127.0.0.1,fork "shape+tcp:127.0.0.1:$port,chop=1"
	run "$SOCKCAT" - "tcp:127.0.0.1:$port" <<<"every byte of it"
	[ "$status" -eq 0 ]
	[ "$output" = "every byte of it" ]
}

@test "the client sees the reset that comes after four bytes" {
	serve tcp4-listen:0,bind=127.0.0.1,fork pipe
	serve shape+tcp4-listen:0,bind=127.0.0.1,fork,down.reset-after=4 "tcp:127.0.0.1:$port"
	run "$SOCKCAT" - "tcp:127.0.0.1:$port" <<<"more than four bytes"
	[ "$status" -eq 56 ]
}
