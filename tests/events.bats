# --log-json: each event, its fields, their order; and the text log, which shows the same.

load lib.bash
load tls.bash
load peers.bash
load proxies.bash

setup_file() {
	export C=$BATS_FILE_TMPDIR
	! has_tls || certificates
}

setup() {
	lib_setup
	need jq
}

# true_of FILTER: over the array of all events in the file "events" so far.
true_of() { jq -e -s "$1" events >/dev/null 2>&1; }

is() {
	true_of "$1" && return 0
	echo "not true: $1"
	cat events
	show_logs
	return 1
}

# told NAME [FILTER]: waits until an event of this name, for which this holds, is there.
told() { wait_until true_of "any(.[]; .event == \"$1\" and (${2:-true}))"; }

value() { jq -r -s "$1" events; }

# serve ARGS...: a server that tells its events; sets PORT.
serve() {
	start server "$SOCKCAT" --log-json=events "$@"
	told listen || return 1
	PORT=$(value '[.[] | select(.event == "listen")][0].local_port')
}

# say TEXT ADDRESS: one line to a server, until it has closed.
say() { "$SOCKCAT" - "$2" <<<"$1" >/dev/null; }

# --- one by one -------------------------------------------------------------------

@test "a run has its events in order, each with the time and the process" {
	run -0 sockcat --log-json=events - pipe <<<hello
	is '[.[].event] == ["start","open","open","ready","eof","eof","close","exit"]'
	is 'all(.[]; .time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}Z$"))'
	is 'all(.[]; .pid > 1 and .mono > 0)'
	is '[.[].mono] == ([.[].mono] | sort)'
	is 'all(.[] | select(.event | test("^(open|eof|close)$")); .session == 1)'
	[ "$(date -u +%Y-%m-%d)" = "$(value '.[0].time[:10]')" ] || [ "$(date -u +%H)" = 00 ]
}

@test "start tells the version and both addresses" {
	run -0 sockcat --log-json=events - pipe </dev/null
	is '.[0].version == "'"$(sockcat -V | sed -n '1s/^[a-z]* \([0-9.]*\).*/\1/p')"'"'
	is '.[0] | .left_address == "-" and .right_address == "pipe"'
}

@test "secrets are hidden in the addresses that are told" {
	run ! sockcat --log-json=events - \
		"proxy:127.0.0.1:localhost:9,proxyport=$(free_port),proxyauth=me:secret" </dev/null
	is 'length > 3'
	run ! grep secret events
}

@test "listen and ready tell where a server can be reached" {
	serve tcp-listen:0,bind=127.0.0.1,fork pipe
	told ready
	is '.[1] | .event == "listen" and .layer == "tcp-listen" and .protocol == "tcp" and
		.local == "127.0.0.1:'"$PORT"'" and .local_host == "127.0.0.1" and .side == "left"'
	is '.[1] | has("session") or has("peer") | not'
	port_answers "$PORT"
}

@test "listen names a terminal" {
	start server "$SOCKCAT" --log-json=events pty,link=tty pipe
	told listen
	[ "$(readlink tty)" = "$(value '.[] | select(.event == "listen").path')" ]
}

@test "accept and connect tell the two ends, each seen from its side" {
	serve tcp-listen:0,bind=127.0.0.1,fork pipe
	run -0 sockcat --log-json=client - "tcp:127.0.0.1:$PORT" <<<hello
	told close
	local there here
	there=$(value '.[] | select(.event == "accept") | "\(.peer) \(.peer_host) \(.peer_port) \(.local)"')
	here=$(jq -r 'select(.event == "connect") | "\(.local) \(.local_host) \(.local_port) \(.peer)"' client)
	[ "$there" = "$here" ]
	jq -e -s 'any(.event == "connect" and .side == "right" and .duration >= 0 and .protocol == "tcp")' client
	is 'any(.event == "accept" and .side == "left" and .session == 1 and .protocol == "tcp")'
}

@test "IPv6 addresses have a host without brackets" {
	need_ip6
	serve "tcp6-listen:0,bind=[::1],fork" pipe
	is 'any(.local_host == "::1" and .local == "[::1]:'"$PORT"'")'
}

