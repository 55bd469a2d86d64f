# Through SOCKS proxies: microsocks, Dante's server and ssh -D, and odd ones in Python.

load lib.bash
load tls.bash
load peers.bash

setup_file() {
	export C=$BATS_FILE_TMPDIR
	! has_tls || certificates
}

# --- proxies ----------------------------------------------------------------------

# microsocks_proxy NAME ARGS...: sets PROXY, its port
microsocks_proxy() {
	local name=$1
	shift
	need microsocks
	PROXY=$(free_port)
	start "$name" microsocks -i 127.0.0.1 -p "$PROXY" "$@"
	wait_until port_answers "$PROXY"
}

# Knows SOCKS 4 and 5, and BIND.
dante_proxy() {
	need danted
	PROXY=$(free_port)
	cat >danted.conf <<CONF
logoutput: stderr
internal: 127.0.0.1 port = $PROXY
external: 127.0.0.1
clientmethod: none
socksmethod: none
client pass {
	from: 0.0.0.0/0 to: 0.0.0.0/0
}
socks pass {
	from: 0.0.0.0/0 to: 0.0.0.0/0
	command: bind connect bindreply
}
CONF
	start dante danted -N 1 -f danted.conf -p "$PWD/danted.pid"
	wait_for dante running
}

# Knows SOCKS 4, 4a and 5.
ssh_proxy() {
	local sshd
	need ssh sshd ssh-keygen
	need_root
	sshd=$(command -v sshd)
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f me
	cp me.pub authorized
	mkdir -p /run/sshd
	cat >sshd_config <<CONF
HostKey $PWD/host
AuthorizedKeysFile $PWD/authorized
StrictModes no
PidFile none
UsePAM no
CONF
	PROXY=$(free_port)
	start tunnel ssh -N -D "127.0.0.1:$PROXY" -o "ProxyCommand=$sshd -i -f '$PWD/sshd_config'" \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o BatchMode=yes -o LogLevel=ERROR -i me far
	wait_until port_answers "$PROXY"
}

# a service that answers only after the end of what it gets
counter() { listen counter tcp-listen:0,fork,bind=127.0.0.1 system:'cat >counted; cat counted counted'; }

# there_and_back ADDRESS: a megabyte up, its double down, after the end
there_and_back() {
	random_file 1000000 up
	cat up up >want
	timeout 20 "$SOCKCAT" - "$1" <up >down
	same want down
}

# --- real ones --------------------------------------------------------------------

@test "through Dante with SOCKS 4 and 5, the end and a megabyte" {
	counter
	dante_proxy
	there_and_back "socks5:127.0.0.1:localhost:$PORT,socksport=$PROXY"
	there_and_back "SOCKS5-CONNECT:127.0.0.1:$PROXY:127.0.0.1:$PORT"
	there_and_back "socks:127.0.0.1:localhost:$PORT,socksport=$PROXY"
	there_and_back "socks4+tcp:127.0.0.1:$PROXY:127.0.0.1:$PORT"
}

@test "through ssh -D with SOCKS 4, 4a and 5, the end and a megabyte" {
	counter
	ssh_proxy
	there_and_back "socks5:127.0.0.1:$PROXY:localhost:$PORT"
	there_and_back "socks4a:127.0.0.1:localhost:$PORT,socksport=$PROXY"
	there_and_back "socks4:127.0.0.1:localhost:$PORT,socksport=$PROXY"
	run -97 sockcat - "socks5:127.0.0.1:$PROXY:localhost:1" </dev/null
	[[ $output == *'the SOCKS server closed the connection before it had answered' ]]
}

@test "through microsocks, a megabyte each way" {
	microsocks_proxy ms
	random_file 1000000 big
	listen sink -u tcp-listen:0,bind=127.0.0.1 create:got
	run -0 sockcat -u open:big "socks5:127.0.0.1:localhost:$PORT,socksport=$PROXY"
	finish sink
	same big got
	listen source -U tcp-listen:0,bind=127.0.0.1 open:big
	run -0 sockcat -u "socks5:127.0.0.1:$PROXY:127.0.0.1:$PORT" create:got
	same big got
}

