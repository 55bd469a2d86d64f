#!/usr/bin/env bats
# WebSocket: both roles, against other makes and against whoever breaks the rules.

load lib.bash
load tls.bash
load ws.bash

# serve NAME [OPTIONS] [ADDRESS]: a server, an echo unless said otherwise
serve() { listen "$1" "ws-listen:0,bind=127.0.0.1${2:+,$2}" "${3:-pipe}"; }

# talk ADDRESS...: standard input to it; 20 s
talk() { run timeout 20 "$SOCKCAT" - "$@"; }

# end_with CODE REGEX comes from tls.bash.

# --- between two of us --------------------------------------------------------------

@test "bytes pass unchanged both ways, and each end is told" {
	random_file 3000000 big
	serve srv fork
	timeout 20 "$SOCKCAT" - "ws:127.0.0.1:$PORT" <big >back
	same big back
	timeout 20 "$SOCKCAT" - "ws+tcp:127.0.0.1:$PORT" </dev/null >back
	[ ! -s back ]
}

@test "an answer that is given only after the end of the question arrives" {
	serve srv fork "system:'wc -c'"
	talk "ws:127.0.0.1:$PORT" < <(head -c 100000 /dev/zero)
	end_with 0 '^ *100000$'
	talk "ws:127.0.0.1:$PORT" <<<hello
	end_with 0 '^ *6$'
}

@test "one direction alone ends as it should, with -u and -U" {
	echo hello >words
	listen srv -u "ws-listen:0,bind=127.0.0.1" create:got
	"$SOCKCAT" -u open:words "ws:127.0.0.1:$PORT"
	finish srv
	[ "$status" -eq 0 ]
	same words got
	listen srv -U "ws-listen:0,bind=127.0.0.1" open:words
	run -0 "$SOCKCAT" -u "ws:127.0.0.1:$PORT" -
	[ "$output" = hello ]
	finish srv
	[ "$status" -eq 0 ]
}

@test "a WebSocket goes over TLS, a UNIX socket and a program" {
	listen srv "ws+unix-listen:s.sock,fork" pipe
	talk "ws+unix:s.sock,path=/x" <<<hello
	end_with 0 '^hello$'
	talk "ws+exec:'\"$SOCKCAT\" - unix:s.sock',path=/y" <<<hello
	end_with 0 '^hello$'
	need_tls
	need openssl
	authority ca
	certificate server "/CN=localhost" "DNS:localhost" ca
	listen tls "wss-listen:0/chat,bind=127.0.0.1,fork,cert=server.pem" pipe
	talk "ws+tls+tcp:localhost:$PORT,path=/chat,cafile=ca.crt" <<<hello
	end_with 0 '^hello$'
	talk "wss:localhost:$PORT/chat,cafile=ca.crt" <<<again
	end_with 0 '^again$'
}

@test "a layer above and one inserted by an option see the bytes" {
	serve srv fork
	talk "hexdump+ws:127.0.0.1:$PORT/,crnl" <<<hello
	end_with 0 '68 65 6c 6c 6f'
}

# --- Node's ws ----------------------------------------------------------------------

@test "Node's server gets binary messages, or text with ws-mode=text" {
	need_node_ws
	node_server peer
	talk "ws:127.0.0.1:$PORT/chat?room=1" <<<'grüße'
	end_with 0 '^grüße$'
	talk "ws:127.0.0.1:$PORT,ws-mode=text" <<<'grüße'
	end_with 0 '^grüße$'
	wait_out peer '^text 8'
	grep -q '^open /chat?room=1 .*"host":"127.0.0.1:'"$PORT" peer.out
	[ "$(grep -c '^close 1000 ' peer.out)" = 2 ]
	[[ $(sed -n 's/ [0-9]*$//p' peer.out) == *binary*text* ]]
}

@test "a megabyte goes through Node's server and comes back the same" {
	need_node_ws
	node_server peer
	random_file 1048576 big
	timeout 20 "$SOCKCAT" - "ws:127.0.0.1:$PORT" <big >back
	same big back
}

