# The socat dialect, by a link named socat or by --dialect=socat: what scripts
# rely on beside addresses and options.  compat/ holds what can be compared with
# socat itself; here is what is 1.8's or ours.

bats_require_minimum_version 1.5.0
load lib.bash

# The output holds nothing of the kind.
lacks() { ! grep -Eq -e "$1" <<<"$output"; }

setup() {
	lib_setup
	ln -s "$SOCKCAT" socat
}

socat() { ./socat "$@"; }

@test "a link named socat and --dialect=socat are the same" {
	run -0 socat -V
	first=$output
	run -0 sockcat --dialect=socat -V
	[ "$output" = "$first" ]
	run -0 ./socat --dialect=sockcat --version
	[[ $output == sockcat* ]]
}

@test "-V has the version with a blank before the number in its second line" {
	run -0 socat -V
	[[ ${lines[1]} =~ ^socat\ version\ 1\.8\.[0-9]+\.[0-9]+\  ]]
}

@test "-V lists features only if they work" {
	run -0 socat -V
	grep -Eq '^  #define WITH_STDIO 1$' <<<"$output"
	grep -Eq '^  #define WITH_SOCKETPAIR 1$' <<<"$output"
	grep -Eq '^  #define WITH_STATS 1$' <<<"$output"
	lacks 'WITH_READLINE'
	lacks '#.*(undef| 0)'
	if has_tls; then
		grep -Eq '^  #define WITH_OPENSSL 1$' <<<"$output"
	else
		lacks 'WITH_OPENSSL'
	fi
}

@test "a feature is listed if and only if its address is in -h" {
	socat -V >features
	socat -h >heads
	for pair in SOCKS4:SOCKS4 SCTP:SCTP-CONNECT VSOCK:VSOCK-CONNECT TUN:TUN PTY:PTY \
		EXEC:EXEC INTERFACE:INTERFACE OPENSSL:OPENSSL PROXY:PROXY-CONNECT; do
		a=0 b=0
		grep -q "WITH_${pair%:*} 1" features || a=1
		grep -Eq "^ *${pair#*:}([^A-Z0-9-]|\$)" heads || b=1
		[ "$a" = "$b" ] || { echo "$pair: $a $b"; false; }
	done
}

@test "-h and -? name addresses in capitals with their groups" {
	run -0 socat -h
	grep -Eq $'^      TCP-LISTEN:<port>\tgroups=FD,SOCKET,.*LISTEN.*CHILD' <<<"$output"
	grep -Eq $'^      TCP4-CONNECT:<host>:<port>\tgroups=' <<<"$output"
	grep -Eq $'^      PIPE\\[:<path>\\]\tgroups=' <<<"$output"
	grep -Eq $'^      STDIO\tgroups=' <<<"$output"
	help=$output
	run -0 socat '-?'
	[ "$output" = "$help" ]
}

@test "-h does not name what is not there" {
	run -0 socat -hhh
	lacks '^ *(TLS\+|READLINE|TAP|HEXDUMP|CRLF)'
	lacks 'tap-raw'
}

@test "-h names every switch as a word" {
	run -0 socat -h
	for flag in -V -h -hh -hhh -d -D -ly -lf -ls -lm -lp -lu -lh -v -x -r -R -b -s -S -t -T -u -U \
		-g -L -W -4 -6 -0 --statistics --experimental; do
		grep -Eq -e "(^| )$flag( |\$)" <<<"$output" || { echo "no $flag"; false; }
	done
}

@test "-hh lists options in byte order, -hhh all names, each with groups, phase and type" {
	for level in -hh -hhh; do
		socat $level | sed -n '/^ *opt:$/,$p' | tail -n +2 >list
		[ "$(wc -l <list)" -gt 200 ]
		run grep -Ev $'^      [a-z0-9_-]+\tgroups=[A-Z0-9,]+\tphase=[A-Z0-9]+\ttype=[A-Z0-9:_-]+$' list
		[ -z "$output" ]
		awk '{print $1}' list >names
		sort -c names
	done
	grep -qx crlf names
	grep -qx reuseaddr names
	grep -qx so-reuseaddr names
	[ "$(socat -hhh | wc -l)" -gt "$(socat -hh | wc -l)" ]
}

