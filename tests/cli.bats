# The command line: flags, help pages, what is said about mistakes, signals.

bats_require_minimum_version 1.5.0
load lib.bash

# The output holds nothing of the kind.
lacks() { ! grep -Eq -e "$1" <<<"$output"; }

# refused STATUS REGEX ARGS...: sockcat ends with this status and says this.
refused() {
	local want=$1 regex=$2
	shift 2
	run sockcat "$@" </dev/null
	echo "$output"
	[ "$status" -eq "$want" ] && grep -Eq -e "$regex" <<<"$output"
}

@test "--help shows usage, examples and every flag, and ends with 0" {
	run -0 sockcat --help
	[[ $output == Usage:* ]]
	for flag in -h -V -u -U -t -T -b -4 -6 -0 -v -x -r -R -d -D -ly -lf -ls -lm -lp -lu -lh \
		-L -W -g -s -S; do
		grep -Eq -e "^ +$flag, --" <<<"$output" || { echo "$flag is missing"; false; }
	done
	for flag in explain hexdump statistics progress size strict child-status dialect \
		experimental; do
		grep -Eq -e "^ +--$flag" <<<"$output" || { echo "--$flag is missing"; false; }
	done
}

@test "no line of the help pages is longer than a terminal" {
	for page in "" types options exit-codes tcp-listen reuseaddr; do
		run -0 sockcat --help $page
		awk -v page="$page" 'length > 80 { print page ": " $0; bad = 1 } END { exit bad }' <<<"$output"
	done
}

@test "-h, --help=NAME and --help NAME are the same page" {
	run -0 sockcat -h tcp-listen
	first=$output
	run -0 sockcat --help=tcp-listen
	[ "$output" = "$first" ]
	run -0 sockcat --help tcp-l
	[ "$output" = "$first" ]
}

@test "--help types lists addresses and layers with their arguments" {
	run -0 sockcat --help types
	grep -q 'tcp-connect:host:port' <<<"$output"
	grep -q 'exec:command' <<<"$output"
	grep -q 'pipe\[:path\]' <<<"$output"
	grep -q '^Layers' <<<"$output"
}

@test "--help options lists options with the form of their values" {
	run -0 sockcat --help options
	grep -q 'reuseaddr' <<<"$output"
	grep -q 'connect-timeout=TIME' <<<"$output"
}

@test "--help exit-codes has every code, and so has the manual" {
	run -0 sockcat --help exit-codes
	for code in 0 1 2 6 7 18 23 26 27 28 35 45 51 55 56 58 60 77 97 126 127; do
		grep -Eq "^ +$code +[a-z]" <<<"$output" || { echo "$code is not in --help"; false; }
		grep -q "^\.It $code\$" "$SOURCE_DIR/man/sockcat.1" ||
			{ echo "$code is not in the manual"; false; }
	done
	grep -q '128+N' <<<"$output"
	grep -q '^\.It 128+N' "$SOURCE_DIR/man/sockcat.1"
}

@test "--help of a type tells which options it takes" {
	run -0 sockcat --help tcp-listen
	grep -q 'wait for a TCP connection' <<<"$output"
	grep -qw 'fork' <<<"$output"
	grep -qw 'so-reuseaddr' <<<"$output"
	lacks 'openssl-verify'
}

@test "--help of a synonym tells what it stands for" {
	run -0 sockcat --help tls-listen
	grep -q 'Stands for tls+tcp-listen:{1}' <<<"$output"
}

@test "--help of an option tells its names, its value and who takes it" {
	run -0 sockcat --help range
	grep -q 'range=RANGE' <<<"$output"
	grep -q '^Value: ' <<<"$output"
	grep -q '^Taken by: .*tcp-listen' <<<"$output"
}

@test "--help of what is not there yet says so" {
	run -0 sockcat --help tun
	grep -q 'not yet available' <<<"$output"
}

@test "--help of a flag shows its line" {
	run -0 sockcat --help linger
	[[ $output == *'-t, --linger=TIME'* ]]
	run -0 sockcat --help=-t
	[[ $output == *'-t, --linger=TIME'* ]]
}