@test "to an IPv6 address" {
	need_ip6
	microsocks_proxy ms
	listen echo 'tcp6-listen:0,bind=[::1]' pipe
	chat me "$SOCKCAT" - "socks5:127.0.0.1:$PROXY:[::1]:$PORT"
	grep -q hello me.out
}

@test "a proxy that demands a login gets it, and nobody else sees it" {
	microsocks_proxy ms -u joe -P open-sesame
	listen echo tcp-listen:0,fork,bind=127.0.0.1 pipe
	local to=socks5:127.0.0.1:localhost:$PORT,socksport=$PROXY
	run -97 sockcat - "$to" </dev/null
	[[ $output == *'demands a login: give it socksuser= and sockspass='* ]]
	run -97 sockcat -d -d -d -d - "$to,socksuser=joe,sockspass=open-door" </dev/null
	[[ $output == *'refused user and password'* ]]
	[[ $output != *open-door* && $output != *joe* ]]
	chat me "$SOCKCAT" -d -d -d -d - "$to,socksuser=joe,sockspass=open-sesame"
	run ! grep -E 'joe|open-sesame' me.err
	need ps
	listen front tcp-listen:0,bind=127.0.0.1 "$to,socksuser=joe,sockspass=open-sesame"
	run -0 ps -ww -o args= -p "$(cat front.pid)"
	[[ $output == *"$to,socksuser=***,sockspass=***********"* ]]
}

@test "nobody sees the login either when the address is mistyped" {
	run -2 sockcat - socks5:p:h:80,socksuser=joe,sockspass=open-sesame,sockport=1
	[ "${lines[1]}" = '  socks5:p:h:80,socksuser=***,sockspass=***********,sockport=1' ]
	[ "${lines[2]}" = '                                                    ^~~~~~~~' ]
	run -2 sockcat - - socks5:p:h:80,socksuser=joe,sockspass=open-sesame
	[ "${lines[1]}" = '  socks5:p:h:80,socksuser=***,sockspass=***********' ]
}

@test "a login is offered only with socksuser=, and not insisted on" {
	microsocks_proxy ms
	listen echo tcp-listen:0,fork,bind=127.0.0.1 pipe
	chat me "$SOCKCAT" - "socks5:127.0.0.1:$PROXY:localhost:$PORT,socksuser=a,sockspass=b"
}

@test "TLS goes through the proxy and names the host, not the proxy" {
	need_tls
	microsocks_proxy ms
	echo_server echo fork
	local to=tls+socks5+tcp:127.0.0.1:$PROXY:localhost:$PORT,cafile=$C/ca.crt
	chat me "$SOCKCAT" - "$to"
	listen other "tls-listen:0,bind=127.0.0.1,fork,cert=$C/other.pem" pipe
	run -51 sockcat - "tls+socks5+tcp:127.0.0.1:$PROXY:localhost:$PORT,cafile=$C/ca.crt" </dev/null
	[[ $output == *localhost* ]]
	run -51 sockcat - "tls+socks5:127.0.0.1:localhost:$PORT,socksport=$PROXY,cafile=$C/ca.crt" </dev/null
}

@test "a proxy behind a proxy" {
	microsocks_proxy one -u joe -P secret
	local first=$PROXY
	microsocks_proxy two
	listen echo tcp-listen:0,fork,bind=127.0.0.1 pipe
	chat me "$SOCKCAT" - "socks5+socks5+tcp:127.0.0.1:$first:127.0.0.1:$PROXY:localhost:$PORT,socks52.socksuser=joe,socks52.sockspass=secret"
	chat again "$SOCKCAT" - "socks5+socks5:127.0.0.1:$PROXY:127.0.0.1:$first:localhost:$PORT,socksuser=joe,sockspass=secret"
}

@test "a proxy behind TLS" {
	need_tls
	microsocks_proxy ms
	listen echo tcp-listen:0,fork,bind=127.0.0.1 pipe
	local echo=$PORT
	listen front "tls-listen:0,fork,bind=127.0.0.1,cert=$C/server.pem" "tcp:127.0.0.1:$PROXY"
	chat me "$SOCKCAT" - "socks5+tls+tcp:localhost:$PORT:localhost:$echo,cafile=$C/ca.crt"
	chat short "$SOCKCAT" - "socks5+tls:localhost:$PORT:localhost:$echo,cafile=$C/ca.crt"
}

