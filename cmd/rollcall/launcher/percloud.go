package launcher

import (
	"slices"
	"strings"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/index"
	"rollcall/providers/journal"
)

// cloudFlag is a flag whose values are VALUE for all clouds, or CLOUD=VALUE for one.
type cloudFlag struct {
	name   string
	values []string
}

// cloudFlags returns the flags for image, size, network, key pair and instance profile, in this order.
func cloudFlags(a *journal.Asked) []cloudFlag {
	return []cloudFlag{{"--image", a.Image}, {"--size", a.Size}, {"--network", a.Network}, {"--key-pair", a.KeyPair}, {"--instance-profile", a.Profile}}
}

// perCloud is cloudFlags for a launch.
func (r *Request) perCloud() []cloudFlag {
	return cloudFlags(&journal.Asked{Image: r.Image, Size: r.Size, Network: r.Network, KeyPair: r.KeyPair, Profile: r.Profile})
}

// forCloud stores the last value for a cloud in dst, if there is one.
func (f *cloudFlag) forCloud(cloud string, dst *string) {
	for _, arg := range f.values {
		if name, value, one := strings.Cut(arg, "="); !one {
			*dst = arg
		} else if name == cloud {
			*dst = value
		}
	}
}

// checkClouds returns a usage error for the first value that is for one cloud in which nothing is launched. launched are the
// clouds in which something is, at least one.
func (s *Launcher) checkClouds(flags []cloudFlag, launched []string) error {
	for _, f := range flags {
		for _, arg := range f.values {
			name, value, one := strings.Cut(arg, "=")
			if !one || slices.Contains(launched, name) {
				continue
			}
			why := "nothing is launched in " + words.Clean(name)
			if known := s.cloudNames(); !slices.Contains(known, name) {
				why = "there is no cloud " + words.Clean(name)
			}
			if best := index.Nearest(name, launched); best != "" {
				why += "; the nearest is " + words.Clean(best+"="+value)
			} else {
				why = "something is launched in " + words.Clean(strings.Join(launched, ", ")) + " only"
			}
			return exit.Usagef("%s %s: %s, and %s alone is for all clouds of the launch", f.name, words.Clean(arg), why, words.Clean(value))
		}
	}
	return nil
}
