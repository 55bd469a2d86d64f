# --capture: what is relayed, as packets that Wireshark's tshark finds nothing wrong with.

bats_require_minimum_version 1.5.0
load lib.bash
load peers.bash
load tls.bash

setup_file() { ! has_tls || certificates; }

setup() {
	need tshark basenc
	lib_setup
}

# A port that the system chose may be the well-known one of some protocol: tshark is told
# what stands behind it.  PROTOCOL is what it is to see there.
shark() {
	local file=$1
	shift
	tshark -r "$file" -d "tcp.port==${PORT:-1},${PROTOCOL:-data}" \
		-d "udp.port==${PORT:-1},data" "$@" 2>tshark.err
}

# No packet is malformed, no checksum wrong, nothing lost, doubled or out of order.
sound() {
	shark "$1" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE \
		-Y '_ws.malformed || tcp.analysis.flags || ip.checksum.status == 0 ||
		tcp.checksum.status == 0 || udp.checksum.status == 0 || _ws.expert.severity == "Error"' >unsound
	grep -Ev '^Running as user' tshark.err && return 1
	[ ! -s unsound ] || { cat unsound; return 1; }
	[ "$(shark "$1" -c 1 | wc -l)" = 1 ]
}

# fields FILE FILTER FIELD...: one line a packet
fields() {
	local file=$1 filter=$2 field all=()
	shift 2
	for field; do all+=(-e "$field"); done
	shark "$file" -Y "$filter" -T fields -E separator=' ' "${all[@]}"
}

count() { fields "$1" "$2" frame.number | wc -l; }

# followed FILE STREAM: the bytes of a connection, to from_client and from_server
followed() {
	shark "$1" -q -z "follow,tcp,raw,$2" >followed
	grep -E '^[0-9a-f]+$' followed | tr a-f A-F | basenc -d --base16 -i >from_client
	grep -E '^'$'\t''[0-9a-f]+$' followed | tr a-f A-F | basenc -d --base16 -i >from_server
}

# --- TCP ------------------------------------------------------------------------------

@test "a session has a handshake, its data and both ends, each from where it came" {
	listen server --capture=x.pcapng tcp-listen:0,bind=127.0.0.1 system:'cat >/dev/null; printf answer'
	[ "$(printf question | sockcat - "tcp:127.0.0.1:$PORT")" = answer ]
	finish server
	[ "$status" = 0 ]
	sound x.pcapng
	fields x.pcapng tcp tcp.flags.str tcp.dstport tcp.len |
		sed "s/ $PORT / here /; s/ [0-9]\{4,5\} / there /; s/·//g" >seen
	diff - seen <<-END
		S here 0
		AS there 0
		A here 0
		AP here 8
		AF here 0
		A there 0
		AP there 6
		AF there 0
		A here 0
	END
}

@test "the bytes of both directions are the very ones, over the wrap of the numbers" {
	random_file 300000 there
	random_file 200000 back
	peer server "
c, _ = listener.accept()
got = read_all(c)
c.sendall(open('back', 'rb').read())
c.close()"
	sockcat --capture=x.pcapng - "tcp:127.0.0.1:$PORT" <there >got
	same back got
	sound x.pcapng
	followed x.pcapng 0
	same there from_client
	same back from_server
	# absolute numbers begin shortly before 2^32
	[ "$(fields x.pcapng tcp.flags.syn==1 tcp.seq_raw | awk '$1 < 4294000000' | wc -l)" = 0 ]
	[ "$(fields x.pcapng tcp.flags.fin==1 tcp.seq_raw | awk '$1 > 300000' | wc -l)" = 0 ]
}

@test "data goes in pieces that fit an Ethernet" {
	listen server --capture=x.pcapng -u tcp-listen:0,bind=127.0.0.1 open:got,creat
	random_file 100000 data
	sockcat -u open:data "tcp:127.0.0.1:$PORT"
	finish server
	sound x.pcapng
	[ "$(fields x.pcapng tcp ip.len | sort -n | tail -n 1)" = 1500 ]
}

