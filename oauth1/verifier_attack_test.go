package oauth1

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// What someone who holds a signed request, but no key, makes of it: the user of an
// LTI launch, a proxy, whoever was given a signed URL.
var verifierAttacks = []struct {
	name   string
	spoil  func(*craft)
	check  string
	strict bool // whether InsecureUnsignedBody lets it through
}{
	{"a parameter of the form is hidden in the header", func(c *craft) {
		c.post(formType, "roles=Learner&custom_readonly=true")
		c.late = func(r *http.Request) {
			h := r.Header.Get("Authorization")
			r.Header.Set("Authorization", h+`, custom_readonly="true"`)
			setBody(r, "roles=Learner")
		}
	}, "authorization", false},
	{"a form is added and read before", func(c *craft) {
		c.method = "POST"
		c.late = func(r *http.Request) {
			r.Header.Set("Content-Type", formType)
			setBody(r, "admin=1")
			r.ParseForm()
		}
	}, "body", false},
	{"a form of no declared length is added and read before", func(c *craft) {
		c.method = "POST"
		c.late = func(r *http.Request) {
			r.Header.Set("Content-Type", formType)
			setBody(r, "admin=1")
			r.ContentLength = -1
			r.ParseForm()
		}
	}, "body", false},
	{"a form is added, read before, and its length forgotten", func(c *craft) {
		c.method = "POST"
		c.late = func(r *http.Request) {
			r.Header.Set("Content-Type", formType)
			setBody(r, "admin=1")
			r.ParseForm()
			r.ContentLength = 0
		}
	}, "body", false},
	{"a multipart form is added and read before", func(c *craft) {
		c.method = "POST"
		c.late = func(r *http.Request) {
			r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
			setBody(r, "--x\r\nContent-Disposition: form-data; name=admin\r\n\r\n1\r\n--x--\r\n")
			r.FormValue("admin")
			r.ContentLength = 0
		}
	}, "body", true},
	{"JSON is added and read before", func(c *craft) {
		c.method = "POST"
		c.late = func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			setBody(r, `{"admin":1}`)
			io.Copy(io.Discard, r.Body)
		}
	}, "body", true},
	{"JSON of no declared length is added and read before", func(c *craft) {
		c.method = "POST"
		c.late = func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			setBody(r, "")
			r.ContentLength = -1
		}
	}, "body", true},
	{"a file is added and read before", func(c *craft) {
		c.method = "POST"
		c.late = func(r *http.Request) {
			r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
			setBody(r, "--x\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n1\r\n--x--\r\n")
			r.FormValue("a")
			r.ContentLength = 0
		}
	}, "body", true},
	{"the end of a form is read by no one", func(c *craft) {
		c.post(formType, "a=1")
		c.late = func(r *http.Request) { r.ContentLength++ }
	}, "body", false},
	{"a body that is not there", func(c *craft) {
		c.method = "POST"
		c.late = func(r *http.Request) { r.Body, r.ContentLength = nil, 1 }
	}, "body", true},
	{"another Content-Type goes before", func(c *craft) {
		c.post(formType, "user_id=mallory&bio=x")
		c.late = func(r *http.Request) {
			r.Header["Content-Type"] = []string{"multipart/form-data; boundary=x", formType}
		}
	}, "content_type", false},
	{"a path that StripPrefix makes of another, in absolute form", func(c *craft) {
		c.target = "/users/1"
		c.late = func(r *http.Request) {
			r.RequestURI, r.URL.Path = "http://x/admin/users/1", "/users/1"
		}
	}, "signature", false},
	{"a method in lower case", spoiltLate(func(r *http.Request) { r.Method = "get" }), "method", false},
	{"a query of too many parameters", func(c *craft) {
		c.target = "/?" + strings.Repeat("a&", maxParams)
	}, "size", false},
	{"a form of too many parameters", func(c *craft) {
		c.post(formType, strings.Repeat("&", maxParams-9)) // and two of the query, seven of ours
	}, "form_size", false},
	{"a header of too many parameters", func(c *craft) {
		c.late = func(r *http.Request) {
			h := r.Header.Get("Authorization")
			r.Header.Set("Authorization", h+strings.Repeat(`, oauth_x="1"`, maxParams))
		}
	}, "size", false},
	{"a hash of nothing whose name is encoded, and a body", func(c *craft) {
		c.method, c.place = "POST", PlacementQuery
		c.hash("")
		c.late = func(r *http.Request) {
			r.RequestURI = strings.Replace(r.RequestURI, "oauth_body_hash", "oauth%5Fbody_hash", 1)
			r.Header.Set("Content-Type", "application/json")
			setBody(r, `{"attacker":1}`)
		}
	}, "body_hash", false},
}

func setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
}

