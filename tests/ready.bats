# Readiness: told once, when all that listens can be reached, with the real addresses.

load lib.bash
load peers.bash

port_in() { python3 -c "import json, sys; print(json.load(open(sys.argv[1]))['listen'][0]['port'])" "$1"; }
ready_file() { wait_until test -s "$1"; }

# heard SOCKET: everything that comes to a datagram socket, a line each, in heard.out
hear() {
	need python3
	start heard python3 -c "
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
s.bind('\0' + name[1:] if name[0] == '@' else name)
print('bound', flush=True)
while True:
    print(s.recv(4096).decode().strip(), flush=True)" "$1"
	wait_out heard bound
}

@test "the ready file has the port that the system chose" {
	need python3
	start server "$SOCKCAT" --ready-file=ready tcp4-listen:0,fork pipe
	ready_file ready
	run -0 sockcat - "tcp:127.0.0.1:$(port_in ready)" <<<hello
	[ "$output" = hello ]
}

@test "the line is one object of JSON with the fields the manual tells" {
	need python3
	start server "$SOCKCAT" --ready-file=ready tcp4-listen:0,bind=127.0.0.1,fork pipe
	ready_file ready
	[ "$(wc -l <ready)" = 1 ]
	run -0 python3 -c "
import json
r = json.load(open('ready'))
l = r['listen'][0]
print(sorted(r), r['ready'], r['pid'])
print(sorted(l), l['address'], l['type'], l['local'] == '127.0.0.1:%d' % l['port'])"
	[ "${lines[0]}" = "['listen', 'pid', 'ready'] True $(cat server.pid)" ]
	[ "${lines[1]}" = "['address', 'local', 'port', 'type'] tcp4-listen:0,bind=127.0.0.1,fork tcp4-listen True" ]
}

@test "--ready-format=port is the port and nothing else" {
	start server "$SOCKCAT" --ready-format=port --ready-file=port tcp4-listen:0,fork pipe
	ready_file port
	[[ "$(cat port)" =~ ^[0-9]+$ ]]
	run -0 sockcat - "tcp:127.0.0.1:$(cat port)" <<<hello
	[ "$output" = hello ]
}

@test "--ready-fd is written to and closed, so that a reader may wait for its end" {
	mkfifo ready
	start server sh -c 'exec "$SOCKCAT" --ready-format=port --ready-fd=7 tcp4-listen:0,fork pipe 7>ready'
	port=$(cat ready)
	run -0 sockcat - "tcp:127.0.0.1:$port" <<<hello
	[ "$output" = hello ]
}

@test "programs do not inherit --ready-fd" {
	"$SOCKCAT" --ready-fd=7 -u 'system:if [ -e /proc/self/fd/7 ]; then echo open; else echo closed; fi' - >out 7>ready
	[ "$(cat out)" = closed ]
}

@test "without fork it is told while the client is still waited for" {
	start server "$SOCKCAT" --ready-format=port --ready-file=port tcp4-listen:0 pipe
	ready_file port
	run -0 sockcat - "tcp:127.0.0.1:$(cat port)" <<<hello
	[ "$output" = hello ]
	finish server
	[ "$status" = 0 ]
}

@test "a terminal's name is in the line" {
	need python3
	start server "$SOCKCAT" --ready-file=ready pty,wait-slave pipe
	ready_file ready
	path=$(python3 -c "import json; print(json.load(open('ready'))['listen'][0]['path'])")
	[ -c "$path" ]
}

@test "UNIX and UDP listeners are told, too" {
	start one "$SOCKCAT" --ready-format=port --ready-file=one.ready "unix-listen:$PWD/socket,fork" pipe
	start two "$SOCKCAT" --ready-format=port --ready-file=two.ready udp4-listen:0,fork pipe
	ready_file one.ready
	ready_file two.ready
	[ "$(cat one.ready)" = "$PWD/socket" ]
	run -0 sockcat -t 5 - "udp4:127.0.0.1:$(cat two.ready),readbytes=6" <<<hello
	[ "$output" = hello ]
}

@test "where nothing listens it is told once both sides are open" {
	run -0 "$SOCKCAT" --ready-fd=7 - exec:cat <<<hello 7>ready
	[ "$output" = hello ]
	grep -Fx '{"ready":true,"pid":'"$(sed 's/.*"pid":\([0-9]*\).*/\1/' ready)"',"listen":[]}' ready
}

