# --workers: several processes serve one address.

load lib.bash
load tls.bash
load peers.bash

setup_file() {
	export C=$BATS_FILE_TMPDIR
	! has_tls || certificates
}

pid_of() { cat "$1.pid"; }

# worker NAME N: the process that is worker N now
worker() { sed -n "s/.*worker $2 is process \([0-9]*\)$/\1/p" "$1.err" | tail -n 1; }

is_new() { [ "$(worker "$1" "$2")" != "$3" ]; }
lines_are() { [ "$(grep -c "$1" "$2")" = "$3" ]; }

# serve NAME ARG...: until all of its workers serve; sets PORT
serve() {
	local name=$1
	shift
	listen "$name" -d "$@"
	wait_for "$name" 'ready: '
}

# killed NAME N: worker N is, and another is there
killed() {
	local old
	old=$(worker "$1" "$2")
	kill -KILL "$old"
	wait_until is_new "$1" "$2" "$old"
}

# asked PORT: one connection, what it says
asked() { timeout 20 "$SOCKCAT" -u "tcp:127.0.0.1:$1" -; }

# all_have_answered NAME N: until each of the N workers has served somebody who asked it
# for its process
all_have_answered() {
	local i

	asked "$PORT" >>answers
	for ((i = 1; i <= $2; i++)); do
		grep -qx "$(worker "$1" "$i")" answers || return 1
	done
}

who='system:echo \$PPID'

# --- sharing ------------------------------------------------------------------------

@test "connections go to all workers, at a port that the system chose" {
	serve server --workers=3 tcp4-listen:0,bind=127.0.0.1,fork "$who"
	wait_until all_have_answered server 3
	[ "$(sort -u answers | wc -l)" = 3 ]
	lines_are 'listening on' server.err 1
}

@test "sessions of all workers are counted as one row" {
	listen server --log-json=events --workers=2 tcp4-listen:0,bind=127.0.0.1,fork "$who"
	for _ in 1 2 3 4 5 6 7 8; do
		asked "$PORT" >>answers
	done
	wait_until lines_are '"event":"close"' events 8
	[ "$(grep '"event":"close"' events | grep -o '"session":[0-9]*' | sort -u | wc -l)" = 8 ]
	grep -q '"session":1,' events
	grep -q '"session":8,' events
}

@test "one socket for both families is shared, too" {
	need_ip6
	serve server --workers=2 tcp-listen:0,fork "$who"
	wait_until all_have_answered server 2
	run -0 sockcat -u "tcp:[::1]:$PORT" -
	grep -qx "$output" answers
}

@test "without a number there is one on each processor that may be used" {
	need nproc
	[ "$(uname)" = Linux ] || skip "nproc may count otherwise"
	serve server --workers tcp4-listen:0,bind=127.0.0.1,fork pipe
	lines_are 'is process' server.err "$(nproc)"
	need taskset
	start one taskset -c "$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')" \
		"$SOCKCAT" -ddd --workers=auto tcp4-listen:0,bind=127.0.0.1,fork pipe
	wait_for one 'ready: '
	lines_are 'is process' one.err 1
}

@test "another run does not get in between" {
	serve server --workers=2 tcp4-listen:0,bind=127.0.0.1,fork pipe
	run -45 timeout 20 "$SOCKCAT" --workers=2 "tcp4-listen:$PORT,bind=127.0.0.1,fork" pipe
	[[ "$output" == *"address already in use"* ]]
	run -45 timeout 20 "$SOCKCAT" "tcp4-listen:$PORT,bind=127.0.0.1" pipe
	serve udp --workers=2 udp4-listen:0,bind=127.0.0.1,fork pipe
	run -45 timeout 20 "$SOCKCAT" --workers=2 "udp4-listen:$PORT,bind=127.0.0.1,fork" pipe
}

@test "a UNIX socket is shared, and stays when a worker dies" {
	start server "$SOCKCAT" -ddd --workers=2 unix-listen:sock,fork "$who"
	wait_for server 'ready: '
	killed server 1
	killed server 2
	[ -S sock ]
	asked() { timeout 20 "$SOCKCAT" -u unix:sock -; }
	wait_until all_have_answered server 2
	stop server
	[ ! -e sock ]
}

