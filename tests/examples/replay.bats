# A mock server that answers from a file and knows what it should be asked, and the other
# way round, a client from the same file.  The file is written by hand, as here, or by
# sockcat --record=FILE.
# Copy this; it needs bats, curl and sockcat.

setup() {
	SOCKCAT=${SOCKCAT:-sockcat}
	cd "$BATS_TEST_TMPDIR" || return 1
	cat >hello.rec <<-'END'
		> "GET /hello HTTP/1.0\r\n\r\n"
		< "HTTP/1.0 200 OK\r\n"
		  "Content-Length: 6\r\n\r\n"
		  "hello\n"
		< end
	END
}

teardown() {
	kill "$server" 2>/dev/null || :
	wait "$server" 2>/dev/null || :
}

# serve ADDRESS...: see echo.bats
serve() {
	mkfifo ready
	"$SOCKCAT" --ready-format=port --ready-fd=4 "$@" 4>ready 3>&- 2>log &
	server=$!
	port=$(cat ready)
}

@test "curl gets the answer from the file, whatever it asks" {
	command -v curl >/dev/null || skip "curl is not installed"
	serve tcp4-listen:0,bind=127.0.0.1,fork replay:hello.rec,match=loose
	for path in hello world; do
		run curl -sS --noproxy '*' "http://127.0.0.1:$port/$path"
		[ "$status" -eq 0 ]
		[ "$output" = "hello" ]
	done
}

@test "the first byte that was not recorded is told, and the exit code is 1" {
	serve tcp4-listen:0,bind=127.0.0.1 replay:hello.rec
	printf 'GET /help HTTP/1.0\r\n\r\n' | "$SOCKCAT" - "tcp:127.0.0.1:$port" || :
	code=0
	wait "$server" || code=$?
	[ "$code" -eq 1 ]
	grep -F 'line 1: byte 9 from the client differs: expected "T /hello HTTP/1.", got "T /help HTTP/1.0"' log
}

@test "the file plays the client and checks the server" {
	serve tcp4-listen:0,bind=127.0.0.1,fork replay:hello.rec
	run "$SOCKCAT" replay:hello.rec,role=client "tcp:127.0.0.1:$port"
	[ "$status" -eq 0 ]
}
