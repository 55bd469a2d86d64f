# TCP: dialling by name and number, listening on one family or both, who may come in.

load lib.bash
load peers.bash

@test "tcp carries bytes both ways and ends when both directions have ended" {
	listen server tcp-listen:0 pipe
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<hello
	[ "$output" = hello ]
	finish server
	[ "$status" = 0 ]
}

@test "an answer that comes long after the end of the question arrives whole" {
	peer server "
c, _ = listener.accept()
question = read_all(c)
c.sendall(b'x' * 100000 + question)"
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<question
	[ "${#output}" = 100008 ]
}

@test "tcp4 and tcp6 stay with their family" {
	need_ip6
	listen four tcp4-listen:0,fork pipe
	run -7 sockcat - "tcp6:[::1]:$PORT" </dev/null
	[[ $output == *"connection refused"* ]]
	listen six tcp6-listen:0,fork pipe
	run -7 sockcat - "tcp4:127.0.0.1:$PORT" </dev/null
	run -0 sockcat - "tcp6:[::1]:$PORT" <<<six
	[ "$output" = six ]
}

@test "a listener without a family serves IPv4 and IPv6" {
	need_ip6
	listen both tcp-listen:0,fork pipe
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<four
	[ "$output" = four ]
	run -0 sockcat - "tcp:[::1]:$PORT" <<<six
	[ "$output" = six ]
	grep -q 'IPv4 and IPv6: listening on \[::\]:[0-9]*$' both.err
}

@test "-4 and -6 choose for addresses that leave it open" {
	need_ip6
	listen four -4 tcp-listen:0,fork pipe
	grep -q 'listening on 0.0.0.0:' four.err
	listen six -6 tcp-listen:0,fork pipe
	grep -q 'listening on \[::\]:' six.err
	run ! grep -q IPv4 four.err
	run -7 sockcat -4 - "tcp:localhost:$(free_port)" </dev/null
}

@test "a listener that was told IPv6 takes no IPv4" {
	local six
	need_ip6
	for six in '-6 tcp-listen:0' 'tcp6-listen:0' 'tcp-listen:0,pf=ip6'; do
		# shellcheck disable=SC2086 # two words
		listen six $six,fork pipe
		run ! grep -q 'IPv4 and' six.err
		run -0 sockcat - "tcp:[::1]:$PORT" <<<six
		run -7 sockcat - "tcp:127.0.0.1:$PORT" </dev/null
		stop six
	done
	listen both -6 tcp-listen:0,fork,ipv6only=0 pipe
	grep -q 'IPv4 and IPv6: listening' both.err
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<four
	[ "$output" = four ]
	listen socat --dialect=socat -6 tcp-listen:0 pipe
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<four
}

@test "ipv6only leaves IPv4 to others" {
	need_ip6
	listen six tcp6-listen:0,fork,ipv6only=1 pipe
	run -7 sockcat - "tcp:127.0.0.1:$PORT" </dev/null
}

@test "localhost is reached though only one of its addresses answers" {
	listen four tcp4-listen:0,fork,bind=127.0.0.1 pipe
	run -0 sockcat - "tcp:localhost:$PORT" <<<found
	[ "$output" = found ]
}

# A listener whose backlog is full lets further calls ring; PORT is where.
never_answers() {
	need python3
	start mute python3 -c "
import socket, threading
s = socket.socket(); s.bind(('$1', 0)); s.listen(0)
calls = []
for _ in range(4):
    c = socket.socket(); c.setblocking(False); c.connect_ex(s.getsockname()); calls.append(c)
print('port', s.getsockname()[1], flush=True)
threading.Event().wait()"
	wait_out mute '^port'
	PORT=$(sed -n 's/^port //p' mute.out)
}

@test "an address that never answers does not hold up the next one" {
	need_root
	need unshare
	unshare --mount true || skip "no mount namespaces here"
	never_answers 127.0.0.1
	start good "$SOCKCAT" -d -d "tcp4-listen:$PORT,bind=127.0.0.2" pipe
	wait_for good 'listening on'
	printf '127.0.0.2 twofold\n127.0.0.1 twofold\n' >hosts
	run -0 unshare --mount sh -c 'mount --bind hosts /etc/hosts || exit 77
echo raced | "$SOCKCAT" -d -d - "tcp4:twofold:$1"' x "$PORT"
	[[ $output == *"connection to 127.0.0.1:"*"connection to 127.0.0.2:"*raced* ]]
}