@test "--help and a flag tells about the flag" {
	run -0 sockcat --help -t
	grep -q -- '--linger=TIME' <<<"$output"
	run -0 sockcat -h --statistics
	[ "${#lines[@]}" = 1 ]
}

@test "--help lists fork only with what can listen" {
	run -0 sockcat --help tcp-listen
	grep -qw fork <<<"$output"
	run -0 sockcat --help tcp
	[ "$(grep -cw fork <<<"$output")" = 0 ]
}

@test "--dialect has its name attached or apart, and an unknown one is refused" {
	for flags in --dialect=socat "--dialect socat" --dial=socat; do
		# shellcheck disable=SC2086 # two words
		run -0 sockcat $flags -V
		grep -q 'socat version' <<<"$output"
	done
	refused 2 'no dialect "nc"' --dialect nc -V
	refused 2 'no dialect ""' --dialect
}

@test "an address that cannot be read or written where it stands is refused" {
	refused 2 'nothing can be written' -u - stdin
	refused 2 'nothing can be written' - udp-recv:0 -u
	refused 2 'nothing can be read' -u stdout -
	refused 2 'nothing can be read.*-U' -U - create:file
	refused 2 'nothing can be' stdin udp-recv:0
	[ ! -e file ]
	run -0 bash -c 'echo hello | "$SOCKCAT" - stdin'
	[ "$output" = hello ]
}

@test "--help of an unknown name proposes the nearest one" {
	refused 2 'did you mean reuseaddr\?' --help reusaddr
	refused 2 'did you mean tcp-listen\?' --help tcp-lisen
	refused 2 '\-\-help types' --help xyzzyxyzzy
}

@test "help that cannot be written is a failure" {
	[ -e /dev/full ] || skip "no /dev/full"
	run -23 bash -c '"$SOCKCAT" --help >/dev/full'
}

@test "--version names program and version" {
	run -0 sockcat --version
	[[ ${lines[0]} =~ ^sockcat\ [0-9]+\.[0-9]+ ]]
	run -0 sockcat -V
	[[ $output == *poll* ]]
}

@test "every flag is in the manual, and the manual has no others" {
	"$SOCKCAT" --help | grep -Eo -e '^ +(-[A-Za-z0-9]{1,2}, )?--[a-z0-9-]+' |
		sed 's/.*--//' | sort -u >known
	sed -n 's/^\.It Fl //p' "$SOURCE_DIR/man/sockcat.1" | tr ' ' '\n' |
		sed -n 's/^-\([a-z]\)/\1/p' | sort -u >told
	diff known told
	for letters in $("$SOCKCAT" --help | grep -Eo -e '^ +-[A-Za-z0-9]{1,2},' | tr -d ' ,-'); do
		grep -Eq "^\.It .*Fl $letters " "$SOURCE_DIR/man/sockcat.1" ||
			{ echo "-$letters is not in the manual"; false; }
	done
}

# --- words -----------------------------------------------------------------------

@test "two addresses are relayed" {
	run -0 bash -c 'echo hello | "$SOCKCAT" - pipe'
	[ "$output" = hello ]
}

@test "one address alone talks with standard input and output" {
	run -0 bash -c 'echo hello | "$SOCKCAT" pipe'
	[ "$output" = hello ]
}

@test "-u with one address sends standard input to it" {
	run -0 bash -c 'echo hello | "$SOCKCAT" -u open:out,creat'
	[ "$(cat out)" = hello ]
}

@test "-U with one address prints what comes from it" {
	echo hello >in
	run -0 sockcat -U open:in
	[ "$output" = hello ]
}

@test "flags may stand between and behind the addresses" {
	echo hello >in
	run -0 sockcat open:in -u -
	[ "$output" = hello ]
	run -0 sockcat open:in - --left-to-right
	[ "$output" = hello ]
}

@test "-, with options, with !! and behind -- are addresses" {
	run -0 bash -c 'echo hello | "$SOCKCAT" -u -,ignoreeof=0 -'
	[ "$output" = hello ]
	echo hello >in
	run -0 sockcat -u -- open:in -
	[ "$output" = hello ]
	run -0 bash -c 'echo hello | "$SOCKCAT" "-!!-" pipe'
	[ "$output" = hello ]
}

