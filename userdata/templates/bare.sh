---
name: bare
help: the agent alone, for images that bring their service with them (EC2 or Triton)
agent: any
variables:
  - name: unit
    type: string
    example: myservice.service
    pattern: "|[A-Za-z0-9@_.:-]+\\.(service|target)"
    help: systemd unit of the service; the agent starts after it and leaves DNS before it stops
---
#!/bin/sh
# The agent for an image that was baked with its service.
# Running it again changes nothing, so it can stand where a cloud runs it at every boot.
set -eu

# rollcall: agent
