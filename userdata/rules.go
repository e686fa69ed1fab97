package userdata

import (
	"regexp"
	"slices"
	"sync"

	"github.com/pelletier/go-toml/v2"
	"github.com/zricethezav/gitleaks/v8/config"
)

// rule is one rule of gitleaks: the pattern of one provider's tokens. Only the rules' text is used; the detector brings
// archives, git and templates along, which would double rollcall's dependencies.
type rule struct {
	ID          string
	Regex       string
	SecretGroup int
	Entropy     float64
	Keywords    []string // lower case; a text without any of them is not searched
	Allowlists  []struct {
		Paths       []string
		Regexes     []string
		RegexTarget string
	}

	runs  letterRuns // required runs; a text without them is not searched
	shape func() *regexp.Regexp
	allow func() []*regexp.Regexp
}

// isTooBroad reports whether a rule takes any long value after a common word for a secret. The patterns of this package
// cover these cases and know what boot scripts contain.
func isTooBroad(id string) bool {
	return slices.Contains([]string{"generic-api-key", "kubernetes-secret-yaml", "hashicorp-tf-password", "curl-auth-header", "curl-auth-user"}, id)
}

// keptRules returns the rules of gitleaks. They are parsed once, and a pattern is compiled when a text has one of its
// words.
var keptRules = sync.OnceValue(func() []rule {
	var all struct{ Rules []rule }
	if err := toml.Unmarshal([]byte(config.DefaultConfig), &all); err != nil {
		panic(err) // it is embedded, and a test reads it
	}
	out := slices.DeleteFunc(all.Rules, func(r rule) bool { return r.Regex == "" || isTooBroad(r.ID) })
	for i := range out {
		r := &out[i]
		r.runs = runsNeeded(r.Regex)
		r.shape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(r.Regex) })
		r.allow = sync.OnceValue(func() []*regexp.Regexp {
			var res []*regexp.Regexp
			for _, a := range r.Allowlists {
				if len(a.Paths) > 0 || a.RegexTarget != "" && a.RegexTarget != "secret" {
					continue
				}
				for _, s := range a.Regexes {
					res = append(res, regexp.MustCompile(s))
				}
			}
			return res
		})
	}
	return out
})

var ruleWords = sync.OnceValue(func() *wordIndex {
	var words [][]string
	for _, r := range keptRules() {
		words = append(words, r.Keywords)
	}
	return newWordIndex(words)
})

// ruleFor returns the name of the gitleaks rule that a text matches, or "". lower is the result of lowered for the
// text, and runs are those of lower.
func ruleFor(text, lower string, runs letterRuns) string {
	rules := keptRules()
	for _, i := range ruleWords().owners(lower) {
		r := &rules[i]
		if !runs.has(r.runs) {
			continue
		}
		for _, m := range r.shape().FindAllStringSubmatch(text, -1) {
			secret := m[0]
			if r.SecretGroup > 0 && r.SecretGroup < len(m) {
				secret = m[r.SecretGroup]
			} else if n := slices.IndexFunc(m[1:], func(g string) bool { return g != "" }); n >= 0 {
				secret = m[n+1]
			}
			if noSecret.MatchString(secret) || r.Entropy > 0 && entropyOf(secret) <= r.Entropy ||
				slices.ContainsFunc(r.allow(), func(a *regexp.Regexp) bool { return a.MatchString(secret) }) {
				continue
			}
			return "what gitleaks calls " + r.ID
		}
	}
	return ""
}
