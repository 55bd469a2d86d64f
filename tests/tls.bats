#!/usr/bin/env bats
# TLS: who is trusted and who is not, against peers of other makes.

load lib.bash
load tls.bash

setup_file() { certificates; }

setup() {
	lib_setup
	need_tls
	need openssl
	C=$BATS_FILE_TMPDIR
}

# --- other makes -----------------------------------------------------------------

@test "a client talks to openssl's server with TLS 1.2 and 1.3" {
	local v

	for v in 1_2 1_3; do
		s_server "srv$v" "-tls$v" -rev
		ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
		end_with 0 olleh
	done
}

@test "openssl's client talks to a server with TLS 1.2 and 1.3" {
	local v

	for v in 1_2 1_3; do
		echo_server "srv$v"
		chat "cli$v" openssl s_client -connect "127.0.0.1:$PORT" "-tls$v" -quiet \
			-no_ign_eof -CAfile "$C/ca.crt" -verify_return_error
		finish "srv$v"
		[ "$status" -eq 0 ]
	done
}

@test "gnutls-cli talks to a server" {
	need gnutls-cli
	listen srv "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" "text:hello"
	run timeout 20 gnutls-cli --x509cafile "$C/ca.crt" -p "$PORT" localhost </dev/null
	end_with 0 hello
	finish srv
	[ "$status" -eq 0 ]
}

@test "a client talks to gnutls-serv" {
	local port

	need gnutls-serv
	port=$(free_port)
	start srv gnutls-serv --echo -p "$port" --x509certfile "$C/server.pem" \
		--x509keyfile "$C/server.key"
	wait_until port_answers "$port"
	chat cli "$SOCKCAT" - "tls:localhost:$port,cafile=$C/ca.crt"
	finish cli
	[ "$status" -eq 0 ]
}

@test "socat on the other end works both ways" {
	local port

	need socat
	echo_server srv
	echo hello | timeout 20 socat -t 5 - "openssl:localhost:$PORT,cafile=$C/ca.crt" >got
	[ "$(cat got)" = hello ]
	port=$(free_port)
	start peer socat "openssl-listen:$port,bind=127.0.0.1,cert=$C/server.pem,verify=0" pipe
	ask hello "tls:localhost:$port,cafile=$C/ca.crt,forever,interval=0.05"
	end_with 0 hello
}

# --- trust -----------------------------------------------------------------------

@test "a certificate that nobody vouches for is refused with 60" {
	echo_server srv
	ask hello "tls:localhost:$PORT"
	end_with 60 'not trusted.*cafile='
	finish srv
	[ "$status" -eq 35 ]
	grep -q 'unknown ca' srv.err
}

@test "cafile and capath say who is trusted" {
	echo_server srv fork
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,capath=$C/folder"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=$C/stranger.crt"
	end_with 60 'not trusted'
}

@test "cafile may hold the server's own certificate" {
	echo_server srv fork
	ask hello "tls:localhost:$PORT,cafile=$C/server.crt"
	end_with 0 '^hello$'
	listen self "tls-listen:0,bind=127.0.0.1,cert=$C/self.pem" pipe
	ask hello "tls:localhost:$PORT,cafile=$C/self.crt"
	end_with 0 '^hello$'
}

@test "an expired certificate is refused with 60 and its date" {
	listen srv "tls-listen:0,bind=127.0.0.1,cert=$C/expired.pem" pipe
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 60 "expired on 2021-02-03 "
	grep -q 'warning: the certificate in cert=.* expired on 2021' srv.err
}

@test "a certificate of the future is refused with 60 and its date" {
	listen srv "tls-listen:0,bind=127.0.0.1,cert=$C/future.pem" pipe
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 60 "not valid before 2044-01-01 .*clock"
}

@test "verify=0 takes anybody, and one warning tells the pin that would do better" {
	local pin

	pin=$(pin_of "$C/server.crt")
	echo_server srv fork
	listen front tcp-listen:0,bind=127.0.0.1,fork "tls:localhost:$PORT,verify=0"
	ask one "tcp:127.0.0.1:$PORT"
	end_with 0 '^one$'
	ask two "tcp:127.0.0.1:$PORT"
	end_with 0 '^two$'
	[ "$(grep -c 'warning: .*verify=0' front.err)" -eq 1 ]
	grep -q "pin=$pin" front.err
}

