# A mock server: every client gets what stands in a file; what it says is not heard
# (-U: only from the second address to the first).
# Copy this; it needs bats, curl and sockcat.

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

@test "curl gets the page from the file" {
	command -v curl >/dev/null || skip "curl is not installed"
	printf 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello' >page
	serve -U "$listen,fork" open:page
	run curl -sS --noproxy '*' "http://127.0.0.1:$port/"
	[ "$status" -eq 0 ]
	[ "$output" = "hello" ]
}

@test "an answer that is cut short is an error for the client" {
	command -v curl >/dev/null || skip "curl is not installed"
	printf 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello' >page
	serve -U "$listen,fork" open:page
	run curl -sS --noproxy '*' "http://127.0.0.1:$port/"
	[ "$status" -eq 18 ]
}
