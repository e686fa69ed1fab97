package launcher

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers/adapters"
	"rollcall/providers/launch"
)

// Metadata maps keys of Triton's metadata to the environment variables with the values. Secrets are neither in the
// config nor on a command line, which other users of the machine can see.
type Metadata map[string]string

// metadataKey matches the allowed keys: mdata-get takes them, and CloudAPI's own keys have this form.
var metadataKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`) })

// GivenMetadata parses KEY=VARIABLE arguments.
func GivenMetadata(args []string) (Metadata, error) {
	out := Metadata{}
	for _, arg := range args {
		key, env, ok := strings.Cut(arg, "=")
		if !ok || env == "" || !metadataKey().MatchString(key) {
			return nil, exit.Usagef("--metadata %q: write KEY=VARIABLE, the metadata key and the environment variable that holds its value", words.Clean(arg))
		}
		out[key] = env
	}
	return out, nil
}

// WithMetadata returns the spec with the metadata of the config and the command line for nodes of clouds that have
// metadata. EC2 has none; its nodes read secrets with their instance profile.
func (s *Launcher) WithMetadata(spec launch.Spec, given Metadata) (launch.Spec, error) {
	from := Metadata{}
	maps.Copy(from, s.Config.BootOf(spec.Service).Metadata)
	maps.Copy(from, given)
	if len(from) == 0 {
		return spec, nil
	}
	spec.Nodes = slices.Clone(spec.Nodes)
	used := false
	for i := range spec.Nodes {
		t := &spec.Nodes[i]
		if !s.hasMetadata(t.Cloud) {
			continue
		}
		used = true
		t.Metadata = map[string]string{}
		for _, key := range slices.Sorted(maps.Keys(from)) {
			v := s.Program.Env.Getenv(from[key])
			if v == "" {
				return spec, fmt.Errorf("nothing was launched: the metadata %s of nodes in %s is to come from the environment variable %s, which is not set", words.Clean(key), words.Clean(t.Cloud), words.Clean(from[key]))
			}
			t.Metadata[key] = v
		}
	}
	if !used && len(given) > 0 {
		return spec, exit.Usagef("--metadata is for Triton, and no node of this launch goes there")
	}
	return spec, nil
}

// hasMetadata reports whether the nodes of a cloud take metadata.
func (s *Launcher) hasMetadata(cloud string) bool {
	c, ok := s.Cloud(cloud)
	return ok && adapters.Declared(c.Provider).Metadata
}
