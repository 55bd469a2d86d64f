# Certificates for tls.bats, and openssl and GnuTLS as peers.
# shellcheck shell=bash

# new_key NAME: NAME.key
new_key() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null
}

# authority NAME: NAME.crt, NAME.key, which may sign others
authority() {
	new_key "$1"
	openssl req -x509 -new -key "$1.key" -out "$1.crt" -days 30 -subj "/CN=authority $1" \
		-addext basicConstraints=critical,CA:TRUE 2>/dev/null
}

# certificate NAME SUBJECT NAMES [AUTHORITY]: NAME.pem holds certificate and
# key; NAMES is a subjectAltName, or empty; without an authority it signs itself.
certificate() {
	local name=$1 subject=$2 names=$3 by=${4:-}

	new_key "$name"
	openssl req -new -key "$name.key" -out "$name.csr" -subj "$subject" 2>/dev/null
	echo "basicConstraints=CA:FALSE" >"$name.ext"
	[ -z "$names" ] || echo "subjectAltName=$names" >>"$name.ext"
	if [ -n "$by" ]; then
		set -- -CA "$by.crt" -CAkey "$by.key" -CAcreateserial
	else
		set -- -signkey "$name.key"
	fi
	openssl x509 -req -in "$name.csr" -out "$name.crt" -days 30 \
		-extfile "$name.ext" "$@" 2>/dev/null
	cat "$name.crt" "$name.key" >"$name.pem"
}

# dated NAME START END: NAME.pem for localhost, signed by ca, good between the two
# dates (YYYYMMDD)
dated() {
	certificate "$1" "/CN=$1" "" ca
	printf '%s\n' '[ca]' 'default_ca=x' '[x]' "database=$1.txt" "new_certs_dir=." \
		"default_md=sha256" "policy=p" "rand_serial=yes" "x509_extensions=e" \
		'[p]' 'commonName=supplied' '[e]' 'subjectAltName=DNS:localhost' >"$1.cnf"
	: >"$1.txt"
	openssl ca -batch -notext -config "$1.cnf" -cert ca.crt -keyfile ca.key -in "$1.csr" \
		-startdate "${2}000000Z" -enddate "${3}000000Z" -out "$1.crt" 2>/dev/null
	cat "$1.crt" "$1.key" >"$1.pem"
}

# All that the tests use, once per file.
certificates() {
	cd "$BATS_FILE_TMPDIR" || return 1
	authority ca
	authority stranger
	certificate server "/O=Acme/CN=server.example" \
		"DNS:localhost,IP:127.0.0.1,IP:::1" ca
	certificate other "/CN=other.example" "DNS:other.example" ca
	certificate wild "/CN=wild" "DNS:*.example.test" ca
	certificate named "/CN=localhost" "" ca
	certificate fakeip "/CN=x" "DNS:127.0.0.1" ca
	dated expired 20200101 20210203
	dated future 20440101 20450101
	certificate self "/CN=localhost" "DNS:localhost"
	certificate client "/C=DE/O=Acme/OU=One/OU=Two/CN=client.example" \
		"DNS:client.example,DNS:second.example" ca
	certificate outsider "/CN=client.example" "DNS:client.example" stranger
	openssl pkey -in server.key -aes128 -passout pass:secret -out locked.key 2>/dev/null
	mkdir -p folder && cp ca.crt folder/ && openssl rehash folder
}

# pin_of FILE: in hexadecimal digits
pin_of() {
	openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER 2>/dev/null |
		openssl dgst -sha256 -r | sed 's/^\([0-9a-f]*\).*/sha256:\1/'
}

# pin64_of FILE: the same as curl writes it
pin64_of() {
	openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER 2>/dev/null |
		openssl dgst -sha256 -binary | openssl base64 | sed 's|^|sha256//|'
}

# s_server NAME ARGS...: openssl's server with the certificate "server"; sets PORT
s_server() {
	local name=$1
	shift
	start "$name" openssl s_server -accept 0 -cert "$C/server.pem" "$@"
	wait_out "$name" '^ACCEPT .*:[0-9]+' || return 1
	PORT=$(sed -n 's/^ACCEPT .*:\([0-9][0-9]*\)$/\1/p' "$name.out" | head -n 1)
}

# echo_server NAME OPTIONS: sends back what it gets, until it gets an end
echo_server() { listen "$1" "tls-listen:0,bind=127.0.0.1,cert=$C/server.pem${2:+,$2}" pipe; }

# chat NAME CMD...: a peer that gets one line, and the end only after its answer
chat() {
	local name=$1
	shift
	mkfifo "$name.in"
	start_in "$name" "$name.in" "$@"
	exec 8>"$name.in"
	echo hello >&8
	wait_out "$name" 'hello|olleh' || return 1
	exec 8>&-
}

# ask TEXT ADDRESS...: one line through it, the answer in $output
ask() {
	local text=$1
	shift
	run timeout 20 "$SOCKCAT" - "$@" < <(printf '%s\n' "$text")
}

# end_with CODE REGEX: of the last run
end_with() {
	[ "$status" -eq "$1" ] && [[ $output =~ $2 ]] && return 0
	echo "status $status (not $1) or no \"$2\" in: $output"
	return 1
}
