#!/usr/bin/env bats
# frame: messages over a stream, in each framing and both directions.

load lib.bash
load peers.bash

framings="len8 len16 len16le len32 len32le line nul slip cobs netstring octet syslog"

# encoded FRAMING: "hello", "a" and "" (where it can be) on the wire, in hex.
encoded() {
	case $1 in
	len8) echo 0568656c6c6f016100 ;;
	len16) echo 000568656c6c6f0001610000 ;;
	len16le) echo 050068656c6c6f0100610000 ;;
	len32) echo 0000000568656c6c6f000000016100000000 ;;
	len32le) echo 0500000068656c6c6f010000006100000000 ;;
	line) echo 68656c6c6f0a610a0a ;;
	nul) echo 68656c6c6f00610000 ;;
	slip) echo c068656c6c6fc0c061c0 ;;
	cobs) echo 0668656c6c6f000261000100 ;;
	netstring) echo 353a68656c6c6f2c313a612c303a2c ;;
	octet | syslog) echo 352068656c6c6f312061 ;;
	esac
}

empty_too() { case $1 in slip | octet | syslog) return 1 ;; esac; }

# collector COUNT: a datagram peer that says what it got, message by message.
collector() {
	need python3
	start dgram python3 -u -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print("port", s.getsockname()[1])
for i in range(int(sys.argv[1])):
    print("got", s.recv(100000))
' "$1"
	wait_out dgram '^port '
	DGRAM=$(sed -n 's/^port //p' dgram.out)
}

# slow_peer HEX: sends these bytes to whoever connects, one at a time, and ends.
slow_peer() {
	peer slow "
c, a = listener.accept()
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for b in bytes.fromhex('$1'):
    c.send(bytes([b]))
c.shutdown(socket.SHUT_WR)
print('heard', read_all(c).hex(), flush=True)"
}

# --- what stands on the wire ---------------------------------------------------

@test "a stream becomes messages: each framing, byte by byte from a peer" {
	local f n
	for f in $framings; do
		n=2
		! empty_too "$f" || n=3
		collector $n
		slow_peer "$(encoded "$f")"
		run -0 sockcat "frame+tcp:127.0.0.1:$PORT,frame=$f" "udp:127.0.0.1:$DGRAM"
		finish dgram
		[ "$(sed 1d dgram.out)" = "$(printf '%s\n' "got b'hello'" "got b'a'" "got b''" | head -n $n)" ]
	done
}

@test "messages become a stream: each framing, byte-exact" {
	local f want
	for f in $framings; do
		want=$(encoded "$f")
		peer sink "
want = bytes.fromhex('$want')
c, a = listener.accept()
got = b''
while len(got) < len(want):
    got += c.recv(len(want) - len(got))
print('heard', got.hex(), flush=True)"
		listen relay udp-listen:0,bind=127.0.0.1 "frame+tcp:127.0.0.1:$PORT,frame=$f"
		PORT=$PORT EMPTY=$(! empty_too "$f" || echo 1) python3 -c '
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("127.0.0.1", int(os.environ["PORT"])))
for m in [b"hello", b"a"] + ([b""] if os.environ["EMPTY"] else []):
    s.send(m)'
		finish sink
		[ "$(sed 1d sink.out)" = "heard $want" ]
		stop relay
	done
}

@test "frames of one kind become frames of another, there and back" {
	local f
	need xxd
	printf 'hello\na\n' >lines
	sockcat -u frame+open:lines,frame=line frame+create:net,frame=netstring
	for f in $framings; do
		sockcat -u frame+open:lines,frame=line "frame+create:wire,frame=$f"
		[[ $(encoded "$f") == "$(xxd -p wire)"* ]]
		run -0 sockcat "frame+open:wire,frame=$f!!frame+create:back,frame=line" \
			frame+exec:cat,frame=netstring
		same lines back
	done
}

@test "random bytes of all lengths survive each framing that carries any byte" {
	local f
	need python3
	python3 -c '
import random
r = random.Random(7)
with open("net", "wb") as out:
    for n in list(range(1, 255)) + [r.choice([1, 2, 100, 254, 255]) for i in range(300)]:
        m = r.choice([bytes([0]), b"\xc0", b"\xdb\xdd", r.randbytes(1)]) * n
        m = (m if n % 3 else r.randbytes(n))[:255]
        out.write(b"%d:%s," % (len(m), m))'
	for f in len8 len16 len16le len32 len32le slip cobs octet; do
		sockcat -u frame+open:net,frame=netstring "frame+create:wire,frame=$f"
		sockcat -u "frame+open:wire,frame=$f" frame+create:back,frame=netstring
		same net back
	done
}

