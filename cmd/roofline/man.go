package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// manCmd prints the manual page.
type manCmd struct{}

// Help shows how to read and install it.
func (manCmd) Help() string {
	return `Examples:
  roofline man | man -l -
  roofline man > /usr/local/share/man/man1/roofline.1`
}

// Run writes the manual page from what --help knows.
func (manCmd) Run(s *session) error {
	app, err := kong.New(&cli{}, kong.Exit(func(int) {}))
	if err != nil {
		return err
	}
	return s.write(func(w io.Writer) error {
		_, err := io.WriteString(w, manual(app.Model.Node, s.now.Format("2006-01-02")))
		return err
	})
}

// manual returns the page in the man macros of roff.
func manual(app *kong.Node, date string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH ROOFLINE 1 %q \"roofline %s\"\n", date, roff(version()))
	b.WriteString(".SH NAME\nroofline \\- what will this model do on that hardware, before you have it\n")
	b.WriteString(".SH SYNOPSIS\n.B roofline\n.I VERB\n[argument ...] [flag ...]\n")
	b.WriteString(".SH DESCRIPTION\n.nf\n" + roff(welcome) + ".fi\n")
	b.WriteString(".SH FLAGS OF EVERY VERB\n")
	manualFlags(&b, app)
	b.WriteString(".SH VERBS\n")
	var verbs func(*kong.Node)
	verbs = func(n *kong.Node) {
		for _, c := range n.Children {
			if c.Hidden {
				continue
			}
			if len(c.Children) > 0 {
				verbs(c)
				continue
			}
			fmt.Fprintf(&b, ".SS %s\n%s\n", roff(strings.TrimPrefix(c.Summary(), "roofline ")), roff(c.Help))
			manualFlags(&b, c)
			if c.Detail != "" {
				b.WriteString(".PP\n.nf\n" + roff(c.Detail) + "\n.fi\n")
			}
		}
	}
	verbs(app)
	b.WriteString(`.SH EXIT STATUS
0 answered; 1 no answer (bad input, unknown name); 2 does not fit on the one device named with \-\-count; 3 answered, but a limit
that was set is missed; 80 usage.
.SH ENVIRONMENT
.B SOURCE_DATE_EPOCH
pins the date that prices are judged by.
`)
	return b.String()
}

// manualFlags lists the flags of a verb.
func manualFlags(b *strings.Builder, n *kong.Node) {
	for _, f := range n.Flags {
		if f.Hidden || f.Name == "help" && n.Parent != nil {
			continue
		}
		name := "--" + f.Name
		if f.Short != 0 {
			name = "-" + string(f.Short) + ", " + name
		}
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR", roff(name))
		if enum := strings.TrimPrefix(f.Enum, ","); enum != "" {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(strings.ReplaceAll(enum, ",", "|")))
		} else if !f.IsBool() {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(f.FormatPlaceHolder()))
		}
		fmt.Fprintf(b, "\n%s\n", roff(f.Help))
	}
}

// roff escapes a text: what begins a line or an escape is not its own.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