@test "UNIX sockets are told by their path" {
	start server "$SOCKCAT" --log-json=events unix-listen:here.sock,fork pipe
	told ready
	say hello unix:here.sock
	told close
	is 'any(.event == "accept" and .local == "here.sock" and .protocol == "unix")'
	is 'any(.event == "close" and .left_local == "here.sock" and (has("left_local_port") | not))'
}

@test "resolve tells the name and how long it took, and is not told of numbers" {
	serve tcp-listen:0,bind=127.0.0.1,fork pipe
	run -0 sockcat --log-json=client - "tcp:localhost:$PORT" <<<hello
	jq -e -s 'any(.event == "resolve" and .host == "localhost" and .duration > 0)' client
	run -0 sockcat --log-json=client2 - "tcp:127.0.0.1:$PORT" <<<hello
	run ! grep '"resolve"' client2
}

@test "resolve is told of datagrams, too" {
	run -0 sockcat --log-json=events -u text:x "udp:localhost:$(free_port)"
	is 'any(.event == "resolve" and .host == "localhost")'
	is 'any(.event == "connect" and .protocol == "udp")'
}

@test "open is told of files and programs, which have no ends" {
	run -0 sockcat --log-json=events -u exec:'echo x' open:out,creat
	is '[.[] | select(.event == "open").layer] == ["exec","open"]'
	run ! grep -E 'unnamed|"(local|peer)' events
}

@test "what only receives is open, and nobody is connected" {
	start server "$SOCKCAT" --log-json=events -u udp-recv:0 open:out,creat
	told open
	is '[.[].event][:4] == ["start","listen","open","open"]'
}

@test "proxy is told of an HTTP proxy, of SOCKS, of a PROXY header" {
	listen target tcp-listen:0,bind=127.0.0.1,fork pipe
	local target=$PORT
	proxy http
	run -0 sockcat --log-json=events - "proxy:127.0.0.1:localhost:$target,proxyport=$PORT" <<<hello
	is 'any(.event == "proxy" and .layer == "connect" and .duration > 0)'
	listen socks tcp-listen:0,bind=127.0.0.1,fork "socks-server,allow=127.0.0.1:$target"
	run -0 sockcat --log-json=events2 - "socks5:127.0.0.1:$PORT:127.0.0.1:$target" <<<hello
	jq -e -s 'any(.event == "proxy" and .layer == "socks5" and .side == "right")' events2
	rm events
	serve proxyhdr+tcp-listen:0,bind=127.0.0.1,fork pipe
	say $'PROXY TCP4 192.0.2.1 192.0.2.2 1111 2222\r' "tcp:127.0.0.1:$PORT"
	told close
	is 'any(.event == "proxy" and .peer == "192.0.2.1:1111" and .local == "192.0.2.2:2222" and
		.detail.PROXYHDR_VERSION == "1")'
	is 'any(.event == "close" and .left_peer_host == "192.0.2.1")'
}

@test "tls tells what was agreed upon and whose certificate it is" {
	need_tls
	need openssl
	echo_server far
	run -0 sockcat --log-json=events - "tls:localhost:$PORT,cafile=$C/ca.crt" <<<hello
	is 'any(.event == "tls" and .layer == "tls" and .duration > 0 and
		.detail.OPENSSL_PROTO_VERSION == "TLSv1.3" and
		(.detail.OPENSSL_X509_COMMONNAME == "server.example"))'
}

@test "eof tells how much came from that side" {
	serve tcp-listen:0,bind=127.0.0.1,fork exec:'wc -c'
	say hello "tcp:127.0.0.1:$PORT"
	told close
	is 'any(.event == "eof" and .side == "left" and .bytes == 6)'
	is 'any(.event == "eof" and .side == "right" and .bytes == 2)'
}

@test "close tells the bytes, times and state of both sides" {
	serve tcp-listen:0,bind=127.0.0.1,fork exec:'wc -c'
	say hello "tcp:127.0.0.1:$PORT"
	told close
	is '.[] | select(.event == "close") | .reason == "eof" and .code == 0 and
		.duration > 0 and .left_bytes == 6 and .right_bytes == 2 and
		.left_blocks == 1 and .right_blocks == 1 and .right_open > 0 and
		.left_peer_port > 0 and .left_local_port == '"$PORT"' and
		.left_protocol == "tcp" and (has("message") | not)'
}