# --- pins ------------------------------------------------------------------------

@test "a pin alone is enough, in hexadecimal or base64" {
	echo_server srv fork
	ask hello "tls:127.0.0.1:$PORT,pin=$(pin_of "$C/server.crt")"
	end_with 0 '^hello$'
	ask hello "tls:127.0.0.1:$PORT,pin=$(pin64_of "$C/server.crt")"
	end_with 0 '^hello$'
}

@test "another key than the pinned one is refused with 60 and its pin" {
	echo_server srv
	ask hello "tls:127.0.0.1:$PORT,pin=$(pin_of "$C/other.crt")"
	end_with 60 "its pin is $(pin_of "$C/server.crt")"
}

@test "a pin beside a cafile counts as well as it" {
	echo_server srv fork
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,pin=$(pin_of "$C/server.crt")"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=$C/stranger.crt,pin=$(pin_of "$C/server.crt")"
	end_with 60 'not trusted'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,pin=$(pin_of "$C/other.crt")"
	end_with 60 'its pin is'
}

@test "cert=auto makes a certificate and tells the pin that clients need" {
	local pin

	listen srv tls-listen:0,bind=127.0.0.1,fork,cert=auto pipe
	pin=$(sed -n 's/.*its pin is \(sha256:[0-9a-f]*\)$/\1/p' srv.err)
	ask hello "tls:127.0.0.1:$PORT,pin=$pin"
	end_with 0 '^hello$'
	ask hello "tls:127.0.0.1:$PORT"
	end_with 60 'not trusted'
	run timeout 20 openssl s_client -connect "127.0.0.1:$PORT" -verify_hostname localhost </dev/null
	[[ $output == *"Verified peername: localhost"* || $output == *"self-signed"* ]]
}

@test "a certificate made on the spot is good for localhost and both loopback addresses" {
	listen srv tls-listen:0,bind=127.0.0.1,fork,cert=auto pipe
	openssl s_client -connect "127.0.0.1:$PORT" -showcerts </dev/null 2>/dev/null |
		openssl x509 >auto.crt
	ask hello "tls:127.0.0.1:$PORT,cafile=auto.crt"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=auto.crt"
	end_with 0 '^hello$'
	ask hello "tls:127.0.0.1:$PORT,cafile=auto.crt,commonname=::1"
	end_with 0 '^hello$'
	openssl x509 -in auto.crt -noout -text | grep -q 'prime256v1'
}

# --- names -----------------------------------------------------------------------

@test "a certificate for somebody else is refused with 51 and both names" {
	listen srv "tls-listen:0,bind=127.0.0.1,cert=$C/other.pem" pipe
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 51 'for "other.example", not for "localhost"'
}

@test "commonname= says which name is expected instead" {
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=$C/other.pem" pipe
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,commonname=other.example"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,commonname=third.example"
	end_with 51 'third.example'
}

@test "addresses are checked against the addresses in the certificate" {
	need_ip6
	listen srv "tls-listen:0,fork,cert=$C/server.pem" pipe
	ask hello "tls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	ask hello "tls:[::1]:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
	ask hello "tls:127.0.0.2:$PORT,cafile=$C/ca.crt"
	end_with 51 '127.0.0.2'
}

@test "a host name that looks like an address does not stand for it" {
	listen srv "tls-listen:0,bind=127.0.0.1,cert=$C/fakeip.pem" pipe
	ask hello "tls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 51 'not for "127.0.0.1"'
}

@test "a wildcard stands for one label, never for the bare domain" {
	local to

	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=$C/wild.pem" pipe
	to=tls:localhost:$PORT,cafile=$C/ca.crt
	ask hello "$to,commonname=www.example.test"
	end_with 0 '^hello$'
	ask hello "$to,commonname=example.test"
	end_with 51 'not for "example.test"'
	ask hello "$to,commonname=a.b.example.test"
	end_with 51 'a.b.example.test'
}

@test "the common name counts only when commonname= asks for it" {
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=$C/named.pem" pipe
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 51 'localhost'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,commonname=localhost"
	end_with 0 '^hello$'
	listen both "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" pipe
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,commonname=server.example"
	end_with 51 'server.example'
}

