# What nobody asked for costs nothing: system calls per relayed MiB, by tests/bench/syscalls.

load lib.bash
load tls.bash

setup() {
	lib_setup
	need strace
	! sanitized || skip "a sanitizer makes calls of its own"
	strace -o trace true 2>/dev/null || skip "tracing is not allowed here"
}

# costs WAY REGEX FLAGS...: the line of this way says so
costs() {
	local way=$1 regex=$2
	shift 2
	MIB=4 run -0 "$TESTS_DIR/bench/syscalls" "$SOCKCAT" "$@"
	echo "$output"
	grep -Eq "^$way +$regex\$" <<<"$output"
}

@test "a MiB from file to file is four reads and four writes" {
	costs 'file to file' '[0-9.]+ +(epoll_wait 0\.[0-9] )?read 4.0 write 4.0'
}

@test "telling of events costs nothing for each byte" {
	costs 'file to file' '[0-9.]+ +(epoll_wait 0\.[0-9] )?read 4.0 write 4.0' --log-json=events
}

# moved CALL: the bytes that all calls of this name in the trace brought
moved() {
	sed -n "s/.*\b$1(.* = \([0-9][0-9]*\)\$/\1/p" calls | awk '{ n += $1 } END { print n + 0 }'
}

# relayed COMMAND...: 16 MiB from socket to socket; the calls that moved it are in "calls"
relayed() {
	local sink

	truncate -s 16M file
	listen sink -u tcp-listen:0,bind=127.0.0.1 open:/dev/null
	sink=$PORT
	start relay strace -o calls -e trace=splice,recvfrom "$@" -d -d \
		tcp-listen:0,bind=127.0.0.1 "tcp:127.0.0.1:$sink"
	wait_for relay 'listening on'
	PORT=$(sed -n 's/.*listening on .*:\([0-9][0-9]*\)$/\1/p' relay.err | head -n 1)
	run -0 sockcat -u open:file "tcp:127.0.0.1:$PORT"
	finish relay
	echo "copied $(moved recvfrom), spliced $(moved splice)"
}

# is_spliced: but for the beginning, and all of it; once into a pipe and once out of it
is_spliced() {
	[ "$(moved recvfrom)" -le $((8 << 20)) ]
	[ "$(($(moved recvfrom) + $(moved splice) / 2))" = $((16 << 20)) ]
}

need_splice() {
	[ -e "$TESTS_DIR/../src/relay/splice.c" ] || skip "this is a build without splicing"
	[ "$(uname)" = Linux ] || skip "only Linux splices"
}

@test "a stream from socket to socket is spliced, but for its beginning" {
	need_splice
	relayed "$SOCKCAT"
	is_spliced
}

@test "called as socat it splices as well, if no -b asks for blocks" {
	need_splice
	ln -s "$SOCKCAT" socat
	relayed ./socat
	is_spliced
	relayed ./socat -b 8192
	[ "$(moved recvfrom)" = $((16 << 20)) ]
}

# visited FLAG N: a relay and who comes to it; the calls it made are in "table".  "round":
# N round trips of 64 bytes on each of 20 connections; "visit": N connections, one after
# the other, each with one
visited() {
	start relay strace -c -o table "$SOCKCAT" -d -d \
		tcp-listen:0,bind=127.0.0.1,fork "tcp:127.0.0.1:$ECHO"
	wait_for relay 'listening on'
	PORT=$(sed -n 's/.*listening on .*:\([0-9][0-9]*\)$/\1/p' relay.err | head -n 1)
	python3 - "$PORT" "$1" "$2" <<-'END'
	import socket, sys
	port, what, n = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
	def connect():
	    return socket.create_connection(("127.0.0.1", port))
	def trip(all):
	    for s in all:
	        s.sendall(b"x" * 64)
	    for s in all:
	        got = b""
	        while len(got) < 64:
	            got += s.recv(64 - len(got))
	if what == "round":
	    all = [connect() for _ in range(20)]
	    for _ in range(n):
	        trip(all)
	else:
	    for _ in range(n):
	        s = connect()
	        trip([s])
	        s.shutdown(socket.SHUT_WR)
	        s.recv(1)
	END
	kill -TERM "$(pgrep -P "$(cat relay.pid)")"
	finish relay
}

