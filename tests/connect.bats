# connect: a path through an HTTP proxy, and what proxies and others answer.

load lib.bash
load tls.bash
load peers.bash
load proxies.bash

setup_file() {
	export C=$BATS_FILE_TMPDIR
	! command -v openssl >/dev/null || certificates
}

# backwards NAME: sends back the bytes in reverse once it has got the end
backwards() { peer "$1" 'c, _ = listener.accept(); c.sendall(read_all(c)[::-1]); c.close()'; }

# greeting NAME: says who it is and then what it gets
greeting() { listen "$1" tcp-listen:0,bind=127.0.0.1,fork system:'echo I am here; cat'; }

# refuses ANSWER REGEX: this answer of a proxy is told like that
refuses() {
	answering "p$BATS_TEST_NUMBER" "$1"
	run timeout 20 "$SOCKCAT" - "proxy:127.0.0.1:host.example:22,proxyport=$PORT" </dev/null
	end_with 97 "$2"
	stop "p$BATS_TEST_NUMBER"
}

@test "bytes pass through a proxy unchanged, both ways, with the half-close" {
	backwards far
	local far=$PORT
	proxy p
	random_file 1000000 sent
	timeout 30 "$SOCKCAT" - "connect+tcp:127.0.0.1:$PORT:127.0.0.1:$far" <sent >got
	python3 -c 'import sys; sys.stdout.buffer.write(open("got", "rb").read()[::-1])' >turned
	same sent turned
}

@test "the request is HTTP/1.0 unless http-version says 1.1, which has a Host" {
	greeting far
	local far=$PORT
	proxy p
	ask hello "connect+tcp:127.0.0.1:$PORT:localhost:$far"
	end_with 0 'I am here.hello'
	wait_out p "^CONNECT localhost:$far HTTP/1.0"
	run ! grep -i '^host:' p.out
	ask hello "connect+tcp:127.0.0.1:$PORT:localhost:$far,http-version=1.1"
	wait_out p "^CONNECT localhost:$far HTTP/1.1"
	wait_out p "^Host: localhost:$far"
}

@test "proxy-connect and proxy are socat's names, proxyport is 8080 unless given" {
	greeting far
	local far=$PORT
	proxy p
	ask hello "proxy:127.0.0.1:127.0.0.1:$far,proxyport=$PORT,ignorecr"
	end_with 0 'I am here'
	ask hello "PROXY-CONNECT:127.0.0.1:127.0.0.1:$far,proxyport=$PORT"
	end_with 0 'I am here'
	run "$SOCKCAT" -d -d - "proxy:127.0.0.9:a.example:1"
	end_with 7 'opening connection to 127.0.0.9:8080'
}

@test "an IPv6 host goes in brackets" {
	need_ip6
	listen far tcp6-listen:0,bind='[::1]',fork pipe
	local far=$PORT
	proxy p
	ask hello "connect+tcp:127.0.0.1:$PORT:[::1]:$far"
	end_with 0 '^hello$'
	wait_out p "^CONNECT \\[::1\\]:$far "
}

@test "proxy-resolve sends the address instead of the name" {
	greeting far
	local far=$PORT
	proxy p
	ask hello -4 "proxy:127.0.0.1:localhost:$far,proxyport=$PORT,resolve"
	end_with 0 'I am here'
	wait_out p "^CONNECT 127.0.0.1:$far "
	ask hello "proxy:127.0.0.1:nobody.invalid:$far,proxyport=$PORT,proxy-resolve"
	end_with 6 nobody.invalid
}

@test "the port may be a service's name" {
	getent services https >/dev/null || skip "this system lists no services"
	answering p 'HTTP/1.0 200 OK\r\n\r\n'
	run timeout 20 "$SOCKCAT" -d -d -d - "proxy:127.0.0.1:host.example:https,proxyport=$PORT" </dev/null
	end_with 0 'asking the proxy for host.example:443'
	run "$SOCKCAT" - proxy:127.0.0.1:host.example:no-such-service </dev/null
	end_with 2 'no-such-service.*\^~~'
}

@test "credentials come from the option or from a file" {
	tinyproxy_serving p 'BasicAuth joe secret'
	local p=$PORT
	listen far tcp-listen:0,bind=127.0.0.1,fork system:'echo I am here'
	# tinyproxy ends both directions when one has ended, hence -u
	run timeout 20 "$SOCKCAT" -u "proxy:127.0.0.1:127.0.0.1:$PORT,proxyport=$p,proxyauth=joe:secret" -
	end_with 0 'I am here'
	echo joe:secret >./who
	run timeout 20 "$SOCKCAT" -u "proxy:127.0.0.1:127.0.0.1:$PORT,proxyport=$p,proxyauthfile=who" -
	end_with 0 'I am here'
	run "$SOCKCAT" - "proxy:127.0.0.1:127.0.0.1:$PORT,proxyport=$p" </dev/null
	end_with 97 'wants a user and a password.*proxyauthfile'
	run "$SOCKCAT" - "proxy:127.0.0.1:127.0.0.1:$PORT,proxyport=$p,proxyauth=joe:x" </dev/null
	end_with 97 'does not accept this user and password'
}

