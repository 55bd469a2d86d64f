#!/usr/bin/env bats
# DTLS over UDP: other makes, loss, many clients on one port, strangers.

load lib.bash
load tls.bash
load peers.bash

setup_file() { certificates; }

setup() {
	lib_setup
	need_tls
	need openssl
	C=$BATS_FILE_TMPDIR
}

# dtls_server NAME OPTIONS ADDRESS: sets PORT
dtls_server() { listen "$1" "dtls-listen:0,bind=127.0.0.1,cert=$C/server.pem${2:+,$2}" "$3"; }

# dtls_s_server NAME ARGS...: openssl's server, which shows what it gets and sends what is
# written to descriptor 8; sets PORT
dtls_s_server() {
	local name=$1
	shift
	mkfifo "$name.in"
	start_in "$name" "$name.in" openssl s_server -accept 0 -4 -dtls1_2 \
		-cert "$C/server.pem" "$@"
	exec 8>"$name.in"
	wait_out "$name" '^ACCEPT .*:[0-9]+' || return 1
	PORT=$(sed -n 's/^ACCEPT .*:\([0-9][0-9]*\)$/\1/p' "$name.out" | head -n 1)
}

# relay NAME PORT CODE: passes datagrams between that port and whoever spoke last, from one
# port of its own all the time; sets PORT.  CODE may change what is sent (a list `out`)
# of `data`, the count-th datagram over both ways, which came `up` or down.
relay() {
	peer "$1" "
import select
front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
front.bind(('127.0.0.1', 0))
back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
back.connect(('127.0.0.1', $2))
print('udp', front.getsockname()[1], flush=True)
client, count = None, 0
def pass_on(data, up):
    global count
    count += 1
    out = [data]
$(printf '%s\n' "$3" | sed 's/^/    /')
    for d in out:
        back.send(d) if up else front.sendto(d, client)
while True:
    for s in select.select([front, back], [], [])[0]:
        try:
            if s is front:
                data, client = front.recvfrom(65536)
                pass_on(data, True)
            else:
                pass_on(back.recv(65536), False)
        except ConnectionRefusedError:
            pass
" || return 1
	wait_out "$1" '^udp ' || return 1
	PORT=$(sed -n 's/^udp //p' "$1.out")
}

# lossy NAME PORT N...: the N-th datagrams are lost
lossy() {
	local name=$1 port=$2
	shift 2
	relay "$name" "$port" "
if count in map(int, '$*'.split()):
    print('lost', count, flush=True)
    out = []"
}

# --- other makes -----------------------------------------------------------------

@test "a client talks to openssl's DTLS server, with and without cookies" {
	local listen

	for listen in "" -listen; do
		dtls_s_server "srv$listen" $listen
		mkfifo "in$listen"
		start_in "cli$listen" "in$listen" "$SOCKCAT" - "dtls:localhost:$PORT,pf=ip4,cafile=$C/ca.crt"
		exec 9>"in$listen"
		echo question >&9
		wait_out "srv$listen" question
		echo answer >&8
		wait_out "cli$listen" answer
		exec 9>&-
		finish "cli$listen"
		[ "$status" -eq 0 ]
		exec 8>&-
	done
}

@test "openssl's client talks to a DTLS server" {
	dtls_server srv "" pipe
	chat cli openssl s_client -dtls1_2 -connect "127.0.0.1:$PORT" -quiet -no_ign_eof \
		-CAfile "$C/ca.crt" -verify_return_error
	finish srv
	[ "$status" -eq 0 ]
}

@test "gnutls-cli talks to a DTLS server" {
	need gnutls-cli
	dtls_server srv "" pipe
	chat cli gnutls-cli --udp --x509cafile "$C/ca.crt" -p "$PORT" localhost
	finish srv
	[ "$status" -eq 0 ]
}

@test "a client talks to gnutls-serv over DTLS" {
	local port

	need gnutls-serv
	port=$(free_port)
	start srv gnutls-serv --udp --echo -p "$port" --x509certfile "$C/server.pem" \
		--x509keyfile "$C/server.key"
	wait_for srv 'IPv4.*done'
	# it does not answer an end
	chat cli "$SOCKCAT" -t 0.3 - "dtls:localhost:$port,cafile=$C/ca.crt"
	finish cli
	[ "$status" -eq 0 ]
}

