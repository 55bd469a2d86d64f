# HTTP proxies to test against: tinyproxy, squid, and one in Python that knows half-closes.
# shellcheck shell=bash

# proxy NAME: relays CONNECT with half-closes; NAME.out has the heads it got; sets PORT.
proxy() {
	peer "$1" "
import threading
def relay(a, b):
    while True:
        piece = a.recv(65536)
        if not piece:
            break
        b.sendall(piece)
    b.shutdown(socket.SHUT_WR)
def serve(c):
    head = b''
    while b'\r\n\r\n' not in head:
        head += c.recv(1)
    print(head.decode(), flush=True)
    host, port = head.split()[1].decode().rsplit(':', 1)
    s = socket.create_connection((host.strip('[]'), int(port)))
    c.sendall(b'HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n')
    threading.Thread(target=relay, args=(s, c)).start()
    relay(c, s)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],)).start()"
}

# answering NAME ANSWER: reads one head and gives this answer (Python's escapes), then
# closes; sets PORT.
answering() {
	peer "$1" "
while True:
    c, _ = listener.accept()
    head = b''
    while b'\r\n\r\n' not in head:
        head += c.recv(1)
    c.sendall(b'''$2''')
    c.shutdown(socket.SHUT_WR)
    read_all(c)
    c.close()"
}

# tinyproxy_serving NAME [LINE]: with this line in its configuration; sets PORT.
tinyproxy_serving() {
	need tinyproxy
	PORT=$(free_port)
	printf '%s\n' "Port $PORT" "Listen 127.0.0.1" "Timeout 60" "MaxClients 20" \
		"Allow 127.0.0.1" "${2:-LogLevel Info}" >"$1.conf"
	start "$1" tinyproxy -d -c "$1.conf"
	wait_until port_answers "$PORT"
}

squid_serving() {
	need squid
	PORT=$(free_port)
	printf '%s\n' "http_port 127.0.0.1:$PORT" "http_access allow all" "cache deny all" \
		"access_log none" "cache_log stdio:/dev/stderr" "cache_store_log none" \
		"pid_filename none" "netdb_filename none" "shutdown_lifetime 0 seconds" \
		"pinger_enable off" "visible_hostname localhost" >"$1.conf"
	start "$1" squid -N -f "$PWD/$1.conf"
	wait_until port_answers "$PORT"
}
