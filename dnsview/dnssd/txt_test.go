package dnssd_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/dnsview/dnssd"
)

func TestAReaderIgnoresStringsWithoutAKeyAndTakesTheFirstOfTwo(t *testing.T) {
	got := dnssd.ParseTXT([]string{"txtvers=1", "=lost", "", "PaperSize=A4", "papersize=A3", "flag", "empty=", "url=http://x/?a=b"})
	want := dnssd.TXT{
		{Key: "txtvers", Value: "1", HasValue: true},
		{Key: "PaperSize", Value: "A4", HasValue: true},
		{Key: "flag"},
		{Key: "empty", HasValue: true},
		{Key: "url", Value: "http://x/?a=b", HasValue: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !got.Has("PAPERSIZE") || got.Has("paper") {
		t.Errorf("%v", got)
	}
}

func TestAWriterPutsTxtversFirstAndNeverLeavesTheRecordEmpty(t *testing.T) {
	txt, err := dnssd.ParsePairs([]string{"proto=2", "tls", "txtvers=1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := txt.Value(); got != `"txtvers=1" "proto=2" "tls"` {
		t.Errorf("%s", got)
	}
	if got := (dnssd.TXT{}).Value(); got != `""` {
		t.Errorf("without attributes it is %s", got)
	}
	if back := dnssd.TXTOf(txt.Value()); !back.Same(txt) {
		t.Errorf("%v came back as %v", txt, back)
	}
}

func TestTXTKeysThatClientsCannotReadAreRefused(t *testing.T) {
	for in, want := range map[string]string{
		"=v": "no key", "": "no key", `a\=b=c`: `cannot hold "="`, "bü=1": "US-ASCII", "a\tb=1": "US-ASCII", "k=" + strings.Repeat("x", 254): "256 bytes",
	} {
		if _, err := dnssd.ParsePairs([]string{in}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
	if _, err := dnssd.ParsePairs([]string{"a=1", "A=2"}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a key twice: %v", err)
	}
	if err := dnssd.FromMap(map[string]string{"a=b": "c"}).Check(); err == nil || !strings.Contains(err.Error(), `cannot hold "="`) {
		t.Errorf("a declared key with =: %v", err)
	}
	if _, err := dnssd.ParsePairs([]string{"k=" + strings.Repeat("x", 253)}); err != nil {
		t.Errorf("255 bytes: %v", err)
	}
}

func TestSizesAreWarnedOfAt200And400And1300Bytes(t *testing.T) {
	for _, c := range []struct {
		strings int // of 100 bytes each with their length
		want    string
	}{{2, ""}, {3, "200 or less"}, {5, "more than 400"}, {14, "more than 1300"}} {
		var txt dnssd.TXT
		for i := range c.strings {
			txt = append(txt, dnssd.Pair{Key: "k" + string(rune('a'+i)), Value: strings.Repeat("x", 96), HasValue: true})
		}
		if txt.Size() != 100*c.strings {
			t.Fatalf("%d bytes", txt.Size())
		}
		got := strings.Join(txt.Warnings(), "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%d bytes: %q, want %q", txt.Size(), got, c.want)
		}
	}
	if got := (dnssd.TXT{{Key: "tencharact"}}).Warnings(); len(got) != 1 {
		t.Errorf("a key of ten characters: %v", got)
	}
}
