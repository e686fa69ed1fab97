package userdata

import (
	"bytes"
	"compress/zlib"
	_ "embed" // the agent
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"rollcall/providers"
)

//go:embed node/rollcall-node
var agentSource string

// packAgent returns a small form of the agent: without comments, without the code for the other DNS provider,
// compressed, and in base85, which python3 decodes and which is shorter than base64.
func packAgent(dns providers.Provider) (string, error) {
	if p, ok := packedAgents.Load(dns); ok {
		return p.(string), nil
	}
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := z.Write([]byte(slimAgent(dns))); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	p := base85(b.Bytes())
	packedAgents.Store(dns, p)
	return p, nil
}

// packedAgents holds the agent for each DNS provider, since packing it takes longer than all else of a script.
var packedAgents sync.Map

// base85 encodes for Python's base64.b85decode: the alphabet of RFC 1924, four bytes in five characters, the last group
// padded and cut.
func base85(data []byte) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
	var b strings.Builder
	for group := range slices.Chunk(data, 4) {
		var four [4]byte
		copy(four[:], group)
		n := binary.BigEndian.Uint32(four[:])
		var five [5]byte
		for i := 4; i >= 0; i-- {
			five[i] = digits[n%85]
			n /= 85
		}
		b.Write(five[:len(group)+1])
	}
	return b.String()
}

// agentParts are the parts of the agent for each DNS provider.
var agentParts = map[providers.Provider]agentPart{
	providers.Cloudflare: {begins: []string{"class Cloudflare:", "def parameter("}},
	providers.Route53:    {begins: []string{"class Route53:", "def wire(", "def txt("}, findsIDN: true},
}

// agentPart is a part of the agent that only one DNS provider needs.
type agentPart struct {
	begins   []string // lines that begin it; it ends at the next line that begins with a hash or a letter
	findsIDN bool     // it finds an internationalized zone by its name
}

func slimAgent(dns providers.Provider) string {
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
				skip = skip || p != dns && slices.ContainsFunc(part.begins, func(s string) bool { return strings.HasPrefix(line, s) })
			}
		}
		if skip || strings.TrimSpace(line) == "" || strings.HasPrefix(bare, "#") && !strings.HasPrefix(line, "#!") {
			continue
		}
		// Python needs one space for each level.

		b.WriteString(strings.Repeat(" ", (len(line)-len(bare)+3)/4) + uncommented(bare))
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