@test "a proxy behind a UNIX socket, and behind a program" {
	microsocks_proxy ms
	listen echo tcp-listen:0,fork,bind=127.0.0.1 pipe
	local echo=$PORT
	start front "$SOCKCAT" -d -d unix-listen:s.sock,fork "tcp:127.0.0.1:$PROXY"
	wait_for front 'listening on'
	chat me "$SOCKCAT" - "socks5+unix:s.sock:localhost:$echo"
	chat full "$SOCKCAT" - "socks5+unix-connect:$PWD/s.sock:localhost:$echo"
	chat program "$SOCKCAT" - "socks5+exec:'\"$SOCKCAT\" - unix:s.sock':localhost:$echo"
}

@test "Dante waits for one connection in our place" {
	dante_proxy
	start bind "$SOCKCAT" -d -d - "socks5-listen:127.0.0.1:$PROXY:127.0.0.1:0" system:'echo $SOCKCAT_PEERPORT; cat'
	stop bind
	start bind "$SOCKCAT" -d -d "SOCKS5-BIND:127.0.0.1:127.0.0.1:0,socksport=$PROXY" \
		system:'echo $SOCKCAT_PEERADDR; cat'
	wait_for bind 'listening on 127.0.0.1:[0-9]+'
	PORT=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\)$/\1/p' bind.err)
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<hello
	[ "$output" = "127.0.0.1
hello" ]
	finish bind
	[ "$status" = 0 ]
	wait_for bind 'accepting connection from 127.0.0.1:[0-9]+ on 127.0.0.1:'
}

@test "whoever comes through a proxy's listener finds a TLS server" {
	need_tls
	dante_proxy
	start bind "$SOCKCAT" -d -d "tls+socks5-bind:127.0.0.1:$PROXY:127.0.0.1:0,cert=$C/server.pem" pipe
	wait_for bind 'listening on 127.0.0.1:[0-9]+'
	PORT=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\)$/\1/p' bind.err)
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	[ "$output" = hello ]
}

# --- odd ones ---------------------------------------------------------------------

# socks_peer CODE: takes one client in c; take(n) reads n bytes of it
socks_peer() {
	peer proxy "
c, _ = listener.accept()
c.settimeout(20)
def take(n):
    got = b''
    while len(got) < n:
        piece = c.recv(n - len(got))
        if not piece:
            sys.exit()
        got += piece
    return got
def slowly(data):
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i in range(len(data)):
        c.sendall(data[i:i + 1])
$1"
}

# fails_with CODE ADDRESS REGEX
fails_with() {
	run timeout 20 "$SOCKCAT" - "$2:127.0.0.1:host.example:80,socksport=$PORT${4:-}" </dev/null
	end_with "$1" "$3"
}

@test "SOCKS 4 sends an address, 4a and 5 the name" {
	socks_peer 'print(take(11).hex(), flush=True); c.sendall(b"\0Z" + bytes(6))'
	LOGNAME=me run -0 sockcat - "socks4:127.0.0.1:localhost:80,socksport=$PORT" </dev/null
	wait_out proxy '^040100507f0000016d6500$'
	socks_peer 'print(take(15).hex(), flush=True); c.sendall(b"\0Z" + bytes(6))'
	run -0 sockcat - "socks4a:127.0.0.1:n.ex:80,socksport=$PORT,socksuser=u" </dev/null
	wait_out proxy '^040100500000000175006e2e657800$'
	socks_peer 'take(3); c.sendall(b"\5\0"); print(take(11).hex(), flush=True); c.sendall(b"\5\0\0\1" + bytes(6))'
	run -0 sockcat - "socks5:127.0.0.1:n.ex:80,socksport=$PORT" </dev/null
	wait_out proxy '^05010003046e2e65780050$'
	socks_peer 'take(3); c.sendall(b"\5\0"); print(take(22).hex(), flush=True); c.sendall(b"\5\0\0\1" + bytes(6))'
	run -0 sockcat - "socks5:127.0.0.1:[::1]:80,socksport=$PORT" </dev/null
	wait_out proxy '^05010004000000000000000000000000000000010050$'
}

