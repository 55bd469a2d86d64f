bats_require_minimum_version 1.5.0

load lib.bash

# What the program was given, one word in brackets each.
words() {
	printf '#!/bin/sh\nfor a; do printf "[%%s]" "$a"; done; echo\n' >words
	chmod +x words
}

children_of() { ps -o pid= --ppid "$1" | wc -l; }
no_children() { [ "$(children_of "$1")" = 0 ]; }
one_child() { [ "$(children_of "$1")" = 1 ]; }
is_zombie() { [ "$(ps -o stat= --ppid "$1" | cut -c1)" = Z ]; }
child_of() { ps -o pid= --ppid "$1" | tr -d ' '; }

# --- data ---------------------------------------------------------------------

@test "a program gets what is written and its output is read" {
	random_file 300000 in
	"$SOCKCAT" - exec:cat <in >out
	same in out
}

@test "pipes do the same as the socket pair" {
	random_file 300000 in
	"$SOCKCAT" - exec:cat,pipes <in >out
	same in out
	run "$SOCKCAT" -u 'system:test -p /dev/stdout && echo pipe,pipes' -
	[ "$output" = pipe ]
}

@test "the end of the input is passed on and the answer read to its end" {
	printf 'b\na\n' >in
	run "$SOCKCAT" - exec:sort <in
	[ "$status" = 0 ]
	[ "$output" = $'a\nb' ]
}

@test "an answer that comes long after the end of the input is not cut" {
	run "$SOCKCAT" - 'system:cat >/dev/null; sleep 0.8; echo late' </dev/null
	[ "$output" = late ]
}

@test "a program that answers without reading is heard out" {
	head -c 1000000 /dev/zero >in
	for i in 1 2 3 4 5; do
		run "$SOCKCAT" - 'system:echo answer' <in
		[ "$status" = 0 ]
		[ "$output" = answer ]
	done
}

@test "the session ends with the program though our input stays open" {
	mkfifo hold
	exec 8<>hold
	start_in one hold "$SOCKCAT" - exec:'echo done'
	finish one
	exec 8>&-
	[ "$status" = 0 ]
	grep -q 'done' one.out
}

@test "with -u the program alone is fed, and finishes its work" {
	printf 'abc' | "$SOCKCAT" -u - 'system:sleep 0.7; cat >got'
	[ "$(cat got)" = abc ]
}

@test "with -u from a program its input is our own" {
	[ "$(echo mine | "$SOCKCAT" -u exec:cat -)" = mine ]
	[ "$(echo mine | "$SOCKCAT" -U - exec:cat)" = mine ]
}

@test "a program that stops reading ends a one-way session without failure" {
	run "$SOCKCAT" -u /dev/zero exec:true
	[ "$status" = 0 ]
}

# --- words ---------------------------------------------------------------------

@test "exec splits at blanks, and runs of them count as one" {
	words
	run "$SOCKCAT" -u 'exec:./words  a   b ' -
	[ "$output" = '[a][b]' ]
}

@test "quotes left after unquoting, brackets and backslashes keep words together" {
	words
	run "$SOCKCAT" -u 'exec:./words \"b c\" d' -
	[ "$output" = '[b c][d]' ]
	run "$SOCKCAT" -u "exec:\"./words 'b c' d\"" -
	[ "$output" = '[b c][d]' ]
	run "$SOCKCAT" -u 'exec:./words {a b} (c d)' -
	[ "$output" = '[{a b}][(c d)]' ]
	run "$SOCKCAT" -u 'exec:./words a\\ b \"\" !' -
	[ "$output" = '[a b][][!]' ]
}

@test "quotes that are taken off too early get a warning that shows the words" {
	run "$SOCKCAT" - 'exec:sh -c "exit 3"' </dev/null
	[[ "$output" == *"warning: "*"this runs [sh] [-c] [exit] [3] "* ]]
	run "$SOCKCAT" - "exec:'sh -c true'" </dev/null
	[ -z "$output" ]
}

@test "an empty command is refused before anything starts" {
	run "$SOCKCAT" - 'exec: ' </dev/null
	[ "$status" = 2 ]
	[[ "$output" == *"the program to run is missing"* ]]
}