@test "a megabyte of a stream goes through messages and comes out the same, both ways" {
	local f
	random_file 1000000 x0
	random_file 1000000 x1
	for f in len8 len16 slip cobs; do
		listen far "frame+tcp-listen:0,bind=127.0.0.1,frame=$f" 'open:x1!!create:got1'
		sockcat 'open:x0!!create:got0' "frame+tcp:127.0.0.1:$PORT,frame=$f"
		finish far
		[ "$status" = 0 ]
		same x0 got1
		same x1 got0
	done
}

@test "a message longer than the socket's buffers goes down whole before the next" {
	random_file 200000 x
	sockcat -b 200000 -u open:x "frame+create:want,frame=len32,frame-max=200000"
	listen sink -u tcp-listen:0,bind=127.0.0.1,rcvbuf=4096 create:got
	sockcat -u frame+open:want,frame=len32,frame-max=256k \
		"frame+tcp:127.0.0.1:$PORT,sndbuf=4096,frame=len32,frame-max=256k"
	finish sink
	same want got
}

@test "with -u what the far end of a frame has to say does not break what it is sent" {
	random_file 3000000 x
	peer sink "
c, a = listener.accept()
c.sendall(bytes(3000))
print('bytes', len(read_all(c)), flush=True)"
	sockcat -u open:x "frame+tcp:127.0.0.1:$PORT,frame=len16"
	finish sink
	[ "$(sed 1d sink.out)" = "bytes $((3000000 + 2 * 367))" ]
}

@test "a last line without its end is a line" {
	run -0 sockcat -u frame+stdio,frame=line frame+stdio,frame=netstring < <(printf 'a\nbc')
	[ "$output" = "1:a,2:bc," ]
}

@test "a stream is cut into messages that the framing can carry" {
	head -c 1000 /dev/zero >x
	sockcat -u open:x frame+create:wire,frame=len8
	[ "$(stat -c %s wire)" = 1004 ]
	sockcat -u open:x frame+create:wire,frame=len16,frame-max=100
	[ "$(stat -c %s wire)" = 1020 ]
}

# --- what goes wrong --------------------------------------------------------------

@test "a stream that ends within a message ends with 18, and the other way goes on" {
	local hex
	for hex in "len16 00" "len16 000561" "slip c061" "cobs 0361" "netstring 353a6865" "nul 61"; do
		slow_peer "${hex#* }"
		run -18 sockcat "frame+tcp:127.0.0.1:$PORT,frame=${hex% *}" text:abc
		[[ $output == *"the stream ended within a message"* ]]
	done
	finish slow
	[[ $(cat slow.out) == *"heard 61626300"* ]]
}

@test "messages that are too long end with 56 before they are read" {
	local hex
	for hex in "len16 0065" "len32 ffffffff" "netstring 393939" "octet 31303120" \
		"line $(printf '61%.0s' {1..101})" "slip c0$(printf '61%.0s' {1..101})"; do
		slow_peer "${hex#* }"
		run -56 sockcat -u "frame+tcp:127.0.0.1:$PORT,frame=${hex% *},max=100" -
		[[ $output == *"longer than 100 bytes"* ]]
	done
}

@test "what is not of the framing ends with 56" {
	local hex
	for hex in "netstring 78" "netstring 313a6162" "octet 3c33343e" "slip c0db00" "cobs 05610000"; do
		slow_peer "${hex#* }"
		run -56 sockcat -u "frame+tcp:127.0.0.1:$PORT,frame=${hex% *}" -
		[[ $output == *"what it sends is not frame=${hex% *}"* ]]
	done
}

@test "a message that the framing cannot carry is named" {
	printf '3:a\nb,' >net
	run -55 sockcat -u frame+open:net,frame=netstring frame+stdio,frame=line
	[[ $output == *"a message of 3 bytes has a line end in it (frame=line)"* ]]
	printf '0:,' >net
	run -55 sockcat -u frame+open:net,frame=netstring frame+stdio,frame=octet
	[[ $output == *"a message of 0 bytes is empty (frame=octet)"* ]]
	printf '300:%300s,' x >net
	run -55 sockcat -u frame+open:net,frame=netstring frame+stdio,frame=len8
	[[ $output == *"a message of 300 bytes is longer than its length has room for (frame=len8)"* ]]
	run -55 sockcat -u frame+open:net,frame=netstring frame+stdio,frame=slip,max=200
	[[ $output == *"a message of 300 bytes is longer than frame-max= allows"* ]]
}

@test "a peer that never completes its message costs no more than frame-max" {
	need python3
	sanitized && skip "memory is not the program's own under a sanitizer"
	peer flood "
c, a = listener.accept()
try:
    for i in range(1000): c.sendall(b'x' * 65536)
except OSError: pass"
	run -56 sh -c "ulimit -v 100000; exec '$SOCKCAT' -u frame+tcp:127.0.0.1:$PORT,frame=line -"
	[[ $output == *"longer than 65536 bytes"* ]]
}

