# Options whose action is data, seen from outside: sockets looked at by the program
# that was given them, terminals by stty, files by what is in them; and how a
# wrong option is told.

load lib.bash

# --- sockets ------------------------------------------------------------------

# A program that is given a socket as descriptor 0 and writes down what it finds:
# look LEVEL:NAME... prints one number a line to look.out.
make_look() {
	need python3
	cat >look <<'PY'
#!/usr/bin/env python3
import socket, sys
s = socket.socket(fileno=0)
with open("look.tmp", "w") as out:
    for word in sys.argv[1:]:
        level, name = (getattr(socket, part) for part in word.split(":"))
        print(s.getsockopt(level, name), file=out)
import os
os.rename("look.tmp", "look.out")
PY
	chmod +x look
}

@test "options of a listener are on the sockets it accepts" {
	make_look
	listen server tcp4-listen:0,keepalive,nodelay,keepidle=17,keepcnt=3,tos=16,rcvlowat=5 \
		"exec:./look SOL_SOCKET:SO_KEEPALIVE IPPROTO_TCP:TCP_NODELAY IPPROTO_TCP:TCP_KEEPIDLE IPPROTO_TCP:TCP_KEEPCNT IPPROTO_IP:IP_TOS SOL_SOCKET:SO_RCVLOWAT,nofork"
	exec 7<>"/dev/tcp/127.0.0.1/$PORT"
	wait_path look.out
	exec 7>&-
	[ "$(paste -sd' ' look.out)" = "1 1 17 3 16 5" ]
}

@test "options of a connection are on its socket" {
	make_look
	listen server tcp4-listen:0 -
	run "$SOCKCAT" "tcp4:127.0.0.1:$PORT,nodelay,ttl=33,keepalive,oobinline" \
		"exec:./look IPPROTO_TCP:TCP_NODELAY IPPROTO_IP:IP_TTL SOL_SOCKET:SO_KEEPALIVE SOL_SOCKET:SO_OOBINLINE SOL_SOCKET:SO_BROADCAST,nofork"
	[ "$(paste -sd' ' look.out)" = "1 33 1 1 0" ]
}

@test "small pieces are sent at once, unless nodelay=0" {
	make_look
	listen server tcp4-listen:0,fork -
	run "$SOCKCAT" "tcp4:127.0.0.1:$PORT" 'exec:./look IPPROTO_TCP:TCP_NODELAY,nofork'
	[ "$(cat look.out)" = 1 ]
	run "$SOCKCAT" "tcp4:127.0.0.1:$PORT,nodelay=0" \
		'exec:./look IPPROTO_TCP:TCP_NODELAY,nofork'
	[ "$(cat look.out)" = 0 ]
}

@test "small pieces are sent at once to a client, unless nodelay=0" {
	make_look
	for given in 1 0; do
		rm -f look.out
		listen "server$given" "tcp4-listen:0$([ $given = 1 ] || echo ,nodelay=0)" \
			'exec:./look IPPROTO_TCP:TCP_NODELAY,nofork'
		exec 7<>"/dev/tcp/127.0.0.1/$PORT"
		wait_path look.out
		exec 7>&-
		[ "$(cat look.out)" = $given ]
	done
}

@test "type of service reaches IPv6 peers too when the family is left open" {
	make_look
	listen server tcp-listen:0,tos=24 "exec:./look IPPROTO_IPV6:IPV6_TCLASS,nofork"
	grep -q '\[::\]' server.err || skip "no IPv6 here"
	exec 7<>"/dev/tcp/::1/$PORT" || skip "no IPv6 here"
	wait_path look.out
	exec 7>&-
	[ "$(cat look.out)" = 24 ]
}

@test "any socket option can be given by its numbers" {
	make_look
	level=$(python3 -c 'import socket; print(socket.SOL_SOCKET)')
	name=$(python3 -c 'import socket; print(socket.SO_KEEPALIVE)')
	listen server tcp4-listen:0 -
	run "$SOCKCAT" "tcp4:127.0.0.1:$PORT,setsockopt=$level:$name:i1" \
		"exec:./look SOL_SOCKET:SO_KEEPALIVE,nofork"
	[ "$(cat look.out)" = 1 ]
}

@test "reuseaddr without a value behind = leaves the socket as it is" {
	make_look
	listen server tcp4-listen:0,reuseaddr= "exec:./look SOL_SOCKET:SO_REUSEADDR,nofork"
	exec 7<>"/dev/tcp/127.0.0.1/$PORT"
	wait_path look.out
	exec 7>&-
	[ "$(cat look.out)" = 0 ]
}

@test "a socket option that the system refuses ends with 45 and names option and value" {
	run "$SOCKCAT" - udp:127.0.0.1:9,bindtodevice=no-such-if
	[ "$status" = 45 ]
	[[ "$output" == *"option bindtodevice=no-such-if cannot be set: no such network interface"* ]]
}

@test "what the kernel only lets read is refused with that reason" {
	run "$SOCKCAT" - udp:127.0.0.1:9,so-error
	[ "$status" = 45 ]
	[[ "$output" == *"the system lets it be read only"* ]]
}

# --- terminals ----------------------------------------------------------------

