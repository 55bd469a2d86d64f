#!/usr/bin/env bats
# UDP: every form, boundaries kept, one session per peer.

bats_require_minimum_version 1.5.0
load lib.bash

# The other side: python3, so that boundaries and names can be looked at.

# backend: says "PORT", then answers each datagram with "SENDERPORT LENGTH:DATA".
backend() {
	need python3
	start backend python3 -u -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])
while True:
    data, peer = s.recvfrom(65536)
    print("got", peer[1], len(data))
    s.sendto(b"%d %d:" % (peer[1], len(data)) + data[:1000], peer)
'
	wait_out backend '^[0-9]+$'
	BACKEND=$(head -n 1 backend.out)
}

# client CODE: runs python3 with c(), a connected socket to $PORT, and ask(s, data).
client() {
	python3 -c '
import os, socket, sys
port = int(os.environ["PORT"])
def c(host="127.0.0.1"):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((host, port))
    return s
def ask(s, data):
    s.send(data)
    return s.recv(65536)
def silent(s, seconds=0.3):
    s.settimeout(seconds)
    try:
        s.recv(65536)
    except socket.timeout:
        return True
    return False
'"$1"
}

export PORT

# --- one peer ------------------------------------------------------------------

@test "a query over udp gets its answer, also after the end of input" {
	listen server udp-listen:0 exec:cat
	run sh -c "printf 'one query' | '$SOCKCAT' - udp:127.0.0.1:$PORT"
	[ "$status" -eq 0 ]
	[ "$output" = "one query" ]
}

@test "udp over IPv6" {
	need_ip6
	listen server udp6-listen:0 exec:cat
	grep -q 'listening on UDP \[::\]:' server.err
	run sh -c "printf six | '$SOCKCAT' - udp6:[::1]:$PORT"
	[ "$output" = six ]
}

@test "udp6-sendto and udp6-recvfrom" {
	need_ip6
	listen server udp6-recvfrom:0 exec:cat
	run sh -c "printf six | '$SOCKCAT' - udp6-sendto:[::1]:$PORT"
	[ "$output" = six ]
}

@test "udp-listen serves both families by default" {
	need_ip6
	need python3
	listen server udp-listen:0,fork exec:cat
	client 'assert ask(c(), b"four") == b"four"; assert ask(c("::1"), b"six") == b"six"'
}

@test "udp-listen in the socat dialect is IPv4 and says so in socat's words" {
	start server "$SOCKCAT" --dialect=socat -d -d udp-listen:0,fork exec:cat
	wait_for server 'N listening on UDP AF=2 0\.0\.0\.0:[0-9]+'
	PORT=$(sed -n 's/.*listening on UDP AF=2 0.0.0.0:\([0-9]*\).*/\1/p' server.err)
	printf x | sockcat - udp4:127.0.0.1:"$PORT"
	wait_for server 'N accepting UDP connection from AF=2 127\.0\.0\.1:[0-9]+'
}

@test "a one-shot sender sends one datagram and no empty one after it" {
	backend
	printf 'metric:1|c' | sockcat -u - udp:127.0.0.1:"$BACKEND"
	printf 'metric:2|c' | sockcat - udp:127.0.0.1:"$BACKEND"
	wait_until test "$(grep -c got backend.out)" = 2 || :
	[ "$(grep -c got backend.out)" = 2 ]
	run ! grep -q 'got [0-9]* 0' backend.out
}

@test "the socat dialect ends udp with an empty datagram" {
	backend
	printf x | sockcat --dialect=socat - udp:127.0.0.1:"$BACKEND"
	wait_out backend 'got [0-9]+ 0$'
}

@test "shut-null sends an empty datagram at the end" {
	backend
	printf x | sockcat - udp-sendto:127.0.0.1:"$BACKEND",shut-null
	wait_out backend 'got [0-9]+ 0$'
}

@test "null-eof takes an empty datagram for the end" {
	need python3
	listen server -u udp-recv:0,null-eof -
	client 's = c(); s.send(b"data"); s.send(b"")'
	finish server
	[ "$status" -eq 0 ]
	[ "$(cat server.out)" = data ]
}