@test "flags of one letter may be joined, with a value behind the last" {
	echo hello >in
	run -0 sockcat -uT5 open:in -
	[ "$output" = hello ]
}

@test "long flags may be cut short where that is clear" {
	echo hello >in
	run -0 sockcat --left open:in -
	[ "$output" = hello ]
	refused 2 'cut too short' --l open:in -
}

@test "no address is an error that says what to try" {
	refused 2 'no address given.*--help'
}

@test "a third address is pointed at" {
	run -2 sockcat - pipe wc -l
	[[ ${lines[0]} == *'two addresses already'*unquoted* ]]
	[[ ${lines[1]} == '  wc' ]]
	[[ ${lines[2]} == '  ^~' ]]
}

@test "an unknown flag is pointed at, with the nearest known one" {
	run -2 sockcat --statistcs - pipe
	[[ ${lines[0]} == *'did you mean --statistics?'* ]]
	[[ ${lines[1]} == '  --statistcs' ]]
	[[ ${lines[2]} == '  ^~'* ]]
	run -2 sockcat -Z - pipe
	[[ ${lines[0]} == *'no flag -Z'* ]]
	[[ ${lines[2]} == '   ^' ]]
}

@test "a flag whose value is missing, superfluous or senseless is refused" {
	refused 2 '\-t wants a value: TIME' -t
	refused 2 '\-\-lock wants a value' --lock
	refused 2 '\-lf wants a value: FILE' -lf
	refused 2 '\-\-hex takes no value' --hex=1 - pipe
	refused 2 'linger: "soon" is no time' -t soon - pipe
	refused 2 'idle: "5x" is no time' -T 5x - pipe
	refused 2 'block size' -b 0 - pipe
	refused 2 'block size' -b many - pipe
	refused 2 'log level' -d5 - pipe
	refused 2 'one of y f s m p u h' -lz - pipe
	refused 2 'signal mask' -S x - pipe
	refused 2 'no dialect "klingon"' --dialect=klingon - pipe
}

@test "-u and -U together are refused" {
	refused 2 'exclude each other' -u -U - pipe
}

@test "-T 0 is refused and says what to use instead" {
	refused 2 'above 0, or off' -T0 - pipe
	run -0 bash -c 'echo hello | "$SOCKCAT" -T off - pipe'
	[ "$output" = hello ]
}

@test "-T ends a silent session with 0" {
	run -0 bash -c 'sleep 5 | "$SOCKCAT" -T 50ms - pipe & wait $!'
}