@test "addresses, ports, direction and time of a packet are those of the connection" {
	local before after
	before=$(date +%s)
	listen server --capture=x.pcapng tcp-listen:0,bind=127.0.0.1 pipe
	printf x | sockcat - "tcp:127.0.0.1:$PORT,bind=127.0.0.2:0" >/dev/null
	finish server
	after=$(date +%s)
	sound x.pcapng
	[ "$(count x.pcapng "ip.src==127.0.0.2 && ip.dst==127.0.0.1 && tcp.dstport==$PORT &&
		frame.packet_flags_direction==1 && tcp.len==1")" = 1 ]
	[ "$(count x.pcapng "ip.dst==127.0.0.2 && ip.src==127.0.0.1 && tcp.srcport==$PORT &&
		frame.packet_flags_direction==2 && tcp.len==1")" = 1 ]
	fields x.pcapng tcp frame.time_epoch |
		awk -v a="$before" -v b="$after" '$1 < a || $1 > b + 1 { exit 1 }'
}

@test "a connection that we make begins with our own SYN" {
	listen server tcp-listen:0,bind=127.0.0.1 pipe
	printf x | sockcat --capture=x.pcapng - "tcp:127.0.0.1:$PORT" >/dev/null
	sound x.pcapng
	[ "$(count x.pcapng "tcp.flags==2 && tcp.dstport==$PORT && frame.packet_flags_direction==2")" = 1 ]
}

@test "IPv6 addresses are seen as such" {
	need_ip6
	listen server --capture=x.pcapng "tcp6-listen:0,bind=[::1]" pipe
	random_file 5000 data
	sockcat - "tcp:[::1]:$PORT" <data >got
	finish server
	sound x.pcapng
	[ "$(count x.pcapng 'ipv6.src==::1 && ipv6.dst==::1 && tcp.flags==2')" = 1 ]
	[ "$(count x.pcapng '!ipv6')" = 0 ]
	followed x.pcapng 0
	same data from_client
	same data from_server
}

@test "an IPv4 client of a listener for both families is seen as IPv4" {
	need_ip6
	listen server --capture=x.pcapng tcp-listen:0 pipe
	printf x | sockcat - "tcp4:127.0.0.1:$PORT" >/dev/null
	finish server
	sound x.pcapng
	[ "$(count x.pcapng '!ip')" = 0 ]
}

@test "an end of one direction is seen when it comes, and the other goes on" {
	peer server "
c, _ = listener.accept()
read_all(c)
c.sendall(b'after the end')
c.close()"
	printf question | sockcat --capture=x.pcapng - "tcp:127.0.0.1:$PORT" >got
	[ "$(cat got)" = 'after the end' ]
	sound x.pcapng
	[ "$(fields x.pcapng 'tcp.flags.fin==1' tcp.dstport | head -n 1)" = "$PORT" ]
	[ "$(count x.pcapng 'tcp.flags.fin==1')" = 2 ]
	[ "$(fields x.pcapng 'tcp.len > 0' tcp.len | tr '\n' ' ')" = '8 13 ' ]
	[ "$(fields x.pcapng 'tcp.flags.fin==1' frame.number | head -n 1)" -lt "$(fields x.pcapng 'tcp.len==13' frame.number)" ]
}

@test "a reset by the peer is seen as his" {
	peer server "
c, _ = listener.accept()
c.recv(8)
reset(c)"
	run -56 sockcat --capture=x.pcapng system:'printf question; cat' "tcp:127.0.0.1:$PORT"
	sound x.pcapng
	[ "$(count x.pcapng "tcp.flags.reset==1 && tcp.srcport==$PORT")" = 1 ]
	[ "$(count x.pcapng 'tcp.flags.fin==1')" = 0 ]
}