@test "close tells TCP's round-trip time and what was sent again" {
	[ -e /proc/self ] || skip "only where the system tells"
	serve tcp-listen:0,bind=127.0.0.1,fork pipe
	say hello "tcp:127.0.0.1:$PORT"
	told close
	is '.[] | select(.event == "close") | .left_rtt > 0 and .left_rttvar > 0 and
		.left_retransmits == 0 and (has("right_rtt") | not)'
}

@test "exit tells the status" {
	run -7 sockcat --log-json=events - "tcp:127.0.0.1:$(free_port)" </dev/null
	is '.[-1] | .event == "exit" and .code == 7'
}

# --- failures ---------------------------------------------------------------------

@test "a session that fails has an error and a close, with phase and code" {
	serve tcp-listen:0,bind=127.0.0.1,fork "tcp:127.0.0.1:$(free_port)"
	say hello "tcp:127.0.0.1:$PORT" || :
	told close
	is '[.[].event][3:] == ["accept","error","close"]'
	is '.[4] | .session == 1 and .phase == "connect" and .code == 7 and
		(.message | test("refused"))'
	is '.[5] | .reason == "connect" and .code == 7 and .message == "'"$(value '.[4].message')"'"'
}

@test "what made a session fail is told of it alone, also where two fail at once" {
	need python3
	serve tcp-listen:0,fork unix-connect:target
	run -0 timeout 60 python3 -c "
import os, select, signal, socket, struct
target = socket.socket(socket.AF_UNIX)
target.bind('target')
target.listen()
def session():
    client = socket.create_connection(('127.0.0.1', $PORT))
    server = target.accept()[0]
    client.sendall(b'x')
    select.select([server], [], [])
    return client, server
before, one, two, after = session(), session(), session(), session()
os.kill($(cat server.pid), signal.SIGSTOP)
one[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
one[0].close()
two[1].close()	# with a byte that it has not read, which is a reset
os.kill($(cat server.pid), signal.SIGCONT)
for client, server in (before, after):
    client.shutdown(socket.SHUT_WR)
    assert server.recv(2, socket.MSG_WAITALL) == b'x'
    server.close()
    assert client.recv(1) == b''"
	wait_until true_of 'map(select(.event == "close")) | length == 4'
	is '[.[] | select(.event == "close") | [.session, .reason]] | sort ==
		[[1, "eof"], [2, "receive"], [3, "receive"], [4, "eof"]]'
	is '[.[] | select(.event == "error") | [.session, (.message | scan("(tcp|unix)-")[0])]]
		| sort == [[2, "tcp"], [3, "unix"]]'
}

@test "an error in the command line is told with the piece that is wrong" {
	run -2 sockcat --log-json=events - tcp-listen:80,reusadr
	is '[.[].event] == ["error","exit"]'
	is '.[0] | .phase == "usage" and .input[.input_at:][:.input_len] == "reusadr"'
	[[ $output = *'reusadr'*'^~~~~~~'* ]]
}

@test "flags that are wrong are told, too" {
	run -2 sockcat --log-json=events --nosuchflag -
	is '[.[].event] == ["error","exit"]'
}

@test "an address that cannot be bound is an error of no session" {
	run -45 sockcat --log-json=events tcp-listen:0,bind=192.0.2.1,fork -
	is '[.[].event] == ["start","error","exit"]'
	is '.[1] | .phase == "bind" and .code == 45 and (has("session") | not)'
}

@test "a peer that breaks off is still named in the close" {
	peer server "
c, _ = listener.accept()
c.recv(1)
reset(c)"
	run sockcat --log-json=events -u /dev/zero "tcp:127.0.0.1:$PORT"
	is '.[] | select(.event == "close") | .right_peer_port == '"$PORT"' and
		(.reason | test("^(send|receive)$")) and (.code == 55 or .code == 56)'
}

@test "each try that fails is told with its number" {
	run -7 sockcat --log-json=events - "tcp:127.0.0.1:$(free_port),retry=2,interval=0.01" </dev/null
	is '[.[] | select(.event == "error").tries] == [1,2,null]'
	is '[.[] | select(.event == "close")] | length == 1'
	is 'all(.[] | select(.event == "error"); .session == 1)'
	run -45 sockcat --log-json=more tcp-listen:0,bind=192.0.2.1,fork,retry=1,interval=0.01 -
	jq -e -s '[.[] | select(.event == "error").tries] == [1,null]' more
}

@test "the time of earlier tries is no part of a phase" {
	local port
	port=$(free_port)
	start client "$SOCKCAT" --log-json=events -u "tcp:127.0.0.1:$port,forever,interval=0.2" -
	told error '.tries == 1'
	start server "$SOCKCAT" -u text:x "tcp-listen:$port,bind=127.0.0.1"
	told close
	is 'any(.event == "close" and .left_connect < 0.2 and .duration > 0.2)'
}

@test "a program's own status is the reason where it counts" {
	run -3 sockcat --log-json=events --child-status system:'exit 3' - </dev/null
	is 'any(.event == "close" and .reason == "child" and .code == 3)'
}

@test "files that cannot be read again are an error, and the server stays" {
	need_tls
	need openssl
	cp "$C/server.pem" own.pem
	serve tls-listen:0,bind=127.0.0.1,cert=own.pem,fork pipe
	told ready
	echo nothing >own.pem
	kill -HUP "$(cat server.pid)"
	told error '.phase == "key" and .code == 58'
	port_answers "$PORT"
}

# --- ends without failure ---------------------------------------------------------

@test "the idle limit is a reason" {
	run -0 sockcat --log-json=events -T 0.05 stall stall
	is 'any(.event == "close" and .reason == "idle" and .code == 0 and .duration >= 0.05)'
}

@test "the limit of the second direction is a reason" {
	run -0 timeout 10 "$SOCKCAT" --log-json=events -t 0.05 - stall </dev/null
	is 'any(.event == "close" and .reason == "linger")'
}

@test "a client that goes away before its session has begun is a reason" {
	serve tcp-listen:0,bind=127.0.0.1,fork "tcp:127.0.0.1:$(free_port),forever,interval=30"
	python3 -c "
import socket, struct, sys
s = socket.create_connection(('127.0.0.1', $PORT))
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
sys.stdin.readline()
s.close()" < <(wait_until true_of 'any(.tries == 1)')
	told close
	is 'any(.event == "close" and .reason == "client gone" and .left_peer_port > 0)'
}

@test "a signal is the reason of a lone session's end, and no error" {
	start server "$SOCKCAT" --log-json=events stall stall
	told ready
	stop server
	is '[.[] | select(.event | test("^(error|close|exit)$"))] |
		length == 2 and .[0].reason == "signal" and .[0].code == 143 and .[1].code == 143'
}

@test "a worker is told of when it starts and when it ends" {
	serve --workers=1 tcp-listen:0,bind=127.0.0.1,fork pipe
	told ready
	kill -TERM "$(value '.[] | select(.event == "worker").worker_pid')"
	told worker '.reason == "ended" and .worker == 1 and .code == 0'
	wait_until true_of '[.[] | select(.event == "worker").reason] == ["started","ended","started"]'
}

@test "drain tells how many sessions may finish; the next signal closes them" {
	serve tcp-listen:0,bind=127.0.0.1,fork stall
	exec 7<>"/dev/tcp/127.0.0.1/$PORT" 8<>"/dev/tcp/127.0.0.1/$PORT"
	told ready
	wait_until true_of '[.[] | select(.event == "accept")] | length == 2'
	kill -TERM "$(cat server.pid)"
	told drain '.sessions == 2'
	kill -TERM "$(cat server.pid)"
	finish server
	exec 7>&- 8>&-
	is '[.[] | select(.event == "close") | .session] | sort == [1,2]'
	is 'all(.[] | select(.event == "close"); .reason == "signal" and .left_peer_port > 0)'
	is '.[-1] | .event == "exit" and .code == 143'
	[ "$status" = 143 ]
}

@test "a server that nobody came to drains, too" {
	run -0 sockcat --log-json=events tcp-listen:0,fork,accept-timeout=0.02 pipe
	is '[.[].event] == ["start","listen","ready","drain","exit"]'
}

# --- together ---------------------------------------------------------------------

@test "TLS through a proxy has its phases in order, and their times in the close" {
	need_tls
	need openssl
	echo_server far
	local target=$PORT
	proxy http
	run -0 sockcat --log-json=events - \
		"tls+connect+tcp:localhost:$PORT:localhost:$target,cafile=$C/ca.crt" <<<hello
	is '[.[] | select(.side == "right") | .event] == ["resolve","connect","proxy","tls","eof"]'
	is '.[] | select(.event == "close") | .right_resolve > 0 and .right_connect > 0 and
		.right_proxy > 0 and .right_tls > 0 and
		.right_resolve + .right_connect + .right_proxy + .right_tls < .duration + 0.001'
	is '([.[] | select(.event == "close").right_tls][0]) == ([.[] | select(.event == "tls").duration][0])'
}

@test "a server of many sessions tells of each from accept to close" {
	[ -x "$BUILD_DIR/tests/swarm" ] || skip "tests/swarm is not built"
	serve tcp-listen:0,bind=127.0.0.1,fork pipe
	timeout 60 "$BUILD_DIR/tests/swarm" "tcp:127.0.0.1:$PORT" 200 3000
	wait_until true_of '([.[] | select(.event == "close")] | length) == 200'
	stop server
	is '[.[] | select(.event == "accept").session] == [range(1; 201)]'
	is '[.[] | select(.event == "close").session] | sort == [range(1; 201)]'
	is 'all(.[] | select(.event == "close"); .reason == "eof" and .left_peer_port > 0 and
		.left_bytes == 3000 and .right_bytes == 3000)'
}

