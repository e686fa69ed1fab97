package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
	"rollcall/ui/common"
)

func (a *commands) simFaultCommand() *cobra.Command {
	var kinds []string
	for _, k := range world.FaultKinds() {
		kinds = append(kinds, string(k))
	}
	return &cobra.Command{
		Use:   "fault SOURCE|all KIND|none",
		Short: "Switch a fault in a running world",
		Long: `fault makes a cloud or a zone of a running world misbehave, until it is switched
to none. It finds the world by ROLLCALL_SIM, which rollcall sim --env prints.

` + strings.Join(common.Wrap("The kinds are "+strings.Join(kinds, ", ")+".", 80), "\n"),
		Example: "  rollcall sim fault joyent-ams throttle\n  rollcall sim fault all none",
		Args:    exactly(2, "a source and a kind of fault"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.simFault(cmd.Context(), args[0], args[1]) },
	}
}

func (a *commands) simFault(ctx context.Context, source, kind string) error {
	base := a.Env.Getenv("ROLLCALL_SIM")
	if base == "" {
		return exit.Usagef("ROLLCALL_SIM is not set: start rollcall sim --env-file F, and read F with . F")
	}
	body, err := json.Marshal(map[string]string{"source": source, "kind": kind})
	if err != nil {
		return fmt.Errorf("switch the fault: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, app.OneShotTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(base, "/")+"/fault", bytes.NewReader(body))
	if err != nil {
		return exit.Usagef("ROLLCALL_SIM %q is not a URL: %w", base, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no world answers at %s, is rollcall sim still running? %w", base, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("switch the fault: %w", err)
	}
	if resp.StatusCode == http.StatusBadRequest {
		return exit.Usagef("%s", strings.TrimSpace(string(text)))
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("switch the fault: %s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	var sources []sim.Source
	if err := json.Unmarshal(text, &sources); err != nil {
		return fmt.Errorf("switch the fault: %w", err)
	}
	for _, s := range sources {
		if source == "all" || s.Name == source {
			a.Logf("%s: %s", words.Clean(s.Name), s.Fault)
		}
	}
	return nil
}
