# Line ends and other ends: cr, crnl, readbytes, escape, ignoreeof.

bats_require_minimum_version 1.5.0
load lib.bash

SAMPLE='a\nb\r\nc\rd'

# becomes FROM-OPTIONS TO-OPTIONS WANT: the sample on its way through both.
becomes() {
	# shellcheck disable=SC2059 # the formats hold the bytes
	printf "$SAMPLE" >in
	# shellcheck disable=SC2059
	printf "$3" >want
	sockcat -u "open:in$1" "open:out,creat,trunc$2"
	same want out
}

@test "crnl makes CR NL of every NL on the way out" {
	becomes '' ,crnl 'a\r\nb\r\r\nc\rd'
}

@test "crnl drops every CR on the way in" {
	becomes ,crnl '' 'a\nb\ncd'
}

@test "cr makes CR of every NL on the way out" {
	becomes '' ,cr 'a\rb\r\rc\rd'
}

@test "cr makes NL of every CR on the way in" {
	becomes ,cr '' 'a\nb\n\nc\nd'
}

@test "crlf is another name for crnl" {
	becomes '' ,crlf 'a\r\nb\r\r\nc\rd'
}

@test "of cr and crnl the last one counts" {
	becomes ,cr,crnl '' 'a\nb\ncd'
	becomes ,crnl,cr '' 'a\nb\n\nc\nd'
}

@test "both sides can translate" {
	becomes ,crnl ,crnl 'a\r\nb\r\ncd'
	becomes ,crnl ,cr 'a\rb\rcd'
}

@test "line ends are the same as with socat" {
	need socat
	head -c 100000 /dev/urandom | tr '\000-\200' '\r\n' >in
	for option in cr crnl; do
		socat -u open:in "open:theirs,creat,trunc,$option"
		sockcat -u open:in "open:ours,creat,trunc,$option"
		same theirs ours
		socat -u "open:in,$option" open:theirs,creat,trunc
		sockcat -u "open:in,$option" open:ours,creat,trunc
		same theirs ours
	done
}

@test "crnl loses nothing against a peer that reads slowly" {
	need python3
	yes 'a line of text' | head -n 300000 >in
	sed 's/$/\r/' in >want
	start slow python3 -c '
import socket
l = socket.socket()
l.bind(("127.0.0.1", 0))
l.listen()
print("port", l.getsockname()[1], flush=True)
s = l.accept()[0]
with open("out", "wb") as out:
    while True:
        data = s.recv(777)
        if not data:
            break
        out.write(data)
print("done", flush=True)'
	wait_out slow '^port [0-9]+$'
	sockcat -u open:in "tcp:127.0.0.1:$(sed -n 's/port //p' slow.out),crnl"
	wait_out slow '^done$'
	same want out
}

@test "input of nothing but CRs is no end" {
	{ head -c 200000 /dev/zero | tr '\0' '\r'; printf 'x\n'; } >in
	[ "$(sockcat -u open:in,crnl -)" = x ]
}

@test "crnl keeps messages whole" {
	start sink "$SOCKCAT" -x -u unix-recv:sink.sock open:out,creat
	wait_path sink.sock
	printf '1\n2\n' | sockcat -u - unix-sendto:sink.sock,crnl
	wait_for sink 'length=6 from=0 to=5'
	wait_until test -s out
	[ "$(od -An -c out | tr -d ' ')" = '1\r\n2\r\n' ]
}

@test "readbytes ends the input after so many bytes" {
	[ "$(printf 0123456789 | sockcat -u -,readbytes=4 -)" = 0123 ]
	[ "$(printf 0123456789 | sockcat -u -,bytes=100 -)" = 0123456789 ]
	random_file 300000 in
	sockcat -u open:in,readbytes=200k open:out,creat
	head -c 204800 in >want
	same want out
}

@test "readbytes leaves the rest to the next reader" {
	printf 0123456789 >in
	exec 5<in
	[ "$(sockcat -u fd:5,readbytes=4 -)" = 0123 ]
	[ "$(cat <&5)" = 456789 ]
	exec 5<&-
}

@test "readbytes counts what came, whatever crnl makes of it" {
	[ "$(printf 'a\r\nb' | sockcat -u -,readbytes=2,crnl - | od -An -c | tr -d ' ')" = a ]
	[ "$(printf 'a\r\nb' | sockcat -u -,crnl,readbytes=2 - | od -An -c | tr -d ' ')" = a ]
}

@test "readbytes=0 is refused" {
	run -2 sockcat -u -,readbytes=0 -
	[[ $output = *'readbytes must be at least 1'* ]]
	[[ $output = *'^'* ]]
}

@test "readbytes ends one direction only" {
	[ "$(printf hello | sockcat -,readbytes=2 system:'cat; echo ok')" = heok ]
}

@test "escape ends the input at that character, which does not pass" {
	[ "$(printf 0123456789 | sockcat -u -,escape=0x35 -)" = 01234 ]
	[ "$(printf 0123456789 | sockcat -u -,escape=53 -)" = 01234 ]
	[ "$(printf 0123456789 | sockcat -u -,escape=0x30 -)" = '' ]
	[ "$(printf '01\00323' | sockcat -u -,escape=3 -)" = 01 ]
}

@test "escape ends a session that would go on for ever" {
	listen echo tcp-listen:0,bind=127.0.0.1,fork pipe
	mkfifo keys
	start_in terminal keys "$SOCKCAT" -,escape=0x1d "tcp:127.0.0.1:$PORT"
	exec 6>keys
	printf 'hello\n' >&6
	wait_out terminal hello
	printf '\035' >&6
	finish terminal
	[ "$status" = 0 ]
	exec 6>&-
}

@test "ignoreeof follows a growing file" {
	printf 'first\n' >log
	start tail "$SOCKCAT" -u open:log,ignoreeof -
	wait_out tail first
	printf 'second\n' >>log
	wait_out tail second
	printf 'third\n' >>log
	wait_out tail third
	[ "$(cat tail.out)" = $'first\nsecond\nthird' ]
}

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

@test "ignoreeof sleeps while there is nothing new" {
	[ -r /proc/self/stat ] || skip "no /proc"
	printf 'first\n' >log
	start tail "$SOCKCAT" -u open:log,ignoreeof -
	wait_out tail first
	before=$(ticks "$(cat tail.pid)")
	for i in 1 2 3 4; do
		printf '%s\n' "$i" >>log
		wait_out tail "^$i\$"
	done
	[ $(($(ticks "$(cat tail.pid)") - before)) -le 10 ]
}

@test "ignoreeof ends with the other side" {
	: >empty
	listen once -u open:empty,ignoreeof tcp-listen:0,bind=127.0.0.1
	(exec 3<>"/dev/tcp/127.0.0.1/$PORT")
	printf 'data nobody reads\n' >>empty
	printf 'and more\n' >>empty
	wait_until ended "$(cat once.pid)" || {
		printf 'x\n' >>empty
		finish once
	}
}

@test "ignoreeof=0 is no ignoreeof" {
	printf hello >in
	[ "$(sockcat -u open:in,ignoreeof=0 -)" = hello ]
}