@test "the server is asked for the host by name unless told otherwise" {
	s_server srv -rev -servername sni.example -servername_fatal -cert2 "$C/server.pem"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 35 'snihost='
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,snihost=sni.example"
	end_with 0 olleh
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,no-sni"
	end_with 0 olleh
	ask hello "tls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 0 olleh
}

# --- clients with certificates -----------------------------------------------------

@test "a server with a cafile lets in who has a certificate of that authority" {
	echo_server srv "fork,cafile=$C/ca.crt"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.crt,key=$C/client.key"
	end_with 0 '^hello$'
	chat cli openssl s_client -connect "127.0.0.1:$PORT" -quiet -no_ign_eof \
		-cert "$C/client.pem"
}

@test "a client without certificate hears that one is demanded, with TLS 1.2 and 1.3" {
	local v

	for v in 2 3; do
		echo_server "srv$v" "cafile=$C/ca.crt"
		ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,max-proto-version=TLS1.$v"
		end_with 35 'demands a client certificate \(give cert=\)'
		finish "srv$v"
		[ "$status" -eq 60 ]
		grep -q 'gave no certificate' "srv$v.err"
	done
}

@test "a client that only sends hears of the refusal as well" {
	echo_server srv "fork,cafile=$C/ca.crt"
	run timeout 20 "$SOCKCAT" -u - "tls:localhost:$PORT,cafile=$C/ca.crt" < <(echo hello)
	end_with 35 'demands a client certificate'
	random_file 3000000 data
	run timeout 20 "$SOCKCAT" -u ./data "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 35 'demands a client certificate'
}

@test "openssl's server demands a client certificate and says so" {
	s_server srv -rev -Verify 1
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 35 'demands a client certificate'
}

@test "a client certificate of another authority is refused on both sides" {
	echo_server srv "cafile=$C/ca.crt"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/outsider.pem"
	end_with 35 'does not trust who signed our certificate'
	finish srv
	[ "$status" -eq 60 ]
	grep -q "the client's certificate is not trusted" srv.err
}

@test "a server with commonname= checks the client's name" {
	echo_server srv "fork,cafile=$C/ca.crt,commonname=client.example"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/other.pem"
	end_with 35 'does not accept our certificate'
}

@test "a server with a pin lets in that client only" {
	echo_server srv "fork,pin=$(pin_of "$C/client.crt")"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem"
	end_with 0 '^hello$'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/other.pem"
	end_with 35 'server ended the TLS session'
}

@test "a server without cafile asks no client for a certificate" {
	echo_server srv
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
}

@test "in the socat dialect a server demands a client certificate" {
	start srv "$SOCKCAT" --dialect=socat -d -d "openssl-listen:0,bind=127.0.0.1,cert=$C/server.pem" pipe
	wait_for srv 'listening on'
	PORT=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' srv.err)
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 35 'demands a client certificate'
	finish srv
	[ "$status" -eq 1 ]
}

# --- files that are no good ----------------------------------------------------------

@test "an unusable certificate or key ends with 58 before anything listens" {
	local o

	echo nothing >text.pem
	: >empty.pem
	for o in "cert=missing.pem:cannot open cert=missing.pem" \
		"cert=text.pem:holds no certificate" "cert=empty.pem:holds no certificate" \
		"cert=$C/server.crt:holds no private key.*key=FILE" \
		"cert=$C/server.crt,key=missing:cannot open key=missing" \
		"cert=$C/server.crt,key=text.pem:holds no private key" \
		"cert=$C/server.crt,key=$C/other.key:does not fit" \
		"cert=$C/server.crt,key=$C/locked.key,passphrase-file=text.pem:pass phrase" \
		"cert=$C/server.pem,dhparam=text.pem:Diffie-Hellman"; do
		run timeout 20 "$SOCKCAT" -d -d "tls-listen:0,bind=127.0.0.1,${o%%:*}" pipe </dev/null
		end_with 58 "${o#*:}"
		[[ $output != *listening* ]]
	done
}