@test "an empty datagram is relayed, not taken for the end" {
	need python3
	backend
	listen relay udp-listen:0,fork udp:127.0.0.1:"$BACKEND"
	client '
s = c()
assert ask(s, b"").endswith(b" 0:")
assert ask(s, b"more").endswith(b" 4:more")'
}

@test "65507 bytes pass whole, out and back" {
	need python3
	listen echo udp4-listen:0,fork socketpair
	export PORT
	ECHO=$PORT
	listen relay udp4-listen:0,fork udp4:127.0.0.1:"$ECHO"
	client '
data = os.urandom(65507)
s = c()
assert ask(s, data) == data'
}

@test "a datagram longer than -b is an error, not a silence" {
	need python3
	listen server -b 100 -u udp-recv:0 -
	client 'c().send(b"x" * 101)'
	finish server
	[ "$status" -eq 56 ]
	grep -q 'datagram of 101 bytes is longer than the 100 that -b allows' server.err
}

@test "a datagram of exactly -b bytes passes" {
	need python3
	listen server -b 100 udp-recvfrom:0 -
	client 'c().send(b"x" * 100)'
	finish server
	[ "$status" -eq 0 ]
	[ "$(wc -c <server.out)" -eq 100 ]
}

@test "a datagram too long for UDP is refused with the limit" {
	need python3
	start server "$SOCKCAT" -d -d unix-recv:in.sock udp4:127.0.0.1:9
	wait_for server 'listening on'
	python3 -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x" * 65508, "in.sock")'
	finish server
	[ "$status" -eq 55 ]
	grep -q 'datagram of 65508 bytes is longer than the 65507 that UDP can carry' server.err
}

@test "nobody listening: connection refused, exit 7" {
	PORT=$(free_port)
	run sh -c "(printf x; sleep 0.3) | '$SOCKCAT' - udp4:127.0.0.1:$PORT"
	[ "$status" -eq 7 ]
	[[ "$output" == *"connection refused"* ]]
}

@test "sourceport= and bind= choose the client's end" {
	backend
	port=$(free_port)
	run sh -c "printf x | '$SOCKCAT' - udp4:127.0.0.1:$BACKEND,sourceport=$port"
	[ "$output" = "$port 1:x" ]
	run sh -c "printf x | '$SOCKCAT' - udp4-sendto:127.0.0.1:$BACKEND,bind=127.0.0.1:$port"
	[ "$output" = "$port 1:x" ]
}

@test "a port in use is named, exit 45" {
	listen server -u udp4-recv:0 -
	run sockcat -u udp4-recv:"$PORT" -
	[ "$status" -eq 45 ]
	[[ "$output" == *"$PORT"*"in use"* ]]
}

# --- who may answer ---------------------------------------------------------------

@test "udp-sendto takes answers from its peer only, udp-datagram from anybody" {
	need python3
	for form in sendto datagram; do
		start peer python3 -u -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])
data, peer = s.recvfrom(100)
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.sendto(b"stranger ", peer)
s.sendto(b"peer", peer)'
		wait_out peer '^[0-9]+$'
		printf q | sockcat - udp4-$form:127.0.0.1:"$(cat peer.out)" >$form.txt
		finish peer
	done
	[ "$(cat sendto.txt)" = peer ]
	[ "$(cat datagram.txt)" = "stranger peer" ]
}

@test "range= keeps others out, with a warning" {
	need python3
	listen server -u udp4-recv:0,range=127.0.0.2/32 -
	client '
c().send(b"no ")
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.2", 0))
s.sendto(b"yes", ("127.0.0.1", port))'
	wait_out server yes
	[ "$(cat server.out)" = yes ]
	grep -q 'warning: refusing .*127.0.0.1.*range=' server.err
}

@test "answers leave from the address that the peer has sent to" {
	need python3
	for fork in "" ,fork,idle=0.2; do
		listen server udp-listen:0$fork exec:cat
		client 'assert ask(c("127.0.0.5"), b"here") == b"here"'
		stop server
	done
}

# --- recv and recvfrom ----------------------------------------------------------------

@test "udp-recv merges all senders" {
	need python3
	listen server -u udp-recv:0 -
	client '
for i in range(3):
    c().send(b"line %d\n" % i)'
	wait_out server 'line 2'
	[ "$(wc -l <server.out)" -eq 3 ]
}

