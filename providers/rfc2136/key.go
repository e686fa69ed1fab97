package rfc2136

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/textfile"
)

// Key is a TSIG key.
type Key struct {
	Name      string // canonical
	Algorithm string // as in a TSIG record, such as "hmac-sha256."
	Secret    string // base64
}

// maxKeyFile is the largest size of a key file in bytes.
const maxKeyFile = 64 << 10

var algorithms = []string{dns.HmacSHA1, dns.HmacSHA224, dns.HmacSHA256, dns.HmacSHA384, dns.HmacSHA512}

// ReadKey reads a key file in BIND's format, which holds one key statement. The error is of KindAuth and names the file.
func ReadKey(path string) (Key, error) {
	text, err := textfile.Read(path, maxKeyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("there is no key file %s: make one with tsig-keygen, and name its key in the server's config", path)
	case err == nil:
		key, parseErr := parseKey(string(text))
		if parseErr == nil {
			return key, nil
		}
		err = fmt.Errorf("%s: %w", path, parseErr)
	}
	return Key{}, &providers.Error{Kind: providers.KindAuth, Op: "read the TSIG key", Err: err}
}

// parseKey reads a statement such as key "name" { algorithm hmac-sha256; secret "base64"; };
func parseKey(text string) (Key, error) {
	words := tokens(text)
	if len(words) < 4 || words[0] != "key" || words[2] != "{" {
		return Key{}, errors.New(`this is no key file of BIND: it begins with key "name" {`)
	}
	key := Key{Name: providers.CanonicalName(words[1])}
	rest := words[3:]
	for len(rest) >= 3 && rest[0] != "}" && rest[2] == ";" {
		switch rest[0] {
		case "algorithm":
			key.Algorithm = dns.Fqdn(strings.ToLower(rest[1]))
		case "secret":
			key.Secret = rest[1]
		default:
			return Key{}, fmt.Errorf("the key has no %q: it has algorithm and secret", providers.Brief(rest[0]))
		}
		rest = rest[3:]
	}
	// The message must not quote the secret.
	switch secret, err := base64.StdEncoding.DecodeString(key.Secret); {
	case !slices.Equal(rest, []string{"}", ";"}):
		return Key{}, errors.New(`after the key's name stands { algorithm NAME; secret "BASE64"; }; and nothing after it: one file holds one key`)
	case !slices.Contains(algorithms, key.Algorithm):
		return Key{}, fmt.Errorf("the algorithm %q is not known: use %s", providers.Brief(strings.TrimSuffix(key.Algorithm, ".")), strings.TrimSuffix(dns.HmacSHA256, "."))
	case err != nil || len(secret) == 0:
		return Key{}, errors.New("its secret is not base64")
	}
	if _, ok := dns.IsDomainName(key.Name); !ok {
		return Key{}, fmt.Errorf("%q is no name of a key", providers.Brief(key.Name))
	}
	return key, nil
}

// tokens returns the words, quoted strings and punctuation of a BIND config, without its comments.
func tokens(text string) (out []string) {
	for text != "" {
		switch {
		case strings.HasPrefix(text, "#"), strings.HasPrefix(text, "//"):
			_, text, _ = strings.Cut(text, "\n")
		case strings.HasPrefix(text, "/*"):
			_, text, _ = strings.Cut(text[2:], "*/")
		case strings.ContainsRune(" \t\r\n", rune(text[0])):
			text = text[1:]
		case text[0] == '"':
			var word string
			word, text, _ = strings.Cut(text[1:], `"`)
			out = append(out, word)
		case strings.ContainsRune("{};", rune(text[0])):
			out, text = append(out, text[:1]), text[1:]
		default:
			n := strings.IndexAny(text, " \t\r\n{};\"")
			if n < 0 {
				n = len(text)
			}
			out, text = append(out, text[:n]), text[n:]
		}
	}
	return out
}
