# --progress: a line that changes in place on a terminal, lines elsewhere.

load lib.bash

# terminal NAME COLUMNS CMD...: in the background, standard error on a terminal of so
# many columns, whose output goes to NAME.out and whose name to NAME.tty; standard
# input is NAME.in, kept open as descriptor 7 until `exec 7>&-`.
terminal() {
	local name=$1 columns=$2
	shift 2
	need python3
	mkfifo "$name.in"
	start "$name" python3 -c '
import fcntl, os, pty, struct, sys, termios
name, columns, argv = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
with open(name + ".tty.tmp", "w") as f:
    f.write(os.ttyname(slave))
os.rename(name + ".tty.tmp", name + ".tty")
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    os.dup2(os.open(name + ".in", os.O_RDONLY), 0)
    os.dup2(os.open(name + ".data", os.O_WRONLY | os.O_CREAT, 0o666), 1)
    os.dup2(slave, 2)
    os.execvp(argv[0], argv)
with open(name + ".child.tmp", "w") as f:
    f.write("%d\n" % pid)
os.rename(name + ".child.tmp", name + ".child")
os.close(slave)
while True:
    try:
        got = os.read(master, 4096)
    except OSError:
        break
    if not got:
        break
    os.write(1, got)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
' "$name" "$columns" "$@"
	exec 7<>"$name.in"
	wait_path "$name.child"
}

# screen FILE COLUMNS: what a terminal of that width shows in the end, line by line;
# fails if anything has been written beyond its edge.
screen() {
	python3 -c '
import sys
width, line, at = int(sys.argv[2]), [], 0
for c in open(sys.argv[1], newline="").read():
    if c == "\n":
        print("".join(line).rstrip())
        line = []
    elif c == "\r":
        at = 0
    else:
        if at >= width:
            sys.exit("beyond column %d: %s" % (width, "".join(line)))
        line[at:at + 1] = [c]
        at += 1
print("".join(line).rstrip())
' "$1" "$2"
}

# The longest that has ever been drawn, from the byte OFFSET of FILE on.
longest() { tail -c "+$((${2:-0} + 1))" "$1" | tr '\r' '\n' | sed 's/ *$//' | awk '{ if (length > n) n = length } END { print n + 0 }'; }

long_line='5 B  [0-9.]+ B/s  average [0-9.]+ B/s  [0-9]:[0-9][0-9]:[0-9][0-9]  5%  ETA [0-9]+:[0-9][0-9]:[0-9][0-9]'

@test "on a terminal one line changes in place, and the last one stays" {
	terminal relay 200 "$SOCKCAT" --progress --size=100 -u - -
	printf hello >&7
	wait_out relay "$long_line"
	printf world >&7
	wait_out relay '10 B .*10%'
	exec 7>&-
	finish relay
	[ "$status" = 0 ]
	[ "$(cat relay.data)" = helloworld ]
	screen relay.out 200 >seen
	cat seen
	[ "$(wc -l <seen)" -le 2 ]
	grep -Eq '^10 B  average [0-9.]+ B/s  0:00:[0-9]+  10%$' seen
}

@test "events on the same terminal stand on lines of their own" {
	terminal relay 1000 "$SOCKCAT" --progress --size=100 --log-json -u - -
	printf hello >&7
	wait_out relay '5 B .*5%'
	exec 7>&-
	finish relay
	screen relay.out 1000 >seen
	cat seen
	[ "$(grep -c '"event":"eof"' seen)" = 1 ]
	[ "$(grep -c '"event":' seen)" = "$(grep -c '^{.*"event":.*}$' seen)" ]
}

@test "it fits terminals of 40, 80 and 200 columns" {
	local columns

	for columns in 40 80 200; do
		terminal "at$columns" "$columns" "$SOCKCAT" --progress --size=100 -u - -
		printf hello >&7
		wait_out "at$columns" '5 B .*5%'
		exec 7>&-
		finish "at$columns"
		screen "at$columns.out" "$columns"
		[ "$(longest "at$columns.out")" -lt "$columns" ]
	done
	grep -Eq "$long_line" <(tr '\r' '\n' <at200.out)
	run ! grep -q average <(tr '\r' '\n' <at40.out | grep ETA)
}

