# A listener with fork: sessions without number in one process.

load lib.bash
load peers.bash

pid_of() { cat "$1.pid"; }
descriptors() { find "/proc/$(pid_of "$1")/fd" -mindepth 1 | wc -l; }

@test "sessions run side by side and do not wait for each other" {
	listen server tcp-listen:0,fork pipe
	mkfifo hold
	start_in slow hold "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 5>hold
	echo first >&5
	wait_out slow first
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<second
	[ "$output" = second ]
	exec 5>&-
	finish slow
	[ "$status" = 0 ]
}

@test "a client whose target refuses is reset, not given an empty answer" {
	need python3
	listen server tcp-listen:0,fork "tcp:127.0.0.1:$(free_port)"
	run -0 python3 -c "
import socket
s = socket.create_connection(('127.0.0.1', $PORT))
try:
    print('end', s.recv(1))
except ConnectionResetError:
    print('reset')"
	[ "$output" = reset ]
	grep -Eq 'connection refused .*\[tcp 127\.0\.0\.1:[0-9]+ → 127\.0\.0\.1:'"$PORT"'\]$' server.err
}

@test "a session that fails leaves the others and the listener alone" {
	listen server tcp-listen:0,fork pipe
	need python3
	python3 -c "
import socket, struct
s = socket.create_connection(('127.0.0.1', $PORT))
s.sendall(b'x')
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
s.close()"
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<alive
	[ "$output" = alive ]
}

@test "max-children= makes the next one wait until a session ends" {
	listen server tcp-listen:0,fork,max-children=1 pipe
	mkfifo hold
	start_in one hold "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 5>hold
	echo one >&5
	wait_out one one
	start_in two <(echo two) "$SOCKCAT" -d -d - "tcp:127.0.0.1:$PORT"
	wait_for two 'starting data transfer'
	exec 5>&-
	finish one
	finish two
	[ "$(cat two.out)" = two ]
	# the second was let in behind the first one's end
	grep -E 'accepting|at EOF' server.err | sed -n 2p | grep -q 'at EOF'
}

@test "out of descriptors it pauses, says so, and recovers" {
	need prlimit python3
	listen server tcp4-listen:0,fork pipe
	prlimit --pid "$(pid_of server)" --nofile=32:32
	run -0 python3 - "$PORT" <<'PY'
import socket, sys
port = int(sys.argv[1])
crowd = [socket.create_connection(('127.0.0.1', port)) for _ in range(60)]
crowd[0].sendall(b'x')
assert crowd[0].recv(1) == b'x'
for c in crowd[:59]:
    c.close()
late = crowd[59]
late.settimeout(10)
late.sendall(b'late')
assert late.recv(4) == b'late'
print('recovered')
PY
	[ "$output" = recovered ]
	wait_for server 'out of descriptors'
	[ "$(grep -c 'out of descriptors' server.err)" -le 5 ]
}

