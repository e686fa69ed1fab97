package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim/world"
)

func TestEveryCallIsWrittenByDebugAndIntoALogFileWithoutASecret(t *testing.T) {
	s := newWorld(t)
	if err := s.World().SetFault("joyent-ams", world.AuthError); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "calls.log")
	r := rollcall(t, "ls", "sources", "--debug", "--log-file", file)
	for _, want := range []string{"EC2 DescribeInstances: 200 in ", "Route 53 ListResourceRecordSets: 200 in ", "/dns_records: 200 in ", "/machines: 200 in ", "STS GetCallerIdentity: 200 in "} {
		if !strings.Contains(r.err, want) {
			t.Errorf("stderr has no %q: %s", want, r.err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refused, messages := 0, 0
	for line := range strings.Lines(string(data)) {
		var e struct {
			Msg, Account, Operation string
			Status                  int
			Bytes                   *int64
			TookMs                  *int64 `json:"took_ms"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.Msg != "call" {
			messages++
			continue
		}
		if e.Account == "" || e.Operation == "" || e.Bytes == nil || e.TookMs == nil {
			t.Errorf("a call lacks something: %s", line)
		}
		if e.Account == "joyent-ams" && e.Status == 401 {
			refused++
		}
	}
	if refused == 0 || messages == 0 {
		t.Errorf("%d calls refused, %d messages: %s", refused, messages, data)
	}
	for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "CLOUDFLARE_API_TOKEN", "AWS_ACCESS_KEY_ID"} {
		if v := getenv(t, name); v == "" || strings.Contains(string(data)+r.err, v) {
			t.Errorf("%s is written, or not set: %q", name, v)
		}
	}
	if r := rollcall(t, "--debug"); r.code != exit.Usage || !strings.Contains(r.err, "--log-file") {
		t.Errorf("the console with --debug: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "ls", "sources", "--log-file", filepath.Join(file, "no")); r.code == exit.Done || !strings.Contains(r.err, "--log-file") {
		t.Errorf("a log file that cannot be: exit code %d, %s", r.code, r.err)
	}
}