@test "bind= and sourceport= name this end of a connection" {
	local port
	port=$(free_port)
	listen server tcp4-listen:0 pipe
	run -0 sockcat - "tcp4:127.0.0.1:$PORT,bind=127.0.0.2,sourceport=$port,reuseaddr" <<<x
	wait_for server "accepting connection from 127.0.0.2:$port"
	finish server
	listen server tcp4-listen:0 pipe
	run -0 sockcat - "tcp4:127.0.0.1:$PORT,bind=127.0.0.3:0" <<<x
	wait_for server "accepting connection from 127.0.0.3:"
}

@test "bind= of a listener is where it can be reached, and nowhere else" {
	listen server tcp-listen:0,fork,bind=127.0.0.2 pipe
	grep -q 'listening on 127.0.0.2:' server.err
	run -0 sockcat - "tcp:127.0.0.2:$PORT" <<<x
	run -7 sockcat - "tcp:127.0.0.1:$PORT" </dev/null
}

@test "bind= with a name that nobody knows is refused before anything opens" {
	run -6 sockcat tcp-listen:0,bind=nohost.invalid -
	[[ $output == *"bind=nohost.invalid"* ]]
}

@test "range= admits its own and turns others away" {
	listen server tcp4-listen:0,fork,range=127.0.0.2/32 pipe
	run -0 sockcat - "tcp:127.0.0.1:$PORT,bind=127.0.0.2" <<<in
	[ "$output" = in ]
	run sockcat - "tcp:127.0.0.1:$PORT" </dev/null
	[ -z "$output" ] || [[ $output == *reset* ]]
	wait_for server 'refusing connection from 127.0.0.1:'
}

@test "range= of IPv4 fits clients of a listener for both families" {
	listen server tcp-listen:0,fork,range=127.0.0.0/8 pipe
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<in
	[ "$output" = in ]
}

@test "sourceport= of a listener checks where clients come from" {
	local port
	port=$(free_port)
	listen server "tcp4-listen:0,fork,sourceport=$port" pipe
	run -0 sockcat - "tcp:127.0.0.1:$PORT,sourceport=$port" <<<in
	[ "$output" = in ]
	run sockcat - "tcp:127.0.0.1:$PORT" </dev/null
	wait_for server 'refusing connection .*sourceport'
}

@test "a service may be given by its name" {
	getent services tcpmux >/dev/null || skip "this system lists no services"
	run -7 sockcat - tcp:127.0.0.1:tcpmux </dev/null
	[[ $output == *"127.0.0.1:1:"* ]]
	run -6 sockcat - tcp:127.0.0.1:nosuchservice </dev/null
	[[ $output == *nosuchservice* ]]
	run -6 sockcat tcp-listen:nosuchservice -
	[[ $output == *"give a port number"* ]]
}

@test "connect-timeout= ends the waiting with 28" {
	never_answers 127.0.0.1
	run -28 sockcat - "tcp:127.0.0.1:$PORT,connect-timeout=0.1" </dev/null
	[[ $output == *"time limit"* ]]
}

@test "connect-timeout= limits each try of retry=" {
	never_answers 127.0.0.1
	run -28 sockcat -d -d -d - "tcp:127.0.0.1:$PORT,connect-timeout=0.1,retry=2,interval=0.01" \
		</dev/null
	[ "$(grep -c 'opening connection' <<<"$output")" = 3 ]
}

@test "retry= and interval= dial again; what comes up late is reached" {
	local port
	port=$(free_port)
	start client "$SOCKCAT" -d -d "tcp:127.0.0.1:$port,retry=100,interval=0.05" pipe
	wait_for client 'connection refused'
	start server "$SOCKCAT" -u text:late "tcp4-listen:$port,reuseaddr"
	finish client
	[ "$status" = 0 ]
}

@test "retry= gives up after so many tries, forever does not" {
	run -7 sockcat - "tcp:127.0.0.1:$(free_port),retry=2,interval=0.02" </dev/null
	local port
	port=$(free_port)
	start client "$SOCKCAT" -d -d -d "tcp:127.0.0.1:$port,forever,interval=0.01" pipe
	wait_until eval '[ "$(grep -c "connection refused" client.err)" -ge 6 ]'
	start server "$SOCKCAT" -u text:late "tcp4-listen:$port,reuseaddr"
	finish client
	[ "$status" = 0 ]
}

@test "accept-timeout= ends a listener that nobody calls" {
	run -28 sockcat tcp-listen:0,accept-timeout=0.05 pipe
	run -0 sockcat tcp-listen:0,fork,accept-timeout=0.05 pipe
}