@test "sessions over UDP are told by their peers" {
	serve udp-listen:0,bind=127.0.0.1,fork pipe
	is 'any(.event == "listen" and .protocol == "udp")'
	run -0 sockcat - "udp:127.0.0.1:$PORT" <<<one
	run -0 sockcat - "udp:127.0.0.1:$PORT" <<<two
	told accept '.session == 2'
	is '[.[] | select(.event == "accept") | .peer_port] | length == 2 and all(. > 0)'
	stop server
}

# --- where they go ----------------------------------------------------------------

@test "on standard error they stand in place of the log: all is JSON" {
	need python3
	listen server tcp-listen:0,bind=127.0.0.1,fork pipe
	run -0 --separate-stderr sockcat -d4 --log-json --statistics - "tcp:localhost:$PORT" <<<hello
	[ "$output" = hello ]
	printf '%s\n' "$stderr" >events
	python3 -c 'import json, sys
for line in open("events"): json.loads(line)'
	is 'any(.event == "connect")'
	is 'any(.event == "log" and .level == "notice" and (.message | test("data transfer loop")))'
	is 'any(.event == "log" and (.message | test("6")))'
}

@test "what ends a capture or recording, or keeps readiness from being told, is among them" {
	[ -c /dev/full ] || skip "no /dev/full"
	run -0 --separate-stderr sockcat --log-json --capture=/dev/full --record=/dev/full \
		--ready-fd=7 -u text:x - 7>/dev/full
	printf '%s\n' "$stderr" >events
	is 'any(.event == "log" and .level == "warning" and (.message | test("the capture in /dev/full ends")))'
	is 'any(.event == "log" and (.message | test("the recording in /dev/full ends")))'
	is 'any(.event == "log" and (.message | test("cannot tell --ready-fd that all is ready")))'
}