@test "-d levels: errors only, warnings, notices, details" {
	run -0 bash -c 'echo | "$SOCKCAT" - pipe 2>&1 >/dev/null'
	[ -z "$output" ]
	run -0 bash -c 'echo | "$SOCKCAT" -d -d - pipe 2>&1 >/dev/null'
	[[ $output == *'starting data transfer loop'* ]]
	[[ $output == *'exiting with status 0'* ]]
	two=${#output}
	run -0 bash -c 'echo | "$SOCKCAT" -ddd - pipe 2>&1 >/dev/null'
	[ ${#output} -gt "$two" ]
	run -0 bash -c 'echo | "$SOCKCAT" --debug=2 - pipe 2>&1 >/dev/null'
	[ ${#output} -le $((two + 8)) ]
	run -7 sockcat -d0 - tcp:127.0.0.1:1
	[[ $output == *error* ]]
}

@test "-lf appends the log to a file" {
	echo before >log
	run -0 bash -c 'echo | "$SOCKCAT" -d -d -lf log - pipe >/dev/null'
	[ -z "$output" ]
	[ "$(head -n 1 log)" = before ]
	grep -q 'exiting with status 0' log
	run -0 bash -c 'echo | "$SOCKCAT" -d -d --log-file=log2 - pipe >/dev/null'
	grep -q 'exiting with status 0' log2
	refused 23 'nowhere/log' -lf nowhere/log - pipe
}

@test "-lp changes the program's name in the log" {
	run sockcat -lp relay -d -d - pipe </dev/null
	[[ $output == relay:* ]]
}

@test "-D shows the descriptors that are open" {
	run -0 bash -c '"$SOCKCAT" -D - pipe </dev/null 2>&1 >out'
	[[ $output == *'descriptor 0: character device'* ]]
	[[ $output == *'descriptor 1: file, for writing'* ]]
}

@test "-b limits what is moved at once" {
	head -c 1000 /dev/zero >in
	run -0 bash -c '"$SOCKCAT" -u -b 100 --statistics open:in - 2>&1 >out'
	grep -Eq 'left to right +1000 +10 +' <<<"$output"
	same in out
}

@test "--statistics tells how much went each way" {
	run -0 bash -c 'echo hello | "$SOCKCAT" --statistics - pipe 2>&1 >/dev/null'
	grep -Eq 'left to right +6 ' <<<"$output"
	grep -Eq 'right to left +6 ' <<<"$output"
}

# --- dumps -------------------------------------------------------------------------

@test "-v and -x show the data with directions" {
	run -0 bash -c 'echo hello | "$SOCKCAT" -v - pipe 2>&1 >/dev/null'
	[[ $output == *'> '*'length=6'*hello*'< '*hello* ]]
	run -0 bash -c 'echo hello | "$SOCKCAT" -x - pipe 2>&1 >/dev/null'
	[[ $output == *'68 65 6c 6c 6f 0a'* ]]
}

@test "--hexdump shows offsets, hexadecimal and text" {
	run -0 bash -c 'echo hello | "$SOCKCAT" --hexdump - pipe 2>&1 >/dev/null'
	[[ $output == *'68 65 6c 6c 6f'*hello* ]]
}

@test "-r and -R copy each direction to a file of any name" {
	run -0 bash -c 'echo hello | "$SOCKCAT" -r "a,b c=1.raw" -R right.raw - exec:"tr a-z A-Z"'
	[ "$output" = HELLO ]
	[ "$(cat 'a,b c=1.raw')" = hello ]
	[ "$(cat right.raw)" = HELLO ]
}

# --- locks -------------------------------------------------------------------------

@test "-L holds the lock file while it runs and removes it" {
	start holder "$SOCKCAT" -d -d -L lock tcp-listen:0 pipe
	wait_for holder 'listening on'
	[ "$(cat lock)" = "$(cat holder.pid)" ]
	refused 1 "lock is held by process $(cat holder.pid)" -L lock - pipe
	stop holder
	[ ! -e lock ]
}

@test "-L names a lock that was left behind" {
	sh -c 'echo $$' >lock
	refused 1 'left by process .* remove it' -L lock - pipe
	[ -e lock ]
	: >lock
	refused 1 'lock file lock is there' -L lock - pipe
}

@test "-W waits until the lock file is gone" {
	: >lock
	start waiter "$SOCKCAT" -d -d -W lock - pipe
	wait_for waiter 'waiting until the lock file'
	rm lock
	finish waiter
	[ "$status" -eq 0 ]
	[ ! -e lock ]
}

# --- fork and roles -------------------------------------------------------------------

@test "fork on both addresses is refused" {
	run -2 sockcat tcp-listen:0,fork tcp-listen:0,fork
	[[ ${lines[0]} == *'only one of the two'* ]]
	[[ ${lines[2]} == *'^~~~'* ]]
}

@test "fork on an address that only connects is refused, with what there is instead" {
	refused 2 'retry= and forever' tcp:127.0.0.1:1,fork -
}

@test "the second address may be the one that serves" {
	listen server pipe tcp-listen:0,fork,bind=127.0.0.1
	for turn in 1 2; do
		run -0 bash -c "echo hello $turn | '$SOCKCAT' - tcp:127.0.0.1:$PORT"
		[ "$output" = "hello $turn" ]
	done
	stop server
}

@test "one address alone may serve, to standard output" {
	listen server -U tcp-listen:0,fork,bind=127.0.0.1
	echo one | sockcat -u - "tcp:127.0.0.1:$PORT"
	wait_out server one
	echo two | sockcat -u - "tcp:127.0.0.1:$PORT"
	wait_out server two
	stop server
}

@test "max-children lets later clients wait" {
	listen server tcp-listen:0,fork,bind=127.0.0.1,max-children=1 pipe
	mkfifo hold
	start_in first /dev/null bash -c "'$SOCKCAT' -d -d OPEN:hold,rdonly!!- tcp:127.0.0.1:$PORT"
	exec 7>hold
	wait_for first 'starting data transfer'
	echo late >late.in
	start_in second late.in bash -c "exec '$SOCKCAT' - tcp:127.0.0.1:$PORT 7>&-"
	run ! grep -q late second.out
	exec 7>&-
	wait_out second late
	stop server
}

# --- loop ---------------------------------------------------------------------------

@test "every way of waiting that there is relays" {
	for name in poll epoll kqueue; do
		SOCKCAT_LOOP=$name run bash -c 'echo hello | "$SOCKCAT" - pipe'
		[ "$output" = hello ] || [[ $output == *'no such way of waiting'* ]]
	done
	SOCKCAT_LOOP=poll run -0 bash -c 'echo hello | "$SOCKCAT" - pipe'
	[ "$output" = hello ]
}

@test "an unknown way of waiting is refused with the known ones" {
	SOCKCAT_LOOP=magic run -2 sockcat - pipe
	[[ $output == *SOCKCAT_LOOP=magic*poll* ]]
}

# --- signals --------------------------------------------------------------------------

@test "a lone session ends at once by TERM, INT, HUP and QUIT with 128+n" {
	for pair in TERM:143 INT:130 HUP:129 QUIT:131; do
		mkfifo hold 2>/dev/null || :
		start "s$pair" "$SOCKCAT" -d -d tcp-listen:0,bind=127.0.0.1 pipe
		wait_for "s$pair" 'listening on'
		kill -"${pair%:*}" "$(cat "s$pair.pid")"
		finish "s$pair"
		[ "$status" -eq "${pair#*:}" ]
		grep -q "exiting on signal" "s$pair.err"
	done
}

@test "a server told to end lets its sessions finish" {
	listen server tcp-listen:0,fork,bind=127.0.0.1 pipe
	mkfifo hold
	start_in client /dev/null bash -c "'$SOCKCAT' -d -d OPEN:hold,rdonly!!- tcp:127.0.0.1:$PORT"
	exec 7>hold
	wait_for client 'starting data transfer'
	wait_for server 'starting data transfer'
	kill -TERM "$(cat server.pid)"
	wait_for server 'sessions may finish'
	run -7 sockcat - "tcp:127.0.0.1:$PORT"
	echo still here >&7
	wait_out client 'still here'
	exec 7>&-
	finish server
	[ "$status" -eq 143 ]
}

@test "the second signal ends a server at once" {
	listen server tcp-listen:0,fork,bind=127.0.0.1 pipe
	mkfifo hold
	start_in client /dev/null bash -c "'$SOCKCAT' -d -d OPEN:hold,rdonly!!- tcp:127.0.0.1:$PORT"
	exec 7>hold
	wait_for server 'starting data transfer'
	kill -TERM "$(cat server.pid)"
	wait_for server 'sessions may finish'
	kill -TERM "$(cat server.pid)"
	finish server
	[ "$status" -eq 143 ]
	exec 7>&-
}

@test "USR1 prints counters and the relay goes on" {
	mkfifo in
	start_in relay /dev/null bash -c "exec '$SOCKCAT' -d -d OPEN:in,rdonly!!- pipe"
	exec 7>in
	echo hello >&7
	wait_out relay hello
	kill -USR1 "$(cat relay.pid)"
	wait_for relay 'left to right +6 '
	exec 7>&-
	finish relay
	[ "$status" -eq 0 ]
}

@test "closed standard descriptors are not mistaken for ours" {
	run -0 bash -c 'echo hello >in; "$SOCKCAT" -u open:in open:out,creat <&- >&-'
	[ "$(cat out)" = hello ]
	run bash -c 'echo hello | "$SOCKCAT" -u - - >&-'
	[ "$status" -ne 0 ]
}

@test "more descriptors are taken than the soft limit, and programs get the old limit" {
	hard=$(ulimit -Hn)
	[ "$hard" = unlimited ] || [ "$hard" -gt 64 ] || skip "hard limit too low"
	run -0 bash -c 'ulimit -Sn 64; "$SOCKCAT" -U - system:"ulimit -Sn"'
	[ "$output" = 64 ]
}
