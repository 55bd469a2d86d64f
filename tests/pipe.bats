load lib.bash

@test "without a name a pipe is an echo" {
	random_file 300000 in
	"$SOCKCAT" - pipe <in >out
	same in out
	"$SOCKCAT" - echo <in >out
	same in out
}

@test "with a name a pipe for both directions is an echo, too" {
	random_file 300000 in
	"$SOCKCAT" - pipe:fifo <in >out
	same in out
	[ ! -e fifo ]
}

@test "a reader waits for the first writer and ends with the last" {
	start one "$SOCKCAT" -u pipe:fifo -
	wait_until test -p fifo
	sleep 0.2 >fifo	# a writer that says nothing is no reason to hurry
	finish one
	[ "$status" = 0 ]
	[ ! -e fifo ]
	start two "$SOCKCAT" -u pipe:fifo -
	wait_until test -p fifo
	(echo a; sleep 0.1; echo b) >fifo
	finish two
	[ "$(cat two.out)" = $'a\nb' ]
}

@test "a writer waits for a reader" {
	echo text >in
	start_in one in "$SOCKCAT" -u - pipe:fifo
	wait_until test -p fifo
	[ "$(cat fifo)" = text ]
	finish one
	[ "$status" = 0 ]
}

@test "waiting for a reader does not keep us from ending" {
	start one "$SOCKCAT" -u - pipe:fifo
	wait_until test -p fifo
	stop one
	[ "$status" = 143 ]
	[ ! -e fifo ]
}

@test "with nonblock a writer without a reader fails" {
	run "$SOCKCAT" -u - pipe:fifo,nonblock </dev/null
	[ "$status" = 23 ]
}

@test "a named pipe that was there before stays" {
	mkfifo fifo
	run "$SOCKCAT" - pipe:fifo <<<x
	[ "$output" = x ]
	[ -p fifo ]
	"$SOCKCAT" - pipe:fifo,unlink-close <<<x
	[ ! -e fifo ]
	"$SOCKCAT" - pipe:fifo,unlink-close=0 <<<x
	[ -p fifo ]
}

@test "mode is exact for a new pipe, and umask counts" {
	(umask 077; exec "$SOCKCAT" -u pipe:fifo,mode=662 - >out) &
	STARTED+=($!)
	wait_until test -p fifo
	[ "$(stat -c %a fifo)" = 662 ]
	start two "$SOCKCAT" -u pipe:other,umask=027 -
	wait_until test -p other
	[ "$(stat -c %a other)" = 640 ]
}

@test "unlink-early makes way, whatever is there" {
	echo file >fifo
	run "$SOCKCAT" - pipe:fifo,unlink-early <<<x
	[ "$output" = x ]
	[ ! -e fifo ]
}

@test "an existing file is opened as it is" {
	echo content >file
	run "$SOCKCAT" -u pipe:file -
	[ "$output" = content ]
}

@test "chdir is where the pipe is made and removed" {
	mkdir sub
	start one "$SOCKCAT" -u pipe:fifo,chdir=sub -
	wait_until test -p sub/fifo
	echo x >sub/fifo
	finish one
	[ ! -e sub/fifo ]
}

@test "open waits at a named pipe, too" {
	mkfifo fifo
	start one "$SOCKCAT" -u open:fifo -
	echo x >fifo
	finish one
	[ "$(cat one.out)" = x ]
	echo y >in
	start_in two in "$SOCKCAT" -u - open:fifo
	[ "$(cat fifo)" = y ]
	finish two
}

@test "a pipe that cannot be made is exit code 23" {
	run "$SOCKCAT" - pipe:none/fifo </dev/null
	[ "$status" = 23 ]
	[[ "$output" == *"cannot make the named pipe none/fifo: no such file"* ]]
}

@test "the reader of a named pipe that goes away ends the write with 23" {
	start one "$SOCKCAT" -u /dev/zero pipe:fifo
	wait_until test -p fifo
	head -c 10 fifo >/dev/null
	finish one
	[ "$status" = 23 ]
}
