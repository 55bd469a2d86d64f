# Peers for ws.bats: Node's ws, Python's websockets, and one that speaks bytes.
# shellcheck shell=bash

export NODE_PATH=${NODE_PATH:+$NODE_PATH:}/usr/share/nodejs

need_node_ws() {
	need node
	node -e 'require("ws")' 2>/dev/null || skip "Node's ws is not installed"
}

need_websockets() {
	local python

	# Debian's packages are for Debian's own, which may not be the first in PATH.
	for python in python3 /usr/bin/python3; do
		"$python" -c 'import websockets' 2>/dev/null && PYTHON=$python && return 0
	done
	skip "Python's websockets is not installed"
}

# port_of NAME: sets PORT from what the peer said
port_of() {
	wait_out "$1" '^port [0-9]+' || return 1
	PORT=$(sed -n 's/^port \([0-9]*\)$/\1/p' "$1.out" | head -n 1)
}

# node_server NAME: an echo; "ping", "pieces" and "close CODE REASON" as text make it do
# that.  Says what it sees.
node_server() {
	cat >node_server.js <<'END'
const { Server } = require('ws');
const server = new Server({ port: 0, host: '127.0.0.1',
	handleProtocols: (offered) => [...offered].includes('chat') ? 'chat' : false },
	() => console.log('port ' + server.address().port));
server.on('connection', (peer, request) => {
	console.log('open ' + request.url + ' ' + JSON.stringify(request.headers));
	peer.on('pong', (data) => { console.log('pong ' + data); peer.send('ponged\n'); });
	peer.on('close', (status, why) => console.log('close ' + status + ' ' + why));
	peer.on('message', (data, binary) => {
		const text = String(data).trim();
		console.log((binary ? 'binary ' : 'text ') + data.length);
		if (text === 'ping') return peer.ping('are you there');
		if (text === 'pieces') {
			peer.send('one ', { fin: false });
			peer.ping('between');
			peer.send('mess', { fin: false });
			return peer.send('age\n', { fin: true });
		}
		if (text.startsWith('close ')) {
			const [, status, why] = text.split(' ');
			return peer.close(Number(status), why);
		}
		peer.send(data, { binary });
	});
});
END
	start "$1" node node_server.js
	port_of "$1"
}

# node_client NAME URL FILE [binary|text|pieces [PROTOCOL]]: sends the file once it is open,
# and closes when as much has come back; what came is in NAME.got.
node_client() {
	cat >node_client.js <<'END'
const WebSocket = require('ws');
const fs = require('fs');
const [url, from, to, how, protocol] = process.argv.slice(2);
const data = fs.readFileSync(from);
const peer = new WebSocket(url, protocol ? [protocol] : [], { rejectUnauthorized: false });
let got = 0;
peer.on('open', () => {
	console.log('open ' + peer.protocol);
	if (how === 'pieces')
		for (let i = 0; i < data.length; i += 1000)
			peer.send(data.subarray(i, i + 1000), { fin: i + 1000 >= data.length });
	else
		peer.send(data, { binary: how !== 'text' });
	peer.ping('are you there');
});
peer.on('pong', (text) => console.log('pong ' + text));
peer.on('message', (part, binary) => {
	console.log((binary ? 'binary ' : 'text ') + part.length);
	fs.appendFileSync(to, part);
	got += part.length;
	if (got >= data.length) peer.close(1000, 'enough');
});
peer.on('error', (e) => console.log('error ' + e.message));
peer.on('close', (status, why) => console.log('close ' + status + ' ' + why));
END
	start "$1" node node_client.js "$2" "$3" "$1.got" "${4:-binary}" "${5:-}"
}

