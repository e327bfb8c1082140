// Package compliance knows what real providers look like and what they do
// differently: a table of providers, as data. Package registry uses a row when a
// Config names it; everything in it can be overridden there.
//
// Each row is proven by a fixture in testdata/providers, replayed by the tests:
// the login and the identity that follows from it. Rows are facts that providers
// publish; a provider may change them.
//
// What is left to the caller: an ID and a secret from the provider, and the
// scopes that the application needs.
package compliance
