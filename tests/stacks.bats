# Every layer on every transport that can carry it, and layers on layers: the same
# bytes at both far ends, and the longer direction goes on when the shorter one has
# ended.

load lib.bash
load tls.bash

TRANSPORTS="tcp4 tcp6 unix exec"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	head -c 300001 /dev/urandom >long
	head -c 70001 /dev/urandom >short
	! has_tls || certificate both "/CN=both" "DNS:localhost" ""
}

# The options of a layer, for the client's side or the server's.
options_of() {
	case $1.$2 in
	tls.client) echo "cafile=$BATS_FILE_TMPDIR/both.crt commonname=localhost" ;;
	tls.server) echo "cert=$BATS_FILE_TMPDIR/both.pem" ;;
	shape.*) echo "chop=1..700 seed=7" ;;
	frame.*) echo "frame=len16" ;;
	esac
}

# stack ROLE "tls ws tls": "tls+ws+tls" in $STACK, and in $OPTIONS what each member
# needs, called by its place among those of its name.
stack() {
	local role=$1 layer option
	local -A seen=()
	STACK='' OPTIONS=''
	for layer in $2; do
		STACK+=$layer+
		seen[$layer]=$((${seen[$layer]:-0} + 1))
		for option in $(options_of "$layer" "$role"); do
			OPTIONS+=",$layer${seen[$layer]}.$option"
		done
	done
}

# between TRANSPORT: where the server listens, and where the client finds it once
# the server runs
server_address() {
	case $1 in
	tcp4) echo tcp4-listen:0,bind=127.0.0.1 ;;
	tcp6) echo 'tcp6-listen:0,bind=[::1]' ;;
	unix | exec | slow) echo "unix-listen:$PWD/socket" ;;
	esac
}

client_address() {
	case $1 in
	tcp4) echo "tcp4:127.0.0.1:$PORT" ;;
	tcp6) echo "tcp6:[::1]:$PORT" ;;
	unix) echo "unix-connect:$PWD/socket" ;;
	exec) echo "exec:'\"$SOCKCAT\" - unix-connect:$PWD/socket'" ;;
	slow) echo "exec:'\"$SOCKCAT\" - shape+unix-connect:$PWD/socket\\,latency=300ms'" ;;
	esac
}

# carries "LAYER LAYER..." TRANSPORT UP DOWN: the client sends UP, the server DOWN.
carries() {
	local layers=$1 transport=$2 up=$3 down=$4
	rm -f got-up got-down socket
	stack server "$layers"
	listen server "$STACK$(server_address "$transport")$OPTIONS" \
		"open:$BATS_FILE_TMPDIR/$down,rdonly!!create:got-up"
	stack client "$layers"
	start client "$SOCKCAT" "open:$BATS_FILE_TMPDIR/$up,rdonly!!create:got-down" \
		"$STACK$(client_address "$transport")$OPTIONS"
	finish client
	[ "$status" = 0 ] && finish server && [ "$status" = 0 ] &&
		same got-up "$BATS_FILE_TMPDIR/$up" && same got-down "$BATS_FILE_TMPDIR/$down" &&
		return 0
	echo "$layers over $transport, $up up, $down down: status $status"
	show_logs
	return 1
}

available() {
	local layer
	for layer in $1; do
		[ "$layer" != tls ] || has_tls || return 1
	done
}

carry_everywhere() {
	local transport
	available "$1" || skip "built without OpenSSL"
	for transport in ${2:-$TRANSPORTS}; do
		case $transport in
		tcp6) (need_ip6) >/dev/null || continue ;;
		esac
		carries "$1" "$transport" long short || return 1
		carries "$1" "$transport" short long || return 1
	done
}

# Without OpenSSL the stacks that have TLS in them are passed over.
carry_all() {
	local layers
	for layers in "$@"; do
		! available "$layers" || carry_everywhere "$layers" tcp4 || return 1
	done
}

# on LAYER: the layer on each one that carries a stream, itself included.
on() {
	local below stacks=()
	for below in tls ws proxyhdr shape hexdump; do
		stacks+=("$1 $below")
	done
	carry_all "${stacks[@]}"
}

@test "tls on every transport" { carry_everywhere tls; }
@test "ws on every transport" { carry_everywhere ws; }
@test "proxyhdr on every transport" { carry_everywhere proxyhdr; }
@test "frame on every transport" { carry_everywhere frame; }
@test "shape on every transport" { carry_everywhere shape; }
@test "hexdump on every transport" { carry_everywhere hexdump; }

@test "tls on every layer" { on tls; }
@test "ws on every layer" { on ws; }
@test "proxyhdr on every layer" { on proxyhdr; }
@test "frame on every layer" { on frame; }
@test "shape on every layer" { on shape; }

@test "three layers deep" {
	carry_all "tls tls tls" "ws tls ws" "tls ws tls" "frame ws tls" "frame tls shape" \
		"shape tls proxyhdr" "proxyhdr tls ws" "ws shape tls" "hexdump frame tls"
}

@test "tls in tls on every transport" { carry_everywhere "tls tls"; }

@test "a program below a layer may take its time with the last bytes" {
	local layer
	for layer in tls ws proxyhdr frame hexdump; do
		! available $layer || carries $layer slow long short
	done
}

@test "layers through proxies, one behind the other" {
	local chain
	need_tls
	listen target "tls-listen:0,bind=127.0.0.1,fork,cert=$BATS_FILE_TMPDIR/both.pem" pipe
	local to=127.0.0.1:$PORT
	listen proxy tcp-listen:0,bind=127.0.0.1,fork socks-server,allow=127.0.0.1
	local by=127.0.0.1:$PORT
	for chain in socks4 socks4a socks5 connect; do
		"$SOCKCAT" - "tls+$chain+tcp:$by:$to,cafile=$BATS_FILE_TMPDIR/both.crt,commonname=localhost" \
			<"$BATS_FILE_TMPDIR/long" >got
		same got "$BATS_FILE_TMPDIR/long"
	done
	for chain in socks5+connect connect+socks4 socks4a+socks5; do
		"$SOCKCAT" - "tls+$chain+tcp:$by:$by:$to,cafile=$BATS_FILE_TMPDIR/both.crt,commonname=localhost" \
			<"$BATS_FILE_TMPDIR/long" >got
		same got "$BATS_FILE_TMPDIR/long"
	done
}