@test "a megabyte from Node's client comes back the same, whole and in pieces" {
	need_node_ws
	random_file 1048576 big
	serve srv fork
	for how in binary pieces; do
		node_client "$how" "ws://127.0.0.1:$PORT/" big "$how"
		finish "$how"
		same big "$how.got"
		grep -q '^pong are you there' "$how.out"
		grep -q '^close 1000 enough' "$how.out" || grep -q '^close 1000 ' "$how.out"
	done
}

@test "Node's client gets text from ws-mode=text" {
	need_node_ws
	echo 'grüße' >words
	serve srv ws-mode=text
	node_client cli "ws://127.0.0.1:$PORT/" words text
	finish cli
	same words cli.got
	grep -q '^text 8' cli.out
	finish srv
	[ "$status" -eq 0 ]
}

@test "a ping is answered, also between the pieces of a message" {
	need_node_ws
	node_server peer
	mkfifo in
	start_in cli in "$SOCKCAT" - "ws:127.0.0.1:$PORT"
	exec 8>in
	echo ping >&8
	wait_out cli '^ponged$'
	grep -q '^pong are you there$' peer.out
	echo pieces >&8
	wait_out cli '^one message$'
	wait_out peer '^pong between$'
	exec 8>&-
	finish cli
	[ "$status" -eq 0 ]
}

@test "the server's close ends the session, and its status tells how" {
	need_node_ws
	node_server peer
	mkfifo in
	for status in 1000 1001 1011 4001; do
		start_in cli in "$SOCKCAT" - "ws:127.0.0.1:$PORT"
		exec 8>in
		echo "close $status because" >&8
		wait_out peer "^close $status" || true
		exec 8>&-
		finish cli
		case $status in
		0) ! grep -q 1011 cli.err ;;
		56) grep -q 'closed the WebSocket with status 1011: because' cli.err ;;
		*) false ;;
		esac
		cat cli.err >>all.err
	done
	grep -q 'status 1011: because' all.err
	grep -q 'warning: .*status 4001 because' all.err
}

@test "a subprotocol is agreed upon with Node, or there is no session" {
	need_node_ws
	node_server peer
	talk "ws:127.0.0.1:$PORT,ws-protocol=other,ws-protocol=chat" <<<hello
	end_with 0 '^hello$'
	talk "ws:127.0.0.1:$PORT,ws-protocol=other" <<<hello
	end_with 97 'speaks none of the protocols'
	echo hello >words
	serve srv fork,ws-protocol=b,ws-protocol=a
	node_client cli "ws://127.0.0.1:$PORT/" words binary a
	finish cli
	grep -q '^open a' cli.out
	node_client cli2 "ws://127.0.0.1:$PORT/" words binary c
	finish cli2
	grep -q '^error .*400' cli2.out
}

# --- Python's websockets, curl --------------------------------------------------------

@test "Python's server and client get the same bytes back" {
	need_websockets
	random_file 1048576 big
	py_server peer
	# It sends nothing more once it has seen a Close.
	timeout 20 "$SOCKCAT" -t 5 - "ws:127.0.0.1:$PORT,shut-none,readbytes=1048576" <big >back
	same big back
	serve srv
	py_client cli "ws://127.0.0.1:$PORT/" big
	finish cli
	same big cli.got
	grep -q '^pong' cli.out
	grep -q '^close 1000' cli.out
	finish srv
	[ "$status" -eq 0 ]
}

@test "curl is told that there is a WebSocket only, or upgraded when it asks" {
	need curl
	serve srv fork text:hello
	run -0 curl -sS -i --max-time 10 "http://127.0.0.1:$PORT/"
	[[ $output == *"426 Upgrade Required"*"Upgrade: websocket"*"WebSocket only"* ]]
	run curl -sS -i -N --max-time 10 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
		-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -H 'Sec-WebSocket-Version: 13' \
		"http://127.0.0.1:$PORT/"
	[[ $output == *"101 Switching Protocols"*"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="*hello* ]]
	wait_for srv 'client refused with 426'
}

# --- messages and streams ---------------------------------------------------------------