@test "merged flags get a hint and status 1" {
	run -1 socat -vx - PIPE
	[[ $output == *'-v -x'* ]]
	run -1 socat -uv - PIPE
	[[ $output == *'-u -v'* ]]
}

@test "values of flags stand attached or apart" {
	echo hello >in
	run -0 socat -b100 -t0.1 -T 5 -u OPEN:in -
	[ "$output" = hello ]
}

@test "flags behind an address are not flags" {
	run -1 socat - PIPE -u
}

@test "usage errors end with 1, in socat's format of log" {
	for line in '-Q - PIPE' '-t x - PIPE' '-' '- PIPE PIPE' '- foo:1' '- TCP:1' '- PIPE,bar=1' \
		'- TCP:127.0.0.1:99999'; do
		# shellcheck disable=SC2086 # words
		run -1 ./socat $line
		[ "$(grep -Ec '^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} socat\[[0-9]+\] E ' <<<"$output")" -eq 1 ] ||
			{ echo "$line: $output"; false; }
	done
}

@test "an unknown address is called unknown device/address" {
	run -1 socat - foo:1
	[[ $output == *'unknown device/address "foo"'* ]]
	run -1 socat - TCP:1:2:3
	[[ $output != *'unknown device/address'* ]]
}

@test "refused, unresolved, not trusted: all are status 1 with one error line" {
	run -1 socat - TCP:127.0.0.1:1 </dev/null
	[ "$(grep -c ' E ' <<<"$output")" -eq 1 ]
	# too long for a name, so no server is asked
	run -1 socat - "TCP:$(printf 'a%.0s' {1..70}):1" </dev/null
	[ "$(grep -c ' E ' <<<"$output")" -eq 1 ]
	run -1 socat -u OPEN:/nowhere/at/all - </dev/null
	[ "$(grep -c ' E ' <<<"$output")" -eq 1 ]
}

@test "a program that ends badly makes the status 1" {
	run -1 bash -c './socat -t 5 - "SYSTEM:cat >out; exit 3" <<<hello'
	[ "$(cat out)" = hello ]
	run -0 bash -c './socat -t 5 - "SYSTEM:cat >out" <<<hello'
}

@test "listeners are IPv4 unless told otherwise" {
	start server ./socat -d -d TCP-LISTEN:0,reuseaddr PIPE
	wait_for server ' N listening on AF=2 0.0.0.0:[1-9][0-9]*$'
	stop server
	need_ip6
	start six ./socat -d -d -6 TCP-LISTEN:0 PIPE
	wait_for six ' N listening on AF=10 \[[0:]+\]:[1-9][0-9]*$'
	stop six
	start env env SOCAT_DEFAULT_LISTEN_IP=6 ./socat -d -d TCP-LISTEN:0 PIPE
	wait_for env ' N listening on AF=10 '
	stop env
}

@test "-t is half a second by default" {
	mkfifo in
	start_in one in ./socat - "SYSTEM:cat; exec sleep 60"
	exec 5>in
	echo hello >&5
	wait_out one hello
	exec 5>&-
	finish one
	[ "$status" = 0 ]
}

@test "-T negative is no limit" {
	run -0 bash -c 'echo hello | ./socat -T -1 - PIPE'
	[ "$output" = hello ]
}

@test "log levels: E and W by default, N with two -d, I with three, D with four" {
	run -0 bash -c 'echo | ./socat - PIPE 2>&1 >/dev/null'
	[ -z "$output" ]
	run -0 bash -c 'echo | ./socat -d -d - PIPE 2>&1 >/dev/null'
	grep -Eq '\] N starting data transfer loop with FDs \[[0-9]+,[0-9]+\] and \[[0-9]+,[0-9]+\]$' <<<"$output"
	lacks '\] [ID] '
	run -0 bash -c 'echo | ./socat -ddd - PIPE 2>&1 >/dev/null'
	grep -Eq '\] I ' <<<"$output"
	run -0 bash -c 'echo | ./socat -d2 - PIPE 2>&1 >/dev/null'
	grep -Eq '\] N exiting with status 0$' <<<"$output"
}

