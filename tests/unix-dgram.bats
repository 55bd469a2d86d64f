#!/usr/bin/env bats
# UNIX sockets that keep message boundaries, and clients that find out the kind.

load lib.bash

@test "unix-sendto and unix-recvfrom: a query and its answer" {
	listen server unix-recvfrom:s.sock exec:cat
	run sh -c "printf query | '$SOCKCAT' - unix-sendto:s.sock"
	[ "$status" -eq 0 ]
	[ "$output" = query ]
	finish server
	[ ! -e s.sock ]
}

@test "a client with bind= has that name, and removes it" {
	listen server unix-recvfrom:s.sock system:'echo $SOCKCAT_PEERADDR'
	run sh -c "printf query | '$SOCKCAT' - unix-sendto:s.sock,bind=c.sock"
	[ "$output" = c.sock ]
	[ ! -e c.sock ]
}

@test "bind-tempname binds a name that nobody has, and removes it" {
	listen server unix-recvfrom:s.sock system:'echo $SOCKCAT_PEERADDR'
	run sh -c "printf query | '$SOCKCAT' - unix-sendto:s.sock,bind-tempname=$PWD/tmp.XXXXXX"
	[[ "$output" == "$PWD"/tmp.?????? ]]
	[[ "$output" != *XXXXXX ]]
	[ ! -e "$output" ]
}

@test "unix-recv merges all senders and keeps boundaries" {
	need python3
	listen server -u unix-recv:s.sock exec:"tee out",pipes
	for word in one two three; do
		printf '%s\n' "$word" | sockcat -u - unix-sendto:s.sock
	done
	wait_until grep -q three out
	[ "$(wc -l <out)" -eq 3 ]
	stop server
	[ ! -e s.sock ]
}

@test "unix-recvfrom with fork: a burst of thirty, one session each" {
	need python3
	listen server unix-recvfrom:s.sock,fork exec:cat
	python3 -c '
import socket
all = []
for i in range(30):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("c%d.sock" % i)
    s.settimeout(5)
    all.append(s)
for i, s in enumerate(all):
    s.sendto(b"%d" % i, "s.sock")
for i, s in enumerate(all):
    assert s.recv(100) == b"%d" % i'
}

@test "a sender without a name cannot be answered, and that is said" {
	need python3
	listen server unix-recvfrom:s.sock exec:cat
	python3 -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", "s.sock")'
	finish server
	[ "$status" -eq 55 ]
	grep -q 'cannot answer a sender without a name' server.err
}

@test "a message of 100000 bytes passes whole" {
	listen server -u unix-recv:s.sock create:got
	random_file 100000 sent
	sockcat -b 100000 -u open:sent unix-sendto:s.sock
	wait_until cmp -s sent got
}

@test "abstract names" {
	[ "$(uname)" = Linux ] || skip "Linux only"
	name=sockcat-test-$$-$RANDOM
	start server "$SOCKCAT" -d -d abstract-recvfrom:$name,fork exec:cat
	wait_for server "listening on @$name"
	run sh -c "printf query | '$SOCKCAT' - abstract-sendto:$name"
	[ "$output" = query ]
	run sh -c "printf query | '$SOCKCAT' - abstract-client:$name"
	[ "$output" = query ]
}

@test "abstract-recv merges all senders" {
	[ "$(uname)" = Linux ] || skip "Linux only"
	name=sockcat-test-$$-$RANDOM
	start server "$SOCKCAT" -d -d -u abstract-recv:$name -
	wait_for server "listening on @$name"
	printf one | sockcat -u - abstract-sendto:$name
	printf two | sockcat -u - abstract-sendto:$name
	wait_out server two
	[ "$(cat server.out)" = onetwo ]
}

@test "the modes asked for are there from the start" {
	listen server -u unix-recv:s.sock,mode=600 -
	[ "$(stat -c %a s.sock)" = 600 ]
	stop server
	listen server2 -u unix-recv:t.sock,umask=027 -
	[ "$(stat -c %a t.sock)" = 750 ]
}

@test "what somebody else has put in the name's place stays there" {
	listen server -u unix-recv:s.sock -
	rm s.sock
	echo precious >s.sock
	stop server
	[ "$(cat s.sock)" = precious ]
}

@test "chdir= makes and removes the name in another directory" {
	mkdir deep
	listen server -u unix-recv:s.sock,chdir=deep -
	[ -S deep/s.sock ]
	stop server
	[ ! -e deep/s.sock ]
}

@test "unlink-close=0 leaves the name" {
	listen server -u unix-recv:s.sock,unlink-close=0 -
	stop server
	[ -S s.sock ]
}

@test "a stale name is replaced, a live one is not" {
	listen first -u unix-recv:s.sock,unlink-close=0 -
	run sockcat -u unix-recv:s.sock -
	[ "$status" -eq 45 ]
	[[ "$output" == *"somebody is serving s.sock"* ]]
	stop first
	[ -S s.sock ]
	listen second -u unix-recv:s.sock -
}

@test "nobody there: exit 7" {
	run sh -c "printf x | '$SOCKCAT' - unix-sendto:none.sock"
	[ "$status" -eq 7 ]
	[[ "$output" == *none.sock* ]]
}

@test "a server that comes back is found again" {
	need python3
	mkfifo in
	exec 9<>in
	listen first -u unix-recv:s.sock -
	start_in client in "$SOCKCAT" -u - unix-sendto:s.sock
	printf one >&9
	wait_out first one
	stop first
	listen second -u unix-recv:s.sock -
	printf two >&9
	wait_out second two
	exec 9>&-
}

@test "unix-client finds stream, seqpacket and datagram servers" {
	need python3
	for kind in STREAM SEQPACKET DGRAM; do
		rm -f s.sock
		start server python3 -u -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + sys.argv[1]))
s.bind("s.sock")
if sys.argv[1] == "DGRAM":
    print("ready")
    data, peer = s.recvfrom(100)
    s.sendto(b"got " + data, peer)
else:
    s.listen(1)
    print("ready")
    c, _ = s.accept()
    c.send(b"got " + c.recv(100))' $kind
		wait_out server ready
		run sh -c "printf $kind | '$SOCKCAT' - unix-client:s.sock"
		[ "$status" -eq 0 ]
		[ "$output" = "got $kind" ]
		finish server
		rm server.out
	done
}

@test "a datagram that is too long is dropped from a burst, its neighbours are not" {
	need python3
	listen server unix-recvfrom:s.sock,fork exec:cat
	python3 - "$(cat server.pid)" <<-'END' || skip "this system has no datagrams of 300 KiB"
	import os, signal, socket, sys
	relay = int(sys.argv[1])
	all = []
	for i in range(3):
	    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	    s.settimeout(20)
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 400000)
	    s.bind(f"c{i}.sock")
	    s.connect("s.sock")
	    all.append(s)
	os.kill(relay, signal.SIGSTOP)
	try:
	    all[0].send(b"good")
	    all[1].send(bytes(300 * 1024))
	    all[2].send(b"fine")
	except OSError:
	    sys.exit(1)
	finally:
	    os.kill(relay, signal.SIGCONT)
	open("answers", "wb").write(all[0].recv(99) + b" " + all[2].recv(99))
	END
	[ "$(<answers)" = 'good fine' ]
	grep -q 'dropping a datagram of more than' server.err
}
