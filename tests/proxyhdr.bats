#!/usr/bin/env bats
# The PROXY protocol, to and from nginx and haproxy, and against those who mean no good.

load lib.bash
load tls.bash
load peers.bash

setup_file() { ! has_tls || certificates; }

setup() {
	lib_setup
	C=$BATS_FILE_TMPDIR
}

# --- peers -----------------------------------------------------------------------

# nginx_with HTTP [STREAM] [MAIN]: runs with these in its blocks.
nginx_with() {
	local stream=''

	need nginx
	[ -z "$2" ] || stream="stream { $2 }"
	cat >nginx.conf <<CONF
$3
daemon off; master_process off; pid $PWD/nginx.pid; error_log stderr;
events { worker_connections 64; }
http {
	log_format who '\$proxy_protocol_addr:\$proxy_protocol_port \$proxy_protocol_server_addr:\$proxy_protocol_server_port';
	access_log $PWD/access.log who;
	client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2;
	fastcgi_temp_path $PWD/t3; uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5;
	$1
}
$stream
CONF
	start nginx nginx -p "$PWD" -c "$PWD/nginx.conf" -e stderr
}

# nginx_behind_proxy: takes headers; answers with what they say; in PORT
nginx_behind_proxy() {
	PORT=$(free_port)
	nginx_with "server { listen 127.0.0.1:$PORT proxy_protocol; location / { return 200
		\"from \$proxy_protocol_addr:\$proxy_protocol_port to \$proxy_protocol_server_addr:\$proxy_protocol_server_port\n\"; } }"
	wait_until port_answers "$PORT"
}

# haproxy_with NAME SECTIONS: runs with these
haproxy_with() {
	need haproxy
	printf '%s\n' global "	maxconn 64" "	log stdout format raw local0" defaults "	mode tcp" \
		"	timeout connect 10s" "	timeout client 20s" "	timeout server 20s" "$2" >"$1.cfg"
	start "$1" haproxy -db -f "$1.cfg"
}

# show NAME [OPTIONS]: a listener whose programs say what they know, and what came
show() { listen "$1" "proxyhdr+tcp-listen:0,bind=127.0.0.1,fork${2:+,$2}" 'system:env | grep ^SOCKCAT_ | sort; cat'; }

# talk PORT FORMAT...: sends what printf makes of it and prints the answer
talk() {
	local port=$1
	shift
	# shellcheck disable=SC2059 # the format is the test's
	printf "$@" | timeout 20 "$SOCKCAT" - "tcp:127.0.0.1:$port"
}

# turned_away CMD...: gets a reset, if not while it connects, then when it reads
turned_away() {
	run "$@"
	[[ $status =~ ^(7|55|56)$ ]] && return 0
	echo "status $status: $output"
	return 1
}

says() {
	local line
	for line; do
		grep -qxF -e "$line" <<<"$output" && continue
		echo "no \"$line\" in: $output"
		return 1
	done
}

hex() { od -An -v -tx1 | tr -d ' \n'; }

V2='\r\n\r\n\0\r\nQUIT\n'
TCP4='\300\0\002\001\306\063\144\002\060\071\001\273' # 192.0.2.1:12345, 198.51.100.2:443

# --- sending ---------------------------------------------------------------------

@test "nginx hears from a relay who the client is, in both versions" {
	local v

	need curl
	nginx_behind_proxy
	backend=$PORT
	for v in "" ,proxyhdr-version=1 ,proxyhdr-version=2; do
		listen "relay$v" tcp-listen:0,bind=127.0.0.1,fork "proxyhdr+tcp:127.0.0.1:$backend$v"
		port=$(free_port)
		run -0 timeout 20 curl -s --local-port "$port" "http://127.0.0.1:$PORT/"
		says "from 127.0.0.1:$port to 127.0.0.1:$PORT"
	done
}

@test "nginx hears of clients of IPv6" {
	local v

	need curl
	need_ip6
	nginx_behind_proxy
	backend=$PORT
	for v in 1 2; do
		listen "relay$v" 'tcp-listen:0,bind=[::1],fork' "proxyhdr+tcp:127.0.0.1:$backend,proxyhdr-version=$v"
		run -0 timeout 20 curl -s "http://[::1]:$PORT/"
		[[ $output =~ ^"from ::1:"[0-9]+" to ::1:$PORT"$ ]]
	done
}

