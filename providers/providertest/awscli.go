package providertest

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"sync"
)

//go:embed aws_cli.py
var awsServer string

// awsProcess is an AWS CLI that carries out one command after the other, since starting it takes longer than most
// commands. It ends when this process does.
type awsProcess struct {
	mu  sync.Mutex
	in  *json.Encoder
	out *json.Decoder
}

// startAWS returns nil where the AWS CLI is not a package of the first python3 in PATH.
var startAWS = sync.OnceValue(func() *awsProcess {
	c := exec.CommandContext(context.Background(), "python3", "-c", awsServer)
	in, err := c.StdinPipe()
	if err != nil {
		return nil
	}
	out, err := c.StdoutPipe()
	if err != nil || c.Start() != nil {
		return nil
	}
	p := &awsProcess{in: json.NewEncoder(in), out: json.NewDecoder(bufio.NewReader(out))}
	var ready struct{ Ready bool }
	if p.out.Decode(&ready) != nil || !ready.Ready {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = c.Wait()
		return nil
	}
	return p
})

// AWS runs a command of the AWS CLI in a folder with an environment. It returns an error if the command's exit code is
// not 0. It may be called concurrently.
func AWS(ctx context.Context, dir string, env []string, args ...string) (stdout, stderr string, err error) {
	if p := startAWS(); p != nil {
		return p.run(dir, env, args)
	}
	cmd := exec.CommandContext(ctx, "aws", args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = env, dir, &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func (p *awsProcess) run(dir string, env, args []string) (stdout, stderr string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.in.Encode(map[string]any{"dir": dir, "env": env, "args": args}); err != nil {
		return "", "", fmt.Errorf("the AWS CLI has ended: %w", err)
	}
	var said struct {
		Code           int
		Stdout, Stderr string
	}
	if err := p.out.Decode(&said); err != nil {
		return "", "", fmt.Errorf("the AWS CLI has ended: %w", err)
	}
	if said.Code != 0 {
		err = fmt.Errorf("exit code %d", said.Code)
	}
	return said.Stdout, said.Stderr, err
}
