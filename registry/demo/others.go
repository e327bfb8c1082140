package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"vouchsafe/registry"
)

// source returns where the configuration of the file's clients is from: the environment has
// what is secret, and goes first.
func source(file []byte) registry.Source {
	if file == nil {
		return nil
	}
	return registry.Sources(registry.Env(), registry.JSON(file))
}

// registerOthers registers the clients of a file. One that has no ID yet is left out.
func (s *site) registerOthers(names []string) error {
	for _, name := range names {
		client, err := s.registry.Register(name, registry.Config{})
		if lacksID(err) {
			s.leftOut = append(s.leftOut, name+" is left out: "+unset(name))
			continue
		}
		if err != nil {
			return err
		}
		s.others = append(s.others, provider{
			Name: name, Title: name, Text: protocols[client.Protocol()], real: true})
	}
	return nil
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
	prefix := strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToUpper(name))
	missing := []string{prefix + "_CLIENT_ID", prefix + "_CLIENT_SECRET"}
	missing = slices.DeleteFunc(missing, func(v string) bool { return os.Getenv(v) != "" })
	return strings.Join(missing, " and ") + " must be set."
}
