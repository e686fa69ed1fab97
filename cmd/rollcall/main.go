// Command rollcall is a terminal console for people who run one service on several clouds: it shows which nodes exist,
// which names DNS hands out, and where the two disagree.
package main

import (
	"os"

	"rollcall/cmd/rollcall/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
