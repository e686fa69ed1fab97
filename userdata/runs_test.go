package userdata

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rollcall/providers/providertest"
)

// What runs.go finds, and what the words of a shape stand for, as regular expressions.
var (
	oneRunShape        = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}`)
	encodedRunShape    = regexp.MustCompile(`[A-Za-z0-9+/_-]{4,}=*(?:["'\\,+]*[ \t]*\r?\n[ \t#"'+]*[A-Za-z0-9+/_-]{4,}=*)*`)
	hexRunShape        = regexp.MustCompile(`(?i)(?:(?:0x|\\x|%)?[0-9a-f]{2}[ \t:,;\r\n"'\\]*){6,}`)
	concatenationShape = regexp.MustCompile(`["'][ \t\r\n]*[+.,\\]*[ \t\r\n]*["']`)
	continuationShape  = regexp.MustCompile(`\\\r?\n[ \t]*`)
	escapesShape       = regexp.MustCompile(`(?i)%[0-9a-f]{2}|\\x[0-9a-f]{2}|\\u00[0-9a-f]{2}|\\u\{[0-9a-f]{1,6}\}|\\[0-7]{3}|&#x[0-9a-f]{2};|&#[0-9]{2,3};|=[0-9a-f]{2}\b|\\[/nrt]`)
)

// checkRuns compares what is found by hand with what the expressions find.
func checkRuns(t *testing.T, text []byte) {
	t.Helper()
	for _, c := range []struct {
		name  string
		runs  func([]byte) []span
		shape *regexp.Regexp
	}{{"one run", oneRuns, oneRunShape}, {"an encoded run", encodedRuns, encodedRunShape}, {"a run in hex", hexRuns, hexRunShape}} {
		var want []span
		for _, m := range c.shape.FindAllIndex(text, -1) {
			want = append(want, span{m[0], m[1]})
		}
		if got := c.runs(text); !slices.Equal(got, want) {
			t.Errorf("%s in %q: %v, want %v", c.name, text, got, want)
		}
	}
	for _, c := range []struct {
		name  string
		of    func([]byte) []byte
		shape *regexp.Regexp
	}{{"pieces", withoutConcatenation, concatenationShape}, {"continued lines", withoutContinuation, continuationShape}} {
		want := c.shape.ReplaceAll(text, nil)
		if got := c.of(text); !bytes.Equal(got, want) && (got != nil || len(want) != len(text)) {
			t.Errorf("%s of %q: %q, want %q", c.name, text, got, want)
		}
	}
	want, some := escapesShape.ReplaceAllFunc(text, func(m []byte) []byte {
		if plain, ok := escaped(m); ok {
			return plain
		}
		return m
	}), slices.ContainsFunc(escapesShape.FindAll(text, -1), func(m []byte) bool { _, ok := escaped(m); return ok })
	if got := unescape(text); some != (got != nil) || some && !bytes.Equal(got, want) {
		t.Errorf("escapes of %q: %q, want %q", text, got, want)
	}
}

// runPieces are what the expressions distinguish.
var runPieces = []string{
	"a", "F", "7", "0", "xyz", "Qm9vdA", "41", "\\x41", "0x41", "0X", "%41", "%4", "\\x", "\\", "\\\n", "\\\r\n", "\n", "\r\n", "\r", " ", "\t", "+", "++", "++++", "/", "_", "-", "=", "==", "=4f", "=4",
	"\"", "'", "\" + '", "\",\n\"", "#", "# ", ",", ";", ":", ".", "\\u0041", "\\u{41}", "\\u{1f600}", "\\u{ffffff}", "\\101", "\\8", "&#x41;", "&#65;", "&#6", "\\/", "\\n", "\\T", "é", "\xff", "ſ", "K",
}

func TestRunsAndEscapesAreFoundAsTheirExpressionsFindThem(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range providertest.Amount(20_000, 20_000, 1000) {
		var b strings.Builder
		few := runPieces
		if r.IntN(2) == 0 { // of a few kinds, so that long runs come about
			few = []string{runPieces[r.IntN(len(runPieces))], runPieces[r.IntN(len(runPieces))], runPieces[r.IntN(len(runPieces))], runPieces[r.IntN(len(runPieces))]}
		}
		for range r.IntN(40) {
			b.WriteString(few[r.IntN(len(few))])
		}
		if checkRuns(t, []byte(b.String())); t.Failed() {
			return
		}
	}
	for _, one := range Builtin().List() {
		checkRuns(t, []byte(one.body))
	}
}

func FuzzRunsAndEscapesAreFoundAsTheirExpressionsFindThem(f *testing.F) {
	f.Add([]byte("x=\"aGVsbG8g\" + \\\n 'd29ybGQ='\n\\x41\\x42\\x43\\x44\\x45\\x46\\x47 %41=4f"))
	f.Add([]byte("++++ ab\n+abc\n0x410x42 43,44:45;46\r\n47"))
	f.Fuzz(checkRuns)
}

func TestEveryMatchOfAShapeHasOneOfItsWords(t *testing.T) {
	for shape, want := range map[string][]string{
		`abc`: {"abc"}, `(?i)Token`: {"token"}, `\bgh[pous]_[a-z]+`: {"gho_", "ghp_", "ghs_", "ghu_"}, `[a-z]+foo|bar.`: {"bar", "foo"}, `v\d`: {"v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9"}, `a?bcd`: {"abcd", "bcd"}, `(?:ab|cd)+x*yz`: {"yz"}, `(?:abc|cd)+x*y`: {"abc", "cd"},
		`[a-z]+`: nil, `foo|[a-z]`: nil, `(?:foo)?`: nil, `(?:foo)*bar`: {"bar"}, `x[_-]?yy.*long`: {"long"}, `(?:foo){2}`: {"foo"}, `(?:foo){0,2}`: nil, `a|bc`: nil, `(?i)ſk`: {"sk"},
	} {
		if got := wordsOf(shape); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", shape, got, want)
		}
	}
	for shape, want := range map[string]letterRuns{
		`[a-z0-9]{20}`: {20, 20}, `(?i)key=['"]?([a-z0-9]{32})\b`: {32, 32}, `[a-zA-Z0-9_-]{10,}|x{12}`: {0, 10}, `\S{30}`: {}, `(?:ab|c){4}`: {1, 1}, `(?:[a-z]{9})?`: {}, `v1\.0-[a-f]+`: {2, 5},
	} {
		if got := runsNeeded(shape); got != want {
			t.Errorf("%s: %v, want %v", shape, got, want)
		}
	}
	for _, p := range secretPatterns() {
		if p.words == nil && p.runs == (letterRuns{}) {
			t.Errorf("%s is tried on every text: it has no words", p.re)
		}
	}
}

