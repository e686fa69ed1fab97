package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"rollcall/cmd/rollcall/cli/output"
)

func (a *commands) versionCommand() *cobra.Command {
	var form *output.Format
	c := &cobra.Command{Use: "version", Short: "The version of this program", Args: noArgs, RunE: func(*cobra.Command, []string) error {
		v := buildVersion()
		if form.Form != output.Text {
			return output.Data(a.Out, form.Form, v)
		}
		return output.String(a.Out, fmt.Sprintf("rollcall %s (%s, %s)\n", v.Version, v.Go, v.Platform))
	}}
	form = output.Flag(c, output.Text, output.JSON, output.YAML)
	return c
}

// versionRow describes the build.
type versionRow struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Time     string `json:"time"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func buildVersion() versionRow {
	v := versionRow{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Time = s.Value
		}
	}
	return v
}
