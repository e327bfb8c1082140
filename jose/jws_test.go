package jose

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// A sourceFunc is a KeySource, and a renewer one that can look for newer keys.
type sourceFunc func(Header) ([]*Key, error)

func (s sourceFunc) Keys(_ context.Context, h Header) ([]*Key, error) { return s(h) }

type renewer struct{ keys, renew sourceFunc }

func (r renewer) Keys(_ context.Context, h Header) ([]*Key, error)  { return r.keys(h) }
func (r renewer) Renew(_ context.Context, h Header) ([]*Key, error) { return r.renew(h) }

func jwsOptions() VerifyOptions { return VerifyOptions{Algorithms: []string{"ES256", "RS256"}} }

// verifyJWS verifies with the keys of testEC and testRSA.
func verifyJWS(t testing.TB, text string, o VerifyOptions) (*JWS, error) {
	t.Helper()
	return VerifySignature(t.Context(), text, NewSet(testEC(t), testRSA(t)), o)
}

// wantPayload fails unless text verifies and has the payload.
func wantPayload(t testing.TB, name, text string, o VerifyOptions, payload string) *JWS {
	t.Helper()
	j, err := verifyJWS(t, text, o)
	if err != nil || string(j.Payload) != payload {
		t.Fatalf("%s: got %+v, %v", name, j, err)
	}
	return j
}

// wantNoJWS fails unless text is refused by check, "signature" being ErrSignature,
// and nothing else comes of it.
func wantNoJWS(t testing.TB, name, text string, o VerifyOptions, check string) {
	t.Helper()
	j, err := verifyJWS(t, text, o)
	if j != nil {
		t.Errorf("%s: a JWS beside an error, or no error", name)
	}
	wantRefusal(t, name, err, check)
}

