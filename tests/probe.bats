# --probe, --count, --wait: what is open, how long it took, and why not.

load lib.bash
load peers.bash
load tls.bash

setup_file() {
	# shellcheck source=tests/tls.bash
	load tls.bash
	if command -v openssl >/dev/null; then certificates; fi
}

setup() {
	lib_setup
	CERTS=$BATS_FILE_TMPDIR
}

MS='[0-9]+\.[0-9]{3}ms'

# probed STATUS ARGS...: standard output is $output, standard error in err.
probed() {
	local want=$1
	shift
	status=0
	output=$("$SOCKCAT" "$@" 2>err </dev/null) || status=$?
	cat err
	echo "$output"
	[ "$status" -eq "$want" ]
}

# says REGEX: all of the output.
says() { [[ $output =~ ^$1$ ]]; }

# fails STATUS REGEX ARGS...: nothing but one line on standard error, which says this.
fails() {
	local want=$1 regex=$2
	shift 2
	probed "$want" "$@" || return 1
	[ -z "$output" ] && [ "$(wc -l <err)" -eq 1 ] && grep -Eq -e "$regex" err
}

# refused REGEX ARGS...: a wrong command line.
refused() {
	local regex=$1
	shift
	probed 2 "$@" || return 1
	[ -z "$output" ] && grep -Eq -e "$regex" err
}

# --- one ------------------------------------------------------------------------

@test "a port where somebody listens is open, and each phase has its time" {
	listen server tcp4-listen:0,fork,bind=127.0.0.1 pipe
	probed 0 --probe "tcp:127.0.0.1:$PORT"
	says "tcp:127\.0\.0\.1:$PORT open connect=$MS total=$MS"
	[ ! -s err ]
	probed 0 --probe "tcp4:localhost:$PORT"
	says "tcp4:localhost:$PORT open resolve=$MS connect=$MS total=$MS"
}

@test "a probe is no error for the server that it meets" {
	listen server tcp4-listen:0,fork,bind=127.0.0.1 pipe
	probed 0 --probe "tcp:127.0.0.1:$PORT"
	wait_for server 'socket 1 .* is at EOF'
	stop server
	run ! grep -E 'error|warning' server.err
}

@test "each cause of failure has its line and its exit code" {
	fails 7 'connection refused \(nothing listens there\)' --probe tcp:127.0.0.1:1
	fails 6 'cannot resolve "no such host"' --probe 'tcp:no such host:1'
	fails 23 'no such file' --probe unix-connect:nobody || [ "$status" -eq 7 ]
}

@test "a server that says nothing in its handshake is given up in time" {
	need_tls
	listen server -u tcp4-listen:0,fork,bind=127.0.0.1 /dev/null
	fails 28 'the tls handshake did not end in time' \
		--probe "tls:127.0.0.1:$PORT,handshake-timeout=50ms"
	fails 28 'did not end in time|within the time limit' \
		--probe "tls:127.0.0.1:$PORT,connect-timeout=200ms"
}

@test "a connection that is never made is given up in time" {
	[ "$(uname)" = Linux ] || skip "what a full backlog does differs elsewhere"
	peer full "
listener.listen(0)
held = []
for i in range(8):
    c = socket.socket()
    c.setblocking(False)
    c.connect_ex(listener.getsockname())
    held.append(c)
print('full', flush=True)
sys.stdin.read()
import signal
signal.pause()"
	wait_out full '^full'
	fails 28 'no connection within the time limit \(host down' \
		--probe "tcp:127.0.0.1:$PORT,connect-timeout=200ms"
	fails 28 'no connection within the time limit' --wait=300ms "tcp:127.0.0.1:$PORT"
}

@test "a UNIX socket is probed like a port" {
	start server "$SOCKCAT" unix-listen:here,fork pipe
	wait_path here
	probed 0 --probe unix:here
	says "unix:here open connect=$MS total=$MS"
}

@test "a program is probed, too" {
	probed 0 --probe=banner system:'echo hello; cat'
	says "system:.* open open=$MS first=$MS total=$MS \"hello\""
	probed 0 --probe=banner --count=3 exec:'echo hello'
	fails 127 'not found|no such' --probe exec:./nosuchprogram
}

# --- through what stands between ------------------------------------------------

@test "TLS is opened, checked and timed" {
	need_tls
	need openssl
	listen server "tls-listen:0,fork,bind=127.0.0.1,cert=$CERTS/server.pem,verify=0" pipe
	probed 0 --probe "tls:localhost:$PORT,cafile=$CERTS/ca.crt"
	says "tls:localhost:$PORT,.* open resolve=$MS connect=$MS tls=$MS total=$MS"
	fails 60 'certificate' --probe "tls:localhost:$PORT,cafile=$CERTS/stranger.crt"
	stop server
	grep 'socket 1 .* is at EOF' server.err
}

