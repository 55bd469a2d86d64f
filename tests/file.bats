load lib.bash

mode_of() { stat -c %a "$1"; }

@test "open reads a file to its end" {
	random_file 300000 in
	"$SOCKCAT" -u open:in - >out
	same in out
	"$SOCKCAT" -U - file:in >out
	same in out
}

@test "open with creat and trunc writes a file" {
	random_file 300000 in
	echo "older and longer" >out
	"$SOCKCAT" -u - open:out,creat,trunc <in
	same in out
}

@test "open for both directions reads what is there and writes after it" {
	printf 'there' >file
	run "$SOCKCAT" - open:file <<<'more'
	[ "$status" = 0 ]
	[[ "$output" == there* ]] || [ "$(cat file)" = more ]
}

@test "append writes at the end" {
	echo one >file
	echo two | "$SOCKCAT" -u - open:file,append
	[ "$(cat file)" = $'one\ntwo' ]
}

@test "excl refuses a file that exists" {
	touch file
	run "$SOCKCAT" -u - open:file,creat,excl </dev/null
	[ "$status" = 23 ]
	[[ "$output" == *"cannot open file for writing: "*"exists"* ]]
}

@test "a file that cannot be read is exit code 26" {
	run "$SOCKCAT" -u open:none -
	[ "$status" = 26 ]
	[[ "$output" == *"cannot open none for reading: no such file"* ]]
	mkdir dir
	run "$SOCKCAT" -u open:dir -
	[ "$status" = 26 ]
	[[ "$output" == *"directory"* ]]
}

@test "a file that cannot be written is exit code 23" {
	mkdir dir
	run "$SOCKCAT" -u - open:dir </dev/null
	[ "$status" = 23 ]
	run "$SOCKCAT" -u - create:none/file </dev/null
	[ "$status" = 23 ]
	[[ "$output" == *"cannot open none/file for writing: no such file"* ]]
}

@test "a file that may only be read says how to open it so" {
	need_root
	need setpriv
	chmod 755 .
	echo text >file
	chmod 444 file
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$SOCKCAT" - open:file </dev/null
	[ "$status" = 23 ]
	[[ "$output" == *"-u, -U, rdonly"*"permission denied"* ]]
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$SOCKCAT" - open:file,rdonly </dev/null
	[ "$status" = 0 ]
	[ "$output" = text ]
}

@test "a full disk is exit code 23" {
	[ -e /dev/full ] || skip "no /dev/full here"
	run "$SOCKCAT" -u - open:/dev/full <<<text
	[ "$status" = 23 ]
	[[ "$output" == *"no space left"* ]]
}

@test "create makes a file or empties it" {
	echo "older and longer" >file
	echo new | "$SOCKCAT" -u - create:file
	[ "$(cat file)" = new ]
	echo other | "$SOCKCAT" - create:other
	[ "$(cat other)" = other ]
}

@test "seek and its kin set where to start" {
	printf 0123456789 >file
	[ "$("$SOCKCAT" -u open:file,seek=4 -)" = 456789 ]
	[ "$("$SOCKCAT" -u open:file,seek-end=-2 -)" = 89 ]
	printf xx | "$SOCKCAT" -u - open:file,seek=3
	[ "$(cat file)" = 012xx56789 ]
}

@test "ftruncate cuts the file" {
	printf 0123456789 >file
	"$SOCKCAT" -u - open:file,ftruncate=4 </dev/null
	[ "$(cat file)" = 0123 ]
}

@test "mode is exact for a new file, whatever the umask" {
	(umask 077 && "$SOCKCAT" -u - open:file,creat,mode=666 </dev/null)
	[ "$(mode_of file)" = 666 ]
	(umask 077 && "$SOCKCAT" -u - create:other </dev/null)
	[ "$(mode_of other)" = 600 ]
	"$SOCKCAT" -u - create:third,umask=027 </dev/null
	[ "$(mode_of third)" = 640 ]
}

@test "user and group, early and late" {
	need_root
	"$SOCKCAT" -u - create:file,user=12,group=34 </dev/null
	[ "$(stat -c %u:%g file)" = 12:34 ]
	"$SOCKCAT" -u - open:file,user-early=13,group-early=35,perm-early=604 </dev/null
	[ "$(stat -c %u:%g:%a file)" = 13:35:604 ]
	"$SOCKCAT" -u - open:file,user-late=14,group-late=36,perm-late=640 </dev/null
	[ "$(stat -c %u:%g:%a file)" = 14:36:640 ]
}

@test "chdir is where relative paths start, at the end too" {
	mkdir sub
	echo x | "$SOCKCAT" -u - create:file,chdir=sub
	[ "$(cat sub/file)" = x ]
	"$SOCKCAT" -u - open:file,chdir=sub,unlink-close </dev/null
	[ ! -e sub/file ]
}

@test "unlink before, unlink-late and unlink-close after opening" {
	echo old >file
	ln file other
	echo new | "$SOCKCAT" -u - open:file,creat,unlink-early
	[ "$(cat file)" = new ]
	[ "$(cat other)" = old ]
	echo newer | "$SOCKCAT" -u - open:file,creat,unlink
	[ "$(cat file)" = newer ]
	[ "$("$SOCKCAT" -u open:file,unlink-late -)" = newer ]
	[ ! -e file ]
	[ "$("$SOCKCAT" -u open:other,unlink-close -)" = old ]
	[ ! -e other ]
}

@test "a lock that somebody holds is refused" {
	need flock
	touch file
	flock file sh -c "touch held; sleep 20" &
	holder=$!
	STARTED+=("$holder")
	wait_path held
	run "$SOCKCAT" -u - open:file,flock-ex-nb </dev/null
	[ "$status" != 0 ]
	kill "$holder"
}

@test "gopen appends to what is there and makes what is not" {
	echo one >file
	echo two | "$SOCKCAT" -u - ./file
	[ "$(cat file)" = $'one\ntwo' ]
	echo new | "$SOCKCAT" -u - gopen:new
	[ "$(cat new)" = new ]
}

@test "gopen makes no file that is only to be read" {
	run "$SOCKCAT" -u ./none -
	[ "$status" = 26 ]
	[ ! -e none ]
}

@test "gopen connects to a UNIX socket, stream or datagram" {
	start one "$SOCKCAT" -d -d unix-listen:stream exec:cat
	wait_for one 'listening on'
	run "$SOCKCAT" - ./stream <<<hello
	[ "$output" = hello ]
	start two "$SOCKCAT" -d -d -u unix-recv:dgram -
	wait_path dgram
	echo gram | "$SOCKCAT" -u - ./dgram
	wait_out two gram
	stop two
}

@test "gopen of a dead socket fails to connect" {
	python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('dead')"
	run "$SOCKCAT" - ./dead </dev/null
	[ "$status" = 7 ]
}

@test "a device opens like a file" {
	run "$SOCKCAT" -u /dev/null -
	[ "$status" = 0 ]
	"$SOCKCAT" -u /dev/zero,readbytes=1000 - | cmp -n 1000 - /dev/zero
}