func attackersKey(t testing.TB) *Key {
	t.Helper()
	k, err := GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestParseCompactRefuses(t *testing.T) {
	good := signRaw(t, testEC(t), `{"alg":"ES256","kid":"ec"}`, `{}`)
	wantPayload(t, "good", good, jwsOptions(), `{}`)
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	for _, tt := range []struct{ name, compact, check string }{
		{"nothing", "", "compact"},
		{"null", "null", "compact"},
		{"a word", "token", "compact"},
		{"one dot", head + "." + signature, "compact"},
		{"only a dot", ".", "compact"},
		{"only two dots", "..", "compact"},
		{"only three dots", "...", "compact"},
		{"two parts and a dot", head + "." + payload + ".", "compact"},
		{"four parts", good + "." + signature, "compact"},
		{"a dot behind", good + ".", "compact"},
		{"a dot before", "." + good, "compact"},
		{"two dots in the middle", head + ".." + rest, "compact"},
		{"five parts, as JWE has", good + "." + payload + "." + signature, "compact"},
		{"a million dots", strings.Repeat(".", 1_000_000), "size"},
		{"as many dots as may be", strings.Repeat(".", DefaultMaxSize), "compact"},
		{"a byte too long", head + "." + strings.Repeat("A", DefaultMaxSize-len(head)-3) + ".AA",
			"size"},
		{"long signature", head + "." + payload + "." + strings.Repeat("A", DefaultMaxSize), "size"},

		{"no header", "." + payload + "." + signature, "header"},
		{"no signature", head + "." + payload + ".", "compact"},
		{"JSON around a compact token", `{"` + good + `":"","protected":"` + head + `"}`, "payload"},
		{"quoted", `"` + good + `"`, "compact"},
		{"in an array", `["` + good + `"]`, "compact"},
		{"Bearer", "Bearer " + good, "compact"},

		{"line feed behind", good + "\n", "compact"},
		{"end of line behind", good + "\r\n", "compact"},
		{"space before", " " + good, "compact"},
		{"header padded", head + "=." + payload + "." + signature, "compact"},
		{"signature padded", good + "==", "compact"},
		{"payload padded", head + "." + payload + "=." + signature, "payload"},
		{"end of line in the header", head[:4] + "\r\n" + head[4:] + "." + rest, "compact"},
		{"line feed in the payload", head + "." + payload + "\n." + signature, "payload"},
		{"line feed in the signature", good[:len(good)-4] + "\n" + good[len(good)-4:], "compact"},
		{"byte order mark", "\ufeff" + good, "compact"},
		{"byte order mark before JSON", "\ufeff{}", "compact"},
	} {
		wantNoJWS(t, tt.name, tt.compact, jwsOptions(), tt.check)
	}
}

// The other spellings of the bits that base64 leaves over in the last character.
func TestParseCompactStrayBits(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	good := signRaw(t, testEC(t), `{"alg":"ES256" }`, `{}`)
	for _, at := range []int{strings.IndexByte(good, '.') - 1, len(good) - 1} {
		bits := strings.IndexByte(alphabet, good[at])
		for stray := 1; stray < 4; stray++ {
			other := good[:at] + string(alphabet[bits|stray]) + good[at+1:]
			if other != good {
				wantNoJWS(t, fmt.Sprintf("character %d as %c", at, other[at]), other, jwsOptions(),
					"compact")
			}
		}
	}
}

// The limit counts all that was given, whatever the serialization, and is looked at
// before anything else is.
func TestVerifySignatureSize(t *testing.T) {
	head := encode([]byte(`{"alg":"ES256"}`))
	longest := head + "." + strings.Repeat("A", DefaultMaxSize-len(head)-4) + ".AA"
	flat := `{"payload":"AAAA","protected":"` + head + `","signature":"AA"}`
	for _, tt := range []struct {
		name, text string
		payload    []byte
		max        int
		check      string
	}{
		{"16 KiB", longest, nil, 0, "signature"},
		{"more than 16 KiB", longest + "A", nil, 0, "size"},
		{"more than 16 KiB, of nothing", strings.Repeat(" ", DefaultMaxSize+1), nil, 0, "size"},
		{"an empty payload", head + "..AA", nil, 0, "signature"},
		{"JSON of 16 KiB", strings.Repeat(" ", DefaultMaxSize-len(flat)) + flat, nil, 0, "signature"},
		{"JSON of more", strings.Repeat(" ", DefaultMaxSize+1-len(flat)) + flat, nil, 0, "size"},
		{"MaxSize", longest, nil, len(longest), "signature"},
		{"a lower MaxSize", longest, nil, len(longest) - 1, "size"},
		{"a higher MaxSize", longest + "AAAA", nil, len(longest) + 4, "signature"},
		{"MaxSize 1", "..", nil, 1, "size"},
		{"detached", head + "..AA", make([]byte, 100), len(head) + 104, "signature"},
		{"detached, a byte too long", head + "..AA", make([]byte, 101), len(head) + 104, "size"},
		{"detached, by default", head + "..AA", make([]byte, DefaultMaxSize), 0, "size"},
		{"detached, shape wrong too", "..", make([]byte, DefaultMaxSize), 0, "size"},
		{"unencoded, which is no way around it", encode([]byte(`{"alg":"ES256","b64":false,`+
			`"crit":["b64"]}`)) + "..AA", make([]byte, DefaultMaxSize), 0, "size"},
	} {
		o := jwsOptions()
		o.Payload, o.MaxSize = tt.payload, tt.max
		wantNoJWS(t, tt.name, tt.text, o, tt.check)
	}
	if DefaultMaxSize != 16384 {
		t.Errorf("DefaultMaxSize is %d", DefaultMaxSize)
	}
}

// A caller that is wrong about what it wants hears of it whatever comes.
func TestVerifySignatureOptions(t *testing.T) {
	good := signRaw(t, testEC(t), `{"alg":"ES256"}`, `{}`)
	const noKeys, noAlgorithms = "jose: keys are required", "jose: Algorithms is required"
	const negative = "jose: MaxSize must not be negative"
	const unknown = " is none of SignatureAlgorithms"
	crit := checkExtensions([]string{""}).Error()
	for _, tt := range []struct {
		name string
		keys KeySource
		o    VerifyOptions
		want string
	}{
		{"no keys", nil, jwsOptions(), noKeys},
		{"nil set", (*Set)(nil), jwsOptions(), noKeys},
		{"zero", NewSet(testEC(t)), VerifyOptions{}, noAlgorithms},
		{"no algorithms", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{}}, noAlgorithms},
		{"a negative size", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{"ES256"},
			MaxSize: -1}, negative},
		{"none", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{"ES256", "none"}}, unknown},
		{"None", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{"None"}}, unknown},
		{"an empty algorithm", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{""}}, unknown},
		{"another case", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{"es256"}}, unknown},
		{"one for encryption", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{"RSA-OAEP"}},
			unknown},
		{"an empty extension", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{"ES256"},
			Critical: []string{""}}, crit},
		{"alg as an extension", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{"ES256"},
			Critical: []string{"x", "alg"}}, crit},
		{"b64 as an extension", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{"ES256"},
			Critical: []string{"b64"}}, crit},
		{"crit as an extension", NewSet(testEC(t)), VerifyOptions{Algorithms: []string{"ES256"},
			Critical: []string{"crit"}}, crit},
	} {
		for _, text := range []string{good, ""} {
			j, err := VerifySignature(t.Context(), text, tt.keys, tt.o)
			if j != nil || err == nil || !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("%s: got %v, %v", tt.name, j, err)
			}
		}
	}
}

