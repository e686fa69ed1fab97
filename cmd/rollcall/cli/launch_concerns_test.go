package cli

import (
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
)

func TestAValueThatConcernsNoCloudOfALaunchIsAUsageErrorWithTheNearestOne(t *testing.T) {
	newWorld(t)
	name := wwwIn(t, "aws-use1")[0]
	launch := []string{"launch", "--service", theWWW, "--dry-run", "--cloud"}
	replace := []string{"replace", name, "--template", nginx, "--dry-run"}
	for _, c := range []struct {
		of   []string
		args string
		want string
	}{
		{launch, "aws-use1 --size joyent-east=g4-1G", "--size joyent-east=g4-1G: something is launched in aws-use1 only, and g4-1G alone is for all clouds of the launch"},
		{launch, "aws-use1,aws-euw1 --image aws-euw=ami-1", "--image aws-euw=ami-1: there is no cloud aws-euw; the nearest is aws-euw1=ami-1"},
		{launch, "joyent-east --key-pair aws-use1=ops", "--key-pair aws-use1=ops: something is launched in joyent-east only"},
		{launch, "aws-usx", `there is no cloud "aws-usx", the nearest is aws-use1`},
		{replace, "--size joyent-east=g4-1G", "--size joyent-east=g4-1G: something is launched in aws-use1 only, and g4-1G alone"},
		{replace, "--network aws-use2=subnet-1", "--network aws-use2=subnet-1: there is no cloud aws-use2; the nearest is aws-use1=subnet-1"},
		{replace, "--instance-profile aws-euw1=role", "something is launched in aws-use1 only"},
		{replace, "--metadata key=HOME", "--metadata is for Triton, and no node is replaced there"},
	} {
		r := rollcall(t, append(c.of, strings.Fields(c.args)...)...)
		if r.code != exit.Usage || !strings.Contains(r.err, c.want) || strings.Count(strings.TrimSpace(r.err), "\n") > 1 {
			t.Errorf("%s: exit code %d, %s", c.args, r.code, r.err)
		}
	}
	east := wwwIn(t, "joyent-east")[0]
	setenv(t, "NODE_TOKEN", "hush")
	must(t, "replace", name, east, "--template", nginx, "--metadata", "token=NODE_TOKEN", "--size", "aws-use1=t3.small", "--dry-run")
}

func TestATemplateForAnotherKindOfServiceIsRefusedByLaunchAndReplace(t *testing.T) {
	newWorld(t)
	v1 := "v1." + theService
	node := ""
	for _, o := range objects(t, "ls", "instances", "--filter", "state:running cloud:aws-use1 service:"+v1, "-o", "json") {
		node = o["name"].(string)
	}
	other := "the template " + nginx + " registers nodes of a round-robin service, and " + v1 + " is a dns-sd service: take service-dnssd"
	for args, want := range map[string]string{
		"launch --cloud aws-use1 --service " + v1 + " --template " + nginx + " --dry-run":         other,
		"launch --cloud aws-use1 --service " + theWWW + " --template service-dnssd --dry-run":     "is a round-robin service: take nginx-roundrobin",
		"replace " + node + " --template " + nginx + " --dry-run":                                 other,
		"replace " + wwwIn(t, "joyent-east")[0] + " --template service-dnssd --dry-run":           "is a round-robin service: take nginx-roundrobin",
		"userdata render " + nginx + " --service " + v1:                                           other,
		"launch --cloud joyent-east --service " + v1 + " --template nginx-roundrobin-cloudconfig": "is a dns-sd service: take service-dnssd",
	} {
		r := rollcall(t, strings.Fields(args)...)
		if r.code != exit.Usage || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: exit code %d, %s%s", args, r.code, r.out, r.err)
		}
	}
	must(t, "launch", "--cloud", "aws-use1", "--service", v1, "--template", "service-dnssd", "--dry-run")
}
