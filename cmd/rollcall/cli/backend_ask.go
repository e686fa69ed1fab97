package cli

import (
	"context"
	"sync"

	"rollcall/providers"
	"rollcall/ui/common"
)

// ask asks the operator in the console. It is a providers.Asker.
func (b *backend) ask(ctx context.Context, q providers.Question) (string, error) {
	answered := make(chan string, 1)
	var once sync.Once
	select {
	case b.questions <- common.Question{Question: q, Answer: func(text string) { once.Do(func() { answered <- text }) }}:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	select {
	case text := <-answered:
		return text, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (b *backend) Questions() <-chan common.Question { return b.questions }
