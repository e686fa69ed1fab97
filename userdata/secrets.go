package userdata

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// secretPattern is the pattern of one kind of secret.
type secretPattern struct {
	what string
	re   *regexp.Regexp
	// value is the group that holds the secret if the match alone does not decide: it may be a reference such as
	// $token, or a placeholder.
	value int
	// certain means that nothing else matches, so the pattern is also applied to decoded text.
	certain bool
	// holds reports whether the value can be such a secret; nil if it always can.
	holds func(value string) bool

	// A text without any of the words, or without such runs, is not searched.
	words []string // in lower case; if empty, every text is searched
	runs  letterRuns
}

// secretPatterns returns the patterns, the certain ones first. The first that matches a line names the secret.
var secretPatterns = sync.OnceValue(func() []secretPattern {
	exact := func(what, shape string) secretPattern {
		return secretPattern{what: what, re: regexp.MustCompile(shape), certain: true}
	}
	named := func(what, shape string) secretPattern {
		return secretPattern{what: what, re: regexp.MustCompile(`(?i)` + shape), value: 1}
	}
	const (
		// A name may consist of several words: DB_PASS, my-api-key, aws.secretKey.
		name     = `(?:^|[^a-z0-9])(?:[a-z0-9]+[_.-])*`
		assigned = `["']?\s*(?:[:=]|\?=|:=|=>)\s*["']?([^\s"'<>;,&|)]{6,})`
		short    = `["']?\s*(?:[:=]|\?=|:=|=>)\s*["']?([^\s"'<>;,&|)]{4,})`
	)
	all := []secretPattern{
		exact("an AWS access key", `\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b`),
		exact("a private key", `-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\bAGE-SECRET-KEY-1[A-Z0-9]{50,}|\bPuTTY-User-Key-File-`),
		exact("a GitHub token", `\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})`),
		exact("a GitLab token", `\bgl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|soat|agent|imt|ffct|wt)-[A-Za-z0-9_.-]{18,}|\bGR1348941[A-Za-z0-9_-]{20,}`),
		exact("a Slack token", `\bxox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}`),
		exact("the address of a webhook", `(?i)hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{16,}|discord(?:app)?\.com/api/webhooks/\d{10,}/[A-Za-z0-9_-]{20,}|webhook\.office\.com/webhookb2/\S{20,}|chat\.googleapis\.com/v1/spaces/\S+[?&]key=\S{10,}`),
		exact("a Google API key", `\bAIza[A-Za-z0-9_-]{35}`),
		exact("an npm token", `\bnpm_[A-Za-z0-9]{30,}`),
		exact("a PyPI token", `\bpypi-[A-Za-z0-9_-]{16,}`),
		exact("a Docker Hub token", `\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}`),
		exact("a Cloudflare credential", `\bv1\.0-[a-f0-9]{24}-[a-f0-9]{100,}|\bcf(?:ut|at|k)_[A-Za-z0-9_-]{40,}`),
		exact("a HashiCorp token", `\bhv[sbr]\.[A-Za-z0-9_-]{20,}|\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{50,}`),
		exact("a Tailscale key", `\btskey-[a-z]+-[A-Za-z0-9-]{16,}`),
		exact("an OpenAI or Anthropic key", `\bsk-(?:ant-|proj-|svcacct-|admin-)?[A-Za-z0-9_-]{30,}`),
		exact("a SendGrid key", `\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`),
		exact("a Telegram bot token", `\b\d{8,10}:AA[A-Za-z0-9_-]{30,}`),
		exact("a JSON web token", `\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`),
		exact("a password hash", `\$(?:1|2[aby]|5|6|7|y|gy|argon2i?d?)\$[A-Za-z0-9./$=,+]{12,}`),
		exact("an Azure storage key", `(?i)\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,}={0,2}`),
		named("a password in a URL", `[a-z][a-z0-9+.-]*://[^\s/:@"']*:([^\s/@"']{3,})@`),
		named("a signed URL", `[?&](?:sig|X-Amz-Signature|X-Amz-Credential|access_token)=([A-Za-z0-9%/+_.-]{16,})`),
		named("an HTTP credential", `\b(?:Bearer|Basic|Digest|Negotiate|Token)\s+([A-Za-z0-9._~+/-]{12,}=*)`),
		named("a password of a command", `\b(?:curl|wget|http|https|xh|ftp|lftp|smbclient|ldapsearch)\b[^\n]*?\s(?:-u|--user|--proxy-user|-U)[ =]?["']?[^\s"':$]+[:%]([^\s"']{3,})`),
		named("a password of a command", `\s--?(?:[a-z]+-)*(?:password|passwd|pass|passphrase|token|secret|api-?key|auth-?key|auth-?token|access-?key|secret-?key)[ =]["']?([^\s"'<>;&|)-][^\s"'<>;&|)]{5,})`),
		named("a password of a command", `\b(?:sshpass\s+-p|redis-cli\b[^\n|;]*\s-a|(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;]*\s-p|docker\s+login\b[^\n|;]*\s-p|htpasswd\s+-[a-z]*b[a-z]*\s+\S+\s+\S+|7za?\b[^\n|;]*\s-p|(?:useradd|usermod)\b[^\n|;]*\s-p|rabbitmqctl\s+(?:add_user|change_password)\s+\S+)\s*["']?([^\s"']{4,})`),
		named("a password of a command", `\bpass:([^\s"']{4,})`),
		named("a password", `\b[a-z_][a-z0-9_-]*:([^\s"':|]{4,})["']?\s*\|\s*(?:sudo\s+)?chpasswd|\bchpasswd\s*<<<\s*["']?[a-z_][a-z0-9_-]*:([^\s"':|]{4,})`),
		named("a password", `\becho\s+(?:-n\s+)?["']?([^\s"'|]{4,})["']?\s*\|\s*(?:sudo\s+)?(?:passwd\s+--stdin|sudo\s+-S|docker\s+login|gh\s+auth|gpg\b)`),
		named("a password", `\b(?:login|user)\s+\S+\s+password\s+(\S{4,})|\brequirepass\s+(\S{4,})|\b(?:identified\s+by|with\s+password|encrypted\s+password)\s+["']([^"']{4,})`),
		named("a credential that is set", `\b(?:configure|config|secret|auth)\s+(?:set|add|put)\s+(?:\S+\s+)*?\S*(?:secret|token|password|passwd|access_key|api_?key)\S*[ =]["']?([^\s"'<>;&|)]{6,})`),
		named("an AWS secret key", name+`aws[_.-]?secret[_.-]?(?:access[_.-]?)?key`+assigned),
		named("a Cloudflare credential", name+`(?:cloudflare|cf)[a-z_.-]*(?:token|key)`+assigned),
		named("a password", name+`[a-z0-9]*(?:password|passwd|passphrase|pgpassword)`+assigned),
		named("a password", name+`(?:pass|pwd|pw|psk|passcode)`+short),
		named("a token or key", name+`[a-z0-9]*(?:api[_.-]?key|auth[_.-]?key|access[_.-]?key|account[_.-]?key|private[_.-]?key|secret[_.-]?key|encryption[_.-]?key|signing[_.-]?key|master[_.-]?key|license[_.-]?key|access[_.-]?token|secret|token|_auth|credentials?|webhook[_.-]?url)`+assigned),
		{what: "an AWS secret key or a Cloudflare token", re: regexp.MustCompile(bare40), value: 1, holds: looksRandom},
		{what: "a Cloudflare API key", re: regexp.MustCompile(`(?:^|[^A-Za-z0-9._/+=:-])([a-f0-9]{37})(?:$|[^A-Za-z0-9._/+=-])`), value: 1, holds: looksRandom},
	}
	for i := range all {
		all[i].words, all[i].runs = wordsOf(all[i].re.String()), runsNeeded(all[i].re.String())
	}
	return all
})

