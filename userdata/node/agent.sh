node_verb=restart
if cmp -s /etc/rollcall/node.json.new /etc/rollcall/node.json; then node_verb=start; fi
mv /etc/rollcall/node.json.new /etc/rollcall/node.json
command -v python3 >/dev/null || { apt-get -qq update && apt-get -qq -y install python3; } || { echo "rollcall-node needs python3" >&2 && exit 1; }
node_bin=/usr/local/sbin/rollcall-node
python3 -c 'import base64,sys,zlib;print(zlib.decompress(base64.b85decode(sys.stdin.read().strip())).decode(),end="")' >"$node_bin.new" <<'ROLLCALL_NODE_AGENT'
@agent@
ROLLCALL_NODE_AGENT
if ! cmp -s "$node_bin.new" "$node_bin"; then node_verb=restart; fi
chmod 755 "$node_bin.new"
mv "$node_bin.new" "$node_bin"
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
# Provides: rollcall-node
# Required-Start: $remote_fs $network $syslog
# Required-Stop: $remote_fs $network $syslog
# Should-Start: @should@
# Should-Stop: @should@
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
# Short-Description: keeps a healthy node in DNS
### END INIT INFO
ROLLCALL_INIT
	"$node_bin" sysv >>/etc/init.d/rollcall-node
	chmod 755 /etc/init.d/rollcall-node
	if command -v update-rc.d >/dev/null; then update-rc.d rollcall-node defaults; fi
	/etc/init.d/rollcall-node "$node_verb"
fi