@test "a socket that was handed over is shared" {
	need python3
	start server python3 -c "
import os, socket
s = socket.create_server(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
os.dup2(s.fileno(), 7)
os.execv(os.environ['SOCKCAT'], ['sockcat', '-ddd', '--workers=2', 'accept-fd:7,fork', 'system:echo \$PPID'])"
	wait_for server 'ready: '
	PORT=$(head -n 1 server.out)
	wait_until all_have_answered server 2
}

@test "each worker has its own socket, its channel, and nothing of the others" {
	[ -d /proc/self/fd ] || skip "no /proc here"
	descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }
	serve alone tcp4-listen:0,bind=127.0.0.1,fork pipe
	serve server --workers=4 tcp4-listen:0,bind=127.0.0.1,fork pipe
	killed server 2
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<hello
	for i in 1 2 3 4; do
		wait_until eval '[ "$(descriptors "$(worker server '$i')")" = "$(($(descriptors "$(pid_of alone)") + 1))" ]'
	done
}

@test "workers have as many descriptors as may be had, their programs the old limit" {
	hard=$(ulimit -Hn)
	[ "$hard" = unlimited ] || [ "$hard" -gt 64 ] || skip "hard limit too low"
	[ -r /proc/self/limits ] || skip "no /proc here"
	ulimit -Sn 64
	serve server --workers=1 tcp4-listen:0,bind=127.0.0.1,fork 'system:ulimit -Sn'
	killed server 1
	[ "$(asked "$PORT")" = 64 ]
	awk '/open files/ { exit $4 != $5 }' "/proc/$(worker server 1)/limits"
}

@test "max-children= is for all workers together" {
	need python3
	serve server --workers=2 tcp4-listen:0,bind=127.0.0.1,fork,max-children=3 pipe
	run -0 python3 - "$PORT" <<'PY'
import select, socket, sys
crowd = [socket.create_connection(('127.0.0.1', int(sys.argv[1]))) for _ in range(40)]
for c in crowd:
    c.sendall(b'x')
served = set()
while len(served) < 3:
    served.update(select.select([c for c in crowd if c not in served], [], [], 10)[0])
for c in served:
    assert c.recv(1) == b'x'
more = select.select([c for c in crowd if c not in served], [], [], 0.1)[0]
print(len(served) + len(more))
for c in crowd:
    c.shutdown(socket.SHUT_WR)
for c in [c for c in crowd if c not in served]:
    c.settimeout(10)
    assert c.recv(1) == b'x'
    c.close()
PY
	[ "$output" = 3 ]
}

# --- datagrams ----------------------------------------------------------------------

@test "the datagrams of a peer stay with one worker, and all are answered" {
	need python3 jq
	serve server --log-json=events --workers=2 udp4-listen:0,bind=127.0.0.1,fork pipe
	run -0 python3 - "$PORT" <<'PY'
import socket, sys
peers = []
for i in range(40):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(('127.0.0.1', int(sys.argv[1])))
    s.settimeout(10)
    peers.append(s)
for turn in range(5):
    for i, s in enumerate(peers):
        s.send(b'%d %d' % (i, turn))
    for i, s in enumerate(peers):
        assert s.recv(100) == b'%d %d' % (i, turn)
PY
	[ "$(jq -r 'select(.event == "accept").peer' events | sort -u | wc -l)" = 40 ]
	[ "$(jq -r 'select(.event == "accept").peer' events | wc -l)" = 40 ]
	[ "$(jq -r 'select(.event == "accept").pid' events | sort -u | wc -l)" = 2 ]
}

@test "a UNIX socket for datagrams is shared" {
	need python3
	start server "$SOCKCAT" -ddd --workers=2 unix-recvfrom:sock,fork pipe
	wait_for server 'ready: '
	run -0 python3 -c "
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('mine')
s.connect('sock')
s.settimeout(10)
for i in range(20):
    s.send(b'%d' % i)
    assert s.recv(100) == b'%d' % i"
}

# --- the death of a worker ----------------------------------------------------------