@test "a server that talks byte by byte, and what it sends at once behind its reply" {
	socks_peer 'take(3); slowly(b"\5\0"); take(19); slowly(b"\5\0\0\3\4name\0\1first"); c.sendall(b" and last"); c.close()'
	run -0 sockcat - "socks5:127.0.0.1:host.example:80,socksport=$PORT" </dev/null
	[ "$output" = "first and last" ]
	socks_peer 'c.recv(999); c.sendall(b"\0Z" + bytes(6) + b"all at once"); c.close()'
	run -0 sockcat - "socks4a:127.0.0.1:host.example:80,socksport=$PORT" </dev/null
	[ "$output" = "all at once" ]
}

@test "a refusal is told in words, with 97" {
	local code text
	while read -r code text; do
		socks_peer "take(3); c.sendall(b'\\5\\0'); take(19); c.sendall(bytes([5, $code, 0, 1, 0, 0, 0, 0, 0, 0])); c.close()"
		fails_with 97 socks5 "says no: $text"
	done <<-'END'
		1 general failure of the server
		2 not allowed by its rules
		3 network unreachable
		4 host unreachable
		5 connection refused
		6 TTL expired
		7 command not supported
		8 address type not supported
		12 answer 12, which has no meaning
		110 answer 110, which has no meaning
		200 answer 200, which has no meaning
	END
	socks_peer 'c.recv(999); c.sendall(b"\0[" + bytes(6)); c.close()'
	fails_with 97 socks4a 'says no: request rejected or failed'
	socks_peer 'c.recv(999); c.sendall(b"\0]" + bytes(6)); c.close()'
	fails_with 97 socks4a 'names another user .socksuser= sets'
	socks_peer 'take(3); c.sendall(b"\5\0"); take(19); c.sendall(b"\5\5"); c.close()'
	fails_with 97 socks5 'says no: connection refused'
}

@test "what is no SOCKS server, or another one, is told so" {
	socks_peer 'c.recv(999); c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"); c.close()'
	fails_with 97 socks5 'answers in HTTP'
	socks_peer 'c.recv(999); c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"); c.close()'
	fails_with 97 socks4a 'answers in HTTP'
	socks_peer 'c.recv(999); c.sendall(b"\x15\3\1\0\2\2\x50"); c.close()'
	fails_with 97 socks5 'wants TLS'
	socks_peer 'c.recv(999); c.sendall(b"\0[" + bytes(6)); c.close()'
	fails_with 97 socks5 'speaks SOCKS 4 only'
	socks_peer 'c.recv(999); c.sendall(b"\5\xff"); c.close()'
	fails_with 97 socks4a 'speaks SOCKS 5 only'
	socks_peer 'c.recv(999); c.sendall(b"\x1b]SSH-2.0\r\n"); c.close()'
	fails_with 97 socks5 'is none: its answer begins with ".x1b'
	socks_peer 'take(3); c.sendall(b"\5\0"); take(19); c.sendall(b"\5\0\0\2" + bytes(99)); c.close()'
	fails_with 97 socks5 'is none'
	socks_peer 'c.recv(999); c.sendall(b"\xff" * 1000000); c.close()'
	fails_with 97 socks4a 'is none'
}

@test "a server that closes too soon, wherever it is" {
	socks_peer 'c.close()'
	fails_with 97 socks5 'closed the connection before it had answered'
	socks_peer 'take(3); c.sendall(b"\5"); c.close()'
	fails_with 97 socks5 'closed the connection before it had answered'
	socks_peer 'take(3); c.sendall(b"\5\0"); take(19); c.close()'
	fails_with 97 socks5 'closed the connection before it had answered'
	socks_peer 'take(3); c.sendall(b"\5\0"); take(19); c.sendall(b"\5\0\0\3\xffname"); c.close()'
	fails_with 97 socks5 'closed the connection before it had answered'
	socks_peer 'take(4); c.sendall(b"\5\2"); take(7); c.close()'
	fails_with 97 socks5 'closed the connection before it had answered' ,socksuser=me,sockspass=pw
	socks_peer 'c.recv(999); c.sendall(b"\0Z\0"); c.close()'
	fails_with 97 socks4a 'closed the connection before it had answered'
}