@test "datagrams stay messages, through a server that echoes" {
	need_node_ws
	node_server peer
	listen gate "udp-listen:0,bind=127.0.0.1" "ws:127.0.0.1:$PORT"
	cat >udp.py <<-END
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.settimeout(10)
		s.connect(('127.0.0.1', int(sys.argv[1])))
		for n in 5, 0, 3, 40000:
		    s.send(b'x' * n)
		    print(len(s.recv(65536)))
	END
	run -0 python3 udp.py "$PORT"
	[ "$output" = $'5\n0\n3\n40000' ]
	[ "$(grep -c '^binary' peer.out)" = 4 ]
}

@test "messages in pieces become one datagram each" {
	cat >udp.py <<-END
		import socket
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(('127.0.0.1', 0))
		print('port', s.getsockname()[1], flush=True)
		while True:
		    data, who = s.recvfrom(65536)
		    print('got', data.decode(), flush=True)
		    s.sendto(data[::-1], who)
	END
	start udp python3 udp.py
	port_of udp
	listen gate "ws-listen:0,bind=127.0.0.1,ws-max-message=10" "udp:127.0.0.1:$PORT"
	raw cli "$PORT" - "$(masked 02 abc)$(masked 89 ping)$(masked 80 def)$(masked 82 gh)$(masked 82 '')" slow
	wait_out cli '^frame 82 plain 6867'
	wait_out cli '^frame 82 plain $'
	grep -q '^got abcdef$' udp.out
	grep -q '^got gh$' udp.out
	grep -q '^frame 8a plain 70696e67$' cli.out
	grep -q "^frame 82 plain $(printf fedcba | od -An -tx1 | tr -d ' \n')\$" cli.out
}

@test "a message longer than ws-max-message ends the session with 1009" {
	listen gate "ws-listen:0,bind=127.0.0.1,ws-max-message=10" udp:127.0.0.1:9
	raw cli "$PORT" - "$(masked 02 123456)$(masked 80 78901)"
	finish gate
	[ "$status" -eq 56 ]
	grep -q 'longer than the 10 bytes that ws-max-message= allows' gate.err
	wait_out cli '^frame 88 plain 03f1'
	listen gate "ws-listen:0,bind=127.0.0.1" udp:127.0.0.1:9
	raw cli "$PORT" - 82ff00000000001000010a0b0c0d
	finish gate
	[ "$status" -eq 56 ]
}

@test "with shut-none there is no Close before the session is over" {
	raw peer server - 820568656c6c6f
	mkfifo in
	start_in cli in "$SOCKCAT" -t 20 - "ws:127.0.0.1:$PORT,shut-none"
	exec 8>in
	echo hi >&8
	exec 8>&-
	wait_out cli hello
	wait_out peer '^frame 82 masked 68690a'
	run ! grep -q '^frame 88' peer.out
	stop peer
	finish cli
	[ "$status" -eq 18 ]
}

@test "a stream is handed on as it comes, not when the message is whole" {
	serve srv '' create:got
	raw cli "$PORT" - "02ff00000000400000000000000068656c6c6f" hold
	wait_until grep -q hello got
}

@test "text goes out in whole characters, however it comes" {
	raw peer server - 8800 slow
	mkfifo in
	start_in cli in "$SOCKCAT" - "ws:127.0.0.1:$PORT,ws-mode=text"
	exec 8>in
	printf 'gr\303' >&8
	wait_out peer '^frame 81 masked 6772$'
	printf '\274\342\202' >&8
	wait_out peer '^frame 81 masked c3bc$'
	printf '\254' >&8
	wait_out peer '^frame 81 masked e282ac$'
	exec 8>&-
	finish cli
	[ "$status" -eq 0 ]
	wait_out peer '^frame 88 masked'
}

@test "what is no text is not sent as text" {
	for bytes in '\377' 'half\303'; do
		raw "peer" server - ""
		talk "ws:127.0.0.1:$PORT,ws-mode=text" < <(printf '%b' "$bytes")
		end_with 55 'UTF-8.*\(ws-mode=binary takes anything\)'
	done
}

