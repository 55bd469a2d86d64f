# UNIX sockets: streams and seqpackets, names in the file system and abstract ones.

load lib.bash

@test "unix-connect and unix-listen carry bytes both ways" {
	listen server unix-listen:s pipe
	run -0 sockcat - unix-connect:s <<<hello
	[ "$output" = hello ]
	finish server
	[ "$status" = 0 ]
}

@test "the socket file is gone when the listener ends, however it ends" {
	listen server unix-listen:s,fork pipe
	[ -S s ]
	stop server
	[ ! -e s ]
	listen server unix-listen:s pipe
	kill -INT "$(cat server.pid)"
	finish server
	[ "$status" = 130 ]
	[ ! -e s ]
}

@test "unlink-close=0 leaves the socket file" {
	listen server unix-listen:s,fork,unlink-close=0 pipe
	stop server
	[ -S s ]
}

@test "a stale socket file is replaced" {
	listen server unix-listen:s,fork pipe
	kill -KILL "$(cat server.pid)"
	finish server
	[ -S s ]
	listen server unix-listen:s,fork pipe
	run -0 sockcat - unix-connect:s <<<alive
	[ "$output" = alive ]
}

@test "a socket that somebody serves is not replaced, not even with unlink-early" {
	listen server unix-listen:s,fork pipe
	run -45 sockcat unix-listen:s pipe
	[[ $output == *"somebody is serving"* ]]
	run -45 sockcat unix-listen:s,unlink-early pipe
	run -0 sockcat - unix-connect:s <<<alive
	[ "$output" = alive ]
}

@test "one that waits for a single client does not take the question for it" {
	listen server unix-listen:s pipe
	run -45 sockcat unix-listen:s pipe
	run -0 sockcat - unix-connect:s <<<"still there"
	[ "$output" = "still there" ]
	finish server
	[ "$status" = 0 ]
}

@test "what somebody else has put in the socket file's place stays there" {
	listen server unix-listen:s,fork pipe
	listen named unix-listen:t,fork pipe
	start client "$SOCKCAT" -d -d stall unix-connect:t,bind=c
	wait_for client 'starting data transfer'
	rm s c
	echo precious >s
	echo precious >c
	stop server
	stop client
	[ "$(cat s)" = precious ]
	[ "$(cat c)" = precious ]
}

@test "a socket file that cannot get its owner is not left behind" {
	local owner=root unable=()

	if [ "$(id -u)" = 0 ]; then
		need setpriv
		owner=nobody
		unable=(setpriv --bounding-set=-chown --inh-caps=-chown)
	fi
	run "${unable[@]}" "$SOCKCAT" "unix-listen:s,user=$owner" pipe
	[ "$status" -ne 0 ]
	[[ $output == *"user=$owner"* ]]
	[ ! -e s ]
}

@test "a file that is no socket is kept, unless unlink-early says otherwise" {
	echo precious >s
	run -45 sockcat unix-listen:s pipe
	[[ $output == *"unlink-early"* ]]
	[ "$(cat s)" = precious ]
	listen server unix-listen:s,fork,unlink-early pipe
	[ -S s ]
}

@test "mode= is the socket's mode from its first instant" {
	listen server unix-listen:s,fork,mode=600 pipe
	[ "$(stat -c %a s)" = 600 ]
	listen other unix-listen:o,fork,umask=027 pipe
	[ "$(stat -c %a o)" = 750 ]
	need strace
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run -28 strace -f -e trace=bind,chmod,fchmod,fchmodat,umask -o trace \
		"$SOCKCAT" -d -d unix-listen:t,mode=640,accept-timeout=0.01 pipe
	grep -B1 'bind(.*"t"' trace | grep -q 'umask(0137)'
}

@test "user= and group= own the socket before anybody can connect" {
	need_root
	listen server unix-listen:s,fork,user=nobody,mode=660 pipe
	[ "$(stat -c '%U %a' s)" = "nobody 660" ]
}

@test "abstract names need no file" {
	local name=sockcat-test-$$-$RANDOM
	listen server "abstract-listen:$name,fork" pipe
	run -0 sockcat - "abstract-connect:$name" <<<hidden
	[ "$output" = hidden ]
	run -0 sockcat - "abstract:$name" <<<client
	[ "$output" = client ]
	run -0 sockcat - "unix-connect:@$name" <<<at
	[ "$output" = at ]
	[ -z "$(ls ./*"$name"* 2>/dev/null)" ]
}

@test "socktype=seqpacket keeps message boundaries" {
	need python3
	listen server unix-listen:s,socktype=seqpacket pipe
	run -0 python3 -c "
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect('s')
s.send(b'one'); print(s.recv(100).decode())
s.send(b'three'); print(s.recv(100).decode())"
	[ "$output" = $'one\nthree' ]
}

@test "an empty message right before the end costs nothing that follows it" {
	need python3
	run -0 python3 -c "
import socket, subprocess, os
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
for message in b'', b'one', b'', b'two':
    a.send(message)
a.close()
subprocess.run([os.environ['SOCKCAT'], '-u', 'fd:%d' % b.fileno(), '-'],
               pass_fds=[b.fileno()], check=True)"
	[ "$output" = onetwo ]
}

@test "a path that is too long is refused before anything opens" {
	run -2 sockcat - "unix-connect:$(printf 'x%.0s' {1..200})"
	[[ $output == *longer* ]]
}

@test "nobody there: no file is told from no listener" {
	run -7 sockcat - unix-connect:nothing </dev/null
	[[ $output == *"no such file"* ]]
	listen server unix-listen:s,fork pipe
	kill -KILL "$(cat server.pid)"
	finish server
	run -7 sockcat - unix-connect:s </dev/null
	[[ $output == *refused* ]]
}

@test "fifty clients at once are all served" {
	local i
	listen server unix-listen:s,fork pipe
	for i in {1..50}; do
		start "c$i" "$SOCKCAT" "text:client $i" unix-connect:s
	done
	for i in {1..50}; do
		finish "c$i"
		[ "$status" = 0 ]
		[ "$(cat "c$i.out")" = "client $i" ]
	done
}

@test "bind= gives the client a name, and takes it away again" {
	listen server unix-listen:s,fork pipe
	run -0 sockcat - unix-connect:s,bind=mine <<<x
	[ "$output" = x ]
	[ ! -e mine ]
}

@test "chdir= makes and removes the socket in another directory" {
	mkdir -p deep
	listen server unix-listen:s,fork,chdir=deep pipe
	[ -S deep/s ]
	stop server
	[ ! -e deep/s ]
}