@test "it follows a terminal that is resized" {
	terminal relay 120 "$SOCKCAT" --progress --size=100 -u - -
	printf hello >&7
	wait_out relay "$long_line"
	stty -F "$(cat relay.tty)" cols 30
	local from
	from=$(wc -c <relay.out)
	printf world >&7
	wait_until eval 'tail -c "+$((from + 1))" relay.out | grep -q "10 B"'
	# what was on its way when the size changed has gone by now
	from=$(wc -c <relay.out)
	printf again >&7
	wait_until eval 'tail -c "+$((from + 1))" relay.out | grep -q "15 B"'
	[ "$(longest relay.out "$from")" -lt 30 ]
	stty -F "$(cat relay.tty)" cols 100
	wait_until eval 'tail -c 200 relay.out | grep -Eq "15 B .*average.*ETA"'
	exec 7>&-
	finish relay
	[ "$status" = 0 ]
}

@test "log lines and dumps keep clear of it" {
	terminal relay 80 "$SOCKCAT" --progress -d -d -v -u - -
	printf 'hello\n' >&7
	wait_out relay '6 B .*average'
	printf 'world\n' >&7
	wait_out relay '12 B .*average'
	exec 7>&-
	finish relay
	screen relay.out 80 >seen
	cat seen
	grep -q '^> .* length=6' seen
	grep -q '^hello$' seen
	grep -q '^world$' seen
	grep -Eq '^sockcat: socket 1 \(fd [0-9]+\) is at EOF$' seen
	grep -Eq '^12 B  average .*$' seen
}

@test "of a failure both the message and the last line stay" {
	[ -e /dev/full ] || skip "no /dev/full"
	terminal relay 120 "$SOCKCAT" --progress -u - open:/dev/full
	wait_out relay '0 B  0 B/s'
	echo hello >&7
	finish relay
	exec 7>&-
	[ "$status" = 23 ]
	screen relay.out 120 >seen
	cat seen
	grep -q '^sockcat: error: .*no space left' seen
	grep -q '^0 B  average' seen
}

@test "who cannot be reached gets no progress" {
	run --separate-stderr -7 sockcat --progress - "tcp:127.0.0.1:$(free_port)" </dev/null
	[ "${#stderr_lines[@]}" = 1 ]
}

@test "not on a terminal it is whole lines, the last one at the end" {
	run --separate-stderr -0 sockcat --progress -u text:hello -
	[ "$output" = hello ]
	[[ $stderr != *$'\r'* ]]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr =~ ^'sockcat: 5 B  average '[0-9.]+' '[KMG]?i?'B/s  0:00:00'$ ]]
}

@test "not on a terminal there is a line every few seconds" {
	mkfifo feed
	start_in relay feed "$SOCKCAT" --progress -u - create:out
	exec 7<>feed
	printf hello >&7
	wait_for relay '^sockcat: 5 B  0 B/s  average [0-9.]+ B/s  0:00:0[0-9]$'
	exec 7>&-
	finish relay
	[ "$status" = 0 ]
	[ "$(grep -c '5 B' relay.err)" -ge 2 ]
}

@test "SIGUSR1 prints it once, and the relay goes on" {
	mkfifo feed
	start_in relay feed "$SOCKCAT" --progress --size=10 -u - -
	exec 7<>feed
	printf hello >&7
	wait_out relay hello
	kill -USR1 "$(cat relay.pid)"
	wait_for relay '^sockcat: 5 B  [0-9.]+ B/s  average .*50%  ETA [0-9:]+$'
	run ! grep -q statistics relay.err
	printf world >&7
	wait_out relay helloworld
	exec 7>&-
	finish relay
	[ "$status" = 0 ]
}

@test "on a terminal SIGUSR1 leaves a line behind" {
	terminal relay 80 "$SOCKCAT" --progress --size=10 -u - -
	printf hello >&7
	wait_out relay '5 B .*50%'
	kill -USR1 "$(cat relay.child)"
	wait_until eval 'grep -q "50%.*$(printf "\r")$" relay.out'
	exec 7>&-
	finish relay
	screen relay.out 80 >seen
	cat seen
	[ "$(grep -c '^5 B' seen)" = 2 ]
}

