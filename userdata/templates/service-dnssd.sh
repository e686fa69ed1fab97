---
name: service-dnssd
help: a node of a DNS-SD service, any with a port and a health check; nginx is the example (Debian or Ubuntu, EC2 or Triton)
agent: dns-sd
variables:
  - name: packages
    type: string
    default: nginx
    pattern: "[a-z0-9][a-z0-9.+-]*( [a-z0-9][a-z0-9.+-]*)*"
    help: packages to install, with blanks between them
  - name: unit
    type: string
    default: nginx.service
    pattern: "[A-Za-z0-9@_:-]+\\.service"
    help: systemd unit of the service
  - name: greeting
    type: string
    default: Hello from
    help: what the page of nginx says before the node's name
---
#!/bin/sh
# A node of a DNS-SD service; nginx gets a page that says which node answered.
# It may run again, as at every boot.
set -eu
export DEBIAN_FRONTEND=noninteractive
# rollcall: values

# --- the machine and its service ---
# shellcheck disable=SC2086 # one word for each package
for try in 1 2 3 4 5; do
	if dpkg -s $packages >/dev/null 2>&1; then break; fi
	if apt-get -qq update && apt-get -qq -y install $packages; then break; fi
	[ "$try" -lt 5 ] || exit 1
	sleep $((try * 5))
done
if command -v nginx >/dev/null; then
	id=$(mdata-get sdc:uuid 2>/dev/null || cloud-init query instance_id 2>/dev/null || hostname)
	esc() { printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }
	mkdir -p /var/www/html /etc/nginx/sites-enabled
	printf '<!doctype html><title>%s</title><h1>%s %s</h1><p>%s\n' \
		"$(esc "$service")" "$(esc "$greeting")" "$(esc "$(hostname)")" "$(esc "$id")" >/var/www/html/index.html
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
fi
if [ -d /run/systemd/system ]; then
	systemctl enable "$unit"
	systemctl --no-block restart "$unit"
else
	service "${unit%.service}" restart
fi

# rollcall: agent
