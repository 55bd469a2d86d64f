# --record and replay: what was said is written down, said again and checked.

load lib.bash
load tls.bash

# A conversation as somebody writes it.
mail() {
	cat >mail.rec <<-'END'
		# a mail server
		< "220 ready\r\n"
		> "HELO me\r\n"
		< "250 hello\r\n"
		> "QUIT\r\n"
		< "221 bye\r\n"
		< end
	END
}

web() {
	cat >web.rec <<-'END'
		> "GET /hello HTTP/1.1\r\n"
		  "Host: example\r\n\r\n"
		< "HTTP/1.1 200 OK\r\n"
		  "Content-Type: text/plain\r\n"
		  "Content-Length: 6\r\n\r\n"
		  "hello\n"
	END
}

# A server that plays the file; PORT is its own.
mock() { listen mock tcp-listen:0,bind=127.0.0.1,fork "replay:$1"; }

# said WORDS FILE: sends the words to the server at PORT and ends; FILE gets the answer.
said() { printf '%b' "$1" | "$SOCKCAT" -t 5 - "tcp:127.0.0.1:$PORT" >"$2"; }

# refused WORDS...: the command line is, with exit code 2 and the text in err.
refused() {
	run -2 --separate-stderr "$SOCKCAT" - "$1" </dev/null
	shift
	for word; do
		[[ $stderr == *"$word"* ]] || { echo "$stderr"; echo "no $word"; return 1; }
	done
}

# --- a server from a file --------------------------------------------------------------

@test "a file answers as the server, to each client from the start" {
	mail
	mock mail.rec
	for i in 1 2 3; do
		said 'HELO me\r\nQUIT\r\n' "answer.$i"
		printf '220 ready\r\n250 hello\r\n221 bye\r\n' | same - "answer.$i"
	done
}

@test "clients are served at the same time" {
	mail
	mock mail.rec
	mkfifo slow
	start_in one slow "$SOCKCAT" - "tcp:127.0.0.1:$PORT"
	exec 9>slow
	wait_out one ready
	said 'HELO me\r\nQUIT\r\n' two
	printf 'HELO me\r\nQUIT\r\n' >&9
	exec 9>&-
	finish one
	same one.out two
}

@test "an answer waits for the question, however it is cut" {
	need python3
	mail
	mock mail.rec
	PORT=$PORT python3 -c '
import os, socket
c = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), timeout=20)
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
f = c.makefile("rb")
assert f.readline() == b"220 ready\r\n"
for b in b"HELO me\r":
    c.send(bytes([b]))
c.settimeout(0.2)
try:
    assert not c.recv(1), "an answer too early"
except TimeoutError:
    pass
c.settimeout(20)
c.send(b"\n")
assert f.readline() == b"250 hello\r\n"
for b in b"QUIT\r\n":
    c.send(bytes([b]))
assert f.read() == b"221 bye\r\n"'
}

@test "curl takes a recorded answer for a web server's" {
	need curl
	web
	mock web.rec,match=loose
	for i in 1 2; do
		run -0 curl -sS --max-time 20 "http://127.0.0.1:$PORT/hello"
		[ "$output" = hello ]
	done
}

@test "curl is checked to the last byte" {
	need curl
	web
	mock web.rec
	run -0 curl -sS --max-time 20 -H Host:\ example -H Accept: -H User-Agent: "http://127.0.0.1:$PORT/hello"
	[ "$output" = hello ]
	run curl -sS --max-time 20 -H Host:\ example -H Accept: -H User-Agent: "http://127.0.0.1:$PORT/help"
	[ "$status" != 0 ]
	wait_for mock 'web.rec: line 1: byte 9 from the client differs: expected "T /hello HTTP/1.", got "T /help HTTP/1.1"'
}

@test "a server from a file stands behind TLS, too" {
	need_tls
	need curl openssl
	certificate self /CN=localhost DNS:localhost
	web
	listen mock tls-listen:0,bind=127.0.0.1,fork,cert=self.pem replay:web.rec,match=loose
	run -0 curl -sS --max-time 20 --cacert self.crt --resolve "localhost:$PORT:127.0.0.1" "https://localhost:$PORT/hello"
	[ "$output" = hello ]
}

@test "what comes before its turn is welcome, and so is an end" {
	mail
	run -0 bash -c 'printf "HELO me\r\nQUIT\r\n" | "$SOCKCAT" - replay:mail.rec'
	[ "${#lines[@]}" = 3 ]
	printf '> "ask"\n> end\n< "answer"\n' >late.rec
	mkfifo open
	start_in client open "$SOCKCAT" - replay:late.rec
	exec 9>open
	printf ask >&9
	wait_out client answer
	exec 9>&-
	finish client
	[ "$status" = 0 ]
}

