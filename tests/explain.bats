# --explain: what a command line means and would do, told without doing it.

bats_require_minimum_version 1.5.0
load lib.bash

# says REGEX...: each is on a line of the page, in this order.
says() {
	local rest=$output regex line

	for regex; do
		line=$(grep -nE -m 1 -e "$regex" <<<"$rest" | cut -d : -f 1)
		[ -n "$line" ] || { echo "$output"; echo "not (in this order): $regex"; return 1; }
		rest=$(tail -n "+$line" <<<"$rest")
	done
}

lacks() { ! grep -Eq -e "$1" <<<"$output" || { echo "$output"; return 1; }; }

# absent REGEX FILE: the file has no such line.
absent() { ! grep -E -e "$1" "$2"; }

# The text of the page in one line, for what is broken into several.
flat() { output=$(tr -s ' \n' ' ' <<<"$output"); }

explain() { run -0 --separate-stderr sockcat --explain "$@"; [ -z "$stderr" ]; }

# warned REGEX ARGS...: the page warns of that; calm REGEX ARGS...: it does not.
warned() {
	explain "${@:2}"
	output=${output#*Warnings}
	flat
	grep -Eq -e "! Address [12]: [^!]*$1" <<<"$output" || { echo "$output"; return 1; }
}

calm() { ! warned "$@" >/dev/null; }

@test "the page tells the stack, the order, the data and the warnings" {
	explain frame+tcp-listen:5353,fork,frame=len16 udp:127.0.0.1:53
	diff - <(echo "$output") <<'END'
Address 1 is frame+tcp-listen:5353,fork,frame=len16
  frame: messages over a stream: with their length in front, one a line, or as
      frame= says
    frame                     "len16": how messages stand in the stream: len8,
                              len16, len16le, len32, len32le, line, nul, slip,
                              cobs, netstring, or octet (syslog)
    frame-max                 default: 64 KiB
  tcp-listen: wait for a TCP connection; with fork serve any number
    port                      5353
    fork                      yes: keep accepting; each connection is a session
                              of its own
    max-children              default: no limit
    bind                      default: every address, IPv4 and IPv6
    range                     default: anybody may come
    so-reuseaddr              default: yes
    backlog                   default: as long as the system grants
    accept-timeout            default: waits for ever

Address 2 is udp:127.0.0.1:53
  udp-connect (typed udp): exchange datagrams with one UDP service
    host                      127.0.0.1
    port                      53

In this order
  Address 1 is opened first, because it serves.
   1. Address 1 listens on port 5353 of every address, IPv4 and IPv6 and stays
      there for all who come.
   2. For each of them a session of its own begins, in this process.
   3. Address 2 makes a socket for datagrams to port 53 of 127.0.0.1.
   4. Data passes.

Data
  address 1 -> address 2: yes
  address 2 -> address 1: yes
  When address 1 has ended, address 2 is told nothing: datagrams have no end.
  When address 2 has ended, address 1 is half-closed; what it still sends is
  heard.
  The other direction then goes on to its own end; if the far side could not be
  told, 500 ms without a byte end it.

Warnings
  ! Address 1: whoever reaches port 5353 of this host from anywhere may come;
    range= admits one network only, bind=127.0.0.1 this host only.

Nothing of this has been done, and no name, file or program looked at.
END
}

@test "the example in the manual is what is printed" {
	explain tcp-listen:7000,fork exec:'grep -c "a b"'
	diff - <(echo "$output") < <(sed -e '1,/A test compares this/d' "$SOURCE_DIR/man/sockcat.1" |
		sed -e 1d -e '/^\.Ed/,$d' -e 's/\\-/-/g' -e 's/\\e/\\/g')
}

@test "one address alone stands beside standard input and output" {
	explain tcp:localhost:80
	says '^Address 1 is -$' 'stdio: standard input' '^Address 2 is tcp:localhost:80$'
}

@test "a stack is shown from the application to the wire, each option at its member" {
	need_tls
	explain - tls+tls+tcp:h:443,tls2.verify=0,nodelay,crnl
	says 'crlf \(for the sake of crnl\)' '^    crnl ' '^  tls, client' '^  tls, client' \
		'openssl-verify +no:' '^  tcp-connect \(typed tcp\)' 'host +h$' 'port +443$' 'tcp-nodelay +yes'
}

@test "a synonym is shown with what it stands for" {
	need_tls
	explain - wss:example.com/chat
	says 'wss-connect stands for ws\+tls\+tcp' '^  ws, client' 'path +/chat' '^  tls, client' \
		'^  tcp-connect' 'port +443'
	explain - socks5:proxy.example:host.example:22
	says 'socks5-connect stands for socks5\+tcp' '^  socks5, client' 'host +host.example' 'port +22' \
		'host +proxy.example' 'port +1080'
}

@test "over a listener the layers play the server" {
	need_tls
	explain tls-listen:443,cert=s.pem -
	says '^  tls, server' '3?\. Address 1, tls: handshake, in the part of the server'
}

@test "names are the canonical ones, and those typed are not forgotten" {
	explain -u /dev/null tcp:h:1,retry=3,intervall=0.25,sndbuf=64k,tos=16
	flat
	says 'gopen'
	says 'interval 250 ms: .*\(typed intervall\)'
	says 'so-sndbuf 64 KiB: .*\(typed sndbuf\)'
	says 'retry 3: try again so many times '
}

@test "values are told as they were read" {
	explain unix-listen:s,mode=640,user=0,fork=0 pty,veof=^D,raw,winsz=24:80
	says 'perm +0640 \(rw-r-----\):' 'user +user 0:' 'fork +no:' 'veof +\^D:' 'raw +every byte' 'tiocswinsz +24:80:'
	explain - tcp:h:1,corrupt=5%,down.chop=1..7,latency=1.5s,pf=ip6,setsockopt=6:1:i1
	says 'corrupt +5 %:' 'down.chop +1 to 7:' 'latency +1.5 s:' 'protocol-family +IPv6 \(' 'setsockopt +6:1:bytes '
}

@test "the order begins with the server, whatever side it has" {
	explain tcp:h:1 tcp-listen:80,fork
	says 'Address 2 is opened first, because it serves' '1\. Address 2 listens' '2\. For each of them a session' '3\. Address 1 looks up the name, connects to port 1 of h' '4\. Data'
	explain tcp:127.0.0.1:1 tcp-listen:80
	says 'Address 1 is opened first, because it stands first' '1\. Address 1 connects to port 1 of 127.0.0.1' '2\. Address 2 listens on port 80 .*waits'
}

@test "a recording is a file that is opened" {
	explain tcp-listen:80,fork replay:talk
	says 'Address 2 opens "talk"'
}

@test "a proxy and what is asked of it are steps of their own" {
	need_tls
	explain - tls+connect+tcp:proxy:8080:host:443
	says '2\. Address 2 looks up the name, connects to port 8080 of proxy' \
		'3\. Address 2, connect: asks for port 443 of host' '4\. Address 2, tls: handshake.*client'
}

@test "directions follow the flags and what the addresses can do" {
	explain -u - tcp:h:1
	says 'address 1 -> address 2: yes' 'address 2 -> address 1: no, -u'
	explain -U - tcp:h:1
	says 'address 1 -> address 2: no, -U' 'address 2 -> address 1: yes'
	explain stdin tcp:h:1
	says 'address 2 -> address 1: no, nothing can be written there'
	explain 'stdin!!create:f' tcp:h:1
	says 'Read from:' '  stdin' 'Written to:' '  create' 'address 2 -> address 1: yes'
}

@test "the end of one direction is told in the terms of the other address" {
	explain tcp:h:1 udp:h:2
	says 'address 2 is told nothing' 'address 1 is half-closed'
	explain exec:cat pty
	says 'address 2 gets the end-of-file' 'address 1 finds the end of its input'
	explain tcp:h:1,shut-none tcp:h:2,shut-close
	says 'address 2 is closed' 'address 1 is told nothing'
	explain - ws:h/x
	says 'address 2 gets a WebSocket Close'
}

@test "flags are shown with what they do" {
	explain -t 2 -T 1m -b 64k -d -d --statistics - tcp:h:1
	says '^Flags' '--linger +"2"' '--idle +"1m"' '--block-size +"64k"' '--debug' '--statistics +tell at the end' \
		'ends after 2 s' 'ends after 60 s' 'At most 64 KiB'
	explain -v --capture=f.pcapng --record=r - tcp:h:1
	for layer in tap capture record; do
		says "$layer \\(for the sake of a flag\\)"
	done
}

@test "a program is shown word by word" {
	explain - exec:'sh -c "a  b\\c" x,pty'
	says 'runs +"sh": looked for in the' 'argv\[0\] +"sh"$' 'argv\[1\] +"-c"$' 'argv\[2\] +"a"$'
	explain - exec:'sh -c \"a  b\" x',login
	says 'argv\[0\] +"-sh"$' 'argv\[1\] +"-c"$' 'argv\[2\] +"a  b"$' 'argv\[3\] +"x"$'
	explain - 'system:echo "$HOME" | wc'
	says 'runs +"/bin/sh"$' 'argv\[0\] +"sh"$' 'argv\[1\] +"-c"$' 'argv\[2\] +"echo \$HOME \| wc"$'
	SHELL=/bin/dash explain - shell
	says 'runs +"/bin/dash"$' 'argv\[0\] +"dash"$' '^    '
	lacks 'argv\[1\]'
}

@test "the words shown are the words that the program gets" {
	printf '%s\n' '#!/bin/sh' 'printf "%s\n" "$@"' >show
	chmod +x show
	command='./show one \"t  wo\" th\\\"ree'
	explain - "exec:$command"
	sed -n 's/^    argv\[[1-9]\] *"\(.*\)"$/\1/p' <<<"$output" | sed 's/\\\(.\)/\1/g' >told
	run -0 sockcat -u "exec:$command" -
	[ "$output" = "$(cat told)" ]
}

# variables ADDRESS: of a program at that listener, as shown, in the file told.
variables() {
	explain "$1" exec:env
	flat
	sed -n 's/.* environment \(.*\), each with.*/\1/p' <<<"$output" | tr ' ' '\n' | sort >told
}

# found: the variables in the environment that was printed, in a file of that name.
found() { sed -n 's/^SOCKCAT_\([A-Z0-9_]*\)=.*/\1/p' <<<"$output" | grep -vx LOOP | sort >found; }

@test "the variables shown are those that the program gets" {
	variables tcp-listen:0,bind=127.0.0.1
	listen server tcp-listen:0,bind=127.0.0.1 exec:env
	run -0 sockcat "tcp:127.0.0.1:$PORT" </dev/null
	found
	diff told found
	variables unix-listen:sock
	listen unix unix-listen:sock exec:env
	run -0 sockcat unix:sock </dev/null
	found
	diff told found
	run -0 sockcat exec:env -
	explain exec:env -
	says 'VERSION PID PPID, each'
}

@test "variables of TLS and of a PROXY header are among those that the program gets" {
	need_tls
	listen server proxyhdr+tls+tcp-listen:0,bind=127.0.0.1,cert=auto exec:env
	run -0 sockcat - "proxyhdr+tls+tcp:127.0.0.1:$PORT,verify=0" </dev/null
	found
	variables proxyhdr+tls+tcp-listen:0,cert=auto
	for name in OPENSSL_PROTO_VERSION OPENSSL_CIPHER PROXYHDR_VERSION PEERADDR; do
		grep -qx "$name" told
		grep -qx "$name" found
	done
}

@test "a long value is cut, and says so" {
	explain - "exec:cat $(printf 'ä%.0s' {1..500})"
	says 'argv\[1\] +"(ä)+"\.\.\.$'
	grep 'argv\[1\]' <<<"$output" | iconv -f UTF-8 -t UTF-8 >/dev/null
	explain - "exec:cat $(printf '\\"%.0s' {1..500})"
	says 'command +"cat .*"\.\.\.$'
}

@test "secrets are masked everywhere" {
	explain --statistics - proxy:p:h:1,proxyauth=user:swordfish
	says 'proxyauth=\*+' 'proxy-authorization +\*\*\*\*\*\*\*\*:'
	lacks swordfish
	explain - socks5:p:h:1,socksuser=me,sockspass=swordfish
	lacks swordfish
}

@test "it warns of TLS that checks nothing, and of servers without a certificate" {
	need_tls
	warned 'verify=0: whoever stands between' - tls:h:443,verify=0
	calm 'verify=0' - tls:h:443
	calm 'verify=0' - tls:h:443,verify=0,pin=sha256:00
	warned 'a TLS server needs a certificate' tls-listen:443 -
	calm 'needs a certificate' tls-listen:443,cert=auto -
	warned 'before 1.2' - tls:h:443,min-version=TLS1.0
	warned 'keylog' - tls:h:443,keylog=f
}

@test "it warns of quotes and of what only a shell would understand" {
	warned 'quotes are taken off' - "exec:'sh -c' 'echo a b'"
	calm 'quotes are taken off' - exec:'sh -c \"echo a b\"'
	warned 'no shell to see a meaning in "\|"' - 'exec:ls | wc'
	warned 'no shell to see a meaning in "\$HOME"' - 'exec:ls $HOME'
	calm 'no shell' - 'exec:ls -l'
	warned 'a shell reads the command' - 'system:ls'
}

@test "it warns of listeners that are open to all, and of those that serve one" {
	warned 'whoever reaches port 80' tcp-listen:80,fork echo
	warned 'whoever reaches port 80' tcp-listen:80,fork,bind=0.0.0.0 echo
	warned 'gets the program' tcp-listen:80,fork exec:cat
	warned 'whoever reaches port 53' -u udp-recv:53 -
	for guard in range=10.0.0.0/8 bind=127.0.0.1 sourceport=1; do
		calm 'whoever reaches' "tcp-listen:80,fork,$guard" echo
	done
	warned 'serves one client only' tcp-listen:80 echo
	calm 'serves one client only' tcp-listen:80,fork echo
	warned 'serves one client only' unix-listen:s echo
	warned 'each client starts a program' tcp-listen:80,fork exec:cat
	calm 'each client starts' tcp-listen:80,fork,max-children=9 exec:cat
	warned 'reuseaddr is not needed' tcp-listen:80,fork,reuseaddr echo
	calm 'reuseaddr' tcp-listen:80,fork,reuseaddr=0 echo
}

@test "it warns of open relays" {
	warned 'an open relay' tcp-listen:1080,fork 'socks-server,allow=*'
	warned 'what allow= admits' tcp-listen:1080,fork 'socks-server,allow=h:1'
	calm 'relay|admits through' tcp-listen:1080,fork,bind=127.0.0.1 'socks-server,allow=*'
	warned 'allow= has to say' tcp-listen:1080,fork socks-server
}

@test "it warns of passwords, and of options where nothing passes" {
	warned 'proxy-authorization-file=' - proxy:p:h:1,proxyauth=a:b
	warned 'password on the command line' - socks5:p:h:1,socksuser=a,sockspass=b
	warned 'readbytes does nothing' -u - tcp:h:1,readbytes=5
	calm 'does nothing' -u -,readbytes=5 tcp:h:1
	warned 'up.rate does nothing.*written to' -U - tcp:h:1,up.rate=5
	warned 'down.rate does nothing.*read from' -u - tcp:h:1,down.rate=5
	calm 'does nothing' - tcp:h:1,down.rate=5
}

@test "the socat dialect is explained with its own defaults" {
	explain --dialect=socat tcp-listen:80,fork tcp:h:1
	says 'every IPv4 address' 'ends after 500 ms'
	ln -s "$SOCKCAT" socat
	run -0 ./socat --explain - udp:h:1
	says 'gets an empty packet'
	run -1 ./socat --explain -
}

@test "what is wrong gets its caret and status 2, and no page" {
	for wrong in tcp-listen:80,frok tpc:h:1 tcp:h frame+tcp:h:1,frame=no tcp:h:99999 'exec:""' 'exec:\"a'; do
		run -2 --separate-stderr sockcat --explain - "$wrong"
		[ -z "$output" ]
		grep -q '\^' <<<"$stderr"
	done
	run -2 sockcat --explain tcp-listen:1,fork tcp-listen:2,fork
	run -2 sockcat --explain -u stdout -
	run -2 sockcat --explain --dump-limit=4 - -
	run -2 sockcat --explain --exit-idle=1m - -
	run -2 sockcat --explain
}

@test "a page that cannot be written is a failure" {
	[ -e /dev/full ] || skip "no /dev/full"
	run -23 bash -c '"$SOCKCAT" --explain - tcp:h:1 >/dev/full'
}

@test "no file is made, and none that is missing is missed" {
	mkdir here
	cd here
	explain -lf log --log-json=events --capture=packets --record=talk -L lock -r raw -R raw2 create:made exec:./nothing-here
	explain unix-listen:sock pipe:fifo
	explain open:file,creat pty,link=pt
	if has_tls; then
		explain - tls:h:1,cafile=missing,cert=missing,keylog=keys
	fi
	explain - proxy:p:h:1,proxyauthfile=missing
	[ -z "$(ls -A)" ]
}

@test "no socket is made, no name looked up, no program started" {
	need strace
	local tls=

	strace -f -o trace true || skip "strace may not trace here"
	sanitized && skip "a sanitizer has system calls of its own"
	has_tls && tls=tls+
	strace -f -o trace "$SOCKCAT" --explain "${tls}tcp-listen:http,fork,bind=localhost" \
		"exec:/bin/echo hello" >page
	grep -q 'argv\[1\] *"hello"' page
	absent '^[0-9]+ +(socket|socketpair|bind|connect|listen|accept4?|pipe2?|fork|vfork|clone3?|kill)\(' trace
	grep -v ' execve(' trace >rest
	[ "$(grep -c ' execve(' trace)" = 1 ]
	absent '/etc/(hosts|resolv|nsswitch|services)|/bin/echo"|O_CREAT|O_WRONLY' rest
	absent 'open(at)?\(.*(ssl/certs|\.pem)' rest
}

@test "no line is longer than a terminal" {
	local tls=

	has_tls && tls=tls+
	for address in "${tls}tcp-listen:443,fork,reuseaddr,range=10.0.0.0/8" exec:cat,pty,stderr,setsid,ctty \
		"ws+${tls}tcp:h:1,ws-protocol=a,latency=5ms" udp-recv:53 pty,raw,echo=0,link=l \
		'socks-server,allow=*' proxy:p:h:1,proxyauth=a:b socks5-listen:p:h:1; do
		explain -v -t 3 "$address" open:f,rdonly
		awk 'length > 80 { print; bad = 1 } END { exit bad }' <<<"$output"
		lacks ' $'
	done
}

@test "addresses are completed behind the flag" {
	run -0 sockcat --complete --explain tcp-lis
	[[ $output == tcp-listen:* ]]
	run -0 sockcat --complete --expl
	[[ $output == --explain$'\t'* ]]
}