@test "proxies are opened, asked and timed, TLS behind them as well" {
	need_tls
	need openssl
	listen server "tls-listen:0,fork,bind=127.0.0.1,cert=$CERTS/server.pem,verify=0" pipe
	target=$PORT
	listen socks tcp4-listen:0,fork,bind=127.0.0.1 socks-server,allow=127.0.0.1
	probed 0 --probe "socks5+tcp:127.0.0.1:$PORT:127.0.0.1:$target"
	says "socks5.* open connect=$MS proxy=$MS total=$MS"
	probed 0 --probe "tls+socks5+tcp:127.0.0.1:$PORT:127.0.0.1:$target,cafile=$CERTS/ca.crt"
	says "tls.* open connect=$MS proxy=$MS tls=$MS total=$MS"
	fails 97 'refused' --probe "socks5+tcp:127.0.0.1:$PORT:127.0.0.1:1"
	listen http tcp4-listen:0,fork,bind=127.0.0.1 connect-server,allow=127.0.0.1
	probed 0 --probe "connect+tcp:127.0.0.1:$PORT:127.0.0.1:$target"
	says "connect.* open connect=$MS proxy=$MS total=$MS"
}

# --- what comes first -----------------------------------------------------------

@test "--probe=banner waits for the first byte and shows the first line" {
	peer server "
while True:
    c, _ = listener.accept()
    c.sendall(b'220 \x1b[1mhello\r\nmore')
    read_all(c)
    c.close()"
	probed 0 --probe=banner "tcp:127.0.0.1:$PORT"
	says "tcp:.* open connect=$MS first=$MS total=$MS \"220 .x1b\[1mhello\""
}

@test "without a first byte a probe for it fails, by its cause" {
	listen silent -u tcp4-listen:0,fork,bind=127.0.0.1 /dev/null
	fails 28 'it is open, but no byte came' --probe=banner "tcp:127.0.0.1:$PORT,connect-timeout=50ms"
	peer closing "
while True:
    listener.accept()[0].close()"
	fails 18 'closed before its first byte' --probe=banner "tcp:127.0.0.1:$PORT"
	peer resetting "
while True:
    reset(listener.accept()[0])"
	probed 56 --probe=banner "tcp:127.0.0.1:$PORT" || [ "$status" -eq 7 ]
}

# --- UDP ------------------------------------------------------------------------

@test "UDP: open, closed and no answer are three things" {
	listen answers udp4-recvfrom:0,fork,bind=127.0.0.1 text:hello
	probed 0 --probe "udp:127.0.0.1:$PORT"
	says "udp:127\.0\.0\.1:$PORT open connect=$MS first=$MS total=$MS"
	probed 0 --probe=banner "udp:127.0.0.1:$PORT"
	says "udp:.* first=$MS total=$MS \"hello\""
	stop answers
	fails 7 ': closed \(the host says' --probe "udp:127.0.0.1:$PORT"
	need python3
	start silent python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
print('port', s.getsockname()[1], flush=True)
while True:
    s.recv(1)"
	wait_out silent '^port '
	PORT=$(sed -n 's/^port //p' silent.out)
	fails 28 'no answer \(open and silent, or a firewall' \
		--probe "udp:127.0.0.1:$PORT,connect-timeout=100ms"
}

@test "DTLS answers for the UDP below it" {
	need_tls
	need openssl
	listen server "dtls-listen:0,fork,bind=127.0.0.1,cert=$CERTS/server.pem,verify=0" pipe
	probed 0 --probe "dtls:127.0.0.1:$PORT,cafile=$CERTS/ca.crt"
	says "dtls:.* open connect=$MS tls=$MS total=$MS"
}

# --- many -----------------------------------------------------------------------