# --- the opening handshake ----------------------------------------------------------------

@test "the request carries what the options say" {
	raw peer server - 8800
	talk "ws:127.0.0.1:$PORT/a/b?c=d,ws-origin=https://example.org,ws-header=X-One: 1,ws-header=Authorization: Basic eDp5" <<<hello
	grep -q '^GET /a/b?c=d HTTP/1.1' peer.out
	grep -q "^Host: 127.0.0.1:$PORT" peer.out
	grep -q '^Origin: https://example.org' peer.out
	grep -q '^X-One: 1' peer.out
	grep -q '^Authorization: Basic eDp5' peer.out
	grep -q '^Sec-WebSocket-Version: 13' peer.out
	run ! grep -q '^Sec-WebSocket-Protocol' peer.out
}

@test "Host may be given, for a UNIX socket it is else localhost" {
	for want in localhost other.example; do
		start "srv" "$SOCKCAT" -u "unix-listen:s.sock,unlink-early" create:head
		wait_path s.sock
		start cli timeout 20 "$SOCKCAT" /dev/null \
			"ws+unix:s.sock$([ $want = localhost ] || echo ",ws-header=Host: $want")"
		wait_until grep -q "^Host: $want" head
		stop cli
		stop srv
		[ "$(grep -c '^Host' head)" = 1 ]
		rm -f s.sock head
	done
}

# refused_by ANSWER REGEX: the server's answer to the upgrade, and what we say to that
refused_by() {
	printf '%b' "$1" >answer
	raw peer server answer "" close
	talk "ws:127.0.0.1:$PORT/x" <<<hello
	end_with 97 "$2"
}

@test "a server that says no is quoted" {
	refused_by 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nno\n' '401 Unauthorized .*Authorization'
	refused_by 'HTTP/1.0 404 Not Found\r\n\r\n' '404 Not Found \(is path= right\?\)'
	refused_by 'HTTP/1.1 301 Moved\r\nLocation: https://example.org/y\r\n\r\n' '301 Moved; it points to https://example.org/y'
	refused_by 'HTTP/1.1 200 OK\r\n\r\n<html>' '200 OK'
	refused_by 'HTTP/1.1 503\n\n' 'WebSocket: 503'
	refused_by 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n' '404 Not Found'
	refused_by "$(printf 'HTTP/1.1 110 x\\n\\n%.0s' {1..20})" 'WebSocket: 110'
}

@test "interim answers come before the one that counts" {
	printf '%b' 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 101 Now\r\n' \
		'Upgrade: websocket\r\nConnection: Upgrade\r\n' \
		'Sec-WebSocket-Accept: @ACCEPT@\r\n\r\n' >answer
	raw peer server answer "820568656c6c6f8800"
	talk "ws:127.0.0.1:$PORT" <<<x
	end_with 0 '^hello$'
}

@test "a server whose answer is wrong is left" {
	local good='HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'

	refused_by "${good}\r\n" 'does not fit our key'
	refused_by "${good}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" 'does not fit our key'
	refused_by 'HTTP/1.1 101 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n' 'something else'
	refused_by "${good}Sec-WebSocket-Accept: @ACCEPT@\r\nSec-WebSocket-Protocol: x\r\n\r\n" 'a protocol that it was not offered'
	refused_by "${good}Sec-WebSocket-Accept: @ACCEPT@\r\nSec-WebSocket-Extensions: x\r\n\r\n" 'an extension that it was not offered'
	refused_by 'SSH-2.0-OpenSSH_9\r\n' 'this is no WebSocket server'
	refused_by 'HTTP/1.1 101 OK\r\nUpgr' 'closed the connection during the WebSocket handshake'
	refused_by '' 'closed the connection during the WebSocket handshake'
	{ printf 'HTTP/1.1 101 OK\r\nX: '; head -c 20000 /dev/zero | tr '\0' x; } >answer
	raw peer server answer ""
	talk "ws:127.0.0.1:$PORT" <<<hello
	end_with 97 'does not end within 16 KiB'
}