@test "a login of another kind, or one that was not offered, is not made" {
	socks_peer 'take(3); c.sendall(b"\5\1"); print(c.recv(99), flush=True)'
	fails_with 97 socks5 'of a kind that was not offered'
	wait_out proxy "^b''"
	socks_peer 'take(3); c.sendall(b"\5\2"); print(c.recv(99), flush=True)'
	fails_with 97 socks5 'demands a login'
	wait_out proxy "^b''"
	socks_peer 'take(4); c.sendall(b"\5\xff"); c.close()'
	fails_with 97 socks5 'takes neither' ,socksuser=me
	socks_peer 'take(4); c.sendall(b"\5\2"); print(take(5).hex(), flush=True); c.sendall(b"\1\0"); take(19); c.sendall(b"\5\0\0\1" + bytes(6)); c.close()'
	run -0 sockcat - "socks5:127.0.0.1:host.example:80,socksport=$PORT,socksuser=me" </dev/null
	wait_out proxy '^01026d6500$'
}

@test "a silent server is given up after handshake-timeout=, a waiting one after accept-timeout=" {
	socks_peer 'read_all(c)'
	fails_with 28 socks5 handshake ,handshake-timeout=0.1
	socks_peer 'take(3); c.sendall(b"\5\0"); take(19); c.sendall(b"\5\0\0\1\x7f\0\0\1\0\x50"); read_all(c)'
	fails_with 28 socks5-listen 'nobody connected within accept-timeout=' ,accept-timeout=0.3,handshake-timeout=0.1
}

@test "retry= asks the proxy again" {
	peer proxy '
for answer in (5, 0):
    c, _ = listener.accept()
    c.recv(3); c.sendall(b"\5\0"); c.recv(99)
    c.sendall(bytes([5, answer, 0, 1, 0, 0, 0, 0, 0, 0]))
    if not answer: c.sendall(b"at last")
    c.close()
'
	run --separate-stderr -0 sockcat - "socks5:127.0.0.1:host:80,socksport=$PORT,retry=3,interval=0.01" </dev/null
	[ "$output" = "at last" ]
}

@test "range= says who may come to the proxy's listener" {
	local code='take(3); c.sendall(b"\5\0"); take(19); c.sendall(b"\5\0\0\1\0\0\0\0\0\x50\5\0\0\1\xc0\0\2\1\1\0served"); c.close()'
	socks_peer "$code"
	fails_with 7 socks5-bind 'refusing connection from 192.0.2.1:256: .*outside range=' ,range=192.0.2.8/32
	socks_peer "$code"
	fails_with 0 socks5-bind '^served$' ,range=192.0.2.0/24
	socks_peer "$code"
	run -0 sockcat -d -d "socks5-bind:127.0.0.1:host.example:80,socksport=$PORT" \
		system:'echo $SOCKCAT_PEERADDR $SOCKCAT_PEERPORT >&2; cat >/dev/null'
	[[ $output == *'listening on 127.0.0.1:80'* ]]
	[[ $output == *'accepting connection from 192.0.2.1:256 on 127.0.0.1:80'* ]]
	[[ $output == *'192.0.2.1 256'* ]]
}

@test "slips are found before anything is opened" {
	slip() {
		run -2 sockcat - "$1" </dev/null
		[[ $output == *"$2"* ]] || { echo "$output"; return 1; }
	}
	slip 'socks4:p:[::1]:80' 'SOCKS 4 has no IPv6 addresses'
	slip socks4:p:h:80,sockspass=x 'SOCKS 4 has no passwords'
	slip socks5:p:h:80,sockspass=x 'a password needs a user: socksuser='
	slip socks5:p:1:h:80,socksport=9 'the proxy'"'"'s port is in the address already'
	slip socks5:p:h:no-such-service 'no such service'
	slip socks5:p:h:70000 '0 to 65535'
	slip socks5:p::80 'the host is missing'
	slip "socks5:p:$(printf '%256s' '' | tr ' ' x):80" 'names of up to 255 bytes'
	slip "socks5:p:h:80,socksuser=$(printf '%256s' '' | tr ' ' x)" 'up to 255 bytes'
	slip socks5+tcp:p:1080 'wrong number of parameters'
	slip socks5+tcp-listen:0:h:80 'over tcp-listen it would ask a client'
	slip socks4a+udp:p:1080:h:80 'needs a stream below it, and udp carries messages'
}
