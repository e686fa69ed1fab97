package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Team is the store that the members of a team share. Without one the journal is a file of this machine.
type Team struct {
	Pos            Pos
	Bucket, Prefix string // of S3; Prefix has no slash at its ends
	Folder         string // instead of a bucket
	Endpoint       string // of a server that is compatible with S3; empty for Amazon's
	Profile        string // in the shared AWS config
	Region         string
	Sign           bool   // entries are signed with a key of the ssh-agent
	SignKey        string // fingerprint or public key file of that key; empty for the agent's first ed25519 key
	AllowedSigners string // file that says who may sign; empty for the list in the store
}

// Store returns the place of the store as it is written in the config, or "" without a team.
func (t *Team) Store() string {
	switch {
	case t.Bucket == "":
		return t.Folder
	case t.Prefix == "":
		return s3Scheme + t.Bucket
	}
	return s3Scheme + t.Bucket + "/" + t.Prefix
}

const s3Scheme = "s3://"

func (r *reader) team(n ast.Node, c *Config) {
	t := &c.Team
	t.Pos = r.pos(n)
	before := len(r.errs)
	r.mapping(n, "team", fields{
		"store":    func(n ast.Node) { r.teamStore(n, t) },
		"endpoint": r.toURL(&t.Endpoint, "endpoint"),
		"profile":  r.toString(&t.Profile, "profile"),
		"region":   r.toString(&t.Region, "region"),
		"sign":     r.toBool(&t.Sign, "sign"),
		"sign_key": func(n ast.Node) {
			signKey, ok := r.text(n, "sign_key")
			if ok && (strings.HasPrefix(signKey, "SHA256:") || strings.HasPrefix(signKey, "MD5:")) {
				t.SignKey = signKey
			} else if ok {
				r.toPath(&t.SignKey, "sign_key")(n)
			}
		},
		"allowed_signers": r.toPath(&t.AllowedSigners, "allowed_signers"),
	})
	if len(r.errs) > before {
		return
	}
	switch {
	case t.Store() == "":
		r.failAt(t.Pos, "add store: s3://BUCKET/PREFIX, or a folder that all members reach", "team has no store")
	case t.SignKey != "" && !t.Sign:
		r.failAt(t.Pos, "add sign: true, or leave sign_key out", "sign_key of team names a key, and nothing is signed")
	case t.Folder != "" && t.Endpoint+t.Profile+t.Region != "":
		r.failAt(t.Pos, "leave them out, or name a bucket", "endpoint, profile and region of team are for a bucket, and %s is a folder", t.Folder)
	}
}

// teamStore reads s3://BUCKET/PREFIX or a folder.
func (r *reader) teamStore(n ast.Node, t *Team) {
	s, ok := r.text(n, "store")
	if !ok {
		return
	}
	rest, bucket := strings.CutPrefix(s, s3Scheme)
	switch {
	case strings.TrimSpace(s) == "": // the team has no store
	case bucket:
		t.Bucket, t.Prefix, _ = strings.Cut(rest, "/")
		t.Prefix = strings.Trim(t.Prefix, "/")
		if !isBucket(t.Bucket) {
			r.fail(n, "write s3://BUCKET/PREFIX", "store %q has no name of a bucket", s)
		}
		if strings.ContainsFunc(t.Prefix, func(c rune) bool { return !isNameRune(c) && c != '/' && c != '_' }) || strings.Contains("/"+t.Prefix+"/", "/./") || strings.Contains(t.Prefix, "..") || strings.Contains(t.Prefix, "//") {
			r.fail(n, "use letters, digits, dots, dashes and single slashes", "the prefix of store %q has a character that not every server takes", s)
		}
	case strings.Contains(s, "://"):
		r.fail(n, "write s3://BUCKET/PREFIX and name another server with endpoint:, or write a folder", "store %q is neither a bucket nor a folder", s)
	default:
		r.toPath(&t.Folder, "store")(n)
	}
}

func isNameRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.'
}

// isBucket reports whether a bucket can have this name (S3 User Guide, "General purpose bucket naming rules"; older
// servers also take capitals).
func isBucket(s string) bool {
	return len(s) >= 3 && len(s) <= 63 && !strings.ContainsFunc(s, func(c rune) bool { return !isNameRune(c) })
}