@test "a client whose target is dead is reset, and so it is seen" {
	local dead
	dead=$(free_port)
	listen server --capture=x.pcapng tcp-listen:0,bind=127.0.0.1,fork "tcp:127.0.0.1:$dead"
	sockcat -u "tcp:127.0.0.1:$PORT" - || :
	stop server
	sound x.pcapng
	[ "$(count x.pcapng "tcp.flags.reset==1 && tcp.srcport==$PORT")" = 1 ]
}

@test "many sessions share a file, each a connection with its own bytes" {
	local i n
	listen server --capture=x.pcapng tcp-listen:0,bind=127.0.0.1,fork pipe
	for i in {1..40}; do
		random_file 20000 "data$i"
		start_in "client$i" "data$i" "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	done
	for i in {1..40}; do
		finish "client$i"
		same "data$i" "client$i.out"
	done
	stop server
	sound x.pcapng
	[ "$(count x.pcapng 'tcp.flags==2')" = 40 ]
	sha256sum data* | cut -d ' ' -f 1 | sort >expected
	for n in {0..39}; do
		followed x.pcapng "$n"
		same from_client from_server
		sha256sum from_client | cut -d ' ' -f 1
	done | sort >seen
	same expected seen
}

# --- TLS ------------------------------------------------------------------------------

@test "the HTTP request inside a TLS session is decoded, on the server's side" {
	need_tls
	listen server --capture=x.pcapng "tls-listen:0,bind=127.0.0.1,cert=$BATS_FILE_TMPDIR/server.pem" \
		system:'read -r line; cat response'
	printf 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello' >response
	printf 'GET /secret HTTP/1.0\r\nHost: example\r\n\r\n' >request
	sockcat -t 5 - "tls:localhost:$PORT,cafile=$BATS_FILE_TMPDIR/ca.crt" <request >got
	finish server
	PROTOCOL=http
	sound x.pcapng
	[ "$(fields x.pcapng http.request http.request.method http.host http.request.uri)" = 'GET example /secret' ]
	[ "$(fields x.pcapng http.response http.response.code http.file_data)" = '200 hello' ]
	PROTOCOL=data
	followed x.pcapng 0
	same request from_client
	same got from_server
}

@test "the HTTP request inside a TLS session is decoded, on the client's side" {
	need_tls
	listen server "tls-listen:0,bind=127.0.0.1,cert=$BATS_FILE_TMPDIR/server.pem" \
		system:'read -r line; cat response'
	printf 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello' >response
	printf 'GET /secret HTTP/1.0\r\nHost: example\r\n\r\n' >request
	sockcat -t 5 --capture=x.pcapng - "tls:localhost:$PORT,cafile=$BATS_FILE_TMPDIR/ca.crt" <request >got
	PROTOCOL=http
	sound x.pcapng
	[ "$(fields x.pcapng http.request http.request.uri)" = /secret ]
	[ "$(shark x.pcapng -c 1 -T fields -e frame.comment)" = \
		"tls+tcp 127.0.0.1:$(fields x.pcapng tcp.flags==2 tcp.srcport) → 127.0.0.1:$PORT" ]
	PROTOCOL=data
	followed x.pcapng 0
	same request from_client
	same got from_server
}

# --- datagrams ------------------------------------------------------------------------

# Two datagrams there and back, the second empty: what tshark must show of them.
datagrams() {
	need python3
	PORT=$PORT python3 - "$1" <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
		s.settimeout(5)
		s.connect((sys.argv[1], int(os.environ["PORT"])))
		for data in b"hello", b"", b"x" * 3000:
		    s.send(data)
		    assert s.recv(65536) == data
	END
	stop server
	sound x.pcapng
	fields x.pcapng udp udp.length | tr '\n' ' ' >seen
	[ "$(cat seen)" = '13 13 8 8 3008 3008 ' ] || { cat seen; return 1; }
	[ "$(count x.pcapng "udp.dstport==$PORT && frame.packet_flags_direction==1")" = 3 ]
}

