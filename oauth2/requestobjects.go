package oauth2

import (
	"context"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"vouchsafe/internal/random"
)

const (
	maxRequestObject  = 64 << 10
	maxRequestObjects = 16 << 20
)

// RequestObjects keeps request objects in memory for servers to fetch, RFC 9101, Section
// 5.2. Its Publish is for RequestObject.Publish, and as an [http.Handler] it belongs at the
// URL it was made for, where the authorization server must reach it without credentials.
// An object's name has 256 random bits, and who knows it may read the object. It is there
// for 5 minutes, as long as it is good for; of more than 16 MiB the oldest go first.
//
// It is of one process: with several behind one URL, keep objects where each finds them, by
// a Publish of your own. A server that wants request URIs registered must take a pattern or
// a prefix.
//
// It is safe for concurrent use. Only [NewRequestObjects] makes one.
type RequestObjects struct {
	base   string
	shared func() *objectStore // hidden from fmt, as objects and their names are
}

// NewRequestObjects returns an empty one for objects below base, an https URL, or one on
// loopback, without a query: "https://client.example/requests". What cannot be is a
// [*jose.CheckError].
func NewRequestObjects(base string) (*RequestObjects, error) {
	base = strings.TrimSuffix(base, "/") + "/"
	if strings.Contains(base, "?") {
		return nil, checkError("request_uri", "must have no query", requestURIClause)
	}
	if err := checkRequestURI(base + random.Text()); err != nil {
		return nil, err
	}
	store := &objectStore{objects: map[string]storedObject{}}
	return &RequestObjects{base, func() *objectStore { return store }}, nil
}

// An objectStore has what was published. All objects have the same lifetime, so that the
// first of names is the first to go.
type objectStore struct {
	mu      sync.Mutex
	objects map[string]storedObject
	names   []string
	size    int // of all objects
}

type storedObject struct {
	text    string
	expires time.Time
}

// Publish keeps an object and returns its URL. One of more than 64 KiB is a
// [*jose.CheckError].
func (o *RequestObjects) Publish(_ context.Context, object string) (uri string, err error) {
	if len(object) > maxRequestObject {
		return "", checkError("request", "must be at most 64 KiB", requestURIClause)
	}
	name := random.Text()
	o.shared().add(name, object, time.Now())
	return o.base + name, nil
}

func (s *objectStore) add(name, object string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size += len(object)
	s.objects[name] = storedObject{object, now.Add(requestObjectLife)}
	s.names = append(s.names, name)
	for s.size > maxRequestObjects || !now.Before(s.objects[s.names[0]].expires) {
		s.size -= len(s.objects[s.names[0]].text)
		delete(s.objects, s.names[0])
		s.names = s.names[1:]
	}
}

// get returns the object of that name, empty if there is none.
func (s *objectStore) get(name string, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	object := s.objects[name]
	if !now.Before(object.expires) {
		return ""
	}
	return object.text
}

// ServeHTTP answers with the object that the last segment of the path names.
func (o *RequestObjects) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "GET only", http.StatusMethodNotAllowed)
		return
	}
	object := o.shared().get(path.Base(r.URL.Path), time.Now())
	if object == "" {
		http.Error(w, "no such request object", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/oauth-authz-req+jwt")
	w.Write([]byte(object))
}
