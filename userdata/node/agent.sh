command -v python3 >/dev/null || apt-get -qq -y install python3
base64 -d <<'ROLLCALL_NODE_AGENT' | gunzip >/usr/local/sbin/rollcall-node.new
@agent@
ROLLCALL_NODE_AGENT
chmod 755 /usr/local/sbin/rollcall-node.new
mv /usr/local/sbin/rollcall-node.new /usr/local/sbin/rollcall-node
if [ -d /run/systemd/system ]; then
	cat >/etc/systemd/system/rollcall-node.service <<'ROLLCALL_UNIT'
[Unit]
Description=rollcall node agent: keeps this node in DNS while it is healthy
Wants=network-online.target
After=network-online.target @after@

[Service]
ExecStart=/usr/local/sbin/rollcall-node run
ExecStop=/usr/local/sbin/rollcall-node deregister
Restart=on-failure
RestartSec=30
TimeoutStopSec=90

[Install]
WantedBy=multi-user.target
ROLLCALL_UNIT
	systemctl daemon-reload
	systemctl enable rollcall-node.service
	systemctl --no-block start rollcall-node.service
else
	cat >/etc/init.d/rollcall-node <<'ROLLCALL_INIT'
#!/bin/sh
### BEGIN INIT INFO
# Provides:          rollcall-node
# Required-Start:    $remote_fs $network $syslog
# Required-Stop:     $remote_fs $network $syslog
# Should-Start:      nginx
# Should-Stop:       nginx
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: keeps this node in DNS while it is healthy
### END INIT INFO
agent=/usr/local/sbin/rollcall-node
pid=/run/rollcall-node.pid
up() { [ -s "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; }
case "$1" in
start)
	up && exit 0
	nohup "$agent" run </dev/null >/dev/null 2>&1 &
	echo $! >"$pid"
	;;
stop)
	"$agent" deregister
	rc=$?
	up && kill "$(cat "$pid")"
	rm -f "$pid"
	exit $rc
	;;
restart | force-reload)
	"$0" stop
	"$0" start
	;;
status)
	if up; then echo "rollcall-node is running"; else
		echo "rollcall-node is not running"
		exit 3
	fi
	;;
*)
	echo "usage: $0 start|stop|restart|force-reload|status" >&2
	exit 2
	;;
esac
ROLLCALL_INIT
	chmod 755 /etc/init.d/rollcall-node
	if command -v update-rc.d >/dev/null; then update-rc.d rollcall-node defaults; fi
	/etc/init.d/rollcall-node start
fi