@test "an unreadable CA file or folder ends with 77" {
	local o

	echo nothing >text.pem
	sed 's/^MII/!!!/' "$C/ca.crt" >broken.pem
	for o in "cafile=missing:cannot open cafile=missing" "cafile=text.pem:holds no certificate" \
		"cafile=broken.pem:broken" "capath=missing:cannot open capath=missing" \
		"cafile=.:cannot read cafile=."; do
		ask hello "tls:localhost:1,${o%%:*}"
		end_with 77 "${o#*:}"
	done
}

@test "wrong options are usage errors with 2" {
	local o

	for o in pin=sha256:1234 pin=md5:00 min-proto-version=TLS9 ciphers=NOSUCH \
		ciphersuites=NOSUCH key=x maxfraglen=100 maxsendfrag=100000 compress=yes \
		alpn=+ min-proto-version=TLS1.3,max-proto-version=TLS1.2; do
		ask hello "tls:localhost:1,$o"
		end_with 2 "${o%%=*}"
	done
	run timeout 20 "$SOCKCAT" tls-listen:0 pipe </dev/null
	end_with 2 'cert=auto'
}

@test "certificate and key may come through pipes" {
	listen srv "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" pipe
	mkfifo ca
	cat "$C/ca.crt" >ca &
	ask hello "tls:localhost:$PORT,cafile=ca"
	end_with 0 '^hello$'
}

# --- versions, ciphers, protocols ------------------------------------------------------

@test "versions can be limited from below and above" {
	echo_server srv fork
	ask hello -d -d "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 0 'TLSv1.3, TLS_'
	ask hello -d -d "tls:localhost:$PORT,cafile=$C/ca.crt,max-proto-version=TLS1.2"
	end_with 0 'TLSv1.2, '
	s_server old -tls1_2 -rev
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,min-proto-version=TLS1.3"
	end_with 35 'no TLS version in common'
}

@test "ciphers can be chosen" {
	echo_server srv fork
	ask hello -d -d "tls:localhost:$PORT,cafile=$C/ca.crt,ciphersuites=TLS_CHACHA20_POLY1305_SHA256"
	end_with 0 'TLSv1.3, TLS_CHACHA20_POLY1305_SHA256'
	ask hello -d -d "tls:localhost:$PORT,cafile=$C/ca.crt,max-version=TLS1.2,ciphers=ECDHE-ECDSA-AES256-GCM-SHA384"
	end_with 0 'TLSv1.2, ECDHE-ECDSA-AES256-GCM-SHA384'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,max-version=TLS1.2,ciphers=ECDHE-RSA-AES256-GCM-SHA384"
	end_with 35 'nothing in common'
}

@test "Diffie-Hellman parameters can be given" {
	openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out dh.pem 2>/dev/null
	openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.crt -days 3 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
	listen srv "tls-listen:0,bind=127.0.0.1,cert=rsa.crt,key=rsa.key,dhparam=dh.pem" pipe
	ask hello -d -d "tls:localhost:$PORT,cafile=rsa.crt,max-version=TLS1.2,ciphers=DHE-RSA-AES128-GCM-SHA256"
	end_with 0 'DHE-RSA-AES128-GCM-SHA256'
}

@test "the application protocol is agreed on" {
	s_server srv -rev -alpn h2,http/1.1
	ask hello -d -d "tls:localhost:$PORT,cafile=$C/ca.crt,alpn=http/1.1+h2"
	end_with 0 'ALPN h2'
	echo_server own fork,alpn=h2+http/1.1
	ask hello -d -d "tls:localhost:$PORT,cafile=$C/ca.crt,alpn='http/1.1,h2'"
	end_with 0 'ALPN h2'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,alpn=smtp"
	end_with 35 'alpn='
}

@test "fragments can be kept small" {
	random_file 100000 data
	echo_server srv fork,maxsendfrag=512
	timeout 30 "$SOCKCAT" - "tls:localhost:$PORT,cafile=$C/ca.crt,maxfraglen=512" <data >got
	same data got
}

@test "the socat dialect logs in socat's words" {
	echo_server srv
	run timeout 20 "$SOCKCAT" --dialect=socat -d -d - "openssl:localhost:$PORT,cafile=$C/ca.crt" </dev/null
	end_with 0 'SSL connection using TLS_AES_256_GCM_SHA384'
}

# --- over anything ---------------------------------------------------------------------

