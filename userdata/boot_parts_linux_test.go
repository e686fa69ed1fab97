package userdata_test

import (
	"strings"
	"testing"

	"rollcall/providers/sim/boot"
)

func TestBootAnArchiveIsReadByCloudInitInItsOrder(t *testing.T) {
	r := newBootRig(t, boot.Options{})
	r.own(map[string]string{
		"parts/base.yaml": "#cloud-config  \r\nwrite_files:\r\n  - {path: /etc/base, content: \"grüße\\n\"}\r\n",
		"parts/late.sh":   "#!/bin/sh\necho late >>/var/tmp/order\n",
		"mine.sh": `---
name: mine
help: three parts, of which this is the second
agent: round-robin
after: nginx.service
parts: [parts/base.yaml, this, parts/late.sh]
variables:
  - {name: word, default: "{{ v1.instance_id }} {%", help: what jinja must leave as it is}
---
## template: jinja
#!/bin/sh
set -eu
# rollcall: values
echo "{{ v1.instance_id }} $word" >>/var/tmp/order
systemctl enable nginx.service
systemctl --no-block restart nginx.service
# rollcall: agent
`,
	})
	n := r.launch("aws-use1", "boot-parts", "mine", bootRoundRobin)
	r.inDNS(bootRoundRobin, n)
	if got := n.shell("cloud-init status --wait"); !strings.Contains(got, "status: done") {
		t.Errorf("cloud-init says %s", got)
	}
	if got, want := n.shell("cat /etc/base /var/tmp/order"), "grüße\n"+n.ID()+" {{ v1.instance_id }} {%\nlate\n"; got != want {
		t.Errorf("the parts have left %q, want %q", got, want)
	}
}