func TestVerifySignature(t *testing.T) {
	h := `{"alg":"ES256","kid":"ec","typ":"a","cty":"b","x": [ 1 ]}`
	j := wantPayload(t, "", signRaw(t, testEC(t), h, "\x00\xff"), jwsOptions(), "\x00\xff")
	if fields(j.Header) != [5]string{"ES256", "", "ec", "a", "b"} ||
		string(j.Header.Get("x")) != "[ 1 ]" || j.Key.ID() != "ec" {
		t.Errorf("got %+v", j)
	}
	wantPayload(t, "empty", signRaw(t, testEC(t), h, ""), jwsOptions(), "")
}

// The caller and the key decide on the algorithm (RFC 8725, Section 3.1).
func TestVerifySignatureAlgorithm(t *testing.T) {
	for _, alg := range []string{"none", "None", "NONE", "", "es256", "ES256 ", "HS256", "ES384",
		"PS256", "RSA-OAEP", "dir"} {
		h := fmt.Sprintf(`{"alg":%q,"kid":"ec"}`, alg)
		wantNoJWS(t, "alg "+alg, signRaw(t, testEC(t), h, "a"), jwsOptions(), "alg")
	}
	wantNoJWS(t, "no alg", signRaw(t, testEC(t), `{}`, "a"), jwsOptions(), "alg")
	o := VerifyOptions{Algorithms: []string{"RS256"}}
	wantNoJWS(t, "one that is not wanted", signRaw(t, testEC(t), `{"alg":"ES256"}`, "a"), o, "alg")
	wantNoJWS(t, "for another key", signRaw(t, testEC(t), `{"alg":"ES256","kid":"rsa"}`, "a"),
		jwsOptions(), "key")
	wantNoJWS(t, "an unknown key", signRaw(t, testEC(t), `{"alg":"ES256","kid":"e"}`, "a"),
		jwsOptions(), "key")
	wantNoJWS(t, "signed by another", signRaw(t, testRSA(t), `{"alg":"ES256"}`, "a"),
		jwsOptions(), "signature")
	wantNoJWS(t, "signed by an attacker", signRaw(t, attackersKey(t), `{"alg":"ES256"}`, "a"),
		jwsOptions(), "signature")
}

// The text of a public key is no secret that HS256 could be verified with.
func TestVerifySignatureConfusion(t *testing.T) {
	jwk, err := json.Marshal(testRSA(t))
	if err != nil {
		t.Fatal(err)
	}
	input := encode([]byte(`{"alg":"HS256","kid":"rsa"}`)) + "." + encode([]byte("a"))
	mac := hmac.New(sha256.New, jwk)
	mac.Write([]byte(input))
	o := VerifyOptions{Algorithms: []string{"HS256", "RS256"}}
	wantNoJWS(t, "", input+"."+encode(mac.Sum(nil)), o, "key")
	all := sourceFunc(func(Header) ([]*Key, error) { return []*Key{testRSA(t), testEC(t)}, nil })
	if j, err := VerifySignature(t.Context(), input+"."+encode(mac.Sum(nil)), all, o); j != nil ||
		err != ErrSignature {
		t.Errorf("got %v, %v", j, err)
	}
}

// A key serves its own algorithm and use whoever hands it over.
func TestVerifyBinding(t *testing.T) {
	compact := signRaw(t, testEC(t), `{"alg":"ES256"}`, `{}`)
	encrypts := newKey(t, &ecPrivate(t).PublicKey, KeyOptions{Use: "enc"})
	jwk := vectorObject(t, publishedKey(t, "rfc7515", "A.3"))
	jwk["key_ops"] = []string{"sign"}
	text, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		keys []*Key
		want error
	}{
		{"RSA", []*Key{testRSA(t)}, ErrSignature},
		{"for encryption", []*Key{encrypts}, ErrSignature},
		{"only to sign", []*Key{parsePrivate(t, text)}, ErrSignature},
		{"both before the right one", []*Key{testRSA(t), encrypts, testEC(t)}, nil},
	} {
		keys := sourceFunc(func(Header) ([]*Key, error) { return tt.keys, nil })
		j, err := VerifySignature(t.Context(), compact, keys, jwsOptions())
		if err != tt.want || err == nil && j.Key != tt.keys[2] {
			t.Errorf("%s: got %v, %v", tt.name, j, err)
		}
	}
}