func TestVerifierAttacks(t *testing.T) {
	for _, tt := range verifierAttacks {
		t.Run(tt.name, func(t *testing.T) {
			c := newCraft()
			tt.spoil(c)
			for _, v := range []*Verifier{newTool(t), newTool(t, acceptUnsigned)} {
				_, err := v.Verify(c.request(t))
				if tt.strict && v.config.InsecureUnsignedBody {
					continue // whose body is not looked at
				}
				wantKind(t, err, tt.check, "")
			}
		})
	}
}

// As many as there may be are taken.
func TestVerifierTakesManyParameters(t *testing.T) {
	c := newCraft()
	n := maxParams - len(c.params) - 1 // with the signature
	for _, query := range []string{"", strings.Repeat("&", 99)} {
		for more, ok := range []bool{true, false} {
			c := newCraft()
			c.target = "/?" + query
			c.post(formType, strings.Repeat("&", n-countParams(query)-1+more))
			_, err := newTool(t).Verify(c.request(t))
			if ok && err != nil {
				t.Error(err)
			}
			if !ok {
				wantKind(t, err, "form_size", "RFC 5849, Section 3.4.1.3.1")
			}
		}
	}
	for more, ok := range []bool{true, false} {
		c := newCraft()
		c.target = "/?" + strings.Repeat("&", n-1+more)
		_, err := newTool(t).Verify(c.request(t))
		if ok && err != nil {
			t.Error(err)
		}
		if !ok {
			wantKind(t, err, "size", "RFC 5849, Section 3.4.1.3.1")
		}
	}
}

// A body need not say how long it is.
func TestVerifierTakesBodiesOfNoDeclaredLength(t *testing.T) {
	c := newCraft()
	c.post(formType, "c=3")
	c.late = func(r *http.Request) { r.ContentLength = -1 }
	if _, err := newTool(t).Verify(c.request(t)); err != nil {
		t.Error(err)
	}
}

// A hash that is there counts, wherever it stands, for who can do without.
func TestVerifierComparesAHashThatIsThere(t *testing.T) {
	for _, place := range []Placement{"", PlacementQuery} {
		for body, ok := range map[string]bool{"{}": true, "[]": false} {
			c := newCraft()
			c.place = place
			c.post("application/json", "{}")
			c.hash("{}")
			c.late = func(r *http.Request) { setBody(r, body) }
			_, err := newTool(t, acceptUnsigned).Verify(c.request(t))
			if ok && err != nil {
				t.Error(err)
			}
			if !ok {
				wantKind(t, err, "body_hash", "")
			}
		}
	}
}

// A body that is empty by a hash may be of no declared length, and so may what is no
// form for want of a body.
func TestVerifierTakesEmptyBodies(t *testing.T) {
	for _, contentType := range []string{"", "application/json", formType} {
		for _, length := range []int64{0, -1} {
			c := newCraft()
			c.post(contentType, "")
			c.hash("")
			c.late = func(r *http.Request) { r.ContentLength = length }
			if _, err := newTool(t).Verify(c.request(t)); err != nil {
				t.Errorf("%q, %d: %v", contentType, length, err)
			}
		}
	}
}

// What is only said to be a hash is none.
func TestVerifierTellsAHashFromText(t *testing.T) {
	c := newCraft()
	c.target = "/?q=oauth_body_hash"
	c.post("application/json", "{}")
	if _, err := newTool(t, acceptUnsigned).Verify(c.request(t)); err != nil {
		t.Error(err)
	}
}

// Nothing is sorted for a client that is not known.
func TestVerifierAsksForTheKeyFirst(t *testing.T) {
	c := newCraft()
	c.set("oauth_consumer_key", "nobody")
	c.set("oauth_signature", "x")
	_, err := newTool(t).Verify(c.request(t))
	wantKind(t, err, "credentials", "")
}

func TestVerifierWithAFullStore(t *testing.T) {
	v := newTool(t, func(c *VerifierConfig) { c.Nonces = NewMemoryNonces(1, c.Now) })
	for i, want := range []string{"", "nonce_store"} {
		c := newCraft()
		c.set("oauth_nonce", strings.Repeat("n", i+1))
		_, err := v.Verify(c.request(t))
		if want == "" && err == nil {
			continue
		}
		wantKind(t, err, want, "RFC 5849, Section 3.3")
	}
}

// PLAINTEXT signs no hash; who accepts unsigned bodies loses nothing by one.
func TestVerifierBodyHashOfPlaintext(t *testing.T) {
	for _, accept := range []bool{true, false} {
		c := newCraft()
		c.set("oauth_signature_method", string(Plaintext))
		c.post("application/json", "{}")
		c.set("oauth_body_hash", HMACSHA1.bodyHash([]byte("{}")).Value)
		v := newTool(t, func(config *VerifierConfig) { config.InsecureUnsignedBody = accept })
		_, err := v.Verify(c.request(t))
		if accept && err != nil {
			t.Error(err)
		}
		if !accept {
			wantKind(t, err, "body_hash", "OAuth Request Body Hash, Section 3.2")
		}
	}
}