# py_server NAME: an echo
py_server() {
	cat >py_server.py <<'END'
import asyncio, websockets
async def echo(peer, path=None):
    async for message in peer:
        print(type(message).__name__, len(message), flush=True)
        await peer.send(message)
async def main():
    async with websockets.serve(echo, '127.0.0.1', 0, max_size=None) as server:
        print('port', next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.Future()
asyncio.run(main())
END
	start "$1" "$PYTHON" py_server.py
	port_of "$1"
}

# py_client NAME URL FILE: sends it, takes as much, asks for a pong, closes
py_client() {
	cat >py_client.py <<'END'
import asyncio, sys, websockets
url, name, to = sys.argv[1:]
async def main():
    data = open(name, 'rb').read()
    async with websockets.connect(url, max_size=None) as peer:
        await peer.send(data)
        got = b''
        while len(got) < len(data):
            got += await peer.recv()
        open(to, 'wb').write(got)
        await (await peer.ping(b'there?'))
        print('pong', flush=True)
    print('close', peer.close_code, flush=True)
asyncio.run(main())
END
	start "$1" "$PYTHON" py_client.py "$2" "$3" "$1.got"
}

# raw NAME server|PORT HEAD HEX [ARGS]: a peer of bytes.  Its head is a file (a server's
# answer, a client's request), or "-" for a right one; then it sends the bytes.  ARGS:
# slow = one at a time, close = and closes, flood = for ever, hold = reads nothing.  It
# says what it gets: the head's lines, then each frame: opcode, masked or plain, payload.
raw() {
	cat >raw.py <<'END'
import base64, hashlib, re, socket, sys
role, head, data = sys.argv[1:4]
args = sys.argv[4:]
data = bytes.fromhex(data)
KEY = b'dGhlIHNhbXBsZSBub25jZQ=='
def say(*words): print(*words, flush=True)
def accept(key):
    return base64.b64encode(hashlib.sha1(key + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest())
def read_head(s):
    text = b''
    while b'\r\n\r\n' not in text:
        more = s.recv(1)
        if not more: break
        text += more
    for line in text.decode('latin1').split('\r\n'): say(line)
    return text
def send(s, what):
    if 'slow' in args:
        for byte in what: s.sendall(bytes([byte]))
    else: s.sendall(what)
if role == 'server':
    listener = socket.create_server(('127.0.0.1', 0))
    say('port', listener.getsockname()[1])
    s, _ = listener.accept()
else:
    s = socket.create_connection(('127.0.0.1', int(role)))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
if role == 'server':
    key = re.search(rb'(?i)sec-websocket-key: *(\S+)', read_head(s)).group(1)
    mine = b'HTTP/1.1 101 Fine\r\nUpgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n' + \
        b'Sec-WebSocket-Accept: ' + accept(key) + b'\r\n\r\n'
else:
    mine = b'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' + \
        b'Sec-WebSocket-Key: ' + KEY + b'\r\nSec-WebSocket-Version: 13\r\n\r\n'
if head != '-': mine = open(head, 'rb').read().replace(b'@ACCEPT@', accept(key) if role == 'server' else b'')
try:
    send(s, mine)
    if role != 'server' and 'close' not in args: read_head(s)
    send(s, data)
    say('sent')
    while 'flood' in args: s.sendall(data)
    if 'hold' in args: sys.stdin.read()
    if 'close' in args: sys.exit()
    stream = s.makefile('rb')
    while True:
        h = stream.read(2)
        if len(h) < 2: break
        n = h[1] & 127
        if n > 125: n = int.from_bytes(stream.read(2 if n == 126 else 8), 'big')
        mask = stream.read(4) if h[1] & 128 else bytes(4)
        body = bytes(b ^ mask[i % 4] for i, b in enumerate(stream.read(n)))
        say('frame', '%x' % h[0], 'masked' if h[1] & 128 else 'plain', body.hex())
    say('end')
except OSError as e:
    say('error', e)
END
	local name=$1
	shift
	start "$name" python3 raw.py "$@"
	[ "$1" != server ] || port_of "$name"
}

# masked OPCODE TEXT: a client's frame in hex, whose mask is 01020304
masked() {
	python3 - "$@" <<'END'
import sys
body = sys.argv[2].encode()
assert len(body) < 126
print(sys.argv[1] + '%02x01020304' % (128 | len(body)) +
      bytes(b ^ (i % 4 + 1) for i, b in enumerate(body)).hex())
END
}