@test "without -d the log's lines among them are its warnings" {
	run -0 --separate-stderr sockcat --log-json - pipe <<<hello
	printf '%s\n' "$stderr" >events
	is 'length > 5 and all(.event != "log")'
}

@test "a log that goes elsewhere stays a log" {
	run -7 --separate-stderr sockcat --log-json -lf log - "tcp:127.0.0.1:$(free_port)" </dev/null
	grep -q 'sockcat: error: ' log
	printf '%s\n' "$stderr" >events
	is '[.[].event] | index("error")'
}

@test "in a file they are appended, and the log stays where it is" {
	echo '{"event":"before"}' >events
	run -7 --separate-stderr sockcat --log-json=events - "tcp:127.0.0.1:$(free_port)" </dev/null
	[[ $stderr = 'sockcat: error: '* ]]
	is '[.[].event][:2] == ["before","start"]'
}

@test "levels of the log filter no events" {
	run -0 sockcat -d0 --log-json=events - pipe <<<hello
	is '[.[].event] == ["start","open","open","ready","eof","eof","close","exit"]'
}

@test "a file that cannot be opened is told before anything else is" {
	run -23 sockcat --log-json=none/such -u open:gone,creat -
	[[ $output = *'cannot write events to none/such: no such file'* ]]
	[ ! -e gone ]
	run -2 sockcat --log-json= - pipe
}

