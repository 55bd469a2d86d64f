#!/usr/bin/env bats
# shape: faults on purpose, in each direction, and nothing but those.

load lib.bash
load peers.bash

# client CODE: Python with c, connected to PORT.
client() {
	need python3
	PORT=$PORT python3 -c '
import os, socket, struct, sys, time
c = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), timeout=20)
def read_all():
    got = b""
    while True:
        piece = c.recv(65536)
        if not piece:
            return got
        got += piece
'"$1"
}

echo_server() { listen echo tcp-listen:0,bind=127.0.0.1,fork pipe; }

# through OPTIONS: a relay with these to the echo server; PORT is the relay's.
through() {
	echo_server
	listen relay tcp-listen:0,bind=127.0.0.1,fork "shape+tcp:127.0.0.1:$PORT,$1"
}

# datagrams COUNT OPTIONS: numbered messages through unix datagram sockets; what
# arrives stands in sink.out.
datagrams() {
	need python3
	rm -f in out
	start sink python3 -u -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("out")
while True:
    m = s.recv(1000)
    if m == b"end": break
    print(m.decode())'
	wait_path out
	start relay "$SOCKCAT" -u unix-recv:in,null-eof "shape+unix-sendto:out,$2"
	wait_path in
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("in")
for i in range(int(sys.argv[1])):
    s.send(b"%d " % i * (i + 1))
s.send(b"")' "$1"
	finish relay
	[ "$status" = 0 ]
	python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("out")
s.send(b"end")'
	finish sink
}

# --- nothing is lost ---------------------------------------------------------------

@test "a megabyte both ways comes out the same whatever delays and cuts it" {
	local o
	random_file 1000000 x0
	random_file 1000000 x1
	for o in latency=30ms latency=5ms,jitter=20ms rate=4M chop=1..700 \
		up.chop=100,down.latency=20ms chop=3..99,jitter=5ms,rate=20M; do
		listen far tcp-listen:0,bind=127.0.0.1 'open:x1!!create:got1'
		sockcat 'open:x0!!create:got0' "shape+tcp:127.0.0.1:$PORT,$o"
		finish far
		[ "$status" = 0 ]
		same x0 got1
		same x1 got0
	done
}

@test "shape stands on either side of TLS, and twice" {
	need_tls
	local stack
	random_file 300000 x
	listen echo shape+tls+shape+tcp-listen:0,bind=127.0.0.1,fork,cert=auto,shape2.chop=1..500,shape.latency=5ms pipe
	for stack in shape+tls+tcp tls+shape+tcp; do
		sockcat -t5 'open:x!!create:got' "$stack:127.0.0.1:$PORT,verify=0,latency=10ms,chop=50..5000"
		same x got
	done
}

@test "TLS gets through its handshake where data flows one way only" {
	need_tls
	random_file 100000 x
	listen srv -u open:x tls+shape+tcp-listen:0,bind=127.0.0.1,cert=auto,latency=10ms
	sockcat -u "tls+shape+tcp:127.0.0.1:$PORT,verify=0,latency=10ms" create:got
	same x got
	listen srv -u tls+shape+tcp-listen:0,bind=127.0.0.1,cert=auto,latency=10ms create:got2
	sockcat -u open:x "tls+shape+tcp:127.0.0.1:$PORT,verify=0,latency=10ms"
	finish srv
	same x got2
}

@test "programs, UNIX sockets and files can be shaped as well" {
	random_file 100000 x
	start srv "$SOCKCAT" unix-listen:s,fork pipe
	wait_path s
	for address in exec:cat system:cat,pipes unix:s pipe; do
		sockcat 'open:x!!create:got' "shape+$address,latency=5ms,chop=1..1000"
		same x got
	done
	sockcat -u open:x,rate=1M create:got,latency=10ms
	same x got
}

# --- when ---------------------------------------------------------------------------

@test "latency holds back both ways, each by its own" {
	through up.latency=80ms,down.latency=120ms
	client '
since = time.monotonic()
c.send(b"ping")
assert c.recv(4) == b"ping"
assert time.monotonic() - since >= 0.2
since = time.monotonic()
c.shutdown(socket.SHUT_WR)
assert c.recv(4) == b""
assert time.monotonic() - since >= 0.2'
}

@test "latency leaves the throughput: much is on its way at the same time" {
	through up.latency=1s
	client '
import threading
since = time.monotonic()
def send():
    for i in range(100):
        c.send(bytes(1000)); time.sleep(0.001)
    c.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
assert len(read_all()) == 100000
# one after the other it would be 100 s
assert 1 <= time.monotonic() - since < 50'
}