@test "socat's DTLS client and server work by socat's names" {
	local port

	need socat
	dtls_server srv "" pipe
	chat cli socat - "openssl-dtls-client:127.0.0.1:$PORT,cafile=$C/ca.crt,commonname=localhost"
	finish srv
	[ "$status" -eq 0 ]
	port=$(free_port)
	start peer socat -d -d "openssl-dtls-server:$port,bind=127.0.0.1,cert=$C/server.pem,verify=0" pipe
	wait_for peer 'listening|receiving'
	chat cli2 "$SOCKCAT" - "openssl-dtls-client:127.0.0.1:$port,cafile=$C/ca.crt"
	finish cli2
	[ "$status" -eq 0 ]
}

# --- what is checked -------------------------------------------------------------

@test "certificates and names are checked as with TLS" {
	dtls_server srv fork pipe
	ask hello "dtls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	ask hello "dtls:localhost:$PORT"
	end_with 60 'not trusted.*cafile='
	ask hello "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt,commonname=x.example"
	end_with 51 'not for "x.example"'
	ask hello "dtls:127.0.0.1:$PORT,pin=$(pin_of "$C/server.crt")"
	end_with 0 '^hello$'
	ask hello "dtls:127.0.0.1:$PORT,pin=$(pin_of "$C/other.crt")"
	end_with 60 "its pin is $(pin_of "$C/server.crt")"
}

@test "a server may demand a client certificate" {
	dtls_server srv "fork,cafile=$C/ca.crt" 'system:echo $SOCKCAT_OPENSSL_X509_COMMONNAME'
	ask hello "dtls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem"
	end_with 0 '^client.example$'
	ask hello "dtls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 35 'client certificate'
}

@test "versions are DTLS 1.2, or 1.0 for who asks for it" {
	dtls_server srv "fork" pipe
	run openssl s_client -dtls1 -cipher DEFAULT:@SECLEVEL=0 -connect "127.0.0.1:$PORT" </dev/null
	[ "$status" -ne 0 ]
	dtls_server old "fork,min-version=DTLS1.0,max-version=DTLS1,ciphers=DEFAULT:@SECLEVEL=0" pipe
	ask hello -d -d "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt,min-version=dtls1,ciphers=DEFAULT:@SECLEVEL=0"
	end_with 0 'DTLSv1,'
	ask hello "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 35 'version'
	ask hello "dtls:127.0.0.1:$PORT,min-version=TLS1.2"
	end_with 2 'DTLS1.0 or DTLS1.2'
}

@test "DTLS over a stream and TLS over datagrams are refused before anything opens" {
	run sockcat - "dtls+tcp:127.0.0.1:1"
	end_with 2 'DTLS needs datagrams.*dtls\+udp'
	run sockcat - "tls+udp:127.0.0.1:1"
	end_with 2 'TLS needs a stream.*dtls'
	run sockcat - "tls+dtls+udp:127.0.0.1:1"
	end_with 2 'TLS needs a stream'
}

# --- messages --------------------------------------------------------------------

# udp_client CODE: Python with a socket `s` aimed at $PORT on 127.0.0.1
udp_client() {
	need python3
	timeout 30 python3 -c "
import socket, os
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.connect(('127.0.0.1', $PORT))
$1"
}

@test "each message is one datagram, whatever its size up to 16384" {
	dtls_server srv "" socketpair
	listen cli udp-listen:0,bind=127.0.0.1 "dtls:localhost:$PORT,pf=ip4,cafile=$C/ca.crt"
	udp_client "
for n in (1, 2, 1199, 1200, 1201, 9000, 16383, 16384):
    data = os.urandom(n)
    s.send(data)
    assert s.recv(65536) == data, n
s.send(bytes(16385))
"
	finish cli
	[ "$status" -eq 55 ]
	grep -q '16385 bytes is longer than the 16384 that DTLS can carry' cli.err
}

@test "a message longer than -b allows is no message cut short" {
	dtls_server srv "" text:0123456789
	run timeout 20 "$SOCKCAT" -b 4 -u "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt" - 
	end_with 56 'message of 10 bytes is longer than the 4 that -b allows'
}

@test "close_notify is an end, and the answer comes after it" {
	dtls_server srv "" 'system:cat >all; tr a-z A-Z <all'
	ask hello "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 0 '^HELLO$'
	finish srv
	[ "$status" -eq 0 ]
}

# --- many clients ----------------------------------------------------------------

@test "many clients on one port have a session each" {
	local i

	dtls_server srv fork pipe
	for i in {1..20}; do
		echo "I am $i" >"in$i"
		start_in "c$i" "in$i" "$SOCKCAT" - "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	done
	for i in {1..20}; do
		finish "c$i"
		[ "$status" -eq 0 ]
		same "in$i" "c$i.out"
	done
	[ "$(grep -c 'accepting UDP connection' srv.err)" -eq 20 ]
}

