// Package config reads and writes rollcall's config file. Every error names
// file, line and column, what is wrong, and what to do about it.
package config
