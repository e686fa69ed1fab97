command -v python3 >/dev/null || { apt-get -qq update && apt-get -qq -y install python3; }
cat >/usr/local/sbin/rollcall-node.new <<'ROLLCALL_NODE_AGENT'
@agent@
ROLLCALL_NODE_AGENT
# Put it in place and start it.
(
set -eu
agent=/usr/local/sbin/rollcall-node
verb=restart
cd /etc/rollcall
if cmp -s node.json.new node.json && cmp -s "$agent.new" "$agent"; then verb=start; fi
mv node.json.new node.json
chmod 755 "$agent.new"
mv "$agent.new" "$agent"
@init@
cat >/etc/systemd/system/rollcall-node.service <<E
[Unit]
Description=rollcall node agent
Wants=network-online.target
After=network.target network-online.target @after@
[Service]
ExecStartPre=/bin/rm -f /run/rollcall-node/left
ExecStart=$agent run
ExecStop=$agent deregister
Restart=on-failure
RestartSec=30
RestartPreventExitStatus=2
TimeoutStopSec=90
[Install]
WantedBy=multi-user.target
E
systemctl daemon-reload
systemctl enable rollcall-node.service
systemctl --no-block $verb rollcall-node.service
)
