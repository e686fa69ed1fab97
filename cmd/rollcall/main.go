// Command rollcall is a terminal console for people who run one service on several clouds: it shows which nodes exist,
// which names DNS hands out, and where the two disagree.
//
// Where a change goes:
//
//   - A screen of the console: a kind of row in dnsview/rows, a type in ui/screen with its line in All, and its key in
//     ui/common/keymap.go. See the comment of screen.Screen.
//   - A command: a file in cmd/rollcall/cli, and its line in rootCommand. See the comment of package cli.
//   - A provider of clouds or DNS: a package below providers, its line in providers/adapters, and its name among the words
//     of dnsview/filter/values.go. See the comments of package adapter and of providers.DNS or providers.Compute.
//   - A class of findings: its id in dnsview/finding.go and in dnsview/filter/values.go, where it is found in an inspect file
//     of dnsview, and what mends it in dnsview/plan/remedy.go.
package main

import (
	"os"

	"rollcall/cmd/rollcall/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