// A key that is for one algorithm serves no other that its type could.
func TestVerifyOtherAlgorithm(t *testing.T) {
	shared := []byte(strings.Repeat("s", 64))
	for _, tt := range []struct {
		key     any
		is, not string
	}{
		{rsaPrivate(t), "RS256", "PS256"},
		{rsaPrivate(t), "RS256", "RS512"},
		{shared, "HS256", "HS512"},
		{shared, "HS512", "HS256"},
	} {
		only := newKey(t, tt.key, KeyOptions{Algorithm: tt.is})
		keys := sourceFunc(func(Header) ([]*Key, error) { return []*Key{only}, nil })
		for _, alg := range []string{tt.is, tt.not} {
			signed, err := Sign(nil, newKey(t, tt.key, KeyOptions{}), SignOptions{Algorithm: alg})
			if err != nil {
				t.Fatal(err)
			}
			o := VerifyOptions{Algorithms: []string{tt.is, tt.not}}
			j, err := VerifySignature(t.Context(), signed, keys, o)
			if (err == nil) != (alg == tt.is) || (err == nil) != (j != nil) || err != nil &&
				err != ErrSignature {
				t.Errorf("%s for %s: got %v, %v", tt.is, alg, j, err)
			}
		}
	}
}

// A set of many keys cannot be made to cost much by leaving out the key ID: 16 keys
// are tried, not counting those that serve something else.
func TestVerifyTries(t *testing.T) {
	other, signer := attackersKey(t), testEC(t)
	compact := signRaw(t, signer, `{"alg":"ES256"}`, `{}`)
	for at, want := range map[int]error{0: nil, 15: nil, 16: ErrSignature} {
		keys := append(slices.Repeat([]*Key{testRSA(t)}, 20), slices.Repeat([]*Key{other}, 17)...)
		keys[20+at] = signer
		all := sourceFunc(func(Header) ([]*Key, error) { return keys, nil })
		_, err := VerifySignature(t.Context(), compact, all, jwsOptions())
		if err != want {
			t.Errorf("key %d: got %v", at, err)
		}
		_, err = newVerifier(t, VerifierConfig{Keys: all, Algorithms: []string{"ES256"},
			Issuer: "a", Audience: "a"}).Verify(t.Context(), compact)
		wantRefusal(t, "token", err, map[bool]string{true: "iss", false: "signature"}[want == nil])
	}
}

// The 16 are for all signatures together, and 16 more for what a source has newer.
func TestVerifyTriesTogether(t *testing.T) {
	other, signer := attackersKey(t), testEC(t)
	p := encode([]byte("hi"))
	text := general("hi", signPart(t, attackersKey(t), protectedEC, "", p),
		signPart(t, signer, protectedEC, "", p))
	compact := signRaw(t, signer, `{"alg":"ES256"}`, `{}`)
	for at, want := range map[int]error{7: nil, 8: ErrSignature} {
		keys := append(slices.Repeat([]*Key{other}, at), signer)
		if _, err := VerifySignature(t.Context(), text, NewSet(keys...), jwsOptions()); err != want {
			t.Errorf("two signatures, key %d: got %v", at, err)
		}
	}
	for at, want := range map[int]error{15: nil, 16: ErrSignature} {
		source := renewer{
			func(Header) ([]*Key, error) { return slices.Repeat([]*Key{other}, 20), nil },
			func(Header) ([]*Key, error) {
				return append(slices.Repeat([]*Key{other}, at), signer), nil
			}}
		if _, err := VerifySignature(t.Context(), compact, source, jwsOptions()); err != want {
			t.Errorf("newer, key %d: got %v", at, err)
		}
	}
}

func TestVerifyKeySource(t *testing.T) {
	down := errors.New("the key server is down")
	compact := signRaw(t, testEC(t), `{"alg":"ES256","kid":"ec","typ":"JWT","x":1}`, `{}`)
	for _, tt := range []struct {
		name string
		keys []*Key
		err  error
		want error
	}{
		{"its error", []*Key{testEC(t)}, down, down},
		{"none", nil, nil, &CheckError{Check: "key"}},
		{"empty", []*Key{}, nil, &CheckError{Check: "key"}},
		{"one that cannot serve", []*Key{testRSA(t)}, nil, ErrSignature},
		{"several", []*Key{testRSA(t), testEC(t)}, nil, nil},
	} {
		var asked []Header
		keys := sourceFunc(func(h Header) ([]*Key, error) {
			asked = append(asked, h)
			return tt.keys, tt.err
		})
		j, err := VerifySignature(t.Context(), compact, keys, jwsOptions())
		if !errors.Is(err, tt.want) || (j == nil) != (tt.want != nil) {
			t.Errorf("%s: got %v, %v", tt.name, j, err)
		}
		if len(asked) != 1 || fields(asked[0]) != [5]string{"ES256", "", "ec", "JWT", ""} ||
			string(asked[0].Get("x")) != "1" {
			t.Errorf("%s: asked for %+v", tt.name, asked)
		}
	}
}

