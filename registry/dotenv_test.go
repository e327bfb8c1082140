package registry

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestDotenv(t *testing.T) {
	tests := []struct {
		name, text string
		want       []dotenv
	}{
		{"nothing", "", nil},
		{"blank lines and comments", "\n \t\n# A=1\n  # B=2\n", nil},
		{"plain", "A=1\nB=2", []dotenv{{"A", "1", 1}, {"B", "2", 2}}},
		{"names of all kinds", "AZaz09_=1", []dotenv{{"AZaz09_", "1", 1}}},
		{"empty", "A=\nB=''\nC=\"\"\n", []dotenv{{"A", "", 1}, {"B", "", 2}, {"C", "", 3}}},
		{"spaces", " A = 1 2 \t\n", []dotenv{{"A", "1 2", 1}}},
		{"tabs", "\tA\t=\t1\nB=\t'2'\nC = \"3\"", []dotenv{{"A", "1", 1}, {"B", "2", 2}, {"C", "3", 3}}},
		{"export", "export A=1\nexport\t B=2\nexport =3\nexported=4", []dotenv{
			{"A", "1", 1}, {"B", "2", 2}, {"export", "3", 3}, {"exported", "4", 4}}},
		{"names of other programs", "a.b-c_1=2\n", []dotenv{{"a.b-c_1", "2", 1}}},
		{"comment behind a value", "A=1 # 2\nB=1\t#2\nC=1#2\nD=#2\nE= #2\nF=1 # 2 # 3", []dotenv{
			{"A", "1", 1}, {"B", "1", 2}, {"C", "1#2", 3}, {"D", "#2", 4}, {"E", "", 5},
			{"F", "1", 6}}},
		{"comment behind a quote", "A='1 # 2' # 3\nB=\"1 # 2\"\t# 3\nC='1' ", []dotenv{
			{"A", "1 # 2", 1}, {"B", "1 # 2", 2}, {"C", "1", 3}}},
		{"single quotes", `A=' \n$X"" '`, []dotenv{{"A", ` \n$X"" `, 1}}},
		{"double quotes", `A="\n\r\t\\\" '$X' "`, []dotenv{{"A", "\n\r\t\\\" '$X' ", 1}}},
		{"quotes inside", `A=it's "so"`, []dotenv{{"A", `it's "so"`, 1}}},
		{"no escapes without quotes", `A=\n\\`, []dotenv{{"A", `\n\\`, 1}}},
		{"nothing is expanded", "A=$B ${B} $(B) `B`\nB=1", []dotenv{
			{"A", "$B ${B} $(B) `B`", 1}, {"B", "1", 2}}},
		{"equals signs", "A=b=c==", []dotenv{{"A", "b=c==", 1}}},
		{"several lines", "A=\"1\n\n 2 # 3\n\" # 4\nB=5", []dotenv{
			{"A", "1\n\n 2 # 3\n", 1}, {"B", "5", 5}}},
		{"CRLF", "A=1\r\n\r\nB=\"2\r\n3\"\r\nC='4'\r\n", []dotenv{
			{"A", "1", 1}, {"B", "2\n3", 3}, {"C", "4", 5}}},
		{"byte order mark", "\ufeffA=1", []dotenv{{"A", "1", 1}}},
		{"beyond ASCII", "A=ä # ö\nB='ü'", []dotenv{{"A", "ä", 1}, {"B", "ü", 2}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, line, err := parseDotenv(test.text)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%+v, line %d: %v", got, line, err)
			}
		})
	}
}

func TestDotenvRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		line       int
		want       error
	}{
		{"no equals sign", "A=1\nsecret", 2, errDotenvLine},
		{"no name", "=secret", 1, errDotenvLine},
		{"a name of two words", "A B=secret", 1, errDotenvLine},
		{"export and a word", "export A B=secret", 1, errDotenvLine},
		{"export without a value", "export A", 1, errDotenvLine},
		{"a name with a dollar", "$A=secret", 1, errDotenvLine},
		{"a name in quotes", `"A"=secret`, 1, errDotenvLine},
		{"a name beyond ASCII", "Ä=secret", 1, errDotenvLine},
		{"a colon", "A: secret", 1, errDotenvLine},
		{"a byte order mark elsewhere", "\n\ufeffA=secret", 2, errDotenvLine},
		{"UTF-16", "A\x00=\x00s\x00", 1, errDotenvLine},
		{"single quote left open", "\nA='secret\nB=1'\n", 2, errDotenvQuote},
		{"single quote at the end", "A='secret", 1, errDotenvQuote},
		{"double quote left open", "A=\"secret\nB=1\n", 1, errDotenvQuote},
		{"double quote behind a backslash", `A="secret\"`, 1, errDotenvQuote},
		{"backslash at the end", `A="secret\`, 1, errDotenvEscape},
		{"unknown escape", `A="secret\x"`, 1, errDotenvEscape},
		{"escaped dollar", `A="secret\$B"`, 1, errDotenvEscape},
		{"text behind a single quote", "A='secret'b", 1, errDotenvTrailer},
		{"text behind a double quote", `A="secret" b`, 1, errDotenvTrailer},
		{"comment at a quote", "A='secret'#b", 1, errDotenvTrailer},
		{"text behind several lines", "\n\nA=\"secret\n\"b", 3, errDotenvTrailer},
		{"twice", "A=secret\n\nexport A=secret", 3, errDotenvTwice},
		{"too long", strings.Repeat("#", maxDotenv+1), 1, errDotenvSize},
	}
	for _, c := range "/:@[`{" { // beside digits and letters
		text := "A" + string(c) + "=secret"
		if _, _, err := parseDotenv(text); !errors.Is(err, errDotenvLine) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, line, err := parseDotenv(test.text)
			if !errors.Is(err, test.want) || got != nil || line != test.line {
				t.Errorf("%v, line %d: %v", got, line, err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error has the value: %v", err)
			}
		})
	}
	if maxDotenv != 1<<20 {
		t.Errorf("%d bytes", maxDotenv)
	}
	if _, _, err := parseDotenv(strings.Repeat("#", maxDotenv)); err != nil {
		t.Error(err)
	}
}

func TestReadDotenv(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	if got, err := readDotenv(write("good", "A=1\n")); err != nil ||
		!slices.Equal(got, []dotenv{{"A", "1", 1}}) {
		t.Error(got, err)
	}
	bad := write("bad", "A=1\nB\n")
	if _, err := readDotenv(bad); !errors.Is(err, errDotenvLine) ||
		!strings.HasPrefix(err.Error(), bad+":2: ") {
		t.Error(err)
	}
	if _, err := readDotenv(write("long", strings.Repeat("#", 2*maxDotenv))); !errors.Is(err, errDotenvSize) {
		t.Error(err)
	}
	if _, err := readDotenv(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := readDotenv(dir); err == nil {
		t.Error("a directory is read")
	}
}

// quoted writes a variable so that it is read back.
func quoted(v dotenv) string {
	return v.name + `="` + strings.NewReplacer("\n", `\n`, "\r", `\r`, `\`, `\\`, `"`, `\"`).Replace(
		v.value) + "\"\n"
}

// What is accepted has names that are none twice and on lines that are there, and means the
// same when it is written again.
func FuzzDotenv(f *testing.F) {
	for _, seed := range []string{"A=1", "export A = 'b' # c", "A=\"b\\n\nc\"\r\nD=#e f #g",
		"\ufeff# a\n\nB=c=d", "A='", `A="\`, "A=\"b\" c", "A=1\nA=2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, line, err := parseDotenv(text)
		lines := strings.Count(text, "\n") + 1
		if err != nil {
			if all != nil || line < 1 || line > lines {
				t.Fatalf("%v, line %d: %v", all, line, err)
			}
			return
		}
		var again strings.Builder
		last := 0
		for _, v := range all {
			if v.line <= last || v.line > lines || !isVariable(v.name) {
				t.Fatalf("%+v after line %d of %d", v, last, lines)
			}
			last = v.line
			again.WriteString(quoted(v))
		}
		read, line, err := parseDotenv(again.String())
		same := func(a, b dotenv) bool { return a.name == b.name && a.value == b.value }
		if again.Len() <= maxDotenv && (err != nil || !slices.EqualFunc(read, all, same)) {
			t.Fatalf("%q: %+v, line %d: %v", again.String(), read, line, err)
		}
	})
}

// What is no text is no value.
func TestDotenvIsText(t *testing.T) {
	for _, text := range []string{"A=a\x00b", "A=\xff", "A=\"\n\xff\""} {
		if _, _, err := parseDotenv(text); err != errDotenvText {
			t.Errorf("%q: error is %v", text, err)
		}
	}
}