@test "each datagram is one packet, the empty one too" {
	listen server --capture=x.pcapng udp-listen:0,bind=127.0.0.1,fork socketpair
	datagrams 127.0.0.1
	[ "$(count x.pcapng 'ip.src==127.0.0.1 && ip.dst==127.0.0.1')" = 6 ]
}

@test "each datagram is one packet over IPv6" {
	need_ip6
	listen server --capture=x.pcapng "udp6-listen:0,bind=[::1],fork" socketpair
	datagrams ::1
	[ "$(count x.pcapng 'ipv6.src==::1 && ipv6.dst==::1')" = 6 ]
}

@test "each peer of a datagram listener is seen by its own address" {
	listen server --capture=x.pcapng udp-listen:0,bind=127.0.0.1,fork socketpair
	for i in 2 3; do
		[ "$(printf "from %s" "$i" | sockcat - "udp:127.0.0.1:$PORT,bind=127.0.0.$i:0")" = "from $i" ]
	done
	stop server
	sound x.pcapng
	[ "$(fields x.pcapng "udp.dstport==$PORT" ip.src | tr '\n' ' ')" = '127.0.0.2 127.0.0.3 ' ]
}

@test "a datagram that may come from anybody is seen with its sender" {
	listen server -u --capture=x.pcapng udp-recv:0,bind=127.0.0.1 create:got
	for i in 2 3; do
		printf "from %s" "$i" | sockcat -u - "udp:127.0.0.1:$PORT,bind=127.0.0.$i:0"
		wait_until grep -q "from $i" got
	done
	stop server
	sound x.pcapng
	[ "$(fields x.pcapng "udp.dstport==$PORT" ip.src | tr '\n' ' ')" = '127.0.0.2 127.0.0.3 ' ]
}

@test "a message longer than a datagram can be is cut, and the packet says so" {
	need python3
	start server "$SOCKCAT" -d -d -u --capture=x.pcapng unix-recv:sock open:got,creat
	wait_path sock
	python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 400000)
s.sendto(b"a" * 70000, "sock")'
	wait_until test -s got
	stop server
	sound x.pcapng
	[ "$(fields x.pcapng udp udp.length frame.comment)" = '65515 the first 65507 of 70000 bytes' ]
}

# --- what has no address ---------------------------------------------------------------

@test "a UNIX socket gets addresses made up, and a comment that names it" {
	start server "$SOCKCAT" -d -d --capture=x.pcapng unix-listen:my.sock,fork pipe
	wait_path my.sock
	random_file 3000 data
	sockcat - unix:my.sock <data >got
	sockcat - unix:my.sock </dev/null
	stop server
	sound x.pcapng
	[ "$(fields x.pcapng 'tcp.flags==2' ip.src ip.dst tcp.dstport | sort -u)" = '192.0.2.2 192.0.2.1 1' ]
	[ "$(fields x.pcapng 'tcp.flags==2' tcp.srcport | sort -u | wc -l)" = 2 ]
	[ "$(fields x.pcapng 'frame.number==1' frame.comment)" = 'unix unnamed → my.sock' ]
	followed x.pcapng 0
	same data from_client
	same data from_server
}

@test "a program gets addresses made up, and a comment that names it" {
	printf hello | sockcat --capture=x.pcapng - exec:cat >got
	[ "$(cat got)" = hello ]
	sound x.pcapng
	[ "$(fields x.pcapng 'tcp.flags==2' ip.src ip.dst frame.comment)" = '192.0.2.1 192.0.2.2 exec:cat' ]
	followed x.pcapng 0
	[ "$(cat from_client from_server)" = hellohello ]
}

@test "files and pipes are captured, too" {
	random_file 10000 data
	sockcat -u --capture=x.pcapng open:data create:copy
	same data copy
	sound x.pcapng
	followed x.pcapng 0
	same data from_client
}

