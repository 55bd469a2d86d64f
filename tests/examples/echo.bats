# A server on a port that the system chooses, and a client of it.
# Copy this; it needs bats and sockcat.

setup() {
	SOCKCAT=${SOCKCAT:-sockcat}
	cd "$BATS_TEST_TMPDIR" || return 1
	servers=()
}

# KILL, because after TERM a server stays for the sessions it has.
teardown() {
	[ ${#servers[@]} = 0 ] || kill -KILL "${servers[@]}" 2>/dev/null || :
	wait "${servers[@]}" 2>/dev/null || :
}

# serve ADDRESS...: starts a server and comes back when it can be reached, with its
# port in $port.  Reading the FIFO ends when sockcat has written and closed it, or could
# not start.  bats waits for whoever has descriptor 3.
serve() {
	local ready=ready.${#servers[@]}

	mkfifo "$ready"
	"$SOCKCAT" --ready-format=port --ready-fd=4 "$@" 4>"$ready" 3>&- &
	servers+=($!)
	port=$(cat "$ready")
	[ -n "$port" ]
}

listen=tcp4-listen:0,bind=127.0.0.1

@test "an echo server gives back what it gets" {
	serve "$listen,fork" pipe
	run "$SOCKCAT" - "tcp:127.0.0.1:$port" <<<"hello"
	[ "$status" -eq 0 ]
	[ "$output" = "hello" ]
}

@test "when nobody listens, the exit code is 7" {
	serve "$listen" pipe
	kill "${servers[0]}"
	wait "${servers[0]}" || :
	run "$SOCKCAT" - "tcp:127.0.0.1:$port" <<<"hello"
	[ "$status" -eq 7 ]
}
