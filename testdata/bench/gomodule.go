package main

import "github.com/gomodule/oauth1/oauth"

var gomodule = oauth1Library{
	name: "gomodule",
	signer: func(method string, c *credentials) (func(m *message) (string, error), error) {
		client := oauth.Client{Credentials: oauth.Credentials{Token: c.id, Secret: c.secret}}
		switch method {
		case hmacSHA256:
			client.SignatureMethod = oauth.HMACSHA256
		case rsaSHA1:
			client.SignatureMethod, client.PrivateKey = oauth.RSASHA1, c.rsa
		}
		token := &oauth.Credentials{Token: c.token, Secret: c.tokenSecret}
		return func(m *message) (string, error) {
			return client.AuthorizationHeader(token, m.method, m.url, m.form), nil
		}, nil
	},
}