// A source that may have newer keys is asked once more, and only where the ones it
// had do not verify.
func TestVerifyRenews(t *testing.T) {
	compact := signRaw(t, testEC(t), `{"alg":"ES256"}`, `{}`)
	down := errors.New("down")
	old, current := []*Key{attackersKey(t)}, []*Key{testEC(t)}
	for _, tt := range []struct {
		name        string
		keys, newer []*Key
		err, want   error
		times       int
	}{
		{"no need", current, nil, nil, nil, 0},
		{"newer", old, current, nil, nil, 1},
		{"none newer", old, old, nil, ErrSignature, 1},
		{"nothing", old, nil, nil, ErrSignature, 1},
		{"an error", old, nil, down, ErrSignature, 1},
		{"an error beside the right key", old, current, down, ErrSignature, 1},
		{"newer that cannot serve", old, []*Key{testRSA(t)}, nil, ErrSignature, 1},
	} {
		times := 0
		keys := renewer{func(Header) ([]*Key, error) { return tt.keys, nil },
			func(h Header) ([]*Key, error) {
				if times++; h.Algorithm != "ES256" {
					t.Errorf("%s: asked for %+v", tt.name, h)
				}
				return tt.newer, tt.err
			}}
		j, err := VerifySignature(t.Context(), compact, keys, jwsOptions())
		if err != tt.want || times != tt.times || (j == nil) != (err != nil) {
			t.Errorf("%s: got %v, %v after %d", tt.name, j, err, times)
		}
	}
}

// A key source is not asked before the shape, header and algorithm are right.
func TestVerifySignatureAsksLast(t *testing.T) {
	asked := func(Header) ([]*Key, error) { t.Error("asked"); return nil, nil }
	for _, tt := range []struct{ text, check string }{
		{strings.Repeat("a", DefaultMaxSize+1), "size"},
		{"a.b", "compact"},
		{"{}", "payload"},
		{`{"payload":""}`, "JSON"},
		{signRaw(t, testEC(t), `{"alg":1}`, ""), "header"},
		{signRaw(t, testEC(t), `{"alg":"ES256","crit":["x"],"x":1}`, ""), "crit"},
		{signRaw(t, testEC(t), `{"alg":"HS256"}`, ""), "alg"},
	} {
		_, err := VerifySignature(t.Context(), tt.text, renewer{asked, asked}, jwsOptions())
		wantCheck(t, tt.check, err, tt.check)
	}
}

// RFC 7515, Section 4.1.11: an extension must be declared by the caller, there, and
// protected.
func TestVerifySignatureCritical(t *testing.T) {
	o := jwsOptions()
	for header, declared := range map[string][]string{
		`{"alg":"ES256","crit":["x"],"x":1}`:            {"x"},
		`{"alg":"ES256","crit":["exp"],"exp":1}`:        {"x", "exp"},
		`{"alg":"ES256","crit":["y","x"],"x":1,"y":[]}`: {"x", "y", "z"},
	} {
		compact := signRaw(t, testEC(t), header, "a")
		wantNoJWS(t, header+", undeclared", compact, o, "crit")
		o.Critical = declared
		wantPayload(t, header, compact, o, "a")
		o.Critical = []string{"X", "z"}
		wantNoJWS(t, header+", others declared", compact, o, "crit")
		o.Critical = nil
	}
}

// Appending to what the caller gave must not write into it.
func TestVerifySignatureLeavesOptions(t *testing.T) {
	names := []string{"x", "y", "z"}
	o := jwsOptions()
	o.Critical = names[:1]
	wantPayload(t, "", signRaw(t, testEC(t), `{"alg":"ES256","crit":["x"],"x":1}`, "a"), o, "a")
	if !slices.Equal(names, []string{"x", "y", "z"}) {
		t.Errorf("the caller's list is now %q", names)
	}
}

// RFC 7515, Appendix F.
func TestVerifyDetached(t *testing.T) {
	attached := signRaw(t, testEC(t), `{"alg":"ES256"}`, "payload")
	parts := strings.Split(attached, ".")
	detached := parts[0] + ".." + parts[2]
	given := func(payload []byte) VerifyOptions {
		o := jwsOptions()
		o.Payload = payload
		return o
	}
	wantPayload(t, "given", detached, given([]byte("payload")), "payload")
	wantNoJWS(t, "another given", detached, given([]byte("Payload")), "signature")
	wantNoJWS(t, "given as it is signed", detached, given([]byte(parts[1])), "signature")
	wantNoJWS(t, "an empty one given", detached, given([]byte{}), "signature")
	wantNoJWS(t, "missing", detached, jwsOptions(), "signature")
	wantNoJWS(t, "given and there", attached, given([]byte("payload")), "payload")
	wantNoJWS(t, "given and another there", attached, given([]byte("other")), "payload")
	wantNoJWS(t, "an empty one given, another there", attached, given([]byte{}), "payload")

	empty := signRaw(t, testEC(t), `{"alg":"ES256"}`, "")
	wantPayload(t, "empty and given", empty, given([]byte{}), "")
	wantPayload(t, "empty", empty, jwsOptions(), "")
	wantNoJWS(t, "empty, another given", empty, given([]byte("a")), "signature")
}

