# Every exit code, provoked.

load lib.bash
load peers.bash

@test "0: done" {
	run -0 sockcat -u text:x -
}

@test "1: anything else, such as a lock that is taken" {
	echo $$ >lock
	run -1 sockcat -L lock -u text:x -
	[[ $output == *lock* ]]
}

@test "2: bad command line" {
	run -2 sockcat - nonsense:1
}

@test "6: name not resolved" {
	run -6 sockcat - tcp:nohost.invalid:80 </dev/null
}

@test "7: refused" {
	run -7 sockcat - "tcp:127.0.0.1:$(free_port)" </dev/null
}

@test "18: the TLS stream ended without a close_notify" {
	need_tls
	need openssl
	openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=localhost \
		-days 2 2>/dev/null
	local port
	port=$(free_port)
	mkfifo hold
	start_in server hold openssl s_server -accept "$port" -cert c.pem -key k.pem -quiet
	exec 5>hold
	wait_until port_answers "$port"
	start_in client <(sleep 20) "$SOCKCAT" -d -d - "tls:127.0.0.1:$port,verify=0"
	wait_for client 'starting data transfer'
	kill -KILL "$(cat server.pid)"
	finish client
	exec 5>&-
	[ "$status" = 18 ]
}

@test "23: cannot write locally" {
	[ -e /dev/full ] || skip "no /dev/full"
	run -23 sockcat -u text:x open:/dev/full
	[[ $output == *"no space left"* ]]
}

@test "26: cannot read locally" {
	run -26 sockcat -u open:nothing -
	[[ $output == *nothing* ]]
}

@test "27: out of memory" {
	SOCKCAT_FAIL_ALLOC=3 run -27 sockcat -u text:x -
	[[ $output == *memory* ]]
}

@test "28: timed out" {
	run -28 sockcat tcp-listen:0,accept-timeout=0.02 -
}

@test "35: the TLS handshake failed" {
	need_tls
	listen server tcp-listen:0,fork pipe
	run -35 sockcat - "tls:127.0.0.1:$PORT" </dev/null
}

@test "45: cannot bind" {
	run -45 sockcat tcp-listen:0,bind=192.0.2.1 -
}

@test "51: the certificate names somebody else" {
	need_tls
	need openssl
	openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=elsewhere \
		-addext subjectAltName=DNS:elsewhere -days 2 2>/dev/null
	listen server tls-listen:0,fork,cert=c.pem,key=k.pem pipe
	run -51 sockcat - "tls:localhost:$PORT,cafile=c.pem" </dev/null
}

@test "55 and 56: the connection was reset while we sent, or received" {
	peer server "
while True:
    c, _ = listener.accept()
    c.recv(1)
    reset(c)"
	run -55 sockcat -u /dev/zero "tcp:127.0.0.1:$PORT"
	run -56 sockcat text:x "tcp:127.0.0.1:$PORT"
}

@test "58: own certificate unusable" {
	need_tls
	echo nothing >c.pem
	run -58 sockcat tls-listen:0,cert=c.pem -
}

@test "60: the certificate is not trusted" {
	need_tls
	listen server tls-listen:0,fork,cert=auto pipe
	run -60 sockcat - "tls:localhost:$PORT" </dev/null
}

@test "77: the CA file is unreadable" {
	need_tls
	run -77 sockcat - tls:localhost:1,cafile=nothing.pem </dev/null
}

@test "97: a proxy said no" {
	listen proxy tcp-listen:0,bind=127.0.0.1 'text:HTTP/1.1 403 Forbidden\r\n\r\n'
	run -97 sockcat - "connect+tcp:127.0.0.1:$PORT:target:80" </dev/null
	[[ $output == *'403 Forbidden'* ]]
}

@test "126 and 127: the program cannot be run, or is not there" {
	echo text >plain
	run -126 sockcat - exec:./plain </dev/null
	run -127 sockcat - exec:no-such-program </dev/null
}

@test "128: and above: ended by a signal" {
	listen server tcp-listen:0 -
	stop server
	[ "$status" = 143 ]
}

# Every test above is named by its code, or its two codes.
@test "each row of the table has its test, and each test its row" {
	"$SOCKCAT" --help exit-codes | sed -n 's/^ *\([0-9][0-9]*\)[+N]* .*/\1/p' | sort >rows
	sed -nE 's/^@test "([0-9]+)( and ([0-9]+))?: .*/\1 \3/p' "$BATS_TEST_FILENAME" |
		tr -s ' ' '\n' | grep . | sort >tests
	[ "$(wc -l <rows)" -gt 20 ]
	diff rows tests
}
