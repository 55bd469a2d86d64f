#!/usr/bin/env bats
# starttls=: protocols that begin in plain text, against servers and clients that speak
# them, and against those that do not.

load lib.bash
load tls.bash
load peers.bash

setup_file() { certificates; }

setup() {
	lib_setup
	need_tls
	need openssl
	C=$BATS_FILE_TMPDIR
}

# Debian's own, which has the modules that apt-get brings.
system_python() {
	PYTHON=/usr/bin/python3
	"$PYTHON" -c "import $1" 2>/dev/null || skip "python3-$1 is not installed"
}

# mock NAME STEPS: a server in Python that takes turns: what it says, what it then waits for
# (a prefix), and so on; after the last word TLS, with an echo of one line.
mock() {
	peer "$1" "
import ssl
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain('$C/server.pem')
c = listener.accept()[0]
def hear(want):
    got = b''
    while len(got) < len(want) or (want.endswith(b'\n') and not got.endswith(b'\n')):
        piece = c.recv(1)
        if not piece: sys.exit('end instead of %r after %r' % (want, got))
        got += piece
    if not got.startswith(want): sys.exit('%r instead of %r' % (got, want))
for turn, words in enumerate([$2]):
    if turn % 2: hear(words)
    else: c.sendall(words)
c = context.wrap_socket(c, server_side=True)
c.sendall(c.recv(100).upper())
c.unwrap()
"
}

# through NAME KIND STEPS: one line through starttls=KIND to that mock
through() {
	mock "$1" "$3"
	ask hello "tls:localhost:$PORT,pf=ip4,cafile=$C/ca.crt,starttls=$2"
}

# talk NAME TEXT REGEX ADDRESS: TEXT through it, and the end after that answer
talk() {
	local name=$1 text=$2 regex=$3

	mkfifo "$name.in"
	start_in "$name" "$name.in" "$SOCKCAT" - "$4"
	exec 8>"$name.in"
	printf '%s\r\n' "$text" >&8
	wait_out "$name" "$regex" || return 1
	exec 8>&-
	finish "$name"
	[ "$status" -eq 0 ]
}

# says NAME PIECES [REST]: a server that says these bytes, and then does REST
says() {
	peer "$1" "
c = listener.accept()[0]
try:
    for piece in [$2]: c.sendall(piece)
    ${3:-read_all(c)}
except OSError: pass
"
}

# --- clients of real servers ---------------------------------------------------------

# aiosmtpd NAME OPTIONS: a real SMTP server in Python, which shows the mails; sets PORT
aiosmtpd() {
	system_python aiosmtpd
	PORT=$(free_port)
	start "$1" "$PYTHON" -u -c "
import ssl, time
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Debugging
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain('$C/server.pem')
c = Controller(Debugging(), hostname='127.0.0.1', port=$PORT, $2)
c.start()
print('ready', flush=True)
time.sleep(60)
"
	wait_out "$1" '^ready'
}

@test "smtp: a client of aiosmtpd" {
	aiosmtpd srv 'tls_context=context, require_starttls=True'
	talk cli 'EHLO me' '250 HELP' "tls:localhost:$PORT,pf=ip4,cafile=$C/ca.crt,starttls=smtp"
}

@test "smtp: Python's client through TLS to a plain server, which greets only us" {
	aiosmtpd srv ''
	listen front "tls-listen:0,bind=127.0.0.1,fork,cert=$C/server.pem,starttls=smtp" "tcp:127.0.0.1:$PORT"
	run -0 timeout 20 "$PYTHON" -c "
import smtplib, ssl
with smtplib.SMTP('localhost', $PORT) as s:
    s.starttls(context=ssl.create_default_context(cafile='$C/ca.crt'))
    s.sendmail('me@example.com', ['you@example.com'], 'Subject: x\r\n\r\nhello there\r\n')
"
	wait_out srv 'hello there'
}

# postfix_server NAME: no mail without TLS; sets PORT and MASTER, who ends it all
postfix_server() {
	need postfix
	need_root
	id postfix >/dev/null || skip "no user postfix"
	PORT=$(free_port)
	mkdir etc queue data
	chown postfix data
	chmod a+x . .. ../.. 2>/dev/null
	printf '%s\n' 'compatibility_level = 3.6' 'myhostname = localhost' \
		"queue_directory = $PWD/queue" "data_directory = $PWD/data" \
		'maillog_file = /dev/stdout' 'inet_interfaces = 127.0.0.1' 'inet_protocols = ipv4' \
		'alias_maps =' 'local_recipient_maps =' 'smtpd_tls_security_level = encrypt' \
		"smtpd_tls_cert_file = $C/server.crt" "smtpd_tls_key_file = $C/server.key" >etc/main.cf
	printf '%s\n' "127.0.0.1:$PORT inet n - n - - smtpd" 'tlsmgr unix - - n - 1 tlsmgr' \
		'rewrite unix - - n - - trivial-rewrite' 'anvil unix - - n - 1 anvil' \
		'postlog unix-dgram n - n - 1 postlogd' >etc/master.cf
	start "$1" postfix -c "$PWD/etc" start-fg
	wait_until port_answers "$PORT"
	MASTER=$(tr -d ' ' <queue/pid/master.pid)
	STARTED=("$MASTER" "${STARTED[@]}")
}