@test "udp-recvfrom takes one datagram, answers its sender and ends" {
	need python3
	listen server udp-recvfrom:0 exec:cat
	client '
s = c()
assert ask(s, b"first") == b"first"
s.send(b"second")
assert silent(s)' || :
	finish server
	[ "$status" -eq 0 ]
}

@test "udp-recvfrom with fork makes a session of each datagram" {
	need python3
	listen server udp-recvfrom:0,fork system:'echo $$; cat >/dev/null'
	client '
s = c()
answers = { ask(s, b"x") for i in range(5) }
assert len(answers) == 5, answers'
}

@test "udp-recvfrom with max-children loses none of a burst" {
	need python3
	listen server udp-recvfrom:0,fork,max-children=2 exec:cat
	client '
all = [c() for i in range(30)]
for i, s in enumerate(all):
    s.send(b"%d" % i)
for i, s in enumerate(all):
    assert s.recv(100) == b"%d" % i'
}

@test "a program knows its peer's address" {
	need python3
	listen server udp4-recvfrom:0 system:'echo $SOCKCAT_PEERADDR:$SOCKCAT_PEERPORT $SOCKCAT_SOCKADDR:$SOCKCAT_SOCKPORT'
	client '
s = c()
want = "127.0.0.1:%d 127.0.0.1:%d\n" % (s.getsockname()[1], port)
got = ask(s, b"?").decode()
assert got == want, (got, want)'
}

