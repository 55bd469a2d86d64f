# Past one machine: replicas behind a TCP load balancer, and the files in contrib/ that say
# so to systemd and Kubernetes.

load lib.bash

# replica NAME: reads PROXY headers, tells its name and the client's address, port and
# itself echoes; sets PORT.
replica() {
	start "$1" "$SOCKCAT" -d -d --ready-file="$1.ready" \
		proxyhdr+tcp-listen:0,bind=127.0.0.1,fork,proxy-from=127.0.0.0/8 \
		"system:echo $1 \$SOCKCAT_PEERADDR \$SOCKCAT_PEERPORT; exec cat"
	wait_until test -s "$1.ready"
	PORT=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$1.ready")
}

# balanced: three replicas, and haproxy in front of them at $FRONT
balanced() {
	local name servers=''

	need haproxy
	for name in one two three; do
		replica "$name"
		servers+="	server $name 127.0.0.1:$PORT send-proxy-v2
"
	done
	FRONT=$(free_port)
	printf '%s\n' global "	maxconn 64" defaults "	mode tcp" "	timeout connect 10s" \
		"	timeout client 60s" "	timeout server 60s" "	retries 3" "	option redispatch 1" \
		"listen front" "	bind 127.0.0.1:$FRONT" "	balance roundrobin" "$servers" >haproxy.cfg
	start haproxy haproxy -db -f haproxy.cfg
	wait_until port_answers "$FRONT"
}

# True once nothing listens at the port that the replica had.
not_listening() { ! port_answers "$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$1.ready")"; }

# client SOURCE-PORT: who answers, and as whom he knows the client.  It says something, as
# haproxy gives up on those who end before there is a connection behind it.
client() { timeout 20 "$SOCKCAT" - "tcp:127.0.0.1:$FRONT,sourceport=$1" <<<hello; }

@test "each replica hears of the clients' own addresses through the balancer" {
	balanced
	for i in 1 2 3 4 5 6; do
		port=$(free_port)
		run -0 client "$port"
		echo "$port: $output"
		[[ ${lines[0]} =~ ^(one|two|three)" 127.0.0.1 $port"$ ]]
		[ "${lines[1]}" = hello ]
		echo "${lines[0]}" >>answers
	done
	[ "$(cut -d ' ' -f 1 answers | sort -u | tr '\n' ' ')" = 'one three two ' ]
}

@test "a replica that is told to end finishes what it has, and new clients get the others" {
	local name

	balanced
	mkfifo hold
	start_in held hold "$SOCKCAT" - "tcp:127.0.0.1:$FRONT"
	exec 5>hold
	wait_out held '^(one|two|three) '
	name=$(cut -d ' ' -f 1 held.out)
	kill -TERM "$(cat "$name.pid")"
	wait_until not_listening "$name"
	for i in 1 2 3 4 5 6; do
		run -0 client "$(free_port)"
		[[ $output =~ ^(one|two|three)" " && $output != "$name "* ]]
	done
	echo 'still here' >&5
	wait_out held '^still here$'
	exec 5>&-
	finish held
	[ "$status" = 0 ]
	finish "$name"
	[ ! -e "$name.ready" ]
}

@test "replicas on one machine share a port, and may go one by one" {
	PORT=$(free_port)
	for name in one two; do
		start "$name" "$SOCKCAT" -d -d --ready-file="$name.ready" \
			"tcp4-listen:$PORT,bind=127.0.0.1,fork,so-reuseport" "system:echo $name"
		wait_until test -s "$name.ready"
	done
	both_answer() { timeout 20 "$SOCKCAT" -u "tcp:127.0.0.1:$PORT" - >>answers && [ "$(sort -u answers | wc -l)" = 2 ]; }
	wait_until both_answer
	stop one
	for i in 1 2 3 4 5; do
		run -0 timeout 20 "$SOCKCAT" -u "tcp:127.0.0.1:$PORT" -
		[ "$output" = two ]
	done
}

@test "systemd has nothing to say against the units" {
	need systemd-analyze
	mkdir units
	printf '[Service]\nExecStart=%s\n' "$(command -v true)" >units/plain.service
	systemd-analyze verify --man=no units/plain.service || skip "systemd-analyze does not work here"
	for unit in "$SOURCE_DIR"/contrib/systemd/*; do
		sed "s|/usr/bin/sockcat|$(command -v true)|" "$unit" >"units/$(basename "$unit")"
	done
	run -0 systemd-analyze verify --man=no units/sockcat@web.service units/sockcat@web.socket \
		units/sockcat-replica@1.service
	[[ $output != *units/* && $output != *sockcat* ]]
}

# args: the container's arguments in the manifest, a line each
args() {
	python3 -c '
import sys, yaml
for d in yaml.safe_load_all(open(sys.argv[1])):
    if d["kind"] == "Deployment":
        print(*d["spec"]["template"]["spec"]["containers"][0]["args"], sep="\n")' \
		"$SOURCE_DIR/contrib/kubernetes/sockcat.yaml"
}

@test "the manifest is YAML, its parts fit, and its command line is understood" {
	need python3
	python3 -c 'import yaml' 2>/dev/null || skip "python3-yaml is not installed"
	python3 - "$SOURCE_DIR/contrib/kubernetes/sockcat.yaml" <<-'END'
		import sys, yaml
		parts = {d["kind"]: d for d in yaml.safe_load_all(open(sys.argv[1]))}
		pod = parts["Deployment"]["spec"]["template"]
		box = pod["spec"]["containers"][0]
		labels = pod["metadata"]["labels"]
		assert parts["Deployment"]["spec"]["selector"]["matchLabels"] == labels
		assert parts["Service"]["spec"]["selector"] == labels
		assert parts["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
		assert parts["Service"]["spec"]["ports"][0]["targetPort"] == box["ports"][0]["name"]
		assert "tcp-listen:%d," % box["ports"][0]["containerPort"] in " ".join(box["args"])
		ready = box["readinessProbe"]["exec"]["command"][-1]
		assert "--ready-file=" + ready in box["args"]
		assert ready.startswith(box["volumeMounts"][0]["mountPath"] + "/")
		grace = pod["spec"]["terminationGracePeriodSeconds"]
		assert grace > int(box["lifecycle"]["preStop"]["exec"]["command"][-1])
	END
	mapfile -t words < <(args)
	[ "${#words[@]}" = 4 ]
	run -0 "$SOCKCAT" --explain "${words[@]:2}"
}

@test "the manifest's liveness probe is answered by a relay as it is started there" {
	python3 -c 'import yaml' 2>/dev/null || skip "python3-yaml is not installed"
	listen backend proxyhdr+tcp-listen:0,bind=127.0.0.1,fork pipe
	backend=$PORT
	front=$(free_port)
	mapfile -t words < <(args)
	words=("${words[@]/\/run\/sockcat\/ready/ready}")
	words=("${words[@]/tcp-listen:8080/tcp-listen:$front}")
	words=("${words[@]/backend.default.svc.cluster.local:8080/127.0.0.1:$backend}")
	start server "$SOCKCAT" "${words[@]}"
	wait_until test -f ready
	run -0 timeout 20 "$SOCKCAT" --probe "proxyhdr+tcp:127.0.0.1:$front"
	run -0 timeout 20 "$SOCKCAT" - "proxyhdr+tcp:127.0.0.1:$front" <<<hello
	[ "$output" = hello ]
	wait_for server '"event":"close"'
	stop server
	[ ! -e ready ]
}
