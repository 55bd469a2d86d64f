# --strict: whatever may be missing is a failure.  Each case is 0 without it.

load lib.bash
load peers.bash
load ws.bash

# strictly CODE TEXT ARGS...: 0 without the flag; with it CODE, and says why.
strictly() {
	local code=$1 text=$2
	shift 2
	echo "$*"
	run -0 --separate-stderr timeout 20 "$SOCKCAT" "$@"
	[[ $stderr != *error:* ]]
	run "-$code" --separate-stderr timeout 20 "$SOCKCAT" --strict "$@"
	[[ $stderr == *"error: "*"$text"* ]]
}

@test "what is whole is no failure" {
	run -0 sockcat --strict -u text:hello -
	listen server tcp-listen:0,bind=127.0.0.1,fork pipe
	run -0 --separate-stderr sockcat --strict - "tcp:127.0.0.1:$PORT" <<<hello
	[ "$output" = hello ]
	[ -z "$stderr" ]
	run -0 sockcat --strict -u -t 1 -T 10 text:hello "tcp:127.0.0.1:$PORT"
	run -0 sockcat --strict - exec:cat <<<hello
}

@test "28: the limit of -T came before an end" {
	mkfifo quiet
	exec 7<>quiet
	strictly 28 'the limit of -T came before the end of pipe:quiet' -T 0.1 -u pipe:quiet -
}

@test "28: the limit of -t came before the other end" {
	peer silent 'keep = [listener.accept()[0] for _ in range(2)]; listener.accept()'
	strictly 28 'the limit of -t came before the end of tcp:' -t 0.1 text:hello!!- "tcp:127.0.0.1:$PORT"
}

@test "28: nothing answered within the time that an answer has" {
	listen deaf -u udp-recv:0,bind=127.0.0.1 open:/dev/null
	strictly 28 'no answer from udp:' text:hello!!- "udp:127.0.0.1:$PORT"
	listen server udp-listen:0,bind=127.0.0.1,fork pipe
	run -0 sockcat --strict text:hello!!- "udp:127.0.0.1:$PORT"
	[ "$output" = hello ]
}

@test "23: the reader of a pipe went away" {
	mkfifo quiet out
	exec 7<>quiet
	local flag

	for flag in '' --strict; do
		start_in relay quiet bash -c "exec \"\$SOCKCAT\" $flag -d -d -u - open:out"
		exec 6<out
		wait_for relay 'starting data transfer'
		exec 6<&-
		finish relay
		echo "$flag: $status"
		[ "$status" = "${flag:+23}" ] || [ "$status$flag" = 0 ]
	done
	grep -q 'error: open:out: the reader went away before the end of the data' relay.err
}

@test "23: a program did not take what was sent to it" {
	head -c 1000000 /dev/zero >in
	strictly 23 'exec:true' -u open:in exec:true
}

@test "23: a program left its input unread" {
	need python3
	echo 'import select; select.select([0], [], [])' >wait.py
	strictly 23 'the program has not read all of its input' text:hello!!- 'exec:python3 wait.py'
}

@test "a program's own status is ours" {
	run -3 sockcat --strict - 'system:exit 3' </dev/null
	run -1 sockcat --strict - 'system:exec </dev/null >&- 2>&-; exec sleep 20' </dev/null
	run -0 sockcat --strict - exec:true </dev/null
}

@test "28: nobody read what was written to a terminal" {
	local flag

	for flag in '' --strict; do
		start relay bash -c "exec \"\$SOCKCAT\" $flag -d -d -u text:hello pty,raw,echo=0,link=terminal,wait-slave"
		wait_path terminal
		exec 7<>terminal
		finish relay
		exec 7>&-
		echo "$flag: $status"
		[ "$status$flag" = 0 ] || [ "$status$flag" = 28--strict ]
	done
	grep -q 'error: pty.*was not read from the terminal' relay.err
}

@test "56: datagrams of new senders were dropped" {
	listen server --strict udp-listen:0,bind=127.0.0.1,fork,max-children=1,accept-timeout=5 pipe
	run -0 sockcat text:one!!- "udp:127.0.0.1:$PORT"
	sockcat -u text:two "udp:127.0.0.1:$PORT"
	wait_for server 'dropping datagrams of new senders'
	finish server
	[ "$status" = 56 ]
}

@test "56: datagrams were dropped because their session did not keep up" {
	need python3
	mkfifo out
	listen server --strict -d -u udp-listen:0,bind=127.0.0.1,fork,idle=0.5,accept-timeout=5 open:out
	python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(('127.0.0.1', $PORT))
for _ in range(2000):
    s.send(bytes(1000))"
	wait_for server 'dropping datagrams from .*its session does not keep up'
	cat out >/dev/null
	wait_for server 'error: .*datagrams were dropped: the session did not keep up'
	finish server
	[ "$status" = 56 ]
}

@test "56: a WebSocket was closed with a reason of the peer's own" {
	need python3
	# status 4001, "bye."
	raw server server - 88060fa16279652e
	run -0 sockcat - "ws:127.0.0.1:$PORT" </dev/null
	raw server server - 88060fa16279652e
	run -56 --separate-stderr sockcat --strict - "ws:127.0.0.1:$PORT" </dev/null
	[[ $stderr == *'error: '*'closed the WebSocket with status 4001 bye.'* ]]
}

@test "a server fails as the first of its sessions" {
	local dead
	dead=$(free_port)
	listen one tcp-listen:0,bind=127.0.0.1,fork,accept-timeout=5 "tcp:127.0.0.1:$dead"
	run sockcat -u "tcp:127.0.0.1:$PORT" -
	listen two --strict tcp-listen:0,bind=127.0.0.1,fork,accept-timeout=5 "tcp:127.0.0.1:$dead"
	run sockcat -u "tcp:127.0.0.1:$PORT" -
	finish one
	[ "$status" = 0 ]
	finish two
	[ "$status" = 7 ]
}

@test "a client that breaks off before its target is open is a failure of its session" {
	need python3
	listen server --strict tcp4-listen:0,bind=127.0.0.1,fork "tcp:127.0.0.1:$(free_port),forever,interval=0.05"
	python3 -c "
import socket, struct
s = socket.create_connection(('127.0.0.1', $PORT))
s.sendall(b'x')
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
s.close()"
	wait_for server 'error: .*a client broke off before'
}

@test "23: a raw copy, a capture, a recording or a log of events is not whole" {
	[ -e /dev/full ] || skip "no /dev/full"
	strictly 23 'the raw copy in /dev/full ends here' -r /dev/full -u text:hello -
	strictly 23 'the capture in /dev/full ends here' --capture=/dev/full -u text:hello -
	strictly 23 'the recording in /dev/full ends here' --record=/dev/full -u text:hello -
	strictly 23 'events are lost: cannot write to /dev/full' --log-json=/dev/full -u text:hello -
}

@test "the socat dialect has it, too" {
	mkfifo quiet
	exec 7<>quiet
	run -0 sockcat --dialect=socat -T 0.1 -u pipe:quiet -
	run -1 sockcat --dialect=socat --strict -T 0.1 -u pipe:quiet -
	run -0 sockcat --dialect=socat tcp-listen:0,accept-timeout=0.05 -
	run -1 sockcat --dialect=socat --strict tcp-listen:0,accept-timeout=0.05 -
}
