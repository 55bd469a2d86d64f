# Command lines of socat's, and what they give.  Under this name the file judges
# sockcat's socat dialect; with-socat.bats is a link to it and judges socat itself,
# so that nothing is expected here which socat does not do.

bats_require_minimum_version 1.5.0
load ../lib.bash

setup() {
	lib_setup
	case $BATS_TEST_FILENAME in
	*with-socat*)
		need socat
		PROGRAM=$(command -v socat)
		;;
	*)
		ln -s "$SOCKCAT" socat
		PROGRAM=$PWD/socat
		;;
	esac
	export PROGRAM
}

# The program under test.
P() { "$PROGRAM" "$@"; }

# serve NAME ADDRESSES...: in the background until it says that it listens.
serve() {
	local name=$1
	shift
	start "$name" "$PROGRAM" -d -d "$@"
	wait_for "$name" 'listening on'
}

bound_udp() { grep -q ":$(printf %04X "$1") " /proc/net/udp /proc/net/udp6 2>/dev/null; }

wait_udp() {
	[ -r /proc/net/udp ] || skip "no /proc/net/udp to see bound ports in"
	wait_until bound_udp "$1"
}

# --- streams ------------------------------------------------------------------------

@test "PIPE without a name is an echo" {
	run -0 bash -c 'echo hello | "$PROGRAM" - PIPE'
	[ "$output" = hello ]
}

@test "-u relays from left to right only" {
	echo hello >in
	run -0 P -u OPEN:in -
	[ "$output" = hello ]
}

@test "-U relays from right to left only" {
	echo hello >in
	run -0 P -U - OPEN:in
	[ "$output" = hello ]
}

@test "a word with a slash is a file" {
	echo hello >in
	run -0 P -u ./in -
	[ "$output" = hello ]
}

@test "a digit is a descriptor" {
	echo hello >in
	run -0 bash -c '"$PROGRAM" -u 3 - 3<in'
	[ "$output" = hello ]
}

@test "FD:1 can be written to" {
	echo hello >in
	run -0 P -u FD:0 FD:1 <in
	[ "$output" = hello ]
}

@test "STDIN and STDOUT" {
	run -0 bash -c 'echo hello | "$PROGRAM" -u STDIN STDOUT'
	[ "$output" = hello ]
}

@test "a dual address reads here and writes there" {
	echo hello >in
	run -0 bash -c '"$PROGRAM" OPEN:in,rdonly!!OPEN:out,creat,wronly PIPE </dev/null'
	[ "$(cat out)" = hello ]
}

@test "keywords and options are blind to case" {
	echo hello >in
	run -0 P -u open:in,RDONLY stdOUT
	[ "$output" = hello ]
}

@test "megabytes pass unharmed" {
	random_file 3000000 in
	P -u OPEN:in CREATE:out
	same in out
	P -t 10 - PIPE <in >echoed
	same in echoed
}

@test "-b sets the block size, which changes nothing else" {
	random_file 100000 in
	P -b 777 -u OPEN:in CREATE:out
	same in out
	P -b100 -u OPEN:in CREATE:out
	same in out
}

# --- TCP, UNIX ------------------------------------------------------------------------

@test "TCP-LISTEN takes one connection and ends with it" {
	port=$(free_port)
	serve server "TCP-LISTEN:$port,reuseaddr,bind=127.0.0.1" PIPE
	run -0 bash -c "echo hello | '$PROGRAM' -t 5 - TCP:127.0.0.1:$port"
	[ "$output" = hello ]
	finish server
	[ "$status" -eq 0 ]
}

@test "TCP-LISTEN,fork takes many" {
	port=$(free_port)
	serve server "TCP4-LISTEN:$port,reuseaddr,fork" PIPE
	for turn in 1 2 3; do
		run -0 bash -c "echo hello $turn | '$PROGRAM' -t 5 - TCP4:localhost:$port"
		[ "$output" = "hello $turn" ]
	done
}