const unencoded = `{"alg":"ES256","b64":false,"crit":["b64"]}`

// signUnencoded signs a payload as RFC 7797, Section 3 says, and returns the header
// and the signature.
func signUnencoded(t testing.TB, key *Key, header, payload string) (string, string) {
	t.Helper()
	signed := signInput(t, key, encode([]byte(header))+"."+payload)
	return encode([]byte(header)), signed[strings.LastIndexByte(signed, '.')+1:]
}

// RFC 7797, Section 5.
func TestVerifyUnencodedCompact(t *testing.T) {
	o := jwsOptions()
	for _, payload := range []string{"", "payload", "$02", "!", "a b=~", "AAAA", "A"} {
		head, sig := signUnencoded(t, testEC(t), unencoded, payload)
		wantPayload(t, payload, head+"."+payload+"."+sig, o, payload)
		wantNoJWS(t, "encoded", head+"."+encode([]byte(payload+"x"))+"."+sig, o, "signature")
	}
	for _, payload := range []string{"", "$.02", "..", "a.b.c", "\x00\xff\n", `{"a":1}`} {
		head, sig := signUnencoded(t, testEC(t), unencoded, payload)
		o.Payload = []byte(payload)
		wantPayload(t, "detached "+payload, head+".."+sig, o, payload)
		o.Payload = []byte(payload + "x")
		wantNoJWS(t, "another than "+payload, head+".."+sig, o, "signature")
		o.Payload = nil
		if strings.Contains(payload, ".") {
			wantNoJWS(t, "with a full stop", head+"."+payload+"."+sig, o, "compact")
		}
	}
}

// What was signed in one form is not taken in the other.
func TestVerifyUnencodedOrNot(t *testing.T) {
	for _, tt := range []struct{ name, header, check string }{
		{"b64 true", `{"alg":"ES256","b64":true,"crit":["b64"]}`, "payload"},
		{"no b64", `{"alg":"ES256"}`, "payload"},
		{"without crit", `{"alg":"ES256","b64":false}`, "crit"},
		{"true without crit", `{"alg":"ES256","b64":true}`, "crit"},
		{"crit without b64", `{"alg":"ES256","crit":["b64"]}`, "crit"},
		{"crit of another", `{"alg":"ES256","b64":false,"crit":["x"],"x":1}`, "crit"},
		{"not boolean", `{"alg":"ES256","b64":"false","crit":["b64"]}`, "crit"},
		{"zero", `{"alg":"ES256","b64":0,"crit":["b64"]}`, "crit"},
		{"null", `{"alg":"ES256","b64":null,"crit":["b64"]}`, "crit"},
	} {
		head, sig := signUnencoded(t, testEC(t), tt.header, "$02")
		o := jwsOptions()
		o.Critical = []string{"x"}
		wantNoJWS(t, tt.name, head+".$02."+sig, o, tt.check)
	}
	good := signRaw(t, testEC(t), `{"alg":"ES256","b64":true,"crit":["b64"]}`, "$02")
	wantPayload(t, "b64 true, encoded", good, jwsOptions(), "$02")
	encoded := signRaw(t, testEC(t), unencoded, "$02")
	wantPayload(t, "text that looks encoded", encoded, jwsOptions(), encode([]byte("$02")))
}

