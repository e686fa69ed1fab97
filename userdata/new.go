package userdata

import (
	"embed"
	"fmt"
	"strings"
)

// newHead and the bodies make the template of NewTemplate.
const (
	newHead = `---
name: @name@
help: one line that says what it boots
@agent@variables:
  - name: greeting
    type: string
    default: Hello from
    help: what the service says
---
`
	newScript = `#!/bin/sh
# It may run again, as at every boot.
set -eu
# rollcall: values

echo "$greeting $(hostname)"
`
	newCloudConfig = `#cloud-config
runcmd:
  - |
    set -eu
    # rollcall: values
    echo "$greeting $(hostname)"
`
	newAgent = `# what it registers: round-robin, dns-sd, or any for either; the agent starts after this unit
agent: @kind@
after: myservice.service
`
)

// NewTemplate returns the text of a template to begin with and the extension of its file. format is FormatScript or
// FormatCloudConfig, and agent round-robin, dns-sd, any or none. The error says what is wrong with the name or the choice.
func NewTemplate(name, format, agent string) (text, ext string, err error) {
	body, ext := newScript, ".sh"
	switch format {
	case FormatScript:
	case FormatCloudConfig:
		body, ext = newCloudConfig, ".yaml"
	default:
		return "", "", fmt.Errorf("format %q: it is %s or %s", format, FormatScript, FormatCloudConfig)
	}
	block := ""
	if agent != "none" {
		block = strings.ReplaceAll(newAgent, "@kind@", agent)
		body += indentOf(body) + agentLine + "\n"
	}
	text = strings.NewReplacer("@name@", name, "@agent@", block).Replace(newHead) + body
	if _, err := parse(embed.FS{}, name+ext, []byte(text)); err != nil {
		_, why, _ := strings.Cut(err.Error(), ": ")
		return "", "", fmt.Errorf("%s", why)
	}
	return text, ext, nil
}

// indentOf returns the indentation of a text's last line.
func indentOf(text string) string {
	last := text[strings.LastIndex(strings.TrimRight(text, "\n"), "\n")+1:]
	return last[:len(last)-len(strings.TrimLeft(last, " "))]
}