@test "what the kernel says beside a datagram reaches log and programs" {
	[ "$(uname)" = Linux ] || skip "Linux only"
	need python3
	for fork in "" ,fork; do
		local name=server${fork#,}
		start "$name" "$SOCKCAT" -d -d -d "udp4-recvfrom:0,ip-recvttl,ip-recvtos,ip-pktinfo,so-timestamp$fork" \
			system:'env | grep ^SOCAT_ | sort'
		wait_for "$name" 'listening on'
		PORT=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$name.err")
		client 'print(ask(c("127.0.0.9"), b"?").decode())' >told
		grep -qx 'SOCAT_IP_TTL=64' told
		grep -qx 'SOCAT_IP_TOS=0' told
		grep -qx 'SOCAT_IP_IF=lo' told
		grep -qx 'SOCAT_IP_LOCADDR=127.0.0.9' told
		grep -qx 'SOCAT_IP_DSTADDR=127.0.0.9' told
		grep -qE '^SOCAT_TIMESTAMP=... ... .* [0-9]{4}, [0-9]{6} usecs$' told
		grep -q 'ancillary message: IP_TTL: ttl=64' "$name.err"
		stop "$name"
	done
}

# --- many peers ---------------------------------------------------------------------

@test "sixty new peers at once are all answered" {
	need python3
	listen server udp-listen:0,fork exec:cat
	client '
all = [c() for i in range(60)]
for i, s in enumerate(all):
    s.send(b"a%d" % i)
for i, s in enumerate(all):
    assert s.recv(100) == b"a%d" % i'
}

@test "one session per peer, each with its own datagrams" {
	need python3
	backend
	listen relay udp-listen:0,fork udp:127.0.0.1:"$BACKEND"
	client '
a, b = c(), c()
port_of = lambda s, data: ask(s, data).split()[0]
pa, pb = port_of(a, b"1"), port_of(b, b"2")
assert pa != pb
for i in range(10):
    assert port_of(a, b"x") == pa and port_of(b, b"y") == pb'
	[ "$(grep -c 'accepting UDP connection' relay.err)" = 2 ]
}

@test "nothing is lost of a burst that comes before the session is made" {
	need python3
	backend
	listen relay udp-listen:0,fork udp:localhost:"$BACKEND",pf=ip4
	client '
s = c()
for i in range(40):
    s.send(b"%d" % i)
got = { s.recv(1000).split(b":")[1] for i in range(40) }
assert got == { b"%d" % i for i in range(40) }, got'
}

@test "a session expires when nothing has moved for idle=, and a new one comes" {
	need python3
	backend
	listen relay udp-listen:0,fork,idle=1 udp:127.0.0.1:"$BACKEND"
	# it is over when its socket towards the backend is gone
	FDS=/proc/$(cat relay.pid)/fd client '
import glob, time
def is_socket(fd):
    try: return os.readlink(fd).startswith("socket:")
    except FileNotFoundError: return False
def sockets():
    return sum(map(is_socket, glob.glob(os.environ["FDS"] + "/*")))
before = sockets()
s = c()
port_of = lambda data: ask(s, data).split()[0]
first = port_of(b"1")
over = time.monotonic() + 1.5
while time.monotonic() < over:
    assert port_of(b"still") == first
    time.sleep(0.02)
assert sockets() == before + 1
while sockets() > before:
    time.sleep(0.02)
assert port_of(b"again") != first'
}

@test "a session by peer expires though the other side is a silent program" {
	need python3
	listen relay udp-listen:0,fork,idle=0.2 exec:cat
	client 'assert ask(c(), b"x") == b"x"'
	wait_until sh -c "! pgrep -P $(cat relay.pid) >/dev/null"
}

@test "max-children bounds the peers, and those inside are still served" {
	need python3
	listen server udp-listen:0,fork,max-children=2 exec:cat
	client '
a, b, late = c(), c(), c()
assert ask(a, b"1") == b"1" and ask(b, b"2") == b"2"
late.send(b"3")
assert silent(late)
assert ask(a, b"4") == b"4" and ask(b, b"5") == b"5"'
	[ "$(grep -c 'warning:.*max-children' server.err)" = 1 ]
}

@test "a dead backend ends only the session that met it" {
	need python3
	dead=$(free_port)
	listen relay udp-listen:0,fork udp4:127.0.0.1:"$dead"
	client '
a, b = c(), c()
a.send(b"1")
b.send(b"2")'
	wait_for relay 'connection refused'
	kill -0 "$(cat relay.pid)"
}

@test "a DNS forward answers ten queries at once" {
	need dnsmasq dig
	port=$(free_port)
	start dns dnsmasq --no-daemon --no-resolv --no-hosts --port="$port" --listen-address=127.0.0.1 \
		--bind-interfaces --address=/test.example/192.0.2.7 --conf-file=/dev/null --pid-file=
	wait_until sh -c "dig +time=1 +tries=1 +short -p $port @127.0.0.1 test.example | grep -q 192.0.2.7"
	listen relay udp-listen:0,fork,idle=1 udp:127.0.0.1:"$port"
	asking=()
	for i in 1 2 3 4 5 6 7 8 9 10; do
		dig +tries=1 +short -p "$PORT" @127.0.0.1 "h$i.test.example" >"dig$i" &
		asking+=("$!")
	done
	wait "${asking[@]}"
	[ "$(cat dig? dig10 | grep -c '^192.0.2.7$')" = 10 ]
}

@test "a slow session's queue is bounded and the others go on" {
	need python3
	listen server udp-listen:0,fork system:'read x; echo $x; sleep 60'
	client '
slow, fast = c(), c()
assert ask(slow, b"a\n") == b"a\n"
for i in range(3000):
    slow.send(bytes(1400))
assert ask(fast, b"b\n") == b"b\n"'
	rss=$(awk '/VmRSS/ { print $2 }' "/proc/$(cat server.pid)/status")
	[ "$rss" -lt 50000 ]
}

@test "TERM lets the sessions there are finish their exchange" {
	need python3
	listen server udp-listen:0,fork,idle=0.5 exec:cat
	client '
import signal
s = c()
assert ask(s, b"1") == b"1"
os.kill(int(open("server.pid").read()), signal.SIGTERM)
assert ask(s, b"2") == b"2"'
	finish server
}

# --- many at a time ----------------------------------------------------------------

# echo_server: answers each datagram with itself; sets BACKEND
echo_server() {
	need python3
	start echo python3 -u -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data, peer)
'
	wait_out echo '^[0-9]+$'
	BACKEND=$(head -n 1 echo.out)
}

