# What an address makes of the whole process: user, root, session, and where its
# sockets are.

bats_require_minimum_version 1.5.0

load lib.bash

NOBODY=65534

teardown() {
	[ -z "${NETNS:-}" ] || ip netns del "$NETNS" || :
	lib_teardown
}

id_of() { awk -v what="$2:" '$1 == what { print $2, $3, $4 }' "/proc/$(cat "$1.pid")/status"; }
nobody_is_user_of() { [ "$(id_of "$1" Uid)" = "$NOBODY $NOBODY $NOBODY" ]; }
# setpriv runs the program itself: only it gets into directories that are closed to nobody.
as_nobody() { timeout 20 setpriv --reuid=$NOBODY --regid=$NOBODY --clear-groups "$@"; }
root_of() { readlink "/proc/$(cat "$1.pid")/root"; }

need_nobody() {
	need_root
	need setpriv
	[ "$(id -u nobody 2>/dev/null)" = $NOBODY ] || skip "nobody is not $NOBODY here"
	[ -r /proc/self/status ] || skip "no /proc here"
	chmod 755 .
}

# A root of its own.  The check for leaks wants /proc, which is not there.
new_root() {
	need_root
	mkdir jail
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
}

# A network of its own, with nothing but a loopback interface.
new_network() {
	need_root
	need ip
	ip netns add "sockcat-$$" 2>/dev/null || skip "no network namespaces here"
	NETNS=sockcat-$$
	ip netns exec "$NETNS" ip link set lo up
}

# --- the user ---------------------------------------------------------------------

@test "su acts on a listener once it is bound, before anybody comes" {
	need_nobody
	listen one tcp4-listen:0,bind=127.0.0.1,su=nobody,fork pipe
	wait_until nobody_is_user_of one
	[ "$(id_of one Gid)" = "$(id -g nobody) $(id -g nobody) $(id -g nobody)" ]
	[ "$(awk '$1 == "Groups:" { print $2 }' "/proc/$(cat one.pid)/status")" = "$(id -G nobody)" ]
	for _ in 1 2 3; do
		run "$SOCKCAT" - tcp:127.0.0.1:"$PORT" <<<"still here"
		[ "$output" = "still here" ]
	done
}

@test "a listener that serves one client changes while it waits for it" {
	need_nobody
	# shellcheck disable=SC2016 # that is the program's variable
	listen one tcp4-listen:0,bind=127.0.0.1,su=nobody 'system:id -u; echo $USER'
	wait_until nobody_is_user_of one
	run "$SOCKCAT" -u tcp:127.0.0.1:"$PORT" -
	[ "$output" = $'65534\nnobody' ]
}

@test "a port that only root may have is bound before su" {
	need_nobody
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 1000 ] || skip "anybody may have it"
	new_network
	start one "$SOCKCAT" -d -d tcp4-listen:80,netns="$NETNS",fork,su=nobody pipe
	wait_for one 'listening on .*:80'
	wait_until nobody_is_user_of one
}

@test "the other address of a server acts before the first client, too" {
	need_nobody
	listen one tcp4-listen:0,bind=127.0.0.1,fork tcp:127.0.0.1:1,setuid=$NOBODY
	wait_until nobody_is_user_of one
}

@test "what has been opened before stays usable after su" {
	need_nobody
	echo kept >in
	chmod 600 in
	run "$SOCKCAT" -u open:in,su=nobody -
	[ "$output" = kept ]
	run "$SOCKCAT" -u -,su=nobody create:new <in
	[ "$status" = 23 ]
	[[ "$output" == *"permission denied"* ]]
}

@test "pipes at both ends are relayed after su" {
	need_nobody
	random_file 300000 in
	# shellcheck disable=SC2002 # a pipe is what this is about
	cat in | "$SOCKCAT" -,su=nobody system:'cat; id -u >&2' 2>user | cat >out
	same in out
	[ "$(cat user)" = $NOBODY ]
}

@test "su-early and its kin act before the address is opened" {
	need_nobody
	echo secret >in
	chmod 600 in
	for option in su-e=nobody setuid-early=$NOBODY; do
		run "$SOCKCAT" -u open:in,"$option" -
		[ "$status" = 26 ]
		[[ "$output" == *"permission denied"* ]]
	done
	run "$SOCKCAT" -u 'system:id -g,setgid-early=12' -
	[ "$output" = 12 ]
	run "$SOCKCAT" -u 'system:id -u; id -g,su-e=nobody' -
	[ "${lines[0]}" = $NOBODY ]
}

@test "who may not become another is told so before anybody comes" {
	need_nobody
	for option in su=root setuid=0 setgid=0 chroot=/ su-e=root chroot-early=/; do
		run as_nobody "$SOCKCAT" tcp4-listen:0,fork,"$option" pipe
		[ "$status" = 1 ]
		[[ "$output" == *"tcp4-listen:0,fork,$option: cannot change"*"not permitted"* ]]
		run as_nobody "$SOCKCAT" tcp4-listen:0,"$option" pipe
		[ "$status" = 1 ]
		run as_nobody "$SOCKCAT" tcp4-listen:0,fork tcp:127.0.0.1:1,"$option"
		[ "$status" = 1 ]
	done
}

