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

# on_terminal COLUMNS FLAGS...: what a terminal of that width gets to see.
on_terminal() {
	need script
	unset COLUMNS
	script -qec "stty cols $1; '$SOCKCAT' ${*:2} -u open:in /dev/null" /dev/null </dev/null |
		tr -d '\r' >screen
}

@test "on a terminal each direction has its colour" {
	echo hi >in
	unset NO_COLOR
	on_terminal 80 --hexdump
	grep -q $'^\033\[36m> .*  3 bytes  open:in\033\[0m$' screen
	grep -q $'^\033\[36m>\033\[0m 00000000  68 69 0a  .*  |\033\[36mhi\.\033\[0m|$' screen
}

@test "--text colours what it escapes" {
	printf 'a\n' >in
	unset NO_COLOR
	on_terminal 80 --text
	grep -q $'^\033\[36m>\033\[0m a\033\[36m\\\\n\033\[0m$' screen
}

@test "NO_COLOR is obeyed on a terminal" {
	echo hi >in
	export NO_COLOR=1
	on_terminal 80 --hexdump
	grep -q '00000000' screen
	run ! grep -q $'\033' screen
}

@test "--color=never is obeyed on a terminal" {
	echo hi >in
	unset NO_COLOR
	on_terminal 80 --hexdump --color=never
	grep -q '00000000' screen
	run ! grep -q $'\033' screen
}

@test "--color=always is obeyed without a terminal and against NO_COLOR" {
	echo hi | NO_COLOR=1 sockcat --hexdump --color=always -u - /dev/null 2>err
	grep -q $'\033\[36m>' err
}

@test "socat's formats never have colours" {
	echo hi | sockcat -v -x --color=always -u - /dev/null 2>err
	run ! grep -q $'\033' err
}

@test "--color wants auto, always or never" {
	run -2 sockcat --color=sometimes - -
	[[ $output = *'--color is auto, always or never'* ]]
}

# The length of the first full row.
row() { sed -n 2p screen | tr -d '\n' | wc -c; }

@test "rows have the 32, 16, 8 or 4 bytes that the terminal has room for" {
	head -c 64 /dev/zero >in
	export NO_COLOR=1
	for pair in 200:146 146:146 145:80 80:80 79:47 47:47 46:31 20:31; do
		on_terminal "${pair%:*}" --hexdump
		echo "$pair: $(row)"
		[ "$(row)" = "${pair#*:}" ]
	done
}

@test "a terminal that is made narrower gets shorter rows from the next block on" {
	need python3
	python3 - "$SOCKCAT" >screen <<-'EOF'
	import fcntl, os, pty, struct, subprocess, sys, termios

	def width(columns):
	    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('4H', 25, columns, 0, 0))

	# Reads until the text has come: a pipe and a terminal may cut it anywhere.
	def shown(end):
	    got = b''
	    while end not in got:
	        got += os.read(master, 4096)
	    return got

	master, slave = pty.openpty()
	width(80)
	p = subprocess.Popen([sys.argv[1], '--hexdump', '--color=never', '-u', '-', '/dev/null'],
	                     stdin=subprocess.PIPE, stderr=slave)
	for columns in 80, 50:
	    width(columns)
	    p.stdin.write(b'0123456789abcdef')
	    p.stdin.flush()
	    sys.stdout.buffer.write(shown(b'f|\r\n'))
	p.stdin.close()
	p.wait()
	EOF
	[ "$(grep -c '|0123456789abcdef|' screen)" = 1 ]
	[ "$(grep -c '|01234567|' screen)" = 1 ]
	[ "$(grep -c '|89abcdef|' screen)" = 1 ]
}

@test "without a terminal COLUMNS tells the width, else rows have 16 bytes" {
	head -c 64 /dev/zero >in
	unset COLUMNS
	sockcat --hexdump -u open:in /dev/null 2>screen
	[ "$(row)" = 80 ]
	COLUMNS=60 sockcat --hexdump -u open:in /dev/null 2>screen
	[ "$(row)" = 47 ]
	COLUMNS=wide sockcat --hexdump -u open:in /dev/null 2>screen
	[ "$(row)" = 80 ]
}

