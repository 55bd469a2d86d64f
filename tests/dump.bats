# Looking at traffic: -v, -x, --hexdump, -r, -R and the hexdump layer.

bats_require_minimum_version 1.5.0
load lib.bash

# The time is the only thing that differs between two runs.
unstamped() {
	sed -E 's|^([<>]) [0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8}\.[0-9]{9}  |\1 STAMP  |' "$@"
}

all_bytes() {
	local i

	for i in {0..255}; do
		# shellcheck disable=SC2059 # the byte is in the format
		printf "\\x$(printf %x "$i")"
	done
}

# as_socat_prints FLAGS...: both programs dump the same file.
as_socat_prints() {
	need socat
	all_bytes >in
	printf 'hello\tworld\r\n\n\nback\\slash "quoted" 0123456789abcdef\nno end' >>in
	socat "$@" -u open:in /dev/null 2>theirs
	sockcat "$@" -u open:in /dev/null 2>ours
	unstamped theirs >theirs.plain
	unstamped ours >ours.plain
	grep -q 'STAMP  length=' theirs.plain
	same theirs.plain ours.plain
}

@test "-v shows text as socat does, byte for byte" {
	as_socat_prints -v
}

@test "-x shows hex as socat does, byte for byte" {
	as_socat_prints -x
}

@test "-v -x shows hex and text side by side as socat does, byte for byte" {
	as_socat_prints -v -x
}

@test "the head of a block has date, nine digits of a second, length and place" {
	printf hello | sockcat -v -u - /dev/null 2>err
	head -n 1 err | grep -Ex '> [0-9]{4}(/[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2}\.[0-9]{9}  length=5 from=0 to=4'
	[ "$(tail -n 1 err)" = hello ]
}

@test "what goes left to right is marked >, what comes back <" {
	printf 'ping\n' | sockcat -v - exec:'tr a-z A-Z' 2>err >out
	[ "$(cat out)" = PING ]
	[ "$(unstamped err)" = '> STAMP  length=5 from=0 to=4
ping
< STAMP  length=5 from=0 to=4
PING' ]
}

@test "places count on from block to block" {
	start tap "$SOCKCAT" -x -u system:'printf abc; while [ ! -e go ]; do sleep 0.02; done; printf de' open:copy,creat
	wait_for tap 'from=0 to=2'
	touch go
	finish tap
	[ "$(cat copy)" = abcde ]
	unstamped tap.err | grep -x '> STAMP  length=2 from=3 to=4'
}

@test "a dump changes nothing of what passes" {
	random_file 1000000 in
	sockcat -v -x --hexdump open:in open:out,creat 2>/dev/null
	same in out
}

@test "nothing but printable ASCII reaches standard error" {
	all_bytes >in
	sockcat -v --hexdump -u open:in /dev/null 2>err
	[ "$(tr -d '\n\t -~' <err | wc -c)" = 0 ]
}

@test "--hexdump has arrows, offsets, hex and characters" {
	printf '0123456789abcdef\r\nx' | sockcat --hexdump -u - /dev/null 2>err
	sed -n 1p err | grep -Eq '^> [0-9:]{8}\.[0-9]{6}  19 bytes  '
	[ "$(sed -n 2,3p err)" = \
'> 00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|
> 00000010  0d 0a 78                                          |..x|' ]
	sed -n 4p err | grep -Eq '^> [0-9:.]{15}  end'
}

@test "--hexdump names the connection" {
	listen echo tcp-listen:0,bind=127.0.0.1,fork pipe
	echo hi | sockcat --hexdump - "tcp:127.0.0.1:$PORT" 2>err >/dev/null
	connection="tcp 127\.0\.0\.1:[0-9]+ → 127\.0\.0\.1:$PORT"
	grep -Eq "^< [0-9:.]{15}  3 bytes  $connection\$" err
	grep -Eq "^< [0-9:.]{15}  end  $connection\$" err
}

@test "hexdump in a stack looks at that place" {
	listen echo tcp-listen:0,bind=127.0.0.1,fork pipe
	echo hi | sockcat - "hexdump+tcp:127.0.0.1:$PORT" 2>err >out
	[ "$(cat out)" = hi ]
	grep -q '^< 00000000  68 69 0a  .*|hi\.|$' err
	run ! grep -q '^>' err
}

@test "without a terminal there are no colours" {
	echo hi | sockcat --hexdump -u - /dev/null 2>err
	run ! grep -q $'\033' err
}

on_terminal() {
	need script
	script -qec "'$SOCKCAT' --hexdump -u open:in /dev/null" /dev/null </dev/null >screen
}

@test "on a terminal each direction has its colour" {
	echo hi >in
	unset NO_COLOR
	on_terminal
	grep -q $'\033\[36m>' screen
}

@test "NO_COLOR is obeyed on a terminal" {
	echo hi >in
	export NO_COLOR=1
	on_terminal
	grep -q '00000000' screen
	run ! grep -q $'\033\[3' screen
}

@test "an empty datagram is shown with length 0" {
	need python3
	start tap "$SOCKCAT" -d -d -v -u udp4-recv:0,bind=127.0.0.1 open:out,creat
	wait_for tap 'starting data transfer loop'
	number=$(ss -Hlunp | sed -n "s/.*127\.0\.0\.1:\([0-9]*\) .*pid=$(cat tap.pid),.*/\1/p")
	[ -n "$number" ] || skip "ss does not show the port"
	python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b'', ('127.0.0.1', $number))
s.sendto(b'xy', ('127.0.0.1', $number))"
	wait_for tap 'length=2 from=0 to=1'
	unstamped tap.err | grep -x '> STAMP  length=0 from=0 to=0'
}

@test "-r and -R copy each direction byte for byte" {
	random_file 300000 in
	sockcat -r left -R right - exec:cat <in >out
	same in out
	same in left
	same in right
}

@test "raw copies are appended to" {
	printf one | sockcat -r copy -u - /dev/null
	printf two | sockcat -r copy -u - /dev/null
	[ "$(cat copy)" = onetwo ]
}

@test "a raw copy that can't be opened is refused before anything opens" {
	run -23 sockcat -r none/such/file -u /dev/null open:out,creat
	[[ $output = *'none/such/file'*'no such file or directory'* ]]
	[ ! -e out ]
}

@test "a full disk ends the raw copy with a warning, not the traffic" {
	[ -e /dev/full ] || skip "no /dev/full"
	random_file 200000 in
	sockcat -r /dev/full -u open:in open:out,creat 2>err
	same in out
	[ "$(grep -c 'warning: the raw copy in /dev/full ends here: no space left' err)" = 1 ]
}

@test "with standard error closed the traffic is none the worse" {
	random_file 100000 in
	sockcat -v -x -u open:in open:out,creat 2>&-
	same in out
}

@test "sessions of one listener are dumped block by block" {
	listen echo -v tcp-listen:0,bind=127.0.0.1,fork pipe
	for i in 1 2 3; do
		echo "hello $i" | sockcat - "tcp:127.0.0.1:$PORT" >/dev/null
	done
	for i in 1 2 3; do
		[ "$(unstamped echo.err | grep -A 1 '^> STAMP  length=8 from=0 to=7$' | grep -c "^hello $i\$")" = 1 ]
	done
}
