package providers

import (
	"errors"
	"os"
	"slices"
	"strings"
)

// Environment holds the environment variables that one run of the program sees. The zero value is the environment of the
// process; any other is a value of its own, which the process does not change. It is safe for concurrent use.
type Environment struct {
	given []string // each as NAME=value; nil for those of the process
}

// EnvironmentOf returns an environment of only these variables, each written NAME=value. The last one of a name counts.
func EnvironmentOf(variables ...string) Environment {
	return Environment{given: append([]string{}, variables...)}
}

// OfProcess reports whether it is the environment of the process, which libraries read by themselves.
func (e Environment) OfProcess() bool { return e.given == nil }

// Getenv returns the value of a variable, or "" if it is not set.
func (e Environment) Getenv(name string) string {
	if e.OfProcess() {
		return os.Getenv(name)
	}
	for _, kv := range slices.Backward(e.given) {
		if n, value, ok := strings.Cut(kv, "="); ok && n == name {
			return value
		}
	}
	return ""
}

// List returns all variables in the form of os.Environ, for a process that is started. The caller may modify the slice.
func (e Environment) List() []string {
	if e.OfProcess() {
		return os.Environ()
	}
	return slices.Clone(e.given)
}

// With returns the environment with further variables, each written NAME=value. They replace those of the same name.
func (e Environment) With(variables ...string) Environment {
	return EnvironmentOf(append(e.List(), variables...)...)
}

// Without returns the environment without the variables of these names.
func (e Environment) Without(names ...string) Environment {
	return EnvironmentOf(slices.DeleteFunc(e.List(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(names, name)
	})...)
}

// Home returns the user's home folder: the value of HOME, or for the process what the system calls so.
func (e Environment) Home() (string, error) {
	if e.OfProcess() {
		return os.UserHomeDir()
	}
	if home := e.Getenv("HOME"); home != "" {
		return home, nil
	}
	return "", errors.New("HOME is not set")
}
