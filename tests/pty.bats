load lib.bash

# --- the address pty ------------------------------------------------------------------

# on_pty NAME ARGS...: starts sockcat and waits for its terminal; sets TTY.
on_pty() {
	local name=$1
	shift
	start "$name" "$SOCKCAT" -d -d "$@"
	wait_for "$name" 'PTY is /dev/' || return 1
	TTY=$(sed -n 's/.*PTY is \(\/dev\/[^ ]*\).*/\1/p' "$name.err" | head -n 1)
}

@test "what one writes to the terminal is read, and its user's going is the end" {
	on_pty one -u pty,raw,echo=0 -
	printf 'a\rb\nc' >"$TTY"
	finish one
	[ "$status" = 0 ]
	printf 'a\rb\nc' >expected
	same expected one.out
}

@test "two terminals make a serial line" {
	start one "$SOCKCAT" -d -d pty,raw,echo=0,link=left pty,raw,echo=0,link=right
	wait_path right
	exec 7<>left 8<>right
	echo there >&7
	read -r -t 5 line <&8
	[ "$line" = there ]
	echo back >&8
	read -r -t 5 line <&7
	[ "$line" = back ]
	exec 7>&- 8>&-
	finish one
	[ ! -e left ]
	[ ! -e right ]
}

@test "link= is a way to the terminal and goes with it" {
	on_pty one pty,link=tty,raw stall
	[ "$(readlink tty)" = "$TTY" ]
	stop one
	[ "$status" = 143 ]
	[ ! -L tty ]
}

@test "a link left behind is replaced, anything else is not" {
	ln -s /dev/pts/9999 tty
	on_pty one pty,link=tty stall
	[ "$(readlink tty)" = "$TTY" ]
	stop one
	echo precious >./tty
	run "$SOCKCAT" pty,link=tty stall
	[ "$status" = 23 ]
	[[ "$output" == *"is no link to a terminal"* ]]
	[ "$(cat tty)" = precious ]
	on_pty two pty,link=tty,unlink-early,unlink-close=0 stall
	stop two
	[ -L tty ]
}

@test "a link that somebody else has taken since is not removed" {
	on_pty one pty,link=tty stall
	ln -sfn /elsewhere tty
	stop one
	[ "$(readlink tty)" = /elsewhere ]
}

@test "chdir is where the link is made" {
	mkdir sub
	on_pty one pty,link=tty,chdir=sub stall
	[ -L sub/tty ]
	stop one
	[ ! -L sub/tty ]
}

@test "mode, user and group are the terminal's, and never the device's that makes them" {
	before=$(stat -Lc %a:%u:%g /dev/ptmx)
	on_pty one pty,mode=606,raw stall
	[ "$(stat -c %a "$TTY")" = 606 ]
	on_pty two pty,perm-late=622 stall
	[ "$(stat -c %a "$TTY")" = 622 ]
	if [ "$(id -u)" = 0 ]; then
		on_pty three pty,user=12,group=34 stall
		[ "$(stat -c %u:%g "$TTY")" = 12:34 ]
	fi
	[ "$(stat -Lc %a:%u:%g /dev/ptmx)" = "$before" ]
}

@test "termios options hold before anybody opens it" {
	need stty
	on_pty one pty,raw,echo=0,b9600 stall
	modes=$(stty -a -F "$TTY")
	[[ "$modes" == *"speed 9600"* && "$modes" == *"-icanon"* && "$modes" == *" -echo "* ]]
	on_pty two pty,winsz=30:99 stall
	[ "$(stty size -F "$TTY")" = "30 99" ]
}

@test "everything written arrives, though the reader is slow" {
	random_file 400000 in
	start one "$SOCKCAT" -u open:in pty,raw,link=tty,wait-slave,pty-interval=0.05
	wait_path tty
	python3 -c "
import os, time
fd = os.open('tty', os.O_RDONLY | os.O_NOCTTY)
out = open('out', 'wb')
n = 0
while True:
    try: data = os.read(fd, 4096)
    except OSError: break
    if not data: break
    out.write(data)
    n += 1
    if n % 20 == 0: time.sleep(0.05)"
	finish one
	same in out
}

@test "everything a program writes to it is read" {
	random_file 400000 in
	on_pty one -u pty,raw -
	cat in >"$TTY"
	finish one
	same in one.out
}

@test "on a terminal in line mode the end is its own character" {
	printf 'line\nbegun' >in
	start_in one in "$SOCKCAT" -u - pty,echo=0,link=tty,wait-slave,pty-interval=0.05
	wait_path tty
	[ "$(timeout 5 cat tty)" = $'line\nbegun' ]
	finish one
}

@test "wait-slave waits for somebody to open it" {
	on_pty one -u pty,raw,wait-slave,pty-interval=0.05 exec:'echo started >&2'
	sleep 0.3
	! grep -q 'starting data transfer loop' one.err || false
	echo >"$TTY"
	wait_for one 'starting data transfer loop'
	finish one
}

@test "sitout-eio waits for the next user" {
	on_pty one -u pty,raw,sitout-eio=5 -
	echo first >"$TTY"
	wait_out one first
	sleep 0.2
	echo second >"$TTY"
	wait_out one second
	stop one
}

@test "ptmx and openpty make a terminal as well" {
	on_pty one pty,ptmx stall
	[ -c "$TTY" ]
	on_pty two pty,openpty stall
	[ -c "$TTY" ]
}