@test "a quote that stays open in the words is shown where it was typed" {
	run -2 "$SOCKCAT" - 'exec:\"echo,pty' </dev/null
	[[ ${lines[0]} == *"this quote is never closed"* ]]
	[ "${lines[1]}" = '  exec:\"echo,pty' ]
	[ "${lines[2]}" = '       ^~~~~~' ]
}

@test "system runs a shell line, colons and all" {
	run "$SOCKCAT" -u 'system:echo a:b; echo $((1+2))' -
	[ "$output" = $'a:b\n3' ]
}

@test "shell runs the user's shell, or the one of shell=" {
	run env SHELL=/bin/sh "$SOCKCAT" -u 'shell:echo $0' -
	[ "$output" = sh ]
	need bash
	run env SHELL=/bin/sh "$SOCKCAT" -u "shell:echo \$0,shell=$(command -v bash)" -
	[ "$output" = bash ]
	run env SHELL=/bin/sh "$SOCKCAT" - shell <<<'echo hello'
	[ "$output" = hello ]
}

@test "login puts a dash before the program's name" {
	run "$SOCKCAT" -u 'exec:sh -c \"echo $0\",login' -
	[ "$output" = -sh ]
}

@test "path= is where the program is looked for, and its PATH" {
	mkdir bin
	printf '#!/bin/sh\necho "found with $PATH"\n' >bin/only-here
	chmod +x bin/only-here
	run "$SOCKCAT" -u "exec:only-here,path=$PWD/none\:$PWD/bin" -
	[ "$output" = "found with $PWD/none:$PWD/bin" ]
}

@test "a script without a first line for its interpreter is given to sh" {
	echo 'echo script "$1"' >script
	chmod +x script
	run "$SOCKCAT" -u 'exec:./script x' -
	[ "$output" = 'script x' ]
}

# --- failing --------------------------------------------------------------------

@test "a program that is not there is exit code 127" {
	run -127 "$SOCKCAT" - exec:no-such-program </dev/null
	[ "$status" = 127 ]
	[[ "$output" == *'program "no-such-program" not found in any directory of PATH'* ]]
	run -127 "$SOCKCAT" - exec:./none </dev/null
	[ "$status" = 127 ]
	[[ "$output" == *'cannot run program "./none": no such file'* ]]
	[ "$(wc -l <<<"$output")" = 1 ]
}

@test "a file that cannot be run is exit code 126" {
	echo text >file
	run "$SOCKCAT" - exec:./file </dev/null
	[ "$status" = 126 ]
	[[ "$output" == *'cannot run program "./file": permission denied'* ]]
}

@test "a directory that it cannot have is told, not its status" {
	run "$SOCKCAT" - exec:cat,chdir=/no/such </dev/null
	[ "$status" = 1 ]
	[[ "$output" == *'cannot change its directory to /no/such: no such file'* ]]
}

