# Log lines: levels, formats, targets, and the caret under a slip.
# shellcheck disable=SC2154 # run --separate-stderr sets stderr and stderr_lines

bats_require_minimum_version 1.5.0
load lib.bash

# Provokes notices and, at the end, an error: nobody listens there.
refused() {
	run -7 --separate-stderr sockcat "$@" -u /dev/null "tcp:127.0.0.1:$(free_port)"
}

@test "a failure is one line that names target, cause and what it usually means" {
	closed=$(free_port)
	run -7 --separate-stderr sockcat -u /dev/null "tcp:127.0.0.1:$closed"
	[ "${#stderr_lines[@]}" = 1 ]
	[[ ${stderr_lines[0]} = "sockcat: error: "*"$closed"*"connection refused (nothing listens there)" ]]
}

@test "notices come with -d -d" {
	run --separate-stderr sockcat -u /dev/null /dev/null
	[ "$stderr" = '' ]
	run --separate-stderr sockcat -d -d -u /dev/null /dev/null
	[[ $stderr = *'sockcat: starting data transfer loop'* ]]
}

@test "-d0 leaves errors only" {
	refused -d0
	[[ $stderr = 'sockcat: error: '* ]]
	run -2 sockcat -d0 -u open:nothing,nosuchoption -
	[[ $output = *'unknown option'* ]]
}

@test "-d9 is refused" {
	run -2 sockcat -d9 - -
	[[ $output = *'log level'* ]]
}

@test "-lf appends to a file, with date and time" {
	echo before >file
	refused -lf file
	[ "$stderr" = '' ]
	[ "$(head -n 1 file)" = before ]
	grep -Eq '^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} sockcat: error: ' file
}

@test "a log file that can't be opened is said on standard error" {
	run ! sockcat -lf none/such/file -u /dev/null /dev/null
	[[ $output = *'none/such/file'*'no such file or directory'* ]]
}

@test "-lp changes the program's name" {
	refused -lp other
	[[ $stderr = 'other: error: '* ]]
}

@test "-lu stamps to the microsecond, -lh names the host" {
	export HOSTNAME=here
	refused -lu -lh
	[[ $stderr =~ ^[0-9/]+\ [0-9:]+\.[0-9]{6}\ here\ sockcat:\ error:\  ]]
}

@test "the socat dialect logs in socat's format" {
	run -1 --separate-stderr sockcat --dialect=socat -u /dev/null "tcp:127.0.0.1:$(free_port)"
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr =~ ^[0-9]{4}(/[0-9]{2}){2}\ [0-9]{2}(:[0-9]{2}){2}\ socat\[[0-9]+\]\ E\  ]]
}

@test "control characters of a path are escaped" {
	run -26 sockcat -u $'open:no\nsuch\033[31mfile' -
	[[ $output = *'no\nsuch\x1b[31mfile'* ]]
	[[ $output != *$'\033'* ]]
	[ "${#lines[@]}" = 1 ]
}

@test "what is no control character passes unescaped" {
	run -26 sockcat -u open:nö/→/such -
	[[ $output = *'nö/→/such'* ]]
}

@test "a wrong word gets a caret under the piece that is wrong" {
	run -2 sockcat - tcp-listen:80,reusadr
	[[ ${lines[0]} = 'sockcat: error: unknown option "reusadr"'*'reuseaddr'* ]]
	[ "${lines[1]}" = '  tcp-listen:80,reusadr' ]
	[ "${lines[2]}" = '                ^~~~~~~' ]
}

@test "in a log file a wrong word takes one line" {
	run -2 sockcat -lf file - tcp-listen:80,reusadr
	[ "$(wc -l <file)" = 1 ]
}

@test "syslog gets program, pid and text" {
	need_root
	[ ! -e /dev/log ] || skip "/dev/log is somebody else's"
	start sink "$SOCKCAT" -u unix-recv:/dev/log,unlink-close open:out,creat
	wait_path /dev/log
	refused -ly
	[ "$stderr" = '' ]
	wait_until grep -Eq '^<27>.* sockcat\[[0-9]+\]: .*connection refused' out
	refused -lylocal3
	wait_until grep -Eq '^.*<155>.* sockcat\[[0-9]+\]: ' out
	stop sink
	[ ! -e /dev/log ]
}

@test "an unknown facility is refused" {
	run ! sockcat -lynosuch -u /dev/null /dev/null
	[[ $output = *nosuch* ]]
}