@test "a port in use is refused with 45 and says so" {
	listen server tcp-listen:0,fork pipe
	run -45 sockcat "tcp-listen:$PORT" pipe
	[[ $output == *"address already in use"* ]]
}

@test "a reset while reading is 56, and what came before is kept" {
	peer server "
c, _ = listener.accept()
c.sendall(b'some')
c.recv(100)
reset(c)"
	start_in client <(echo go; sleep 5) "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	finish client
	[ "$status" = 56 ]
	[ "$(cat client.out)" = some ]
	grep -q 'connection reset' client.err
}

@test "writing to a peer that reset is 55 or 56, never a signal" {
	peer server "
c, _ = listener.accept()
c.recv(1)
reset(c)"
	run sockcat -u /dev/zero "tcp:127.0.0.1:$PORT"
	[ "$status" = 55 ] || [ "$status" = 56 ]
}

@test "accept-fd serves a listening descriptor it was given" {
	need python3
	start server python3 -c "
import socket, os
s = socket.create_server(('127.0.0.1', 0))
print('port', s.getsockname()[1], flush=True)
os.dup2(s.fileno(), 7)
os.set_inheritable(7, True)
os.execv(os.environ['SOCKCAT'], ['sockcat', 'accept-fd:7,fork', 'pipe'])"
	wait_out server '^port'
	PORT=$(sed -n 's/^port //p' server.out)
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<handed
	[ "$output" = handed ]
	run -45 sockcat accept-fd:77 -
}

@test "accept-fd refuses a descriptor that does not listen" {
	need python3
	for kind in SOCK_DGRAM SOCK_STREAM; do
		run -45 timeout -s KILL 10 python3 -c "
import socket, os
s = socket.socket(socket.AF_INET, socket.$kind)
s.bind(('127.0.0.1', 0))
os.dup2(s.fileno(), 7)
os.execv(os.environ['SOCKCAT'], ['sockcat', 'accept-fd:7', 'pipe'])"
		[[ $output == *"no socket that listens"* ]]
	done
}

@test "the 5-tuple of a session stands in the log" {
	listen server tcp4-listen:0 pipe
	run -0 sockcat -d -d -d - "tcp:127.0.0.1:$PORT" <<<x
	[[ $output =~ "tcp 127.0.0.1:"[0-9]+" → 127.0.0.1:$PORT" ]]
}

@test "ai-v4mapped finds IPv4 hosts for IPv6 sockets" {
	need_ip6
	listen server tcp-listen:0,fork pipe
	run -6 sockcat - "tcp:127.0.0.1:$PORT,pf=ip6" <<<mapped
	run -0 sockcat - "tcp:127.0.0.1:$PORT,pf=ip6,ai-v4mapped" <<<mapped
	[ "$output" = mapped ]
	run -0 sockcat - "tcp:localhost:$PORT,ai-addrconfig,ai-all,ai-passive=0" <<<found
	[ "$output" = found ]
}

@test "a listener works where there is no IPv6" {
	need_root
	need ip sysctl
	run unshare --net sh -c '
ip link set lo up
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1 || exit 77
"$SOCKCAT" -d -d tcp-listen:7777,fork pipe 2>err & pid=$!
until grep -q listening err || ! kill -0 $pid; do sleep 0.02; done
echo here | "$SOCKCAT" - tcp:localhost:7777; code=$?
kill $pid; wait $pid; exit $code'
	[ "$status" != 77 ] && [[ $output != *unshare:* ]] || skip "no network namespaces here"
	[ "$status" = 0 ]
	[[ $output == *here* ]]
}

@test "a connection that is reset before we look is a reset, and what came is not lost" {
	need python3 strace
	start server python3 -c "
import socket, struct
s = socket.create_server(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept()
    c.sendall(b'came')
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    c.close()"
	wait_out server '[0-9]'
	strace -o trace true 2>/dev/null || skip "tracing is not allowed here"
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 SOCKCAT_LOOP=poll
	local to way status
	to=tcp:127.0.0.1:$(cat server.out)
	for way in "- $to" "$to -" "-u $to -"; do
		# shellcheck disable=SC2086 # words
		strace -qq -o trace -e trace=poll -e inject=poll:delay_enter=200000 \
			"$SOCKCAT" $way </dev/null >out 2>err || status=$?
		[ "$status" = 56 ]
		[ "$(cat out)" = came ]
		grep 'reset by the peer' err
	done
	run -55 strace -qq -o trace -e trace=poll -e inject=poll:delay_enter=200000 \
		"$SOCKCAT" -u - "$to" <<<question
}
