package show

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"pgregory.net/rapid"
)

// Whatever the lengths of groups, titles and cells, the table is drawn, in lines of columns that stand below each other.
func TestGroupsOfAnyLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z]{1,30}`)
		var table Table
		table.Columns = append(table.Columns, Column{Title: "name", Left: true})
		row := []Cell{"row"}
		for range rapid.IntRange(1, 3).Draw(t, "groups") {
			group := word.Draw(t, "group")
			for range rapid.IntRange(1, 4).Draw(t, "columns") {
				table.Columns = append(table.Columns, Column{Group: group, Title: rapid.StringMatching(`[a-z]{1,6}`).Draw(t, "title")})
				row = append(row, rapid.StringMatching(`[0-9]{1,8}`).Draw(t, "cell"))
			}
		}
		table.Add(row...)
		lines := strings.Split(strings.TrimRight(table.Text(0), "\n"), "\n")
		last := lines[len(lines)-1]
		if len(lines) != 3 || text.StringWidthWithoutEscSequences(lines[1]) != text.StringWidthWithoutEscSequences(last) {
			t.Fatalf("%q", lines)
		}
	})
}
