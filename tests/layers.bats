# What all layers have in common: the stack they stand in.

load lib.bash
load peers.bash

@test "a server that never answers the handshake ends with 28" {
	need_tls
	listen silent tcp-listen:0,bind=127.0.0.1,fork stall
	run -28 sockcat - "tls:127.0.0.1:$PORT,handshake-timeout=0.1" </dev/null
	[[ $output == *"the tls handshake did not end in time (handshake-timeout="* ]]
}

@test "a client that never begins the handshake does not stay" {
	need_tls
	listen srv tls-listen:0,bind=127.0.0.1,fork,cert=auto,handshake-timeout=0.1 pipe
	exec 4<>"/dev/tcp/127.0.0.1/$PORT"
	wait_for srv 'the tls handshake did not end in time'
	run -1 cat <&4	# it is reset
	exec 4>&-
}

@test "a handshake that is late is tried again" {
	need_tls
	listen silent tcp-listen:0,bind=127.0.0.1,fork stall
	run -28 sockcat -d -d -d - "tls:127.0.0.1:$PORT,handshake-timeout=0.1,retry=2,interval=0.01" </dev/null
	[ "$(grep -c 'handshake did not end in time' <<<"$output")" = 3 ]
}
