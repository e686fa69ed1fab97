node_verb=restart
if cmp -s /etc/rollcall/node.json.new /etc/rollcall/node.json; then node_verb=start; fi
mv /etc/rollcall/node.json.new /etc/rollcall/node.json
command -v python3 >/dev/null || { apt-get -qq update && apt-get -qq -y install python3; } || { echo "rollcall-node needs python3" >&2 && exit 1; }
python3 -c 'import base64,sys,zlib;print(zlib.decompress(base64.b85decode(sys.stdin.read().strip())).decode(),end="")' >/usr/local/sbin/rollcall-node.new <<'ROLLCALL_NODE_AGENT'
@agent@
ROLLCALL_NODE_AGENT
if ! cmp -s /usr/local/sbin/rollcall-node.new /usr/local/sbin/rollcall-node; then node_verb=restart; fi
chmod 755 /usr/local/sbin/rollcall-node.new
mv /usr/local/sbin/rollcall-node.new /usr/local/sbin/rollcall-node
if [ -d /run/systemd/system ]; then
	cat >/etc/systemd/system/rollcall-node.service <<'ROLLCALL_UNIT'
[Unit]
Description=rollcall node agent
Wants=network-online.target
After=network.target network-online.target @after@

[Service]
ExecStart=/usr/local/sbin/rollcall-node run
ExecStop=/usr/local/sbin/rollcall-node deregister
Restart=on-failure
RestartSec=30
RestartPreventExitStatus=2
TimeoutStopSec=90

[Install]
WantedBy=multi-user.target
ROLLCALL_UNIT
	systemctl daemon-reload
	systemctl enable rollcall-node.service
	systemctl --no-block "$node_verb" rollcall-node.service
else
	cat >/etc/init.d/rollcall-node <<'ROLLCALL_INIT'
#!/bin/sh
### BEGIN INIT INFO
# Provides:          rollcall-node
# Required-Start:    $remote_fs $network $syslog
# Required-Stop:     $remote_fs $network $syslog
# Should-Start:      @should@
# Should-Stop:       @should@
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: keeps a healthy node in DNS
### END INIT INFO
agent=/usr/local/sbin/rollcall-node
pid=/run/rollcall-node.pid
up() { [ -s "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; }
case "$1" in
start)
	up && exit 0
	[ -x "$agent" ] || exit 5
	nohup "$agent" run </dev/null >/dev/null 2>&1 &
	echo $! >"$pid"
	;;
stop)
	rc=0
	[ ! -x "$agent" ] || "$agent" deregister || rc=1
	if up; then
		kill "$(cat "$pid")"
		for _ in 1 2 3 4 5 6 7 8 9 10; do if up; then sleep 1; fi; done
	fi
	rm -f "$pid"
	exit $rc
	;;
restart | force-reload)
	if up; then "$0" stop; fi
	"$0" start
	;;
status)
	if up; then
		echo "rollcall-node is running"
		exit 0
	fi
	echo "rollcall-node is not running"
	if [ -e "$pid" ]; then exit 1; fi
	exit 3
	;;
*)
	echo "usage: $0 start|stop|restart|force-reload|status" >&2
	exit 2
	;;
esac
ROLLCALL_INIT
	chmod 755 /etc/init.d/rollcall-node
	if command -v update-rc.d >/dev/null; then update-rc.d rollcall-node defaults; fi
	/etc/init.d/rollcall-node "$node_verb"
fi