@test "the log of a listener ends with the port, and names those who come" {
	port=$(free_port)
	serve server "TCP-L:$port,reuseaddr,bind=127.0.0.1" PIPE
	grep -Eq "^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8} [a-z0-9.-]+\[[0-9]+\] N listening on AF=2 127.0.0.1:$port\$" server.err
	run -0 bash -c "echo hello | '$PROGRAM' -d -d - TCP:127.0.0.1:$port 2>client.err"
	finish server
	grep -Eq " N accepting connection from AF=2 127.0.0.1:[0-9]+ on AF=2 127.0.0.1:$port\$" server.err
	grep -Eq " N opening connection to AF=2 127.0.0.1:$port\$" client.err
	grep -Eq ' N starting data transfer loop with FDs \[[0-9]+,[0-9]+\] and \[[0-9]+,[0-9]+\]$' client.err
	grep -Eq ' N socket 1 \(fd [0-9]+\) is at EOF$' client.err
	grep -Eq ' N exiting with status 0$' client.err
}

@test "UNIX-LISTEN and UNIX-CONNECT; the name is gone at the end" {
	serve server UNIX-LISTEN:s PIPE
	run -0 bash -c 'echo hello | "$PROGRAM" -t 5 - UNIX-CONNECT:s'
	[ "$output" = hello ]
	finish server
	[ ! -e s ]
}

@test "UNIX-CLIENT and the path alone connect to a UNIX socket" {
	serve server UNIX-LISTEN:s,fork PIPE
	run -0 bash -c 'echo hello | "$PROGRAM" -t 5 - UNIX-CLIENT:s'
	[ "$output" = hello ]
	run -0 bash -c 'echo hello | "$PROGRAM" -t 5 - ./s'
	[ "$output" = hello ]
}

@test "mode= is the mode of a UNIX socket" {
	serve server UNIX-LISTEN:s,mode=600 PIPE
	[ "$(stat -c %a s)" = 600 ]
}

@test "abstract UNIX sockets" {
	[ "$(uname)" = Linux ] || skip "Linux only"
	serve server "ABSTRACT-LISTEN:compat-$$" PIPE
	run -0 bash -c "echo hello | '$PROGRAM' -t 5 - ABSTRACT-CONNECT:compat-$$"
	[ "$output" = hello ]
}

@test "range= lets only these peers in" {
	port=$(free_port)
	serve server "TCP-LISTEN:$port,reuseaddr,bind=127.0.0.1,range=10.0.0.0/8,fork" PIPE
	run bash -c "echo hello | '$PROGRAM' -t 1 - TCP:127.0.0.1:$port"
	[[ $output != *hello ]]
}

@test "sourceport= and bind= choose our own end" {
	port=$(free_port)
	from=$(free_port)
	serve server "TCP-LISTEN:$port,reuseaddr,bind=127.0.0.1" PIPE
	P -d -d "TCP:127.0.0.1:$port,bind=127.0.0.1,sourceport=$from,reuseaddr" /dev/null 2>client.err
	grep -q "accepting connection from AF=2 127.0.0.1:$from" server.err
}

@test "retry= tries again until the server is there" {
	port=$(free_port)
	echo hello >in
	start_in client in "$PROGRAM" -t 5 - "TCP:127.0.0.1:$port,retry=100,interval=0.1"
	serve server "TCP-LISTEN:$port,reuseaddr,bind=127.0.0.1" PIPE
	wait_out client hello
}

# --- programs -----------------------------------------------------------------------------

@test "EXEC runs a program with words" {
	run -0 P -u "EXEC:printf %s-%s one two" -
	[ "$output" = one-two ]
}

@test "EXEC gets the end of the data and its answer is read" {
	run -0 bash -c 'echo hello | "$PROGRAM" -t 5 - "EXEC:tr a-z A-Z"'
	[ "$output" = HELLO ]
}

@test "SYSTEM runs a shell" {
	run -0 bash -c 'echo hello | "$PROGRAM" -t 5 - "SYSTEM:cat; echo done"'
	[ "$output" = $'hello\ndone' ]
}

@test "EXEC with pipes" {
	run -0 bash -c 'echo hello | "$PROGRAM" -t 5 - "EXEC:tr a-z A-Z,pipes"'
	[ "$output" = HELLO ]
}

