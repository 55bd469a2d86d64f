# The command lines that people really run, as they write them, against the
# programs that they run them with.  What is not installed is skipped by name.

load lib.bash
load peers.bash
load proxies.bash

# A web server that answers "/" with the text given; its port in PORT.
nginx_serving() {
	need nginx
	local port
	port=$(free_port)
	mkdir -p www
	printf '%s\n' "$1" >www/index.html
	head -c 2000000 /dev/urandom >www/big
	chmod -R a+rX . 2>/dev/null
	cat >nginx.conf <<CONF
daemon off; master_process off; pid $PWD/nginx.pid; error_log stderr;
events { worker_connections 512; }
http {
	access_log off; client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2;
	fastcgi_temp_path $PWD/t3; uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5;
	server { listen 127.0.0.1:$port $2; root $PWD/www; $3 }
}
CONF
	start nginx nginx -p "$PWD" -c "$PWD/nginx.conf" -e stderr
	wait_until port_answers "$port"
	PORT=$port
}

certificate() {
	need openssl
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem \
		-out cert.pem -subj /CN=localhost -days 2 \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
}

@test "1: forward a TCP port; curl through it gets what nginx serves" {
	need curl
	nginx_serving hello
	listen fwd tcp-listen:0,fork,reuseaddr "tcp:127.0.0.1:$PORT"
	run -0 curl -sS "http://127.0.0.1:$PORT/"
	[ "$output" = hello ]
	curl -sS -o got "http://127.0.0.1:$PORT/big"
	same www/big got
}

@test "2: wider bind of a loopback service" {
	listen service tcp-listen:0,fork,bind=127.0.0.1 pipe
	listen fwd tcp-listen:0,fork,reuseaddr,bind=0.0.0.0 "tcp:127.0.0.1:$PORT"
	run -0 sockcat - "tcp:127.0.0.2:$PORT" <<<wide
	[ "$output" = wide ]
}

@test "3: a UNIX service over TCP: streams with half-open sides complete" {
	need python3
	start docker python3 -c "
import socket
l = socket.socket(socket.AF_UNIX); l.bind('docker.sock'); l.listen()
while True:
    c, _ = l.accept()
    d = b''
    while True:
        p = c.recv(65536)
        if not p: break
        d += p
    c.sendall(b'%d bytes' % len(d)); c.close()"
	wait_path docker.sock
	listen fwd tcp-listen:0,bind=127.0.0.1,reuseaddr,fork unix-connect:docker.sock
	run -0 sockcat - "tcp:127.0.0.1:$PORT" < <(head -c 300000 /dev/zero)
	[ "$output" = "300000 bytes" ]
}

@test "4: a UNIX socket in front of TCP, private from the start" {
	listen service tcp-listen:0,fork pipe
	listen fwd unix-listen:app.sock,fork,mode=600 "tcp:localhost:$PORT"
	[ "$(stat -c %a app.sock)" = 600 ]
	run -0 sockcat - unix-connect:app.sock <<<x
	[ "$output" = x ]
}

@test "5: an answer that comes after the end of the question is printed" {
	need python3
	start qemu python3 -c "
import socket, threading
l = socket.socket(socket.AF_UNIX); l.bind('qmp.sock'); l.listen()
c, _ = l.accept()
q = b''
while True:
    p = c.recv(100)
    if not p: break
    q += p
threading.Event().wait(0.7)
c.sendall(b'{\"return\": {}} ' + q); c.close()"
	wait_path qmp.sock
	# shellcheck disable=SC2016
	run -0 bash -c 'printf "{\"execute\":\"qmp_capabilities\"}\n" | "$SOCKCAT" - unix-connect:qmp.sock'
	[ "$output" = '{"return": {}} {"execute":"qmp_capabilities"}' ]
}

@test "6: subscribe to an event socket, until it ends" {
	listen events unix-listen:x.sock system:'echo one; echo two'
	run -0 sockcat -u unix-connect:x.sock -
	[ "$output" = $'one\ntwo' ]
	listen events unix-listen:x.sock system:'echo three'
	run -0 sockcat -U - unix-connect:x.sock
	[ "$output" = three ]
}

@test "7: a raw client gets the whole answer" {
	nginx_serving raw
	# shellcheck disable=SC2016
	run -0 bash -c 'printf "GET / HTTP/1.0\r\n\r\n" | "$SOCKCAT" - "tcp:127.0.0.1:$1"' x "$PORT"
	[[ $output == *"200 OK"* ]]
	[[ $output == *raw ]]
}

