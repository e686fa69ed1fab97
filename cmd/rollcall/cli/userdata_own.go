package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/cmd/rollcall/words"
	"rollcall/userdata"
)

func (a *commands) userdataShowOf() *cobra.Command {
	return &cobra.Command{
		Use:   "show-of ID",
		Short: "Print the user data that an instance was launched with",
		Long: `show-of reads the user data of an instance from its cloud, unpacks it, and
prints it: a script, a cloud-config, or the parts of an archive one after the
other. What secrets stand in it are shown, as the cloud shows them.

An ID is an instance id, cloud/id, or a name that one instance has.`,
		Example: "  rollcall --demo userdata show-of www-01",
		Args:    exactly(1, "an instance"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, v, err := a.read(cmd.Context())
			if err != nil {
				return err
			}
			refs, err := findInstances(v, args)
			if err != nil {
				return err
			}
			data, err := launcher.New(s).UserData(cmd.Context(), refs[0])
			if err != nil {
				return err
			}
			if len(data) == 0 {
				a.Logf("rollcall: %s has no user data", words.Clean(args[0]))
				return nil
			}
			var text strings.Builder
			for line := range strings.Lines(string(userdata.Readable(data))) {
				indent := line[:len(line)-len(strings.TrimLeft(line, "\t"))]
				text.WriteString(indent + strings.TrimRight(words.Clean(line[len(indent):]), " ") + "\n")
			}
			return output.String(a.Out, text.String())
		},
	}
}

func (a *commands) userdataNew() *cobra.Command {
	form, kind := "", ""
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a boot template of your own to begin with",
		Long: `new writes a template that works as it is into the folder templates/ beside the
config, for you to edit. It never overwrites a file.`,
		Example: "  rollcall userdata new web --agent round-robin\n  rollcall userdata new web --format cloud-config --agent none",
		Args:    exactly(1, "a name"),
		RunE: func(_ *cobra.Command, args []string) error {
			text, ext, err := userdata.NewTemplate(args[0], form, kind)
			if err != nil {
				return exit.Usagef("%s", words.Clean(err.Error()))
			}
			dir := launcher.OwnTemplates(a.Program)
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return fmt.Errorf("write the template: %w", err)
			}
			path := filepath.Join(dir, args[0]+ext)
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already: edit it, or take another name", words.Clean(path))
			}
			if err == nil {
				_, err = f.WriteString(text)
				err = errors.Join(err, f.Close())
			}
			if err != nil {
				return fmt.Errorf("write the template: %w", err)
			}
			a.Notef("%s: edit it, then rollcall userdata lint %s", words.Clean(path), args[0])
			return nil
		},
	}
	c.Flags().StringVar(&form, "format", userdata.FormatScript, userdata.FormatScript+" or "+userdata.FormatCloudConfig)
	c.Flags().StringVar(&kind, "agent", userdata.AnyKind, "kind of service that the agent registers: round-robin, dns-sd, any, or none for no agent")
	return c
}