@test "a worker that dies is told of and replaced, and who waited at its socket is served" {
	need python3
	[ -r /proc/self/stat ] || skip "no /proc here"
	serve server --workers=2 --log-json=events tcp4-listen:0,bind=127.0.0.1,fork pipe
	old=$(worker server 1)
	run -0 python3 - "$PORT" "$old" <<'PY'
import os, signal, socket, sys, time
port, pid = int(sys.argv[1]), int(sys.argv[2])
os.kill(pid, signal.SIGSTOP)
while open('/proc/%d/stat' % pid).read().rsplit(')', 1)[1].split()[0] != 'T':
    time.sleep(0.01)
crowd = [socket.create_connection(('127.0.0.1', port)) for _ in range(30)]
os.kill(pid, signal.SIGKILL)
for i, c in enumerate(crowd):
    c.settimeout(10)
    c.sendall(b'%d' % i)
    c.shutdown(socket.SHUT_WR)
for i, c in enumerate(crowd):
    assert c.recv(10) == b'%d' % i
    assert c.recv(10) == b''
PY
	wait_for server "^sockcat: warning: worker 1 \(process $old\) was killed by signal 9 \(Killed\); another takes its place (at once|in [0-9.]+ ms)$"
	wait_until is_new server 1 "$old"
	grep -q '"event":"worker","worker":1,"worker_pid":'"$old"',"reason":"started"}' events
	grep -q '"event":"worker","worker":1,"worker_pid":'"$old"',"reason":"killed","code":137}' events
	wait_until lines_are '"reason":"started"' events 3
}

@test "one that dies again and again is replaced with growing pauses" {
	serve server --workers=1 tcp4-listen:0,bind=127.0.0.1,fork "$who"
	killed_again() {
		kill -KILL "$(worker server 1)" 2>/dev/null
		grep -Eq 'another takes its place in [0-9.]+ m?s$' server.err
	}
	wait_until killed_again
	[[ "$(asked "$PORT")" =~ ^[0-9]+$ ]]
}

@test "one that is asked to end lets its sessions finish, and is replaced" {
	serve server --workers=1 tcp4-listen:0,bind=127.0.0.1,fork pipe
	mkfifo hold
	start_in client hold "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 5>hold
	echo one >&5
	wait_out client one
	old=$(worker server 1)
	kill -TERM "$old"
	wait_for server 'drain: 1 sessions may finish'
	echo two >&5
	wait_out client two
	exec 5>&-
	finish client
	[ "$status" = 0 ]
	wait_for server "worker 1 \(process $old\) has ended with status 0; another takes its place"
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<hello
	[ "$output" = hello ]
}

@test "what a signal of the terminal says to all is heard once" {
	serve server --workers=2 tcp4-listen:0,bind=127.0.0.1,fork pipe
	mkfifo hold
	start_in client hold "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 5>hold
	echo one >&5
	wait_out client one
	kill -INT -- "-$(pid_of server)"
	wait_for server '1 sessions may finish; another signal ends them'
	echo two >&5
	wait_out client two
	exec 5>&-
	finish client
	[ "$status" = 0 ]
	finish server
	[ "$status" = 130 ]
	! grep 'takes its place' server.err || false
}

@test "without their parent the workers let their sessions finish and end" {
	serve server --workers=2 tcp4-listen:0,bind=127.0.0.1,fork pipe
	mkfifo hold
	start_in client hold "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 5>hold
	echo one >&5
	wait_out client one
	kill -KILL "$(pid_of server)"
	some_have_ended() { ended "$(worker server 1)" || ended "$(worker server 2)"; }
	all_have_ended() { ended "$(worker server 1)" && ended "$(worker server 2)"; }
	wait_until some_have_ended
	wait_for server 'warning: worker 1: its parent is gone'
	wait_for server 'warning: worker 2: its parent is gone'
	echo two >&5
	wait_out client two
	exec 5>&-
	finish client
	[ "$status" = 0 ]
	wait_until all_have_ended
	! port_answers "$PORT" || false
}

@test "a worker that cannot start at first is the end of all" {
	start server bash -c 'ulimit -n 11; exec "$SOCKCAT" --workers=4 tcp4-listen:0,bind=127.0.0.1,fork pipe'
	finish server
	[ "$status" -gt 0 ] && [ "$status" -lt 126 ]
	grep 'sockcat: error: ' server.err
}

