# socks-server and connect-server: the client of a listener names the host.

load lib.bash
load tls.bash
load peers.bash

setup_file() {
	export C=$BATS_FILE_TMPDIR
	! command -v openssl >/dev/null || certificates
}

# web NAME: answers each request with "found"; sets PORT
web() {
	cat >web.sh <<'SH'
while read -r line && [ "$line" != $'\r' ]; do :; done
printf 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nfound'
SH
	listen "$1" tcp-listen:0,bind=127.0.0.1,fork exec:"bash web.sh"
}

# serve NAME ALLOW [LISTENER]: a proxy; sets PORT
serve() { listen "$1" "${3:-tcp-listen:0,bind=127.0.0.1,fork}" "socks-server,allow=$2"; }

# say BYTES: to the proxy at $PORT (printf's escapes); what comes back, in hex, in $output
say() {
	run timeout 20 bash -c "printf '$1' | '$SOCKCAT' -t 10 - tcp:127.0.0.1:$PORT 2>/dev/null | od -An -v -tx1 | tr -d ' \n'"
}

@test "curl gets through by SOCKS 4, 4a, 5 and CONNECT" {
	need curl
	web far
	local far=$PORT kind
	serve p "127.0.0.1:$far"
	for kind in --socks4 --socks4a --socks5 --socks5-hostname '-p -x'; do
		# shellcheck disable=SC2086
		run -0 curl -sS --noproxy '' $kind "127.0.0.1:$PORT" "http://localhost:$far/"
		[ "$output" = found ]
	done
	wait_for p "the client asks for 127.0.0.1:$far by SOCKS 4"
	wait_for p "the client asks for localhost:$far by SOCKS 5"
	wait_for p "the client asks for localhost:$far by HTTP CONNECT"
}

@test "connect-server is the same, and ncat gets through" {
	need ncat
	web far
	local far=$PORT kind
	listen p tcp-listen:0,bind=127.0.0.1,fork "connect-server,allow=localhost"
	for kind in http socks4 socks5; do
		run -0 timeout 20 ncat --proxy "127.0.0.1:$PORT" --proxy-type "$kind" \
			--proxy-dns remote localhost "$far" <<<$'GET\r\n\r'
		[[ $output == *found ]]
	done
}

@test "sockcat's own clients get through, one proxy behind the other" {
	web far
	local far=$PORT kind
	serve inner localhost
	local inner=$PORT
	serve outer "127.0.0.1:$inner"
	for kind in socks4a socks5 connect; do
		run timeout 20 "$SOCKCAT" - "$kind+tcp:127.0.0.1:$inner:localhost:$far" <<<$'GET\r\n\r'
		[[ $output == *found ]]
	done
	run timeout 20 "$SOCKCAT" - "connect+socks5+tcp:127.0.0.1:$PORT:127.0.0.1:$inner:localhost:$far" <<<$'GET\r\n\r'
	[[ $output == *found ]]
	wait_for outer "asks for 127.0.0.1:$inner by SOCKS 5"
	wait_for inner "asks for localhost:$far by HTTP CONNECT"
}

@test "bytes pass unchanged both ways, with the half-close" {
	peer far 'c, _ = listener.accept(); c.sendall(read_all(c)[::-1]); c.close()'
	local far=$PORT
	serve p "127.0.0.0/8"
	random_file 1000000 sent
	timeout 30 "$SOCKCAT" - "connect+tcp:127.0.0.1:$PORT:localhost:$far" <sent >got
	python3 -c 'import sys; sys.stdout.buffer.write(open("got", "rb").read()[::-1])' >turned
	same sent turned
}

@test "what comes together with the request is for the host" {
	listen far tcp-listen:0,bind=127.0.0.1,fork pipe
	local far=$PORT
	serve p 127.0.0.1
	say "CONNECT 127.0.0.1:$far HTTP/1.1\\r\\n\\r\\nhello"
	[[ $output == *0d0a0d0a68656c6c6f ]]
}

