# Odd peers in Python, for the behaviours that no well-behaved program shows.
# shellcheck shell=bash

# peer NAME CODE: Python in the background with `listener` bound to 127.0.0.1 and
# its port in $PORT; CODE does the rest.
peer() {
	need python3
	start "$1" python3 -c "
import socket, struct, sys, os
listener = socket.create_server(('127.0.0.1', 0), backlog=64)
print('port', listener.getsockname()[1], flush=True)
def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    c.close()
def read_all(c):
    got = b''
    while True:
        piece = c.recv(65536)
        if not piece:
            return got
        got += piece
$2"
	wait_out "$1" '^port '
	PORT=$(sed -n 's/^port //p' "$1.out")
}