# --- signals to the parent ----------------------------------------------------------

@test "told to end, it lets the sessions of all workers finish and takes nobody new" {
	serve server --log-json=events --workers=2 tcp4-listen:0,bind=127.0.0.1,fork pipe
	for i in 5 6 7 8 9; do
		mkfifo hold$i
		start_in client$i hold$i "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	done
	exec 5>hold5 6>hold6 7>hold7 8>hold8 9>hold9
	for i in 5 6 7 8 9; do
		echo one >&"$i"
		wait_out client$i one
	done
	kill -TERM "$(pid_of server)"
	gone() { ! port_answers "$PORT"; }
	wait_until gone
	for i in 5 6 7 8 9; do
		echo two >&"$i"
		wait_out client$i two
	done
	exec 5>&- 6>&- 7>&- 8>&- 9>&-
	for i in 5 6 7 8 9; do
		finish client$i
		[ "$status" = 0 ]
	done
	finish server
	[ "$status" = 143 ]
	! grep 'takes its place' server.err || false
	lines_are 'exiting with status 143' server.err 1
	lines_are '"event":"exit"' events 1
}

@test "the second signal ends all" {
	serve server --workers=2 tcp4-listen:0,bind=127.0.0.1,fork pipe
	mkfifo hold
	start_in client hold "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 5>hold
	echo one >&5
	wait_out client one
	kill -TERM "$(pid_of server)"
	wait_for server '1 sessions may finish'
	kill -TERM "$(pid_of server)"
	finish server
	[ "$status" = 143 ]
	exec 5>&-
	finish client
}

@test "statistics are those of all workers, the dead ones included" {
	serve server --statistics --workers=2 tcp4-listen:0,bind=127.0.0.1,fork pipe
	for _ in 1 2 3 4 5 6 7 8; do
		run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<123456789
	done
	wait_until lines_are ': close: ' server.err 8
	kill -USR1 "$(pid_of server)"
	wait_for server 'left to right +80 +8 +8 +-$'
	wait_for server 'sessions +8$'
	killed server 1
	killed server 2
	for _ in 1 2 3 4; do
		run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<123456789
	done
	mkfifo hold
	start_in client hold "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 5>hold
	echo one >&5
	wait_out client one
	wait_until lines_are ': close: ' server.err 12
	kill -USR1 "$(pid_of server)"
	wait_for server 'left to right +124 +13 +13 +-$'
	wait_for server 'sessions +13, 1 of them open$'
	exec 5>&-
	finish client
	stop server
	tail -n 7 server.err | grep -Eq 'left to right +124 +13 +13 +-$'
	tail -n 7 server.err | grep -Eq 'sessions +13$'
	[ "$(grep -c ': statistics ' server.err)" = 3 ]
}

@test "a worker that does not answer does not keep the others' numbers back" {
	serve server --workers=2 tcp4-listen:0,bind=127.0.0.1,fork "$who"
	wait_until all_have_answered server 2
	stuck=$(worker server 1)
	kill -STOP "$stuck"
	kill -USR1 "$(pid_of server)"
	wait_for server 'statistics  '
	kill -CONT "$stuck"
}

@test "SIGHUP makes all workers read their files again, and later ones find the new" {
	need_tls
	cp "$C/server.pem" mine.pem
	serve server --workers=2 tls-listen:0,bind=127.0.0.1,fork,cert=mine.pem "$who"
	shown() {
		openssl s_client -connect "127.0.0.1:$PORT" </dev/null 2>/dev/null |
			openssl x509 -noout -subject
	}
	all_show() {
		local i
		for ((i = 0; i < 8; i++)); do
			[[ "$(shown)" == *"$1"* ]] || return 1
		done
	}
	all_show server.example
	cp "$C/other.pem" mine.pem
	kill -HUP "$(pid_of server)"
	wait_for server 'its files are read again'
	wait_until all_show other.example
	killed server 1
	killed server 2
	all_show other.example
	lines_are '^sockcat: tls-listen.*: its files are read again' server.err 1
	echo nonsense >mine.pem
	kill -HUP "$(pid_of server)"
	wait_for server 'what was read before stays in use'
	all_show other.example
}