@test "haproxy hears from a relay who the client is, in both versions" {
	local v

	need curl
	backend=$(free_port)
	haproxy_with ha "frontend f
	mode http
	bind 127.0.0.1:$backend accept-proxy
	http-request return status 200 content-type text/plain lf-string \"from %[src]:%[src_port] to %[dst]:%[dst_port]\""
	wait_until port_answers "$backend"
	for v in 1 2; do
		listen "relay$v" tcp-listen:0,bind=127.0.0.1,fork "proxyhdr+tcp:127.0.0.1:$backend,proxyhdr-version=$v"
		port=$(free_port)
		run -0 timeout 20 curl -s --local-port "$port" "http://127.0.0.1:$PORT/"
		says "from 127.0.0.1:$port to 127.0.0.1:$PORT"
	done
}

@test "haproxy hears what a client of TLS has agreed upon" {
	need_tls
	need curl
	backend=$(free_port)
	haproxy_with ha "frontend f
	mode http
	bind 127.0.0.1:$backend accept-proxy
	http-request return status 200 content-type text/plain lf-string \"src %[src] alpn %[fc_pp_authority]\""
	wait_until port_answers "$backend"
	listen relay "tls-listen:0,bind=127.0.0.1,fork,cert=$C/server.pem" "proxyhdr+tcp:127.0.0.1:$backend"
	run -0 timeout 20 curl -s --cacert "$C/ca.crt" "https://localhost:$PORT/"
	says "src 127.0.0.1 alpn localhost"
}

@test "what TLS knows of the client goes along in version 2" {
	need_tls
	show target
	listen relay "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem,cafile=$C/ca.crt,alpn=h2" "proxyhdr+tcp:127.0.0.1:$PORT"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem,alpn=h2"
	end_with 0 hello
	says SOCKCAT_PROXYHDR_VERSION=2 SOCKCAT_PROXYHDR_ALPN=h2 \
		SOCKCAT_PROXYHDR_AUTHORITY=localhost SOCKCAT_PROXYHDR_TLS_VERSION=TLSv1.3 \
		SOCKCAT_PROXYHDR_TLS_CN=client.example SOCKCAT_PROXYHDR_TLS_VERIFIED=1 \
		SOCKCAT_PEERADDR=127.0.0.1
	[[ $output =~ SOCKCAT_PROXYHDR_TLS_CIPHER=TLS_ ]]
}

@test "a relay that reads and sends headers passes on who the client is" {
	show target
	listen relay proxyhdr+tcp-listen:0,bind=127.0.0.1 "proxyhdr+tcp:127.0.0.1:$PORT"
	run -0 talk "$PORT" "$V2"'!\021\0\060'"$TCP4"'\002\0\005a.org\005\0\002id\040\0\024\003\0\0\0\0\041\0\007TLSv1.2\042\0\002cnhello\n'
	says SOCKCAT_PEERADDR=192.0.2.1 SOCKCAT_PEERPORT=12345 SOCKCAT_SOCKADDR=198.51.100.2 \
		SOCKCAT_PROXYHDR_AUTHORITY=a.org SOCKCAT_PROXYHDR_UNIQUE_ID=id \
		SOCKCAT_PROXYHDR_TLS_VERSION=TLSv1.2 SOCKCAT_PROXYHDR_TLS_CN=cn \
		SOCKCAT_PROXYHDR_TLS_VERIFIED=1 hello
}

