package cli

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// examples are those of commands that have none of their own, by path without the program's name.
var examples = map[string]string{
	"completion bash":       `  . <(rollcall completion bash)                 # in ~/.bashrc`,
	"completion fish":       `  rollcall completion fish | source              # in config.fish`,
	"completion powershell": `  rollcall completion powershell | Out-String | Invoke-Expression`,
	"completion zsh":        `  . <(rollcall completion zsh)                  # in ~/.zshrc, after compinit`,
	"config check": `  rollcall config check
  rollcall config check --offline                # the file alone, in CI`,
	"config show": `  rollcall config show`,
	"drift": `  rollcall drift
  rollcall drift --exit-code --wire     # for a cron job: 3 is drift, 4 unknown
  rollcall drift -o github              # annotations of a workflow`,
	"journal": `  rollcall journal --filter 'verb:deregister age<1h'
  rollcall journal --limit 5 -o json
  rollcall journal --verify`,
	"ls findings": `  rollcall ls findings
  rollcall ls findings --filter 'finding:dead' -o name
  rollcall ls findings --watch`,
	"ls instances": `  rollcall ls instances --filter 'cloud:aws state:running age>7d'
  rollcall ls instances -o json --all
  rollcall ls instances --columns name,address,service --sort -age`,
	"ls records": `  rollcall ls records --filter 'name:www type:A'
  rollcall ls records --wire -o wide      # with what name servers answer`,
	"ls services": `  rollcall ls services
  rollcall ls services -o json --filter 'name:www'`,
	"ls sources": `  rollcall ls sources -o wide             # with accounts and keys' origin`,
	"policy aws": `  rollcall policy aws --service www.example.com
  rollcall policy aws --account 123456789012 -o json`,
	"policy cloudflare": `  rollcall policy cloudflare --service www.example.com`,
	"policy store":      `  rollcall policy store -o json`,
	"reboot":            `  rollcall reboot www-01 --dry-run`,
	"redo":              `  rollcall redo --dry-run`,
	"register": `  rollcall register www-07
  rollcall register aws-use1/i-0ab41c2d3e4f56789 --dry-run`,
	"start":          `  rollcall start joyent-east/www-07`,
	"stop":           `  rollcall stop www-07 --confirm www-07   # although clients are sent to it`,
	"team join":      `  rollcall team join --dry-run`,
	"team set-aside": `  rollcall team set-aside                 # after a store was emptied on purpose`,
	"team signers":   `  rollcall team signers allowed_signers   # as one who may write the object`,
	"terminate": `  rollcall terminate www-07               # out of DNS first, then a wait
  rollcall terminate i-0ab41c2d3e4f56789 --yes --no-drain
  rollcall ls instances --filter tag.version=v1 -o name |
    rollcall terminate - --dry-run`,
	"timeline": `  rollcall timeline www.example.com --since 2h`,
	"undo": `  rollcall undo                                  # the last change of your own
  rollcall undo 41 --dry-run`,
	"userdata lint": `  rollcall userdata lint
  rollcall userdata lint my-nginx --provider ec2 --strict`,
	"userdata list": `  rollcall userdata list`,
	"userdata render": `  rollcall userdata render nginx-roundrobin \
    --cloud aws-use1 --service www.example.com`,
	"userdata show": `  rollcall userdata show nginx-roundrobin`,
	"version":       `  rollcall version -o json`,
}

var firstExample = regexp.MustCompile(`^(?:.*[\\|]\n)*.*`)

// addExamples sets the examples of every command below c. A group has the first of each of its commands.
func addExamples(c *cobra.Command) {
	var first []string
	for _, sub := range c.Commands() {
		addExamples(sub)
		if sub.Example != "" {
			first = append(first, firstExample.FindString(sub.Example))
		}
	}
	if c.Example == "" {
		_, path, _ := strings.Cut(c.CommandPath(), " ")
		c.Example = examples[path]
	}
	if c.Example == "" {
		c.Example = strings.Join(first, "\n")
	}
}
