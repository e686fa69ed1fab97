package watcher

import (
	_ "embed" // alert rules and unit
	"strings"
)

// Rules are alert rules for Prometheus about the metrics of a watch (Prometheus, "Alerting rules").
//
//go:embed rules.yaml
var Rules string

//go:embed rollcall-watch.service
var unit string

// Unit returns a systemd unit that runs a watch with the rollcall at this path (systemd.unit(5), systemd.exec(5)).
func Unit(program string) string { return strings.Replace(unit, "@program@", program, 1) }