@test "of a range the open ports are told, in their order" {
	start servers python3 -c "
import socket
for first in range(20000, 60000, 7):
    held = []
    try:
        for i in (0, 2, 3):
            held.append(socket.create_server(('127.0.0.1', first + i)))
        socket.create_server(('127.0.0.1', first + 1)).close()
        socket.create_server(('127.0.0.1', first + 4)).close()
        break
    except OSError:
        for s in held:
            s.close()
print('first', first, flush=True)
while True:
    held[0].accept()[0].close()"
	need python3
	wait_out servers '^first '
	first=$(sed -n 's/^first //p' servers.out)
	probed 0 -d -d --probe "tcp:127.0.0.1:$first-$((first + 4)),connect-timeout=5"
	[ "$(cut -d ' ' -f 1 <<<"$output")" = \
		"$(printf 'tcp:127.0.0.1:%s,connect-timeout=5\n' "$first" $((first + 2)) $((first + 3)))" ]
	[ "$(grep -c 'connection refused' err)" -eq 2 ]
	probed 0 --probe "tcp:127.0.0.1:$first-$first"
	says "tcp:127\.0\.0\.1:$first open connect=$MS total=$MS"
}

@test "a range in which none is open fails with one line" {
	fails 7 'tcp:127.0.0.1:1-5: none of these 5 ports is open; the first: .*refused' \
		--probe tcp:127.0.0.1:1-5
	fails 6 'none of these 2 ports is open; the first: cannot resolve' \
		--probe 'tcp:no such host:1-2'
	fails 7 'none of these 100 ports is open; the first: .*closed' --probe udp:127.0.0.1:1-100
}

@test "what follows the ports of a range stays" {
	probed 7 -d -d --probe ws:127.0.0.1:1-2/chat,connect-timeout=5
	grep 'sockcat: ws:127.0.0.1:1/chat,connect-timeout=5: cannot connect' err
	grep 'sockcat: ws:127.0.0.1:2/chat,connect-timeout=5: cannot connect' err
}

@test "a range is for --probe, once, and well-formed" {
	refused 'a range of ports is for --probe' tcp:127.0.0.1:1-5
	refused 'one range of ports is enough' --probe socks5+tcp:127.0.0.1:1-2:127.0.0.1:3-4
	refused '"5-1" is no port' --probe tcp:127.0.0.1:5-1
	refused '"1-65536" is no port' --probe tcp:127.0.0.1:1-65536
	refused '"1-2-3" is no port' --probe tcp:127.0.0.1:1-2-3
	refused '"0-3" is no port' --probe tcp:127.0.0.1:0-3
	refused '--count is for one port, not for a range' --probe --count=2 tcp:127.0.0.1:1-2
	refused '--wait is for one port, not for a range' --wait=1s tcp:127.0.0.1:1-2
}

@test "a wrong option of a range is shown where it was typed" {
	refused 'tcp:127.0.0.1:1-5,rety=1' --probe tcp:127.0.0.1:1-5,rety=1
	need_tls
	probed 2 --probe tls:127.0.0.1:10-12,min-version=foo
	grep -F 'tls:127.0.0.1:10-12,min-version=foo' err
	[ "$(sed -n '$s/[^^].*//p;$s/^\( *\)^.*/\1/p' err | head -n 1 | tr -d '^' | wc -c)" -gt 0 ]
}

@test "--count probes so many times and sums up" {
	listen server tcp4-listen:0,fork,bind=127.0.0.1 pipe
	probed 0 --probe --count=5 "tcp:127.0.0.1:$PORT"
	[ "$(wc -l <<<"$output")" -eq 6 ]
	[ "$(grep -c ' open ' <<<"$output")" -eq 5 ]
	grep -Eq "^tcp:127.0.0.1:$PORT count=5 failed=0 min=$MS median=$MS p99=$MS max=$MS$" \
		<<<"$output"
	probed 7 --probe --count=3 tcp:127.0.0.1:1
	[ "$output" = "tcp:127.0.0.1:1 count=3 failed=3" ]
	[ "$(wc -l <err)" -eq 3 ]
}

@test "--count with some failures has the exit code of the first" {
	peer server "
for i in range(2):
    listener.accept()[0].sendall(b'x')
c, _ = listener.accept()
c.close()
while True:
    c, _ = listener.accept()
    c.sendall(b'x')"
	probed 18 --probe=banner --count=4 "tcp:127.0.0.1:$PORT"
	grep -E "count=4 failed=1 min=$MS" <<<"$output"
}

# --- until it is there ----------------------------------------------------------

@test "--wait goes on until the server is there" {
	port=$(free_port)
	start probe "$SOCKCAT" -d -d --wait=30s "tcp:127.0.0.1:$port,interval=20ms"
	wait_for probe 'connection refused'
	listen server "tcp4-listen:$port,fork,bind=127.0.0.1,reuseaddr" pipe
	finish probe
	[ "$status" -eq 0 ]
	output=$(cat probe.out)
	says "tcp:127\.0\.0\.1:$port,interval=20ms open connect=$MS total=$MS"
}