# --- the client ------------------------------------------------------------------------

@test "a file plays the client and checks the server" {
	mail
	mock mail.rec
	run -0 "$SOCKCAT" replay:mail.rec,role=client "tcp:127.0.0.1:$PORT"
	[ -z "$output" ]
}

@test "a server that answers something else is found out" {
	mail
	sed 's/250 hello/250 hallo/' mail.rec >other.rec
	mock other.rec
	run -1 --separate-stderr "$SOCKCAT" replay:mail.rec,role=client "tcp:127.0.0.1:$PORT"
	[[ $stderr == *'replay:mail.rec,role=client: line 4: byte 17 from the server differs: expected "250 hello\r\n", got "250 hallo\r\n"'* ]]
}

@test "a server that says less ends with code 18, one that says more with 1" {
	mail
	grep -v 221 mail.rec >less.rec
	run -18 --separate-stderr "$SOCKCAT" replay:mail.rec,role=client replay:less.rec
	[[ $stderr == *'line 6: the server ended after 22 bytes: expected "221 bye\r\n"'* ]]
	run -1 --separate-stderr "$SOCKCAT" replay:less.rec,role=client replay:mail.rec
	[[ $stderr == *'behind the last line: byte 23 from the server differs: expected the end, got "221 bye\r\n"'* ]]
}

@test "a client that ends early gets what it has earned, and code 18 is told" {
	mail
	printf 'HELO me\r\nQU' >in
	run -18 --separate-stderr "$SOCKCAT" - replay:mail.rec <in
	[[ $output == *'250 hello'* && $output != *221* ]]
	[[ $stderr == *'line 5: the client ended after 11 bytes: expected "IT\r\n"'* ]]
}

@test "a server that says nothing is a failure when the time is over" {
	mail
	start silent "$SOCKCAT" -d -d -u tcp-listen:0,bind=127.0.0.1 open:/dev/null
	wait_for silent 'listening on'
	PORT=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' silent.err)
	run -28 --separate-stderr "$SOCKCAT" -T 0.2 replay:mail.rec,role=client "tcp:127.0.0.1:$PORT"
	[[ $stderr == *'mail.rec,role=client was not done within the time limit'* ]]
}

@test "with -u it only speaks" {
	mail
	run -0 "$SOCKCAT" -u replay:mail.rec -
	[ "$output" = $'220 ready\r\n250 hello\r\n221 bye\r' ]
}

# --- match, speed, session -------------------------------------------------------------

@test "match=loose takes any words, as many lines as it likes" {
	web
	printf 'POST / HTTP/1.0\r\nA: b\r\nC: d\r\n' >in
	run -18 "$SOCKCAT" - replay:web.rec,match=loose <in
	printf '\r\nand more' >>in
	run -0 "$SOCKCAT" - replay:web.rec,match=loose <in
	[[ $output == *hello ]]
	mail
	run -0 bash -c 'printf "EHLO you, as ever\nNOOP\n" | "$SOCKCAT" - replay:mail.rec,match=loose'
	[ "${#lines[@]}" = 3 ]
}

@test "match=loose without line ends goes by what comes" {
	printf '> "one"\n< "1"\n> "two"\n< "2"\n' >turns.rec
	mkfifo in
	start_in client in "$SOCKCAT" - replay:turns.rec,match=loose
	exec 9>in
	printf x >&9
	wait_out client 1
	printf 'something longer' >&9
	wait_out client 12
	exec 9>&-
	finish client
	[ "$status" = 0 ]
}

# The order in which things arrive tells of pauses, not a clock.
@test "speed= keeps the recorded pauses" {
	need python3
	printf '< "a"\n+10ms < "b"\n+1h < "c"\n' >slow.rec
	mock slow.rec,speed=2
	PORT=$PORT python3 -c '
import os, socket
c = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), timeout=20)
f = c.makefile("rb")
assert f.read(2) == b"ab"
c.settimeout(0.3)
try:
    assert not c.recv(1), "the pause was cut"
except TimeoutError:
    pass'
	for speed in 0 inf 1000000; do
		run -0 "$SOCKCAT" -u "replay:slow.rec,speed=$speed" -
		[ "$output" = abc ]
	done
	run -0 "$SOCKCAT" -u replay:slow.rec -
	[ "$output" = abc ]
}

@test "session= chooses one of many" {
	printf '1: > "a"\n2: > "b"\n2: < "two"\n1: < "one"\n' >many.rec
	run -0 bash -c 'printf a | "$SOCKCAT" - replay:many.rec'
	[ "$output" = one ]
	run -0 bash -c 'printf b | "$SOCKCAT" - replay:many.rec,session=2'
	[ "$output" = two ]
	refused replay:many.rec,session=3 'many.rec has no session 3' '^'
	refused replay:many.rec,session=0 'numbered from 1'
}