@test "--statistics gives a line per direction" {
	run -0 bash -c 'echo hello | ./socat --statistics - PIPE 2>&1 >/dev/null'
	[ "$(grep -c 'STATISTICS' <<<"$output")" -eq 2 ]
	grep -Eq 'STATISTICS.* 6 bytes.*left to right' <<<"$output"
	grep -Eq 'STATISTICS.* 6 bytes.*right to left' <<<"$output"
}

@test "USR1 prints statistics" {
	mkfifo in
	start relay ./socat OPEN:in,rdonly!!- PIPE
	exec 7>in
	echo hello >&7
	wait_out relay hello
	kill -USR1 "$(cat relay.pid)"
	wait_for relay 'STATISTICS'
	exec 7>&-
	finish relay
}

@test "TERM ends a server at once, sessions and all" {
	start server ./socat -d -d TCP-LISTEN:0,fork,bind=127.0.0.1 PIPE
	wait_for server 'listening on'
	port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' server.err)
	mkfifo hold
	start_in client /dev/null bash -c "'$SOCKCAT' -d -d OPEN:hold,rdonly!!- tcp:127.0.0.1:$port"
	exec 7>hold
	wait_for server 'starting data transfer'
	kill -TERM "$(cat server.pid)"
	finish server
	[ "$status" -eq 143 ]
	exec 7>&-
}

@test "a signal ends with 128+n and says so" {
	for pair in TERM:15 INT:2 HUP:1 QUIT:3; do
		start "s$pair" ./socat -d -d TCP-LISTEN:0,bind=127.0.0.1 PIPE
		wait_for "s$pair" 'listening on'
		kill -"${pair%:*}" "$(cat "s$pair.pid")"
		finish "s$pair"
		[ "$status" -eq $((128 + ${pair#*:})) ]
		grep -q "exiting on signal ${pair#*:}" "s$pair.err"
	done
}

@test "a UNIX socket file that is there is left alone, and the mend is told" {
	need python3
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("s")'
	run -1 ./socat UNIX-LISTEN:s PIPE
	[[ $output == *"cannot bind to s: it exists (unlink-early removes it)" ]]
	[ -S s ]
	run -0 ./socat UNIX-LISTEN:s,unlink-early,accept-timeout=0.01 PIPE
}

@test "accept-timeout alone ends with 0" {
	run -0 socat TCP-LISTEN:0,bind=127.0.0.1,accept-timeout=0.1 PIPE
}

@test "the client of a dead target sees an end, no reset" {
	start server ./socat -d -d TCP-LISTEN:0,fork,bind=127.0.0.1 TCP:127.0.0.1:1
	wait_for server 'listening on'
	port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' server.err)
	run -0 bash -c "'$SOCKCAT' -U - tcp:127.0.0.1:$port </dev/null"
	[ -z "$output" ]
}

@test "programs get their variables under the program's name" {
	run -0 socat -u 'SYSTEM:echo $SOCAT_VERSION' -
	[[ $output =~ ^[0-9]+\.[0-9]+ ]]
	run -0 socat -lp relay -u 'SYSTEM:echo $RELAY_PID' -
	[[ $output =~ ^[0-9]+$ ]]
}

@test "an openssl listener demands a client certificate" {
	need_tls
	need openssl
	openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=localhost 2>/dev/null
	start server ./socat -d -d OPENSSL-LISTEN:0,cert=c.pem,key=k.pem,cafile=c.pem,bind=127.0.0.1 PIPE
	wait_for server 'listening on'
	port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' server.err)
	run ! bash -c "echo hello | '$SOCKCAT' - tls:localhost:$port,cafile=c.pem | grep hello"
	finish server
	[ "$status" -eq 1 ]
}

@test "names of raw copies have the process, the time and the environment in them" {
	run -0 env COLOUR=red "$SOCKCAT" --dialect=socat -r 'a-$PROGNAME-$$-$COLOUR-$NONE.' \
		-u text:hello -
	[ "$(cat a-socat-[0-9]*-red-.)" = hello ]
	run -0 sockcat --dialect=socat -r 'b-$TIMESTAMP-$MICROS' -u text:hello -
	[ "$(cat b-20[0-9][0-9]*T[0-9]*-[0-9]*)" = hello ]
}
