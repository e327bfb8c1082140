package strictjson

import "testing"

// The pointers of RFC 6901, Section 5, and places by name.
func TestAt(t *testing.T) {
	const document = `{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,
		"k\"l":6," ":7,"m~n":8,"o":{"p":[{"q":"r"}],"~1":9},"n":null,"s":"{\"t\":1}"}`
	o, err := Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	for place, want := range map[string]Value{
		"/foo": `["bar","baz"]`, "/foo/0": `"bar"`, "/foo/1": `"baz"`, "/": "0", "/a~1b": "1",
		"/c%d": "2", "/e^f": "3", "/g|h": "4", `/i\j`: "5", `/k"l`: "6", "/ ": "7", "/m~0n": "8",
		"/o/p/0/q": `"r"`, "/o/~01": "9", "/n": "null",
		"foo": `["bar","baz"]`, "a/b": "1", "": "0", "m~n": "8",
		"/foo/2": "", "/foo/00": "", "/foo/-": "", "/foo/-1": "", "/foo/+1": "", "/foo/0/x": "",
		"/foo/65536": "", "/o/x/q": "", "/x": "", "x": "", "/foo/": "", "/n/x": "", "/s/t": "",
		"//": "", "o/p": "",
	} {
		if got := o.At(place); got != want {
			t.Errorf("at %q is %s, want %s", place, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for v, want := range map[Value]string{`"a\"b"`: `a"b`, `""`: "", "0": "0",
		"9007199254740993": "9007199254740993"} {
		if s, ok := v.Text(); s != want || !ok {
			t.Errorf("%s is %q, %t", v, s, ok)
		}
	}
	for _, v := range []Value{"", "-1", "1.5", "1e3", "null", "true", "[1]", `{"a":1}`} {
		if s, ok := v.Text(); s != "" || ok {
			t.Errorf("%s is %q, %t", v, s, ok)
		}
	}
}
