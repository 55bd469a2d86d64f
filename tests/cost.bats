# What nobody asked for costs nothing: system calls per relayed MiB, by tests/bench/syscalls.

load lib.bash

setup() {
	lib_setup
	need strace
	! sanitized || skip "a sanitizer makes calls of its own"
	strace -o trace true 2>/dev/null || skip "tracing is not allowed here"
}

# costs WAY REGEX FLAGS...: the line of this way says so
costs() {
	local way=$1 regex=$2
	shift 2
	MIB=4 run -0 "$TESTS_DIR/bench/syscalls" "$SOCKCAT" "$@"
	echo "$output"
	grep -Eq "^$way +$regex\$" <<<"$output"
}

@test "a MiB from file to file is four reads and four writes" {
	costs 'file to file' '[0-9.]+ + read 4.0 write 4.0( epoll_wait 0\.[0-9])?'
}

@test "telling of events costs nothing for each byte" {
	costs 'file to file' '[0-9.]+ + read 4.0 write 4.0( epoll_wait 0\.[0-9])?' --log-json=events
}
