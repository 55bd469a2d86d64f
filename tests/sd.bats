# Sockets that somebody else has opened: socket activation, inetd, and a server that
# ends when nobody needs it.

load lib.bash
load peers.bash

# activated NAMES [VARIABLE=VALUE...] -- ARG...: sockcat with a listening socket for
# each name, as systemd starts it; their ports go to "ports".
activated() {
	need python3
	start server python3 -c "
import os, socket, sys
names, at = sys.argv[1], sys.argv.index('--')
os.environ.update(v.split('=', 1) for v in sys.argv[2:at])
n = 0 if not names else len(names.split(':'))
ports = []
for i in range(n):
    s = socket.create_server(('127.0.0.1', 0))
    ports.append(s.getsockname()[1])
    os.dup2(s.fileno(), 103 + i)
    s.close()
for i in range(n):
    os.dup2(103 + i, 3 + i)
    os.close(103 + i)
os.environ.update(LISTEN_FDNAMES=names, LISTEN_FDS=str(n), LISTEN_PID=str(os.getpid()))
os.environ.update(v.split('=', 1) for v in sys.argv[2:at])
with open('ports.new', 'w') as f:
    print(*ports, file=f)
os.rename('ports.new', 'ports')
os.execv(os.environ['SOCKCAT'], ['sockcat', '-d', '-d'] + sys.argv[at + 1:])" "$@"
}

@test "sd: serves the socket that it is handed" {
	activated web -- sd:,fork pipe
	wait_for server 'listening on 127.0.0.1:'
	run -0 sockcat - "tcp:127.0.0.1:$(cat ports)" <<<hello
	[ "$output" = hello ]
	run -0 sockcat - "tcp:127.0.0.1:$(cat ports)" <<<again
	[ "$output" = again ]
}

@test "sd:NAME takes the one of that name" {
	activated web:admin -- sd:admin,fork exec:'echo admin'
	wait_for server 'listening on'
	run -0 sockcat -u "tcp:127.0.0.1:$(cut -d' ' -f2 ports)" -
	[ "$output" = admin ]
}

@test "a layer stands on sd: as on any listener" {
	activated web -- ws+sd:,fork pipe
	wait_for server 'listening on'
	run -0 sockcat - "ws:127.0.0.1:$(cat ports)" <<<hello
	[ "$output" = hello ]
}

@test "programs do not get the handed sockets, neither ours nor the others" {
	activated other:web:more -- sd:web 'exec:sh -c \"for i in 3 4 5; do test -e /proc/self/fd/\$i && echo open \$i; done; echo done\"'
	wait_for server 'listening on'
	run -0 sockcat -u "tcp:127.0.0.1:$(cut -d ' ' -f 2 ports)" -
	[ "$output" = "done" ]
}

@test "fewer descriptors than LISTEN_FDS says are told of" {
	activated web LISTEN_FDS=99 -- sd:web pipe
	finish server
	[ "$status" = 45 ]
	grep 'sd:web: LISTEN_FDS=99, but not so many descriptors are open: ' server.err
}

@test "without a socket sd: says who would hand one over" {
	run -45 sockcat sd: pipe
	[[ "$output" == *'no socket was handed over (LISTEN_FDS and LISTEN_PID tell; '* ]]
}

@test "sockets that were meant for another process are left alone" {
	activated web LISTEN_PID=1 -- sd: pipe
	finish server
	[ "$status" = 45 ]
	grep 'no socket was handed over' server.err
}

@test "of several sockets the name has to be said" {
	activated web:admin -- sd: pipe
	finish server
	[ "$status" = 45 ]
	grep '2 sockets were handed over; sd:NAME says which, of web:admin$' server.err
}

@test "a name that was not handed over is told with those that were" {
	activated web:admin -- sd:ssh pipe
	finish server
	[ "$status" = 45 ]
	grep 'no socket of that name was handed over; there is web:admin$' server.err
}

@test "as a service of inetd, sockcat talks with the client on its descriptors" {
	need python3
	listen target tcp-listen:0,fork exec:'tr a-z A-Z'
	start inetd python3 -c "
import os, socket, sys
s = socket.create_server(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
c, _ = s.accept()
s.close()
os.dup2(c.fileno(), 0)
os.dup2(c.fileno(), 1)
os.execv(os.environ['SOCKCAT'], ['sockcat', '-', 'tcp:127.0.0.1:$PORT'])"
	wait_out inetd '[0-9]'
	run -0 sockcat - "tcp:127.0.0.1:$(cat inetd.out)" <<<hello
	[ "$output" = HELLO ]
	finish inetd
	[ "$status" = 0 ]
}

@test "systemd's own activator is content with us" {
	need systemd-socket-activate
	start server systemd-socket-activate -l "$PWD/socket" --fdname=web \
		"$SOCKCAT" sd:web,fork pipe
	wait_for server 'Listening on'
	run -0 sockcat - "unix-connect:$PWD/socket" <<<hello
	[ "$output" = hello ]
}

# --- --exit-idle ----------------------------------------------------------------

@test "a server that nobody needs ends" {
	listen server --exit-idle=50ms tcp-listen:0,fork pipe
	finish server
	[ "$status" = 0 ]
	grep 'nobody was here for the time of --exit-idle' server.err
}

@test "as long as somebody is there, a server does not end" {
	listen server --exit-idle=3s tcp-listen:0,fork pipe
	mkfifo hold
	start_in client hold "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 5>hold
	echo first >&5
	wait_out client first
	start other "$SOCKCAT" --exit-idle=3500ms unix-listen:other,fork pipe
	finish other
	echo second >&5
	wait_out client second
	exec 5>&-
	finish client
	finish server
	[ "$status" = 0 ]
}

@test "--exit-idle without a server is refused with the mend" {
	run -2 sockcat --exit-idle=1s tcp-listen:0 pipe
	[[ "$output" == *'--exit-idle is for a server with fork; accept-timeout= limits '* ]]
	run -2 sockcat --exit-idle=soon tcp-listen:0,fork pipe
	[[ "$output" == *'"soon" is no time'* ]]
}