# turned_away STATUS LINES...: the client's request, and the answer it gets
turned_away() {
	printf '%b\r\n' "${@:2}" '' >request
	raw cli "$PORT" request ""
	wait_out cli "^HTTP/1.1 $1 "
	wait_out cli '^(end|error)'
}

@test "a client whose request is wrong is told which way" {
	local up="Upgrade: websocket" conn="Connection: keep-alive, Upgrade" \
		key="Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" v="Sec-WebSocket-Version: 13"

	serve srv "fork,path=/chat,ws-origin=https://a.example,ws-origin=https://b.example"
	turned_away 404 "GET / HTTP/1.1" "Host: x" "$up" "$conn" "$key" "$v"
	turned_away 400 "POST /chat HTTP/1.1" "Host: x" "$up" "$conn" "$key" "$v"
	turned_away 400 "GET /chat HTTP/1.0" "Host: x" "$up" "$conn" "$key" "$v"
	turned_away 426 "GET /chat HTTP/1.1" "Host: x"
	turned_away 426 "GET /chat HTTP/1.1" "Host: x" "$up" "$conn" "$key" "Sec-WebSocket-Version: 8"
	grep -q '^Sec-WebSocket-Version: 13' cli.out
	turned_away 400 "GET /chat HTTP/1.1" "Host: x" "$up" "$conn" "Sec-WebSocket-Key: short" "$v"
	turned_away 400 "GET /chat HTTP/1.1" "$up" "$conn" "$key" "$v"
	turned_away 403 "GET /chat HTTP/1.1" "Host: x" "$up" "$conn" "$key" "$v"
	turned_away 403 "GET /chat HTTP/1.1" "Host: x" "$up" "$conn" "$key" "$v" "Origin: https://c.example"
	turned_away 400 "GET /chat HTTP/1.1" "X"
	turned_away 400 "\x16\x03\x01"
	turned_away 101 "GET /chat?x HTTP/1.1" "Host: x" "$up" "$conn" "$key" "$v" "Origin: https://b.example" &
	wait_for srv 'WebSocket /chat\?x'
	grep -q 'client refused with 404: there is nothing at that path' srv.err
	grep -q 'client refused with 403: the origin is not one of ws-origin=' srv.err
}

@test "a request may come byte by byte, and frames right behind it" {
	serve srv
	raw cli "$PORT" - "$(masked 82 hello)$(masked 88 '')" slow
	wait_out cli '^frame 88 plain $'
	# what comes in pieces may go back in pieces
	[ "$(sed -n 's/^frame 82 plain //p' cli.out | tr -d '\n')" = 68656c6c6f ]
	finish srv
	[ "$status" -eq 0 ]
}

@test "a client that goes away or says too much ends its own session only" {
	serve srv fork
	printf 'GET / HT' >request
	raw cli "$PORT" request "" close
	wait_for srv 'the client closed the connection during the WebSocket handshake'
	{ printf 'GET / HTTP/1.1\r\nX: '; head -c 20000 /dev/zero | tr '\0' x; } >request
	raw cli2 "$PORT" request ""
	wait_for srv 'client refused with 400: its head does not end within 16 KiB'
	talk "ws:127.0.0.1:$PORT" <<<hello
	end_with 0 '^hello$'
}

# --- who breaks the rules ---------------------------------------------------------------

# breaks HEX CLOSE REGEX: a server that sends this gets a Close with that status
breaks() {
	raw peer server - "$1"
	talk "ws:127.0.0.1:$PORT" < <(wait_out peer '^sent'; sleep_until_closed)
	end_with 56 "the server broke WebSocket's rules: .*$3"
	wait_out peer "^frame 88 masked $2"
}
sleep_until_closed() { wait_out peer '^(end|error|frame 88)'; } >/dev/null

