#!/usr/bin/env bats
# TLS beyond the handshake: sessions resumed, secrets for analysts, lists of peers,
# locked keys, many certificates, files read again, reports.

load lib.bash
load tls.bash

setup_file() { certificates; }

setup() {
	lib_setup
	need_tls
	need openssl
	C=$BATS_FILE_TMPDIR
}

# --- sessions taken up again ---------------------------------------------------------

# front NAME OPTIONS: a plain listener, each of whose sessions is a TLS client's.
front() {
	start "$1" "$SOCKCAT" -d -d -d tcp-listen:0,bind=127.0.0.1,fork "tls:localhost:$PORT,$2"
	wait_for "$1" 'listening on'
	PORT=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$1.err")
}

resumed() { grep -c 'resumed an earlier session' "$1.err"; }

@test "a client takes its last session up again, with TLS 1.2 and 1.3" {
	local v i

	for v in 2 3; do
		start "srv$v" "$SOCKCAT" -d -d -d \
			"tls-listen:0,bind=127.0.0.1,fork,cert=$C/server.pem" pipe
		wait_for "srv$v" 'listening on'
		PORT=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "srv$v.err")
		front "cli$v" "cafile=$C/ca.crt,max-version=TLS1.$v"
		for i in 1 2 3; do
			ask "hello $i" "tcp:127.0.0.1:$PORT"
			end_with 0 "^hello $i\$"
		done
		[ "$(resumed "cli$v")" -eq 2 ]
		[ "$(resumed "srv$v")" -eq 2 ]
	done
}