# calls NAME: how many of this name the table has, of all with "total"
calls() {
	awk -v name="$1" '$NF == name { print $4 }' table | grep . || echo 0
}

waits() { echo $(($(calls epoll_wait) + $(calls epoll_pwait2))); }

@test "a round trip costs a read and a write each way, and no change of interest" {
	need python3 pgrep
	local few many
	listen echo tcp-listen:0,bind=127.0.0.1,fork pipe
	ECHO=$PORT
	visited round 20
	few=$(($(calls total) - $(waits)))
	visited round 120
	many=$(($(calls total) - $(waits)))
	echo "$few and $many calls"
	# 100 x 20 round trips more; how many are served after one wait is their affair
	[ $((many - few)) -ge $((100 * 20 * 3)) ]
	[ $((many - few)) -le $((100 * 20 * 4 + 50)) ]
}

# all but waits and what -d -d tells
silent() { echo $(($(calls total) - $(waits) - $(calls write) - $(calls getsockname))); }

@test "a connection costs no call to learn what is known" {
	[ "$(uname)" = Linux ] || skip "other systems need more of them to make a socket"
	need python3 pgrep
	local few many
	listen echo tcp-listen:0,bind=127.0.0.1,fork pipe
	ECHO=$PORT
	visited visit 20
	few=$(silent)
	visited visit 120
	many=$(silent)
	echo "$few and $many calls"
	# to make it 5, to watch it 5, to relay 4, to end it 6
	[ $((many - few)) -le $((100 * 20 + 100)) ]
}

# burst: of 50 datagrams that wait when the relay begins; the calls that moved those and
# the answers are in "calls"
burst() {
	[ "$(uname)" = Linux ] || skip "only Linux cuts datagrams out of one piece"
	need python3 pgrep
	listen echo udp-listen:0,bind=127.0.0.1,fork socketpair
	start relay strace -o calls -e trace=sendmsg,recvmsg,recvmmsg "$SOCKCAT" -d -d \
		udp-listen:0,bind=127.0.0.1,fork "udp:127.0.0.1:$PORT"
	wait_for relay 'listening on'
	PORT=$(sed -n 's/.*listening on .*:\([0-9][0-9]*\)$/\1/p' relay.err | head -n 1)
	RELAY=$(pgrep -P "$(cat relay.pid)") PORT=$PORT python3 - <<-'END'
	import os, signal, socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.settimeout(20)
	s.connect(("127.0.0.1", int(os.environ["PORT"])))
	relay = int(os.environ["RELAY"])
	os.kill(relay, signal.SIGSTOP)
	for i in range(50):
	    s.send(bytes([i]) * 64)
	os.kill(relay, signal.SIGCONT)
	assert [s.recv(99) for _ in range(50)] == [bytes([i]) * 64 for i in range(50)]
	END
	kill -TERM "$(pgrep -P "$(cat relay.pid)")"
	wait_until grep -q 'exited with' calls
}

@test "datagrams that wait are received in one call" {
	burst
	grep -Eq '^recvmmsg\(.* = 50$' calls
}

@test "datagrams that wait are sent in one piece, and no call brings only one" {
	[ -e "$TESTS_DIR/../src/relay/batch.c" ] || skip "this is a build without batches"
	burst
	# the first may go alone, when its session begins
	forth=$(grep -c '^sendmsg.*msg_name=NULL' calls)
	echo "50 datagrams in $forth calls"
	[ "$forth" -le 3 ]
	run ! grep -q '^recvmsg' calls
}

@test "a TLS server's ticket goes with its answer, and nothing is asked in vain" {
	need openssl
	need_tls
	certificate s /CN=localhost DNS:localhost
	start relay strace -o calls \
		-e trace=sendto,recvfrom "$SOCKCAT" -d -d \
		tls-listen:0,bind=127.0.0.1,cert=s.pem pipe
	wait_for relay 'listening on'
	PORT=$(sed -n 's/.*listening on .*:\([0-9][0-9]*\)$/\1/p' relay.err | head -n 1)
	chat client sockcat - "tls:localhost:$PORT,verify=0"
	finish client
	finish relay
	cat calls
	# the handshake's flight, the ticket and the answer, close_notify
	[ "$(grep -c '^sendto' calls)" = 3 ]
	# but for the greeting, which may come a little later than the client
	[ "$(grep -c '^recvfrom.*EAGAIN' calls)" -le 1 ]
}
