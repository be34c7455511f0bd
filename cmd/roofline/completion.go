package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/metric"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/dtype"
)

// completionCmd prints what makes a shell complete verbs, flags and names.
type completionCmd struct {
	Shell string `arg:"" help:"bash, zsh or fish." enum:"bash,zsh,fish"`
}

// Help shows how to use it.
func (completionCmd) Help() string {
	return `Examples:
  source <(roofline completion bash)                                     in ~/.bashrc
  source <(roofline completion zsh)                                      in ~/.zshrc, after compinit
  roofline completion fish > ~/.config/fish/completions/roofline.fish`
}

// completer is the word after which the command completes a command line in place of executing one: the shells' scripts
// ask it, so that they know whatever the command knows.
const completer = "__complete"

// scripts make the shells ask. Where there is nothing to say they complete files.
var scripts = map[string]string{
	"bash": `_roofline() {
  local IFS=$'\n'
  COMPREPLY=($(roofline ` + completer + ` "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o default -F _roofline roofline
`,
	"zsh": `#compdef roofline
_roofline() {
  local -a found
  found=(${(f)"$(roofline ` + completer + ` "${(@)words[2,CURRENT]}" 2>/dev/null | cut -f1)"})
  (( $#found )) && compadd -U -- $found || _files
}
compdef _roofline roofline
`,
	"fish": `function __roofline
  set -l words (commandline -opc)
  roofline ` + completer + ` $words[2..] (commandline -ct) 2>/dev/null
end
complete -c roofline -a '(__roofline)'
`,
}

// Run prints the script of a shell.
func (c *completionCmd) Run(s *session) error {
	return s.write(func(w io.Writer) error {
		_, err := io.WriteString(w, scripts[c.Shell])
		return err
	})
}

// candidate is a word that could stand at the end of a command line, and what it means.
type candidate struct{ word, help string }

// complete writes what the last of the words of a command line could become, one candidate and its meaning per line.
func complete(out io.Writer, words []string) {
	app, err := kong.New(&cli{}, kong.Exit(func(int) {}))
	if err != nil || len(words) == 0 {
		return
	}
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "=" }) // bash splits words there
	last := words[len(words)-1]
	node, flag, arguments := app.Model.Node, (*kong.Flag)(nil), 0
	for _, w := range words[:len(words)-1] {
		switch {
		case flag != nil:
			flag = nil // its value
		case strings.HasPrefix(w, "-"):
			if f := flagOf(node, w); f != nil && !f.IsBool() && !strings.Contains(w, "=") {
				flag = f
			}
		case child(node, w) != nil:
			node = child(node, w)
		default:
			arguments++
		}
	}
	prefix := ""
	if name, value, ok := strings.Cut(last, "="); ok && flag == nil && strings.HasPrefix(last, "--") {
		flag, prefix, last = flagOf(node, name), name+"=", value
	}
	var all []candidate
	switch {
	case flag != nil:
		all = valuesOf(node, flag, words)
		if i := strings.LastIndexByte(last, ','); i >= 0 { // a list: what is there stays
			prefix, last = prefix+last[:i+1], last[i+1:]
		}
	case strings.HasPrefix(last, "-"):
		for _, f := range flagsOf(node) {
			all = append(all, candidate{"--" + f.Name, f.Help})
		}
	default:
		for _, c := range node.Children {
			if !c.Hidden {
				all = append(all, candidate{c.Name, c.Help})
			}
		}
		if arguments < len(node.Positional) {
			all = append(all, argumentsOf(node, node.Positional[arguments])...)
		}
	}
	for _, c := range all {
		if strings.HasPrefix(c.word, last) {
			help, _, _ := strings.Cut(c.help, "\n")
			fmt.Fprintf(out, "%s%s\t%s\n", prefix, c.word, help)
		}
	}
}