@test "a client resumes with openssl's server, by ticket and by id" {
	local o

	for o in -tls1_3 -tls1_2 "-tls1_2 -no_ticket"; do
		# shellcheck disable=SC2086
		s_server "srv${o// /}" -rev $o
		front "cli${o// /}" "cafile=$C/ca.crt"
		ask one "tcp:127.0.0.1:$PORT"
		end_with 0 '^eno$'
		ask two "tcp:127.0.0.1:$PORT"
		end_with 0 '^owt$'
		[ "$(resumed "cli${o// /}")" -eq 1 ]
	done
}

@test "a pin and a name still count when a session is resumed" {
	echo_server srv fork
	front cli "pin=$(pin_of "$C/server.crt"),commonname=localhost"
	ask one "tcp:127.0.0.1:$PORT"
	end_with 0 '^one$'
	ask two "tcp:127.0.0.1:$PORT"
	end_with 0 '^two$'
	[ "$(resumed cli)" -eq 1 ]
}

@test "openssl's client resumes by ticket and by id" {
	local o i

	echo_server srv fork
	for o in -tls1_2 "-tls1_2 -no_ticket"; do
		# shellcheck disable=SC2086
		run timeout 20 openssl s_client -connect "127.0.0.1:$PORT" $o -reconnect \
			-CAfile "$C/ca.crt" </dev/null
		[ "$(grep -c '^Reused, TLSv1.2' <<<"$output")" -eq 5 ]
	done
	for o in -sess_out -sess_in; do
		chat "cli$o" openssl s_client -connect "127.0.0.1:$PORT" -tls1_3 \
			-no_ign_eof -CAfile "$C/ca.crt" "$o" session
		finish "cli$o"
	done
	grep -q '^New, TLSv1.3' cli-sess_out.out
	grep -q '^Reused, TLSv1.3' cli-sess_in.out
}

@test "gnutls-cli resumes" {
	need gnutls-cli
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=$C/server.pem" "text:hello"
	run timeout 20 gnutls-cli --resume --waitresumption --x509cafile "$C/ca.crt" \
		-p "$PORT" localhost </dev/null
	end_with 0 'This is a resumed session'
}

@test "a client that showed its certificate is known again when it resumes" {
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=$C/server.pem,cafile=$C/ca.crt,commonname=client.example" \
		'system:echo $SOCKCAT_OPENSSL_X509_COMMONNAME; cat'
	front cli "cafile=$C/ca.crt,cert=$C/client.pem"
	ask one "tcp:127.0.0.1:$PORT"
	end_with 0 '^client.example'
	ask two "tcp:127.0.0.1:$PORT"
	end_with 0 '^client.example'
	[ "$(resumed cli)" -eq 1 ]
}

# --- secrets for analysts --------------------------------------------------------------

@test "keylog= appends the secrets to a file of mode 600, and one warning says so" {
	echo_server srv fork
	echo "# before" >old.log
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,keylog=new.log"
	end_with 0 'warning: .*keylog=new.log'
	[ "$(grep -c warning <<<"$output")" -eq 1 ]
	[ "$(stat -c %a new.log)" = 600 ]
	grep -Eq '^CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]{96}$' new.log
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,keylog=old.log,max-version=TLS1.2"
	end_with 0 'hello'
	[ "$(head -n 1 old.log)" = "# before" ]
	grep -q '^CLIENT_RANDOM ' old.log
}

@test "SSLKEYLOGFILE does the same, on a server too" {
	SSLKEYLOGFILE=srv.log echo_server srv
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,keylog=cli.log"
	grep -q 'warning: .*SSLKEYLOGFILE=srv.log' srv.err
	[ "$(grep CLIENT_TRAFFIC srv.log)" = "$(grep CLIENT_TRAFFIC cli.log)" ]
}

@test "secrets that cannot be written are an error before anything opens" {
	run timeout 20 "$SOCKCAT" -d -d "tls-listen:0,cert=$C/server.pem,keylog=no/where" pipe
	end_with 1 'cannot open keylog=no/where'
	[[ $output != *listening* ]]
}

# --- limits to trust -------------------------------------------------------------------

CRL_DATES=(-crldays 30)

# crl NAME SERIALS...: NAME.crl, the list of ca's revoked certificates
crl() {
	local name=$1 serial
	shift
	printf '%s\n' '[ca]' 'default_ca=x' '[x]' "database=$name.txt" 'default_md=sha256' >"$name.cnf"
	for serial; do
		printf 'R\t440101000000Z\t260101000000Z\t%s\tunknown\t/CN=x\n' "$serial"
	done >"$name.txt"
	openssl ca -gencrl -config "$name.cnf" -cert "$C/ca.crt" -keyfile "$C/ca.key" \
		"${CRL_DATES[@]}" -out "$name.crl" 2>/dev/null
}

serial_of() { openssl x509 -in "$1" -noout -serial | sed 's/serial=//'; }

@test "a revoked certificate is refused with 60" {
	crl bad "$(serial_of "$C/server.crt")"
	crl good "$(serial_of "$C/other.crt")"
	echo_server srv fork
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,crl=good.crl"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,crl=bad.crl"
	end_with 60 'certificate is not trusted: certificate revoked'
}

@test "a server refuses a client whose certificate is revoked, and says so to it" {
	crl bad "$(serial_of "$C/client.crt")"
	echo_server srv "cafile=$C/ca.crt,crl=bad.crl"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem"
	end_with 35 'our certificate \(cert=\) was revoked'
	finish srv
	[ "$status" -eq 60 ]
	grep -q 'certificate revoked' srv.err
}

@test "a list that is too old or somebody else's is no list" {
	CRL_DATES=(-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z)
	crl old
	echo_server srv fork
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,crl=old.crl"
	end_with 60 'the list in crl= is too old'
	printf '%s\n' '[ca]' 'default_ca=x' '[x]' "database=o.txt" 'default_md=sha256' >o.cnf
	: >o.txt
	openssl ca -gencrl -config o.cnf -cert "$C/stranger.crt" -keyfile "$C/stranger.key" \
		-crldays 30 -out other.crl 2>/dev/null
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,crl=other.crl"
	end_with 60 'crl= has no list from its issuer'
}

@test "verify-depth bounds the certificates in between" {
	authority root
	new_key middle
	openssl req -new -key middle.key -subj /CN=middle -out middle.csr 2>/dev/null
	openssl x509 -req -in middle.csr -CA root.crt -CAkey root.key -CAcreateserial -days 9 \
		-out middle.crt -extfile <(echo basicConstraints=critical,CA:TRUE) 2>/dev/null
	certificate leaf /CN=localhost DNS:localhost middle
	cat middle.crt >>leaf.pem
	listen srv tls-listen:0,bind=127.0.0.1,fork,cert=leaf.pem pipe
	ask hello "tls:localhost:$PORT,cafile=root.crt,verify-depth=1"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=root.crt,verify-depth=0"
	end_with 60 'not trusted'
}

@test "groups for the key exchange can be chosen" {
	s_server srv -rev -groups P-384
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,groups=X25519:P-384"
	end_with 0 olleh
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,groups=X25519"
	end_with 35 'nothing in common'
}

@test "limits that make no sense are usage errors, unusable lists end with 77" {
	local o

	for o in groups=NOSUCH verify-depth=101 "verify=0,crl=$C/ca.crt" verify=0,verify-depth=1; do
		ask hello "tls:localhost:1,$o"
		end_with 2 "${o##*,}"
	done
	echo nothing >text
	for o in "crl=missing:cannot open crl=missing" "crl=text:holds no list" \
		"crl=$C/ca.crt:holds no list"; do
		ask hello "tls:localhost:1,${o%%:*}"
		end_with 77 "${o#*:}"
	done
}

# --- lists of peers --------------------------------------------------------------------

@test "a server admits clients by the names in their certificates" {
	local who

	certificate mail "/CN=Mary Miller" \
		"email:mary@example.test,URI:spiffe://example.test/web,IP:192.0.2.7" "$C/ca"
	for who in allow-san=SECOND.example allow-cn=client.example \
		"allow-san=nobody,allow-san=second.example" "allow-san=x,allow-cn=client.example"; do
		echo_server srv "cafile=$C/ca.crt,$who"
		ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem"
		end_with 0 '^hello$'
	done
	for who in allow-san=mary@example.test allow-san=spiffe://example.test/web \
		allow-san=192.0.2.7 "allow-cn=Mary Miller"; do
		echo_server srv "cafile=$C/ca.crt,$who"
		ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=mail.pem"
		end_with 0 '^hello$'
	done
}

@test "whom a server does not list is refused on both sides, and named in its log" {
	local who

	for who in allow-san=other.example allow-san=client.exampl 'allow-san=*.example' \
		allow-cn=CLIENT.example allow-san=Acme; do
		echo_server srv "cafile=$C/ca.crt,$who"
		ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem"
		end_with 35 'does not accept our certificate'
		finish srv
		[ "$status" -eq 51 ]
		grep -q "certificate is for \"client.example.*, which ${who%%=*}= does not list" srv.err
	done
}

@test "a client, too, may insist on names, beside the host's" {
	echo_server srv fork
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,allow-cn=server.example"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,allow-cn=other.example"
	end_with 51 'for "server.example", which allow-cn= does not list'
}

@test "names without anybody who vouches for them are a usage error" {
	ask hello "tls:localhost:1,verify=0,allow-cn=x"
	end_with 2 'cafile= or pin='
	run timeout 20 "$SOCKCAT" "tls-listen:0,cert=$C/server.pem,allow-san=x" pipe </dev/null
	end_with 2 'cafile= or pin='
}

@test "any of several pins will do" {
	echo_server srv fork
	ask hello "tls:localhost:$PORT,pin=$(pin_of "$C/other.crt"),pin=$(pin_of "$C/server.crt")"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,pin=$(pin_of "$C/other.crt"),pin=$(pin_of "$C/client.crt")"
	end_with 60 'its pin is'
	ask hello "tls:localhost:$PORT,pin=sha256:12,pin=$(pin_of "$C/server.crt")"
	end_with 2 'a pin is sha256'
}

# --- locked keys, PKCS#12 ----------------------------------------------------------------

# p12 NAME PHRASE [ARGS...]: NAME.p12 with the certificate "server"
p12() {
	local name=$1 phrase=$2
	shift 2
	openssl pkcs12 -export -in "$C/server.crt" -inkey "$C/server.key" -certfile "$C/ca.crt" \
		-out "$name.p12" -passout "pass:$phrase" "$@"
}

@test "passphrase-file unlocks a key" {
	printf 'secret\r\nanother line\n' >phrase
	listen srv "tls-listen:0,bind=127.0.0.1,cert=$C/server.crt,key=$C/locked.key,passphrase-file=phrase" pipe
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
}

@test "PKCS#12 files are recognised by what is in them" {
	local o

	p12 locked secret
	p12 empty ""
	mv empty.p12 empty.pem
	echo secret >phrase
	for o in cert=locked.p12,passphrase-file=phrase cert=empty.pem; do
		listen srv "tls-listen:0,bind=127.0.0.1,$o" pipe
		ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
		end_with 0 '^hello$'
	done
	run -0 openssl pkcs12 -export -in "$C/client.crt" -inkey "$C/client.key" -out client.p12 -passout pass:
	echo_server srv "cafile=$C/ca.crt"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=client.p12"
	end_with 0 '^hello$'
}

@test "a key that stays locked ends with 58 and says why" {
	local o

	p12 locked secret
	openssl pkcs12 -export -nokeys -in "$C/server.crt" -out nokey.p12 -passout pass:
	echo wrong >wrong
	head -c 5000 /dev/zero | tr '\0' x >long
	for o in "cert=$C/server.crt,key=$C/locked.key:no terminal.*passphrase-file=FILE" \
		"cert=locked.p12:no terminal" \
		"cert=$C/server.crt,key=$C/locked.key,passphrase-file=wrong:does not open the private key" \
		"cert=locked.p12,passphrase-file=wrong:does not open cert=locked.p12" \
		"cert=$C/server.crt,key=$C/locked.key,passphrase-file=no:cannot open passphrase-file=no" \
		"cert=$C/server.crt,key=$C/locked.key,passphrase-file=long:too long" \
		"cert=nokey.p12:holds no certificate with its key"; do
		run setsid -w timeout 20 "$SOCKCAT" -d -d "tls-listen:0,bind=127.0.0.1,${o%%:*}" pipe </dev/null
		end_with 58 "${o#*:}"
		[[ $output != *listening* ]]
	done
}

# at_terminal KEYS: a listener with a locked key at a terminal of its own, where KEYS
# (Python bytes) are typed once it asks.  Prints what the terminal shows, whether it
# echoed before and after, and how the listener ended.
at_terminal() {
	need python3
	run timeout 20 python3 - "$1" "$SOCKCAT" -d -d "tls-listen:0,bind=127.0.0.1,cert=$C/server.crt,key=$C/locked.key" /dev/null <<-'E'
	import ast, os, pty, signal, sys, termios
	keys = ast.literal_eval("b'" + sys.argv[1] + "'")
	pid, fd = pty.fork()
	if pid == 0:
	    os.execv(sys.argv[2], sys.argv[2:])
	echo = lambda: bool(termios.tcgetattr(fd)[3] & termios.ECHO)
	shown = b''
	while b'locked.key: ' not in shown:
	    shown += os.read(fd, 1000)
	print('echo while asking:', echo())
	os.write(fd, keys)
	try:
	    while b'listening on' not in shown and b'error' not in shown:
	        shown += os.read(fd, 1000)
	except OSError:
	    pass
	print('echo afterwards:', echo())
	try:
	    os.kill(pid, signal.SIGTERM)
	except ProcessLookupError:
	    pass
	print('status:', os.waitpid(pid, 0)[1])
	print(shown.decode())
	E
}

@test "the pass phrase is asked for at the terminal, without echo" {
	at_terminal 'secret\n'
	end_with 0 'listening on'
	[[ $output == *"echo while asking: False"*"echo afterwards: True"* ]]
	[[ $output != *secret* ]]
}

@test "the terminal echoes again after a wrong pass phrase, an end, an interrupt" {
	at_terminal 'wrong\n'
	end_with 0 'does not open the private key'
	[[ $output == *"echo afterwards: True"* ]]
	at_terminal '\x04'
	end_with 0 'no pass phrase was given'
	[[ $output == *"echo afterwards: True"* ]]
	at_terminal '\x03'
	end_with 0 'status: 2'
	[[ $output == *"echo while asking: False"*"echo afterwards: True"* ]]
}

# --- several certificates ----------------------------------------------------------------

# subject_for [NAME]: the subject of the certificate that the server shows
subject_for() {
	local name=${1:+-servername $1}

	# shellcheck disable=SC2086
	openssl s_client -connect "127.0.0.1:$PORT" ${name:--noservername} ${2:+-sigalgs "$2"} \
		</dev/null 2>/dev/null | openssl x509 -noout -subject
}

@test "a server picks its certificate by the name that the client asks for" {
	certificate exact /CN=exact DNS:www.example.test "$C/ca"
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=$C/server.pem,cert=$C/wild.pem,cert=exact.pem" pipe
	[[ $(subject_for) == *server.example ]]
	[[ $(subject_for no.where) == *server.example ]]
	[[ $(subject_for a.example.test) == *wild ]]
	[[ $(subject_for WWW.example.test) == *exact ]]
	ask hello "tls:127.0.0.1:$PORT,cafile=$C/ca.crt,snihost=www.example.test,commonname=www.example.test"
	end_with 0 '^hello$'
	ask hello "tls:127.0.0.1:$PORT,cafile=$C/ca.crt,max-version=TLS1.2,commonname=a.example.test,snihost=a.example.test"
	end_with 0 '^hello$'
}

@test "keys go with the certificates in their order" {
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=$C/server.crt,key=$C/server.key,cert=$C/other.crt,key=$C/other.key" pipe
	[[ $(subject_for other.example) == *other.example ]]
	run timeout 20 "$SOCKCAT" "tls-listen:0,cert=$C/server.crt,cert=$C/other.crt,key=$C/other.key,key=$C/server.key" pipe
	end_with 58 'does not fit'
	run timeout 20 "$SOCKCAT" "tls-listen:0,cert=$C/server.pem,cert=$C/other.crt,key=$C/other.key" pipe
	end_with 2 'as many key= as cert='
	ask hello "tls:localhost:1,cert=$C/server.pem,cert=$C/other.pem"
	end_with 2 'a client has one certificate'
}

@test "two certificates of one name may differ in their kinds of key" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.crt -days 3 \
		-subj /CN=rsa -addext subjectAltName=DNS:localhost 2>/dev/null
	cat rsa.crt rsa.key >rsa.pem
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=$C/other.pem,cert=$C/server.pem,cert=rsa.pem" pipe
	[[ $(subject_for localhost RSA-PSS+SHA256) == *rsa ]]
	[[ $(subject_for localhost ECDSA+SHA256) == *server.example ]]
}

# --- files read again --------------------------------------------------------------------

says_more_often() { [ "$(grep -c -e "$2" "$1.err")" -gt "$3" ]; }

# hup NAME TEXT: sends SIGHUP and waits for what it says then
hup() {
	local before

	before=$(grep -c -e "$2" "$1.err" || :)
	kill -HUP "$(cat "$1.pid")"
	wait_until says_more_often "$1" "$2" "$before"
}

@test "SIGHUP makes a server read its files again and leaves sessions alone" {
	cp "$C/server.pem" now.pem
	cp "$C/ca.crt" who.crt
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=now.pem,cafile=who.crt" pipe
	mkfifo old.in
	start_in old old.in "$SOCKCAT" - "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem"
	exec 8>old.in
	echo before >&8
	wait_out old before

	cp "$C/other.pem" now.pem
	cp "$C/stranger.crt" who.crt
	hup srv 'its files are read again'
	ask hello "tls:localhost:$PORT,pin=$(pin_of "$C/other.crt"),cert=$C/outsider.pem"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,pin=$(pin_of "$C/other.crt"),cert=$C/client.pem"
	end_with 35 'does not trust'

	echo after >&8
	wait_out old after
	exec 8>&-
	finish old
	[ "$status" -eq 0 ]
}

@test "what cannot be read again stays as it was, and the log says so" {
	cp "$C/server.pem" now.pem
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=now.pem" pipe
	echo broken >now.pem
	hup srv 'now.pem holds no certificate'
	wait_for srv 'what was read before stays in use'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	rm now.pem
	mkfifo now.pem
	hup srv 'stays in use'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	rm now.pem
	cp "$C/other.pem" now.pem
	hup srv 'its files are read again'
	ask hello "tls:localhost:$PORT,pin=$(pin_of "$C/other.crt")"
	end_with 0 '^hello$'
}

@test "cert=auto keeps its key when files are read again" {
	local pin

	listen srv tls-listen:0,bind=127.0.0.1,fork,cert=auto pipe
	pin=$(sed -n 's/.*its pin is \(sha256:[0-9a-f]*\)$/\1/p' srv.err)
	hup srv 'its files are read again'
	ask hello "tls:127.0.0.1:$PORT,pin=$pin"
	end_with 0 '^hello$'
}

@test "a client's side of a server reads its files again, too" {
	cp "$C/ca.crt" ca.crt
	echo_server srv fork
	listen front tcp-listen:0,bind=127.0.0.1,fork "tls:localhost:$PORT,cafile=ca.crt"
	ask one "tcp:127.0.0.1:$PORT"
	end_with 0 '^one$'
	cp "$C/stranger.crt" ca.crt
	hup front 'its files are read again'
	ask two "tcp:127.0.0.1:$PORT"
	wait_for front 'not trusted'
}

@test "SIGHUP ends who has no files to read again, and who serves one client only" {
	listen srv tcp-listen:0,bind=127.0.0.1,fork pipe
	kill -HUP "$(cat srv.pid)"
	finish srv
	grep -q 'exiting on signal 1' srv.err
	listen one "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" pipe
	kill -HUP "$(cat one.pid)"
	finish one
	[ "$status" -eq 129 ]
}

# --- reports -----------------------------------------------------------------------------

@test "tls-report tells what was agreed on, with whom, and that all is well" {
	local line

	s_server srv -rev -alpn h2 -groups P-256 -cert_chain "$C/ca.crt"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,alpn=h2,tls-report"
	end_with 0 olleh
	for line in "TLS report: tls:localhost:$PORT," '  session: TLSv1.3, TLS_AES_256_GCM_SHA384, group ' \
		'  ALPN: h2' '  SNI: localhost' '  certificate 0: subject O = Acme, CN = server.example' \
		'  certificate 0: issuer CN = authority ca' \
		'  certificate 0: for localhost, 127.0.0.1, ::1' \
		"  certificate 0: pin $(pin_of "$C/server.crt")" \
		'  certificate 1: subject CN = authority ca' \
		"  certificate 1: pin $(pin_of "$C/ca.crt")" \
		'  verdict: accepted: its chain of certificates is trusted, it is for "localhost"'; do
		grep -qF "sockcat: $line" <<<"$output" || { echo "missing: $line"; return 1; }
	done
	[[ $output =~ "certificate 0: valid from "20..-..-...*" until "20..-..-..\ .*\(29\ days\ left\) ]]
}

@test "tls-report comes before the error when the peer is refused, with the reason" {
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=$C/expired.pem" pipe
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,tls-report"
	end_with 60 "verdict: refused: the server's certificate expired on 2021-02-03.*"$'\n'"sockcat: error: "
	[[ $output =~ "until 2021-02-03 00:00:00 UTC ("[0-9]+" days ago)" ]]
	ask hello "tls:localhost:$PORT,tls-report,pin=$(pin_of "$C/other.crt")"
	end_with 60 'verdict: refused: this is another server than pin= says'
	ask hello "tls:localhost:$PORT,tls-report,verify=0"
	end_with 0 'verdict: not checked'
}

@test "tls-report of a server tells about its clients" {
	echo_server srv "fork,tls-report,cafile=$C/ca.crt"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/outsider.pem"
	wait_for srv 'verdict: refused'
	grep -q 'certificate 0: subject C = DE, O = Acme.*CN = client.example' srv.err
	grep -q 'verdict: accepted: its chain of certificates is trusted' srv.err
	listen open "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem,tls-report" pipe
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	grep -q 'verdict: the other side showed no certificate; cafile=' open.err
}