@test "TLS runs over a UNIX socket" {
	start srv "$SOCKCAT" -d -d "tls+unix-listen:sock,fork,cert=$C/server.pem" pipe
	wait_path sock
	ask hello "tls+unix:sock,cafile=$C/ca.crt,commonname=localhost"
	end_with 0 '^hello$'
	ask hello "tls+unix:sock,cafile=$C/ca.crt"
	end_with 2 'commonname=NAME, pin='
	ask hello "tls+unix:sock,pin=$(pin_of "$C/server.crt")"
	end_with 0 '^hello$'
}

@test "TLS runs inside TLS" {
	random_file 3000000 data
	listen srv "tls+tls+tcp-listen:0,bind=127.0.0.1,cert=$C/server.pem,tls2.cert=$C/other.pem" pipe
	timeout 30 "$SOCKCAT" - "tls+tls+tcp:localhost:$PORT,cafile=$C/ca.crt,tls2.cafile=$C/ca.crt,tls2.commonname=other.example" <data >got
	same data got
	finish srv
	[ "$status" -eq 0 ]
}

# --- ends --------------------------------------------------------------------------------

@test "an end is carried through in both directions, each in its time" {
	random_file 5000000 up
	random_file 2000000 down
	start_in srv down "$SOCKCAT" -d -d "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" -
	wait_for srv 'listening on'
	PORT=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' srv.err)
	timeout 30 "$SOCKCAT" - "tls:localhost:$PORT,cafile=$C/ca.crt" <up >got
	finish srv
	[ "$status" -eq 0 ]
	same down got
	same up srv.out
}

@test "an answer that comes only after the end of the question arrives" {
	random_file 3000000 data
	listen srv "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" system:sha256sum
	run timeout 20 "$SOCKCAT" - "tls:localhost:$PORT,cafile=$C/ca.crt" <data
	end_with 0 "$(sha256sum <data | cut -c1-64)"
}

@test "both sides send close_notify, also in the direction that is not used" {
	listen srv -u "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" open:got,creat
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt"
	end_with 0 '^$'
	finish srv
	[ "$status" -eq 0 ]
	[ "$(cat got)" = hello ]
	listen back "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" "text:hello"
	run timeout 20 openssl s_client -connect "127.0.0.1:$PORT" -msg </dev/null
	[[ $output == *"close_notify"* ]]
}

@test "in one direction only the handshake still goes both ways over pipes" {
	echo hello >data
	for transport in "tls+stdio" "tls+exec:'\"$SOCKCAT\" - tcp:127.0.0.1:PORT'" \
		"tls+exec:'\"$SOCKCAT\" - tcp:127.0.0.1:PORT',pipes"; do
		listen srv -u "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" -
		transport=${transport/PORT/$PORT}
		if [ "$transport" = tls+stdio ]; then
			printf '%s\n' '#!/bin/sh' \
				"exec '$SOCKCAT' -u ./data tls+stdio,pin=$(pin_of "$C/server.crt")" >job
			chmod +x job
			run timeout 20 "$SOCKCAT" exec:./job,pipes "tcp:127.0.0.1:$PORT"
		else
			run timeout 20 "$SOCKCAT" -u ./data \
				"$transport,pin=$(pin_of "$C/server.crt")"
		fi
		end_with 0 '^$'
		finish srv
		[ "$(cat srv.out)" = hello ]
	done
}

@test "a stream that ends without close_notify ends with 18" {
	s_server srv -rev
	start cli "$SOCKCAT" -d -d -U - "tls:localhost:$PORT,cafile=$C/ca.crt"
	wait_for cli TLSv1
	kill -KILL "$(cat srv.pid)"
	finish cli
	[ "$status" -eq 18 ]
	grep -q 'without close_notify' cli.err
}

@test "ignore-close-notify takes any end for an end" {
	s_server srv -rev
	start cli "$SOCKCAT" -d -d -U - "tls:localhost:$PORT,cafile=$C/ca.crt,ignore-close-notify"
	wait_for cli TLSv1
	kill -KILL "$(cat srv.pid)"
	finish cli
	[ "$status" -eq 0 ]
}

