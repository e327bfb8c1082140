// Package interop tests vouchsafe against programs that others wrote: it logs in
// at the npm package oidc-provider (op.mjs), and lets the npm package
// openid-client (rp.mjs) log in at the test provider of package oidctest.
//
// It is a module of its own, so that none of this is a dependency of vouchsafe.
// Run "make interop" at the top of the repository: it installs the two packages
// and runs the tests. Where node or the packages are missing, the tests skip.
package interop