@test "programs do not inherit the file" {
	[ -e /proc/self/fd ] || skip "no /proc"
	run -0 sockcat --log-json=events -u exec:'ls -l /proc/self/fd' -
	[[ $output != *events* ]]
}

@test "a full disk is warned of once, and the relay goes on" {
	[ -e /dev/full ] || skip "no /dev/full"
	run -0 sockcat --log-json=/dev/full - pipe <<<hello
	[ "${#lines[@]}" = 2 ]
	[[ $output = *'warning: events are lost: cannot write to /dev/full: no space left'* ]]
	[[ $output = *hello* ]]
	run -7 sockcat --log-json - "tcp:127.0.0.1:$(free_port)" </dev/null 2>/dev/full
}

@test "a line that the disk cut off spoils no other" {
	need prlimit
	serve_limited() {
		trap '' XFSZ
		ulimit -S -f 1
		exec "$SOCKCAT" --log-json=events "$@"
	}
	start server serve_limited tcp-listen:0,bind=127.0.0.1,fork pipe
	told listen
	PORT=$(value '.[1].local_port')
	say hello "tcp:127.0.0.1:$PORT"
	say hello "tcp:127.0.0.1:$PORT"
	wait_for server 'events are lost'
	prlimit --pid "$(cat server.pid)" --fsize=unlimited:
	say again "tcp:127.0.0.1:$PORT"
	wait_until grep -q '"event":"close","session":3' events
	[ "$(grep -c 'events are lost' server.err)" = 1 ]
	[ "$(grep -vc '}$' events)" -le 1 ]
	grep '}$' events >whole
	jq -e . whole >/dev/null
}

@test "a reader that has gone changes no status" {
	run -0 bash -c '{ "$SOCKCAT" --log-json -u text:x open:out,creat; echo $? >code; } 2> >(exit 0)'
	[ "$(cat code)" = 0 ]
	[ "$(cat out)" = x ]
}

@test "whatever is typed, a line stays one line of valid JSON" {
	need python3
	run ! sockcat --log-json=events -u $'open:no\n\\"such\\\\\033[31m\xff\xc3file' -
	python3 -c '
import json
for line in open("events", encoding="utf-8"):
    e = json.loads(line)
    assert all(c >= " " for c in line.rstrip("\n")), line'
	is 'any(.event == "error" and (.message | test("such")))'
}

@test "the socat dialect has them, and its log stays socat's" {
	run -0 --separate-stderr sockcat --dialect=socat -d -d -d --log-json=events - pipe <<<hello
	is '[.[].event] == ["start","open","open","ready","eof","eof","close","exit"]'
	[[ $stderr != *'start:'* && $stderr != *'close:'* ]]
	run -1 sockcat --dialect=socat --log-json=events2 - "tcp:127.0.0.1:$(free_port)" </dev/null
	jq -e -s '.[-1].code == 1' events2
}

# --- the text log -----------------------------------------------------------------

# shows REGEX...: the client's log has lines like these.
shows() {
	local regex

	for regex; do
		grep -Eq -e "^sockcat: ($regex)" log && continue
		echo "no line: $regex"
		cat log
		return 1
	done
}

@test "at -d -d -d the log shows every event" {
	listen far tcp-listen:0,bind=127.0.0.1,fork pipe
	local target=$PORT
	proxy http
	run -0 --separate-stderr sockcat -d -d -d - \
		"proxy:localhost:localhost:$target,proxyport=$PORT" <<<hello
	printf '%s\n' "$stderr" >log
	shows 'start: - \| proxy:' 'session 1: open: stdio in ' 'ready: ' \
		'session 1: resolve: localhost in [0-9.]+ [mu]?s' \
		"session 1: connect: tcp \\(127.0.0.1:$PORT\\) in " 'session 1: proxy: connect ' \
		'socket 1 .* is at EOF' \
		'session 1: close: eof after .*, 6 bytes left to right, 6 right to left' \
		'exiting with status 0'
}