@test "credentials that cannot be used are refused at start" {
	run "$SOCKCAT" - proxy:127.0.0.1:a.example:22,proxyauthfile=none
	end_with 1 'cannot read proxy-authorization-file=none'
	run "$SOCKCAT" - proxy:127.0.0.1:a.example:22,proxyauth=joe
	end_with 2 'USER:PASSWORD'
	: >empty
	run "$SOCKCAT" - proxy:127.0.0.1:a.example:22,proxyauthfile=empty
	end_with 2 'USER:PASSWORD'
}

@test "the password is in no message and not in the process list" {
	answering p 'HTTP/1.0 403 Forbidden\r\n\r\n'
	run "$SOCKCAT" -d -d -d -d - "proxy:127.0.0.1:a.example:22,proxyport=$PORT,proxyauth=joe:xyzzy" </dev/null
	end_with 97 'does not allow'
	[[ $output != *xyzzy* ]]
	run "$SOCKCAT" -d -d -d -d - "proxy:127.0.0.1:a.example:22,proxyport=1,proxyauth=joe:xyzzy" </dev/null
	end_with 7 refused
	[[ $output != *xyzzy* ]]
	run "$SOCKCAT" - "proxy:127.0.0.1:a.example:22,proxyauth=joe:xyzzy,http-version=2"
	end_with 2 '1.0 or 1.1'
	[[ $output != *xyzzy* ]]
	listen l tcp-listen:0,bind=127.0.0.1,fork proxy:127.0.0.1:a.example:22,proxyauth=joe:xyzzy
	run ! grep -q xyzzy "/proc/$(cat l.pid)/cmdline"
}

@test "bytes that come with the answer are not lost" {
	answering p 'HTTP/1.0 200 OK\r\nX: y\r\n\r\nSSH-2.0-banner\n'
	run -0 timeout 20 "$SOCKCAT" -u "proxy:127.0.0.1:a.example:22,proxyport=$PORT" -
	[ "$output" = SSH-2.0-banner ]
}

@test "an answer may come byte by byte, with bare line feeds, behind interim ones" {
	peer p "
c, _ = listener.accept()
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for b in b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\n\nHTTP/1.0 200\nA: b\n\nhello':
    c.sendall(bytes([b]))
c.shutdown(socket.SHUT_WR)
read_all(c)"
	run -0 timeout 20 "$SOCKCAT" -u "proxy:127.0.0.1:a.example:22,proxyport=$PORT" -
	[ "$output" = hello ]
}

@test "what a proxy refuses is said in words" {
	refuses 'HTTP/1.1 403 No\r\n\r\n' 'does not allow this host or port: 403 No'
	refuses 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nxyz' 'cannot reach the host: 502'
	refuses 'HTTP/1.1 503 x\r\n\r\n' 'cannot reach the host now'
	refuses 'HTTP/1.1 504 x\r\n\r\n' 'does not answer the proxy'
	refuses 'HTTP/1.1 405 x\r\n\r\n' 'a web server, not a proxy'
	refuses 'HTTP/1.1 400 x\r\n\r\n' 'does not understand'
	refuses 'HTTP/1.1 301 x\r\nLocation: http://a/\x1b\r\n\r\n' 'broken: its head has a control character'
	refuses 'HTTP/1.1 302 x\r\nLocation: http://a.example/\r\n\r\n' 'elsewhere \(http://a.example/\)'
	refuses 'HTTP/1.1 418 Teapot\r\n\r\n' 'refuses: 418 Teapot'
	refuses 'HTTP/1.1 500 x\r\nContent-Type: text/plain; charset=x\r\nContent-Length: 8\r\n\r\nno luck\nmore' '500 no luck$'
}

@test "407 names the login that the proxy wants" {
	refuses 'HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=\"a\"\r\n\r\n' \
		'give proxyauth=USER:PASSWORD'
	refuses 'HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM\r\n\r\n' 'a login by NTLM; sockcat knows Basic only'
}

@test "what is no HTTP proxy is recognised" {
	refuses '\x05\xff' 'may speak SOCKS'
	refuses '\x00\x5b\x00\x00' 'may speak SOCKS'
	refuses '\x15\x03\x01\x00\x02\x02\x46' 'speaks TLS'
	refuses 'SSH-2.0-OpenSSH\r\n' 'no HTTP proxy: it says "SSH-2.0-OpenSSH'
	refuses 'HTTP/2 200\r\n\r\n' 'answer is broken|no HTTP proxy'
	refuses 'HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n' 'broken: its head has a folded line'
	refuses '' 'hung up without an answer'
	refuses 'HTTP/1.1 200 OK\r\nA' 'hung up in the middle'
}

@test "an endless answer ends at 16 KiB" {
	peer p "
c, _ = listener.accept()
try:
    c.sendall(b'HTTP/1.1 200 OK\r\n')
    while True:
        c.sendall(b'X: ' + b'y' * 1000 + b'\r\n')
except OSError:
    pass"
	run timeout 20 "$SOCKCAT" - "proxy:127.0.0.1:a.example:22,proxyport=$PORT" </dev/null
	end_with 97 'does not end within 16 KiB'
}