@test "a session whose client has vanished ends after idle=, without an error" {
	dtls_server srv fork,idle=0.3 stall
	mkfifo in
	start_in cli in "$SOCKCAT" -d -d - "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	exec 8>in
	wait_for cli 'starting data transfer'
	kill -KILL "$(cat cli.pid)"
	exec 8>&-
	wait_for srv 'socket 1 .* is at EOF'
	run ! grep -i error srv.err
}

@test "a client that starts over from the same port gets a new session" {
	dtls_server srv fork pipe
	relay nat "$PORT" ""
	mkfifo in
	start_in one in "$SOCKCAT" -d -d - "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	exec 8>in
	wait_for one 'starting data transfer'
	kill -KILL "$(cat one.pid)"
	exec 8>&-
	ask again "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 0 '^again$'
	grep -q 'the client started over' srv.err
	[ "$(grep -c 'accepting UDP connection' srv.err)" -eq 2 ]
}

@test "a ClientHello that comes once more, late, ends nothing" {
	dtls_server srv fork pipe
	relay net "$PORT" "
global hello
if count == 3: hello = data
if count > 6 and up: out = [hello, data]
if count > 6: print('again', flush=True)"
	ask hello "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	grep -q again net.out
	run ! grep -q 'started over' srv.err
}

# --- the net as it is ------------------------------------------------------------

@test "a handshake survives the loss of any of its datagrams" {
	# three losses in a row cost 1 + 2 + 4 seconds of the retransmission clock
	local PATIENCE=40
	local n server all=(1 2 3 4 5 6 7 8 "1 2" "3 4" "5 6 7")

	dtls_server srv fork stall
	server=$PORT
	for n in "${all[@]}"; do
		lossy "net ${n}" "$server" "$n"
		start "cli $n" "$SOCKCAT" -d -d -u - "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	done
	for n in "${all[@]}"; do
		finish "cli $n"
		[ "$status" -eq 0 ] || { show_logs; return 1; }
		grep -q DTLSv1.2 "cli $n.err"
	done
	[ "$(cat net*.out | grep -c lost)" -ge 10 ]
}

@test "a handshake survives messages out of turn" {
	dtls_server srv fork pipe
	# of the client's last flight, first what comes last: a record each, backwards
	relay net "$PORT" "
if up and len(data) > 40 and data[13] == 16:
    out = []
    while data:
        n = 13 + int.from_bytes(data[11:13], 'big')
        out.insert(0, data[:n])
        data = data[n:]
    print('turned', len(out), flush=True)"
	ask hello "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	grep -q 'turned 3' net.out
	run ! grep -i error srv.err
}

@test "garbage among the datagrams is passed over" {
	dtls_server srv fork pipe
	relay net "$PORT" "
junk = [b'', b'x', os.urandom(40), bytes(60000), data[:20], b'\x16\xfe\xfd' + bytes(8) + b'\xff\xff' + os.urandom(99)]
out = junk + [data] + junk"
	ask hello "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	run ! grep -i 'error' srv.err
}

@test "a cookie is good for one address only, and without one there is no more than a cookie" {
	dtls_server srv fork pipe
	relay net "$PORT" "
if count == 3:
    thief = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    thief.connect(('127.0.0.1', $PORT))
    thief.send(data)
    answer = thief.recv(65536)
    print('thief', answer[13], len(answer) < len(data), flush=True)
print(count, up, data[13], flush=True)"
	ask hello "dtls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	grep -q '^1 True 1$' net.out
	grep -q '^2 False 3$' net.out
	grep -q '^3 True 1$' net.out
	grep -q '^thief 3 True$' net.out
}

@test "a server that is silent or absent is told with 28 or 7" {
	peer silent "
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
print('udp', s.getsockname()[1], flush=True)
s.recv(1)
s.close()
sys.stdin.read()
import time
time.sleep(60)
"
	wait_out silent '^udp '
	PORT=$(sed -n 's/^udp //p' silent.out)
	start gone "$SOCKCAT" - "dtls:127.0.0.1:$PORT"
	finish gone
	[ "$status" -eq 7 ]
	relay mute "$PORT" "out = []"
	ask hello "dtls:127.0.0.1:$PORT,handshake-timeout=0.2"
	end_with 28 'handshake'
}