@test "at -d -d -d the log shows a server's events" {
	start server "$SOCKCAT" -d -d -d tcp-listen:0,bind=127.0.0.1,fork "tcp:127.0.0.1:$(free_port)"
	wait_for server 'ready: tcp-listen'
	PORT=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' server.err)
	say hello "tcp:127.0.0.1:$PORT" || :
	wait_for server 'session 1: close'
	stop server
	cp server.err log
	shows 'listening on' 'accepting connection from' 'error: .*refused' \
		'session 1: close: connect after' 'drain: 0 sessions may finish' 'exiting with status 143'
}

@test "at -d -d -d the log shows TLS handshakes" {
	need_tls
	need openssl
	echo_server far
	run -0 --separate-stderr sockcat -d -d -d - "tls:localhost:$PORT,cafile=$C/ca.crt" <<<hello
	printf '%s\n' "$stderr" >log
	shows "session 1: tls: tls \\(127.0.0.1:$PORT\\) in "
}

# --- names ------------------------------------------------------------------------

# The names of all fields are an interface: here they are pinned, with one run or
# another that shows each of them.
fields="address blocks bytes code detail duration event host input input_at input_len layer
	level local local_host local_port message mono path peer peer_host peer_port phase pid
	protocol reason session sessions side time tries version worker worker_pid"
of_sides="address blocks bytes connect local local_host local_port open peer peer_host
	peer_port protocol proxy resolve retransmits rtt rttvar tls"

expected_fields() {
	local name side

	for name in $fields; do
		[ "$name" = blocks ] || echo "$name"
	done
	for name in $of_sides; do
		for side in left right; do
			echo "${side}_$name"
		done
	done
}

@test "the names of all fields are these" {
	need_tls
	need openssl
	[ -e /proc/self ] || skip "only where the system tells of TCP"
	echo_server far fork
	local target=$PORT
	proxy http
	run -0 sockcat --log-json=a "tls+connect+tcp:localhost:$PORT:localhost:$target,cafile=$C/ca.crt" \
		open:none,creat
	run -0 sockcat --log-json=a open:none \
		"tls+connect+tcp:localhost:$PORT:localhost:$target,cafile=$C/ca.crt"
	run -7 sockcat --log-json=a - "tcp:127.0.0.1:$(free_port),retry=1,interval=0.01" </dev/null
	run -2 sockcat --log-json=a - nonsense:1
	run -0 sockcat --log-json=a tcp-listen:0,fork,accept-timeout=0.02 pipe
	run -0 sockcat --log-json=a -T 0.05 pty stall
	serve --workers=1 tcp-listen:0,bind=127.0.0.1,fork pipe
	stop server
	cat events >>a
	run -0 --separate-stderr sockcat --log-json -d -d text: -
	printf '%s\n' "$stderr" >>a
	jq -r 'keys[]' a | sort -u >seen
	expected_fields | sort -u >wanted
	diff wanted seen
}

@test "each event has a test that provokes it" {
	sed -n '/names\[EVENTS\]/,/};/p' "$SOURCE_DIR/src/base/event.c" | grep -o '"[a-z]*"' | tr -d '"' >names
	[ "$(wc -l <names)" -ge 13 ]
	local name
	while IFS= read -r name; do
		grep -Eq "event == \"$name\"|told $name( |\$)|\"$name\",?.*\]'" "$BATS_TEST_FILENAME" && continue
		echo "no test for: $name"
		return 1
	done <names
}

@test "the manual names every event and every field" {
	local name manual=$SOURCE_DIR/man/sockcat.1

	sed -n '/^.Sh EVENTS/,/^.Sh ENV/s/^\.\(It \)*Cm //p' "$manual" | tr -s ' ,.;:' '\n' >known
	for name in start listen ready accept resolve connect open proxy tls eof error close \
			worker drain exit log $fields $of_sides; do
		grep -qx "$name" known && continue
		echo "not in the manual: $name"
		return 1
	done
}
