#!/usr/bin/env bats
# Multicast and broadcast, all on the loopback interface.

load lib.bash

need_multicast() {
	need python3
	python3 -c '
import socket
r = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
r.bind(("", 0))
r.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
             socket.inet_aton("239.255.7.7") + socket.inet_aton("127.0.0.1"))
r.settimeout(1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
s.sendto(b"x", ("239.255.7.7", r.getsockname()[1]))
r.recv(10)' 2>/dev/null || skip "no multicast on the loopback interface"
}

@test "a member of a group receives what is sent to it" {
	need_multicast
	listen member -u udp4-recv:0,ip-add-membership=239.255.7.7:127.0.0.1 -
	printf hello | sockcat -u - udp4-datagram:239.255.7.7:"$PORT",ip-multicast-if=127.0.0.1
	wait_out member hello
}

@test "two members of one group share a port, and both answers come back" {
	need_multicast
	group=239.255.7.7:127.0.0.1
	listen one udp4-recvfrom:0,reuseaddr,ip-add-membership=$group exec:'echo one'
	listen two udp4-recvfrom:"$PORT",reuseaddr,ip-add-membership=$group exec:'echo two'
	printf who | sockcat - udp4-datagram:239.255.7.7:"$PORT",ip-multicast-if=127.0.0.1 >answers
	[ "$(sort answers | tr '\n' ' ')" = "one two " ]
}

@test "peers of a group talk through udp4-datagram" {
	need_multicast
	PORT=$(free_port)
	address=udp4-datagram:239.255.7.7:$PORT,bind=:$PORT,reuseaddr,ip-add-membership=239.255.7.7:127.0.0.1,ip-multicast-if=127.0.0.1
	start listener "$SOCKCAT" -d -d -u "$address" -
	wait_for listener 'starting data transfer'
	printf 'to all' | sockcat -u - "$address"
	wait_out listener 'to all'
}

@test "a listener answers a multicast from an address of its own" {
	need_multicast
	listen server udp4-recvfrom:0,fork,ip-add-membership=239.255.7.7:127.0.0.1 exec:cat
	printf who | sockcat - udp4-datagram:239.255.7.7:"$PORT",ip-multicast-if=127.0.0.1 >answer
	[ "$(cat answer)" = who ]
}

@test "IPv6 multicast on the loopback interface" {
	need_ip6
	need python3
	listen member -u "udp6-recv:0,ipv6-join-group=[ff01::7:7]:lo" -
	printf hello | sockcat -u - "udp6-datagram:[ff01::7:7%lo]:$PORT" ||
		skip "no IPv6 multicast on the loopback interface"
	wait_out member hello
}

@test "broadcast needs broadcast, and works with it" {
	listen server -u udp4-recv:0 -
	run sh -c "printf x | '$SOCKCAT' -u - udp4-datagram:127.255.255.255:$PORT"
	[ "$status" -eq 55 ]
	printf loud | sockcat -u - udp4-datagram:127.255.255.255:"$PORT",broadcast
	wait_out server loud
}
