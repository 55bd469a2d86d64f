# An upstream with faults: sockcat stands between the client and the service, and
# breaks the connection in a way that can be repeated.
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

# serve ADDRESS...: see echo.bats
serve() {
	local ready=ready.${#servers[@]}

	mkfifo "$ready"
	"$SOCKCAT" --ready-format=port --ready-fd=4 "$@" 4>"$ready" 3>&- &
	servers+=($!)
	port=$(cat "$ready")
	[ -n "$port" ]
}

listen=tcp4-listen:0,bind=127.0.0.1

@test "the client copes with one byte at a time" {
	serve "$listen,fork" pipe
	serve "$listen,fork" "shape+tcp:127.0.0.1:$port,chop=1"
	run "$SOCKCAT" - "tcp:127.0.0.1:$port" <<<"every byte of it"
	[ "$status" -eq 0 ]
	[ "$output" = "every byte of it" ]
}

@test "the client sees the reset that comes after four bytes" {
	serve "$listen,fork" pipe
	serve "shape+$listen,fork,up.reset-after=4" "tcp:127.0.0.1:$port"
	run "$SOCKCAT" - "tcp:127.0.0.1:$port" <<<"more than four bytes"
	[ "$status" -eq 56 ]
}
