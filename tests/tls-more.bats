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