@test "8: send and receive a file" {
	random_file 5000000 in.bin
	listen receiver -u tcp-listen:0,reuseaddr open:out.bin,creat,trunc
	run -0 sockcat -u file:in.bin "tcp:127.0.0.1:$PORT"
	finish receiver
	[ "$status" = 0 ]
	same in.bin out.bin
}

@test "9: pipe a backup stream to a receiver that comes up late" {
	random_file 3000000 backup
	local port
	port=$(free_port)
	start_in sender backup "$SOCKCAT" -u stdin "tcp:127.0.0.1:$port,retry=100,interval=0.05,connect-timeout=5"
	start receiver "$SOCKCAT" -u "tcp-listen:$port,reuseaddr" stdio
	finish sender
	[ "$status" = 0 ]
	finish receiver
	same backup receiver.out
}

@test "10: a virtual serial pair; its names are read from the log" {
	start pair "$SOCKCAT" -d -d pty,raw,echo=0 pty,raw,echo=0
	wait_for pair 'starting data transfer loop'
	local left right
	left=$(sed -n 's/.*PTY is //p' pair.err | sed -n 1p)
	right=$(sed -n 's/.*PTY is //p' pair.err | sed -n 2p)
	[ -c "$left" ] && [ -c "$right" ]
	start reader head -n 1 "$right"
	echo over >"$left"
	finish reader
	[ "$(cat reader.out)" = over ]
}

@test "11: a serial device from the network as a local terminal" {
	need stty
	local port
	port=$(free_port)
	start tty "$SOCKCAT" -d -d pty,link=ttyNET0,raw,echo=0,waitslave \
		"tcp:127.0.0.1:$port,forever,interval=0.05"
	wait_path ttyNET0
	start device "$SOCKCAT" "tcp-listen:$port,reuseaddr" pipe
	exec 5<>ttyNET0
	echo ping >&5
	local got
	read -r -t 10 got <&5
	exec 5>&-
	[ "$got" = ping ]
}

@test "12: serve a serial port" {
	start device "$SOCKCAT" -d -d pty,link=ttyS0,raw,echo=0 pipe
	wait_path ttyS0
	listen server tcp-listen:0,fork,reuseaddr ./ttyS0,raw,echo=0,b115200
	start_in client <(echo serial; sleep 3) "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	wait_out client serial
	[ "$(stty -F ttyS0 speed)" = 115200 ]
}

@test "13: a program per connection, and no zombies after it" {
	cat >server.sh <<'SH'
#!/bin/sh
read -r name
echo "hello $name"
SH
	chmod +x server.sh
	listen server tcp-listen:0,reuseaddr,fork exec:./server.sh
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<ann
	[ "$output" = "hello ann" ]
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<bob
	[ "$output" = "hello bob" ]
	wait_until eval '[ -z "$(ps -o stat= --ppid "$(cat server.pid)")" ]'
	listen shell tcp-listen:0,reuseaddr,fork system:'echo out; echo err >&2',pty,stderr
	run -0 sockcat -u "tcp:127.0.0.1:$PORT" -
	[[ $output == *out* && $output == *err* ]]
}

