# A machine without systemd has an init script, to which nginx.service is nginx (LSB).
if [ ! -d /run/systemd/system ]; then
cat >/etc/init.d/rollcall-node <<E
#!/bin/sh
### BEGIN INIT INFO
# Provides: rollcall-node
# Required-Start: \$remote_fs \$network \$syslog
# Required-Stop: \$remote_fs \$network \$syslog
# Should-Start: @service@
# Should-Stop: @service@
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
# Short-Description: keeps a healthy node in DNS
### END INIT INFO
agent=$agent
E
cat >>/etc/init.d/rollcall-node <<'E'
pid=/run/rollcall-node.pid
up() { [ -s "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; }
case "$1" in
start)
	up && exit 0
	[ -x "$agent" ] || exit 5
	rm -f /run/rollcall-node/left
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
	if up; then exit 0; fi
	if [ -e "$pid" ]; then exit 1; fi
	exit 3
	;;
*)
	exit 2
	;;
esac
E
chmod 755 /etc/init.d/rollcall-node
if command -v update-rc.d >/dev/null; then update-rc.d rollcall-node defaults; fi
/etc/init.d/rollcall-node $verb
exit
fi