@test "a request may come byte by byte" {
	listen far tcp-listen:0,bind=127.0.0.1,fork pipe
	local far=$PORT
	serve p 127.0.0.1
	run -0 python3 -c "
import socket, struct
s = socket.create_connection(('127.0.0.1', $PORT))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for b in b'\5\1\0':
    s.sendall(bytes([b]))
assert s.recv(9) == b'\5\0'
for b in b'\5\1\0\1\x7f\0\0\1' + struct.pack('>H', $far):
    s.sendall(bytes([b]))
answer = s.recv(99)
assert answer[:8] == b'\5\0\0\1\x7f\0\0\1', answer
s.sendall(b'hello')
print(s.recv(9).decode())"
	[ "$output" = hello ]
}

@test "without allow= it is refused at start, with what to write" {
	run "$SOCKCAT" tcp-listen:0,fork socks-server
	end_with 2 'allow=\*.example.com:443'
	[[ $output == *'^~~~'* ]]
	run "$SOCKCAT" tcp-listen:0,fork connect-server,allow=
	[ "$status" -eq 2 ]
	run "$SOCKCAT" tcp-listen:0,fork 'connect-server,allow=a.example 1.2.3'
	end_with 2 'allow=1.2.3: this is no target such as'
}

@test "it needs the client of a listener" {
	run "$SOCKCAT" - 'socks-server,allow=*' </dev/null
	end_with 2 'serves the clients of a listener'
	run "$SOCKCAT" 'socks-server,allow=*' - </dev/null
	end_with 2 'serves the clients of a listener'
}

@test "what allow= does not include is refused, and the client is told" {
	serve p 'a.example,allow=*:22 10.0.0.0/8:1-2'
	say '\4\1\0\x50\x0a\0\0\1x\0'
	[[ $output == 005b* ]]
	say '\5\1\0\5\1\0\3\11a.example\0'
	[ "$output" = 0500 ] || [[ $output == 05000504* ]]
	say '\5\1\0\5\1\0\3\11b.example\0\x17'
	[[ $output == 05000502* ]]
	say 'CONNECT 10.0.0.1:3 HTTP/1.0\r\n\r\n'
	[[ $output == "$(printf 'HTTP/1.0 403 Forbidden' | od -An -v -tx1 | tr -d ' \n')"* ]]
	wait_for p 'a client asked for b.example:23, which allow= does not include'
}

@test "a star lets nobody reach this host itself, by address or by name" {
	serve p '*'
	for host in 127.0.0.1 127.1 0.0.0.0 169.254.169.254 '[::1]' '[::]' '[fe80::1]' \
			'[::ffff:127.0.0.1]' localhost 2130706433; do
		say "CONNECT $host:1 HTTP/1.0\\r\\n\\r\\n"
		[[ $output == "$(printf 'HTTP/1.0 403 Forbidden' | od -An -v -tx1 | tr -d ' \n')"* ]]
	done
	wait_for p '127.0.0.1:1 is not allowed'
	serve q '* localhost'
	say 'CONNECT localhost:1 HTTP/1.0\r\n\r\n'
	[[ $output == "$(printf 'HTTP/1.0 502' | od -An -v -tx1 | tr -d ' \n')"* ]]
}

@test "a host that refuses or has no name is told in the client's protocol" {
	serve p '127.0.0.0/8 nobody.invalid'
	say '\5\1\0\5\1\0\1\x7f\0\0\1\0\1'
	[[ $output == 05000505* ]]
	say '\4\1\0\1\x7f\0\0\1\0'
	[[ $output == 005b* ]]
	say '\5\1\0\5\1\0\3\16nobody.invalid\0\1'
	[[ $output == 05000504* ]]
	wait_for p 'no connection to nobody.invalid:1'
}

@test "BIND, logins and web requests are refused in their own way" {
	serve p '*'
	say '\5\1\2'
	[ "$output" = 05ff ]
	say '\5\1\0\5\2\0\1\1\2\3\4\0\1'
	[[ $output == 05000507* ]]
	say 'GET http://a.example/ HTTP/1.1\r\n\r\n'
	[[ $output == "$(printf 'HTTP/1.1 405' | od -An -v -tx1 | tr -d ' \n')"* ]]
	wait_for p 'only CONNECT is served'
}

