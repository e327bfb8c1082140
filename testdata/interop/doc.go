// Package interop tests vouchsafe against programs that others wrote: it logs in at the npm
// package oidc-provider (op.mjs) in every way that it has, and lets the npm package
// openid-client (rp.mjs) log in at the test provider of package oidctest; it has Chromium
// bring responses back, by fragments and by forms, with and without cookies; it keeps tokens
// in PostgreSQL, MariaDB and SQLite, and shares them between processes; it keeps logins in the
// making in Redis and in sessions of alexedwards/scs; and it hands tokens to SDKs of GitHub and
// DigitalOcean.
//
// At the OAuth 1.0 provider of the Python package Authlib (op1.py) it logs in by each signature
// method, in each place, and Authlib's clients (rp.py) log in at the test providers of both
// protocols. Their tests print tables, in which a case fails where Authlib is not as
// its specification has it.
//
// It is a module of its own, so that none of this is a dependency of vouchsafe. Run "make
// interop" at the top of the repository: it installs what it may and runs the tests. They
// start and stop their own servers. Where one is not installed, or node, python3, a browser,
// or the packages are missing, the tests that need them skip.
package interop