var secretWords = sync.OnceValue(func() *wordIndex {
	var words [][]string
	for _, p := range secretPatterns() {
		words = append(words, p.words)
	}
	return newWordIndex(words)
})

// bare40 matches a secret key of AWS or a token of Cloudflare without a name: exactly 40 letters.
const bare40 = `(?:^|[^A-Za-z0-9._/+=-]|[=:])([A-Za-z0-9/+_-]{40})(?:$|[^A-Za-z0-9._/+=-])`

// looksRandom reports whether a value looks random: letters of both cases and digits (one case for hex), in no order.
func looksRandom(s string) bool {
	var upper, lower, digits, slashes, dashes int
	counts := map[rune]int{}
	for _, c := range s {
		counts[c]++
		switch {
		case unicode.IsUpper(c):
			upper++
		case unicode.IsLower(c):
			lower++
		case unicode.IsDigit(c):
			digits++
		case c == '/':
			slashes++
		default:
			dashes++
		}
	}
	if isHex := upper == 0 && slashes+dashes == 0 && digits > 4 && lower > 4; isHex {
		return len(s) == 37 && entropy(counts, len(s)) > 3
	}
	if plain, err := base64.StdEncoding.DecodeString(s); err == nil && isPlain(plain) {
		return false // encoded text, which is searched in decoded form
	}
	return upper > 2 && lower > 2 && digits > 1 && slashes < 5 && dashes < 7 && entropy(counts, len(s)) > 4.1
}

// isPlain reports whether all bytes are printable ASCII.
func isPlain(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return (r < 0x20 && r != '\n' && r != '\t') || r > 0x7e })
}

func entropyOf(s string) float64 {
	counts := map[rune]int{}
	for _, c := range s {
		counts[c]++
	}
	return entropy(counts, len([]rune(s)))
}

// entropy returns Shannon's entropy in bits per character.
func entropy(counts map[rune]int, n int) float64 {
	sum := 0.0
	for _, c := range counts {
		p := float64(c) / float64(n)
		sum -= p * math.Log2(p)
	}
	return sum
}

// noSecret matches references, paths and placeholders.
var noSecret = regexp.MustCompile(`^(?:\$|\{|\[|%|/|\*+$|\.\.\.|<|@|(?i:true|false|none|null|yes|no|disabled|locked|changeme|example|required|optional|empty|unset|random|generated|stdin|prompt|xxx+)$)|^(?i:x{4,}|your[-_]|file://|ssm:|arn:aws:|vault:)|[$` + "`" + `(]`)