@test "SIGHUP ends who has no files to read again" {
	serve server --workers=2 tcp4-listen:0,bind=127.0.0.1,fork pipe
	kill -HUP "$(pid_of server)"
	finish server
	[ "$status" = 129 ]
}

@test "the socat dialect ends at once" {
	start s "$SOCKCAT" --dialect=socat -d -d --workers=2 tcp4-listen:0,bind=127.0.0.1,fork stall
	wait_for s 'worker 2 is process'
	stop s
	[ "$status" = 143 ]
}

# --- TLS ----------------------------------------------------------------------------

@test "a session of TLS is resumed by whichever worker comes next" {
	need_tls
	serve server --workers=3 "tls-listen:0,bind=127.0.0.1,fork,cert=$C/server.pem" "$who"
	asked() {
		timeout 20 openssl s_client -connect "127.0.0.1:$PORT" "${how[@]}" \
			-CAfile "$C/ca.crt" -sess_out session -ign_eof </dev/null >answer 2>&1
		grep -E '^(New|Reused), ' answer >>ways
		grep -Ex '[0-9]+' answer
	}
	for version in -tls1_2 -tls1_3; do
		how=("$version")
		rm -f answers ways
		asked >/dev/null
		grep -q '^New, ' ways
		rm -f ways
		how+=(-sess_in session)
		wait_until all_have_answered server 3
		! grep -v '^Reused, ' ways || false
	done
}

@test "so it is after SIGHUP, but not with a ticket for another certificate" {
	need_tls
	cp "$C/server.pem" mine.pem
	serve server --workers=3 "tls-listen:0,bind=127.0.0.1,fork,cert=mine.pem" "$who"
	asked() {
		timeout 20 openssl s_client -connect "127.0.0.1:$PORT" "${how[@]}" \
			-sess_out session -ign_eof </dev/null >answer 2>&1
		grep -E '^(New|Reused), ' answer >>ways
		grep -Ex '[0-9]+' answer
	}
	hup() {
		kill -HUP "$(pid_of server)"
		wait_until lines_are 'its files are read again' server.err "$((4 * $1))"
	}
	asked >/dev/null
	hup 1
	how=(-sess_in session)
	rm -f ways answers
	wait_until all_have_answered server 3
	! grep -v '^Reused, ' ways || false
	cp "$C/other.pem" mine.pem
	hup 2
	rm -f ways answers
	asked >/dev/null
	grep '^New, ' ways
	rm -f ways
	wait_until all_have_answered server 3
	! grep -v '^Reused, ' ways || false
}

# --- what others are told -----------------------------------------------------------

@test "readiness is told once, by the parent, when all workers serve" {
	need jq
	start server "$SOCKCAT" -d -d --ready-file=ready --log-json=events --workers=3 \
		tcp4-listen:0,bind=127.0.0.1,fork pipe
	wait_path ready
	[ "$(jq .pid ready)" = "$(pid_of server)" ]
	[ "$(jq '.listen | length' ready)" = 1 ]
	[ "$(jq -s 'map(select(.event == "ready")) | length' events)" = 1 ]
	[ "$(jq -s 'map(select(.event == "listen")) | length' events)" = 1 ]
	[ "$(jq -s 'map(.event) | index("ready") > rindex("worker")' events)" = true ]
	killed server 1
	[ -e ready ]
	stop server
	[ ! -e ready ]
}

@test "the service manager hears of the parent alone" {
	need python3
	start manager python3 -c "
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('notify')
print('bound', flush=True)
while True:
    print(s.recv(100).decode(), end='', flush=True)"
	wait_out manager bound
	export NOTIFY_SOCKET=notify
	serve server --workers=2 tcp4-listen:0,bind=127.0.0.1,fork 'system:echo \$NOTIFY_SOCKET'
	unset NOTIFY_SOCKET
	wait_out manager READY=1
	[ "$(asked "$PORT")" = "" ]
	killed server 1
	stop server
	wait_out manager STOPPING=1
	lines_are READY=1 manager.out 1
	lines_are STOPPING=1 manager.out 1
}

