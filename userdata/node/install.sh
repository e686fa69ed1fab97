# --- the rollcall node agent ---
mkdir -p /etc/rollcall
(umask 077 && cat >/etc/rollcall/node.json.new) <<'ROLLCALL_NODE_CONFIG'
@config@
ROLLCALL_NODE_CONFIG