# --- the file ----------------------------------------------------------------------------

@test "a capture is cut into files that are each a whole one" {
	local file
	random_file 300000 data
	sockcat --capture=x.pcapng --capture-size=100k -u open:data create:copy
	[ "$(echo x.pcapng*)" = 'x.pcapng x.pcapng.1 x.pcapng.2 x.pcapng.3' ]
	for file in x.pcapng*; do
		[ "$(wc -c <"$file")" -le 102400 ]
		[ "$(shark "$file" -c 1 | wc -l)" = 1 ]
	done
	mergecap -a -w whole.pcapng x.pcapng x.pcapng.1 x.pcapng.2 x.pcapng.3 2>/dev/null
	sound whole.pcapng
	followed whole.pcapng 0
	same data from_client
}

@test "a next file that cannot be made ends the capture, not the relay" {
	mkdir x.pcapng.1
	random_file 300000 data
	run -0 --separate-stderr sockcat --capture=x.pcapng --capture-size=100k -u open:data create:copy
	same data copy
	[ "$(wc -l <<<"$stderr")" = 1 ]
	[[ $stderr == *'warning: cannot open x.pcapng.1 for the capture: '* ]]
	sound x.pcapng
}

@test "what was relayed is in the file a moment later, not only at the end" {
	mkfifo one two
	start server "$SOCKCAT" -u --capture=x.pcapng \
		system:'printf first; cat one; printf second; cat two' create:copy
	wait_until grep -q first x.pcapng
	: >one
	wait_until grep -q second x.pcapng
	: >two
	finish server
	sound x.pcapng
}

@test "a reader of standard output sees packets as they come" {
	local reader
	mkfifo out go
	tshark -i - -l -T fields -e data.data <out >seen 2>tshark.err 3>&- &
	reader=$!
	STARTED+=("$reader")
	become sockcat -u --capture=- system:'printf hello; cat go' create:copy >out 3>&- &
	STARTED+=("$!")
	wait_until grep -q 68656c6c6f seen
	: >go
	wait "$reader"
	[ "$(cat copy)" = hello ]
}

@test "standard output may be a file" {
	printf hello | sockcat -u --capture=- - create:copy >x.pcapng
	sound x.pcapng
	followed x.pcapng 0
	[ "$(cat from_client)" = hello ]
}

@test "a full disk ends the capture with one warning, not the relay" {
	[ -w /dev/full ] || skip "no /dev/full"
	random_file 300000 data
	run -0 --separate-stderr sockcat --capture=/dev/full -u open:data create:copy
	same data copy
	[ "$(wc -l <<<"$stderr")" = 1 ]
	[[ $stderr == *'warning: the capture in /dev/full ends here: '* ]]
}

@test "a reader that goes ends the capture with one warning, not the relay" {
	random_file 3000000 data
	{ sockcat --capture=- -u open:data create:copy 2>err; echo $? >code; } | head -c 100 >/dev/null
	[ "$(cat code)" = 0 ]
	same data copy
	[ "$(wc -l <err)" = 1 ]
	grep -q 'warning: the capture on standard output ends here: ' err
}

@test "a reader that stops loses whole packets, which the log counts, and the relay goes on" {
	local total dropped
	mkfifo out
	random_file 20000000 data
	exec 7<>out
	sockcat --capture=out -u open:data create:copy 2>err
	same data copy
	grep -q 'the capture in out: its reader is too slow, records are dropped' err
	# nobody has read, so that all but what the pipe holds was dropped
	sockcat --capture=whole.pcapng -u open:data create:copy2
	total=$(count whole.pcapng tcp)
	dropped=$(sed -n 's/.*the capture in out: records dropped: //p' err)
	[ "$dropped" -le "$total" ]
	[ "$dropped" -gt $((total - 200)) ]
}

