#!/usr/bin/env bats
# The relay: what passes, what ends it, and with which exit code.

bats_require_minimum_version 1.5.0

load lib.bash

# A peer with odd manners.  peer NAME CODE: runs the Python lines with `peer()` at
# hand, which listens, says where, and returns the first connection; sets PORT.
peer() {
	start "$1" python3 -c '
import os, select, signal, socket, struct, sys, time

def listener():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(8)
    print("port", s.getsockname()[1], flush=True)
    return s

def peer():
    return listener().accept()[0]

def dial(port):
    return socket.create_connection(("127.0.0.1", int(port)))

def everything(c):
    return b"".join(iter(lambda: c.recv(65536), b""))

def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()

def say(*words):
    print(*words, flush=True)

def await_file(name):
    while not os.path.exists(name):
        time.sleep(0.01)
'"$2" || return 1
	case $2 in
	*peer\(\)*|*listener\(\)*)
		wait_out "$1" '^port [0-9]' || return 1
		PORT=$(sed -n 's/^port //p' "$1.out")
		;;
	esac
}

setup() {
	lib_setup
	need python3
}

# --- the ends of streams -----------------------------------------------------

@test "an answer that comes long after the end of the input is relayed" {
	peer late '
c = peer()
n = len(everything(c))
time.sleep(0.8)
c.sendall(b"%d bytes" % n)
'
	run sockcat - "tcp:127.0.0.1:$PORT" <<<"hello"
	echo "$output"
	[ "$status" = 0 ]
	[ "$output" = "6 bytes" ]
}

@test "a client may end its half first: the target's answer still comes" {
	peer target '
c = peer()
c.sendall(b"x" * len(everything(c)))
'
	listen relay tcp-listen:0,bind=127.0.0.1 "tcp:127.0.0.1:$PORT"
	peer client "
c = dial($PORT)
c.sendall(b'a' * 300000)
c.shutdown(socket.SHUT_WR)
say('got', len(everything(c)))
"
	wait_out client '^got 300000$'
	finish relay
	[ "$status" = 0 ]
}

@test "a target may end its half first: the client can still send" {
	peer target '
c = peer()
c.sendall(b"goodbye")
c.shutdown(socket.SHUT_WR)
say("target got", len(everything(c)))
'
	listen relay tcp-listen:0,bind=127.0.0.1 "tcp:127.0.0.1:$PORT"
	peer client "
c = dial($PORT)
say('client got', everything(c).decode())
c.sendall(b'a' * 300000)
c.close()
"
	wait_out client '^client got goodbye$'
	wait_out target '^target got 300000$'
	finish relay
	[ "$status" = 0 ]
}

@test "half-close goes both ways in a listener with fork, too" {
	peer target '
s = listener()
for i in range(2):
    c = s.accept()[0]
    c.sendall(b"%d" % len(everything(c)))
    c.close()
'
	listen relay tcp-listen:0,bind=127.0.0.1,fork "tcp:127.0.0.1:$PORT"
	[ "$(head -c 70000 /dev/zero | sockcat - "tcp:127.0.0.1:$PORT")" = 70000 ]
	[ "$(head -c 5 /dev/zero | sockcat - "tcp:127.0.0.1:$PORT")" = 5 ]
}

@test "both directions are full at once, and every byte arrives" {
	random_file 4000000 left
	random_file 5000000 right
	listen a tcp-listen:0,bind=127.0.0.1 'open:left!!create:right.got'
	run sockcat 'open:right!!create:left.got' "tcp:127.0.0.1:$PORT"
	echo "$output"
	[ "$status" = 0 ]
	finish a
	[ "$status" = 0 ]
	same left left.got
	same right right.got
}

# --- limits ------------------------------------------------------------------

