package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"vouchsafe/compliance"
	"vouchsafe/registry"
)

// source returns where the configuration of other clients is from: the environment has what
// is secret, and goes first.
func source(file []byte) registry.Source {
	if file == nil {
		return registry.Env()
	}
	return registry.Sources(registry.Env(), registry.JSON(file))
}

// registerOthers registers the clients of a file, and one of each row of the table whose ID and
// secret are in the environment. One of the file that has no ID yet is left out, and so is one
// of the table that lacks something else, such as the name of a tenant, or whose callback could
// not be here: Apple's is posted, for which browsers want https.
func (s *site) registerOthers(names []string) error {
	for _, name := range names {
		client, err := s.registry.Register(name, registry.Config{})
		if lacksID(err) {
			s.leaveOut(name, unset(name))
			continue
		}
		if err != nil {
			return err
		}
		s.add(client)
	}
	for _, name := range inEnvironment() {
		if slices.Contains(names, name) {
			continue
		}
		if lacksSecret(name) {
			s.leaveOut(name, unset(name))
			continue
		}
		client, err := s.registry.Register(name, registry.Config{
			Provider: name, RedirectURI: "/callback/" + name})
		if err != nil {
			s.leaveOut(name, err.Error())
			continue
		}
		s.add(client)
	}
	return nil
}

func (s *site) leaveOut(name, why string) {
	s.leftOut = append(s.leftOut, name+" is left out: "+why)
}

func (s *site) add(client *registry.Client) {
	s.others = append(s.others, provider{Name: client.Name(), Title: client.Name(),
		Text: protocols[client.Protocol()], real: true})
}

// inEnvironment returns the rows of the table whose ID is in the environment.
func inEnvironment() []string {
	return slices.DeleteFunc(compliance.Names(), func(name string) bool {
		return os.Getenv(prefix(name)+"_CLIENT_ID") == ""
	})
}

// lacksSecret reports whether a row's secret is not in the environment, and the provider gives
// one.
func lacksSecret(name string) bool {
	row, _ := compliance.Lookup(name)
	secretless := row.TokenEndpointAuthMethod == "none" || row.Dialect.SecretAudience != ""
	return os.Getenv(prefix(name)+"_CLIENT_SECRET") == "" && !secretless
}

var protocols = map[registry.Protocol]string{
	registry.ProtocolOAuth1: "OAuth 1.0a",
	registry.ProtocolOAuth2: "OAuth 2.0",
	registry.ProtocolOIDC:   "OpenID Connect",
}

// clientNames returns the names of a file's clients.
func clientNames(file []byte) ([]string, error) {
	if file == nil {
		return nil, nil
	}
	var clients map[string]json.RawMessage
	err := json.Unmarshal(file, &clients)
	if all, ok := clients["AUTHLIB_OAUTH_CLIENTS"]; ok {
		clients = nil
		err = json.Unmarshal(all, &clients)
	}
	if err != nil {
		return nil, fmt.Errorf("it must be a JSON object of clients: %w", err)
	}
	return slices.Sorted(maps.Keys(clients)), nil
}

// lacksID reports whether err is that of a client without an ID.
func lacksID(err error) bool {
	e, ok := errors.AsType[*registry.ConfigError](err)
	return ok && e.Field == "ClientID" && e.From == ""
}

// unset says which variables are to have what a provider gives a client.
func unset(name string) string {
	missing := []string{prefix(name) + "_CLIENT_ID", prefix(name) + "_CLIENT_SECRET"}
	missing = slices.DeleteFunc(missing, func(v string) bool { return os.Getenv(v) != "" })
	return strings.Join(missing, " and ") + " must be set."
}

// prefix returns what the variables of a client begin with.
func prefix(name string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToUpper(name))
}
