package oauth1test

import (
	"net/http/httptest"
	"net/url"
)

// A Server is a [Provider] that listens on a loopback address.
type Server struct {
	*Provider
	URL string // the base URL, without a slash at its end

	server *httptest.Server
}

// NewServer starts a provider on a port of its own. As with
// [httptest.NewServer], a machine without loopback is a panic, and so is an unknown
// name in o.Misbehave. Close it when the test ends.
func NewServer(o Options) *Server {
	server := httptest.NewUnstartedServer(nil)
	base := &url.URL{Scheme: "http", Host: server.Listener.Addr().String()}
	provider, err := newProvider(base, o)
	if err != nil {
		panic(err) // nothing else in o could be wrong
	}
	server.Config.Handler = provider
	server.Start()
	return &Server{Provider: provider, URL: server.URL, server: server}
}

// Close stops the server once its requests are answered.
func (s *Server) Close() { s.server.Close() }