@test "rate lets no more through, with or without the layer's name" {
	echo_server
	random_file 200000 x
	for address in "shape+tcp:127.0.0.1:$PORT,up.rate=400k" "tcp:127.0.0.1:$PORT,rate=400k"; do
		python3 -c '
import subprocess, sys, time
since = time.monotonic()
subprocess.run(sys.argv[1:], stdin=open("x"), stdout=open("got", "w"), check=True)
assert time.monotonic() - since >= (200000 - 2 * 20480) / 409600' "$SOCKCAT" - "$address"
		same x got
	done
}

# --- pieces -------------------------------------------------------------------------

# pieces OPTIONS: the lengths of the datagrams that a shaped file becomes
pieces() {
	need python3
	rm -f out
	start sink python3 -u -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("out")
got = b""
while len(got) < 1000:
    m = s.recv(100000)
    print(len(m))
    got += m
assert got == open("x", "rb").read()'
	wait_path out
	sockcat -u "shape+open:x,$1" unix-sendto:out
	finish sink
	[ "$status" = 0 ]
}

@test "chop hands on pieces of the lengths asked for, the same for the same seed" {
	random_file 1000 x
	pieces chop=7
	[ "$(sort -u sink.out)" = "$(printf '6\n7')" ]
	pieces chop=1..7,seed=5
	[ "$(sort -u sink.out)" = "$(seq 1 7)" ]
	mv sink.out first
	pieces chop=1..7,seed=5
	same first sink.out
	pieces down.chop=1..7,seed=6
	run ! cmp -s first sink.out
}

@test "a peer that takes one recv for one send meets more than one" {
	peer sink "
c, a = listener.accept()
print('pieces', len(list(iter(lambda: c.recv(100), b''))), flush=True)"
	sockcat -u text:0123456789012345678901234567890123456789 "tcp:127.0.0.1:$PORT,chop=4,rate=80"
	finish sink
	[ "$(sed -n 's/^pieces //p' sink.out)" -ge 2 ]
}

# --- what breaks --------------------------------------------------------------------

@test "stall-after: the bytes before arrive, then nothing moves until -T" {
	peer sink "
c, a = listener.accept()
got = b''
while len(got) < 3: got += c.recv(100)
print('got', got, flush=True)
print('then', read_all(c), flush=True)"
	run -28 sockcat -T 0.5 text:hello "shape+tcp:127.0.0.1:$PORT,up.stall-after=3"
	finish sink
	[ "$(sed 1d sink.out)" = "$(printf "got b'hel'\nthen b''")" ]
}

@test "a time limit that cuts what is still on its way is a failure" {
	run -28 --separate-stderr sockcat -T 0.2 text:hello pipe,latency=1h
	[[ $stderr == *'pipe,latency=1h was not done within the time limit'* ]]
}

@test "stall-after: what comes is not read any more either" {
	run -0 sockcat -T 0.3 -u text:hello,stall-after=2 -
	[ "$output" = he ]
}

@test "reset-after: the peer gets the bytes before, then a reset" {
	echo_server
	listen relay "shape+tcp-listen:0,bind=127.0.0.1,fork,up.reset-after=3" "tcp:127.0.0.1:$PORT"
	client '
c.send(b"hello")
got = b""
try:
    while True:
        piece = c.recv(100)
        assert piece
        got += piece
except ConnectionResetError:
    pass
assert got == b"hel", got'
	wait_for relay 'reset by shape: reset-after=3'
}

@test "reset-after counts what comes, too, and fails the session" {
	peer srv "
c, a = listener.accept()
c.send(b'hello')
try:
    print('end', read_all(c), flush=True)
except ConnectionResetError:
    print('reset', flush=True)"
	run -56 sockcat -u "tcp:127.0.0.1:$PORT,down.reset-after=5" -
	[[ $output == hello*"reset by shape: reset-after=5"* ]]
	finish srv
	[ "$(sed 1d srv.out)" = reset ]
}

@test "close-after: the peer sees the end, and the other way goes on" {
	peer srv "
c, a = listener.accept()
print('got', read_all(c), flush=True)
c.send(b'and yet it answers')"
	run -0 sockcat text:hello!!- "tcp:127.0.0.1:$PORT,up.close-after=3"
	[ "$output" = "and yet it answers" ]
	finish srv
	[ "$(sed 1d srv.out)" = "got b'hel'" ]
	run -0 sockcat -u text:hello,close-after=4 -
	[ "$output" = hell ]
}

@test "drop-after: the rest is swallowed, the end is not" {
	run -0 sockcat - exec:cat,up.drop-after=7 <<<'hello world'
	[ "$output" = "hello w" ]
	run -0 sockcat - exec:cat,down.drop-after=2 <<<'hello world'
	[ "$output" = he ]
}