@test "EXEC with pty has a terminal" {
	run -0 bash -c '"$PROGRAM" - EXEC:tty,pty,setsid,ctty </dev/null'
	[[ $output == /dev/pts/* ]]
}

@test "stderr of a program comes along when asked for" {
	run -0 bash -c '"$PROGRAM" -u "SYSTEM:echo oops >&2,stderr" - 2>/dev/null'
	[ "$output" = oops ]
	run -0 bash -c '"$PROGRAM" -u "SYSTEM:echo oops >&2" - 2>/dev/null'
	[ -z "$output" ]
}

@test "quotes keep commas and colons together" {
	run -0 P -u 'SYSTEM:"echo a,b:c"' -
	[ "$output" = a,b:c ]
	run -0 P -u "EXEC:'printf %s x,y'" -
	[ "$output" = x,y ]
}

@test "a program per connection knows who is there" {
	port=$(free_port)
	serve server "TCP-LISTEN:$port,reuseaddr,fork,bind=127.0.0.1" \
		'SYSTEM:echo $SOCAT_PEERADDR $SOCAT_SOCKPORT'
	run -0 bash -c "'$PROGRAM' -t 5 -u TCP:127.0.0.1:$port -"
	[ "$output" = "127.0.0.1 $port" ]
}

# --- terminals -----------------------------------------------------------------------------

@test "PTY says its name, has a link, and passes bytes" {
	start server "$PROGRAM" -d -d PTY,link=tty,raw,echo=0 EXEC:cat
	wait_for server 'PTY is /dev/pts/[0-9]+'
	wait_path tty
	run -0 bash -c 'exec 3<>tty; echo hello >&3; read -r -t 5 line <&3; echo "$line"'
	[ "$output" = hello ]
	stop server
	[ ! -L tty ]
}

# --- datagrams --------------------------------------------------------------------------------

@test "UDP: one line, one datagram" {
	port=$(free_port)
	start server "$PROGRAM" -u "UDP-RECV:$port,bind=127.0.0.1" OPEN:out,creat,append
	wait_udp "$port"
	echo hello | P -u - "UDP:127.0.0.1:$port"
	echo world | P -u - "UDP-SENDTO:127.0.0.1:$port"
	wait_until grep -q world out
	[ "$(cat out)" = $'hello\nworld' ]
}

@test "UDP-RECVFROM answers who asked" {
	port=$(free_port)
	start server "$PROGRAM" "UDP-RECVFROM:$port,bind=127.0.0.1,fork" \
		'SYSTEM:read line && echo answer to $line'
	wait_udp "$port"
	run -0 bash -c "echo question | '$PROGRAM' -t 3 -T 3 - UDP:127.0.0.1:$port,readbytes=19"
	[ "$output" = 'answer to question' ]
}

@test "UDP-LISTEN talks with the first who comes" {
	port=$(free_port)
	start server "$PROGRAM" "UDP-LISTEN:$port,bind=127.0.0.1" PIPE
	wait_udp "$port"
	run -0 bash -c "echo hello | '$PROGRAM' -t 2 - UDP:127.0.0.1:$port,readbytes=6"
	[ "$output" = hello ]
}

@test "UDP-DATAGRAM sends and receives" {
	port=$(free_port)
	start server "$PROGRAM" "UDP-LISTEN:$port,bind=127.0.0.1" PIPE
	wait_udp "$port"
	run -0 bash -c "echo hello | '$PROGRAM' -t 2 - UDP-DATAGRAM:127.0.0.1:$port,readbytes=6"
	[ "$output" = hello ]
}

@test "UNIX-SENDTO and UNIX-RECV" {
	start server "$PROGRAM" -u UNIX-RECV:s OPEN:out,creat,append
	wait_path s
	echo hello | P -u - UNIX-SENDTO:s
	wait_until grep -q hello out
}

@test "null-eof: an empty datagram is the end" {
	port=$(free_port)
	start server "$PROGRAM" -u "UDP-RECV:$port,bind=127.0.0.1,null-eof" OPEN:out,creat
	wait_udp "$port"
	echo hello | P -u - "UDP:127.0.0.1:$port,shut-null"
	finish server
	[ "$status" -eq 0 ]
	[ "$(cat out)" = hello ]
}

# --- what is done to the bytes ---------------------------------------------------------------------

@test "readbytes= ends after so many" {
	run -0 bash -c '"$PROGRAM" -u /dev/zero,readbytes=10 - | wc -c'
	[ "$output" -eq 10 ]
}

@test "escape= ends at this character" {
	run -0 bash -c 'printf "ab\034cd" | "$PROGRAM" -u -,escape=0x1c -'
	[ "$output" = ab ]
}

@test "ignoreeof waits for more" {
	echo one >in
	start follow "$PROGRAM" -u OPEN:in,ignoreeof -
	wait_out follow one
	echo two >>in
	wait_out follow two
	stop follow
}

@test "crnl and cr translate line ends" {
	printf 'a\nb\n' >in
	P -u OPEN:in CREATE:out,crnl
	printf 'a\r\nb\r\n' | cmp - out
	P -u OPEN:in CREATE:out,cr
	printf 'a\rb\r' | cmp - out
	printf 'a\r\nb\r\n' >in
	P -u OPEN:in,crnl CREATE:out
	printf 'a\nb\n' | cmp - out
}

@test "creat, trunc, append, seek do what open(2) does" {
	echo first >f
	run ! P -u - OPEN:new </dev/null
	echo second | P -u - OPEN:f,append
	[ "$(cat f)" = $'first\nsecond' ]
	echo third | P -u - OPEN:f,trunc
	[ "$(cat f)" = third ]
	printf XY | P -u - OPEN:f,seek=1
	[ "$(cat f)" = tXYrd ]
	echo made | P -u - OPEN:new,creat,mode=640
	[ "$(cat new)" = made ]
}

@test "shut-none: the program does not see the end" {
	run -0 bash -c 'echo hello | "$PROGRAM" -t 0.3 - EXEC:cat,shut-none'
	[ "$output" = hello ]
}

@test "shut-down and shut-close tell the other side" {
	for how in shut-down shut-close; do
		rm -f s
		start server "$PROGRAM" -d -d -u UNIX-LISTEN:s "SYSTEM:cat >out.$how; echo end >>out.$how"
		wait_for server 'listening on'
		echo hello | P -u - "UNIX-CONNECT:s,$how"
		finish server
		wait_until grep -q end "out.$how"
		[ "$(cat "out.$how")" = $'hello\nend' ]
	done
}

# --- flags ------------------------------------------------------------------------------------------

@test "-v shows the data with > and <" {
	run -0 bash -c 'echo hello | "$PROGRAM" -v - PIPE 2>&1 >/dev/null'
	[[ ${lines[0]} =~ ^'> '[0-9]{4}/[0-9]{2}/[0-9]{2}' '[0-9:]{8}\.[0-9]+'  length=6 from=0 to=5'$ ]]
	[ "${lines[1]}" = hello ]
	[[ ${lines[2]} =~ ^'< ' ]]
	[ "${lines[3]}" = hello ]
}

@test "-v escapes what is no text" {
	run -0 bash -c 'printf "a\tb\001\\\\\r\n" | "$PROGRAM" -u -v - /dev/null 2>&1'
	[ "${lines[1]}" = $'a\tb.\\\\\\r' ]
}

@test "-x shows the data in hexadecimal, -v -x both" {
	run -0 bash -c 'echo hello | "$PROGRAM" -u -x - /dev/null 2>&1'
	[[ ${lines[1]} == ' 68 65 6c 6c 6f 0a'* ]]
	run -0 bash -c 'echo hello | "$PROGRAM" -u -v -x - /dev/null 2>&1'
	[[ ${lines[1]} == ' 68 65 6c 6c 6f 0a'*hello. ]]
	[ "${lines[2]}" = -- ]
}

@test "-r and -R copy each direction" {
	run -0 bash -c 'echo hello | "$PROGRAM" -t 5 -r left -R right - "EXEC:tr a-z A-Z"'
	[ "$(cat left)" = hello ]
	[ "$(cat right)" = HELLO ]
}

@test "-t limits the wait after the end of one side" {
	mkfifo in
	start_in one in "$PROGRAM" -t 0.2 - "SYSTEM:cat; exec sleep 60"
	exec 5>in
	echo hello >&5
	wait_out one hello
	exec 5>&-
	finish one
	[ "$status" = 0 ]
}

@test "-T ends a silent relay with 0" {
	mkfifo in
	exec 7<>in
	run -0 P -T 0.2 - PIPE <in
	exec 7>&-
}

@test "-lf writes the log to a file, -lp names the program" {
	run -0 bash -c '"$PROGRAM" -d -d -lp relay -lf log - PIPE </dev/null 2>&1'
	[ -z "$output" ]
	grep -Eq ' relay\[[0-9]+\] N exiting with status 0$' log
}

@test "-lu logs microseconds, -lh the host" {
	run -0 bash -c 'HOSTNAME=myhost "$PROGRAM" -d -d -lu -lh - PIPE </dev/null 2>&1'
	[[ $output =~ [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}' '[^' ']+' '[a-z0-9]+\[ ]]
}

@test "-L: a lock file that is there is respected, an own one removed" {
	: >lock
	run -1 P -L lock - PIPE </dev/null
	[ -e lock ]
	rm lock
	run -0 P -L lock - PIPE </dev/null
	[ ! -e lock ]
}

@test "-V: the version is in the second line, and each feature has its own" {
	run -0 P -V
	[[ ${lines[1]} =~ \ version\ [0-9]+\.[0-9]+\.[0-9]+ ]]
	for name in STDIO FDNUM FILE CREAT GOPEN PIPE UNIX IP4 IP6 TCP UDP LISTEN SYSTEM EXEC PTY; do
		grep -Eq "^ *#define WITH_$name 1\$" <<<"$output" || { echo "no $name"; false; }
	done
}

@test "-h names addresses and flags, -hh options, -hhh all their names" {
	run -0 P -h
	grep -q 'address-head:' <<<"$output"
	grep -qi '^ *tcp-listen:<port>' <<<"$output"
	for flag in -V -D -v -x -r -R -s -u -U -g -L -W -4 -6; do
		grep -Eq -e "(^|[[:space:]])$flag([[:space:]]|\$)" <<<"$output" || { echo "no $flag"; false; }
	done
	run -0 P -hh
	grep -Eq '^ *fork[[:space:]]+groups=CHILD[[:space:]]+phase=[A-Z]+[[:space:]]+type=BOOL' <<<"$output"
	run -0 P -hhh
	grep -Eq '^ *crlf[[:space:]]' <<<"$output"
}

# --- what goes wrong ---------------------------------------------------------------------------------

@test "nobody listens: one error line, status 1" {
	run -1 P - "TCP:127.0.0.1:$(free_port)" </dev/null
	[ "$(grep -c ' E ' <<<"$output")" -eq 1 ]
	[[ $output == *refused* ]]
}

@test "a file that is not there: status 1" {
	run -1 P -u OPEN:nowhere -
	[ "$(grep -c ' E ' <<<"$output")" -eq 1 ]
}

@test "an unknown address: status 1" {
	run -1 P - foo:bar </dev/null
	[[ $output == *'unknown device/address "foo"'* ]]
}

@test "an unknown option: status 1" {
	run -1 P - PIPE,nonsense </dev/null
	[[ $output == *nonsense* ]]
}

@test "wrong number of arguments: status 1 and another text than for an unknown address" {
	run -1 P - TCP:1:2:3 </dev/null
	[[ $output != *'unknown device/address'* ]]
}

@test "one address, or three: status 1" {
	run -1 P - </dev/null
	run -1 P - PIPE PIPE </dev/null
}

@test "an unknown flag, merged flags: status 1" {
	run -1 P -Q - PIPE
	run -1 P -vx - PIPE
}

@test "TERM ends a listener at once with 143" {
	port=$(free_port)
	serve server "TCP-LISTEN:$port,reuseaddr,fork" PIPE
	kill -TERM "$(cat server.pid)"
	finish server
	[ "$status" -eq 143 ]
	grep -q 'exiting on signal 15' server.err
}

@test "TERM removes what was made" {
	serve server UNIX-LISTEN:s,fork PIPE
	[ -S s ]
	kill -TERM "$(cat server.pid)"
	finish server
	[ ! -e s ]
}
