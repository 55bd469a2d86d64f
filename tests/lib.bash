# What the behaviour tests share: peers in the background, waiting for what they
# say, files to compare, ports.  Loaded by every tests/**/*.bats.
#
# Each test runs in a directory of its own and leaves nothing behind: whatever
# was started is ended, by its pid, when the test is over.  Nothing here sleeps
# for a fixed time; everything waits for the thing itself.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

TESTS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCE_DIR=$(dirname "$TESTS_DIR")
SOCKCAT=${SOCKCAT:-$SOURCE_DIR/build/sockcat}
BUILD_DIR=${BUILD_DIR:-$(dirname "$SOCKCAT")}
PATIENCE=${PATIENCE:-10}	# seconds that any waiting may take
export SOCKCAT BUILD_DIR TESTS_DIR SOURCE_DIR
export LC_ALL=C
STARTED=()

setup() { lib_setup; }
teardown() { lib_teardown; }

lib_setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	# Reports go to files, so that no test can swallow one; the exit code is
	# none of sockcat's own.
	export ASAN_OPTIONS="log_path=$BATS_TEST_TMPDIR/asan-report:exitcode=99:${ASAN_OPTIONS:-}"
	export UBSAN_OPTIONS="log_path=$BATS_TEST_TMPDIR/asan-report:exitcode=99:print_stacktrace=1:halt_on_error=1:${UBSAN_OPTIONS:-}"
}

lib_teardown() {
	local pid report bad=0

	for pid in "${STARTED[@]}"; do
		kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || :
	done
	for pid in "${STARTED[@]}"; do
		waited_long 100 ended "$pid" && continue
		kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || :
	done
	STARTED=()
	for report in "$BATS_TEST_TMPDIR"/asan-report.*; do
		[ -s "$report" ] || continue
		echo "sanitizer report:"
		cat "$report"
		bad=1
	done
	return $bad
}

# --- waiting -----------------------------------------------------------------

ended() { ! kill -0 "$1" 2>/dev/null; }

# waited_long TURNS CMD...: polls every 20 ms; fails when the turns are used up.
waited_long() {
	local turns=$1
	shift
	while ! "$@"; do
		[ $((turns--)) -gt 0 ] || return 1
		sleep 0.02
	done
}

wait_until() {
	waited_long $((PATIENCE * 50)) "$@" && return 0
	echo "still not true after $PATIENCE s: $*"
	show_logs
	return 1
}

wait_path() { wait_until test -e "$1"; }

# said_or_over FILE REGEX NAME: the text is there; or NAME has ended, so it won't come.
said_or_over() {
	grep -Eq -e "$2" "$1" 2>/dev/null && return 0
	[ -e "$3.pid" ] && ended "$(cat "$3.pid")"
}

wait_text() {
	local file=$1 regex=$2 name=$3

	waited_long $((PATIENCE * 50)) said_or_over "$file" "$regex" "$name"
	grep -Eq -e "$regex" "$file" 2>/dev/null && return 0
	echo "$file does not say: $regex"
	show_logs
	return 1
}

wait_for() { wait_text "$1.err" "$2" "$1"; }
wait_out() { wait_text "$1.out" "$2" "$1"; }

show_logs() {
	local file

	for file in *.err; do
		[ -s "$file" ] || continue
		echo "--- $file"
		tail -n 40 "$file"
	done
}

# --- processes ---------------------------------------------------------------

sockcat() { "$SOCKCAT" "$@"; }

# In the background the pid must be the program's own, not that of a shell
# around it; only functions need the shell.
become() {
	case $(type -t "$1") in
	function) [ "$1" != sockcat ] || { shift; exec "$SOCKCAT" "$@"; }; "$@" ;;
	*) exec "$@" ;;
	esac
}

# start_in NAME FILE CMD...: in the background, a process group of its own (so
# that INT and QUIT are not ignored, as they would be without), stdin from FILE.
start_in() {
	local name=$1 from=$2
	shift 2
	# What an earlier one of that name has said or been is not this one's.
	rm -f "$name.pid"
	: >"$name.out"
	: >"$name.err"
	set -m
	(set +m; become "$@") <"$from" >"$name.out" 2>"$name.err" 3>&- 4>&- 5>&- &
	set +m
	echo $! >"$name.pid"
	STARTED+=("$!")
}

start() {
	local name=$1
	shift
	start_in "$name" /dev/null "$@"
}

# listen NAME ARGS...: starts sockcat and waits until it listens; sets PORT.
listen() {
	local name=$1
	shift
	start "$name" "$SOCKCAT" -d -d "$@"
	wait_for "$name" 'listening on' || return 1
	# shellcheck disable=SC2034 # for the tests
	PORT=$(sed -n 's/.*listening on .*:\([0-9][0-9]*\)\([^0-9].*\)*$/\1/p' "$name.err" | head -n 1)
}

# finish NAME: waits for its end; sets status.
finish() {
	local pid

	pid=$(cat "$1.pid")
	if ! waited_long $((PATIENCE * 50)) ended "$pid"; then
		echo "$1 ($pid) has not ended after $PATIENCE s"
		show_logs
		return 1
	fi
	status=0
	# shellcheck disable=SC2034 # for the tests
	wait "$pid" 2>/dev/null || status=$?
}

stop() {
	kill -TERM "$(cat "$1.pid")" 2>/dev/null || :
	finish "$1"
}

# --- files, ports, needs -----------------------------------------------------

random_file() { head -c "$1" /dev/urandom >"$2"; }

same() {
	cmp "$1" "$2" && return 0
	echo "$1: $(wc -c <"$1") bytes, $2: $(wc -c <"$2") bytes"
	show_logs
	return 1
}

port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below the range that the system hands out by itself, and never the same for
# two tests of one run.
free_port() {
	local port dir=${BATS_RUN_TMPDIR:-${TMPDIR:-/tmp}}/ports

	mkdir -p "$dir"
	while :; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		mkdir "$dir/$port" 2>/dev/null || continue
		port_answers "$port" || break
	done
	echo "$port"
}

need() {
	local cmd

	for cmd in "$@"; do
		command -v "$cmd" >/dev/null || skip "$cmd is not installed"
	done
}

# Memory and descriptors are not the program's own under a sanitizer.
need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }

has_tls() {
	! "$SOCKCAT" -u /dev/null tls+tcp:127.0.0.1:1 2>&1 | grep -q 'not available in this build'
}

sanitized() { grep -q __asan_init "$SOCKCAT"; }

need_tls() { has_tls || skip "built without OpenSSL"; }

# True if the loopback interface has the IPv6 address.
need_ip6() { grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null || ifconfig lo0 2>/dev/null | grep -q 'inet6 ::1' || skip "no IPv6 here"; }
