package cli

import (
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim/world"
)

// tokens returns the metadata cloudflare-token of the instances of a cloud that begin with a prefix.
func tokens(w *world.World, cloud, prefix string) []string {
	var out []string
	page, _ := w.Instances(cloud, func(i *world.Instance) bool { return strings.HasPrefix(i.Name, prefix) }, 0, 1000)
	for i := range page {
		out = append(out, page[i].Metadata["cloudflare-token"])
	}
	return out
}

func TestTritonNodesGetTheirMetadataFromTheEnvironmentAndNobodyIsShownIt(t *testing.T) {
	w := newWorld(t).World()
	setenv(t, "NODE_TOKEN", "S3CRET-token")
	args := []string{
		"launch", "--cloud", "aws-use1,joyent-ams", "--service", "www.scalability.expert", "--name", "meta",
		"--metadata", "cloudflare-token=NODE_TOKEN", "--yes", "-o", "json",
	}
	r := rollcall(t, args...)
	if r.code != exit.Done || strings.Contains(r.out+r.err, "S3CRET") {
		t.Fatalf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	if got := tokens(w, "joyent-ams", "meta-"); len(got) != 1 || got[0] != "S3CRET-token" {
		t.Errorf("joyent-ams: %q", got)
	}
	if got := tokens(w, "aws-use1", "meta-"); len(got) != 1 || got[0] != "" {
		t.Errorf("aws-use1: %q", got)
	}
	if r := rollcall(t, "ls", "instances", "--all", "-o", "json"); strings.Contains(r.out, "S3CRET") {
		t.Error("the list of instances has it")
	}
}

func TestMetadataThatCannotBeGivenStartsNothing(t *testing.T) {
	w := newWorld(t).World()
	setenv(t, "NODE_TOKEN", "S3CRET-token")
	for _, c := range []struct {
		cloud, metadata, want string
		code                  int
	}{
		{"joyent-ams", "cloudflare-token=S3CRET_that_is_not_set", "the environment variable S3CRET_that_is_not_set, which is not set", exit.Failed},
		{"joyent-ams", "cloudflare-token", "write KEY=VARIABLE", exit.Usage},
		{"joyent-ams", "a key=NODE_TOKEN", "write KEY=VARIABLE", exit.Usage},
		{"joyent-ams", "user-script=NODE_TOKEN", "user-script holds the boot script", exit.Failed},
		{"aws-use1", "cloudflare-token=NODE_TOKEN", "--metadata is for Triton", exit.Usage},
	} {
		r := rollcall(t, "launch", "--cloud", c.cloud, "--service", "www.scalability.expert", "--name", "meta", "--metadata", c.metadata, "--yes")
		if r.code == exit.Done || c.code == exit.Usage && r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%s %s: exit code %d: %s", c.cloud, c.metadata, r.code, r.err)
		}
	}
	if got := append(tokens(w, "joyent-ams", "meta-"), tokens(w, "aws-use1", "meta-")...); len(got) != 0 {
		t.Errorf("%d nodes were started", len(got))
	}
}
