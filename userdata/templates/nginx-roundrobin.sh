---
name: nginx-roundrobin
help: nginx behind a round-robin name, with a page that names the node (Debian or Ubuntu, EC2 or Triton)
agent: round-robin
after: nginx.service
variables:
  - name: greeting
    type: string
    default: Hello from
    help: what the page says before the node's name
---
#!/bin/sh
# A node of a round-robin name: nginx, with a page that says which node answered.
# Running it again changes nothing, so it can stand where a cloud runs it at every boot.
set -eu
export DEBIAN_FRONTEND=noninteractive
# rollcall: values

# --- the machine and its service ---
if ! command -v nginx >/dev/null; then
	for try in 1 2 3 4 5; do
		if apt-get -qq update && apt-get -qq -y install nginx; then break; fi
		[ "$try" -lt 5 ] || { echo "nginx cannot be installed" >&2 && exit 1; }
		sleep $((try * 5))
	done
fi
id=$(mdata-get sdc:uuid 2>/dev/null || cloud-init query instance_id 2>/dev/null || hostname)
esc() { printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }
mkdir -p /var/www/html /etc/nginx/sites-enabled
printf '<!doctype html><title>%s</title><h1>%s %s</h1><p>%s, %s\n' \
	"$(esc "$service")" "$(esc "$greeting")" "$(esc "$(hostname)")" "$(esc "$id")" "$(esc "$service")" >/var/www/html/index.html
six=
if [ -e /proc/net/if_inet6 ]; then six="listen [::]:$port default_server;"; fi
rm -f /etc/nginx/sites-enabled/default
cat >/etc/nginx/sites-enabled/default <<NGINX
server {
	listen $port default_server;
	$six
	root /var/www/html;
	add_header X-Node "$(hostname)" always;
}
NGINX
nginx -t
if [ -d /run/systemd/system ]; then
	systemctl enable nginx.service
	systemctl --no-block restart nginx.service
else
	service nginx restart
fi

# rollcall: agent