@test "what one may not become is not tried again" {
	need_nobody
	listen server tcp-listen:0,fork pipe
	local to=tcp:127.0.0.1:$PORT again=forever,interval=0.02
	for addresses in "tcp4-listen:0,su=root,$again pipe" "$to,setuid=0,$again -" \
		"tcp4-listen:0,fork,su=root,$again pipe" "tcp4-listen:0,fork,$again $to,setuid=0"; do
		# shellcheck disable=SC2086 # two words
		run as_nobody "$SOCKCAT" $addresses </dev/null
		echo "$addresses: $status: $output"
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
		[[ "$output" == *"cannot change user or group"* ]]
	done
}

@test "whom one already is one may become" {
	need_nobody
	echo same >in
	run as_nobody "$SOCKCAT" -u open:in,setuid=$NOBODY,setgid=$NOBODY -
	[ "$output" = same ]
}

# --- the root ---------------------------------------------------------------------

@test "chroot and su act together, the user being known from before" {
	need_nobody
	new_root
	listen one tcp4-listen:0,bind=127.0.0.1,fork,chroot=jail,su-d=nobody pipe
	wait_until nobody_is_user_of one
	[ "$(root_of one)" = "$PWD/jail" ]
	run "$SOCKCAT" - tcp:127.0.0.1:"$PORT" <<<through
	[ "$output" = through ]
}

@test "chroot-early changes what the address finds" {
	new_root
	echo inside >jail/file
	run "$SOCKCAT" -u open:/file,chroot-early=jail -
	[ "$output" = inside ]
	run "$SOCKCAT" -u open:/file,chroot-early=missing -
	[ "$status" = 1 ]
	[[ "$output" == *"cannot change the root directory to missing"* ]]
}

@test "a change of the root happens once, however many sessions there are" {
	new_root
	echo inside >jail/file
	listen one -U tcp4-listen:0,bind=127.0.0.1,fork open:/file,chroot-early=jail
	for _ in 1 2 3; do
		run "$SOCKCAT" -u tcp:127.0.0.1:"$PORT" -
		[ "$output" = inside ]
	done
}

@test "a UNIX socket is removed at the end though the root has changed" {
	new_root
	start one "$SOCKCAT" -d -d unix-listen:sock,fork,chroot=jail pipe
	wait_for one 'listening on'
	[ -S sock ]
	stop one
	[ ! -e sock ]
}

@test "a UNIX socket that may not be removed after su is left without a word" {
	need_nobody
	start one "$SOCKCAT" -d -d unix-listen:sock,fork,su=nobody pipe
	wait_for one 'listening on'
	wait_until nobody_is_user_of one
	stop one
	[ -S sock ]
	run ! grep -q denied one.err
}

# --- the session ------------------------------------------------------------------

@test "setsid gives the process a session of its own" {
	need python3
	run python3 -c "
import os, subprocess, sys
p = subprocess.run([os.environ['SOCKCAT'], '-u', 'system:ps -o sid= -p \$PPID; echo \$PPID', '-,setsid'],
                   stdout=subprocess.PIPE)
sid, pid = p.stdout.split()
print(sid == pid)"
	[ "$output" = True ] || skip "the program was started as leader of a group"
}

@test "a job of a shell is told that it cannot have one" {
	need python3
	run python3 -c "
import os
os.setpgid(0, 0)
os.execv(os.environ['SOCKCAT'], ['sockcat', '-u', '/dev/null,setsid', '-'])"
	[ "$status" = 1 ]
	[[ "$output" == *"setsid(1)"* ]]
}

# --- the network ------------------------------------------------------------------

@test "netns makes the sockets there and nothing else" {
	new_network
	listen one tcp4-listen:0,netns="$NETNS",fork system:'echo found'
	run "$SOCKCAT" - tcp:127.0.0.1:"$PORT"
	[ "$status" = 7 ]
	run "$SOCKCAT" - tcp:127.0.0.1:"$PORT",netns="$NETNS"
	[ "$output" = found ]
	run "$SOCKCAT" - tcp:127.0.0.1:"$PORT",netns=/run/netns/"$NETNS",su=nobody
	[ "$output" = found ]
}

@test "datagrams find their way through a network namespace" {
	new_network
	listen one udp4-listen:0,netns="$NETNS",fork pipe
	for type in udp udp-sendto; do
		run timeout 10 "$SOCKCAT" -t 1 - "$type:127.0.0.1:$PORT,netns=$NETNS" <<<here
		[ "$output" = here ]
	done
}

@test "a program runs in its network namespace" {
	new_network
	run "$SOCKCAT" -u "system:readlink /proc/self/ns/net,netns=$NETNS" -
	[ "$output" = "$(ip netns exec "$NETNS" readlink /proc/self/ns/net)" ]
}

@test "a network namespace that is not there, or not for us, is named" {
	need_nobody
	run "$SOCKCAT" - tcp:127.0.0.1:1,netns=missing
	[ "$status" = 1 ]
	[[ "$output" == *"network namespace missing: no such file"* ]]
	run "$SOCKCAT" - system:id,netns=missing
	[ "$status" = 1 ]
	new_network
	run as_nobody "$SOCKCAT" - tcp:127.0.0.1:1,netns="$NETNS"
	[ "$status" = 1 ]
	[[ "$output" == *"not permitted"* ]]
}