@test "smtp: a client of Postfix" {
	postfix_server srv
	talk cli $'EHLO me\r\nQUIT' '^221 ' "tls:localhost:$PORT,pf=ip4,cafile=$C/ca.crt,starttls=smtp"
	grep -q '^250 CHUNKING' cli.out
	wait_out srv 'starttls=1'
	kill "$MASTER"
	finish srv
}

# postgres_server TLS: on or off; its socket is $data/.s.PGSQL.$PORT
postgres_server() {
	local bin=(/usr/lib/postgresql/*/bin)

	[ -x "${bin[0]}/postgres" ] || skip "PostgreSQL is not installed"
	need psql
	need_root
	id postgres >/dev/null || skip "no user postgres"
	data=$PWD/pg
	PORT=$(free_port)
	mkdir "$data"
	install -m 644 "$C/server.crt" cert.pem
	install -m 600 "$C/server.key" key.pem
	chown postgres "$data" key.pem
	chmod a+x . .. ../.. 2>/dev/null
	as_postgres "${bin[0]}/initdb" -D "$data" -A trust -U me --no-sync >initdb.out
	start pg as_postgres "${bin[0]}/postgres" -D "$data" -p "$PORT" -c ssl="$1" \
		-c ssl_cert_file="$PWD/cert.pem" -c ssl_key_file="$PWD/key.pem" \
		-c listen_addresses=127.0.0.1 -c unix_socket_directories="$data" -c fsync=off
	wait_until psql -h "$data" -p "$PORT" -U me -c 'select 1' postgres
}

as_postgres() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }

@test "postgres: psql without TLS through a client of a server with it" {
	postgres_server on
	listen fwd tcp-listen:0,bind=127.0.0.1,fork \
		"tls:localhost:$PORT,pf=ip4,cafile=$C/ca.crt,starttls=postgres"
	run -0 psql "host=127.0.0.1 port=$PORT user=me dbname=postgres sslmode=disable" -At \
		-c 'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()'
	[[ $output == 't|TLSv1.3' ]]
}

@test "postgres: a server without TLS is told" {
	postgres_server off
	ask hello "tls:localhost:$PORT,pf=ip4,starttls=postgres"
	end_with 35 'no TLS with the Postgres server: it does not offer TLS'
}

@test "postgres: psql with TLS of a plain server" {
	postgres_server off
	listen front "tls-listen:0,bind=127.0.0.1,fork,cert=$C/server.pem,starttls=postgres" \
		"unix:$data/.s.PGSQL.$PORT"
	run -0 psql "host=localhost hostaddr=127.0.0.1 port=$PORT user=me dbname=postgres sslmode=verify-full sslrootcert=$C/ca.crt" \
		-At -c 'select sum(n) from generate_series(1, 100000) n'
	[ "$output" = 5000050000 ]
	run psql "host=127.0.0.1 port=$PORT user=me dbname=postgres sslmode=disable" -c 'select 1'
	[ "$status" -ne 0 ]
	[[ $output == *"TLS is required"* ]]
	wait_for front 'no TLS with the Postgres client: it wants to go on without TLS'
}

@test "imap, pop3, sieve: a client of dovecot" {
	local kind

	need dovecot
	need_root
	mkdir run
	cat >dovecot.conf <<-END
		base_dir = $PWD/run
		log_path = /dev/stderr
		protocols = imap pop3 sieve
		ssl = yes
		ssl_cert = <$C/server.crt
		ssl_key = <$C/server.key
		listen = 127.0.0.1
		state_dir = $PWD/run
		passdb {
		  driver = static
		  args = nopassword=y
		}
		userdb {
		  driver = static
		  args = uid=nobody gid=nogroup home=/nonexistent
		}
		service imap-login {
		  inet_listener imap {
		    port = $(free_port)
		  }
		  inet_listener imaps {
		    port = 0
		  }
		}
		service pop3-login {
		  inet_listener pop3 {
		    port = $(free_port)
		  }
		  inet_listener pop3s {
		    port = 0
		  }
		}
		service managesieve-login {
		  inet_listener sieve {
		    port = $(free_port)
		  }
		}
	END
	chmod a+rx . .. ../.. 2>/dev/null
	start srv dovecot -F -c "$PWD/dovecot.conf"
	for kind in imap pop3 sieve; do
		PORT=$(sed -n "/inet_listener $kind /,/port/s/.*port = //p" dovecot.conf)
		wait_until port_answers "$PORT"
		case $kind in
		imap) text='x LOGOUT' good='x OK' ;;
		pop3) text=QUIT good='\+OK' ;;
		sieve) text=LOGOUT good='OK' ;;
		esac
		talk "$kind" "$text" "$good" "tls:localhost:$PORT,pf=ip4,cafile=$C/ca.crt,starttls=$kind"
	done
}

@test "ldap: a client of slapd" {
	need slapd
	need_root
	PORT=$(free_port)
	mkdir db
	printf '%s\n' 'include /etc/ldap/schema/core.schema' "TLSCertificateFile $C/server.crt" \
		"TLSCertificateKeyFile $C/server.key" 'modulepath /usr/lib/ldap' 'moduleload back_mdb' \
		'database mdb' 'suffix "dc=x"' "directory $PWD/db" >slapd.conf
	start srv slapd -f slapd.conf -h "ldap://127.0.0.1:$PORT" -d 0
	wait_until port_answers "$PORT"
	# an unbind ends it
	run timeout 20 "$SOCKCAT" -d -d - "tls:localhost:$PORT,pf=ip4,cafile=$C/ca.crt,starttls=ldap" \
		< <(printf '\x30\x05\x02\x01\x02\x42\x00')
	end_with 0 'TLSv1.3'
}

@test "ftp: a client of vsftpd" {
	need vsftpd
	need_root
	PORT=$(free_port)
	mkdir empty
	printf '%s\n' listen=YES listen_address=127.0.0.1 "listen_port=$PORT" background=NO \
		ssl_enable=YES anonymous_enable=YES "rsa_cert_file=$C/server.crt" \
		"rsa_private_key_file=$C/server.key" "secure_chroot_dir=$PWD/empty" >vsftpd.conf
	start srv vsftpd "$PWD/vsftpd.conf"
	wait_until port_answers "$PORT"
	talk cli QUIT '221 Goodbye' \
		"tls:localhost:$PORT,pf=ip4,cafile=$C/ca.crt,starttls=ftp,ignore-close-notify"
}

# --- clients of mocks, written from the documents ------------------------------------

@test "xmpp: the stream names the host" {
	through srv xmpp "
b'', b'<?xml version=\\'1.0\\'?><stream:stream xmlns=\\'jabber:client\\' xmlns:stream=\\'http://etherx.jabber.org/streams\\' version=\\'1.0\\' to=\\'localhost\\'>',
b'<?xml version=\\'1.0\\'?><stream:stream id=\\'1\\'><stream:features><starttls xmlns=\\'urn:ietf:params:xml:ns:xmpp-tls\\'><required/></starttls></stream:features>',
b'<starttls xmlns=\\'urn:ietf:params:xml:ns:xmpp-tls\\'/>', b'<proceed xmlns=\\'urn:ietf:params:xml:ns:xmpp-tls\\'/>'"
	end_with 0 '^HELLO$'
}

@test "mysql: a greeting that offers TLS is answered with the request" {
	through srv mysql "b'\x1c\0\0\0\x0a8.0.1\0ididsaltsalt\0\0\x08\x21\0\0\0\0\0', b'\x20\0\0\x01\0\x8a\0\0\0\0\0\x01\x21' + bytes(23), b''"
	end_with 0 '^HELLO$'
}

@test "nntp, and the others once more" {
	through nntp nntp "b'200 hi\r\n', b'STARTTLS\r\n', b'382 go\r\n'"
	end_with 0 '^HELLO$'
	through ftp ftp "b'220-hi\r\n x\r\n220 hi\r\n', b'AUTH TLS\r\n', b'234 go\r\n'"
	end_with 0 '^HELLO$'
	through pop3 pop3 "b'+OK\r\n', b'STLS\r\n', b'+OK\r\n'"
	end_with 0 '^HELLO$'
	through imap imap "b'* OK\r\n', b'a CAPABILITY\r\n', b'* CAPABILITY IMAP4rev1 STARTTLS\r\na OK\r\n', b'b STARTTLS\r\n', b'b OK\r\n'"
	end_with 0 '^HELLO$'
	through ldap ldap "b'', b'\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037', b'\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0'"
	end_with 0 '^HELLO$'
}

@test "socat's name for the address takes starttls too, and tls2.starttls means the second tls" {
	mock srv "b'+OK\r\n', b'STLS\r\n', b'+OK\r\n'"
	ask hello "openssl:127.0.0.1:$PORT,starttls=POP3,cafile=$C/ca.crt"
	end_with 0 '^HELLO$'
	mock two "b'+OK\r\n', b'STLS\r\n', b'+OK\r\n'"
	listen outer "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem" "tcp:127.0.0.1:$PORT"
	ask hello "tls+tls+tcp:127.0.0.1:$PORT,tls1.starttls=pop3,cafile=$C/ca.crt,tls2.cafile=$C/ca.crt"
	end_with 0 '^HELLO$'
}

# --- the server's part ---------------------------------------------------------------

@test "openssl s_client -starttls smtp and postgres talk to a server" {
	local kind

	for kind in smtp postgres; do
		listen "srv$kind" "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem,starttls=$kind" pipe
		chat "cli$kind" openssl s_client -starttls "$kind" -connect "127.0.0.1:$PORT" \
			-quiet -no_ign_eof -CAfile "$C/ca.crt" -verify_return_error
		finish "srv$kind"
		[ "$status" -eq 0 ]
	done
}

@test "a client that goes on without TLS is told, and the server says so" {
	listen srv "tls-listen:0,bind=127.0.0.1,cert=auto,starttls=smtp" pipe
	ask $'EHLO me\r\nMAIL FROM:<a@b>\r\nQUIT\r' "tcp:127.0.0.1:$PORT"
	end_with 0 '250 STARTTLS.*530 .*221 '
	finish srv
	[ "$status" -eq 35 ]
	grep -q 'no TLS with the SMTP client: it left without asking for TLS' srv.err
}

@test "a client that says more in plain text behind STARTTLS is refused" {
	listen srv "tls-listen:0,bind=127.0.0.1,cert=auto,starttls=smtp" pipe
	run timeout 20 "$SOCKCAT" -u text:'EHLO me\r\nSTARTTLS\r\nMAIL FROM:<evil>\r\n' "tcp:127.0.0.1:$PORT"
	finish srv
	[ "$status" -eq 35 ]
	grep -q 'more in plain text' srv.err
	run ! grep -q 'starting data' srv.err
}

# --- what is refused -----------------------------------------------------------------

@test "what comes in plain text behind the go-ahead is refused" {
	says srv "b'220 m\r\n250 STARTTLS\r\n220 go\r\n250 evil\r\n'"
	ask hello "tls:127.0.0.1:$PORT,verify=0,starttls=smtp"
	end_with 35 'SMTP server: it sent more in plain text'
	says pg "b'SE'"
	ask hello "tls:127.0.0.1:$PORT,verify=0,starttls=postgres"
	end_with 35 'Postgres server: it sent more in plain text'
}

@test "a server that refuses, cannot or speaks something else is told in words" {
	says no "b'220 m\r\n250 STARTTLS\r\n454 not today\r\n'"
	ask hello "tls:127.0.0.1:$PORT,starttls=smtp"
	end_with 35 'no TLS with the SMTP server: it says "454 not today"'
	says cannot "b'220 m\r\n250 HELP\r\n'"
	ask hello "tls:127.0.0.1:$PORT,starttls=smtp"
	end_with 35 'SMTP server: it does not offer TLS'
	says other "b'SSH-2.0-x\r\n'"
	ask hello "tls:127.0.0.1:$PORT,starttls=imap"
	end_with 35 'IMAP server: what it says is something else: "SSH-2.0-x"'
	says gone "b'220 m\r\n'" "c.recv(99)"
	ask hello "tls:127.0.0.1:$PORT,starttls=smtp"
	end_with 35 'SMTP server: it closed the connection before'
}

@test "a server that talks without end, slowly or not at all does no harm" {
	says endless "b'220-' + bytes(100000)"
	ask hello "tls:127.0.0.1:$PORT,starttls=smtp"
	end_with 35 'it talks without end'
	says lines "b'* x\r\n'] * 50000 + [b''"
	ask hello "tls:127.0.0.1:$PORT,starttls=imap"
	end_with 35 'something else'
	says silent "b''"
	ask hello "tls:127.0.0.1:$PORT,starttls=smtp,handshake-timeout=0.2"
	end_with 28 'handshake'
	says slow "bytes([x]) for x in b'220 m\r\n250 STARTTLS\r\n454 no\r\n'"
	ask hello "tls:127.0.0.1:$PORT,nodelay,starttls=smtp"
	end_with 35 '454 no'
}

@test "wrong protocols and places are refused before anything opens" {
	run sockcat - tls:127.0.0.1:1,starttls=gopher
	end_with 2 'smtp, imap, pop3.*\^~~~~~'
	run sockcat - tls-listen:0,cert=auto,starttls=imap
	end_with 2 'smtp and postgres'
	run sockcat - dtls:127.0.0.1:1,starttls=smtp
	end_with 2 'dtls does not take'
	run sockcat - tcp:127.0.0.1:1,starttls=smtp
	end_with 2 'these do: tls'
	run sockcat - starttls+tcp:127.0.0.1:1
	end_with 2 'an option of tls'
}