// Secret is a place in a text that looks like a secret.
type Secret struct {
	Line int    // of the text, from 1
	What string // what it looks like; never the secret itself
}

// secretsIn searches a text for tokens, keys and passwords by their shape. It can miss secrets and report other texts.
// The readings of the text are computed only when needed.
func secretsIn(text []byte, readings func() []reading) []Secret {
	return secrets.get("shapes", text, nil, func() []Secret { return secretsInReadings(text, readings()) })
}

// LooksSecret reports whether the value of a variable looks like a token, key or password. It can miss secrets.
func LooksSecret(name, value string) bool {
	text := []byte(name + "=" + value)
	return len(secretsIn(text, func() []reading { return readings(text) })) > 0
}

func secretsInReadings(text []byte, all []reading) []Secret {
	var out []Secret
	reported := map[int]bool{} // lines with a finding, of which each has one
	add := func(line int, what string) {
		if !reported[line] {
			reported[line] = true
			out = append(out, Secret{Line: line, What: what + " seems to stand here"})
		}
	}
	for _, l := range logicalLines(string(text)) {
		if len(l.text) > longestLine {
			continue // packed data
		}
		forms := []string{l.text}
		if joined := withoutConcatenation([]byte(l.text)); joined != nil {
			forms = append(forms, string(joined))
		}
		if bare := unescape([]byte(l.text)); bare != nil {
			forms = append(forms, string(bare))
		}
		for _, form := range forms {
			if what := secretIn(form, false); what != "" {
				add(l.first, what)
				break
			}
		}
	}
	for i := range all {
		r := &all[i]
		if !r.decoded || reported[r.line] {
			continue
		}
		whole := strings.TrimSpace(string(r.text))
		what := secretIn(whole, true)
		if what == "" && bareOnly.MatchString(whole) && looksRandom(whole) {
			what = "an AWS secret key or a Cloudflare token"
		}
		// Of another spelling of the whole text, only findings of kinds that were not found yet count.
		if what != "" && !(r.rewritten && len(out) > 0) {
			add(r.line, "an encoded form of "+what)
		}
	}
	slices.SortFunc(out, func(a, b Secret) int { return a.Line - b.Line })
	return out
}

var bareOnly = regexp.MustCompile(`^[A-Za-z0-9/+_-]{40}$`)

// secretIn returns the kind of the first pattern that matches a text, or "".
func secretIn(text string, certain bool) string {
	if strings.Contains(text, "arn:aws") {
		text = resourceName.ReplaceAllString(text, "")
	}
	lower := lowered(text)
	runs := runsOf(lower)
	if what := ruleFor(text, lower, runs); what != "" {
		return what
	}
	has := secretWords().owners(lower)
	comment := strings.HasPrefix(strings.TrimSpace(text), "#")
	for i, p := range secretPatterns() {
		if certain && !p.certain || p.words != nil && !slices.Contains(has, i) || !runs.has(p.runs) {
			continue
		}
		for _, m := range p.re.FindAllStringSubmatch(text, -1) {
			if p.value == 0 {
				return p.what
			}
			value := ""
			for _, g := range m[p.value:] {
				value = cmp.Or(value, g)
			}
			switch {
			case noSecret.MatchString(value), p.holds != nil && !p.holds(value):
			case comment && p.holds == nil && !strings.ContainsAny(value, "0123456789"): // "# password: required" is prose
			default:
				return p.what
			}
		}
	}
	return ""
}

// resourceName matches the names of AWS resources, which may contain the word secret but are none.
var resourceName = regexp.MustCompile(`\barn:aws[a-z-]*:[^\s"']+`)

// logicalLine is a line with its continuation lines, as a shell reads it.
type logicalLine struct {
	first int // number of its first line, from 1
	text  string
}

func logicalLines(text string) []logicalLine {
	var out []logicalLine
	n, open := 0, false
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		body, more := strings.CutSuffix(line, `\`)
		if open {
			out[len(out)-1].text += strings.TrimLeft(body, " \t")
		} else {
			out = append(out, logicalLine{n, body})
		}
		open = more
	}
	return out
}

const longestLine = 4096

// hidden replaces a secret.
const hidden = "********"

// hide replaces a secret by stars, in every way in which a text can quote it.
func hide(text, secret string) string {
	quoted, _ := json.Marshal(secret) // a string always has a JSON form
	for _, s := range []string{secret, strings.ReplaceAll(secret, "'", `'\''`), strings.Trim(string(quoted), `"`)} {
		if s != "" {
			text = strings.ReplaceAll(text, s, hidden)
		}
	}
	return text
}

// Shown returns the readable form of the user data, with stars in place of the values of secret variables.
func (r *Rendered) Shown() string {
	text := string(Readable([]byte(r.Readable())))
	for _, name := range slices.Sorted(maps.Keys(r.secret)) {
		text = hide(text, r.secret[name])
	}
	return text
}
