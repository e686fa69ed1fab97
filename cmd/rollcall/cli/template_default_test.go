package cli

import (
	"strings"
	"testing"

	"rollcall/userdata"
)

func TestATemplateOfOnesOwnIsNeverADefaultByItsNameAlone(t *testing.T) {
	newWorld(t)
	ownTemplates(t, map[string]string{
		"aaa.sh": "---\nname: aaa\nhelp: h\nagent: round-robin\n---\n#!/bin/sh\n# rollcall: values\necho AAA\n",
		"aab.sh": "---\nname: aab\nhelp: h\nagent: dns-sd\n---\n#!/bin/sh\n# rollcall: values\necho AAA\n",
	})
	b := formBackend(t)
	for service, want := range map[string]string{"www.scalability.expert": "nginx-roundrobin", "v1._theservice._tcp.unilans.net": "service-dnssd"} {
		if got := b.Defaults(t.Context(), service).Template; got != want {
			t.Errorf("the form proposes %s for %s", got, service)
		}
		r := rollcall(t, "launch", "--cloud", "aws-use1", "--service", service, "--dry-run", "-o", "json")
		if l := decode[launchRow](t, r.out); l.Template != want || strings.Contains(r.out, "echo AAA") {
			t.Errorf("launch takes %s for %s", l.Template, service)
		}
	}
	for _, kind := range []string{"round-robin", "dns-sd", ""} {
		if one, err := userdata.Builtin().Get(userdata.DefaultTemplate(kind)); err != nil || kind != "" && one.Agent != kind {
			t.Errorf("kind %q: %+v, %v", kind, one.Name, err)
		}
	}
}
