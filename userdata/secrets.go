package userdata

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// secretPattern is what one kind of secret looks like.
type secretPattern struct {
	what string
	re   *regexp.Regexp
	// value is the group that holds the secret where the match alone does not
	// tell: it may be a reference such as $token, or a placeholder.
	value int
}

func secretPatterns() []secretPattern {
	assigned := `["']?\s*[:=]\s*["']?([^\s"'<>;,&|)]{6,})`
	return []secretPattern{
		{what: "an AWS access key", re: regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`)},
		{what: "an AWS secret key", re: regexp.MustCompile(`(?i)aws_?-?secret_?-?(?:access_?-?)?key` + assigned), value: 1},
		{what: "a private key", re: regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)},
		{what: "a GitHub token", re: regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})`)},
		{what: "a Slack token", re: regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10,}`)},
		{what: "a Google API key", re: regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{35}`)},
		{what: "a Stripe key", re: regexp.MustCompile(`\b[rs]k_live_[A-Za-z0-9]{16,}`)},
		{what: "a JSON web token", re: regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)},
		{what: "a password hash", re: regexp.MustCompile(`\$(?:1|2[aby]|5|6|y)\$[A-Za-z0-9./$=,]{12,}`)},
		{what: "a password in a URL", re: regexp.MustCompile(`[a-z][a-z0-9+.-]*://[^\s/:@"']*:([^\s/@"']{3,})@`), value: 1},
		{what: "a bearer token", re: regexp.MustCompile(`(?i)\bBearer\s+([A-Za-z0-9._~+/-]{16,})`), value: 1},
		{what: "a Cloudflare credential", re: regexp.MustCompile(`(?i)(?:cloudflare|\bcf)[a-z_-]*(?:token|key)` + assigned), value: 1},
		{what: "a password", re: regexp.MustCompile(`(?i)\b[a-z_-]*(?:password|passwd|passphrase)` + assigned), value: 1},
		{what: "a token or key", re: regexp.MustCompile(`(?i)\b[a-z_-]*(?:api_?-?key|auth_?-?key|access_?-?token|secret|token)` + assigned), value: 1},
	}
}

// A value that is a reference, a path or a placeholder is no secret.
var noSecret = regexp.MustCompile(`^(?:\$|\{|\[|%|/|\*+$|\.\.\.|<|(?i:true|false|none|null|disabled|locked|changeme|example|xxx+)$)|^(?i:x{6,}|your[-_])|[$` + "`" + `(]`)

// Secret is a place of a text where a secret seems to stand.
type Secret struct {
	Line int    // of the text, from 1
	What string // what it looks like; never the secret itself
}

// FindSecrets looks for tokens, keys and passwords in a text. It can miss one;
// what it finds is worth a look.
func FindSecrets(text []byte) []Secret {
	var out []Secret
	patterns := secretPatterns()
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if len(line) > longestLine {
			continue // the packed agent, or another packed thing
		}
		comment := strings.HasPrefix(strings.TrimSpace(line), "#")
		for _, p := range patterns {
			m := p.re.FindStringSubmatch(line)
			if m == nil || p.value > 0 && (noSecret.MatchString(m[p.value]) || comment && !strings.ContainsAny(m[p.value], "0123456789")) {
				continue // "# password: required" is prose
			}
			out = append(out, Secret{Line: n, What: fmt.Sprintf("%s seems to stand here", p.what)})
			break // one line, one finding
		}
	}
	return out
}

const longestLine = 4096

// hidden stands for a secret.
const hidden = "********"

// hide puts stars in the place of a secret, however the text quotes it.
func hide(text, secret string) string {
	quoted, _ := json.Marshal(secret) // a string always has a JSON form
	for _, s := range []string{secret, strings.ReplaceAll(secret, "'", `'\''`), strings.Trim(string(quoted), `"`)} {
		if s != "" {
			text = strings.ReplaceAll(text, s, hidden)
		}
	}
	return text
}

// Shown gives the text for a person to look at: what the cloud is given, unpacked,
// with stars in the place of the values of secret variables.
func (r *Rendered) Shown() string {
	text := r.Readable()
	for _, name := range slices.Sorted(maps.Keys(r.secret)) {
		text = hide(text, r.secret[name])
	}
	return text
}