// Every shape is tried on texts that fit one, whole and in parts, with its words and without.
func TestAShapeIsLeftOutOnlyWhereItFitsNothing(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	seen, texts := 0, providertest.Amount(4000, 4000, 400)
	try := func(text string) {
		lower := lowered(text)
		runs := runsOf(lower)
		has := secretWords().owners(lower)
		for i, p := range secretPatterns() {
			if p.re.MatchString(text) {
				seen++
				if p.words != nil && !slices.Contains(has, i) || !runs.has(p.runs) {
					t.Errorf("%s fits %q, which has none of %q or no run of %v", p.re, text, p.words, p.runs)
				}
			}
		}
		for i, rule := range keptRules() {
			if slices.Contains(ruleWords().owners(lower), i) && rule.shape().MatchString(text) {
				seen++
				if !runs.has(rule.runs) {
					t.Errorf("%s fits %q, which has no run of %v", rule.Regex, text, rule.runs)
				}
			}
		}
	}
	words := strings.Fields("AKIAIOSFODNN7EXAMPLE password: hunter22 DB_PASS=hunter22 curl -u admin:hunter22 echo | passwd --stdin Bearer token= secret AWS_SECRET_ACCESS_KEY=" + fakeAWS + " " + fakeCF + " " + fakeHex[:37] +
		" paſſword=hunter22 toKen: abcdef12 https://a:bcd@e configure set x_token mysql -phunter22 login x password -----BEGIN PRIVATE KEY----- cf_api_token=hunter22 sig=" + fakeLetter + " $6$abcdefghijklmn identified by 'hunter22' requirepass")
	for range texts {
		var b strings.Builder
		for range 1 + r.IntN(5) {
			b.WriteString(words[r.IntN(len(words))] + []string{" ", "", "\n", "="}[r.IntN(4)])
		}
		text := b.String()
		if try(text[r.IntN(len(text)/2+1):]); t.Failed() {
			return
		}
	}
	if seen < texts/4 {
		t.Errorf("a shape fitted only %d times", seen)
	}
}
