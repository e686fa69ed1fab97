package main

import (
	"path/filepath"
	"strings"

	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/words"
	"rollcall/userdata"
)

// templatesDir is where operators keep templates of their own.
func templatesDir() string { return filepath.Join(filepath.Dir(config.DefaultPath()), "templates") }

// loadTemplates returns the built-in templates and the operator's own. The error
// has a line for each file that cannot be read; the rest is there all the same.
func loadTemplates() (*userdata.Templates, error) { return userdata.Builtin().LoadDir(templatesDir()) }

// templatesOf returns all templates, and reports those that cannot be read.
func templatesOf(a *app) *userdata.Templates {
	all, err := loadTemplates()
	if err != nil {
		for l := range strings.Lines(err.Error()) {
			a.say("rollcall: %s", words.Clean(strings.TrimRight(l, "\n")))
		}
	}
	return all
}
