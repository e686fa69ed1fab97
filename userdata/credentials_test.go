package userdata

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// The values of these tests are made up, and are credentials of nothing.
const (
	heldToken   = "Vq3_kTz9-Lw0RbYx7HnMpD2sGfJ4uCe8aKo1iZtB" // 40, as a Cloudflare token
	heldAWS     = "k7Qp/2Zr+Wm9XcVb4TnL6yHs8DfGjE1uRa0oPi3M" // 40, as an AWS secret
	heldShort   = "s3cr3t-9"
	heldSession = "FwoGZXIvYXdzEKr//////////wEaDNjT0gQm1Zk8c3V2aSLFAa9dKq7pXw2bYtRe5uHiOzLs4nMfGvCj6BkWxPl0"
)

// encodings are ways in which a value can stand in a boot script.
func encodings(v string) map[string]string {
	b64 := base64.StdEncoding.EncodeToString
	pack := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(s))
		_ = z.Close()
		return b.String()
	}
	deflate := func(s string) string {
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		_, _ = z.Write([]byte(s))
		_ = z.Close()
		return b.String()
	}
	folded := func(s string, n int, by string) string {
		var parts []string
		for len(s) > n {
			parts, s = append(parts, s[:n]), s[n:]
		}
		return strings.Join(append(parts, s), by)
	}
	quoted, _ := json.Marshal(v)
	var percent, xs, us, octal, spaced strings.Builder
	for _, c := range []byte(v) {
		fmt.Fprintf(&percent, "%%%02X", c)
		fmt.Fprintf(&xs, `\x%02x`, c)
		fmt.Fprintf(&us, `\u%04x`, c)
		fmt.Fprintf(&octal, `\%03o`, c)
		fmt.Fprintf(&spaced, "%02x ", c)
	}
	utf16 := strings.Join(strings.Split(v, ""), "\x00") + "\x00"
	return map[string]string{
		"raw": "TOKEN=" + v, "in quotes": `t="` + v + `"`, "in JSON": `{"t":` + string(quoted) + "}", "in JSON in JSON": strings.ReplaceAll(`{"t":`+string(quoted)+"}", `"`, `\"`),
		"slashes escaped": strings.ReplaceAll(v, "/", `\/`), "in a URL": "curl https://x/?k=" + url.QueryEscape(v), "all percent": percent.String(), "\\x": xs.String(), "\\u": us.String(), "octal": octal.String(),
		"base64": "echo " + b64([]byte(v)) + " | base64 -d", "base64 of a byte and it": b64([]byte("x" + v + "yz")), "base64 of two bytes and it": b64([]byte("xy" + v + "z")), "base64 of a line of it": b64([]byte("export TOKEN=" + v + "\n")),
		"base64 for URLs": base64.RawURLEncoding.EncodeToString([]byte("a=" + v)), "base64 twice": b64([]byte(b64([]byte(v)))), "base64 behind letters": "data" + b64([]byte(v)), "base64 in lines": folded(b64([]byte("key: "+v+"\nmore: 1\n")), 20, "\n"),
		"base64 in YAML": "content: |\n  " + folded(b64([]byte("key: "+v)), 24, "\n  "), "base64 in pieces": `"` + folded(b64([]byte(v)), 9, `" + "`) + `"`, "base64 of UTF-16": b64([]byte(utf16)),
		"base32": base32.StdEncoding.EncodeToString([]byte("k=" + v)), "hex": hex.EncodeToString([]byte(v)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(v))), "hex dump": spaced.String(),
		"gzip and base64": "echo " + b64([]byte(pack("#!/bin/sh\nT="+v+"\n"))), "gzip": pack("T=" + v), "zlib and base64": b64([]byte(deflate("T=" + v))), "gzip, base64, gzip, base64": b64([]byte(pack(b64([]byte(pack(v)))))),
		"continued": folded(v, 11, "\\\n  "), "in lines": folded(v, 13, "\n"), "in pieces": `"` + folded(v, 7, `""`) + `"`, "added up": `a='` + folded(v, 12, `' + '`) + `'`, "backwards": "echo " + reversed(v) + " | rev",
		"in a comment of lines": "# " + folded(v, 18, "\n# "), "with \\n": folded(v, 19, `\n`),
	}
}

