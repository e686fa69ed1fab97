---
name: world-dnssd
help: a node of a DNS-SD service in the embedded clouds
agent: dns-sd
variables: []
---
#!/bin/sh
# A node of a DNS-SD service in the embedded clouds, which play its agent.
set -eu
# rollcall: values

# rollcall: agent
