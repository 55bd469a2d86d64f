# Every allocation fails once: the first, the second, ... over start-up and one
# session of each kind.  The program must say "out of memory" (27) or carry on to
# the right result, and never crash; with sanitizers, never leak.

load lib.bash
load peers.bash

# Runs as many more as this without any failure, then all allocations are through.
QUIET=4
MOST=3000

# What a crash looks like: killed by a signal that no one sent, or a sanitizer's word.
crashed() {
	case $1 in
	99 | 132 | 134 | 135 | 136 | 139) return 0 ;;
	esac
	return 1
}

# one N EXPECTED ARGS...: one run with the Nth allocation failing; fails loudly if it
# ended as it should not.  Leaves status.
one() {
	local n=$1 expected=$2 got
	shift 2
	status=0
	got=$(SOCKCAT_FAIL_ALLOC=$n timeout 20 "$SOCKCAT" "$@" 2>err <input) || status=$?
	if crashed "$status"; then
		echo "allocation $n: crash, status $status: $*"
	elif [ "$status" = 0 ] && [ "$got" != "$expected" ]; then
		echo "allocation $n: success, but the output is '$got': $*"
	elif [ "$status" != 0 ] && [ "$status" != 27 ]; then
		echo "allocation $n: status $status: $*"
	else
		return 0
	fi
	cat err
	return 1
}

# torture EXPECTED ARGS...: until several runs in a row have had nothing fail.
torture() {
	local n quiet=0 failures=0
	for ((n = 1; n < MOST; n++)); do
		one "$n" "$@" || return 1
		if [ "$status" = 0 ]; then
			quiet=$((quiet + 1))
		else
			quiet=0 failures=$((failures + 1))
		fi
		[ "$quiet" -lt "$QUIET" ] || break
	done
	echo "# $failures failing allocations in: ${*:2}"
	[ "$n" -lt "$MOST" ]
	[ "$failures" -gt 0 ]
}

# torture_server PROBE ARGS...: the same for a listener that serves one client
# after the other; PROBE talks to it once it is there.
torture_server() {
	local n probe=$1 quiet=0 port
	shift
	for ((n = 1; n < MOST && quiet < QUIET; n++)); do
		rm -f sock
		port=$(free_port)
		start server env SOCKCAT_FAIL_ALLOC="$n" "$SOCKCAT" -d -d "${@//PORT/$port}"
		wait_until said_or_over server.err 'listening on' server
		if grep -q 'listening on' server.err && "$probe" "$port"; then
			quiet=$((quiet + 1))
		else
			quiet=0
		fi
		stop server
		if crashed "$status"; then
			echo "allocation $n: crash, status $status: $*"
			show_logs
			return 1
		fi
	done
	echo "# $n runs of: $*"
	[ "$n" -lt "$MOST" ]
	[ "$n" -gt "$QUIET" ]
}

probe_stream() {	# the echo behind a UNIX listener
	[ "$(echo ping | timeout 20 "$SOCKCAT" -T 5 - unix-connect:sock 2>probe.err)" = ping ]
}

probe_tcp() { [ "$(echo ping | timeout 20 "$SOCKCAT" -T 5 - "tcp:127.0.0.1:$1" 2>probe.err)" = ping ]; }

probe_tls() {
	[ "$(echo ping | timeout 20 "$SOCKCAT" -T 5 - "tls:127.0.0.1:$1,verify=0" 2>probe.err)" = ping ]
}

probe_proxyhdr() { [ "$(echo ping | timeout 20 "$SOCKCAT" -T 5 - "proxyhdr+tcp:127.0.0.1:$1" 2>probe.err)" = ping ]; }

probe_udp() { [ "$(echo ping | timeout 20 "$SOCKCAT" -t 1 - "udp:127.0.0.1:$1" 2>probe.err)" = ping ]; }

setup() {
	lib_setup
	printf 'some input\n' >input
}

@test "start-up: parsing, help and a text to standard output" {
	torture hello -u text:hello -
}

@test "start-up: explaining" {
	torture "$("$SOCKCAT" --explain - exec:'ls a*',latency=1)" --explain - exec:'ls a*',latency=1
}

@test "standard input through an echo" { torture "some input" - pipe; }

@test "a file" { torture "some input" -u open:input -; }

@test "a program over a socketpair" { torture "some input" - exec:cat; }

