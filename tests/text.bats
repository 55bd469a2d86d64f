load lib.bash

@test "text is what is read, then the end" {
	run "$SOCKCAT" -u 'text:hello world' -
	[ "$status" = 0 ]
	[ "$output" = 'hello world' ]
}

@test "escapes and quotes in a text mean what they mean elsewhere" {
	"$SOCKCAT" -u 'text:a\tb\n"c,d:e"' - >out
	printf 'a\tb\nc,d:e' >expected
	same expected out
}

@test "what is written to text goes to standard output" {
	run "$SOCKCAT" 'text:in ' 'system:cat; echo out'
	[ "$output" = 'in out' ]
}

@test "stall gives nothing and takes nothing" {
	start one "$SOCKCAT" -T 0.3 stall -
	finish one
	[ "$status" = 0 ]
	[ ! -s one.out ]
}

@test "stall never ends by itself" {
	start one "$SOCKCAT" /dev/zero stall
	start two "$SOCKCAT" /dev/null stall
	start three "$SOCKCAT" -u /dev/zero stall
	run "$SOCKCAT" -T 0.7 /dev/null stall
	for name in one two three; do
		kill -0 "$(cat $name.pid)"
		stop $name
		[ "$status" = 143 ]
	done
}

@test "socketpair echoes and keeps messages apart" {
	random_file 50000 in
	"$SOCKCAT" - socketpair <in >out
	same in out
	"$SOCKCAT" -b 100 /dev/null socketpair
	run "$SOCKCAT" - socketpair </dev/null
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "socketpair takes other socket types" {
	random_file 300000 in
	"$SOCKCAT" - socketpair,socktype=stream <in >out
	same in out
	"$SOCKCAT" - socketpair,socktype=seqpacket <in >out
	same in out
}