@test "its own failure is a warning, and our exit code only when asked for" {
	run "$SOCKCAT" - exec:false </dev/null
	[ "$status" = 0 ]
	[[ "$output" == *'warning: program "false" exited with status 1'* ]]
	run "$SOCKCAT" --child-status - 'system:exit 3' </dev/null
	[ "$status" = 3 ]
	[[ "$output" == *'warning: program "exit 3" exited with status 3'* ]]
	run "$SOCKCAT" --child-status - exec:true </dev/null
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "its failure as the writing half of an address is as good" {
	run -4 sockcat --child-status -u text:x '-!!system:cat >/dev/null; exit 4'
}

@test "while it goes on it has no status, and that is told" {
	run -0 sockcat - 'system:exec </dev/null >&- 2>&-; exec sleep 20' </dev/null
	run -1 sockcat --child-status - 'system:exec </dev/null >&- 2>&-; exec sleep 20' </dev/null
	[[ $output == *'error: system:'*'the program goes on, so its status is not known'* ]]
}

@test "a signal that killed it is told, and 128 more than its number" {
	run "$SOCKCAT" --child-status - 'system:kill -9 $$' </dev/null
	[ "$status" = 137 ]
	[[ "$output" == *'was killed by signal 9'* ]]
}

@test "the client of a program that cannot be run is reset" {
	listen one tcp-listen:0,bind=127.0.0.1,fork exec:no-such-program
	run python3 -c "
import socket
s = socket.create_connection(('127.0.0.1', $PORT))
try:
    print('got', s.recv(10))
except ConnectionResetError:
    print('reset')"
	[ "$output" = reset ]
	stop one
}

# --- descriptors and process -------------------------------------------------------

@test "stderr sends its errors the same way as its output" {
	run --separate-stderr "$SOCKCAT" - 'system:echo out; echo err >&2,stderr' </dev/null
	[ "$output" = $'out\nerr' ]
	[ -z "$stderr" ]
}

@test "fdin and fdout choose its descriptors" {
	run "$SOCKCAT" - 'system:cat <&5 >&6,fdin=5,fdout=6' <<<through
	[ "$output" = through ]
	run "$SOCKCAT" - 'system:cat <&1 >&0,fdin=1,fdout=0' <<<crossed
	[ "$output" = crossed ]
}

@test "it inherits none of our descriptors" {
	[ -d /proc/self/fd ] || skip "no /proc here"
	start plain sh -c 'ls /proc/$$/fd; true'
	start one "$SOCKCAT" -u 'system:ls /proc/$$/fd; true' -
	finish plain
	finish one
	same plain.out one.out
}

@test "setsid and pgid make it the leader of its own" {
	run "$SOCKCAT" -u 'system:ps -o sid= -o pid= -p $$,setsid' -
	read -r one two <<<"$output"
	[ "$one" = "$two" ]
	run "$SOCKCAT" -u 'system:ps -o pgid= -o pid= -p $$,pgid' -
	read -r one two <<<"$output"
	[ "$one" = "$two" ]
	run "$SOCKCAT" -u 'system:ps -o pgid= -o pid= -p $$' -
	read -r one two <<<"$output"
	[ "$one" != "$two" ]
}

@test "chdir and umask are its own" {
	mkdir sub
	run "$SOCKCAT" -u 'system:pwd; umask,chdir=sub,umask=027' -
	[ "$output" = "$PWD/sub"$'\n0027' ]
}

@test "su, setuid and setgid act in the program" {
	need_root
	run "$SOCKCAT" -u 'system:id -u; id -g; id -G; echo $USER $LOGNAME $HOME,su=nobody' -
	[ "${lines[0]}" = "$(id -u nobody)" ]
	[ "${lines[1]}" = "$(id -g nobody)" ]
	[ "${lines[2]}" = "$(id -G nobody)" ]
	[ "${lines[3]}" = "nobody nobody $(getent passwd nobody | cut -d: -f6)" ]
	run "$SOCKCAT" -u 'system:id -u; id -g,setuid=12,setgid=34' -
	[ "$output" = $'12\n34' ]
}

@test "chroot acts in the program" {
	need_root
	mkdir jail
	for lib in $(ldd "$(command -v cat)" | grep -o '/[^ ]*'); do
		mkdir -p "jail$(dirname "$lib")"
		cp "$lib" "jail$lib"
	done
	cp "$(command -v cat)" jail/cat
	echo inside >jail/file
	run "$SOCKCAT" -u "exec:/cat file,chroot=jail" -
	[ "$output" = inside ]
}

@test "who may not change the user is told so" {
	need_root
	need setpriv
	chmod 755 .
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$SOCKCAT" - exec:cat,setuid=0 </dev/null
	[ "$status" = 1 ]
	[[ "$output" == *"cannot change its user or group"* ]]
}

# --- environment -------------------------------------------------------------------

@test "the environment tells of the connection, under both names" {
	listen one tcp-listen:0,bind=127.0.0.1 'system:env | grep -E ^SOC'
	run python3 -c "
import socket
s = socket.create_connection(('127.0.0.1', $PORT))
print(s.getsockname()[1])
print(s.makefile().read())"
	for prefix in SOCKCAT SOCAT; do
		grep -qx "${prefix}_PEERADDR=127.0.0.1" <<<"$output"
		grep -qx "${prefix}_PEERPORT=${lines[0]}" <<<"$output"
		grep -qx "${prefix}_SOCKADDR=127.0.0.1" <<<"$output"
		grep -qx "${prefix}_SOCKPORT=$PORT" <<<"$output"
		grep -qx "${prefix}_PID=$(cat one.pid)" <<<"$output"
		grep -qx "${prefix}_PPID=$(cat one.pid)" <<<"$output"
		grep -q "^${prefix}_VERSION=[0-9]" <<<"$output"
	done
}

@test "what we were given under such a name is not passed on in its place" {
	run env SOCAT_PID=1 KEPT=yes "$SOCKCAT" -u 'system:env | grep -c ^SOCAT_PID=; echo $KEPT' -
	[ "$output" = $'1\nyes' ]
}

# --- lifecycle ----------------------------------------------------------------------

@test "many sessions leave no zombie" {
	listen one tcp-listen:0,bind=127.0.0.1,fork exec:cat
	for i in 1 2 3 4 5 6 7 8; do
		[ "$(echo "$i" | "$SOCKCAT" - "tcp:127.0.0.1:$PORT")" = "$i" ]
	done
	wait_until no_children "$(cat one.pid)"
	stop one
}

@test "a program whose session is over is told to end" {
	listen one tcp-listen:0,bind=127.0.0.1,fork exec:'sleep 1000'
	python3 -c "
import socket, struct, sys
s = socket.create_connection(('127.0.0.1', $PORT))
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
open('there', 'w')
sys.stdin.read()" < <(wait_until one_child "$(cat one.pid)")
	wait_until no_children "$(cat one.pid)"
	stop one
}

@test "a program that closed its output has a moment for its status, then it is told to end" {
	run "$SOCKCAT" - 'system:exec </dev/null >&-; trap \"echo term >said; exit\" TERM; sleep 20 & wait' </dev/null
	[ "$status" = 0 ]
	wait_path said
	# we are stopped until it has ended, so as not to depend on how fast it is
	start one "$SOCKCAT" --child-status - 'system:kill -STOP $PPID; exec </dev/null >&-; exit 5'
	wait_until is_zombie "$(cat one.pid)"
	kill -CONT "$(cat one.pid)"
	finish one
	[ "$status" = 5 ]
}

@test "end-close leaves the program alone" {
	"$SOCKCAT" - 'system:exec </dev/null >&- 2>&-; sleep 0.4; touch lived,end-close' </dev/null
	wait_path lived
}

@test "sigint, sighup and sigquit go to the program instead of ending us" {
	for name in HUP INT QUIT; do
		rm -f said ready
		start one "$SOCKCAT" -u "system:trap \\'echo $name >said; exit\\' $name; touch ready; while \:; do sleep 0.05; done,sig${name,,}" -
		wait_path ready
		kill -"$name" "$(cat one.pid)"
		finish one
		[ "$status" = 0 ]
		[ "$(cat said)" = "$name" ]
	done
	start one "$SOCKCAT" -u exec:'sleep 20',sigint -
	wait_until one_child "$(cat one.pid)"
	kill -HUP "$(cat one.pid)"
	finish one
	[ "$status" = 129 ]
}

# --- nofork ---------------------------------------------------------------------------

@test "nofork gives the program our place and the other address's descriptors" {
	listen one tcp-listen:0,bind=127.0.0.1 'system:echo $$; readlink /proc/self/fd/0; cat,nofork'
	run "$SOCKCAT" - "tcp:127.0.0.1:$PORT" <<<hello
	[ "${lines[0]}" = "$(cat one.pid)" ]
	[[ "${lines[1]}" == socket:* ]]
	[ "${lines[2]}" = hello ]
	finish one
	[ "$status" = 0 ]
}

@test "nofork behind a forking listener serves every client" {
	listen one tcp-listen:0,bind=127.0.0.1,fork exec:cat,nofork
	for i in 1 2 3; do
		[ "$(echo "$i" | "$SOCKCAT" - "tcp:127.0.0.1:$PORT")" = "$i" ]
	done
	wait_until no_children "$(cat one.pid)"
	stop one
}

@test "nofork with something between the two is relayed as ever" {
	run "$SOCKCAT" -,readbytes=3 exec:cat,nofork <<<abcdef
	[ "$output" = abc ]
}

@test "nofork is refused for the first address" {
	run "$SOCKCAT" exec:cat,nofork - </dev/null
	[ "$status" = 2 ]
	[[ "$output" == *"nofork is for the second address"* ]]
}

@test "nofork with a program that is not there is exit code 127" {
	run -127 "$SOCKCAT" - exec:no-such-program,nofork </dev/null
	[ "$status" = 127 ]
}