@test "a server that breaks the rules gets a Close that says so" {
	breaks c10568656c6c6f 03ea 'reserved bit'
	breaks 8300 03ea 'unknown kind'
	breaks 818501020304 03ea 'is masked'
	breaks 0101618200 03ea "within another"
	breaks 0900 03ea 'in pieces'
	breaks 897e007e 03ea 'longer than 125'
	breaks 827e007d 03ea 'shortest form'
	breaks 827f8000000000000000 03ea 'highest bit'
	breaks 8000 03ea 'was not begun'
	breaks 880103 03ea 'half a status'
	breaks 88020001 03ea 'status that there is not'
	breaks 8101ff 03ef 'not UTF-8'
	breaks 0101c38001c3 03ef 'not UTF-8'
	breaks 8101c3 03ef 'not UTF-8'
	breaks 485454502f312e3120 03ea '.'
}

@test "a client that breaks the rules gets a Close that says so" {
	serve srv fork
	raw plain "$PORT" - 820568656c6c6f
	wait_for srv "the client broke WebSocket's rules: a client's frame is not masked"
	wait_out plain '^frame 88 plain 03ea'
	raw bits "$PORT" - f28001020304
	wait_for srv "rules: a reserved bit is set"
	wait_out bits '^frame 88 plain 03ea'
}

@test "text in pieces may be cut within a character" {
	raw peer server - 0102e2828001ac8800
	talk "ws:127.0.0.1:$PORT" <<<hello
	end_with 0 '^€$'
}

@test "an end without a Close is exit 18, in whatever place, and what came is kept" {
	for bytes in 820568656c6c6f 820568656c6c6f82 820568656c6c6f820a78 820568656c6c6f890a78; do
		raw peer server - "$bytes" close
		talk "ws:127.0.0.1:$PORT" < <(wait_until ended "$(cat peer.pid)" >/dev/null)
		end_with 18 'hello.*the stream ended without a Close'
	done
}

@test "empty frames are no end" {
	raw peer server - "8200020000008000820568656c6c6f8a008a0368656c8800" slow
	talk "ws:127.0.0.1:$PORT" <<<x
	end_with 0 '^hello$'
}

@test "a flood of pings does not keep others waiting" {
	serve srv fork
	ping=$(masked 89 x)
	raw flood "$PORT" - "$(printf "$ping%.0s" {1..500})" flood
	wait_out flood '^sent'
	talk "ws:127.0.0.1:$PORT" <<<hello
	end_with 0 '^hello$'
}

# --- the words -------------------------------------------------------------------------

# slip ADDRESS REGEX: refused before anything opens
slip() {
	run "$SOCKCAT" - "$1" </dev/null
	[ "$status" -eq 2 ] && [[ $output =~ $2 ]] && [[ $output == *^* ]] && return 0
	echo "$1: status $status: $output"
	return 1
}

@test "wrong options are refused before anything opens" {
	slip "ws:h:80,path=chat" 'begins with a slash'
	slip "ws:h:80/a b" 'begins with a slash'
	slip "ws:h:80,ws-mode=hex" 'ws-mode is text or binary'
	slip "ws:h:80,ws-max-message=0" 'at least 1'
	slip "ws:h:80,ws-header=nonsense" '"Name: value"'
	slip "ws:h:80,ws-header=X: 1\\r\\nY: 2" '"Name: value"'
	slip "ws:h:80,ws-header=Sec-WebSocket-Key: x" 'part of the handshake'
	slip "ws:h:80,ws-header=Upgrade: x" 'part of the handshake'
	slip "ws:h:80,ws-protocol=a b" 'is one word'
	slip "ws:h:80,ws-origin=a b" 'an origin looks like'
	slip "ws:h:99999/x" 'is no port'
	slip "ws:h:1:2" 'host\[:port\]\[/path\]'
	slip "ws+udp:h:80" 'needs a stream below'
	slip "ws+frame+tcp:h:80,frame=line" 'and frame carries messages'
	slip "tcp:h:80,ws-mode=text" 'does not take the option'
}

@test "the names for short stand for their stacks" {
	serve srv fork
	for name in ws ws-connect; do
		talk "$name:127.0.0.1:$PORT" <<<hello
		end_with 0 '^hello$'
	done
	run "$SOCKCAT" --help ws-listen
	[[ $output == *"ws+tcp-listen"* ]]
}
