package onnx
import ("testing";"os";"path/filepath";"math/rand/v2";"roofline/model";"time";"fmt")
func TestStress(t *testing.T){
	files,_:=filepath.Glob(shared+"/*.onnx")
	r:=rand.New(rand.NewPCG(uint64(time.Now().UnixNano()),2))
	deadline:=time.Now().Add(100*time.Second)
	n,okc:=0,0
	worst:=time.Duration(0)
	for time.Now().Before(deadline){
		f:=files[r.IntN(len(files))]
		data,_:=os.ReadFile(f)
		if len(data)>150<<10 {continue}
		for range 30 {
			d:=append([]byte(nil),data...)
			for range 1+r.IntN(6){ 
				i:=r.IntN(len(d))
				switch r.IntN(4){
				case 0: d[i]^=1<<r.IntN(8)
				case 1: d[i]=byte(r.IntN(256))
				case 2: d[i]=0xff
				case 3: // copy a chunk over another
					j:=r.IntN(len(d)); k:=min(r.IntN(16),len(d)-max(i,j)); copy(d[i:i+k],data[j:j+k])
				}
			}
			func(){ defer func(){ if e:=recover();e!=nil{ os.WriteFile(fmt.Sprintf("/tmp/crash%d.onnx",n),d,0o600); t.Errorf("%s: %v",f,e); panic(e)}}()
			start:=time.Now()
			g,err:=readBytes(d)
			if err==nil{ 
				b:=openDims(g)
				if r.IntN(2)==0 {b=model.Bindings{}}
				if model.Infer(g,b)==nil{ okc++; works(g); g.Parameters()}}
			if e:=time.Since(start); e>worst {worst=e; if e>time.Second {os.WriteFile("/tmp/slow.onnx",d,0o600); fmt.Println("slow",f,e)}}
			n++
			}()
		}
	}
	fmt.Println(n,okc,worst)
}