@test "14: a shell on a terminal, over TCP" {
	need python3
	listen operator tcp-l:0 pty,link=console,raw,echo=0,wait-slave
	start shell "$SOCKCAT" "tcp:127.0.0.1:$PORT" exec:"bash --norc -i",pty,stderr,setsid,sigint,sane
	wait_path console
	exec 5<>console
	echo 'tty; echo sum=$((40+2)); exit' >&5
	local line seen=
	while read -r -t 10 line <&5; do
		seen+=$line
		[[ $line == sum=42* ]] && break
	done
	exec 5>&-
	[[ $seen == */dev/pts/* ]]
	finish shell
}

# sshd_here: keys and sshd_config in this directory; sets sshd, the command to serve one
# connection, and ssh_options, which let us in.
sshd_here() {
	need ssh sshd scp ssh-keygen
	need_root
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f me
	cp me.pub authorized
	chmod 600 authorized
	mkdir -p /run/sshd
	cat >sshd_config <<CONF
HostKey $PWD/host
AuthorizedKeysFile $PWD/authorized
StrictModes no
PidFile none
UsePAM no
Subsystem sftp internal-sftp
CONF
	sshd="$(command -v sshd) -i -f $PWD/sshd_config"
	ssh_options=(-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
		-o LogLevel=ERROR -i me -o BatchMode=yes)
}

@test "15: ssh through an HTTP proxy" {
	sshd_here
	listen far tcp-listen:0,bind=127.0.0.1,fork exec:"$sshd",nofork
	local far=$PORT
	tinyproxy_serving proxy
	local opts=(-o "ProxyCommand='$SOCKCAT' - PROXY:127.0.0.1:%h:%p,proxyport=$PORT"
		"${ssh_options[@]}" -p "$far")
	run -0 ssh "${opts[@]}" 127.0.0.1 echo through the proxy
	[ "$output" = "through the proxy" ]
}

@test "16: ssh through SOCKS" {
	local proxy
	need microsocks
	sshd_here
	listen far tcp-listen:0,bind=127.0.0.1,fork exec:"$sshd",nofork
	proxy=$(free_port)
	start proxy microsocks -i 127.0.0.1 -p "$proxy"
	wait_until port_answers "$proxy"
	local opts=(-o "ProxyCommand='$SOCKCAT' - SOCKS5:127.0.0.1:%h:%p,socksport=$proxy"
		"${ssh_options[@]}" -p "$PORT")
	run -0 ssh "${opts[@]}" 127.0.0.1 echo through the proxy
	[ "$output" = "through the proxy" ]
}

@test "17: ssh and 50 MB of scp over a UNIX socket" {
	sshd_here
	listen vm unix-listen:ssh.sock,fork exec:"$sshd",nofork
	local opts=(-o "ProxyCommand='$SOCKCAT' - UNIX-CLIENT:'$PWD'/ssh.sock" "${ssh_options[@]}")
	run -0 ssh "${opts[@]}" vm echo from the vm
	[ "$output" = "from the vm" ]
	random_file 50000000 big
	run -0 scp -q "${opts[@]}" big "vm:$PWD/copied"
	same big copied
}

@test "TLS with a service that only ssh reaches" {
	need_tls
	need nc
	sshd_here
	certificate
	listen far tcp-listen:0,bind=127.0.0.1,fork exec:"$sshd",nofork
	local ssh=$PORT
	listen service tls-listen:0,bind=127.0.0.1,fork,cert=cert.pem,key=key.pem pipe
	random_file 1000000 data
	"$SOCKCAT" - "tls+exec:'ssh ${ssh_options[*]} -p $ssh 127.0.0.1 nc -N 127.0.0.1 $PORT',cafile=cert.pem,commonname=localhost" \
		<data >got
	same data got
}

@test "18: a TLS server in front of plain HTTP, for curl with TLS 1.2 and 1.3" {
	need_tls
	need curl
	certificate
	nginx_serving behind
	listen front openssl-listen:0,reuseaddr,fork,cert=cert.pem,key=key.pem,verify=0 \
		"tcp:127.0.0.1:$PORT"
	run -0 curl -sS --cacert cert.pem --tls-max 1.2 "https://localhost:$PORT/"
	[ "$output" = behind ]
	run -0 curl -sS --cacert cert.pem --tlsv1.3 "https://localhost:$PORT/"
	[ "$output" = behind ]
	curl -sS --cacert cert.pem -o got "https://localhost:$PORT/big"
	same www/big got
	listen again tls-listen:0,reuseaddr,fork,cert=cert.pem,key=key.pem,verify=0 pipe
	run -0 sockcat - "tls:localhost:$PORT,cafile=cert.pem" <<<again
	[ "$output" = again ]
}

@test "19: a TLS client in front of an HTTPS service" {
	need_tls
	need curl
	certificate
	nginx_serving secret ssl "ssl_certificate $PWD/cert.pem; ssl_certificate_key $PWD/key.pem;"
	listen wrap tcp-listen:0,reuseaddr,fork,bind=127.0.0.1 "openssl:localhost:$PORT,cafile=cert.pem"
	run -0 curl -sS "http://127.0.0.1:$PORT/"
	[ "$output" = secret ]
	curl -sS -o got "http://127.0.0.1:$PORT/big"
	same www/big got
}

@test "20: mutual TLS, and the reason named where it fails" {
	need_tls
	certificate
	cat cert.pem key.pem >client.pem
	listen server ssl-l:0,fork,cert=cert.pem,key=key.pem,cafile=cert.pem,verify=1 pipe
	run -0 sockcat - "ssl:localhost:$PORT,cafile=cert.pem,cert=client.pem" <<<mutual
	[ "$output" = mutual ]
	run -35 sockcat - "ssl:localhost:$PORT,cafile=cert.pem" <<<nobody
	[[ $output == *certificate* ]]
}

@test "22: a listener as a source and a sink, stdin at its end" {
	listen sink tcp-listen:0,fork,reuseaddr -
	run -0 sockcat -u text:one "tcp:127.0.0.1:$PORT"
	wait_out sink one
	listen log tcp-listen:0,fork,reuseaddr open:in.log,creat,append
	run -0 sockcat -u text:line "tcp:127.0.0.1:$PORT"
	wait_until eval '[ "$(cat in.log)" = line ]'
}

@test "23: one UDP datagram, and no empty one after it" {
	peer_udp statsd "
print(s.recv(100), flush=True)
s.settimeout(0.3)
try: print(s.recv(100), flush=True)
except TimeoutError: print('no more', flush=True)"
	# shellcheck disable=SC2016
	run -0 bash -c 'echo "foo:1|c" | "$SOCKCAT" -u - "udp:127.0.0.1:$1"' x "$PORT"
	wait_out statsd 'no more'
	grep -q "foo:1|c" statsd.out
}

peer_udp() {
	need python3
	start "$1" python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0))
print('port', s.getsockname()[1], flush=True)
$2"
	wait_out "$1" '^port'
	PORT=$(sed -n 's/^port //p' "$1.out")
}

@test "24: a UDP question and its answer within the wait" {
	peer_udp ntp "
import time
q, a = s.recvfrom(100); time.sleep(0.7); s.sendto(b'answer to ' + q, a)"
	run -0 sockcat -t2 - "udp:127.0.0.1:$PORT" <<<question
	[ "$output" = "answer to question" ]
}

@test "25: a UDP forward to a name server, asked by dig" {
	need dig dnsmasq
	local dns
	dns=$(free_port)
	start dns dnsmasq -d -C /dev/null -p "$dns" -a 127.0.0.1 --bind-interfaces -R -h \
		-A /sockcat.test/192.0.2.7
	wait_until dig +time=1 +tries=1 +short -p "$dns" @127.0.0.1 sockcat.test
	listen fwd udp-listen:0,fork,reuseaddr "udp:127.0.0.1:$dns"
	local i
	for i in {1..10}; do
		start "q$i" dig +time=5 +tries=1 +short -p "$PORT" @127.0.0.1 sockcat.test
	done
	for i in {1..10}; do
		finish "q$i"
		[ "$(cat "q$i.out")" = 192.0.2.7 ]
	done
}

@test "26: multicast received, and sent to" {
	listen member -u udp4-recvfrom:0,bind=224.0.0.251,ip-add-membership=224.0.0.251:127.0.0.1,fork -
	run -0 sockcat - "udp4-datagram:224.0.0.251:$PORT,broadcast,ip-multicast-if=127.0.0.1" <<<everybody
	wait_out member everybody
}

@test "28: an agent bridge: every connection given to a program of its own" {
	cat >relay.sh <<'SH'
#!/bin/sh
cat
SH
	chmod +x relay.sh
	listen agent unix-listen:agent.sock,fork,umask=007 exec:"./relay.sh -ei -s //./pipe/x",nofork
	[ "$(stat -c %a agent.sock)" = 770 ]
	run -0 sockcat - unix-connect:agent.sock <<<key
	[ "$output" = key ]
}

@test "29: look at traffic, in socat's format" {
	listen service tcp-listen:0,fork pipe
	listen watch -v tcp-listen:0,reuseaddr,fork "tcp:localhost:$PORT"
	run -0 sockcat - "tcp:127.0.0.1:$PORT" <<<seen
	wait_for watch '^> [0-9/]+ [0-9:.]+  length=5 from=0 to=4$'
	wait_for watch '^< [0-9/]+ [0-9:.]+  length=5 from=0 to=4$'
}

@test "30: a sandbox's way out, in a network namespace without IPv6" {
	need_root
	need ip sysctl
	listen proxy unix-listen:proxy.sock,fork pipe
	run unshare --net sh -c '
ip link set lo up
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1
"$SOCKCAT" -d -d tcp-listen:3128,fork,reuseaddr unix-connect:proxy.sock 2>err & pid=$!
until grep -q listening err || ! kill -0 $pid; do sleep 0.02; done
echo out | "$SOCKCAT" - tcp:localhost:3128; code=$?
kill $pid; wait $pid; exit $code'
	[[ $output != *unshare:* ]] || skip "no network namespaces here"
	[ "$status" = 0 ]
	[[ $output == *out* ]]
}

@test "PostgreSQL through TCP to its UNIX socket: psql and pgbench" {
	need_root
	local bin=(/usr/lib/postgresql/*/bin)
	[ -x "${bin[0]}/postgres" ] || skip "PostgreSQL is not installed"
	id postgres >/dev/null || skip "no user postgres"
	local data=$PWD/pg
	mkdir "$data"
	chown postgres "$data"
	chmod a+x . .. ../.. 2>/dev/null
	run -0 setpriv --reuid postgres --regid postgres --clear-groups \
		"${bin[0]}/initdb" -D "$data" -A trust -U me --no-sync
	start pg setpriv --reuid postgres --regid postgres --clear-groups "${bin[0]}/postgres" \
		-D "$data" -c listen_addresses= -c unix_socket_directories="$data" -c fsync=off
	wait_path "$data/.s.PGSQL.5432"
	listen fwd tcp-listen:0,fork,reuseaddr "unix-connect:$data/.s.PGSQL.5432"
	wait_until psql -h 127.0.0.1 -p "$PORT" -U me -c 'select 1' postgres
	run -0 psql -At -h 127.0.0.1 -p "$PORT" -U me -c 'select 6 * 7' postgres
	[ "$output" = 42 ]
	mkdir run
	listen back "unix-listen:run/.s.PGSQL.5432,fork" "tcp:127.0.0.1:$PORT"
	run -0 psql -At -h "$PWD/run" -U me -c 'select sum(n) from generate_series(1, 100000) n' postgres
	[ "$output" = 5000050000 ]
	local pgbench=${bin[0]}/pgbench
	run -0 "$pgbench" -h "$PWD/run" -U me -i -s 1 -q postgres
	run -0 "$pgbench" -h "$PWD/run" -U me -c 8 -j 2 -t 50 -C postgres
	[[ $output == *"400/400"* ]]
}

@test "redis-benchmark through a forward" {
	need redis-server redis-benchmark redis-cli
	local port
	port=$(free_port)
	start redis redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no
	wait_until redis-cli -p "$port" ping
	listen fwd tcp-listen:0,fork "tcp:127.0.0.1:$port"
	run -0 redis-cli -p "$PORT" set key value
	run -0 redis-benchmark -p "$PORT" -n 5000 -c 50 -P 4 -q -t set,get
	[[ $output == *"requests per second"* ]]
	run -0 redis-cli -p "$PORT" get key
	[ "$output" = value ]
}

@test "rsync over a socket" {
	need rsync
	mkdir -p from to
	random_file 3000000 from/a
	random_file 100 from/b
	listen server tcp-listen:0,fork exec:"rsync --server --daemon --config=$PWD/rsyncd.conf ."
	cat >rsyncd.conf <<CONF
use chroot = no
log file = $PWD/rsync.log
[files]
path = $PWD/from
CONF
	run -0 rsync -a "rsync://127.0.0.1:$PORT/files/" to/
	same from/a to/a
	same from/b to/b
}

@test "a Python prompt on a terminal" {
	need python3
	listen repl tcp-listen:0 exec:"python3 -q -i",pty,stderr,setsid,ctty,raw,echo=0
	start_in user <(echo 'print(6*7)'; echo 'exit()'; sleep 5) "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	wait_out user 42
	finish repl
}

@test "netcat on the other end, both ways" {
	need nc
	local port
	listen server tcp-listen:0 pipe
	run -0 timeout 10 nc -N 127.0.0.1 "$PORT" <<<'from nc'
	[ "$output" = "from nc" ]
	port=$(free_port)
	start nc nc -l -N 127.0.0.1 "$port"
	run -0 sockcat -u text:to-nc "tcp:127.0.0.1:$port,retry=100,interval=0.05"
	finish nc
	[ "$(cat nc.out)" = to-nc ]
}

@test "ncat on the other end, over TLS as well" {
	need ncat
	listen server tcp-listen:0 pipe
	run -0 timeout 10 ncat 127.0.0.1 "$PORT" <<<ncat
	[ "$output" = ncat ]
	need_tls
	certificate
	listen server tls-listen:0,cert=cert.pem,key=key.pem pipe
	run -0 timeout 10 ncat --ssl 127.0.0.1 "$PORT" <<<secret
	[ "$output" = secret ]
}

@test "socat on the other end, plain, UNIX and TLS" {
	need socat
	local port
	listen server tcp-listen:0 pipe
	run -0 socat -t 5 - "tcp:127.0.0.1:$PORT" <<<plain
	[ "$output" = plain ]
	start peer socat unix-listen:s pipe
	wait_path s
	run -0 sockcat - unix:s <<<unix
	[ "$output" = unix ]
	need_tls
	certificate
	listen server tls-listen:0,cert=cert.pem,key=key.pem pipe
	run -0 socat -t 5 - "openssl:localhost:$PORT,cafile=cert.pem" <<<tls
	[ "$output" = tls ]
	port=$(free_port)
	start peer socat -t 5 "openssl-listen:$port,cert=cert.pem,key=key.pem,verify=0" pipe
	run -0 sockcat - "tls:localhost:$port,cafile=cert.pem,retry=100,interval=0.05" <<<back
	[[ $output == *back ]]
}