func TestPeek(t *testing.T) {
	for compact, want := range map[string][5]string{
		encode([]byte(`{"alg":"none","kid":"k","typ":"JWT"}`)) + ".AAAA.AAAA": {
			"none", "", "k", "JWT", ""},
		encode([]byte(`{"alg":"dir","enc":"A128GCM","cty":"JWT"}`)) + "..AA.AA.AA": {
			"dir", "A128GCM", "", "", "JWT"},
		encode([]byte(`{"alg":"none"}`)) + "..": {"none", "", "", "", ""},
		"e30.!.!":                               {},
	} {
		if h, err := Peek(compact); err != nil || fields(Header(h)) != want {
			t.Errorf("%s: got %+v, %v", compact, h, err)
		}
	}
	head := encode([]byte(`{"alg":"none"}`))
	for compact, check := range map[string]string{
		"":                                    "compact",
		"..":                                  "header",
		head:                                  "compact",
		head + ".a":                           "compact",
		head + ".a.b.c":                       "compact",
		head + ".a.b.c.d.e":                   "compact",
		head + "=.a.b":                        "compact",
		head + "\n.a.b":                       "compact",
		" " + head + ".a.b":                   "compact",
		`{"protected":"` + head + `"}`:        "compact",
		strings.Repeat(".", DefaultMaxSize+1): "compact",
		strings.Repeat("a", DefaultMaxSize+4) + ".a.b":                  "compact",
		encode([]byte(`{"alg":1}`)) + ".a.b":                            "header",
		encode([]byte(`{"alg":"none","alg":"ES256"}`)) + ".a.b":         "header",
		encode([]byte(`{"alg":"none"}{}`)) + ".a.b":                     "header",
		encode([]byte(`{"ALG":"none"}`)) + ".a.b":                       "header",
		encode([]byte(`{"kid":"`+strings.Repeat("a", 257)+`"}`)) + "..": "header",
	} {
		h, err := Peek(compact)
		wantCheck(t, compact[:min(len(compact), 40)], err, check)
		wantNothing(t, compact[:min(len(compact), 40)], Header(h))
	}
	space := strings.Repeat(" ", DefaultMaxSize/4*3-2)
	for _, compact := range []string{encode([]byte("{"+space+"}")) + ".a.b",
		head + "." + strings.Repeat("a", 2*DefaultMaxSize) + "."} {
		if _, err := Peek(compact); err != nil {
			t.Errorf("a header of at most 16 KiB: %v", err)
		}
	}
}

// The errors as a user reads them.
func TestVerifySignatureErrors(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("a", DefaultMaxSize+1): "size must be at most MaxSize (RFC 7515, Section 7)",
		"a.b":                                 "compact must have three parts (RFC 7515, Section 7.1)",
		"a..": "compact must be base64url of one spelling and have a signature" +
			" (RFC 7515, Section 7.1)",
		"e30x..AA": "header must be one strict JSON object (RFC 7515, Section 4)",
		encode([]byte(`{"alg":1}`)) + "..AA": "header must have alg, enc, kid, typ and cty as short" +
			" strings (RFC 7515, Section 4.1)",
		encode([]byte(`{"crit":1}`)) + "..AA": "crit must be an array of names" +
			" (RFC 7515, Section 4.1.11)",
		encode([]byte(`{"crit":["x"],"x":1}`)) + "..AA": "crit must name, once, extensions that are" +
			" there and understood (RFC 7515, Section 4.1.11)",
		encode([]byte(`{"b64":false}`)) + "..AA": "crit must list b64, which must be a boolean" +
			" (RFC 7797, Section 6)",
		encode([]byte(`{"alg":"ES256"}`)) + ".A.AA": "payload must be base64url of one spelling" +
			" (RFC 7515, Section 2)",
		encode([]byte(`{"alg":"none"}`)) + "..AA": "alg must be one of those expected" +
			" (RFC 8725, Section 3.1)",
		encode([]byte(`{"alg":"ES256","kid":"a"}`)) + "..AA": "key must be known, by its ID and" +
			" algorithm (RFC 7515, Section 6)",
		encode([]byte(`{"alg":"ES256"}`)) + "..AA": "jose: signature does not verify",
	} {
		if _, err := verifyJWS(t, text, jwsOptions()); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// seedJWS adds the published JWSs of some serializations, with their payload beside
// them and without, and returns the keys that made them.
func seedJWS(f *testing.F, serializations ...string) keyring {
	f.Helper()
	var keys keyring
	for _, rfc := range []string{"rfc7515", "rfc7797", "rfc8037", "rfc7520"} {
		v, seen := readVectors(f, rfc), map[string]bool{"": true}
		for _, r := range v.JWS {
			if slices.Contains(serializations, r.Serialization) {
				f.Add(vectorText(f, r.JWS), []byte(nil))
				f.Add(vectorText(f, r.JWS), vectorOctets(f, r.Payload))
			}
			if !seen[r.Key] {
				seen[r.Key], keys = true, append(keys, v.published(f, r.Key))
			}
		}
	}
	return keys
}

// Two spellings of one message would let a replay cache, a revocation list or a
// log be walked around, so whatever parses prints back to itself; and whatever
// verifies here verifies with the standard library alone.
func FuzzCompact(f *testing.F) {
	keys := seedJWS(f, "compact")
	f.Add(signRaw(f, testEC(f), `{"alg":"ES256","kid":"ec","typ":"JWT"}`, ""), []byte{})
	f.Add("..", []byte(nil))
	f.Add(`{"payload":"","signature":""}`, []byte(nil))
	f.Fuzz(func(t *testing.T, in string, detached []byte) {
		m, err := parseCompactJWS(in, detached, []string{"b64"})
		if err != nil {
			return
		}
		checkPrintsBack(t, in, detached, m)
		o := VerifyOptions{Algorithms: SignatureAlgorithms(), Payload: detached, MaxSize: 1 << 30}
		j, err := VerifySignature(t.Context(), in, keys, o)
		if (err == nil) != independently(keys, m, 0) {
			t.Fatalf("%q: got %+v, %v", in, j, err)
		}
	})
}

func checkPrintsBack(t *testing.T, in string, detached []byte, m message) {
	t.Helper()
	parts := strings.Split(in, ".")
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || len(m.signatures) != 1 {
		t.Fatal(err)
	}
	s := m.signatures[0]
	if parts[1] = m.payload; detached != nil {
		parts[1] = ""
	}
	out := base64.RawURLEncoding.EncodeToString(header) + "." + parts[1] + "." +
		base64.RawURLEncoding.EncodeToString(s.octets)
	if out != in || string(s.input) != parts[0]+"."+m.payload {
		t.Fatalf("parsed %q, printed %q", in, out)
	}
}

// independently verifies a signature of m with the standard library alone, as far as
// it knows the algorithm.
func independently(keys keyring, m message, i int) bool {
	_, errPayload := base64.RawURLEncoding.Strict().DecodeString(m.payload)
	if m.b64 && (errPayload != nil || strings.ContainsAny(m.payload, "\r\n")) {
		return false
	}
	s, alg := m.signatures[i], m.headers[i].Algorithm
	return slices.ContainsFunc(keys, func(k *Key) bool {
		return k != nil && k.serves(alg) && verifiesAlone(k, alg, string(s.input), s.octets)
	})
}

func verifiesAlone(k *Key, alg, input string, sig []byte) bool {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384,
		"512": crypto.SHA512}[alg[len(alg)-3:]]
	var sum []byte
	if hash != 0 {
		h := hash.New()
		h.Write([]byte(input))
		sum = h.Sum(nil)
	}
	switch key := k.material.(type) {
	case rsaKey:
		if alg[0] == 'P' {
			o := &rsa.PSSOptions{SaltLength: hash.Size()}
			return rsa.VerifyPSS(key.PublicKey, hash, sum, sig, o) == nil
		}
		return rsa.VerifyPKCS1v15(key.PublicKey, hash, sum, sig) == nil
	case ecKey:
		half := (key.Curve.Params().BitSize + 7) / 8
		return len(sig) == 2*half && ecdsa.Verify(key.PublicKey, sum,
			new(big.Int).SetBytes(sig[:half]), new(big.Int).SetBytes(sig[half:]))
	case edKey:
		return ed25519.Verify(key.PublicKey, []byte(input), sig)
	case octKey:
		mac := hmac.New(hash.New, key.octets())
		mac.Write([]byte(input))
		return hmac.Equal(mac.Sum(nil), sig)
	}
	return false
}