@test "a client that only sends loses nothing to the tickets that the server sends" {
	local i port

	random_file 20000000 data
	mkfifo hold
	exec 8<>hold	# at the end of its own input this server forgets to write
	for i in 1 2 3 4 5; do
		port=$(free_port)
		start_in "srv$i" hold openssl s_server -accept "$port" -cert "$C/server.pem" -quiet \
			-naccept 1 -tls1_3 -num_tickets 4
		timeout 20 "$SOCKCAT" -u ./data \
			"tls:localhost:$port,cafile=$C/ca.crt,forever,interval=0.05"
		finish "srv$i"
		same data "srv$i.out"
	done
}

@test "a session that breaks off elsewhere is no end for the TLS peer" {
	listen srv "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" -
	run timeout 20 "$SOCKCAT" - "tls:localhost:$PORT,cafile=$C/ca.crt" <.
	[ "$status" -eq 26 ]
	finish srv
	[ "$status" -ne 0 ]
}

# --- what is not TLS --------------------------------------------------------------------------

@test "a server that speaks no TLS ends with 35" {
	listen srv tcp-listen:0,bind=127.0.0.1 "text:220 who is there"
	ask hello "tls:127.0.0.1:$PORT"
	end_with 35 'what it says is not TLS'
}

@test "an alert whose number is that of a system's error ends with 35 all the same" {
	printf '\25\3\3\0\2\2\156' >alert # 110, unsupported_extension; ETIMEDOUT is 110, too
	listen srv -u open:alert tcp-listen:0,bind=127.0.0.1
	ask hello "tls:127.0.0.1:$PORT"
	end_with 35 'unsupported extension'
}

@test "a client that speaks no TLS ends with 35 and harms nobody else" {
	echo_server srv fork
	ask "GET / HTTP/1.0" "tcp:127.0.0.1:$PORT"
	wait_for srv 'HTTP without TLS'
	ask hello "tls:127.0.0.1:$PORT,cafile=$C/ca.crt"
	end_with 0 '^hello$'
}

@test "a server that hangs up during the handshake ends with 35" {
	listen srv -u /dev/null tcp-listen:0,bind=127.0.0.1
	ask hello "tls:127.0.0.1:$PORT"
	end_with 35 'closed the connection during the TLS handshake'
}

# --- what programs hear -----------------------------------------------------------------------

@test "a program learns whose certificate it was" {
	echo_server_env() { listen srv "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem,cafile=$C/ca.crt" 'system:env; cat'; }
	echo_server_env
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,cert=$C/client.pem"
	end_with 0 hello
	for line in "OPENSSL_X509_SUBJECT=C = DE, O = Acme, OU = One, OU = Two, CN = client.example" \
		"OPENSSL_X509_ISSUER=CN = authority ca" "OPENSSL_X509_COMMONNAME=client.example" \
		"OPENSSL_X509_ORGANIZATIONALUNITNAME=One // Two" "OPENSSL_X509_COUNTRYNAME=DE" \
		"OPENSSL_X509V3_DNS=client.example // second.example"; do
		grep -qxF "SOCKCAT_$line" <<<"$output"
		grep -qxF "SOCAT_$line" <<<"$output"
	done
}

@test "a program learns which protocol was agreed upon and which name was asked for" {
	listen srv "tls-listen:0,bind=127.0.0.1,fork,cert=$C/server.pem,alpn=h2" 'system:env; cat'
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,alpn=h2"
	end_with 0 hello
	grep -qxF SOCKCAT_OPENSSL_ALPN=h2 <<<"$output"
	grep -qxF SOCKCAT_OPENSSL_SNI=localhost <<<"$output"
	ask hello "tls:localhost:$PORT,cafile=$C/ca.crt,no-sni"
	end_with 0 hello
	[[ $output != *OPENSSL_ALPN* && $output != *OPENSSL_SNI* ]]
}

@test "a certificate with only a common name says so, and is enough for socat" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 \
		-subj /CN=localhost 2>/dev/null
	listen srv tls-listen:0,bind=127.0.0.1,fork,cert=c.pem,key=k.pem pipe
	run -51 sockcat - "tls:localhost:$PORT,cafile=c.pem" <<<x
	[[ $output == *"only as its common name"* ]]
	run -0 sockcat - "tls:localhost:$PORT,cafile=c.pem,commonname=localhost" <<<x
	run -0 sockcat --dialect=socat - "openssl:localhost:$PORT,cafile=c.pem" <<<x
}