func TestACredentialThatRollcallHoldsIsFoundByItsValueInEveryEncoding(t *testing.T) {
	held := []Credential{{What: "the token", Value: []byte(heldToken)}, {What: "the AWS secret key", Value: []byte(heldAWS)}, {What: "the session token", Value: []byte(heldSession)}}
	for _, h := range held {
		for name, text := range encodings(string(h.Value)) {
			got := FindCredentials([]byte("#!/bin/sh\nset -eu\n"+text+"\necho done\n"), held)
			if len(got) != 1 || got[0].What != h.What+" stands here" {
				t.Errorf("%s, %s: %+v in\n%s", h.What, name, got, text)
			}
		}
	}
	for name, text := range encodings(heldShort) {
		if got := FindCredentials([]byte("#!/bin/sh\n"+text+"\n"), []Credential{{What: "x", Value: []byte(heldShort)}}); len(got) != 1 {
			t.Errorf("a short one, %s: %+v in\n%s", name, got, text)
		}
	}
}

func TestHalfOfACredentialIsFoundAndItsLineIsTold(t *testing.T) {
	held := []Credential{{What: "the token", Value: []byte(heldToken)}}
	got := FindCredentials([]byte("#!/bin/sh\n\na="+heldToken[:20]+"\nb="+heldToken[20:]+"\n"), held)
	if len(got) != 1 || got[0].Line != 3 {
		t.Errorf("%+v", got)
	}
	if got := FindCredentials([]byte("#!/bin/sh\n\n\nx='"+base64.StdEncoding.EncodeToString([]byte(heldToken))+"'\n"), held); len(got) != 1 || got[0].Line != 4 {
		t.Errorf("encoded: %+v", got)
	}
}

func TestTheBytesOfAKeyAreFoundHoweverTheyAreWritten(t *testing.T) {
	key := bytes.Repeat([]byte{0x8e, 0x01, 0xf3, 0x77, 0xc4}, 7)
	for i := range key {
		key[i] ^= byte(i * 29)
	}
	for name, text := range map[string]string{
		"base64": base64.StdEncoding.EncodeToString(key), "inside of base64": base64.StdEncoding.EncodeToString(append([]byte("0\x82\x04\xa4\x02"), append(key, 1, 2, 3)...)), "hex": hex.EncodeToString(key),
	} {
		if got := FindCredentials([]byte("k="+text+"\n"), []Credential{{What: "the key", Value: key}}); len(got) != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestNothingIsHeldWhereNothingStands(t *testing.T) {
	held := []Credential{{What: "a", Value: []byte(heldToken)}, {What: "b", Value: []byte(heldAWS)}, {What: "c", Value: []byte("ab")}, {What: "d"}}
	for _, one := range Builtin().List() {
		for _, dns := range []string{"cloudflare", "route53"} {
			l, err := Builtin().Lint(t.Context(), one.Name, LintOptions{Declared: declared, Values: map[string]string{"dns": dns}, LookPath: noTools, Credentials: held})
			if err != nil || l.Failed() {
				t.Errorf("%s: %v %s", one.Name, err, lines(l))
			}
		}
	}
	other := strings.Map(func(r rune) rune {
		if r == 'V' {
			return 'W'
		}
		return r
	}, heldToken[:15])
	if got := FindCredentials([]byte(other+"\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ someone\n"), held); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestATextThatWasSearchedBeforeIsSearchedAgainForAnotherCredential(t *testing.T) {
	text := []byte("#!/bin/sh\necho " + heldToken + "\npassword=hunter22\n")
	other, token := Credential{What: "another", Value: []byte(heldAWS)}, Credential{What: "the token", Value: []byte(heldToken)}
	for range 2 {
		if got := FindCredentials(text, []Credential{other}); len(got) != 0 {
			t.Errorf("%+v", got)
		}
		if got := FindCredentials(text, []Credential{other, token}); len(got) != 1 || got[0].Line != 2 || !strings.HasPrefix(got[0].What, "the token") {
			t.Errorf("%+v", got)
		}
		if got := FindCredentials(append(text, '\n'), []Credential{token, other}); len(got) != 1 {
			t.Errorf("%+v", got)
		}
		got := findSecrets(text)
		if len(got) != 2 || got[1].Line != 3 {
			t.Fatalf("%+v", got)
		}
		got[0], got[1] = Secret{}, Secret{} // who asked may do with it what it likes
	}
}
