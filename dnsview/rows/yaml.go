package rows

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML returns a JSON text as YAML in block style, with the keys in order, or an error if it is not JSON. Parsers of YAML 1.1 and 1.2 read the same
// data: a text that one of them could take for another type is quoted.
func YAML(text []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	n, err := yamlNode(d)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		return "", err
	}
	return b.String(), enc.Close()
}

// maxDigits is a number of digits that certainly fits into 64 bits.
const maxDigits = 18

// yamlNode returns the next value of a JSON text.
func yamlNode(d *json.Decoder) (*yaml.Node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch v := t.(type) {
	case json.Delim:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if v == '[' {
			n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		}
		for d.More() {
			item, err := yamlNode(d)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, item)
			// Keys are tokens too, so keys and values alternate.
		}
		if len(n.Content) == 0 {
			n.Style = yaml.FlowStyle // {} and []
		}
		_, err := d.Token() // the closing delimiter
		return n, err
	case string:
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v}
		if !plainYAML(v) {
			n.Style = yaml.DoubleQuotedStyle
		}
		return n, nil
	case json.Number:
		s := v.String()
		if _, ok := new(big.Int).SetString(s, 10); ok && len(s) > maxDigits {
			s += ".0" // beyond 64 bits some parsers return the largest integer
		}
		if !strings.ContainsAny(s, ".eE") {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: s}, nil
		}
		if i := strings.IndexAny(s, "eE"); i >= 0 && !strings.Contains(s, ".") {
			s = s[:i] + ".0" + s[i:] // YAML 1.1 reads 1e+21 as a text
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: s}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(v)}, nil
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	}
}

var (
	plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./(-][A-Za-z0-9_./,;()-]*)*$`)
	plainAddr = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$`)
	// What YAML 1.1 reads as a truth value, null, or a number.
	otherType = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null|nan|inf|infinity)$`)
)

// plainYAML reports whether a text needs no quotes: words that start with a letter, and IPv4 addresses.
func plainYAML(s string) bool {
	return len(s) <= 200 && (plainAddr.MatchString(s) || plainText.MatchString(s) && !otherType.MatchString(s))
}
