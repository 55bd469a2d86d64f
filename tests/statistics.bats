# --statistics: the table at the end, and by SIGUSR1.

load lib.bash
load peers.bash

@test "one line each way: bytes, reads, writes" {
	random_file 100 in
	run --separate-stderr -0 sockcat --statistics -b 16 open:in!!- pipe
	grep -Eq '^sockcat: statistics +bytes +reads +writes +messages$' <<<"$stderr"
	grep -Eq '^sockcat:   left to right +100 +7 +7 +-$' <<<"$stderr"
	grep -Eq '^sockcat:   right to left +100 +7 +7 +-$' <<<"$stderr"
	grep -Eq '^sockcat:   sessions +1$' <<<"$stderr"
	grep -Eq '^sockcat:   failures +0$' <<<"$stderr"
	grep -Eq '^sockcat:   peak memory +[0-9.]+ MiB$' <<<"$stderr"
}

@test "columns stand under each other" {
	run --separate-stderr -0 sockcat --statistics -u text:hello -
	local line
	for line in "${stderr_lines[@]:0:3}"; do
		[ "${#line}" = "${#stderr_lines[0]}" ]
	done
}

@test "messages are counted where an end keeps them apart" {
	listen server -u --statistics udp-listen:0,bind=127.0.0.1 open:got,creat
	run --separate-stderr -0 sockcat --statistics -u -b 4 text:123456789 "udp:127.0.0.1:$PORT"
	grep -Eq 'left to right +9 +3 +3 +3$' <<<"$stderr"
	wait_until eval '[ "$(wc -c <got)" = 9 ]'
	stop server
	grep -Eq 'left to right +9 +3 +3 +3$' server.err
}

@test "failures are told by cause, and a signal is none" {
	run --separate-stderr -7 sockcat --statistics - "tcp:127.0.0.1:$(free_port)" </dev/null
	grep -Eq 'failures +1: connect 1$' <<<"$stderr"
	run --separate-stderr -45 sockcat --statistics tcp-listen:0,bind=192.0.2.1,fork pipe
	grep -Eq 'failures +1: bind 1$' <<<"$stderr"
	mkfifo quiet
	exec 7<>quiet
	start_in relay quiet "$SOCKCAT" --statistics -d -d -u - create:out
	wait_for relay 'starting data transfer'
	stop relay
	exec 7>&-
	[ "$status" = 143 ]
	grep -Eq 'failures +0$' relay.err
}

@test "a server sums up its sessions, the failed ones by cause, once" {
	local port
	port=$(free_port)
	listen server --statistics tcp-listen:0,bind=127.0.0.1,fork \
		"system:case \$(head -c 1) in a) echo yes;; esac"
	local target=$PORT
	listen front --statistics tcp-listen:0,bind=127.0.0.1,fork "tcp:127.0.0.1:$port"
	for _ in 1 2 3; do
		run -0 sockcat - "tcp:127.0.0.1:$target" <<<a
	done
	for _ in 1 2; do
		run sockcat -u "tcp:127.0.0.1:$PORT" -
	done
	wait_until eval '[ "$(grep -c "error: .*refused" front.err)" = 2 ]'
	stop front
	stop server
	[ "$(grep -c statistics server.err)" = 1 ]
	grep -Eq 'sessions +3$' server.err
	grep -Eq 'right to left +12 ' server.err
	grep -Eq 'sessions +2$' front.err
	grep -Eq 'failures +2: connect 2$' front.err
}

@test "SIGUSR1 shows what it is now, and which sessions are open" {
	listen server tcp-listen:0,bind=127.0.0.1,fork pipe
	mkfifo feed
	exec 7<>feed
	start_in client feed "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	printf 'hello' >&7
	wait_out client hello
	kill -USR1 "$(cat server.pid)"
	wait_for server 'peak memory'
	grep -Eq 'sessions +1, 1 of them open$' server.err
	grep -Eq 'left to right +5 +1 +1 ' server.err
	stop client
	exec 7>&-
}

@test "the table goes where the log goes" {
	run --separate-stderr -0 sockcat --statistics -lf log -u text:hello -
	[ -z "$stderr" ]
	grep -Eq '^[0-9/]+ [0-9:]+ sockcat:   left to right +5 ' log
}
