# A server on a port that the system chooses, and a client of it.
# Copy this; it needs bats and sockcat.

setup() {
	SOCKCAT=${SOCKCAT:-sockcat}
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	kill "$server" 2>/dev/null || :
	wait "$server" 2>/dev/null || :
}

# serve ADDRESS...: starts a server and comes back when it can be reached, with its
# port in $port.  Reading the FIFO ends when sockcat has written and closed it.
serve() {
	mkfifo ready
	"$SOCKCAT" --ready-format=port --ready-fd=4 "$@" 4>ready &
	server=$!
	port=$(cat ready)
}

@test "an echo server gives back what it gets" {
	serve tcp4-listen:0,bind=127.0.0.1,fork pipe
	run "$SOCKCAT" - "tcp:127.0.0.1:$port" <<<"hello"
	[ "$status" -eq 0 ]
	[ "$output" = "hello" ]
}

@test "when nobody listens, the exit code is 7" {
	serve tcp4-listen:0,bind=127.0.0.1 pipe
	kill "$server"
	wait "$server" || :
	run "$SOCKCAT" - "tcp:127.0.0.1:$port" <<<"hello"
	[ "$status" -eq 7 ]
}