# --- datagrams -------------------------------------------------------------------------

@test "each block is a datagram of its own, also an empty one" {
	printf '> "ask"\n< "one"\n< ""\n< x00ff\n> ""\n< "two"\n' >dgram.rec
	listen mock udp-listen:0,bind=127.0.0.1,fork replay:dgram.rec
	run -0 "$SOCKCAT" -T 10 replay:dgram.rec,role=client "udp:127.0.0.1:$PORT"
	printf '> "ask"\n< "one"\n< ""\n< x00ff\n> ""\n< "twofold"\n' >long.rec
	run -1 --separate-stderr "$SOCKCAT" -T 10 replay:long.rec,role=client "udp:127.0.0.1:$PORT"
	[[ $stderr == *'line 6: byte 9 from the server differs: expected "twofold", got the end'* ]]
	printf 'asks' | "$SOCKCAT" - "udp:127.0.0.1:$PORT"
	wait_for mock 'line 1: byte 4 from the client differs: expected the end, got "asks"'
}

@test "match=loose takes any datagram for the next" {
	printf '> "ask"\n< "one"\n> "more"\n< "two"\n' >dgram.rec
	printf '> ""\n< "one"\n> "something else"\n< "two"\n' >other.rec
	listen mock udp-listen:0,bind=127.0.0.1,fork replay:dgram.rec,match=loose
	run -0 "$SOCKCAT" -T 10 replay:other.rec,role=client "udp:127.0.0.1:$PORT"
}

# --- what is wrong ---------------------------------------------------------------------

@test "what is wrong in the file is told before anything opens" {
	printf '# fine\n> "a\n' >bad.rec
	refused replay:bad.rec 'line 2, column 3: this quote is never closed' $'replay:bad.rec\n         ^~~~~~~'
	printf '> hello\n' >bad.rec
	refused replay:bad.rec 'line 1, column 3: here a piece should stand: "text"'
	printf '< end\n< "more"' >bad.rec
	refused replay:bad.rec 'line 2, column 1: who has said end says no more'
	head -c 100000 /dev/zero >bad.rec
	refused replay:bad.rec 'line 1, column 1'
	: >bad.rec
	refused replay:bad.rec 'nothing is recorded in this file'
}

@test "what is wrong in the options is told with a mend" {
	mail
	refused replay:mail.rec,role=both 'role is server or client' '^~~~'
	refused replay:mail.rec,match=lax 'match is strict or loose' '^~~'
	refused replay:mail.rec,speed=2s 'speed is a number like 2' '^~'
	refused replay:mail.rec,speed=-1 'speed is a number like 2' '^~'
	refused replay:mail.rec,speed= 'speed'
}

@test "a file that is not there, or is none, is code 26" {
	run -26 "$SOCKCAT" - replay:nowhere.rec </dev/null
	[[ $output == *'cannot open the recording nowhere.rec: no such file'* ]]
	run -26 "$SOCKCAT" - "replay:$PWD" </dev/null
}

@test "completion knows the words" {
	"$SOCKCAT" --complete replay:x,role= | grep -q '^replay:x,role=client'
	"$SOCKCAT" --complete replay:x,match= | grep -q '^replay:x,match=loose'
	"$SOCKCAT" --complete --rec | grep -q '^--record='
}

# --- recording -------------------------------------------------------------------------

@test "--record writes down both directions, and replay plays them" {
	mail
	mock mail.rec
	printf 'HELO me\r\n' >in
	printf 'QUIT\r\n' >>in
	run -0 "$SOCKCAT" --record=new.rec - "tcp:127.0.0.1:$PORT" <in
	grep -Eq '^1: 0\.[0-9]{6} > "HELO me\\r\\n"$' new.rec
	grep -Eq '^1: [0-9]+\.[0-9]{6} > end$' new.rec
	grep -q '221 bye' new.rec
	grep -q "^# session 1: tcp 127.0.0.1:.* → 127.0.0.1:$PORT\$" new.rec
	run -0 "$SOCKCAT" replay:new.rec,role=client replay:new.rec
	run -0 "$SOCKCAT" replay:new.rec,role=client "tcp:127.0.0.1:$PORT"
}

@test "the sessions of a server are numbered" {
	listen server --record=many.rec tcp-listen:0,bind=127.0.0.1,fork pipe
	for k in 1 2 3; do
		said "number $k" out
	done
	stop server
	[ "$(grep -c '^# session' many.rec)" = 3 ]
	for k in 1 2 3; do
		run -0 bash -c 'printf "$1" | "$SOCKCAT" - "$2"' - "number $k" "replay:many.rec,session=$k"
		[ "$output" = "number $k" ]
	done
}

