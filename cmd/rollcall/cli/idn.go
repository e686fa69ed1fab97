package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/index"
)

// nameFlags are the flags whose values are domain names, or ZONE=ID.
var nameFlags = []string{"service", "host", "zone-id", "confirm"}

// namesInALabels converts domain names in a command's arguments from U-labels to A-labels. splitRecord does this for a
// RECORD. The answer to a guard may be any text; if it is no name, it stays unchanged.
func namesInALabels(cmd *cobra.Command, args []string) error {
	for _, name := range nameFlags {
		f := cmd.Flags().Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		values := []string{f.Value.String()}
		list, several := f.Value.(pflag.SliceValue)
		if several {
			values = list.GetSlice()
		}
		for i, v := range values {
			if strings.Contains(v, "/") { // a RECORD
				continue
			}
			a, err := index.ALabels(v)
			switch {
			case err == nil:
				values[i] = a
			case name != "confirm":
				return exit.Usagef("--%s: %s", name, words.Clean(err.Error()))
			}
		}
		if several {
			if err := list.Replace(values); err != nil {
				return exit.Usagef("--%s: %s", name, words.Clean(err.Error()))
			}
		} else if err := f.Value.Set(values[0]); err != nil {
			return exit.Usagef("--%s: %s", name, words.Clean(err.Error()))
		}
	}
	if p := cmd.Parent(); (p == nil || p.Name() != "service") && cmd.Name() != "fault" {
		return nil
	}
	for i := range args {
		a, err := index.ALabels(args[i])
		if err != nil {
			return exit.Usagef("%s", words.Clean(err.Error()))
		}
		args[i] = a
	}
	return nil
}