@test "a server tells its sessions, and what all of them have moved" {
	mkfifo feed
	listen server --progress tcp-listen:0,bind=127.0.0.1,fork pipe
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<12345
	start_in client feed "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 7<>feed
	printf hello >&7
	wait_out client hello
	kill -USR1 "$(cat server.pid)"
	wait_for server '^sockcat: 1 of 2 sessions open  > 11 B  < 11 B  [0-9.]+ B/s  average '
	exec 7>&-
	finish client
	stop server
	grep -Eq '^sockcat: 0 of 2 sessions open  > 11 B  < 11 B  average ' server.err
}

@test "a regular file tells its size, less what is skipped" {
	head -c 3000 /dev/zero >in
	run --separate-stderr -0 sockcat --progress -u open:in create:out
	[[ $stderr == *'2.9 KiB '*' 100%' ]]
	run --separate-stderr -0 sockcat --progress -u open:in,seek=1000 create:out
	[[ $stderr == *'2.0 KiB '*' 100%' ]]
	run --separate-stderr -0 sockcat --progress -u - create:out <in
	[[ $stderr == *'2.9 KiB '*' 100%' ]]
	run --separate-stderr -0 sockcat --progress -U create:out open:in,readbytes=500
	[[ $stderr == *'500 B '*' 100%' ]]
}

@test "of a file that is sent slowly a share is told" {
	head -c 100000 /dev/zero >in
	mkfifo out
	exec 7<>out
	start relay "$SOCKCAT" --progress -d -d -u open:in open:out
	wait_for relay 'starting data transfer'
	# as much as a pipe takes, for nobody reads
	wait_until eval 'kill -USR1 "$(cat relay.pid)" && grep -Eq "64.0 KiB .* 65%  ETA 0:00:" relay.err'
	head -c 100000 <&7 >got
	finish relay
	exec 7>&-
	[ "$status" = 0 ]
	same in got
}

@test "a shaped source has a time of arrival" {
	head -c 3000 /dev/zero >in
	start relay "$SOCKCAT" --progress -d -d -u open:in,down.rate=1000 create:out
	wait_for relay 'starting data transfer'
	wait_until eval 'kill -USR1 "$(cat relay.pid)" && grep -Eq "[0-9]%  ETA 0:00:0[0-9]" relay.err'
	finish relay
	[ "$status" = 0 ]
	grep -q '100%$' relay.err
}

@test "what was done at once was fast, not slow" {
	head -c 100000 /dev/zero >file
	run -0 --separate-stderr sockcat --progress -u open:file open:/dev/null
	[[ $stderr =~ 'sockcat: 97.7 KiB  average '[1-9][0-9.]*' '[KMG]iB/s ]]
}

@test "with --size= more than was said is no more than all" {
	run --separate-stderr -0 sockcat --progress --size=3 -u text:hello -
	[[ $stderr == *'5 B '*' 100%' ]]
}

flow() { python3 -c "import termios; termios.tcflow(open('$1', 'r+b', 0), termios.$2)"; }

@test "a terminal that is stopped does not hold up the relay" {
	terminal relay 80 "$SOCKCAT" --progress -u -,down.rate=1000 create:out
	printf hello >&7
	wait_out relay '5 B .*average'
	flow "$(cat relay.tty)" TCOOFF
	# enough for the line to be due some times meanwhile
	printf '%01500d' 0 >&7
	wait_until eval '[ "$(wc -c <out)" = 1505 ]'
	flow "$(cat relay.tty)" TCOON
	exec 7>&-
	finish relay
	[ "$status" = 0 ]
}

@test "--size= without --progress, and what is no size, are refused" {
	run -2 sockcat --size=100 -u text:x -
	[[ $output == *--progress* ]]
	run -2 sockcat --progress --size=much -u text:x -
	[[ $output == *much* ]]
	run -2 sockcat --progress --size=0 -u text:x -
}