@test "separators without end keep nobody waiting" {
	run -0 timeout 20 "$SOCKCAT" -T 0.3 -u frame+open:/dev/zero,frame=cobs -
	start zeros "$SOCKCAT" -d -d -u frame+open:/dev/zero,frame=cobs -
	wait_for zeros 'starting data transfer'
	stop zeros
	grep -q 'exiting on signal 15' zeros.err
}

@test "frame is told its framing, and stands over a stream" {
	run -2 sockcat - frame+tcp:127.0.0.1:1
	[[ $output == *"frame needs frame=: len8, len16"* ]]
	run -2 sockcat - frame+tcp:127.0.0.1:1,frame=len24
	[[ $output == *'there is no framing "len24"'*'^~~~~'* ]]
	run -2 sockcat - frame+tcp:127.0.0.1:1,frame=len16,max=0
	[[ $output == *"frame-max takes 1 to 262144 bytes"* ]]
	run -2 sockcat - frame+udp:127.0.0.1:1,frame=len16
	[[ $output == *"needs a stream below it, and udp carries messages"* ]]
	run -2 sockcat - frame+frame+tcp:127.0.0.1:1,frame=len16,frame2.frame=len8
	[[ $output == *"and frame carries messages"* ]]
}

@test "a socket that turns out to be one of datagrams is refused when it is open" {
	start sink "$SOCKCAT" -u unix-recv:d create:got
	wait_path d
	run -2 sockcat - frame+unix:d,frame=len16
	[[ $output == *"here are messages already"* ]]
}

# --- DNS and syslog ----------------------------------------------------------------

name_server() {
	need dnsmasq dig
	DNS=$(free_port)
	# in its debugging mode it would serve one TCP connection at a time
	start dns dnsmasq --keep-in-foreground --user="$(id -un)" --no-resolv --no-hosts --port="$DNS" --listen-address=127.0.0.1 \
		--bind-interfaces --address=/test.example/192.0.2.7 --conf-file=/dev/null --pid-file=
	wait_until sh -c "dig +time=1 +tries=1 +short -p $DNS @127.0.0.1 test.example | grep -q 192.0.2.7"
}

# ask ARGS...: ten questions at once to PORT; each has its answer
ask() {
	local i
	for i in {1..10}; do
		start "q$i" dig +time=8 +tries=1 +short "$@" -p "$PORT" @127.0.0.1 "h$i.test.example"
	done
	for i in {1..10}; do
		finish "q$i"
		[ "$(cat "q$i.out")" = 192.0.2.7 ]
	done
}

@test "DNS: questions by UDP, asked by TCP" {
	name_server
	listen fwd udp-listen:0,bind=127.0.0.1,fork "frame+tcp:127.0.0.1:$DNS,frame=len16"
	ask
}

@test "DNS: questions by TCP, asked by UDP" {
	name_server
	listen fwd frame+tcp-listen:0,bind=127.0.0.1,fork,frame=len16 "udp:127.0.0.1:$DNS"
	ask +tcp
	run -0 dig +tcp +keepopen +short -p "$PORT" @127.0.0.1 a.test.example b.test.example
	[ "$output" = "$(printf '192.0.2.7\n192.0.2.7')" ]
}

@test "DNS: questions by UDP, asked over TLS" {
	need_tls
	name_server
	listen dot tls+tcp-listen:0,bind=127.0.0.1,fork,cert=auto "tcp:127.0.0.1:$DNS"
	listen fwd udp-listen:0,bind=127.0.0.1,fork "frame+tls+tcp:127.0.0.1:$PORT,frame=len16,verify=0"
	ask
}

@test "DNS: questions over TLS, asked by UDP" {
	need_tls
	name_server
	dig +tls -v >/dev/null 2>&1 && dig -h | grep -q '+\[no\]tls ' || skip "this dig has no +tls"
	listen fwd frame+tls+tcp-listen:0,bind=127.0.0.1,fork,frame=len16,cert=auto "udp:127.0.0.1:$DNS"
	ask +tls
}

@test "syslog: datagrams go out over TCP with their octets counted" {
	need logger
	peer sink "
c, a = listener.accept()
f = c.makefile('rb')
n = b''
while not n.endswith(b' '): n += f.read(1)
print('log', f.read(int(n)), flush=True)"
	listen fwd udp-listen:0,bind=127.0.0.1,fork "frame+tcp:127.0.0.1:$PORT,frame=syslog"
	start log logger -n 127.0.0.1 -P "$PORT" -d --rfc3164 -t unit 'one'
	wait_out sink "unit.*: one'"
}