// A key source that answers with nothing in place of a key is no reason to panic.
func TestVerifyNilKey(t *testing.T) {
	compact := signRaw(t, testEC(t), protectedEC, "a")
	for name, want := range map[string]error{"nil": ErrSignature, "nil first": nil} {
		keys := []*Key{nil}
		if want == nil {
			keys = append(keys, testEC(t))
		}
		source := sourceFunc(func(Header) ([]*Key, error) { return keys, nil })
		if _, err := VerifySignature(t.Context(), compact, source, jwsOptions()); err != want {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n := len(NewSet(nil, testEC(t), nil).All()); n != 1 {
		t.Errorf("a set of %d keys", n)
	}
}

// A source that is down is not taken for a forgery, of however many signatures.
func TestVerifyGeneralKeySource(t *testing.T) {
	for _, down := range []error{errors.New("down"), &CheckError{Check: "url"}, ErrSignature} {
		source := sourceFunc(func(Header) ([]*Key, error) { return nil, down })
		part := signPart(t, testEC(t), protectedEC, "", encode([]byte("hi")))
		_, err := VerifySignature(t.Context(), general("hi", part, part), source, jwsOptions())
		if err != down {
			t.Errorf("got %v, want %v", err, down)
		}
	}
}

// RFC 7797, Section 5.2: what stands unencoded in a compact serialization is plain.
func TestVerifyUnencodedText(t *testing.T) {
	head := encode([]byte(`{"alg":"ES256","b64":false,"crit":["b64"]}`))
	for payload, ok := range map[string]bool{"$ ~": true, "a\x00": false, "a\nb": false,
		"a\x7f": false, "\u00e9": false, "a\xff": false} {
		compact := signInput(t, testEC(t), head+"."+payload)
		_, err := verifyJWS(t, compact, jwsOptions())
		if ok && err != nil {
			t.Errorf("%q: %v", payload, err)
		} else if !ok {
			wantCheck(t, payload, err, "payload")
		}
	}
}