@test "nothing is told of a run that fails before" {
	start taken "$SOCKCAT" "unix-listen:$PWD/socket,fork" pipe
	wait_until test -S socket
	run -45 sockcat --ready-file=ready "unix-listen:$PWD/socket,fork" pipe
	[ ! -e ready ]
}

@test "an old ready file is gone before anything is opened, and ours goes with us" {
	echo old >ready
	run -2 sockcat --ready-file=ready tcp4-listen:0,no-such-option pipe
	[ ! -e ready ] || [ "$(cat ready)" = old ]
	start server "$SOCKCAT" --ready-file=ready tcp4-listen:0,fork pipe
	wait_until grep -qs '"ready":true' ready
	stop server
	finish server
	[ ! -e ready ]
}

@test "wrong values are refused with the mend" {
	run -2 sockcat --ready-fd=x pipe pipe
	[[ "$output" == *'wants the number of a descriptor that is open for writing'* ]]
	run -2 sockcat --ready-fd=77 pipe pipe
	[[ "$output" == *'--ready-fd=77: that descriptor is not open (in a shell, 77>FILE opens it)'* ]]
	run -2 "$SOCKCAT" --ready-fd=7 pipe pipe 7</dev/null
	[[ "$output" == *'open for reading only'* ]]
	for flag in --ready-file=- --log-json=- "--hexdump --dump-file=-"; do
		# shellcheck disable=SC2086 # words
		run -2 sockcat $flag pipe pipe
		[[ "$output" == *'wants a file; standard output is not meant here'* ]]
		[ ! -e - ]
	done
	run -2 sockcat --ready-format=xml pipe pipe
	[[ "$output" == *'--ready-format is json or port'* ]]
	run -2 sockcat --ready-format=port pipe pipe
	[[ "$output" == *'is for --ready-file or --ready-fd, neither of which is given'* ]]
}

@test "a ready file that cannot be made is refused before anything opens" {
	run -23 sockcat --ready-file=/nonexistent/ready "unix-listen:$PWD/socket,fork" pipe
	[[ "$output" == *'--ready-file=/nonexistent/ready: cannot make it: no such file'* ]]
	[ ! -e socket ]
}

@test "a run that fails before it is ready leaves nothing beside the ready file" {
	run -6 sockcat --ready-file=ready tcp4-listen:0,bind=no.such.name.invalid,fork pipe
	[ -z "$(ls ready* 2>/dev/null)" ]
}

# --- the service manager ----------------------------------------------------------

@test "the service manager hears when we are ready and when we stop" {
	hear "$PWD/manager"
	start server env NOTIFY_SOCKET="$PWD/manager" "$SOCKCAT" tcp4-listen:0,fork pipe
	wait_out heard READY=1
	stop server
	wait_out heard STOPPING=1
	[ "$(grep -c READY=1 heard.out)" = 1 ]
}

@test "an abstract NOTIFY_SOCKET does as well" {
	hear "@sockcat-test-$$"
	start server env NOTIFY_SOCKET="@sockcat-test-$$" "$SOCKCAT" tcp4-listen:0,fork pipe
	wait_out heard READY=1
}

@test "signs of life come if the manager asks for them" {
	hear "$PWD/manager"
	start server env NOTIFY_SOCKET="$PWD/manager" WATCHDOG_USEC=20000 \
		"$SOCKCAT" tcp4-listen:0,fork pipe
	wait_out heard WATCHDOG=1
}

@test "signs of life that are asked of another process are not ours" {
	hear "$PWD/manager"
	start server env NOTIFY_SOCKET="$PWD/manager" WATCHDOG_USEC=1000 WATCHDOG_PID=1 \
		"$SOCKCAT" --exit-idle=100ms tcp4-listen:0,fork pipe
	finish server
	wait_out heard STOPPING=1
	run ! grep WATCHDOG heard.out
}

@test "programs do not speak to the service manager for us" {
	hear "$PWD/manager"
	run -0 env NOTIFY_SOCKET="$PWD/manager" WATCHDOG_USEC=1000000 \
		"$SOCKCAT" -u 'system:echo x$NOTIFY_SOCKET$WATCHDOG_USEC-' -
	[ "$output" = x- ]
}