@test "what comes from the client points right, wherever that is" {
	need curl
	web
	mock web.rec,match=loose
	listen relay --record=new.rec tcp-listen:0,bind=127.0.0.1 "tcp:127.0.0.1:$PORT"
	run -0 curl -sS --max-time 20 "http://127.0.0.1:$PORT/hello"
	finish relay
	grep -q '^1: .* > "GET /hello' new.rec
	grep -q '^1: .* < "HTTP/1.1 200 OK' new.rec
	listen mock tcp-listen:0,bind=127.0.0.1,fork replay:new.rec,match=loose
	run -0 curl -sS --max-time 20 "http://127.0.0.1:$PORT/hello"
	[ "$output" = hello ]
}

@test "of TLS the plain text is recorded" {
	need_tls
	need openssl
	certificate self /CN=localhost DNS:localhost
	listen server --record=tls.rec tls-listen:0,bind=127.0.0.1,cert=self.pem pipe
	run -0 bash -c 'echo "in the clear" | "$SOCKCAT" - "tls:127.0.0.1:$1,verify=0"' - "$PORT"
	finish server
	grep -q '> "in the clear\\n"' tls.rec
	grep -q '< "in the clear\\n"' tls.rec
}

@test "any bytes are recorded and come back" {
	random_file 300000 data
	listen server --record=big.rec tcp-listen:0,bind=127.0.0.1 pipe
	run -0 bash -c '"$SOCKCAT" - "tcp:127.0.0.1:$1" <data >back' - "$PORT"
	same data back
	finish server
	run -0 "$SOCKCAT" -u replay:big.rec open:out,creat
	same data out
	listen mock tcp-listen:0,bind=127.0.0.1 replay:big.rec
	run -0 bash -c '"$SOCKCAT" - "tcp:127.0.0.1:$1" <data >again' - "$PORT"
	same data again
	finish mock
	[ "$status" = 0 ]
}

@test "datagrams are recorded one a block" {
	printf '> "ask"\n< "one"\n< ""\n> "more"\n< "two"\n' >dgram.rec
	listen mock udp-listen:0,bind=127.0.0.1,fork replay:dgram.rec
	run -0 "$SOCKCAT" -T 10 --record=new.rec replay:dgram.rec,role=client "udp:127.0.0.1:$PORT"
	sed -n 's/^1: [0-9.]* //p' new.rec >said
	same said dgram.rec
}

@test "--record goes with -v, -r and dual addresses" {
	run -0 bash -c 'echo hello | "$SOCKCAT" -v -r raw --record=a.rec - "exec:cat" 2>dump'
	grep -q hello dump
	echo hello | same - raw
	[ "$(grep -c '"hello\\n"' a.rec)" = 2 ]
	run -0 bash -c 'echo hello | "$SOCKCAT" --record=b.rec "stdin!!stdout" exec:cat'
	[ "$(grep -c '"hello\\n"' b.rec)" = 2 ]
	run -0 bash -c 'echo hello | "$SOCKCAT" --record=c.rec exec:cat "stdin!!stdout"'
	[ "$(grep -c '"hello\\n"' c.rec)" = 2 ]
	run -2 "$SOCKCAT" --record=d.rec 'stdin!!stdout' 'stdin!!stdout'
	[[ $output == *'--record needs an address without !!'* ]]
}

@test "--record needs a file that can be written" {
	run -23 "$SOCKCAT" --record=no/where.rec - pipe </dev/null
	[[ $output == *'cannot open no/where.rec for the recording'* ]]
	run -2 "$SOCKCAT" --record= - pipe </dev/null
	run -2 "$SOCKCAT" --record=- - pipe </dev/null
	[[ $output == *'standard output gets the data that goes here, so --record needs a file'* ]]
}

@test "a full disk ends the recording, not the session" {
	[ -c /dev/full ] || skip "no /dev/full"
	run -0 --separate-stderr bash -c 'echo hello | "$SOCKCAT" --record=/dev/full - exec:cat'
	[ "$output" = hello ]
	[[ $stderr == *'the recording in /dev/full ends here'* ]]
}

@test "a recording is made anew each time" {
	echo one | "$SOCKCAT" --record=x.rec - exec:cat
	echo two | "$SOCKCAT" --record=x.rec - exec:cat
	[ "$(grep -c one x.rec)" = 0 ]
	[ "$(grep -c two x.rec)" = 2 ]
}

@test "a client that says something else is reset, and takes no clean end for the whole" {
	printf '> "right\\n"\n< "answer\\n"\n' >a.rec
	listen server tcp4-listen:0,bind=127.0.0.1,fork replay:a.rec
	run -56 sockcat - "tcp:127.0.0.1:$PORT" <<<wrong
	wait_for server 'differs'
}