# The kernel's answers under strace: while nothing happens there are ten tries a
# second, so the eighth in vain cannot come sooner than seven pauses of 100 ms after
# the wait before the first; and the waits in between have no other cause.
@test "out of descriptors it does not spin" {
	need strace python3
	cat >traced <<'SH'
#!/bin/sh
ulimit -n 24
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 SOCKCAT_LOOP=poll \
	exec strace -f -qq -ttt -T -e trace=poll,ppoll,accept,accept4 -o trace sockcat "$@"
SH
	chmod +x traced
	ln -s "$SOCKCAT" sockcat
	PATH=$PWD:$PATH SOCKCAT=./traced listen server tcp4-listen:0,fork stall
	mkfifo hold
	start_in crowd hold python3 -c "
import socket, sys
crowd = [socket.create_connection(('127.0.0.1', $PORT)) for _ in range(40)]
sys.stdin.read()"
	exec 5>hold
	wait_until eval '[ "$(grep -c EMFILE trace)" -ge 8 ]'
	exec 5>&-
	kill -TERM -- "-$(pid_of server)"
	wait_for server 'may finish'
	awk '
		{ took = $NF; gsub(/[<>]/, "", took) }
		/poll\(/ { waits++; woken = $2 + took }
		/EMFILE/ && ++tries == 1 { since = woken; waits = 0 }
		/EMFILE/ && tries == 8 {
			printf "%d waits in %.3f s\n", waits, $2 - since
			exit $2 - since < 0.69 || waits > 21
		}' trace
}

@test "a listener shares standard output among its sessions" {
	listen server tcp-listen:0,fork -
	run -0 sockcat -u text:one, "tcp:127.0.0.1:$PORT"
	wait_out server one
	run -0 sockcat -u text:two "tcp:127.0.0.1:$PORT"
	wait_out server two
}

@test "standard input at its end does not stop a listener" {
	listen server tcp-listen:0,fork,reuseaddr open:in.log,creat,append
	run -0 sockcat -u text:a "tcp:127.0.0.1:$PORT"
	run -0 sockcat -u text:b "tcp:127.0.0.1:$PORT"
	wait_until eval '[ "$(cat in.log)" = ab ]'
}

@test "TERM closes the listener at once and lets sessions finish" {
	listen server tcp-listen:0,fork pipe
	mkfifo hold
	start_in client hold "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 5>hold
	echo before >&5
	wait_out client before
	kill -TERM "$(pid_of server)"
	wait_for server 'may finish'
	run -7 sockcat - "tcp:127.0.0.1:$PORT" </dev/null
	echo after >&5
	wait_out client after
	exec 5>&-
	finish client
	[ "$status" = 0 ]
	finish server
	[ "$status" = 143 ]
}

@test "a second TERM ends the sessions too" {
	listen server tcp-listen:0,fork pipe
	mkfifo hold
	start_in client hold "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 5>hold
	echo x >&5
	wait_out client x
	kill -TERM "$(pid_of server)"
	wait_for server 'may finish'
	kill -TERM "$(pid_of server)"
	finish server
	[ "$status" = 143 ]
	exec 5>&-
}

@test "fork may stand on the second address" {
	listen server -u text:served tcp-listen:0,fork
	run -0 sockcat -u "tcp:127.0.0.1:$PORT" -
	[ "$output" = served ]
	run -0 sockcat -u "tcp:127.0.0.1:$PORT" -
	[ "$output" = served ]
}

@test "fork on both addresses is refused" {
	run -2 sockcat tcp-listen:0,fork tcp-listen:0,fork
	[[ $output == *"only one"* ]]
}

@test "fork where nobody calls is refused with the mend" {
	run -2 sockcat tcp:127.0.0.1:1,fork -
	[[ $output == *retry=* ]]
}

@test "a crowd leaves no descriptor and no memory behind" {
	[ -x "$BUILD_DIR/tests/swarm" ] || skip "tests/swarm is not built"
	listen target tcp4-listen:0,fork pipe
	listen server tcp4-listen:0,fork "tcp4:127.0.0.1:$PORT"
	local before after
	run -0 "$BUILD_DIR/tests/swarm" "tcp:127.0.0.1:$PORT" 500 20000
	wait_until eval '[ "$(descriptors server)" -le 12 ]'
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$(pid_of server)/status")
	run -0 "$BUILD_DIR/tests/swarm" "tcp:127.0.0.1:$PORT" 500 20000
	wait_until eval '[ "$(descriptors server)" -le 12 ]'
	after=$(awk '/VmRSS/ { print $2 }' "/proc/$(pid_of server)/status")
	echo "$before KiB, then $after KiB"
	# the sanitizers keep what was freed, to catch its use
	! grep -q __asan_init "$SOCKCAT" || skip "memory can't be judged with sanitizers"
	[ "$after" -le $((before + 2048)) ]
}

@test "SIGUSR1 tells the counters of all sessions" {
	listen server tcp-listen:0,fork pipe
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<12345
	kill -USR1 "$(pid_of server)"
	wait_for server 'left to right +6 '
}

@test "a client that breaks off while its target is retried takes its session along" {
	need python3
	listen server tcp4-listen:0,fork "tcp:127.0.0.1:$(free_port),forever,interval=0.05"
	local before
	before=$(descriptors server)
	python3 -c "
import socket, struct
for _ in range(5):
    s = socket.create_connection(('127.0.0.1', $PORT))
    s.sendall(b'x')
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()"
	wait_until eval '[ "$(grep -c "accepting connection" server.err)" = 5 ]'
	wait_until eval '[ "$(descriptors server)" -le $((before + 3)) ]'
}

@test "children-shutup lowers the level of failures of sessions" {
	listen loud tcp4-listen:0,fork tcp:127.0.0.1:1
	"$SOCKCAT" -u tcp:127.0.0.1:"$PORT" - || :
	wait_for loud 'error: .*refused'
	listen less tcp4-listen:0,fork,children-shutup tcp:127.0.0.1:1
	"$SOCKCAT" -u tcp:127.0.0.1:"$PORT" - || :
	wait_for less 'warning: .*refused'
	listen quiet tcp4-listen:0,fork,children-shutup=2 tcp:127.0.0.1:1
	"$SOCKCAT" -u tcp:127.0.0.1:"$PORT" - || :
	wait_for quiet 'sockcat: [^:]*tcp:127.0.0.1:1.*refused|sockcat: cannot connect'
	run ! grep -E 'error|warning' quiet.err
}

@test "accept-timeout counts again after a pause for max-children" {
	need python3
	# the client knocks before anybody counts
	start server python3 -c "
import os, socket
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen()
c = socket.create_connection(s.getsockname())
if os.fork() == 0:
    s.close()
    c.sendall(b'x')
    assert c.recv(1) == b'x'
    os._exit(0)
c.close()
os.dup2(s.fileno(), 7)
os.execv(os.environ['SOCKCAT'], ['sockcat', '-d', '-d',
    'accept-fd:7,fork,max-children=1,accept-timeout=0.3', 'pipe'])"
	finish server
	[ "$status" = 0 ]
	wait_for server 'accepting connection'
}