@test "corrupt flips single bits, in the same bytes for the same seed" {
	random_file 100000 x
	sockcat -u open:x,corrupt=1%,seed=3 create:a
	sockcat -u open:x,corrupt=0.01,chop=1..50,seed=3 create:b
	sockcat -u open:x,corrupt=1%,seed=4 create:c
	same a b
	run ! cmp -s a c
	python3 -c '
x, a = open("x", "rb").read(), open("a", "rb").read()
assert len(x) == len(a)
wrong = [i ^ k for i, k in zip(x, a) if i != k]
assert 700 < len(wrong) < 1300, len(wrong)
assert all(w & (w - 1) == 0 for w in wrong)'
}

# --- messages ------------------------------------------------------------------------

@test "loss, dup and reorder keep boundaries, and a seed repeats them" {
	local o
	for o in up.loss=30%,seed=1 loss=0.3,seed=1 dup=30%,seed=2 reorder=30%,seed=3; do
		datagrams 50 "$o"
		python3 -c '
import sys
for line in open("sink.out"):
    w = line.split()
    assert len(set(w)) == 1 and len(w) == int(w[0]) + 1'
		mv sink.out "$o"
	done
	same up.loss=30%,seed=1 loss=0.3,seed=1
	[ "$(wc -l <loss=0.3,seed=1)" -lt 50 ]
	[ "$(wc -l <dup=30%,seed=2)" -gt 50 ]
	[ "$(wc -l <reorder=30%,seed=3)" = 50 ]
	run ! sort -nc reorder=30%,seed=3
}

@test "a lost message is lost and the others are there" {
	datagrams 20 loss=100%
	[ ! -s sink.out ]
	datagrams 20 dup=100%
	[ "$(cut -d ' ' -f 1 sink.out)" = "$(for i in {0..19}; do echo "$i"; echo "$i"; done)" ]
	datagrams 20 reorder=100%
	[ "$(cut -d ' ' -f 1 sink.out)" = "$(for i in {0..19..2}; do echo $((i + 1)); echo "$i"; done)" ]
}

@test "each session of a server has its own chances, the same ones in each run" {
	local run
	for run in 1 2; do
		listen srv shape+tcp-listen:0,bind=127.0.0.1,fork,up.corrupt=20%,seed=9 pipe
		for i in {1..5}; do
			sockcat text:0123456789!!- "tcp:127.0.0.1:$PORT"
			echo
		done >"run$run"
		stop srv
	done
	same run1 run2
	[ "$(sort -u run1 | wc -l)" = 5 ]
}

# --- and the rest ----------------------------------------------------------------------

@test "a fast writer does not fill the memory with what is late" {
	sanitized && skip "memory is not the program's own under a sanitizer"
	head -c 100000000 /dev/zero >x
	run -28 sh -c "ulimit -v 60000; exec '$SOCKCAT' -u -T 0.5 open:x create:got,latency=1h"
	run -0 sh -c "ulimit -v 60000; exec '$SOCKCAT' -u -T 0.5 open:x,latency=1h create:got"
	head -c 10000000 x >y
	run -28 sh -c "ulimit -v 60000; exec '$SOCKCAT' -u -T 0.5 open:y create:got,latency=1h,chop=1"
}

@test "without a seed the log tells the one that was taken" {
	run -0 sockcat -d -d -u text:hello,corrupt=50% -
	[[ $output =~ "chance comes from seed="[0-9]+ ]]
	run -0 sockcat -d -d -u text:hello,latency=1ms -
	[[ $output != *"seed="* ]]
}

@test "what makes no sense is refused before anything opens" {
	local address word
	while IFS='|' read -r address word; do
		run -2 sockcat - "$address"
		[[ $output == *"$word"* ]]
	done <<-'END'
		shape+tcp:127.0.0.1:1|shape needs something to do
		tcp:127.0.0.1:1,seed=5|shape needs something to do
		tcp:127.0.0.1:1,rate=0|rate is at least 1
		tcp:127.0.0.1:1,latency=2h|latency is an hour at most
		tcp:127.0.0.1:1,chop=0|from 1 to
		tcp:127.0.0.1:1,loss=5%|loss is for messages
		tcp:127.0.0.1:1,corrupt=200%|a share such as
		udp:127.0.0.1:1,chop=3|chop is for streams
		frame+tcp:127.0.0.1:1,frame=len8,chop=3|chop is for streams
		tcp:127.0.0.1:1,up.nodelay|has no direction
		tcp:127.0.0.1:1,tcp.rate=5|for the layer "shape"
	END
}
