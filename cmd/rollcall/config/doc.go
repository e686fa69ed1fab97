// Package config reads and writes rollcall's config file. Every error names file, line and column, the mistake, and the
// remedy.
package config