@test "-t ends the wait for an answer that does not come" {
	peer mute '
c = peer()
everything(c)
await_file("over")
'
	run timeout 10 "$SOCKCAT" -t 0.2 - "tcp:127.0.0.1:$PORT" <<<"hello"
	touch over
	echo "$output"
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "-t does not cut an answer that keeps coming" {
	peer slow '
c = peer()
everything(c)
over = time.monotonic() + 2.5
while time.monotonic() < over:
    c.sendall(b".")
    time.sleep(0.02)
c.sendall(b"end")
'
	run sockcat -t 2 - "tcp:127.0.0.1:$PORT" <<<"hello"
	[ "$status" = 0 ]
	[[ "$output" == *.end ]]
}

@test "-T ends a session in which nothing moves either way" {
	mkfifo quiet
	exec 7<>quiet
	peer mute '
c = peer()
say("closed after", len(everything(c)))
'
	run timeout 10 "$SOCKCAT" -T 0.2 - "tcp:127.0.0.1:$PORT" <quiet
	exec 7>&-
	echo "$output"
	[ "$status" = 0 ]
	wait_out mute '^closed after 0$'
}

@test "-T does not end one in which something moves now and then" {
	peer slow '
c = peer()
over = time.monotonic() + 2.5
while time.monotonic() < over:
    c.sendall(b".")
    time.sleep(0.02)
c.sendall(b"end")
'
	run sockcat -T 2 -u "tcp:127.0.0.1:$PORT" -
	[ "$status" = 0 ]
	[[ "$output" == *.end ]]
}

# --- directions and blocks ---------------------------------------------------

@test "-u only carries from left to right" {
	peer talker '
c = peer()
c.sendall(b"not wanted")
say("got", everything(c).decode())
'
	run sockcat -u - "tcp:127.0.0.1:$PORT" <<<"wanted"
	echo "$output"
	[ "$status" = 0 ]
	[ -z "$output" ]
	wait_out talker '^got wanted$'
}

@test "-U only carries from right to left, and leaves its input to others" {
	peer talker '
c = peer()
c.sendall(b"wanted\n")
c.shutdown(socket.SHUT_WR)
say("got", len(everything(c)))
'
	printf 'for the next one\n' >input
	run bash -c '{ "$SOCKCAT" -U - "tcp:127.0.0.1:$1"; cat; } <input' - "$PORT"
	echo "$output"
	[ "$status" = 0 ]
	[ "$output" = $'wanted\nfor the next one' ]
	wait_out talker '^got 0$'
}

@test "-b sets how much is carried at once, and --statistics counts it" {
	random_file 100 in
	run sockcat --statistics -b 16 -u open:in create:out
	echo "$output"
	[ "$status" = 0 ]
	grep -Eq 'left to right +100 +7 ' <<<"$output"
	grep -Eq 'right to left +0 +0 +0 ' <<<"$output"
	same in out
}

@test "-b of one byte and of several megabytes both carry everything" {
	local size

	random_file 20000 in
	for size in 1 4000000; do
		sockcat -b "$size" -u open:in create:out
		same in out
	done
}

@test "-b 0 is refused" {
	run sockcat -b 0 -u /dev/null create:out
	[ "$status" = 2 ]
	[ ! -e out ]
}

@test "a dual address reads from its first half and writes to its second" {
	peer echo '
c = peer()
c.sendall(everything(c).upper())
'
	printf 'hello' >in
	run sockcat 'open:in!!create:out' "tcp:127.0.0.1:$PORT"
	echo "$output"
	[ "$status" = 0 ]
	[ "$(cat out)" = HELLO ]
	[ "$(cat in)" = hello ]
}

@test "one address alone talks with standard input and output" {
	peer echo '
c = peer()
c.sendall(everything(c).upper())
'
	run sockcat "tcp:127.0.0.1:$PORT" <<<"hello"
	[ "$status" = 0 ]
	[ "$output" = HELLO ]
}

# --- back-pressure -----------------------------------------------------------

@test "a reader that stalls stops its writer: memory does not grow" {
	[ -r /proc/self/status ] || skip "no /proc here"
	peer sink '
c = peer()
say("connected")
await_file("go")
total = 0
while True:
    data = c.recv(1 << 20)
    if not data:
        break
    total += len(data)
    if data.strip(b"\xa5"):
        say("wrong bytes")
say("got", total)
'
	listen relay tcp-listen:0,bind=127.0.0.1 "tcp:127.0.0.1:$PORT"
	peer source "
def rss():
    for line in open('/proc/$(cat relay.pid)/status'):
        if line.startswith('VmRSS:'):
            return int(line.split()[1])
offered = 64 << 20
c = dial($PORT)
c.sendall(b'\xa5' * 100000)
await_file('connected')
before = rss()
c.setblocking(False)
sent = 100000
block = b'\xa5' * 65536
while sent < offered and select.select([], [c], [], 0.5)[1]:
    sent += c.send(block[:offered - sent])
say('stalled after', sent, 'rss', before, rss())
if sent == offered:
    say('nothing stopped it')
elif rss() - before > 4096:
    say('grew')
open('go', 'w')
c.setblocking(True)
while sent < offered:
    sent += c.send(block[:offered - sent])
c.close()
say('all sent')
"
	wait_out sink connected
	touch connected
	wait_out source '^(stalled|nothing)'
	cat source.out
	PATIENCE=40 wait_out source '^all sent$'
	run ! grep -E 'grew|nothing stopped it' source.out
	wait_out sink '^got 67108864$'
	run ! grep wrong sink.out
	finish relay
	[ "$status" = 0 ]
}

@test "a stalled direction does not hold up the other one" {
	peer target '
c = peer()
c.sendall(b"first")
say("connected")
await_file("go")
c.sendall(b"second")
c.shutdown(socket.SHUT_WR)
say("got", len(everything(c)))
'
	listen relay tcp-listen:0,bind=127.0.0.1 "tcp:127.0.0.1:$PORT"
	peer client "
c = dial($PORT)
c.setblocking(False)
sent = 0
while select.select([], [c], [], 0.3)[1]:
    sent += c.send(b'x' * 65536)
c.setblocking(True)
open('go', 'w')
answer = b''
while len(answer) < 11:
    answer += c.recv(100)
say('heard', answer.decode())
c.shutdown(socket.SHUT_WR)
say('sent', sent)
everything(c)
"
	wait_out client '^heard firstsecond$'
	wait_out client '^sent [0-9]'
	wait_out target "^got $(sed -n 's/^sent //p' client.out)\$"
}

@test "a slow reader of small pieces gets every byte in order" {
	random_file 300000 in
	peer slow '
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.bind(("127.0.0.1", 0))
s.listen()
say("port", s.getsockname()[1])
c = s.accept()[0]
with open("out", "wb") as out:
    while True:
        data = c.recv(777)
        if not data:
            break
        out.write(data)
say("all read")
# peer()
'
	sockcat -u open:in "tcp:127.0.0.1:$PORT,sndbuf=4096"
	wait_out slow 'all read'
	same in out
}

@test "signals in the middle of a transfer lose nothing" {
	random_file 6000000 in
	listen sink -u tcp-listen:0,bind=127.0.0.1 create:out
	start_in source in "$SOCKCAT" -d -d -u - "tcp:127.0.0.1:$PORT,sndbuf=8192"
	wait_for source 'starting data transfer loop'
	while kill -USR1 "$(cat source.pid)" 2>/dev/null; do
		kill -USR1 "$(cat sink.pid)" 2>/dev/null || :
	done
	finish source
	[ "$status" = 0 ]
	finish sink
	[ "$status" = 0 ]
	same in out
}

# --- peers that go away ------------------------------------------------------

# through_pipe READER ARGS...: sockcat's own status, its output going to READER.
through_pipe() {
	local reader=$1
	shift
	run timeout 10 bash -c 'reader=$1; shift; "$SOCKCAT" "$@" | eval "$reader"
		echo "status ${PIPESTATUS[0]}"' - "$reader" "$@"
	echo "$output"
}

@test "writing to a pipe that nobody reads: exit 23" {
	through_pipe 'head -c 1 >/dev/null' -u /dev/zero -
	[[ $output == *"status 23" ]]
	[[ $output == *reader* ]]
}

@test "the reader of our output dies while nothing moves: it ends without another byte" {
	peer quiet '
c = peer()
c.sendall(b"hello")
everything(c)
say("closed")
'
	through_pipe 'head -c 5 >/dev/null' -u "tcp:127.0.0.1:$PORT" -
	[[ $output == *"status 0" ]]
	wait_out quiet '^closed$'
}

@test "the same when both directions are in use" {
	mkfifo quiet
	exec 7<>quiet
	peer quiet '
c = peer()
c.sendall(b"hello")
everything(c)
say("closed")
'
	through_pipe 'head -c 5 >/dev/null' - "tcp:127.0.0.1:$PORT" <quiet
	exec 7>&-
	[[ $output == *"status 0" ]]
	wait_out quiet '^closed$'
}

@test "a full disk: exit 23" {
	[ -c /dev/full ] || skip "no /dev/full here"
	run sockcat -u text:hello open:/dev/full
	echo "$output"
	[ "$status" = 23 ]
	[[ $output == */dev/full* ]]
}

@test "a peer that resets while we read: exit 56" {
	peer rude '
c = peer()
c.sendall(b"hello")
await_file("go")
reset(c)
'
	start reader "$SOCKCAT" -u "tcp:127.0.0.1:$PORT" -
	wait_out reader hello
	touch go
	finish reader
	cat reader.err
	[ "$status" = 56 ]
	[ "$(cat reader.out)" = hello ]
	grep -q 'reset' reader.err
}

@test "a peer that resets while we write: exit 55" {
	peer rude '
c = peer()
c.recv(100)
reset(c)
'
	run timeout 10 "$SOCKCAT" -u /dev/zero "tcp:127.0.0.1:$PORT"
	echo "$output"
	[ "$status" = 55 ]
}

@test "a peer that resets while we only write, and nothing moves: it ends" {
	mkfifo quiet
	exec 7<>quiet
	peer rude '
c = peer()
c.recv(100)
reset(c)
'
	printf 'hello' >&7
	start_in writer quiet "$SOCKCAT" -u - "tcp:127.0.0.1:$PORT"
	finish writer
	exec 7>&-
	cat writer.err
	[ "$status" = 55 ] || [ "$status" = 56 ]
}

@test "a peer that closes while we write: exit 55, and it is said" {
	peer rude '
c = peer()
c.recv(100)
c.close()
'
	run timeout 10 "$SOCKCAT" -u /dev/zero "tcp:127.0.0.1:$PORT"
	echo "$output"
	[ "$status" = 55 ]
	[ -n "$output" ]
}

@test "a client that resets its connection does not disturb the others" {
	listen server tcp-listen:0,bind=127.0.0.1,fork pipe
	peer rude "
for i in range(20):
    c = dial($PORT)
    c.sendall(b'x' * 1000)
    reset(c)
say('all sent')
"
	wait_out rude 'all sent'
	[ "$(printf 'hello' | sockcat - "tcp:127.0.0.1:$PORT")" = hello ]
	stop server
	[ "$status" = 143 ]
}

# --- counters and ends by signal ---------------------------------------------

@test "SIGUSR1 prints the counters of a session, which goes on" {
	mkfifo feed
	exec 7<>feed
	peer echo '
c = peer()
while True:
    data = c.recv(100)
    if not data:
        break
    c.sendall(data * 2)
'
	start_in relay feed "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	printf 'hello' >&7
	wait_out relay hellohello
	kill -USR1 "$(cat relay.pid)"
	wait_for relay 'left to right +5 +1 +1 '
	wait_for relay 'right to left +10 +[12] +[12] '
	printf 'more' >&7
	wait_out relay hellohellomoremore
	stop relay
	exec 7>&-
	[ "$status" = 143 ]
}

@test "SIGUSR1 to a listener sums up its sessions" {
	listen server tcp-listen:0,bind=127.0.0.1,fork pipe
	for _ in 1 2 3; do
		[ "$(printf 'hello' | sockcat - "tcp:127.0.0.1:$PORT")" = hello ]
	done
	kill -USR1 "$(cat server.pid)"
	wait_for server 'left to right +15 +[0-9]+ '
}

@test "TERM, INT, HUP and QUIT end a session with 128 and the signal's number" {
	local pair

	for pair in TERM:143 INT:130 HUP:129 QUIT:131; do
		mkfifo "quiet.$pair"
		exec 7<>"quiet.$pair"
		start_in relay "quiet.$pair" "$SOCKCAT" -d -d -u - create:out
		wait_for relay 'starting data transfer loop'
		kill "-${pair%:*}" "$(cat relay.pid)"
		finish relay
		exec 7>&-
		echo "$pair: $status"
		[ "$status" = "${pair#*:}" ]
		grep -q "exiting on signal $((${pair#*:} - 128))" relay.err
	done
}

@test "TERM to a listener lets running sessions finish and takes no new ones" {
	listen server tcp-listen:0,bind=127.0.0.1,fork pipe
	peer client "
c = dial($PORT)
c.sendall(b'before')
say(c.recv(100).decode())
await_file('go')
c.sendall(b'after')
c.shutdown(socket.SHUT_WR)
say(everything(c).decode())
"
	wait_out client before
	kill -TERM "$(cat server.pid)"
	wait_for server 'exiting on signal 15'
	wait_until refused "$PORT"
	touch go
	wait_out client after
	finish server
	[ "$status" = 143 ]
}

refused() { ! port_answers "$1"; }