@test "the width of the terminal counts, not COLUMNS" {
	need script
	head -c 64 /dev/zero >in
	NO_COLOR=1 COLUMNS=200 script -qec "stty cols 80; '$SOCKCAT' --hexdump -u open:in /dev/null" /dev/null </dev/null |
		tr -d '\r' >screen
	[ "$(row)" = 80 ]
}

@test "--text shows lines, with escapes for what is not readable" {
	printf 'GET / HTTP/1.1\r\n\r\n\tcaf\303\251 \\ \033[31m\0\377' | sockcat --text -u - /dev/null 2>err
	sed -n 1p err | grep -Ex '> [0-9:]{8}\.[0-9]{6}  34 bytes  -'
	[ "$(sed -n '2,$p' err | sed '$d')" = '> GET / HTTP/1.1\r\n
> \r\n
> \tcafé \\ \x1b[31m\x00\xff' ]
	sed -n '$p' err | grep -Ex '> [0-9:.]{15}  end  -'
}

@test "a dump tells the sessions of a server apart" {
	listen echo --text tcp-listen:0,bind=127.0.0.1,fork pipe
	for i in 1 2 3; do
		echo "hello $i" | sockcat - "tcp:127.0.0.1:$PORT" >/dev/null
	done
	for i in 1 2 3; do
		wait_for echo "^> [0-9:.]*  #$i  end  tcp"
		[ "$(grep -A 1 "^> [0-9:.]*  #$i  8 bytes  tcp " echo.err | grep -c "^> hello $i\\\\n\$")" = 1 ]
	done
}

# --- the limit ------------------------------------------------------------------

unstamp_own() { sed -E 's/^([<>]) [0-9:.]{15}  /\1 TIME  /' "$@"; }

@test "--dump-limit shows the first bytes of each direction and says so once" {
	printf '0123456789abcdefghij' >in
	sockcat -b 6 --text --dump-limit=8 open:in exec:'tr a-z A-Z' 2>err
	grep '^>' err | unstamp_own | diff - <(
		echo '> TIME  6 bytes  open:in'
		echo '> 012345'
		echo '> TIME  2 bytes  open:in'
		echo '> 67'
		echo '> TIME  more than 8 bytes: the rest is not shown  open:in'
		echo '> TIME  end after 20 bytes  open:in')
	[ "$(grep -c '^<.*more than 8 bytes' err)" = 1 ]
	grep '^<.*end after 20 bytes' err
}

@test "--dump-limit says nothing when all was shown" {
	printf '01234567' | sockcat --hexdump --dump-limit=8 -u - /dev/null 2>err
	run ! grep -q 'more than' err
	unstamp_own err | grep -x '> TIME  end  -'
}

@test "--dump-limit holds for socat's formats, whose heads stay right" {
	printf 'abcdefgh' >in
	sockcat -v --dump-limit=3 -u open:in /dev/null 2>err
	[ "$(unstamped err)" = '> STAMP  length=3 from=0 to=2
abc
> STAMP  more than 3 bytes: the rest is not shown' ]
}

@test "--dump-limit is for each session anew, and not for raw copies" {
	listen echo --text --dump-limit=3 -r raw tcp-listen:0,bind=127.0.0.1,fork pipe
	for i in 1 2; do
		echo "hello $i" | sockcat - "tcp:127.0.0.1:$PORT" >/dev/null
		wait_for echo "^> .*  #$i  end after 8 bytes"
	done
	[ "$(grep -c '^> hel$' echo.err)" = 2 ]
	[ "$(cat raw)" = $'hello 1\nhello 2' ]
}

@test "--dump-limit wants a number of bytes" {
	for wrong in 0 -1 many ''; do
		run -2 sockcat --hexdump --dump-limit="$wrong" - -
		[[ $output = *'wants a number of bytes above 0'* ]]
	done
}

# --- where it goes ---------------------------------------------------------------

@test "--dump-file gets the dump, standard error only the log" {
	echo hi | sockcat -d -d --hexdump --dump-file=seen - exec:'tr a-z A-Z' >out 2>err
	[ "$(cat out)" = HI ]
	grep -q '^> 00000000  68 69 0a ' seen
	grep -q '^< 00000000  48 49 0a ' seen
	run ! grep -q '^[<>]' err
	grep -q '^sockcat: ' err
}

@test "--dump-file appends" {
	for word in one two; do
		printf %s "$word" | sockcat -x --dump-file=seen -u - /dev/null
	done
	[ "$(unstamped seen)" = '> STAMP  length=3 from=0 to=2
 6f 6e 65
> STAMP  length=3 from=0 to=2
 74 77 6f' ]
}

@test "--dump-file is obeyed by a hexdump in the stack" {
	echo hi | sockcat --dump-file=seen - hexdump+exec:cat >out 2>err
	grep -q '^< 00000000  68 69 0a ' seen
	[ ! -s err ]
}

@test "--dump-file holds in the socat dialect, too" {
	echo hi | sockcat --dialect=socat -v --dump-file=seen -u - /dev/null
	[ "$(unstamped seen)" = '> STAMP  length=3 from=0 to=2
hi' ]
}

@test "--dump-file and --dump-limit want something to be shown" {
	for flag in --dump-file=seen --dump-limit=9; do
		run -2 sockcat "$flag" -r raw -u /dev/null open:out,creat
		[[ $output = *"${flag%=*} without anything to show"*--hexdump* ]]
		[ ! -e out ] && [ ! -e seen ]
	done
}

@test "a dump file that can't be opened is refused before anything opens" {
	run -23 sockcat -x --dump-file=none/such/file -u /dev/null open:out,creat
	[[ $output = *'none/such/file'*'no such file or directory'* ]]
	[ ! -e out ]
}

@test "a full disk ends the dump with a warning, not the traffic" {
	[ -e /dev/full ] || skip "no /dev/full"
	random_file 200000 in
	sockcat -x --dump-file=/dev/full -u open:in open:out,creat 2>err
	same in out
	[ "$(grep -c 'warning: the dump in /dev/full ends here: no space left' err)" = 1 ]
}

# A pipe of one page, read page by page: the writer has to wait again and again.
@test "a slow reader of the dump gets all of it, in order" {
	need python3
	random_file 300000 in
	python3 - "$SOCKCAT" <<-'EOF'
	import fcntl, os, subprocess, sys

	for blocking in True, False:
	    r, w = os.pipe()
	    if hasattr(fcntl, 'F_SETPIPE_SZ'):
	        fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
	    os.set_blocking(w, blocking)
	    p = subprocess.Popen([sys.argv[1], '-x', '-u', 'open:in', '/dev/null'], stderr=w)
	    os.close(w)
	    got = b''
	    while chunk := os.read(r, 1000):
	        got += chunk
	    p.wait()
	    rows = [l for l in got.splitlines() if not l.startswith(b'>')]
	    data = bytes.fromhex(b''.join(rows).decode())
	    assert data == open('in', 'rb').read(), len(data)
	EOF
}

# unread HOW FLAGS...: 20 MB pass while nobody reads standard error (both: and standard
# output, which is the same pipe; fifo: a FIFO that stays open).  Then it is read: "seen".
unread() {
	need python3
	rm -f in out fifo
	random_file 20000000 in
	mkfifo fifo
	timeout 100 python3 - "$SOCKCAT" "$@" >told <<-'EOF'
	import os, subprocess, sys, time

	def until(true):
	    end = time.time() + 60
	    while not true():
	        assert time.time() < end
	        time.sleep(0.01)

	program, how, *flags = sys.argv[1:]
	r, w = os.pipe()
	if how == 'fifo':
	    r = os.open('fifo', os.O_RDONLY | os.O_NONBLOCK)
	    os.set_blocking(r, True)
	p = subprocess.Popen([program, *flags, '-u', 'open:in', 'create:out'],
	                     stderr=subprocess.DEVNULL if how == 'fifo' else w,
	                     stdout=w if how == 'both' else None)
	os.close(w)
	size = lambda: os.path.exists('out') and os.path.getsize('out')
	until(lambda: size() == 20000000)
	got = open('seen', 'wb')
	while chunk := os.read(r, 1000000):
	    got.write(chunk)
	print(p.wait())
	EOF
}

# The dump of all that passed, as a file has it, less what is missing.
adds_up() {
	local note missing length

	"$SOCKCAT" "$@" -u open:in /dev/null 2>whole
	note=$(grep -a 'bytes are missing here: who reads this is too slow$' seen)
	[ "$(wc -l <<<"$note")" = 1 ]
	missing=${note##*warning: } missing=${missing%% *}
	length=$(($(wc -c <seen) - ${#note} - 1))
	echo "$note: $missing + $length = $(wc -c <whole)"
	[ "$((missing + length))" = "$(wc -c <whole)" ]
}

@test "who does not read the dump holds nothing up, and is told what is missing" {
	unread pipe -x
	same in out
	[ "$(cat told)" = 0 ]
	adds_up -x
}

@test "a FIFO that nobody reads holds nothing up either" {
	unread fifo -x --dump-file=fifo
	same in out
	[ "$(cat told)" = 0 ]
	adds_up -x
}

# beside FLAGS...: 200 sessions while nobody reads the FIFO that FLAGS name, which has
# room for a few; then it is read: "seen".
beside() {
	need python3
	rm -f fifo
	mkfifo fifo
	timeout 100 python3 - "$SOCKCAT" "$@" <<-'EOF'
	import os, re, socket, subprocess, sys

	r = os.open('fifo', os.O_RDONLY | os.O_NONBLOCK)
	p = subprocess.Popen([*sys.argv[1:], 'tcp-listen:0,bind=127.0.0.1,fork', 'pipe'])
	os.set_blocking(r, True)
	got = b''
	def read_until(what):
	    global got
	    while not what():
	        got += os.read(r, 65536)
	port = lambda: re.search(rb'127\.0\.0\.1:([0-9]+)', got)
	read_until(port)
	for i in range(200):
	    c = socket.create_connection(('127.0.0.1', int(port()[1])), 20)
	    c.sendall(b'x')
	    c.shutdown(socket.SHUT_WR)
	    assert c.recv(2) == b'x'
	    assert c.recv(2) == b''
	read_until(lambda: len(re.findall(rb'close:|"close"', got)) == 200)
	p.terminate()
	while chunk := os.read(r, 65536):
	    got += chunk
	open('seen', 'wb').write(got)
	assert p.wait() == 143
	EOF
}

@test "a FIFO for the log that nobody reads holds no session up, and gets all in the end" {
	beside -d -d -d -lf fifo
	[ "$(grep -c 'session [0-9]*: close: ' seen)" = 200 ]
	[ "$(tail -n 1 seen | cut -d ' ' -f 3-)" = 'sockcat: exiting with status 143' ]
}

@test "nor does one for events" {
	need jq
	beside --log-json=fifo
	[ "$(jq -s '[.[] | select(.event == "close") | .session] == [range(200) | . + 1]' seen)" = true ]
	tail -n 1 seen | grep -q '"event":"exit","code":143}$'
}

@test "nor is it held up when standard output is the same pipe, but without data" {
	unread both -x
	same in out
	[ "$(cat told)" = 0 ]
	adds_up -x
}

@test "the log in JSON says so in its own way" {
	unread pipe -x --log-json
	same in out
	grep -aq '"message":"[0-9]* bytes are missing here: who reads this is too slow"}$' seen
}

@test "a pipe that gets data and dump gets all of both, however slow its reader" {
	random_file 10000000 in
	timeout 100 "$SOCKCAT" -x -u open:in - 2>&1 | tr a b >seen
	[ "$(grep -ac 'bytes are missing' seen)" = 0 ]
	[ "$(wc -c <seen)" -gt 40000000 ]
}

@test "with --strict a dump that misses something is a failure" {
	unread pipe -x --strict
	[ "$(cat told)" = 23 ]
	grep -aq 'error: standard error: its reader is too slow' seen
}

# slowly FLAGS...: the relay goes at the pace of a reader, who gets all.
slowly() {
	random_file 10000000 in
	rm -f fifo
	mkfifo fifo
	timeout 100 "$@" -x -u open:in /dev/null 2> >(tr a b | wc -c >fifo) &
	relay=$!
	read -r n <fifo
	wait "$relay"
	"$@" -x -u open:in /dev/null 2>whole
	echo "$n of $(wc -c <whole)"
	[ "$n" = "$(wc -c <whole)" ]
}

@test "with --dump-wait a slow reader gets all of any length" {
	slowly "$SOCKCAT" --dump-wait
}

@test "in the socat dialect a slow reader gets all" {
	slowly "$SOCKCAT" --dialect=socat
}

@test "a raw copy waits for its reader, as nothing in it could tell of a loss" {
	random_file 20000000 in
	mkfifo fifo
	timeout 100 "$SOCKCAT" -r fifo -u open:in /dev/null <>fifo &
	relay=$!
	head -c 20000000 fifo >copy
	wait "$relay"
	same in copy
}

# stuck FLAGS...: TERM while standard error is full and nobody reads it.
stuck() {
	need python3
	head -c 1000000 /dev/zero >in
	timeout 60 python3 - "$SOCKCAT" "$@" <<-'EOF'
	import os, select, signal, subprocess, sys, time

	r, w = os.pipe()
	p = subprocess.Popen([sys.argv[1], *sys.argv[2:], '-v', '-u', 'open:in!!open:in', 'pipe'],
	                     stderr=w)
	while select.select([], [w], [], 0)[1]:	# until it is full
	    time.sleep(0.01)
	p.send_signal(signal.SIGTERM)
	status = p.wait(20)
	print(status)
	assert status == 143, status
	EOF
}

@test "TERM ends the program while nobody reads standard error" {
	stuck
	stuck --dump-wait
	stuck --dialect=socat
}

# unheard FLAGS...: TERM while nobody has read the FIFO that FLAGS name, which is full.
unheard() {
	need python3
	rm -f fifo
	mkfifo fifo
	timeout 60 python3 - "$SOCKCAT" "$@" <<-'EOF'
	import os, subprocess, sys

	r = os.open('fifo', os.O_RDONLY | os.O_NONBLOCK)
	w = os.open('fifo', os.O_WRONLY | os.O_NONBLOCK)
	try:
	    while True:
	        os.write(w, bytes(4096))
	except BlockingIOError:
	    os.close(w)
	p = subprocess.Popen([*sys.argv[1:], '-', 'pipe'],
	                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)
	p.stdin.write(b'x')
	p.stdin.flush()
	assert p.stdout.read(1) == b'x'
	p.terminate()
	status = p.wait(20)
	assert status == 143, status
	EOF
}

@test "TERM ends the program while nobody reads the FIFO of its log or events" {
	unheard -d -d -d -lf fifo
	unheard --log-json=fifo
}

# It comes again and again: who could say when the program waits for its last words to go?
@test "TERM ends the program whose place another is to take, while nobody reads" {
	need python3
	timeout 60 python3 - "$SOCKCAT" <<-'EOF'
	import os, select, signal, subprocess, sys, time

	r, w = os.pipe()
	while select.select([], [w], [], 0)[1]:
	    os.write(w, bytes(4096))
	p = subprocess.Popen([sys.argv[1], '-d', '-d', 'pipe', 'exec:sleep 50,nofork'], stderr=w)
	deadline = time.time() + 20
	while p.poll() is None and time.time() < deadline:
	    time.sleep(0.1)
	    p.send_signal(signal.SIGTERM)
	status = p.poll()
	p.kill()
	assert status in (143, -15), status
	EOF
}

@test "TERM ends workers while nobody reads standard error" {
	need python3
	timeout 60 python3 - "$SOCKCAT" "$(free_port)" <<-'EOF'
	import os, select, signal, socket, subprocess, sys, time

	program, port = sys.argv[1:]
	r, w = os.pipe()
	p = subprocess.Popen([program, '-v', '--dump-wait', '--workers=2', '-u',
	                      f'tcp-listen:{port},bind=127.0.0.1,fork', '/dev/null'], stderr=w)
	while True:
	    try:
	        c = socket.create_connection(('127.0.0.1', port))
	        break
	    except ConnectionRefusedError:
	        time.sleep(0.01)
	c.setblocking(False)
	while select.select([], [w], [], 0)[1]:	# until it is full
	    try:
	        c.send(bytes(10000))
	    except BlockingIOError:
	        time.sleep(0.01)
	c.close()
	p.send_signal(signal.SIGTERM)
	status = p.wait(20)
	assert status in (143, -15), status
	EOF
}

@test "a dump of any size is one write for each block" {
	need strace
	random_file 100000 in
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o calls -e trace=read,write "$SOCKCAT" -x --hexdump --text -u open:in /dev/null 2>err
	blocks=$(grep -c '^> .*  length=' err)
	[ "$blocks" -gt 0 ]
	[ "$(grep -c 'write(2,' calls)" = $((blocks + 1)) ]	# and the end
}

# --- the rest --------------------------------------------------------------------

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
