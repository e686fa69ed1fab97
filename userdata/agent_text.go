package userdata

import (
	"bytes"
	_ "embed" // the agent
	"regexp"
	"slices"
	"strings"
	"sync"

	"rollcall/providers"
)

//go:embed node/rollcall-node
var agentSource string

// agentParts are the parts of the agent for each provider.
var agentParts = map[providers.Provider]agentPart{
	providers.EC2:        {begins: []string{"class EC2(Here):"}},
	providers.Triton:     {begins: []string{"class Triton(Here):"}},
	providers.Cloudflare: {dns: true, begins: []string{"class Cloudflare:", "def parameter("}},
	providers.Route53:    {dns: true, begins: []string{"class Route53:", "def digest(", "def owns(", "def of_value(", "def wire(", "def txt("}, findsIDN: true},
}

// agentPart is a part of the agent that only one provider needs.
type agentPart struct {
	begins   []string // lines that begin it; it ends at the next line that begins with a hash or a letter
	dns      bool     // it registers nodes with the provider
	findsIDN bool     // it finds an internationalized zone by its name
}

// agentNote is the only comment of the agent in a boot script.
const agentNote = "# With comments: userdata/node/rollcall-node of rollcall.\n"

// slimAgents holds what slimAgent has returned, by the two providers.
var slimAgents sync.Map

// slimAgent returns the agent without comments and without the code for other providers than those of its node.
func slimAgent(at, dns providers.Provider) string {
	key := [2]providers.Provider{at, dns}
	text, ok := slimAgents.Load(key)
	if !ok {
		text, _ = slimAgents.LoadOrStore(key, slim(at, dns))
	}
	return text.(string)
}

func slim(at, dns providers.Provider) string {
	var b strings.Builder
	skip, quoted := false, false // quoted is within a text of several lines, which stays as it is
	for line := range strings.Lines(agentSource) {
		if quoted = quoted != (strings.Count(line, "'''") == 1); quoted || strings.HasPrefix(line, "'''") {
			b.WriteString(line)
			continue
		}
		bare := strings.TrimLeft(line, " ")
		if line == bare && strings.TrimSpace(line) != "" {
			skip = false
			for p, part := range agentParts {
				skip = skip || p != at && p != dns && slices.ContainsFunc(part.begins, func(s string) bool { return strings.HasPrefix(line, s) })
			}
		}
		if skip || strings.TrimSpace(line) == "" || strings.HasPrefix(bare, "#") && !strings.HasPrefix(line, "#!") {
			continue
		}
		// Python needs one space for each level.
		b.WriteString(strings.Repeat(" ", (len(line)-len(bare)+3)/4) + dense(uncommented(bare)))
		if strings.HasPrefix(line, "#!") {
			b.WriteString(agentNote)
		}
	}
	return b.String()
}

// uncommented returns a line of the agent without its comment, which follows two spaces and a hash. No string of the
// agent contains these.
func uncommented(line string) string {
	if code, comment, ok := strings.Cut(line, "  # "); ok && !strings.Contains(comment, `"`) {
		return code + "\n"
	}
	return line
}

// codeOrText matches a string of the agent's Python, or code up to the next one; spaced an operator with spaces that it does without.
var (
	codeOrText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^"']+`)
	spaced     = regexp.MustCompile(` ?([=!<>+]=|[-+*/%|&<>=,:]) `)
)

// dense returns a line of the agent without spaces around operators.
func dense(line string) string {
	return codeOrText.ReplaceAllStringFunc(line, func(s string) string {
		if s[0] == '"' || s[0] == '\'' {
			return s
		}
		return spaced.ReplaceAllString(s, "$1")
	})
}

// agentMark stands around the agent in a boot script.
const agentMark = "ROLLCALL_NODE_AGENT"

// agentLines holds each line of the agent in every form in which a boot script has it, without indentation.
var agentLines = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{strings.TrimSpace(agentNote): true}
	for line := range strings.Lines(agentSource) {
		bare := strings.TrimLeft(line, " ")
		for _, form := range []string{bare, uncommented(bare), dense(uncommented(bare))} {
			out[strings.TrimSpace(form)] = true
		}
	}
	return out
})

// withoutAgent returns a boot script with empty lines in the place of the agent's, which hold no secret. What another has
// written among them stays.
func withoutAgent(script []byte) []byte {
	var out []byte
	inside := false
	for line := range bytes.Lines(script) {
		bare := strings.TrimSpace(string(line))
		if strings.HasSuffix(bare, "<<'"+agentMark+"'") {
			inside = true
		} else if inside = inside && bare != agentMark; inside && agentLines()[bare] {
			line = []byte("\n")
		}
		out = append(out, line...)
	}
	return out
}