@test "a proxy's own certificate is not said to be its client's" {
	need_tls
	show target
	listen relay "proxyhdr+tls+tcp-listen:0,bind=127.0.0.1,cert=$C/server.pem,cafile=$C/ca.crt" "proxyhdr+tcp:127.0.0.1:$PORT"
	run -0 timeout 20 "$SOCKCAT" - "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem" \
		< <(printf 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello\n')
	says SOCKCAT_PEERADDR=192.0.2.1 hello
	[[ $output != *TLS_* && $output != *AUTHORITY* ]]
}

@test "what is no socket is nobody: UNKNOWN, LOCAL" {
	peer server '
for i in range(2):
    c = listener.accept()[0]
    print(read_all(c).hex(), flush=True)
    c.close()'
	echo hi | timeout 20 "$SOCKCAT" - "proxyhdr+tcp:127.0.0.1:$PORT,proxyhdr-version=1"
	timeout 20 "$SOCKCAT" 'exec:echo hi' "proxyhdr+tcp:127.0.0.1:$PORT"
	finish server
	grep -qx "$(printf 'PROXY UNKNOWN\r\nhi\n' | hex)" server.out
	grep -qx "$(printf '\r\n\r\n\0\r\nQUIT\n\40\0\0\0hi\n' | hex)" server.out
}

@test "a UNIX client is told with the path it connected to" {
	show target
	start relay "$SOCKCAT" unix-listen:sock "proxyhdr+tcp:127.0.0.1:$PORT"
	wait_path sock
	run -0 timeout 20 "$SOCKCAT" - unix-connect:sock <<<hello
	says "SOCKCAT_SOCKADDR=sock" hello
	[[ $output != *PEERPORT* ]]
}

@test "a datagram client is told in version 2" {
	peer server '
c = listener.accept()[0]
print(c.recv(28, socket.MSG_WAITALL).hex(), flush=True)
c.close()'
	backend=$PORT
	listen relay udp-listen:0,bind=127.0.0.1 "proxyhdr+tcp:127.0.0.1:$backend"
	echo hi | timeout 20 "$SOCKCAT" -u - "udp:127.0.0.1:$PORT"
	wait_out server '^0d0a0d0a000d0a515549540a2112000c7f0000017f000001'
}

@test "the header is sent although nothing else goes that way" {
	peer server '
c = listener.accept()[0]
c.sendall(c.recv(16, socket.MSG_WAITALL)[12:13].hex().encode())
c.close()'
	run -0 timeout 20 "$SOCKCAT" -u "proxyhdr+tcp:127.0.0.1:$PORT" -
	[ "$output" = 20 ]
}

# --- reading ---------------------------------------------------------------------

@test "haproxy's headers name the client, in both versions" {
	local way front

	need haproxy
	show target
	for way in send-proxy send-proxy-v2 "send-proxy-v2 proxy-v2-options crc32c,unique-id"; do
		front=$(free_port)
		haproxy_with "ha$front" "listen l
	bind 127.0.0.1:$front
	unique-id-format the-id
	server s 127.0.0.1:$PORT $way"
		wait_until port_answers "$front"
		port=$(free_port)
		run -0 timeout 20 "$SOCKCAT" - "tcp:127.0.0.1:$front,sourceport=$port" <<<hello
		says SOCKCAT_PEERADDR=127.0.0.1 "SOCKCAT_PEERPORT=$port" "SOCKCAT_SOCKPORT=$front" hello
	done
	says SOCKCAT_PROXYHDR_UNIQUE_ID=the-id
	wait_for target "proxy 127.0.0.1:[0-9]+ brings 127.0.0.1:$port, who connected to 127.0.0.1:$front"
}

@test "haproxy tells of TLS and the client's certificate" {
	need_tls
	need haproxy
	show target
	front=$(free_port)
	cp "$C/server.pem" server.pem
	haproxy_with ha "listen l
	bind 127.0.0.1:$front ssl crt server.pem ca-file $C/ca.crt verify required alpn h2
	server s 127.0.0.1:$PORT send-proxy-v2-ssl-cn proxy-v2-options authority,ssl,cert-cn,ssl-cipher"
	wait_until port_answers "$front"
	ask hello "tls:localhost:$front,cafile=$C/ca.crt,cert=$C/client.pem,alpn=h2"
	end_with 0 hello
	says SOCKCAT_PROXYHDR_VERSION=2 SOCKCAT_PROXYHDR_TLS_CN=client.example \
		SOCKCAT_PROXYHDR_TLS_VERSION=TLSv1.3 SOCKCAT_PROXYHDR_TLS_VERIFIED=1 \
		SOCKCAT_PROXYHDR_AUTHORITY=localhost
}

@test "haproxy's health checks are its own connections" {
	need haproxy
	show target
	front=$(free_port)
	haproxy_with ha "listen l
	bind 127.0.0.1:$front
	server s 127.0.0.1:$PORT check inter 100 send-proxy-v2"
	wait_for target 'starting data transfer'
	run ! grep -q brings target.err
}

@test "nginx's headers name the client" {
	local module

	need nginx
	module=$(find /usr/lib/nginx /usr/lib64/nginx /usr/libexec/nginx -name ngx_stream_module.so 2>/dev/null | head -n 1)
	[ -n "$module" ] || nginx -V 2>&1 | grep -q -- '--with-stream\b' || skip "nginx has no stream module"
	# nginx takes a client's end for that of both directions
	listen target proxyhdr+tcp-listen:0,bind=127.0.0.1,fork 'system:env | grep ^SOCKCAT_ | sort'
	front=$(free_port)
	nginx_with "" "server { listen 127.0.0.1:$front; proxy_pass 127.0.0.1:$PORT; proxy_protocol on; }" \
		"${module:+load_module $module;}"
	wait_until port_answers "$front"
	port=$(free_port)
	run -0 timeout 20 "$SOCKCAT" -u "tcp:127.0.0.1:$front,sourceport=$port" -
	says SOCKCAT_PROXYHDR_VERSION=1 "SOCKCAT_PEERPORT=$port" "SOCKCAT_SOCKPORT=$front"
}

@test "curl's header names whom it likes" {
	need curl
	listen target proxyhdr+tcp-listen:0,bind=127.0.0.1 'system:read line; env | grep ^SOCKCAT_'
	run -0 timeout 20 curl -s --http0.9 --haproxy-protocol "http://127.0.0.1:$PORT/"
	says SOCKCAT_PROXYHDR_VERSION=1 SOCKCAT_PEERADDR=127.0.0.1
}

@test "a listener on all addresses reads a header, too" {
	listen srv proxyhdr+tcp-listen:0,fork 'system:echo $SOCKCAT_PEERADDR'
	run -0 talk "$PORT" 'PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n'
	[ "$output" = 192.0.2.7 ]
}

@test "a header may come in front of TLS, and inside" {
	need_tls
	listen target "tls+proxyhdr+tcp-listen:0,bind=127.0.0.1,fork,cert=$C/server.pem" 'system:echo $SOCKCAT_PEERPORT; cat'
	back=$PORT
	listen relay tcp-listen:0,bind=127.0.0.1 "proxyhdr+tcp:127.0.0.1:$back"
	port=$(free_port)
	ask hello "tls:127.0.0.1:$PORT,sourceport=$port,cafile=$C/ca.crt"
	end_with 0 "^$port"
	listen inner "proxyhdr+tls+tcp-listen:0,bind=127.0.0.1,cert=$C/server.pem" 'system:echo $SOCKCAT_PEERPORT; cat'
	back=$PORT
	listen relay2 tcp-listen:0,bind=127.0.0.1 "proxyhdr+tls+tcp:localhost:$back,cafile=$C/ca.crt"
	port=$(free_port)
	ask hello "tcp:127.0.0.1:$PORT,sourceport=$port"
	end_with 0 "^$port"
}

@test "LOCAL and UNKNOWN leave the connection's own addresses" {
	show target
	run -0 talk "$PORT" 'PROXY UNKNOWN whatever\r\nhello\n'
	says SOCKCAT_PEERADDR=127.0.0.1 SOCKCAT_PROXYHDR_VERSION=1 hello
	run -0 talk "$PORT" "$V2"'\040\0\0\0hello\n'
	says SOCKCAT_PEERADDR=127.0.0.1 SOCKCAT_PROXYHDR_VERSION=2 hello
}

@test "range= looks at the address that a header names" {
	show target range=192.0.2.0/24
	run -0 talk "$PORT" 'PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nhello\n'
	says SOCKCAT_PEERADDR=192.0.2.7 hello
	turned_away talk "$PORT" 'PROXY TCP4 192.0.3.7 192.0.2.8 1 2\r\nhello\n'
	wait_for target 'refused 192.0.3.7:1: its address is outside range='
	turned_away talk "$PORT" 'PROXY UNKNOWN\r\nhello\n'
	wait_for target 'refused 127.0.0.1:[0-9]+: its address is outside range='
}

@test "the transport's range= can be asked for by name" {
	listen target proxyhdr+tcp-listen:0,bind=127.0.0.1,fork,tcp-listen.range=192.0.2.0/24 pipe
	run talk "$PORT" 'PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nhello\n'
	[ "$output" != hello ]
	wait_for target "refusing connection from 127.0.0.1:[0-9]+: its address is outside range="
}

# --- whom to believe -------------------------------------------------------------

@test "only proxies within proxy-from= are believed" {
	show target proxy-from=192.0.2.0/24,proxy-from=127.0.0.2
	turned_away talk "$PORT" 'PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nhello\n'
	wait_for target 'refused 127.0.0.1:[0-9]+: it is no proxy within proxy-from='
	run -0 timeout 20 "$SOCKCAT" - "tcp:127.0.0.1:$PORT,bind=127.0.0.2" \
		< <(printf 'PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nhello\n')
	says SOCKCAT_PEERADDR=192.0.2.7 hello
}

# An address of this host that is none of its loopback's.
outer_address() { hostname -I 2>/dev/null | tr ' ' '\n' | grep -m 1 -E '^[0-9.]+$'; }

@test "without proxy-from= nobody else than this host's proxies is believed" {
	local outer

	outer=$(outer_address) || skip "there is only a loopback address here"
	listen target "proxyhdr+tcp-listen:0,bind=$outer,fork" pipe
	turned_away timeout 20 "$SOCKCAT" - "tcp:$outer:$PORT" \
		< <(printf 'PROXY TCP4 127.0.0.1 192.0.2.8 1 2\r\nhello\n')
	wait_for target "refused $outer:[0-9]+: only proxies on this host are believed \(proxy-from= names others\)"
}

@test "a client that is no proxy is reset even if it has said nothing" {
	show target proxy-from=192.0.2.1
	need python3
	run -0 timeout 20 python3 -c "
import socket
c = socket.create_connection(('127.0.0.1', $PORT))
try:
    print(c.recv(1))
except ConnectionResetError:
    print('reset')"
	[ "$output" = reset ]
}

@test "with optional, a header from strangers is data and not believed" {
	show target proxy-from=192.0.2.1,proxyhdr=optional
	run -0 talk "$PORT" 'PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nhello\n'
	says SOCKCAT_PEERADDR=127.0.0.1 $'PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r' hello
	[[ $output != *PROXYHDR* ]]
}

@test "with optional, a proxy may send a header or none" {
	local data

	show target proxyhdr=optional
	run -0 talk "$PORT" 'PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nhello\n'
	says SOCKCAT_PEERADDR=192.0.2.7 hello
	for data in 'hello' 'P' 'PROXY' '\r\n\r\nhello' ''; do
		run -0 talk "$PORT" "$data"
		says SOCKCAT_PEERADDR=127.0.0.1
		[[ $output == *"$(printf %b "$data" | tr -d '\r\n')" ]]
	done
}

@test "with optional, a malformed header is refused all the same" {
	show target proxyhdr=optional
	turned_away talk "$PORT" 'PROXY TCP4 192.0.2.7\r\nhello\n'
	wait_for target 'a PROXY protocol header came, but its line is malformed'
}

@test "who connects to a UNIX socket is believed" {
	start srv "$SOCKCAT" -d -d proxyhdr+unix-listen:sock 'system:echo $SOCKCAT_PEERADDR'
	wait_path sock
	run -0 timeout 20 "$SOCKCAT" - unix-connect:sock < <(printf 'PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n')
	[ "$output" = 192.0.2.7 ]
}

# --- those who mean no good ---------------------------------------------------------

# once FORMAT: a listener for one client, which sends that; its exit code in $status
once() {
	listen srv proxyhdr+tcp-listen:0,bind=127.0.0.1 pipe
	talk "$PORT" "$1" >got 2>/dev/null || :
	finish srv
	[ ! -s got ]
}

@test "what is no header ends with 97" {
	once 'GET / HTTP/1.0\r\n\r\n'
	[ "$status" = 97 ]
	wait_for srv 'does not begin with a PROXY protocol header \(proxyhdr=optional'
}

@test "malformed lines end with 97" {
	local line

	for line in 'PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n' 'PROXY TCP4 1.2.3.4 5.6.7.8 1 99999\r\n' \
		'PROXY TCP5 a b c d\r\n' 'PROXY UNKNOWN\n'; do
		once "$line"
		[ "$status" = 97 ]
		wait_for srv 'a PROXY protocol header came, but'
	done
}

@test "a line that does not end is cut off at 107 bytes" {
	once "PROXY UNKNOWN $(printf 'x%.0s' {1..200})"
	[ "$status" = 97 ]
	wait_for srv 'more than 107 bytes'
}

@test "binary headers that lie end with 97" {
	once "$V2"'\041\021\0\003abc'
	[ "$status" = 97 ]
	wait_for srv 'addresses break off'
	once "$V2"'\041\021\0\023'"$TCP4"'\003\0\004\0\0\0\0'
	[ "$status" = 97 ]
	wait_for srv 'its checksum is wrong'
	once "$V2"'\041\021\0\020'"$TCP4"'\001\0\011x'
	[ "$status" = 97 ]
	wait_for srv 'a value breaks off'
	once "$V2"'\061\021\0\014'"$TCP4"
	[ "$status" = 97 ]
	wait_for srv 'version or command does not exist'
}

@test "a header of more than 4 KiB is refused before it has come" {
	once "$V2"'\041\021\377\377'
	[ "$status" = 97 ]
	wait_for srv 'more than 4096 bytes'
}

@test "an end before or inside the header is 18" {
	once ''
	[ "$status" = 18 ]
	wait_for srv 'the stream ended before its PROXY protocol header'
	once 'PROXY TCP4 1.2'
	[ "$status" = 18 ]
	wait_for srv 'the stream ended inside its PROXY protocol header'
	once "$V2"'\041\021\0\014abc'
	[ "$status" = 18 ]
}

@test "a header may come byte by byte" {
	local v

	need python3
	show target
	for v in "b'PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n'" \
		"b'\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\2\x30\x39\1\xbb'"; do
		run -0 timeout 30 python3 -c "
import socket, sys
c = socket.create_connection(('127.0.0.1', $PORT))
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for b in $v + b'hello\n':
    c.sendall(bytes([b]))
c.shutdown(socket.SHUT_WR)
while True:
    got = c.recv(65536)
    if not got: break
    sys.stdout.write(got.decode())"
		says SOCKCAT_PEERADDR=192.0.2.1 SOCKCAT_PEERPORT=12345 SOCKCAT_SOCKPORT=443 hello
	done
}

@test "who sends half a header and waits has handshake-timeout=" {
	need python3
	listen srv proxyhdr+tcp-listen:0,bind=127.0.0.1,handshake-timeout=0.2 pipe
	run -0 timeout 20 python3 -c "
import socket
c = socket.create_connection(('127.0.0.1', $PORT))
c.sendall(b'PROXY TCP4 ')
try:
    c.recv(1)
except ConnectionResetError:
    pass"
	finish srv
	[ "$status" = 28 ]
}

@test "control characters in values do not reach programs" {
	show target
	run -0 talk "$PORT" "$V2"'!\021\0\026'"$TCP4"'\001\0\001\n\002\0\003a\033bhello\n'
	says SOCKCAT_PEERADDR=192.0.2.1 hello
	[[ $output != *ALPN* && $output != *AUTHORITY* ]]
}

# --- the command line ---------------------------------------------------------------

refused() {
	run -2 sockcat - "$1"
	[[ $output == *"$2"* ]] && return 0
	echo "no \"$2\" in: $output"
	return 1
}

@test "what cannot be is refused before anything opens" {
	refused proxyhdr+udp:127.0.0.1:1 'needs a stream below it, and udp carries messages'
	refused proxyhdr+udp-listen:0 'needs a stream below it'
	refused proxyhdr+tcp:127.0.0.1:1,proxy-from=10.0.0.0/8 'for proxyhdr over a listener'
	refused proxyhdr+tcp:127.0.0.1:1,proxyhdr=require 'for proxyhdr over a listener'
	refused proxyhdr+tcp:127.0.0.1:1,range=10.0.0.0/8 'for proxyhdr over a listener'
	refused proxyhdr+tcp-listen:0,proxyhdr-version=1 'both versions are accepted'
	refused proxyhdr+socks5-bind+tcp:127.0.0.1:1:0.0.0.0:0,proxyhdr-version=1 'both versions are accepted'
	refused proxyhdr+tcp:127.0.0.1:1,proxyhdr-version=3 'versions 1 and 2'
	refused proxyhdr+tcp-listen:0,proxyhdr=maybe 'require or optional'
	refused proxyhdr+tcp-listen:0,proxy-from=everywhere proxy-from
}