@test "a program over pipes" { torture "some input" - exec:cat,pipes; }

@test "a shell command" { torture "some input" - system:cat; }

@test "a program on a terminal" { torture "hello" -u "exec:printf hello,pty,raw" -; }

@test "a dual address" { torture "some input" 'open:input!!/dev/null' '/dev/null!!-'; }

@test "messages of lines" {
	torture "10:some input," -u frame+open:input,frame=line frame+stdio,frame=netstring
}

@test "a shaped program" { torture "some input" - exec:cat,latency=2ms,chop=1..3,corrupt=0%; }

@test "a file, its events told" { torture "some input" --log-json=events -u open:input -; }

@test "recording and replay" {
	printf '> "ask\\n"\n< "answer"\n< end\n' >a.rec
	echo ask >input
	torture answer --record=b.rec - replay:a.rec,speed=1
}

@test "a TCP client, with a dump of what passes" {
	listen echo tcp-listen:0,bind=127.0.0.1,fork pipe
	torture "some input" -v -x --hexdump --text --dump-limit=7 --dump-file=seen - "tcp:127.0.0.1:$PORT"
}

@test "a TCP client by name" {
	listen echo tcp-listen:0,bind=127.0.0.1,fork pipe
	torture "some input" - "tcp4:localhost:$PORT"
}

@test "a UNIX client" {
	start echo "$SOCKCAT" -d -d unix-listen:echo,fork pipe
	wait_for echo 'listening on'
	torture "some input" - unix-connect:echo
	torture "some input" - unix-client:echo
}

@test "a UDP client" {
	listen echo udp-listen:0,bind=127.0.0.1,fork pipe
	torture "some input" -t 1 - "udp:127.0.0.1:$PORT"
	torture "some input" -t 1 - "udp-sendto:127.0.0.1:$PORT"
}

@test "a TLS client" {
	need_tls
	listen echo tls-listen:0,bind=127.0.0.1,fork,cert=auto pipe
	torture "some input" - "tls:127.0.0.1:$PORT,verify=0"
	torture "some input" --log-json=events - "tls:127.0.0.1:$PORT,verify=0"
}

@test "a PROXY header" {
	listen echo proxyhdr+tcp-listen:0,bind=127.0.0.1,fork pipe
	torture "some input" - "proxyhdr+tcp:127.0.0.1:$PORT"
}

@test "a SOCKS client" {
	peer proxy '
def serve(c):
    if c.recv(99)[0] == 5:
        for answer in (b"\5\2", b"\1\0", b"\5\0\0\1" + bytes(6)):
            c.sendall(answer)
            if answer[0] == 5 and len(answer) > 2: break
            if not c.recv(999): return
    else:
        c.sendall(b"\0Z" + bytes(6))
    c.sendall(read_all(c))
while True:
    c, _ = listener.accept()
    try: serve(c)
    except (OSError, IndexError): pass
    c.close()
'
	torture "some input" - "socks5:127.0.0.1:h:80,socksport=$PORT,socksuser=a,sockspass=b"
	torture "some input" - "socks4:127.0.0.1:localhost:80,socksport=$PORT"
}

@test "line ends, byte limits and an escape character" {
	torture "some input" - pipe,crnl,readbytes=100
	torture "some" -u open:input,readbytes=4,escape=1 -
}

@test "workers" {
	torture_server probe_tcp --workers=2 tcp-listen:PORT,bind=127.0.0.1,reuseaddr,fork pipe
}

@test "a UNIX listener" { torture_server probe_stream unix-listen:sock,fork pipe; }

@test "a TCP listener in front of a program" {
	torture_server probe_tcp tcp-listen:PORT,bind=127.0.0.1,reuseaddr,fork exec:cat
}

@test "a TLS listener" {
	need_tls
	torture_server probe_tls tls-listen:PORT,bind=127.0.0.1,reuseaddr,fork,cert=auto pipe
}

@test "a listener that reads PROXY headers and passes them on" {
	listen echo proxyhdr+tcp-listen:0,bind=127.0.0.1,fork pipe
	torture_server probe_proxyhdr proxyhdr+tcp-listen:PORT,bind=127.0.0.1,reuseaddr,fork \
		"proxyhdr+tcp:127.0.0.1:$PORT"
}

@test "a UDP listener" {
	torture_server probe_udp udp-listen:PORT,bind=127.0.0.1,fork,idle=0.5 pipe
}