@test "--wait ends with the last failure when the time is over" {
	fails 7 'connection refused' --wait=1s tcp:127.0.0.1:1,interval=20ms
	listen silent -u tcp4-listen:0,fork,bind=127.0.0.1 /dev/null
	fails 28 'no byte came' --wait=100ms --probe=banner "tcp:127.0.0.1:$PORT"
}

@test "--wait does not wait for what cannot get better" {
	need_tls
	fails 77 'cannot open cafile' --wait=60s tls:127.0.0.1:1,cafile=nothing || [ "$status" -eq 77 ]
}

@test "retry= is obeyed by a probe, too" {
	probed 7 -d -d --probe tcp:127.0.0.1:1,retry=2,interval=1ms
	[ "$(grep -c 'connection refused' err)" -eq 3 ]
}

# --- the command line -----------------------------------------------------------

@test "what a probe cannot do is refused with the mend" {
	refused 'tcp-listen waits for others' --probe tcp-listen:0
	refused '--probe opens one address alone' --probe tcp:127.0.0.1:1 pipe
	refused 'not for two joined by !!' --probe 'tcp:127.0.0.1:1!!pipe'
	refused 'reached by a socket or a program' --probe create:file
	[ ! -e file ]
	refused 'reached by a socket or a program' --probe -
	refused 'socks-server' --probe socks-server,allow=localhost
	refused 'give udp: or unix-connect:' --probe unix-recv:file
	refused 'give udp: or unix-connect: instead of udp-sendto' --probe udp-sendto:127.0.0.1:1
	refused '--progress has no use with --probe' --probe --progress tcp:127.0.0.1:1
	refused 'no address given' --probe
	refused '--count is for --probe' --count=3 tcp:127.0.0.1:1
	refused '--count and --wait exclude each other' --count=3 --wait=1s tcp:127.0.0.1:1
	refused 'it is --probe=banner' --probe=header tcp:127.0.0.1:1
	refused 'a number of probes' --probe --count=0 tcp:127.0.0.1:1
	refused '--wait wants a time above 0' --wait=off tcp:127.0.0.1:1
	refused '--explain tells what a relay would do' --probe --explain tcp:127.0.0.1:1
}

@test "secrets of a range are hidden in its lines" {
	listen server tcp4-listen:0,fork,bind=127.0.0.1 socks-server,allow=127.0.0.1
	proxy=$PORT
	listen target tcp4-listen:0,fork,bind=127.0.0.1 pipe
	probed 0 --probe "socks5+tcp:127.0.0.1:$proxy:127.0.0.1:$PORT-$PORT,socksuser=me,sockspass=secret"
	[[ $output == *'sockspass=****'* ]]
	[[ $output != *secret* ]]
	stop server
	probed 7 --probe "socks5+tcp:127.0.0.1:$proxy:127.0.0.1:$PORT-$PORT,socksuser=me,sockspass=secret"
	grep -F 'sockspass=****' err
	run ! grep secret err
}

@test "events are told of a probe, too" {
	listen server tcp4-listen:0,fork,bind=127.0.0.1 pipe
	probed 0 --probe --log-json=events "tcp:127.0.0.1:$PORT"
	grep '"event":"connect"' events
	probed 7 --probe --log-json=events tcp:127.0.0.1:1
	grep '"event":"error".*"code":7' events || grep '"event":"error"' events
}

@test "a line that cannot be written is a failure" {
	[ -e /dev/full ] || skip "no /dev/full here"
	listen server tcp4-listen:0,fork,bind=127.0.0.1 pipe
	run -23 bash -c '"$SOCKCAT" --probe "tcp:127.0.0.1:$0" >/dev/full' "$PORT"
}

@test "whichever allocation fails, a probe says so and leaks nothing" {
	start server "$SOCKCAT" unix-listen:here,fork pipe
	wait_path here
	quiet=0 failures=0
	for ((n = 1; quiet < 4; n++)); do
		status=0
		SOCKCAT_FAIL_ALLOC=$n "$SOCKCAT" --probe --count=2 unix:here >out 2>err || status=$?
		echo "allocation $n: status $status"
		cat err
		case $status in
		0) quiet=$((quiet + 1)) ;;
		27) quiet=0 failures=$((failures + 1)) ;;
		*) return 1 ;;
		esac
	done
	[ "$failures" -gt 5 ]
}

@test "a signal ends a probe that waits" {
	start probe "$SOCKCAT" -d -d --wait=60s tcp:127.0.0.1:1
	wait_for probe 'connection refused'
	stop probe
	[ "$status" -eq 143 ]
}