@test "a proxy that only says to go on is left" {
	answering p "$(printf 'HTTP/1.1 100 Continue\\r\\n\\r\\n%.0s' {1..20})HTTP/1.1 200 OK\r\n\r\n"
	run timeout 20 "$SOCKCAT" - "proxy:127.0.0.1:a.example:22,proxyport=$PORT" </dev/null
	end_with 97 'interim answers \(1xx\) only'
}

@test "a proxy that breaks off, or says nothing, ends it" {
	peer p 'c, _ = listener.accept(); c.recv(10); reset(c); c, _ = listener.accept(); read_all(c)'
	run timeout 20 "$SOCKCAT" - "proxy:127.0.0.1:a.example:22,proxyport=$PORT" </dev/null
	end_with 56 'reset'
	run timeout 20 "$SOCKCAT" - "proxy:127.0.0.1:a.example:22,proxyport=$PORT,handshake-timeout=0.2" </dev/null
	end_with 28 'connect handshake'
}

@test "connect has its place: over a client, with the proxy's port in front" {
	run "$SOCKCAT" - connect+tcp-listen:0:a.example:22
	end_with 2 'it would ask a client'
	run "$SOCKCAT" - connect+udp:127.0.0.1:1:a.example:22
	end_with 2 'needs a stream below it, and udp carries messages'
	run "$SOCKCAT" - connect+tcp:127.0.0.1:1:a.example:22,proxyport=3
	end_with 2 'behind its name'
	run "$SOCKCAT" - 'connect+tcp:127.0.0.1:1:a b:22'
	end_with 2 'no name of a host'
}

@test "TLS to the proxy, and TLS end to end inside: the host is verified, not the proxy" {
	need_tls
	echo_server far fork
	local far=$PORT
	proxy p
	listen front tls-listen:0,bind=127.0.0.1,fork,cert="$C/server.pem" "tcp:127.0.0.1:$PORT"
	ask hello "tls+connect+tls+tcp:127.0.0.1:$PORT:localhost:$far,cafile=$C/ca.crt,tls2.cafile=$C/ca.crt"
	end_with 0 '^hello$'
	ask hello "tls+connect+tcp:127.0.0.1:$(sed -n 's/^port //p' p.out):localhost:$far,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	listen wrong tls-listen:0,bind=127.0.0.1,fork,cert="$C/other.pem" pipe
	ask hello "tls+connect+tls+tcp:127.0.0.1:$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' front.err):localhost:$PORT,cafile=$C/ca.crt,tls2.cafile=$C/ca.crt"
	end_with 51 'not for "localhost"'
}

@test "a proxy behind a proxy" {
	greeting far
	local far=$PORT
	proxy inner
	local inner=$PORT
	proxy outer
	ask hello "connect+connect+tcp:127.0.0.1:$PORT:127.0.0.1:$inner:localhost:$far"
	end_with 0 'I am here.hello'
	wait_out outer "^CONNECT 127.0.0.1:$inner "
	wait_out inner "^CONNECT localhost:$far "
}

@test "tinyproxy relays a megabyte each way and its refusals are told" {
	random_file 1000000 data
	listen down tcp-listen:0,bind=127.0.0.1,fork open:data
	local down=$PORT
	listen up -u tcp-listen:0,bind=127.0.0.1 create:up
	local up=$PORT
	tinyproxy_serving p 'ConnectPort 22'
	run "$SOCKCAT" - "proxy:127.0.0.1:127.0.0.1:$down,proxyport=$PORT" </dev/null
	end_with 97 'does not allow.*403'
	tinyproxy_serving open
	timeout 30 "$SOCKCAT" -u "proxy:127.0.0.1:127.0.0.1:$down,proxyport=$PORT" - >got
	same data got
	timeout 30 "$SOCKCAT" -u - "proxy:127.0.0.1:127.0.0.1:$up,proxyport=$PORT" <data
	finish up
	same data up
	run "$SOCKCAT" - "proxy:127.0.0.1:127.0.0.1:1,proxyport=$PORT" </dev/null
	end_with 97 'cannot reach the host'
}

@test "squid relays a megabyte each way and its refusals are told" {
	random_file 1000000 data
	listen down tcp-listen:0,bind=127.0.0.1,fork open:data
	local down=$PORT
	listen up -u tcp-listen:0,bind=127.0.0.1 create:up
	local up=$PORT
	squid_serving p
	timeout 30 "$SOCKCAT" -u "proxy:127.0.0.1:127.0.0.1:$down,proxyport=$PORT,http-version=1.1" - >got
	same data got
	timeout 30 "$SOCKCAT" -u - "proxy:127.0.0.1:127.0.0.1:$up,proxyport=$PORT" <data
	finish up
	same data up
	run "$SOCKCAT" - "proxy:127.0.0.1:127.0.0.1:1,proxyport=$PORT" </dev/null
	end_with 97 'cannot reach the host now: 503'
}