@test "nothing to write leaves the terminal open for its user" {
	on_pty one pty,raw -
	sleep 0.8
	echo later >"$TTY"
	finish one
	grep -q later one.out
}

# --- a program on a terminal --------------------------------------------------------------

@test "with pty a program finds a terminal" {
	run "$SOCKCAT" -u 'system:test -t 1 && tty <&1,pty' -
	[ "$status" = 0 ]
	[[ "$output" == /dev/* ]]
	for option in ptmx openpty; do
		run "$SOCKCAT" -u "system:test -t 1 && echo yes,$option" -
		[[ "$output" == yes* ]]
	done
}

@test "the program on a terminal hears of the end of its input" {
	run timeout 5 "$SOCKCAT" - exec:cat,pty,echo=0,onlcr=0 <<<hello
	[ "$status" = 0 ]
	[ "$output" = hello ]
	printf 'no newline' >in
	run timeout 5 "$SOCKCAT" - exec:cat,pty,echo=0,onlcr=0 <in
	[ "$status" = 0 ]
	[ "$output" = 'no newline' ]
}

@test "so does each of several readers" {
	run timeout 8 "$SOCKCAT" - 'system:cat; cat; cat; echo over,pty,echo=0,onlcr=0' <<<hello
	[ "$status" = 0 ]
	[ "$output" = $'hello\nover' ]
}

@test "an interactive shell runs what it is given to the end, then leaves" {
	need bash
	printf 'sleep 1\necho re"sult"\n' >in
	run timeout 10 "$SOCKCAT" - 'exec:bash --norc --noprofile -i,pty,setsid,ctty,stderr' <in
	[ "$status" = 0 ]
	[[ "$output" == *result* ]]
}

@test "termios options and the window are the program's" {
	need stty
	run "$SOCKCAT" -u 'system:stty size <&1; stty -a <&1,pty,winsz=30:99,raw,echo=0' -
	[[ "$output" == *"30 99"* && "$output" == *"-icanon"* ]]
}

@test "ctty makes it the program's own terminal" {
	run "$SOCKCAT" -u 'system:(: >/dev/tty) && echo own,pty,setsid,ctty' -
	[[ "$output" == own* ]]
	run "$SOCKCAT" -u 'system:(: </dev/tty) && echo own,pty,setsid' -
	[[ "$output" == own* ]]
	run "$SOCKCAT" -u 'system:(: </dev/tty) 2>/dev/null || echo none,pty,setsid,ctty=0' -
	[[ "$output" == none* ]]
	run "$SOCKCAT" --dialect=socat -u 'system:(: </dev/tty) 2>/dev/null || echo none,pty,setsid' -
	[[ "$output" == none* ]]
}

@test "the interrupt character reaches the program on its own terminal" {
	mkfifo keys
	exec 8<>keys
	start_in one keys "$SOCKCAT" - 'system:trap \"echo caught; exit\" INT; echo ready; while \:; do sleep 0.05; done,pty,setsid,ctty,echo=0'
	wait_out one ready
	printf '\003' >&8
	wait_out one caught
	finish one
	exec 8>&-
}

@test "a shell served on a terminal takes its interrupts from the other end" {
	need bash
	listen one tcp-listen:0,bind=127.0.0.1 exec:"bash --norc --noprofile -i",pty,stderr,setsid,sigint,sane
	mkfifo keys
	exec 8<>keys
	start_in two keys "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	echo 'echo re"ady"; sleep 30' >&8
	wait_out two ready
	printf '\003' >&8
	echo 'echo af"ter"; exit' >&8
	wait_out two after
	finish one
	exec 8>&-
}

@test "link= leads to a program's terminal" {
	start one "$SOCKCAT" -d -d stall 'exec:sleep 20,pty,link=tty'
	wait_path tty
	wait_for one "PTY is $(readlink tty)"
	stop one
	[ ! -L tty ]
}

@test "a megabyte goes through a program on a raw terminal" {
	random_file 1000000 in
	"$SOCKCAT" - exec:cat,pty,raw,echo=0 <in >out
	same in out
}

# --- the terminal we sit at -------------------------------------------------------------------

# sits ARGS SIGNAL: runs sockcat at a terminal, ends it, and compares the modes.
sits() {
	python3 - "$SOCKCAT" "$1" "$2" <<'P'
import os, pty, signal, subprocess, sys, termios, time
master, slave = pty.openpty()
before = termios.tcgetattr(slave)
p = subprocess.Popen([sys.argv[1]] + sys.argv[2].split(), stdin=slave, stdout=slave, stderr=subprocess.PIPE)
for _ in range(500):
    if termios.tcgetattr(slave) != before: break
    time.sleep(0.01)
else: sys.exit('the modes never changed: %r' % p.stderr.peek())
if sys.argv[3]: p.send_signal(getattr(signal, sys.argv[3]))
else: os.write(master, b'q')
p.wait(10)
sys.exit('not restored' if termios.tcgetattr(slave) != before else 0)
P
}

@test "our terminal has its modes back at the end and after signals" {
	sits "-,raw,echo=0,escape=0x71 exec:cat" ""
	sits "-,raw,echo=0 exec:cat" SIGTERM
	sits "-,raw,echo=0 stall" SIGINT
	sits "-,raw,echo=0 stall" SIGHUP
}
