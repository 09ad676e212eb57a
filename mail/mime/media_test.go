package mime

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMedia(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     Media
	}{
		{"plain", `Text/Plain; charset=UTF-8`, Media{Type: "text/plain", Params: []Param{{"charset", "UTF-8"}}}},
		{"quoted", `multipart/mixed; boundary="a \"b\" c"`, Media{Type: "multipart/mixed", Params: []Param{{"boundary", `a "b" c`}}}},
		{"a kit's last semicolon", `application/xml; charset=UTF-8; name="A.xml";`,
			Media{Type: "application/xml", Params: []Param{{"charset", "UTF-8"}, {"name", "A.xml"}}}},
		{"spaces around everything", `a/b ; c = d ; e="f" `, Media{Type: "a/b", Params: []Param{{"c", "d"}, {"e", "f"}}}},
		{"disposition", `attachment; filename=x`, Media{Type: "attachment", Params: []Param{{"filename", "x"}}}},
		{"extended", `a/b; name*=utf-8''%C4%B1%C5%9F.pdf`, Media{Type: "a/b", Params: []Param{{"name", "ış.pdf"}}}},
		{"extended in latin5", `a/b; name*=iso-8859-9'tr'%FD%FE`, Media{Type: "a/b", Params: []Param{{"name", "ış"}}}},
		{"in pieces out of order", `a/b; name*1*=%9F.pdf; name*0*=utf-8''%C5`, Media{Type: "a/b", Params: []Param{{"name", "ş.pdf"}}}},
		{"plain pieces", `a/b; name*0="x;"; name*1=y`, Media{Type: "a/b", Params: []Param{{"name", "x;y"}}}},
		{"a gap between pieces", `a/b; name*0=x; name*2=z`,
			Media{Type: "a/b", Params: []Param{{"name", "x"}}, Doubts: []Doubt{MediaSyntax}}},
		{"both forms", `a/b; name=a; name*=utf-8''b`,
			Media{Type: "a/b", Params: []Param{{"name", "b"}}, Doubts: []Doubt{ParameterTwice}}},
		{"twice", `a/b; c=d; c=e`, Media{Type: "a/b", Params: []Param{{"c", "d"}}, Doubts: []Doubt{ParameterTwice}}},
		{"a comment", `a/b (x;boundary=y); c=d`, Media{Type: "a/b", Params: []Param{{"c", "d"}}, Doubts: []Doubt{MediaComment}}},
		{"no slash, a token", `text`, Media{Type: "text"}},
		{"no type", `; c=d`, Media{Type: "", Params: []Param{{"c", "d"}}, Doubts: []Doubt{MediaSyntax}}},
		{"an open quote", `a/b; c="d`, Media{Type: "a/b", Params: []Param{{"c", "d"}}, Doubts: []Doubt{MediaSyntax}}},
		{"a value that is no token", `a/b; c=d=e`, Media{Type: "a/b", Params: []Param{{"c", "d=e"}}, Doubts: []Doubt{MediaSyntax}}},
		{"no semicolon", `a/b c=d; e=f`, Media{Type: "a/b", Params: []Param{{"e", "f"}}, Doubts: []Doubt{MediaSyntax}}},
		{"a line end in a name", `a/b; name*=utf-8''x%0D%0Ay`, Media{Type: "a/b", Params: []Param{{"name", "x\uFFFD\uFFFDy"}}}},
		{"half a percent", `a/b; name*=utf-8''x%4`, Media{Type: "a/b", Params: []Param{{"name", "x%4"}}, Doubts: []Doubt{MediaSyntax}}},
	} {
		got, err := ParseMedia(c.in, DefaultLimits)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestMediaParametersAreLimited(t *testing.T) {
	l := DefaultLimits
	var s strings.Builder
	s.WriteString("a/b")
	for i := range l.Parameters {
		fmt.Fprintf(&s, "; p%d=v", i)
	}
	if _, err := ParseMedia(s.String(), l); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := ParseMedia(s.String()+"; x=y", l); !errors.Is(err, ErrLimit) {
		t.Errorf("over the limit: got %v", err)
	}
}