modes() { stty -F "$1" -a; }

# has MODE...: each is a word of what stty said.
has() {
	local mode
	for mode; do
		grep -qE "(^|[ ;])$mode(\$|[ ;])" <<<"$found" ||
			{ echo "no \"$mode\" in: $found"; return 1; }
	done
}

@test "terminal modes of a pty are as asked for" {
	need stty
	start one "$SOCKCAT" pty,link=tty,b9600,icanon=0,onlcr=0,intr=^X,eof=29,ixany stall
	wait_path tty
	found=$(modes tty)
	[[ "$found" == *"speed 9600 baud"* ]]
	has -icanon -onlcr ixany
	[[ "$found" == *"intr = ^X;"* ]]
	[[ "$found" == *"eof = ^];"* ]]
}

@test "raw makes a terminal pass every byte, and sane undoes it" {
	need stty
	start one "$SOCKCAT" pty,link=tty,raw stall
	wait_path tty
	found=$(modes tty)
	has -icanon -isig -opost -icrnl -ixon -echo
	start two "$SOCKCAT" -d -d pty,link=tty2,raw,sane stall
	wait_path tty2
	found=$(modes tty2)
	has icanon isig opost icrnl echo
}

@test "raw keeps the echo in socat's dialect" {
	need stty
	start one "$SOCKCAT" --dialect=socat pty,link=tty,raw stall
	wait_path tty
	found=$(modes tty)
	has -icanon -isig echo
}

@test "the window's size is set" {
	need stty
	start one "$SOCKCAT" pty,link=tty,winsz=33:99 stall
	wait_path tty
	[ "$(stty -F tty size)" = "33 99" ]
}

@test "terminal modes on what is no terminal are refused" {
	run "$SOCKCAT" - /dev/null,raw
	[ "$status" = 1 ]
	[[ "$output" == *"option raw cannot be set: this is no terminal"* ]]
}

# --- files --------------------------------------------------------------------

@test "a file is read from where seek says" {
	printf 0123456789 >file
	[ "$("$SOCKCAT" -u open:file,seek=4 -)" = 456789 ]
	[ "$("$SOCKCAT" -u open:file,seek-end=-2 -)" = 89 ]
}

@test "a file gets its length, its mode and its lock" {
	printf 0123456789 >file
	printf abc | "$SOCKCAT" -u - open:file,ftruncate=6,seek-end=0,mode=640,setlk
	[ "$(cat file)" = 012345abc ]
	[ "$(stat -c %a file)" = 640 ]
}

@test "a lock that somebody else holds is told" {
	need flock
	: >file
	start holder flock file "$SOCKCAT" -u stall open:mark,creat
	wait_path mark
	run "$SOCKCAT" -u /dev/null open:file,flock-nb
	[ "$status" = 1 ]
	[[ "$output" == *"option flock-nb cannot be set: somebody else holds the lock"* ]]
}

# --- wrong options ------------------------------------------------------------

# refused ADDRESS WORDS [PIECE]: exit code 2, the words, the caret under the piece.
refused() {
	run "$SOCKCAT" - "$1"
	[ "$status" = 2 ] || { echo "status $status: $output"; return 1; }
	[[ "$output" == *"$2"* ]] || { echo "$output"; return 1; }
	[ $# -lt 3 ] && return 0
	local before=${1%%"$3"*} line
	line=$(tail -n 1 <<<"$output")
	[ "$line" = "  $(printf '%*s' ${#before} '')^$(printf '%*s' $((${#3} - 1)) '' | tr ' ' '~')" ] ||
		{ echo "$output"; return 1; }
}

@test "a value of the wrong kind is refused with a caret and what it may be" {
	refused tcp:h:1,keepalive=maybe "yes or no" maybe
	refused tcp:h:1,ttl=300 "from 0 to 255" 300
	refused tcp:h:1,rcvbuf=64q "option rcvbuf takes bytes" 64q
	refused tcp:h:1,connect-timeout=5x "seconds" 5x
	refused tcp:h:1,sourceport=70000 "from 0 to 65535" 70000
	refused open:x,mode=9 "octal" 9
	refused tcp:h:1,user=nobody-here 'no user "nobody-here"' nobody-here
	refused tcp:h:1,setsockopt=1:2:zz "x0a0b" 1:2:zz
	refused tcp-l:1,range=10.0.0.0/99 "a network" 10.0.0.0/99
	refused tcp:h:9,crnl=1 "no value" 1
	refused open:x,seek "needs a value" seek
}

@test "a bracket that is never closed is what the message is about" {
	refused 'tcp:[::1:9' "this bracket is never closed" '['
	refused 'tcp:[::1:9,nodelay' "this bracket is never closed" '['
}

@test "an option with code still to come is not unknown" {
	refused tcp-l:1,tcpwrap "not yet available" tcpwrap
}

@test "an option that cannot be had says why" {
	refused tcp:h:1,attach-filter=1 "a packet filter is a program" attach-filter
	refused tcp:h:1,tcp-nopush "not available on this system" tcp-nopush
}

@test "an option on the wrong address says which take it" {
	refused tcp:h:1,creat "open" creat
	refused open:x,nodelay "tcp-connect" nodelay
}