# in_turn FLOWS SIZES: bursts on each flow come back as they were, in their order
in_turn() {
	FLOWS=$1 SIZES=$2 client '
sizes = [int(n) for n in os.environ["SIZES"].split()]
flows = [c() for _ in range(int(os.environ["FLOWS"]))]
for burst in range(20):
    sent = [[bytes([burst, f, i]) + bytes([i]) * (n - 3) if n > 2 else bytes(n)
             for i, n in enumerate(sizes)] for f in range(len(flows))]
    for f, s in enumerate(flows):
        for data in sent[f]:
            s.send(data)
    for f, s in enumerate(flows):
        assert [s.recv(65536) for _ in sizes] == sent[f], (burst, f)
'
}

@test "a burst of datagrams of one size comes back in order" {
	echo_server
	listen relay udp-listen:0,bind=127.0.0.1,fork "udp:127.0.0.1:$BACKEND"
	in_turn 1 '100 100 100 100 100 100 100 100 100 100 100 100 100 100 100 100'
}

@test "a burst of many sizes, empty ones among them, keeps boundaries and order" {
	echo_server
	listen relay udp-listen:0,bind=127.0.0.1,fork "udp:127.0.0.1:$BACKEND"
	in_turn 1 '64 64 64 10 1400 1400 0 1400 700 3 3 3 3 0 0 9000 64 65 64 64 20000 5'
}

@test "bursts of many peers at once do not mix" {
	echo_server
	listen relay udp-listen:0,bind=127.0.0.1,fork "udp:127.0.0.1:$BACKEND"
	in_turn 20 '64 64 64 64 63 200 200'
}

@test "a burst larger than can be sent in one piece arrives whole" {
	echo_server
	listen relay udp-listen:0,bind=127.0.0.1,fork "udp:127.0.0.1:$BACKEND"
	in_turn 1 '9000 9000 9000 9000 9000 9000 9000 9000 9000 9000'
}

@test "a burst of more datagrams than a session takes at once arrives whole" {
	echo_server
	listen relay udp-listen:0,bind=127.0.0.1,fork "udp:127.0.0.1:$BACKEND"
	client '
import signal
s, relay = c(), int(open("relay.pid").read())
os.kill(relay, signal.SIGSTOP)
for i in range(200):
    s.send(bytes([i]) * 64)
os.kill(relay, signal.SIGCONT)
assert [s.recv(99) for _ in range(200)] == [bytes([i]) * 64 for i in range(200)]
'
}

@test "a burst comes back over a socket bound to all addresses, from the one that was asked" {
	echo_server
	listen relay udp4-listen:0,fork "udp:127.0.0.1:$BACKEND"
	in_turn 3 '64 64 64 64 64 10'
}

@test "where the system can't cut datagrams out of one piece they go one by one" {
	[ -e "$TESTS_DIR/../src/relay/batch.c" ] || skip "this is a build without batches"
	need python3 strace pgrep
	strace -o trace true 2>/dev/null || skip "tracing is not allowed here"
	! sanitized || skip "a sanitizer does not run under a tracer"
	strace -o trace -e trace=sendmmsg -e inject=sendmmsg:error=EIO true 2>/dev/null ||
		skip "this strace cannot make calls fail"
	# answers when it has all ten
	start echo python3 -u -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])
for data, peer in [s.recvfrom(99) for _ in range(10)]:
    s.sendto(data, peer)
'
	wait_out echo '^[0-9]+$'
	BACKEND=$(head -n 1 echo.out)
	# the first goes alone, as its session begins; the second call has those behind it
	start relay strace -o calls -e trace=sendmsg -e inject=sendmsg:error=EIO:when=2 \
		"$SOCKCAT" -d -d udp-listen:0,bind=127.0.0.1,fork "udp:127.0.0.1:$BACKEND"
	wait_for relay 'listening on'
	PORT=$(sed -n 's/.*listening on .*:\([0-9][0-9]*\)$/\1/p' relay.err | head -n 1)
	RELAY=$(pgrep -P "$(cat relay.pid)") client '
import signal
s, relay = c(), int(os.environ["RELAY"])
s.settimeout(20)
os.kill(relay, signal.SIGSTOP)
for i in range(10):
    s.send(bytes([i]) * 64)
