package check
import ("testing";"fmt";"time";"roofline/catalog")
var _ = catalog.Default
func TestZZ(t *testing.T){ r:=Embedded(time.Date(2026,11,22,0,0,0,0,time.UTC))
 n:=map[string]int{}
 for i:=range r.Findings { f:=&r.Findings[i]; n[f.Rule]++; if f.Severity!=Info {fmt.Printf("%s:%d:%d: %s: %s (%s)\n",f.File,f.Line,f.Column,f.Severity,f,f.Rule)} }
 fmt.Println(n, r.Files,r.Devices,r.Systems,r.Sites,r.Instances,r.Accepted)
}