@test "clients that send garbage, too much, too little or nothing do no harm" {
	serve p '*' tcp-listen:0,bind=127.0.0.1,fork
	say '\x16\3\1\2\0\1'
	wait_for p 'no client of a proxy.*does not speak HTTP/1'
	run timeout 20 python3 -c "
import socket
s = socket.create_connection(('127.0.0.1', $PORT))
try:
    s.sendall(b'CONNECT a.example:1 HTTP/1.1\r\n' + b'A: b\r\n' * 100000)
    s.recv(100)
except OSError:
    pass"
	wait_for p 'does not end within 16 KiB'
	say '\5\1'
	wait_for p 'hung up before it had asked'
	listen q tcp-listen:0,bind=127.0.0.1,fork 'socks-server,allow=*,handshake-timeout=0.2'
	exec 4<>"/dev/tcp/127.0.0.1/$PORT"
	wait_for q 'the socks-server handshake did not end in time'
	exec 4>&-
	say '\5\1\2'
	[ "$output" = 05ff ]
}

@test "without fork one client is served" {
	web far
	local far=$PORT
	listen p tcp-listen:0,bind=127.0.0.1 "socks-server,allow=localhost:$far"
	run timeout 20 "$SOCKCAT" - "connect+tcp:127.0.0.1:$PORT:localhost:$far" <<<GET
	[[ $output == *found ]]
	finish p
	[ "$status" -eq 0 ]
	listen q tcp-listen:0,bind=127.0.0.1 "socks-server,allow=localhost:$far"
	run timeout 20 "$SOCKCAT" - "connect+tcp:127.0.0.1:$PORT:localhost:1" </dev/null
	end_with 97 '403'
	finish q
	[ "$status" -eq 97 ]
}

@test "over TLS and over a UNIX socket" {
	need_tls
	need curl
	web far
	local far=$PORT
	listen p tls-listen:0,bind=127.0.0.1,fork,cert="$C/server.pem" "connect-server,allow=localhost:$far"
	run -0 curl -sS --noproxy '' -p --proxy-cacert "$C/ca.crt" -x "https://localhost:$PORT" "http://localhost:$far/"
	[ "$output" = found ]
	run timeout 20 "$SOCKCAT" - "connect+tls+tcp:localhost:$PORT:localhost:$far,cafile=$C/ca.crt" <<<GET
	[[ $output == *found ]]
	run timeout 20 "$SOCKCAT" - "connect+tls+tcp:localhost:$PORT:localhost:1,cafile=$C/ca.crt" <<<GET
	end_with 97 '403 Forbidden'
	listen u unix-listen:proxy.sock,fork "socks-server,allow=localhost:$far"
	run timeout 20 "$SOCKCAT" - "connect+unix:proxy.sock:localhost:$far" <<<GET
	[[ $output == *found ]]
}

@test "a client that breaks off while its host is called ends the session" {
	# A full backlog lets nobody in and refuses nobody.
	peer far "
import threading
full = socket.socket(); full.bind(('127.0.0.1', 0)); full.listen(0)
held = [socket.socket() for i in range(4)]
for c in held:
    c.setblocking(False)
    c.connect_ex(full.getsockname())
print('full', full.getsockname()[1], flush=True)
threading.Event().wait()"
	wait_out far '^full '
	local far
	far=$(sed -n 's/^full //p' far.out)
	listen p tcp-listen:0,bind=127.0.0.1,fork 'socks-server,allow=127.0.0.1'
	run -0 python3 -c "
import socket, struct, sys
s = socket.create_connection(('127.0.0.1', $PORT))
s.sendall(b'CONNECT 127.0.0.1:$far HTTP/1.0\r\n\r\n')
while 'asks for' not in open('p.err').read():
    pass
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
s.close()"
	stop p
}