os.kill(relay, signal.SIGCONT)
assert [s.recv(99) for _ in range(10)] == [bytes([i]) * 64 for i in range(10)]
'
	kill -TERM "$(pgrep -P "$(cat relay.pid)")"
	wait_until grep -q 'exited with' calls
	grep -q 'msg_iovlen=9.*INJECTED' calls
}

# held NAME CODE: python3 CODE with s, a socket connected to $PORT, while NAME is stopped
held() {
	RELAY=$(cat "$1.pid") CODE=$2 client '
import signal
s, relay = c(), int(os.environ["RELAY"])
os.kill(relay, signal.SIGSTOP)
stat = "/proc/%d/stat" % relay
while os.path.exists(stat) and b") T " not in open(stat, "rb").read():
    pass
try:
    exec(os.environ["CODE"])
finally:
    os.kill(relay, signal.SIGCONT)
'
}

@test "many senders in one burst: each gets his own answers" {
	echo_server
	listen relay udp-listen:0,bind=127.0.0.1,fork "udp:127.0.0.1:$BACKEND"
	held relay '
flows = [c() for _ in range(40)]
for i in range(3):
    for f, s in enumerate(flows):
        s.send(b"%d of %d" % (i, f))
os.kill(relay, signal.SIGCONT)
for f, s in enumerate(flows):
    assert [s.recv(99) for _ in range(3)] == [b"%d of %d" % (i, f) for i in range(3)]'
}

@test "of a burst, udp-recvfrom takes the first datagram only" {
	backend
	listen relay -u udp4-recvfrom:0,bind=127.0.0.1 "udp4-sendto:127.0.0.1:$BACKEND"
	held relay '
for n in 50, 20, 10:
    s.send(b"x" * n)'
	finish relay
	printf last | sockcat -u - "udp4-sendto:127.0.0.1:$BACKEND"
	wait_out backend ' 4$'
	[ "$(sed -n 's/^got [0-9]* //p' backend.out | xargs)" = '50 4' ]
}

@test "with null-eof an empty datagram in a burst is the end" {
	backend
	listen relay -u udp4-recv:0,bind=127.0.0.1,null-eof "udp4-sendto:127.0.0.1:$BACKEND"
	held relay '
for n in 50, 50, 20, 0, 10:
    s.send(b"x" * n)'
	finish relay
	wait_out backend ' 20$'
	[ "$(sed -n 's/^got [0-9]* //p' backend.out | xargs)" = '50 50 20' ]
}

@test "in a burst from many, only those in range= are heard" {
	backend
	listen relay -u udp4-recv:0,range=127.0.0.2/32 "udp4-sendto:127.0.0.1:$BACKEND"
	held relay '
good = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
good.bind(("127.0.0.2", 0))
good.connect(("127.0.0.1", port))
for n in 50, 20, 10:
    s.send(b"x" * (n + 1))
    good.send(b"x" * n)'
	wait_out backend ' 10$'
	[ "$(sed -n 's/^got [0-9]* //p' backend.out | xargs)" = '50 20 10' ]
}

@test "what came before a datagram that is too long is passed on, and then it is told" {
	backend
	listen relay -u -b 100 udp4-recv:0,bind=127.0.0.1 "udp4-sendto:127.0.0.1:$BACKEND"
	held relay '
for n in 50, 50, 20, 101, 50:
    s.send(b"x" * n)'
	finish relay
	[ "$status" -ne 0 ]
	grep -q 'a datagram of 101 bytes is longer than the 100 that -b allows' relay.err
	wait_out backend ' 20$'
	[ "$(sed -n 's/^got [0-9]* //p' backend.out | xargs)" = '50 50 20' ]
}

@test "a refusal in the middle of a burst ends that session only" {
	backend
	kill "$(cat backend.pid)"
	finish backend
	listen relay udp-listen:0,bind=127.0.0.1,fork "udp:127.0.0.1:$BACKEND"
	held relay '
for i in range(100):
    s.send(bytes([i]) * (i % 7))'
	wait_for relay "udp:127.0.0.1:$BACKEND.*[Rr]efused|[Rr]efused.*udp:127.0.0.1:$BACKEND"
	start again python3 -u -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
print("bound")
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data, peer)
' "$BACKEND"
	wait_out again bound
	client 'assert ask(c(), b"more") == b"more"'
}