@test "a lock is held until all have ended" {
	start server "$SOCKCAT" -ddd -L lock --workers=2 tcp4-listen:0,bind=127.0.0.1,fork pipe
	wait_for server 'ready: '
	[ "$(cat lock)" = "$(pid_of server)" ]
	kill -TERM "$(worker server 1)"
	wait_for server 'has ended with status 0'
	[ -e lock ]
	stop server
	[ ! -e lock ]
}

@test "the lines of all workers are whole" {
	need jq
	[ -x "$BUILD_DIR/tests/swarm" ] || skip "tests/swarm is not built"
	listen server -lf log --log-json=events --workers=2 tcp4-listen:0,bind=127.0.0.1,fork pipe ||
		wait_text log 'listening on'
	PORT=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' log)
	run -0 timeout 60 "$BUILD_DIR/tests/swarm" "tcp:127.0.0.1:$PORT" 200 3000
	wait_until lines_are '"event":"close"' events 200
	stop server
	jq -e . events >/dev/null
	! grep -Ev '^[0-9/]{10} [0-9:]{8} sockcat: ' log || false
}

@test "a worker is whom the listener makes of it, and so is the next" {
	need_root
	[ "$(id -u nobody 2>/dev/null)" = 65534 ] || skip "nobody is not 65534 here"
	[ -r /proc/self/status ] || skip "no /proc here"
	serve server --workers=2 tcp4-listen:0,bind=127.0.0.1,fork,su=nobody "$who"
	killed server 2
	for i in 1 2; do
		grep -Eq '^Uid:\s+65534\s+65534\s+65534' "/proc/$(worker server $i)/status"
	done
	wait_until all_have_answered server 2
}

@test "a place that cannot be had fails as it does alone" {
	run -45 timeout 20 "$SOCKCAT" --workers=2 tcp4-listen:0,bind=192.0.2.1,fork pipe
	[[ "$output" == *"cannot bind to 192.0.2.1:0"* ]]
	start server "$SOCKCAT" -ddd --workers=2 tcp4-listen:0,bind=192.0.2.1,fork,forever,interval=60 pipe
	wait_for server 'cannot bind'
	stop server
	[ "$status" = 143 ]
}

# --- what does not go with it -------------------------------------------------------

@test "the number is 1 to 1024, or left out, or auto" {
	for wrong in 0 -1 1025 many 2x '' 99999999999999999999; do
		run -2 sockcat --workers="$wrong" tcp-listen:0,fork pipe
		[[ "$output" == *"--workers=NUMBER, 1 to 1024"* ]]
	done
}

@test "it is for servers" {
	for wrong in "tcp-listen:0 pipe" "- tcp:127.0.0.1:1" "- udp-recv:0"; do
		# shellcheck disable=SC2086 # two words
		run -2 sockcat --workers=2 $wrong
		[[ "$output" == *"an address that waits for clients, with fork"* ]]
	done
	run -2 sockcat --probe --workers=2 tcp:127.0.0.1:1
	[[ "$output" == *"--workers is for a server"* ]]
}

@test "what is one for a whole server is refused before anything opens" {
	for wrong in --record=file --capture=file --progress --exit-idle=5; do
		run -2 sockcat --workers=2 "$wrong" tcp-listen:0,fork pipe
		[[ "$output" == *"${wrong%%=*} and --workers exclude each other: "* ]]
		[ ! -e file ]
	done
	for wrong in accept-timeout=5 ip-add-membership=224.1.1.1:lo; do
		run -2 sockcat --workers=2 "tcp4-listen:0,fork,$wrong" pipe
		[[ "$output" == *"${wrong%%=*} does not go with --workers: "* ]]
	done
	for wrong in sighup sigint sigquit; do
		run -2 sockcat --workers=2 tcp4-listen:0,fork "exec:cat,$wrong"
		[[ "$output" == *"$wrong does not go with --workers: "* ]]
	done
	run -2 sockcat --workers=3 tcp4-listen:0,fork,max-children=2 pipe
	[[ "$output" == *"would leave some of the 3 without any: --workers=2"* ]]
	run -2 sockcat --explain --workers=2 --progress tcp-listen:0,fork pipe
}

@test "--explain tells where the sessions will be" {
	run -0 sockcat --explain --workers=2 tcp-listen:0,fork pipe
	[[ "$output" == *"a session of its own begins, in one of the workers."* ]]
}
