#!/usr/bin/env bats
# The ways of waiting (poll, epoll, kqueue): each serves the same sessions.

load lib.bash

# The backends that this system has.
backends() {
	local name

	for name in poll epoll kqueue; do
		SOCKCAT_LOOP=$name sockcat -u /dev/null stdout >/dev/null 2>&1 && echo "$name"
	done
}

for_each_backend() {
	local name

	for name in $(backends); do
		echo "with $name"
		mkdir -p "$name"
		(cd "$name" && SOCKCAT_LOOP=$name "$@") || return 1
	done
}

# listen and start inside a subshell: what was started there must end there.
in_own_shell() {
	local code=0

	# shellcheck disable=SC2034 # lib.bash's
	STARTED=()
	"$@" || code=1
	[ "$code" = 0 ] || show_logs
	lib_teardown || code=1
	return $code
}

@test "poll is there on every system, and one way at least is tried" {
	backends | grep -qx poll
}

@test "an unknown way of waiting is refused before anything opens, with the names there are" {
	local name

	SOCKCAT_LOOP=nonsense run sockcat -u /dev/null create:made
	echo "$output"
	[ "$status" = 2 ]
	[ ! -e made ]
	[[ $output == *nonsense* ]]
	for name in $(backends); do
		[[ $output == *"$name"* ]]
	done
}

@test "an empty name means the best way" {
	SOCKCAT_LOOP='' run sockcat -u text:hello -
	[ "$status" = 0 ]
	[ "$output" = hello ]
}

# A regular file at both ends of a client, a name to resolve, a program behind the
# listener: files, pipes, sockets, a helper thread, a child and signals at once.
one_session() {
	random_file 3000000 in
	listen server tcp-listen:0,bind=127.0.0.1 exec:cat || return 1
	start_in client in "$SOCKCAT" - "tcp:localhost:$PORT" || return 1
	finish client && [ "$status" = 0 ] || return 1
	finish server && [ "$status" = 0 ] || return 1
	same in client.out
}

@test "files, sockets, a name and a program: byte-exact with each" {
	for_each_backend in_own_shell one_session
}

pipes_and_ends() {
	listen server tcp-listen:0,bind=127.0.0.1 pipe || return 1
	[ "$(printf 'hello' | cat | sockcat - "tcp:127.0.0.1:$PORT" | cat)" = hello ] || return 1
	finish server && [ "$status" = 0 ]
}

@test "standard input and output as pipes: all arrives, and both end" {
	for_each_backend in_own_shell pipes_and_ends
}

same_socket_on_both_sides() {
	random_file 400000 in
	listen echo tcp-listen:0,bind=127.0.0.1,fork pipe || return 1
	listen relay tcp-listen:0,bind=127.0.0.1,fork "tcp:127.0.0.1:$PORT" || return 1
	for _ in 1 2 3; do
		sockcat - "tcp:127.0.0.1:$PORT" <in >out && same in out || return 1
	done
	stop relay && stop echo
}

@test "a chain of listeners: byte-exact with each" {
	for_each_backend in_own_shell same_socket_on_both_sides
}

timers_fire() {
	mkfifo quiet
	exec 7<>quiet
	run timeout 10 "$SOCKCAT" -T 0.1 -u pipe:quiet -
	exec 7>&-
	echo "$output"
	[ "$status" = 0 ] && [ -z "$output" ]
}

@test "a limit on silence ends a session with each" {
	for_each_backend in_own_shell timers_fire
}

signals_arrive() {
	listen server tcp-listen:0,bind=127.0.0.1,fork pipe || return 1
	kill -USR1 "$(cat server.pid)"
	wait_for server statistics || return 1
	stop server
	[ "$status" = 143 ]
}

@test "signals arrive with each" {
	for_each_backend in_own_shell signals_arrive
}

ticks() { awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }

# A fifth of a second of work in one second of idleness would be spinning.
sleeps() {
	local pid before

	pid=$(cat "$1.pid")
	before=$(ticks "$pid")
	sleep 1
	echo "$1: $(($(ticks "$pid") - before)) of $(getconf CLK_TCK) ticks"
	[ $(($(ticks "$pid") - before)) -lt $(($(getconf CLK_TCK) / 5)) ]
}

idle_ends() {
	mkfifo quiet
	exec 7<>quiet
	listen server tcp-listen:0,bind=127.0.0.1 stall || return 1
	start file "$SOCKCAT" -d -d -u pipe:quiet create:out || return 1
	start_in ended /dev/null "$SOCKCAT" -d -d - "tcp:127.0.0.1:$PORT" || return 1
	wait_for server 'starting data' && wait_for file 'starting data' || return 1
	wait_for ended 'is at EOF' || return 1
	sleeps file && sleeps ended && sleeps server
	exec 7>&-
}

@test "an idle session sleeps, also with a regular file or an ended half at one end" {
	[ -r /proc/self/stat ] || skip "no /proc here"
	for_each_backend in_own_shell idle_ends
}

many_sessions() {
	[ "$(ulimit -n)" -ge 4096 ] || ulimit -n 4096 2>/dev/null || return 0
	listen server tcp-listen:0,bind=127.0.0.1,fork pipe || return 1
	timeout 60 "$BUILD_DIR/tests/swarm" "tcp:127.0.0.1:$PORT" 1000 3000 || return 1
	[ ! -d /proc/self/fd ] || wait_until few_descriptors server || return 1
	stop server
	[ "$status" = 143 ]
}

few_descriptors() { [ "$(find "/proc/$(cat "$1.pid")/fd" -type l 2>/dev/null | wc -l)" -lt 20 ]; }

@test "a thousand sessions at once: each its own data, and all descriptors come back" {
	[ -x "$BUILD_DIR/tests/swarm" ] || skip "tests/swarm is not built: run make check"
	for_each_backend in_own_shell many_sessions
}