func child(node *kong.Node, name string) *kong.Node {
	for _, c := range node.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// flagsOf lists the flags that can stand after a verb.
func flagsOf(node *kong.Node) (all []*kong.Flag) {
	for n := node; n != nil; n = n.Parent {
		for _, f := range n.Flags {
			if !f.Hidden {
				all = append(all, f)
			}
		}
	}
	return all
}

func flagOf(node *kong.Node, word string) *kong.Flag {
	name, _, _ := strings.Cut(word, "=")
	for _, f := range flagsOf(node) {
		if name == "--"+f.Name || f.Short != 0 && name == "-"+string(f.Short) {
			return f
		}
	}
	return nil
}

// valuesOf lists the values of a flag; none where they are numbers or files.
func valuesOf(node *kong.Node, f *kong.Flag, words []string) []candidate {
	k := catalog.Default()
	switch f.Name {
	case "device":
		return deviceNames(k)
	case "runtime":
		return records(k.Runtimes, func(p *runtime.Profile) (string, string) { return p.ID, p.Name })
	case "site":
		return records(k.Sites, func(y *hardware.Site) (string, string) { return y.ID, y.Name })
	case "ownership":
		return records(k.Ownerships, func(o *hardware.Ownership) (string, string) { return o.ID, o.Name })
	case "dtype", "act-dtype", "kv-dtype":
		var out []candidate
		for _, d := range dtype.Arithmetics {
			out = append(out, candidate{d.String(), ""})
		}
		return out
	case "workload":
		var out []candidate
		for name, w := range workloads {
			out = append(out, candidate{name, fmt.Sprintf("%v/%v tokens", w[0], w[1])})
		}
		slices.SortFunc(out, func(a, b candidate) int { return strings.Compare(a.word, b.word) })
		return out
	case "set":
		return settable(k, words)
	case "require":
		var out []candidate
		for _, id := range requirable {
			out = append(out, candidate{id + "=", metric.Get(id).Definition})
		}
		return out
	}
	var out []candidate
	for _, v := range f.EnumSlice() {
		if v != "" {
			out = append(out, candidate{v, ""})
		}
	}
	return out
}

// settable lists what whatif can set: the fields of the device that was named, and flags.
func settable(k *catalog.Catalog, words []string) []candidate {
	about := catalog.Subject{}
	for i, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if name == "--device" && !ok && i+1 < len(words) {
			value = words[i+1]
		}
		if d, err := k.Find(value); name == "--device" && err == nil {
			about.Device = d.ID
		}
	}
	var out []candidate
	for _, name := range slices.Concat(k.Paths(about), flagNames()) {
		out = append(out, candidate{name + "=", ""})
	}
	return out
}

// argumentsOf lists what can stand for an argument.
func argumentsOf(node *kong.Node, p *kong.Positional) []candidate {
	k := catalog.Default()
	switch path := node.FullPath(); {
	case p.Name == "model":
		var out []candidate
		for _, name := range deploy.Names() {
			out = append(out, candidate{name, "built-in model"})
		}
		return out
	case p.Name == "metric":
		return records(metric.All(), func(m *metric.Metric) (string, string) { return m.ID, m.Definition })
	case p.Name == "name" && strings.HasSuffix(path, "schema"):
		var out []candidate
		for _, d := range documents {
			out = append(out, candidate{d.name, "answers of " + d.by})
		}
		return out
	case p.Name == "name":
		return slices.Concat(deviceNames(k), records(k.Runtimes, func(p *runtime.Profile) (string, string) { return p.ID, p.Name }),
			records(k.Sites, func(y *hardware.Site) (string, string) { return y.ID, y.Name }))
	case p.Name == "devices":
		return deviceNames(k)
	}
	var out []candidate
	for _, v := range p.EnumSlice() {
		out = append(out, candidate{v, ""})
	}
	return out
}

// deviceNames lists the devices by their short names, and the systems.
func deviceNames(k *catalog.Catalog) []candidate {
	n := newNamer(k)
	return slices.Concat(records(k.Devices, func(d *hardware.Device) (string, string) { return n[d.ID], d.Name }),
		records(k.Systems, func(y *hardware.System) (string, string) { return y.ID, y.Name }), []candidate{{"all", "every device of the catalog"}})
}

func records[T any](all []T, of func(*T) (word, help string)) []candidate {
	out := make([]candidate, len(all))
	for i := range all {
		out[i].word, out[i].help = of(&all[i])
	}
	return out
}