@test "a reader that was slow for a while is told of by the log, and sees the rest whole" {
	local kept dropped
	mkfifo out go
	random_file 20000000 data
	exec 7<>out
	start server "$SOCKCAT" --capture=out -u system:'cat data; cat go' create:copy
	wait_for server 'its reader is too slow'
	wait_until cmp -s data copy
	start_in reader out cat 7>&-
	exec 7>&-
	wait_for server 'records dropped: [0-9]'
	: >go
	finish server
	[ "$status" = 0 ]
	finish reader
	shark reader.out -Y _ws.malformed >unsound
	[ ! -s unsound ]
	dropped=$(sed -n 's/.*records dropped: //p' server.err)
	kept=$(count reader.out 'tcp.len > 0')
	# what is kept and what is dropped is all there was: the pieces of the data, and
	# what begins, confirms and ends
	[ $((dropped + kept)) -ge $((20000000 / 1460)) ]
	[ $((dropped + kept)) -le $((20000000 / 1460 + 5000)) ]
}

# --- the command line ----------------------------------------------------------------------

refused() {
	run -2 sockcat "$@"
	[ ! -e never ]
}

@test "standard output cannot be both the data's and the capture's" {
	refused --capture=- create:never -
	[[ $output == *'standard output gets the data'* ]]
	refused --capture=- tcp:127.0.0.1:1
	refused --capture=- create:never fd:1
	refused --capture=- - create:never
	printf x | sockcat --capture=- -u - create:never >out
	[ "$(cat never)" = x ]
	run -2 sockcat --capture=- --record=- -u - create:never
	[[ $output == *'would mix on standard output'* ]]
}

@test "a capture to a terminal is refused" {
	need script
	script -qec "'$SOCKCAT' --capture=- -u open:/dev/null create:never" /dev/null >seen </dev/null || :
	grep -q 'which is a terminal here' seen
	[ ! -e never ]
	script -qec "'$SOCKCAT' --explain --capture=- -u open:/dev/null create:never" /dev/null >seen </dev/null
	grep -q 'Nothing of this has been done' seen
}

@test "a size is a number of bytes, and needs a file to cut" {
	refused --capture=x --capture-size=no -u open:/dev/null create:never
	[[ $output == *'a number of bytes like 500k or 100M'* ]]
	refused --capture=x --capture-size=0 -u open:/dev/null create:never
	refused --capture-size=1M -u open:/dev/null create:never
	[[ $output == *'for --capture, which is not given'* ]]
	refused --capture=/dev/null --capture-size=1M -u open:/dev/null create:never
	[[ $output == *'but /dev/null is none'* ]]
}

@test "a file that cannot be made is refused before anything is opened" {
	run -23 sockcat --capture=no/such/x.pcapng -u open:/dev/null create:never
	[[ $output == *'cannot open no/such/x.pcapng for the capture: '* ]]
	[ ! -e never ]
}

@test "of two addresses with two halves neither can be captured" {
	refused --capture=x 'open:/dev/null!!create:never' 'open:/dev/null!!create:never'
	[[ $output == *'not two joined by !!'* ]]
}

@test "a name with commas, quotes and blanks is a name" {
	printf hello | sockcat --capture="a, \"b'c\\" -u - create:copy
	[ -s "a, \"b'c\\" ]
}

@test "a dump and a capture look at the same session" {
	listen server --capture=x.pcapng -v -r left tcp-listen:0,bind=127.0.0.1 pipe
	printf hello | sockcat - "tcp:127.0.0.1:$PORT" >/dev/null
	finish server
	sound x.pcapng
	[ "$(cat left)" = hello ]
	grep -q 'length=5 from=0 to=4' server.err
}

@test "without memory for a packet the relay goes on" {
	local n
	random_file 5000 data
	for n in {1..60}; do
		status=0
		SOCKCAT_FAIL_ALLOC=$n sockcat --capture=x.pcapng -u open:data create:copy 2>err || status=$?
		[ "$status" = 27 ] || { [ "$status" = 0 ] && same data copy; }
	done
}
